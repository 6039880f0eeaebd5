//! Where `make setup` puts what it brings.

use std::path::{Path, PathBuf};

/// A file that is in none of the folders where it may be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{what} '{file}' not found; run `make setup`, or set {variable} to the folder that holds it (looked in: {})",
    .folders.iter().map(|f| f.display().to_string()).collect::<Vec<_>>().join(", ")
)]
pub struct Absent {
    /// What the file holds, in words.
    pub what: &'static str,
    /// Name of the file.
    pub file: &'static str,
    /// Environment variable that names its folder.
    pub variable: &'static str,
    /// Folders that were searched.
    pub folders: Vec<PathBuf>,
}

/// The file in the first of the [`folders`] that has it; `what` it holds stands in the error.
///
/// # Errors
/// When none has it.
pub fn find(
    what: &'static str,
    file: &'static str,
    variable: &'static str,
    part: &str,
) -> Result<PathBuf, Absent> {
    let folders = folders(variable, part);
    match folders.iter().map(|folder| folder.join(file)).find(|path| path.is_file()) {
        Some(path) => Ok(path),
        None => Err(Absent { what, file, variable, folders }),
    }
}

/// Folders where a part of `third_party` may be, in order: the one that the environment variable
/// names and no other, or the part beside the libtorch of the build, or `third_party/PART` upward
/// from the current directory and from the program.
pub fn folders(variable: &str, part: &str) -> Vec<PathBuf> {
    if let Some(folder) = std::env::var_os(variable) {
        return vec![folder.into()];
    }
    let beside = option_env!("LIBTORCH").and_then(|libtorch| Path::new(libtorch).parent());
    let mut folders: Vec<PathBuf> = beside.map(|parent| parent.join(part)).into_iter().collect();
    for start in [std::env::current_dir(), std::env::current_exe()].into_iter().flatten() {
        folders.extend(start.ancestors().map(|folder| folder.join("third_party").join(part)));
    }
    folders
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absent_files_say_where_they_were_looked_for_and_what_brings_them() {
        let error = find("weights", "no_such.file", "DRUSE_NO_SUCH_VARIABLE", "models").unwrap_err();
        let text = error.to_string();
        assert!(
            text.starts_with("weights 'no_such.file' not found; run `make setup`, or set DRUSE_NO_SUCH_"),
            "{text}"
        );
        assert!(text.contains("third_party/models"), "{text}");
    }
}

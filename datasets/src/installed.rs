//! Where `make setup` puts what it brings.

use std::path::{Path, PathBuf};

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

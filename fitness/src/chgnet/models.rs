//! Where model weights are.

use std::path::{Path, PathBuf};

/// Environment variable that names the folder of model weights.
pub const MODELS_VARIABLE: &str = "DRUSE_MODELS";

/// Folders where model weights may be, in order: the one named by `DRUSE_MODELS` and no other, or
/// `models` beside the libtorch of the build, or `third_party/models` upward from the current
/// directory and from the program.
pub fn folders() -> Vec<PathBuf> {
    if let Some(folder) = std::env::var_os(MODELS_VARIABLE) {
        return vec![folder.into()];
    }
    let beside = option_env!("LIBTORCH").and_then(|libtorch| Path::new(libtorch).parent());
    let mut folders: Vec<PathBuf> = beside.map(|parent| parent.join("models")).into_iter().collect();
    for start in [std::env::current_dir(), std::env::current_exe()].into_iter().flatten() {
        folders.extend(start.ancestors().map(|folder| folder.join("third_party/models")));
    }
    folders
}

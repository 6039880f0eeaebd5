//! Where model weights are.

use std::path::PathBuf;

use druse_datasets::installed;

/// Environment variable that names the folder of model weights.
pub const MODELS_VARIABLE: &str = "DRUSE_MODELS";

/// Folders where model weights may be, in order: the one named by `DRUSE_MODELS` and no other, or
/// those where `make setup` may have put `models` (see [`installed::folders`]).
pub fn folders() -> Vec<PathBuf> {
    installed::folders(MODELS_VARIABLE, "models")
}

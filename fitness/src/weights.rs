//! Files of published weights: where they are, and whether they are the published ones.

use std::path::{Path, PathBuf};

use druse_datasets::bytes::hexadecimal;
use druse_datasets::installed::{self, Absent};
use sha2::{Digest, Sha256};

/// Environment variable that names the folder of model weights.
pub const MODELS_VARIABLE: &str = "DRUSE_MODELS";

/// The part of `third_party` that holds them.
const PART: &str = "models";

/// Folders where model weights may be, in order: the one named by `DRUSE_MODELS` and no other, or
/// those where `make setup` may have put `models` (see [`installed::folders`]).
pub fn folders() -> Vec<PathBuf> {
    installed::folders(MODELS_VARIABLE, PART)
}

/// Why weights cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WeightsError {
    /// No such file in any of the folders.
    #[error(transparent)]
    Absent(#[from] Absent),
    /// The file cannot be read.
    #[error("cannot read {}: {source}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Reason.
        source: std::io::Error,
    },
    /// The file is not the published one.
    #[error(
        "{} is damaged: SHA-256 {found}, expected {expected}; delete it and run `make setup`",
        .path.display()
    )]
    WrongChecksum {
        /// The file.
        path: PathBuf,
        /// Its SHA-256.
        found: String,
        /// SHA-256 of the published weights.
        expected: &'static str,
    },
}

/// A published file, as `make setup` writes it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Published {
    /// Its name in the folder of models.
    pub file: &'static str,
    /// SHA-256.
    pub sha256: &'static str,
}

impl Published {
    /// The file, found in the folder of models and checked.
    pub fn read(self) -> Result<Vec<u8>, WeightsError> {
        let expected = self.sha256;
        let path = installed::find("weights", self.file, MODELS_VARIABLE, PART)?;
        let bytes = read(&path)?;
        match hash(&bytes) {
            found if found == expected => Ok(bytes),
            found => Err(WeightsError::WrongChecksum { path, found, expected }),
        }
    }
}

/// A file of one's own.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, WeightsError> {
    std::fs::read(path).map_err(|source| WeightsError::Unreadable { path: path.to_owned(), source })
}

/// SHA-256 in hex digits.
pub(crate) fn hash(bytes: &[u8]) -> String {
    hexadecimal(Sha256::digest(bytes))
}

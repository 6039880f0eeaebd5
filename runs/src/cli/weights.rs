//! Trained models named on the command line.

use std::path::Path;

use crate::generators::learned::house::{FileError, ModelFile};
use crate::generators::learned::shipped;

use super::failure::Failure;

/// Opens a model: a file, or one that comes with druse by its name.
pub fn open(name: &str) -> Result<ModelFile, Failure> {
    let path = Path::new(name);
    if !path.exists()
        && let Some(bytes) = shipped::weights(name)
    {
        return Ok(ModelFile::from_bytes(bytes, name)?);
    }
    if !path.exists() && path.extension().is_none() {
        let names = shipped::names().collect::<Vec<_>>().join(", ");
        let known = if names.is_empty() { "none".to_owned() } else { names };
        return Err(Failure::input(format!(
            "found '{name}', expected the file of a model or the name of one that comes with druse ({known})"
        )));
    }
    Ok(ModelFile::read(path)?)
}

impl From<FileError> for Failure {
    fn from(error: FileError) -> Self {
        if error.is_input() { Self::input(error) } else { Self::other(error) }
    }
}

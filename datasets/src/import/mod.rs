//! Importing structures with their provenance.
//!
//! An import reads anything that [`druse_representations::io`] reads and keeps what could not be
//! read, with reasons. On disk it is a folder of two files: `structures.jsonl.gz` and
//! `provenance.json`.

mod folder;
mod labels;

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use druse_representations::io::{self, ReadError, Record, RecordError};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::bytes::hexadecimal;

pub use labels::{JoinReport, join_columns, join_labels};

/// Where imported structures come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provenance {
    /// Name of the source as the user gives it, for instance `Materials Project 2025.02.12`.
    pub source: String,
    /// Licence and attribution that the source asks for.
    pub licence: String,
    /// SHA-256 of the file that was read; of a folder, over names and contents in order of names.
    pub sha256: String,
    /// Number of structures.
    pub count: usize,
    /// Structures that were not taken.
    pub rejected: Vec<Rejected>,
    /// Time of the import, given by the caller.
    pub imported_at: String,
    /// SHA-256 of the structures as written (JSON lines before compression); empty until then.
    #[serde(default)]
    pub structures_sha256: String,
}

/// A structure that was not taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejected {
    /// Id.
    pub id: String,
    /// Reason.
    pub reason: String,
}

/// Structures with their provenance.
#[derive(Clone, Debug, PartialEq)]
pub struct Imported {
    /// The structures in the order of the source; ids are unique.
    pub records: Vec<Record>,
    /// Where they come from.
    pub provenance: Provenance,
}

/// Why an import failed as a whole.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// The source cannot be read at all.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The file system said no.
    #[error("cannot {action} {}: {source}", path.display())]
    File {
        /// What was tried.
        action: &'static str,
        /// File or folder.
        path: PathBuf,
        /// Cause.
        source: std::io::Error,
    },
    /// The folder to write is there already.
    #[error("{} exists already: choose another folder or remove it", path.display())]
    Exists {
        /// Folder.
        path: PathBuf,
    },
    /// A file of an import that does not fit.
    #[error("{}: {reason}", path.display())]
    Content {
        /// File.
        path: PathBuf,
        /// What was found and what was expected.
        reason: String,
    },
}

impl ImportError {
    fn file(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File { action, path, source }
    }
}

impl Imported {
    /// Reads structures from a file, archive or folder. A structure that cannot be read, or whose
    /// id came before, is rejected with its reason.
    ///
    /// # Errors
    /// When the source cannot be read at all.
    pub fn read(path: &Path, source: &str, licence: &str, imported_at: &str) -> Result<Self, ImportError> {
        let mut records = Vec::new();
        let mut rejected = Vec::new();
        let mut seen = BTreeSet::new();
        io::for_each(path, &mut |result: Result<Record, RecordError>| match result {
            Ok(record) if seen.insert(record.id.clone()) => records.push(record),
            Ok(record) => {
                let reason = format!("{}: this id came before", record.source);
                rejected.push(Rejected { id: record.id, reason });
            }
            Err(error) => rejected.push(Rejected { id: error.id.clone(), reason: error.to_string() }),
        })?;
        let provenance = Provenance {
            source: source.to_owned(),
            licence: licence.to_owned(),
            sha256: checksum(path)?,
            count: records.len(),
            rejected,
            imported_at: imported_at.to_owned(),
            structures_sha256: String::new(),
        };
        Ok(Self { records, provenance })
    }
}

/// SHA-256 of a file, or of a folder: for each file in order of its path, the path relative to the
/// folder, its length and its bytes.
///
/// # Errors
/// When a file cannot be read.
pub fn checksum(path: &Path) -> Result<String, ImportError> {
    let mut hasher = Sha256::new();
    if path.is_dir() {
        let mut files = Vec::new();
        files_below(path, &mut files)?;
        files.sort();
        for file in files {
            let name = file.strip_prefix(path).unwrap_or(&file).to_string_lossy().replace('\\', "/");
            let length = file.metadata().map_err(ImportError::file("read", &file))?.len();
            hasher.update(format!("{name}\n{length}\n"));
            hash_file(&file, &mut hasher)?;
        }
    } else {
        hash_file(path, &mut hasher)?;
    }
    Ok(hexadecimal(hasher.finalize()))
}

/// The text of a file, plain or gzip-compressed.
pub(crate) fn read_text(path: &Path) -> Result<String, ImportError> {
    let mut text = String::new();
    let mut read = || open_text(path)?.read_to_string(&mut text);
    read().map_err(ImportError::file("read", path))?;
    Ok(text)
}

/// The text of a file as a stream, decompressed where it begins as a gzip file does.
fn open_text(path: &Path) -> std::io::Result<Box<dyn Read>> {
    let mut file = BufReader::new(std::fs::File::open(path)?);
    let packed = file.fill_buf()?.starts_with(&[0x1f, 0x8b]);
    Ok(if packed { Box::new(flate2::bufread::MultiGzDecoder::new(file)) } else { Box::new(file) })
}

fn files_below(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), ImportError> {
    for entry in folder.read_dir().map_err(ImportError::file("read", folder))? {
        let path = entry.map_err(ImportError::file("read", folder))?.path();
        if path.is_dir() { files_below(&path, files)? } else { files.push(path) }
    }
    Ok(())
}

fn hash_file(path: &Path, hasher: &mut Sha256) -> Result<(), ImportError> {
    let mut file = std::fs::File::open(path).map_err(ImportError::file("read", path))?;
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer).map_err(ImportError::file("read", path))? {
            0 => return Ok(()),
            n => hasher.update(&buffer[..n]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) const LINES: &str = r#"{"id": "po", "cell": [3.35, 3.35, 3.35, 90, 90, 90], "species": ["Po"], "frac": [[0, 0, 0]], "gap": 0.5}
{"id": "bad", "cell": [3.35, 3.35, 3.35, 90, 90, 90], "species": ["Xx"], "frac": [[0, 0, 0]]}
{"id": "po", "cell": [3.4, 3.4, 3.4, 90, 90, 90], "species": ["Po"], "frac": [[0, 0, 0]]}
{"id": "csau", "cell": [4.26, 4.26, 4.26, 90, 90, 90], "species": ["Cs", "Au"], "frac": [[0, 0, 0], [0.5, 0.5, 0.5]]}
"#;

    #[test]
    fn what_cannot_be_read_is_kept_with_a_reason() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("some.jsonl");
        std::fs::write(&path, LINES).unwrap();
        let imported = Imported::read(&path, "hand", "CC0", "2026-11-22").unwrap();
        let ids: Vec<&str> = imported.records.iter().map(|record| record.id.as_str()).collect();
        assert_eq!(ids, ["po", "csau"]);
        let Provenance { count, rejected, sha256, .. } = &imported.provenance;
        assert_eq!((*count, rejected.len()), (2, 2));
        assert!(rejected[0].reason.contains("Xx") && rejected[0].reason.contains("line 2"));
        assert!(rejected[1].reason.contains("came before"));
        // sha256sum of the same bytes
        assert_eq!(sha256, &hexadecimal(Sha256::digest(LINES)));
        // A folder has its own checksum, which does not depend on the order of its entries.
        let of_folder = checksum(folder.path()).unwrap();
        std::fs::write(folder.path().join("another.txt"), "x").unwrap();
        assert_ne!(checksum(folder.path()).unwrap(), of_folder);
    }

    #[test]
    fn missing_sources_are_errors() {
        let error = Imported::read(Path::new("no/such.jsonl"), "", "", "").unwrap_err();
        assert!(error.to_string().contains("no/such.jsonl"));
    }
}

//! Designs from structure files.

use std::path::{Path, PathBuf};

use druse_representations::io::{self, ReadError, read_molecules, read_path};
use druse_representations::symmetry::SymmetryRepresentation;
use druse_representations::{Complex, Crystal, Design, Exchange, Representation};
use serde::Serialize;

use super::SeedSpec;
use crate::config::Domain;
use crate::crystals::SYMPREC;

/// Why a file gives no designs.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// It cannot be read.
    #[error(transparent)]
    Structures(#[from] ReadError),
    /// It cannot be read as text.
    #[error("{source}")]
    Text {
        /// File.
        path: PathBuf,
        /// Reason.
        source: std::io::Error,
    },
    /// It holds no structure.
    #[error("no structure in it")]
    Empty,
}

/// All designs of a file; a structure that cannot be read stays in its place with the reason.
///
/// Crystals come in any format that druse reads, and are reduced to their primitive cells. Complexes
/// come as whole-complex strings: one a line, as `"complex"` in JSON lines, or as `complex=` in the
/// comment of XYZ files, as druse writes them.
///
/// # Errors
/// When there is nothing to read.
pub fn of_file(path: &Path, domain: &Domain) -> Result<Vec<SeedSpec>, FileError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let seeds = match domain {
        Domain::Crystal(_) => crystals(path, &name)?,
        Domain::Complex(_) => complexes(path, &name)?,
    };
    if seeds.is_empty() { Err(FileError::Empty) } else { Ok(seeds) }
}

fn seed<D: Design + Serialize>(file: &str, id: &str, design: Result<D, String>) -> SeedSpec {
    let note = format!("{file}: {id}");
    let design = design.and_then(|design| serde_json::to_value(&design).map_err(|error| error.to_string()));
    let (design, problem) = match design {
        Ok(design) => (Some(design), None),
        Err(problem) => (None, Some(problem)),
    };
    SeedSpec { origin: "file".to_owned(), note, design, problem }
}

fn crystals(path: &Path, name: &str) -> Result<Vec<SeedSpec>, FileError> {
    let seeds = read_path(path)?.into_iter().map(|record| match record {
        Ok(record) => seed(name, &record.id, Ok(primitive(record.crystal))),
        Err(error) => seed::<Crystal>(name, &error.id, Err(unreadable(&error))),
    });
    Ok(seeds.collect())
}

/// Reasons are counted, so they leave out which structure it was.
fn unreadable(error: &io::RecordError) -> String {
    format!("it cannot be read: {}", error.problem)
}

/// The primitive cell when it is smaller; otherwise the crystal as it is.
fn primitive(crystal: Crystal) -> Crystal {
    let code = SymmetryRepresentation::new(SYMPREC).encode(&crystal).ok();
    let smaller = code.filter(|code| code.primitive_atom_count() < crystal.sites.len());
    smaller.and_then(|code| code.to_primitive().ok()).unwrap_or(crystal)
}

fn complexes(path: &Path, name: &str) -> Result<Vec<SeedSpec>, FileError> {
    let ending = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    if path.is_dir() || ["xyz", "gz", "bz2", "zip"].contains(&ending.as_str()) {
        let molecules = read_molecules(path)?.into_iter().map(|record| match record {
            Ok(record) => {
                let text = record.comment.split_once("complex=").map(|(_, text)| text.trim());
                let missing = "no complex=... in the comment, a whole-complex string as druse writes it";
                seed(name, &record.id, text.ok_or(missing.to_owned()).and_then(parsed))
            }
            Err(error) => seed::<Complex>(name, &error.id, Err(unreadable(&error))),
        });
        return Ok(molecules.collect());
    }
    let text =
        std::fs::read_to_string(path).map_err(|source| FileError::Text { path: path.to_owned(), source })?;
    let lines =
        text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'));
    Ok(lines
        .map(|(index, line)| {
            let id = format!("line {}", index + 1);
            if !line.trim_start().starts_with('{') {
                return seed(name, &id, parsed(line.trim()));
            }
            let object = serde_json::from_str(line).map_err(|error: serde_json::Error| error.to_string());
            seed(name, &id, object.and_then(|object| Complex::from_exchange(&object)))
        })
        .collect())
}

fn parsed(text: &str) -> Result<Complex, String> {
    text.parse::<Complex>().map_err(|error| error.to_string())
}

//! Ligands from crystal structures: the MetaLig library, searchable and mapped into memory.
//!
//! `make setup` converts MetaLig 1.1.0 (T. Sommer, C. Clarke, F. Kleuker, M. García-Melchor; MIT; the
//! geometries come from entries of the Cambridge Structural Database) into one file, whose layout
//! `scripts/metalig.py` describes. It holds graph, donors, charge and one geometry of each of 41,018
//! ligands, and how often each was seen with which metal.

mod builtin;
mod distances;
mod hydrogens;
mod import;
mod keys;
mod layout;
mod library;
mod query;
mod record;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

use druse_representations::ligand::LigandError;

use crate::installed::Absent;

pub use builtin::{BuiltinLigand, builtin_ligand, builtin_ligands};
pub use distances::{Distance, DistanceTable};
pub use import::{Columns, ImportedLigands};
pub use keys::LigandKeys;
pub use library::{LIGANDS_VARIABLE, LigandLibrary};
pub use query::Query;
pub use record::{LigandRecord, Sightings};

/// Why the library or one of its ligands cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LibraryError {
    /// No library in any of the folders.
    #[error(transparent)]
    Absent(#[from] Absent),
    /// The file cannot be read.
    #[error("cannot read {}: {source}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Cause.
        source: std::io::Error,
    },
    /// The file is no library of this version, or parts of it are wrong.
    #[error("{} is no whole library of ligands: {reason}; delete it and run `make setup`", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What was found and what was expected.
        reason: String,
    },
    /// A record that is no ligand, though its data are whole.
    #[error("ligand {name} of the library cannot be used: {reason}")]
    Refused {
        /// Name of the ligand.
        name: String,
        /// Reason.
        reason: LigandError,
    },
    /// There is no such ligand.
    #[error("ligand {index} is asked for, the library has {count}")]
    NoSuchLigand {
        /// Index as asked.
        index: usize,
        /// Number of ligands.
        count: usize,
    },
}

//! Computed entries: compositions with an energy, the raw material of a phase diagram.
//!
//! Read are the JSON forms in which such entries are exchanged (plain or gzip-compressed, told
//! apart by content):
//!
//! - pymatgen `ComputedEntry` and `ComputedStructureEntry` dictionaries (Ong et al., Comput. Mater.
//!   Sci. 68, 314 (2013)): a list of them, one alone, a map from any key (an element, an id) to one,
//!   or any nesting of these such as `{"entries": [...]}`; structures are skipped;
//! - tables of `{entry_id, composition, energy, e_form_per_atom, ...}` as made from the Alexandria
//!   database.
//!
//! The energy of an entry is `energy + correction`. Where a set has no entry for some pure element
//! but every entry stores a formation energy, [`EntrySet`] counts from the elements instead: see
//! there.

mod document;
mod read;
mod set;

use std::path::PathBuf;

use druse_representations::Composition;
use serde::{Deserialize, Serialize};

pub use read::{parse_entries, read_entries, read_entry_set};
pub use set::{EnergyBasis, EntrySet};

/// A composition and its computed energy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ComputedEntry {
    /// Id in its source; the place in the file (`[17]`, `Li`) where it has none.
    pub id: String,
    /// Atoms of the computed cell.
    pub composition: Composition,
    /// Energy (eV) of `composition`, `correction` included.
    pub energy: f64,
    /// Correction (eV) contained in `energy`, for instance of the MP2020 scheme; 0 without one.
    pub correction: f64,
    /// Energy above hull (eV/atom) that the source states.
    pub e_above_hull: Option<f64>,
    /// Formation energy (eV/atom) that the source states.
    pub e_form_per_atom: Option<f64>,
}

impl ComputedEntry {
    /// Energy per atom (eV/atom), correction included.
    pub fn energy_per_atom(&self) -> f64 {
        self.energy / self.composition.atom_count()
    }
}

/// Why computed entries could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EntryError {
    /// The file cannot be opened or decompressed.
    #[error("cannot read {}: {source}", path.display())]
    Unreadable {
        /// File.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The text is no JSON, or a field has the wrong type.
    #[error("{}: {reason}", path.display())]
    Malformed {
        /// File.
        path: PathBuf,
        /// What was found, with line and column.
        reason: String,
    },
    /// An entry lacks something or has an impossible value.
    #[error("{}: entry {place}: {reason}", path.display())]
    BadEntry {
        /// File.
        path: PathBuf,
        /// Place in the document, with the entry's id if it has one.
        place: String,
        /// What was found and what was expected.
        reason: String,
    },
    /// There is no entry in the document.
    #[error(
        "{}: no computed entries found: expected objects with 'composition' and 'energy' (a list of them, or a map)",
        path.display()
    )]
    NoEntries {
        /// File.
        path: PathBuf,
    },
}

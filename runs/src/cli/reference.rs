//! The reference energies named on the command line.

use std::path::Path;

use crate::datasets::reference::ReferenceTable;

use super::failure::Failure;

/// A table that was read, or the one that comes with druse.
pub enum Table {
    /// Comes with druse.
    Shipped(&'static ReferenceTable),
    /// Read from a file.
    Read(Box<ReferenceTable>),
}

impl Table {
    /// The table of a file, or for the name `shipped` the one that comes with druse for energies of this potential.
    pub fn open(name: &Path, potential: &str) -> Result<Self, Failure> {
        if name == Path::new("shipped") {
            let table = ReferenceTable::shipped_for(potential);
            return table.map(Self::Shipped).ok_or_else(|| {
                Failure::input(format!(
                    "no reference energies of {potential} come with druse: make a table by `druse data reference` and name it"
                ))
            });
        }
        ReferenceTable::read(name).map(|table| Self::Read(Box::new(table))).map_err(Failure::input)
    }

    /// The table.
    pub fn get(&self) -> &ReferenceTable {
        match self {
            Self::Shipped(table) => table,
            Self::Read(table) => table,
        }
    }
}

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
    /// The table of a file, or for the name `shipped` the one that comes with druse.
    pub fn open(name: &Path) -> Result<Self, Failure> {
        if name == Path::new("shipped") {
            let table = ReferenceTable::shipped();
            return table.map(Self::Shipped).ok_or_else(|| {
                Failure::other("this build of druse carries no reference energies; name a table of your own")
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

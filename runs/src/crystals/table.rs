//! The energies of competing phases.

use std::path::Path;

use druse_datasets::reference::{ReferenceHeader, ReferenceTable};
use druse_fitness::Potential;

use crate::setup::SetupError;

/// A reference table that was read, or one that comes with druse.
pub(crate) enum Table {
    /// Comes with druse.
    Shipped(&'static ReferenceTable),
    /// Read from a file.
    Read(Box<ReferenceTable>),
}

impl Table {
    /// The table of a file, or the one that comes with druse for energies of this potential.
    ///
    /// # Errors
    /// When the file cannot be read, or none comes with druse.
    pub(crate) fn open(path: Option<&Path>, potential: &str) -> Result<Self, SetupError> {
        Ok(match path {
            None => {
                let shipped = ReferenceTable::shipped_for(potential);
                Self::Shipped(shipped.ok_or_else(|| SetupError::NothingShipped(potential.to_owned()))?)
            }
            Some(path) => Self::Read(Box::new(ReferenceTable::read(path)?)),
        })
    }

    /// The same for a potential whose energies shall stand beside those of the table, at a pressure (GPa); `key` names the table.
    ///
    /// # Errors
    /// As [`Table::open`], and when it holds energies of another model or at another pressure.
    pub(crate) fn of(
        path: Option<&Path>,
        potential: &dyn Potential,
        pressure: f64,
        key: &'static str,
    ) -> Result<Self, SetupError> {
        let table = Self::of_any_pressure(path, potential, key)?;
        table.check_pressure(pressure, key)?;
        Ok(table)
    }

    /// As [`Table::of`], whatever the pressure.
    ///
    /// # Errors
    /// As [`Table::open`], and when it holds energies of another model.
    pub(crate) fn of_any_pressure(
        path: Option<&Path>,
        potential: &dyn Potential,
        key: &'static str,
    ) -> Result<Self, SetupError> {
        let table = Self::open(path, potential.name())?;
        let header = table.get().header();
        if !potential.computed(header) {
            return Err(SetupError::UnlikeModels {
                key,
                found: format!("{} (sha256 {})", header.model, header.model_hash),
                expected: potential.hull_protocol(),
            });
        }
        Ok(table)
    }

    /// Refuses a table at another pressure than this one (GPa).
    ///
    /// # Errors
    /// Says how to make the table.
    pub(crate) fn check_pressure(&self, pressure: f64, key: &'static str) -> Result<(), SetupError> {
        let header = self.get().header();
        if header.pressure == pressure {
            return Ok(());
        }
        let wanted = ReferenceHeader { pressure, ..ReferenceHeader::default() };
        Err(SetupError::UnlikePressures {
            key,
            found: header.quantity().into_owned(),
            expected: wanted.quantity().into_owned(),
            option: if pressure == 0.0 { String::new() } else { format!(" --pressure {pressure}") },
            pressure: header.pressure,
        })
    }

    /// The table.
    pub(crate) fn get(&self) -> &ReferenceTable {
        match self {
            Self::Shipped(table) => table,
            Self::Read(table) => table,
        }
    }
}

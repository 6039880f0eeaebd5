//! The reference energies named on the command line.

use std::path::Path;

use super::failure::Failure;
use crate::crystals::Table;
use crate::fitness::Potential;

/// The table of a file, or for the name `shipped` the one that comes with druse for energies of this potential.
pub fn open(name: &Path, potential: &str) -> Result<Table, Failure> {
    Table::open(path(name), potential).map_err(Failure::input)
}

/// The same for energies of this very potential; `argument` names the table. Where a pressure (GPa) is given, the table must be at it.
pub fn open_for(
    name: &Path,
    potential: &dyn Potential,
    pressure: Option<f64>,
    argument: &'static str,
) -> Result<Table, Failure> {
    let table = match pressure {
        Some(pressure) => Table::of(path(name), potential, pressure, argument),
        None => Table::of_any_pressure(path(name), potential, argument),
    };
    table.map_err(Failure::input)
}

fn path(name: &Path) -> Option<&Path> {
    (name != Path::new("shipped")).then_some(name)
}

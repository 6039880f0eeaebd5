//! Crystals as files for people: the idealised conventional cell with its space group.

use druse_representations::crystal::Occupant;
use druse_representations::io::cif::{WyckoffSite, write_symmetrised};
use druse_representations::io::{Format, Record, write_string};
use druse_representations::symmetry::{Orbit, SymmetryCode, SymmetryRepresentation};
use druse_representations::wyckoff::{position, space_group};
use druse_representations::{Crystal, Representation};

use super::SYMPREC;
use super::drawing::operations;
use crate::store::{CandidateRow, StoreError};

/// A crystal in the standard setting of its space group.
#[derive(Clone, Debug, PartialEq)]
pub struct Standardised {
    /// Number in the International Tables.
    pub number: u8,
    /// Short Hermann-Mauguin symbol.
    pub symbol: String,
    code: SymmetryCode,
}

impl Standardised {
    /// Finds space group and Wyckoff positions within [`SYMPREC`]; `None` for a crystal that has
    /// none, as a disordered one.
    pub fn of(crystal: &Crystal) -> Option<Self> {
        let code = SymmetryRepresentation::new(SYMPREC).encode(crystal).ok()?;
        let group = space_group(code.space_group)?;
        Some(Self { number: group.number(), symbol: group.symbol().to_owned(), code })
    }

    /// The conventional cell `[a, b, c, alpha, beta, gamma]` (Å, degrees), and one site for each occupied
    /// Wyckoff position.
    pub fn cell_and_sites(&self) -> Option<([f64; 6], Vec<WyckoffSite>)> {
        let site = |orbit: &Orbit| {
            let position = position(self.number, orbit.letter)?;
            Some(WyckoffSite {
                occupants: vec![Occupant { element: orbit.element, occupancy: 1.0 }],
                frac: position.representative(&orbit.free).map(|x| x.rem_euclid(1.0)).into(),
                letter: orbit.letter,
                multiplicity: position.multiplicity(),
            })
        };
        Some((self.code.cell, self.code.orbits.iter().map(site).collect::<Option<_>>()?))
    }

    /// The crystal as a CIF with its symmetry operations and one row for each orbit.
    pub fn cif(&self, id: &str) -> Option<String> {
        let conventional = self.code.to_conventional().ok()?;
        let (_, sites) = self.cell_and_sites()?;
        let number = i32::from(self.number);
        let operations = operations(self.number)?;
        Some(write_symmetrised(id, number, &self.symbol, &operations, &conventional.lattice, &sites))
    }
}

/// A candidate as a CIF; a crystal without space group is written in P 1.
///
/// # Errors
/// When the stored design cannot be read back.
pub(super) fn cif_of(row: &CandidateRow) -> Result<String, StoreError> {
    let crystal: Crystal = row.design()?;
    let id = format!("candidate-{}", row.number);
    let cif = Standardised::of(&crystal).and_then(|standardised| standardised.cif(&id));
    cif.map_or_else(|| in_p1(id, crystal), Ok)
}

fn in_p1(id: String, crystal: Crystal) -> Result<String, StoreError> {
    let record = Record { id, crystal, properties: Default::default(), source: String::new() };
    write_string(Format::Cif, &[record]).map_err(|error| StoreError::Unwritable(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use druse_datasets::prototypes::prototypes;
    use druse_representations::io::read_path;

    #[test]
    fn cifs_with_symmetry_read_back_as_the_same_crystal() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("any.cif");
        for prototype in prototypes() {
            let crystal = prototype.code().to_primitive().unwrap();
            let standardised = Standardised::of(&crystal).unwrap();
            std::fs::write(&path, standardised.cif("x").unwrap()).unwrap();
            let record = read_path(&path).unwrap().remove(0).unwrap();
            let again = Standardised::of(&record.crystal).unwrap();
            assert_eq!(again.number, standardised.number, "{}", prototype.name);
            assert_eq!(
                record.crystal.composition().reduced_formula(),
                crystal.composition().reduced_formula(),
                "{}",
                prototype.name
            );
            let per_atom = |crystal: &Crystal| crystal.lattice.volume() / crystal.sites.len() as f64;
            assert!(
                (per_atom(&record.crystal) / per_atom(&crystal) - 1.0).abs() < 1e-6,
                "{}",
                prototype.name
            );
        }
    }
}

//! The matrix code of a crystal: a cell and what lies in it.

use serde::{Deserialize, Serialize};

use crate::composition::Composition;
use crate::crystal::Crystal;
use crate::element::Element;
use crate::lattice::Lattice;

/// Smallest volume (Å^3) that a cell spans.
const SMALLEST_VOLUME: f64 = 1e-3;

/// An ordered crystal as cell, fractional coordinates and species; any number of atoms.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MatrixCode {
    /// Cell; rows are vectors (Å).
    pub lattice: Lattice,
    /// Fractional coordinates, one row per atom.
    pub frac: Vec<[f64; 3]>,
    /// Species, one per atom.
    pub species: Vec<Element>,
}

/// Why a code describes no crystal.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum MatrixCodeError {
    /// Nothing is in the cell.
    #[error("the code has no atoms")]
    Empty,
    /// Coordinates and species do not belong together.
    #[error("{species} species, expected one for each of the {atoms} rows of coordinates")]
    Unlike {
        /// Rows of coordinates.
        atoms: usize,
        /// Species.
        species: usize,
    },
    /// A coordinate is not finite.
    #[error("atom {atom}: found the coordinates {found:?}, expected finite numbers")]
    BadCoordinates {
        /// Index of the atom, from 0.
        atom: usize,
        /// Coordinates found.
        found: [f64; 3],
    },
    /// The cell is not finite or spans no volume.
    #[error("the lattice {0:?} Å is not finite or spans no volume")]
    BadLattice([[f64; 3]; 3]),
}

impl MatrixCode {
    /// Code of an ordered crystal as it stands: its cell is neither reduced nor turned. `None` for a
    /// disordered one.
    pub fn as_told(crystal: &Crystal) -> Option<Self> {
        let species = crystal.elements().ok()?;
        let frac = crystal.sites.iter().map(|site| site.frac.into()).collect();
        Some(Self { lattice: crystal.lattice, frac, species })
    }

    /// Checks that atoms and species belong together, and that cell and coordinates are finite.
    /// Distances between atoms are not looked at.
    ///
    /// # Errors
    /// Names the first flaw.
    pub fn validate(&self) -> Result<(), MatrixCodeError> {
        let (atoms, species) = (self.frac.len(), self.species.len());
        if atoms != species {
            return Err(MatrixCodeError::Unlike { atoms, species });
        }
        if atoms == 0 {
            return Err(MatrixCodeError::Empty);
        }
        for (atom, &found) in self.frac.iter().enumerate() {
            if !found.iter().all(|x| x.is_finite()) {
                return Err(MatrixCodeError::BadCoordinates { atom, found });
            }
        }
        let volume = self.lattice.volume();
        if !volume.is_finite() || volume < SMALLEST_VOLUME {
            return Err(MatrixCodeError::BadLattice(self.lattice.rows()));
        }
        Ok(())
    }

    /// Whether the code describes a crystal, see [`Self::validate`].
    pub fn is_valid(&self) -> bool {
        self.validate().is_ok()
    }

    /// Number of atoms.
    pub fn atom_count(&self) -> usize {
        self.species.len()
    }

    /// Atoms of each element in the cell.
    pub fn composition(&self) -> Composition {
        self.species.iter().map(|&element| (element, 1.0)).collect()
    }

    /// The crystal.
    pub fn to_crystal(&self) -> Crystal {
        Crystal::ordered(self.lattice, self.species.iter().copied().zip(self.frac.iter().copied()))
    }

    /// Sorts the atoms by element and place and wraps them into the cell, so that codes of the same
    /// cell and origin are equal.
    pub fn sort_atoms(&mut self) {
        let mut atoms: Vec<(Element, [f64; 3])> =
            self.species.iter().copied().zip(self.frac.iter().map(|x| x.map(crate::crystal::wrap))).collect();
        let place = |a: &[f64; 3], b: &[f64; 3]| {
            a[0].total_cmp(&b[0]).then(a[1].total_cmp(&b[1])).then(a[2].total_cmp(&b[2]))
        };
        atoms.sort_by(|a, b| a.0.cmp(&b.0).then(place(&a.1, &b.1)));
        (self.species, self.frac) = atoms.into_iter().unzip();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flaws_are_named() {
        let salt = MatrixCode {
            lattice: Lattice::cubic(5.6),
            frac: vec![[0.0; 3], [0.5; 3]],
            species: ["Na", "Cl"].map(|symbol| symbol.parse().unwrap()).to_vec(),
        };
        assert_eq!(salt.validate(), Ok(()));
        let fewer = MatrixCode { frac: vec![[0.0; 3]], ..salt.clone() };
        assert_eq!(fewer.validate(), Err(MatrixCodeError::Unlike { atoms: 1, species: 2 }));
        let none = MatrixCode { frac: vec![], species: vec![], ..salt.clone() };
        assert_eq!(none.validate(), Err(MatrixCodeError::Empty));
        let flat = MatrixCode { lattice: Lattice::from_rows([[1.0; 3]; 3]), ..salt.clone() };
        assert!(matches!(flat.validate(), Err(MatrixCodeError::BadLattice(_))));
        let lost = MatrixCode { frac: vec![[0.0; 3], [f64::NAN, 0.0, 0.0]], ..salt };
        assert!(matches!(lost.validate(), Err(MatrixCodeError::BadCoordinates { atom: 1, .. })));
    }
}

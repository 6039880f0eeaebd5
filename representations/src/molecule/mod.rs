//! Molecules: atoms in space without a lattice.

mod connectivity;

pub use connectivity::{NoRadius, Radii, bonded_within, connectivity};

use serde::{Deserialize, Serialize};

use crate::composition::Composition;
use crate::element::Element;

/// Atoms in space.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Molecule {
    /// Elements, one for each atom.
    pub elements: Vec<Element>,
    /// Cartesian positions (Å), one for each atom.
    pub positions: Vec<[f64; 3]>,
}

impl Molecule {
    /// Number of atoms.
    pub fn len(&self) -> usize {
        self.elements.len()
    }

    /// Whether there is no atom.
    pub fn is_empty(&self) -> bool {
        self.elements.is_empty()
    }

    /// Atoms of each element.
    pub fn composition(&self) -> Composition {
        self.elements.iter().map(|&element| (element, 1.0)).collect()
    }

    /// Distance (Å) between two atoms.
    ///
    /// # Panics
    /// When one of them does not exist.
    pub fn distance(&self, first: usize, second: usize) -> f64 {
        let (a, b) = (self.positions[first], self.positions[second]);
        (0..3).map(|k| (a[k] - b[k]).powi(2)).sum::<f64>().sqrt()
    }
}

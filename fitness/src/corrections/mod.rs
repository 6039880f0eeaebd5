//! Corrections that raw energies need before they may be compared on one hull, with a ledger of each.
//!
//! Energies of the Materials Project mix PBE and PBE+U calculations and carry fitted corrections (A. Wang et al., Scientific Reports 11,
//! 15496 (2021), "MP2020"). CHGNet was trained on corrected energies, so its energies must not be corrected again. SevenNet and
//! Nequix were trained on raw ones, and theirs must be corrected once: for them [`Potential::ledger`](crate::Potential::ledger) is not empty.
//!
//! ```
//! use druse_fitness::corrections::mp2020;
//! use druse_representations::{Crystal, Element, Lattice};
//!
//! let [fe, o] = ["Fe", "O"].map(|symbol| Element::from_symbol(symbol).unwrap());
//! // Rock salt FeO: iron is computed with U, oxygen is an anion.
//! let lattice = Lattice::from_rows([[0.0, 2.15, 2.15], [2.15, 0.0, 2.15], [2.15, 2.15, 0.0]]);
//! let crystal = Crystal::ordered(lattice, [(fe, [0.0; 3]), (o, [0.5; 3])]);
//! let ledger = mp2020(&crystal);
//! assert_eq!(ledger.to_string(), "O as oxide -0.687 eV x 1, Fe with U -2.256 eV x 1");
//! assert!((ledger.total() + 2.943).abs() < 1e-12);
//! ```

mod anions;
mod audit;
mod mp2020;
#[cfg(test)]
mod tests;

use std::fmt;

use serde::Serialize;

pub use audit::{Stored, stored};
pub use mp2020::{MP2020, mp2020, mp2020_of_composition};

/// One correction.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Correction {
    /// What is corrected, for instance `O as oxide`.
    pub name: String,
    /// Energy (eV) for each atom of it.
    pub per_atom: f64,
    /// Atoms of it in the cell.
    pub atoms: f64,
}

/// The corrections of one cell; empty where nothing is to be added.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Ledger(pub Vec<Correction>);

impl Ledger {
    /// What is added to the energy of the cell (eV).
    pub fn total(&self) -> f64 {
        self.0.iter().map(|correction| correction.per_atom * correction.atoms).sum()
    }
}

impl fmt::Display for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown: Vec<String> = self
            .0
            .iter()
            .map(|Correction { name, per_atom, atoms }| format!("{name} {per_atom:+.3} eV x {atoms}"))
            .collect();
        f.write_str(&if shown.is_empty() { "none".to_owned() } else { shown.join(", ") })
    }
}

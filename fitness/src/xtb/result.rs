//! What xtb found out.

use druse_representations::Molecule;
use druse_representations::nalgebra::Vector3;
use serde::{Deserialize, Serialize};

use super::Method;

/// eV per Hartree (CODATA 2018).
pub const EV_PER_HARTREE: f64 = 27.211_386_245_988;

/// Å per Bohr radius (CODATA 2018).
pub const ANGSTROM_PER_BOHR: f64 = 0.529_177_210_903;

/// Debye per e a0.
pub const DEBYE_PER_E_BOHR: f64 = 2.541_746_473;

/// Result of one calculation. Absent values are those that the method or the task does not give.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct XtbResult {
    /// Method that the numbers are of.
    pub method: Method,
    /// Version of xtb, for instance `6.5.1`.
    pub version: String,
    /// Total energy (eV).
    pub energy: f64,
    /// Final geometry, in the order of the atoms of the job.
    pub molecule: Molecule,
    /// Cycles of the optimisation.
    pub cycles: Option<u32>,
    /// Valence electrons.
    pub electrons: Option<u32>,
    /// Gap between highest occupied and lowest empty orbital (eV).
    pub gap: Option<f64>,
    /// Energy of the highest occupied orbital (eV).
    pub homo: Option<f64>,
    /// Energy of the lowest empty orbital (eV).
    pub lumo: Option<f64>,
    /// Dipole moment (Debye) with respect to the centre of mass; of a charged molecule it depends
    /// on that choice.
    pub dipole: Option<[f64; 3]>,
    /// Isotropic static polarizability (a.u.) from the D4 model; GFN2 only.
    pub polarizability: Option<f64>,
    /// Charge of each atom (e) as xtb reports it, Mulliken's for GFN2; empty without electrons.
    pub charges: Vec<f64>,
    /// Wiberg bond orders: two atoms, from 0, and the order.
    pub bond_orders: Vec<(usize, usize, f64)>,
    /// Derivative of the energy by the positions (eV/Å), after [`super::Task::Gradient`].
    pub gradient: Option<Vec<[f64; 3]>>,
    /// Electrons in fractionally occupied orbitals, after [`super::Task::FractionalOccupation`].
    pub n_fod: Option<f64>,
    /// Wall time (s).
    pub seconds: f64,
}

impl XtbResult {
    /// Size of the dipole moment (Debye).
    pub fn dipole_norm(&self) -> Option<f64> {
        self.dipole.map(|dipole| Vector3::from(dipole).norm())
    }
}

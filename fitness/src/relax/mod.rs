//! Relaxation of cell and positions with any [`Potential`].
//!
//! Free variables are the positions in the frame of the start cell together with the logarithm of its deformation, as in ASE's
//! `FrechetCellFilter`. The symmetry of the start is found, made exact and kept: only the free parameters of the occupied
//! positions and the strains that the crystal system allows change, and a potential that can do with one atom of each orbit
//! is asked for no more. In these directions quasi-Newton steps with a trust radius start from springs between near atoms;
//! where steps get stuck, FIRE goes on. Forces that keep a symmetry also vanish on a saddle; on demand a crystal at rest is searched for a
//! direction that leads down without the symmetry, and goes on from there with what is left of it. Since the cell's rows of the
//! generalised forces are the virial divided by the number of atoms, a result also carries the
//! largest stress component, which is the physical criterion.
//!
//! Several crystals of one call step together, so that a potential that batches can do so; those
//! that are done leave the batch. With a potential whose results do not depend on the rest of the
//! batch, neither do relaxations.

mod exponential;
mod filter;
mod fire;
mod options;
mod quasi_newton;
mod softest;
mod springs;
mod subspace;
#[cfg(test)]
mod tests;
mod tier;
mod walker;

use druse_datasets::elements::largest_spin_moment;
use druse_representations::symmetry::CellSymmetry;
use druse_representations::{Crystal, Element};

pub use options::{CellFreedom, Guards, RelaxOptions, Verdict};
pub use tier::RelaxTier;

use crate::potential::{GPA_PER_EV_PER_A3, Potential, Prediction, Want};
use walker::Walker;

/// Largest stress component (GPa) at which a relaxed cell counts as free of stress.
pub const STRESS_FREE: f64 = 0.5;

/// Enthalpy E + pV (eV) of a cell with this energy (eV) and volume (Å^3) at a pressure (GPa).
pub fn enthalpy(energy: f64, volume: f64, pressure: f64) -> f64 {
    energy + pressure / GPA_PER_EV_PER_A3 * volume
}

/// A relaxed crystal and how it got there.
#[derive(Clone, Debug, PartialEq)]
pub struct Relaxation {
    /// The last structure; fractional coordinates wrapped into the cell.
    pub crystal: Crystal,
    /// What the potential says of it; `None` when it has no answer.
    pub prediction: Option<Prediction>,
    /// Energy of the start (eV per cell), its symmetry made exact, where there is one.
    pub energy_start: Option<f64>,
    /// Largest force on an atom at the end (eV/Å).
    pub max_force: f64,
    /// Largest stress component at the end, external pressure included (GPa).
    pub max_stress: f64,
    /// Steps taken; those that were taken back and looks around a point at rest included.
    pub steps: usize,
    /// Saddles that were left at the price of symmetry.
    pub saddles: usize,
    /// How it ended.
    pub verdict: Verdict,
}

impl Relaxation {
    /// Whether the forces are below the limit.
    pub fn is_converged(&self) -> bool {
        self.verdict == Verdict::Converged
    }

    /// Largest magnetic moment as a share of what an atom of such an element can have ([`largest_spin_moment`]); `None` when the
    /// potential has no moments.
    pub fn moment_ratio(&self) -> Option<f64> {
        let moments = self.prediction.as_ref()?.magmoms.as_ref()?;
        let share = |(element, moment): (Element, &f64)| moment / largest_spin_moment(element);
        self.crystal.elements().ok()?.into_iter().zip(moments).map(share).reduce(f64::max)
    }

    /// Whether no stress component is larger than [`STRESS_FREE`].
    pub fn is_stress_free(&self) -> bool {
        self.max_stress <= STRESS_FREE
    }
}

/// Relaxes crystals; one result each, in order, on the calling thread.
pub fn relax(potential: &dyn Potential, crystals: &[&Crystal], options: &RelaxOptions) -> Vec<Relaxation> {
    let mut walkers: Vec<Walker> = crystals.iter().map(|crystal| Walker::new(crystal, options)).collect();
    loop {
        let active: Vec<usize> = (0..walkers.len()).filter(|&i| walkers[i].goes_on()).collect();
        if active.is_empty() {
            break;
        }
        let batch: Vec<(&Crystal, &CellSymmetry)> = active.iter().map(|&i| walkers[i].asks()).collect();
        let predictions = potential.evaluate_symmetric(&batch, Want::ALL);
        for (i, prediction) in active.into_iter().zip(predictions) {
            walkers[i].advance(prediction, options);
        }
    }
    walkers.into_iter().map(Walker::finish).collect()
}

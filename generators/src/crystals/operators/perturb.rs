//! Shaking cell and free parameters within the space group.

use druse_representations::symmetry::{CrystalSystem, SymmetryCode};
use rand::{Rng, RngExt};
use rand_distr::StandardNormal;

/// Standard deviation of displacements along free parameters (Å).
const DISPLACEMENT: f64 = 0.35;
/// Standard deviation of the logarithms of cell edges.
const STRAIN: f64 = 0.08;
/// Standard deviation of free angles (degrees).
const TILT: f64 = 4.0;

/// Shakes the cell, and each free parameter with probability 1/2. `None` when there is nothing to
/// shake but the volume.
pub(super) fn perturb<R: Rng + ?Sized>(code: &SymmetryCode, rng: &mut R) -> Option<SymmetryCode> {
    if code.degrees_of_freedom() <= 1 {
        return None;
    }
    let system = code.system().ok()?;
    let mut child = code.clone();
    for &i in system.free_cell_parameters() {
        let normal: f64 = rng.sample(StandardNormal);
        if i < 3 {
            child.cell[i] *= (STRAIN * normal).exp();
        } else {
            child.cell[i] = (child.cell[i] + TILT * normal).clamp(50.0, 130.0);
        }
    }
    // Dependent edges follow the first.
    match system {
        CrystalSystem::Cubic => (child.cell[1], child.cell[2]) = (child.cell[0], child.cell[0]),
        CrystalSystem::Tetragonal | CrystalSystem::Trigonal | CrystalSystem::Hexagonal => {
            child.cell[1] = child.cell[0];
        }
        _ => {}
    }
    let edge = (code.cell[0] * code.cell[1] * code.cell[2]).cbrt();
    for x in child.orbits.iter_mut().flat_map(|orbit| &mut orbit.free) {
        if rng.random() {
            let normal: f64 = rng.sample(StandardNormal);
            *x = (*x + DISPLACEMENT / edge * normal).rem_euclid(1.0);
        }
    }
    Some(child)
}

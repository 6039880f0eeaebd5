//! Atoms that move.

use druse_representations::MatrixCode;
use druse_representations::crystal::wrap;
use nalgebra::Vector3;
use rand::{Rng, RngExt};
use rand_distr::StandardNormal;

use crate::crystals::building::{Contacts, Filling};
use crate::crystals::matrix::packing::roomiest;

/// Standard deviations (Å) of displacements; one is drawn for each child.
const DISPLACEMENT: std::ops::Range<f64> = 0.05..0.5;
/// Probability that one atom moves elsewhere and all others stay.
const ELSEWHERE: f64 = 0.4;
/// Draws of its new place.
const DRAWS: usize = 16;

/// Shakes all atoms, or moves one to a place with room.
pub(super) fn displace<R: Rng + ?Sized>(code: &MatrixCode, rng: &mut R) -> Option<MatrixCode> {
    let n = code.atom_count();
    if n < 2 {
        // One atom moves with its crystal.
        return None;
    }
    let mut child = code.clone();
    if rng.random::<f64>() < ELSEWHERE {
        let moving = rng.random_range(0..n);
        let contacts = Contacts::of(&code.composition());
        let mut filling = Filling::new(code.lattice, &contacts);
        for i in (0..n).filter(|&i| i != moving) {
            filling.add(Vector3::from(code.frac[i]), contacts.index(code.species[i])?);
        }
        let kind = contacts.index(code.species[moving])?;
        child.frac[moving] = roomiest(&filling, kind, DRAWS, rng).into();
        return Some(child);
    }
    let size = rng.random_range(DISPLACEMENT);
    for x in &mut child.frac {
        let step = Vector3::from_fn(|_, _| size * rng.sample::<f64, _>(StandardNormal));
        let step = code.lattice.to_fractional(&step)?;
        *x = std::array::from_fn(|k| wrap(x[k] + step[k]));
    }
    Some(child)
}

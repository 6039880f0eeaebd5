//! The same atoms on another Wyckoff position.

use druse_representations::symmetry::SymmetryCode;
use rand::seq::IndexedRandom;
use rand::{Rng, RngExt};

/// Moves a random orbit to a free Wyckoff position of the same multiplicity, so that the
/// composition stays, with random parameters.
pub(super) fn relocate<R: Rng + ?Sized>(code: &SymmetryCode, rng: &mut R) -> Option<SymmetryCode> {
    let group = code.group().ok()?;
    let chosen = rng.random_range(0..code.orbits.len());
    let here = code.orbits[chosen].position(code.space_group)?;
    let others: Vec<_> = group
        .positions()
        .iter()
        .filter(|position| position.multiplicity() == here.multiplicity())
        .filter(|position| {
            let occupied = code.orbits.iter().any(|orbit| orbit.letter == position.letter());
            position.degrees_of_freedom() > 0 || !occupied
        })
        .collect();
    let there = others.choose(rng)?;
    let mut child = code.clone();
    let orbit = &mut child.orbits[chosen];
    orbit.letter = there.letter();
    orbit.free = (0..there.degrees_of_freedom()).map(|_| rng.random::<f64>()).collect();
    Some(child)
}

//! Other elements on the same sites.

use druse_representations::Element;
use druse_representations::symmetry::SymmetryCode;
use rand::seq::IndexedRandom;
use rand::{Rng, RngExt};

use crate::crystals::building::Workshop;

const TRIALS: usize = 16;
/// Probability to replace two elements at once, as charges often demand.
const BOTH: f64 = 0.4;

/// Replaces one or two elements by chemically similar ones.
pub(super) fn substitute<R: Rng + ?Sized>(
    workshop: &Workshop,
    code: &SymmetryCode,
    rng: &mut R,
) -> Option<SymmetryCode> {
    let space = &workshop.space;
    for _ in 0..TRIALS {
        let mut child = code.clone();
        let times = if rng.random::<f64>() < BOTH { 2 } else { 1 };
        for _ in 0..times {
            let present: Vec<Element> = child.composition().elements().collect();
            let old = *present.choose(rng)?;
            let new = workshop.chemistry.replacement(space, old, rng)?;
            for orbit in child.orbits.iter_mut().filter(|orbit| orbit.element == old) {
                orbit.element = new;
            }
        }
        if workshop.chemistry.sensible(space, &child.composition()) {
            return Some(child);
        }
    }
    None
}

/// Lets two orbits exchange their elements.
pub(super) fn exchange<R: Rng + ?Sized>(
    workshop: &Workshop,
    code: &SymmetryCode,
    rng: &mut R,
) -> Option<SymmetryCode> {
    for _ in 0..TRIALS {
        let (i, j) = (rng.random_range(0..code.orbits.len()), rng.random_range(0..code.orbits.len()));
        if code.orbits[i].element == code.orbits[j].element {
            continue;
        }
        let mut child = code.clone();
        child.orbits[i].element = code.orbits[j].element;
        child.orbits[j].element = code.orbits[i].element;
        if workshop.chemistry.sensible(&workshop.space, &child.composition()) {
            return Some(child);
        }
    }
    None
}

//! Other elements on the same sites.

use druse_representations::{Element, MatrixCode};
use rand::seq::IndexedRandom;
use rand::{Rng, RngExt};

use crate::crystals::building::Workshop;
use crate::crystals::operators::counterparts;

const TRIALS: usize = 16;
/// Probability to replace two elements at once, as charges often demand.
const BOTH: f64 = 0.4;
/// Probability that one of several atoms of an element is replaced, not all.
const ONE: f64 = 0.15;

/// Replaces one or two elements by chemically similar ones, or a single atom.
pub(super) fn substitute<R: Rng + ?Sized>(
    workshop: &Workshop,
    code: &MatrixCode,
    rng: &mut R,
) -> Option<MatrixCode> {
    let space = &workshop.space;
    for _ in 0..TRIALS {
        let mut child = code.clone();
        let times = if rng.random::<f64>() < BOTH { 2 } else { 1 };
        for _ in 0..times {
            let old = *child.species.choose(rng)?;
            let new = workshop.chemistry.replacement(space, old, rng)?;
            if rng.random::<f64>() < ONE {
                let places: Vec<usize> =
                    (0..child.species.len()).filter(|&i| child.species[i] == old).collect();
                child.species[*places.choose(rng)?] = new;
            } else {
                let like = |element: &&mut Element| **element == old;
                child.species.iter_mut().filter(like).for_each(|element| *element = new);
            }
        }
        if child.species != code.species && workshop.chemistry.sensible(space, &child.composition()) {
            return Some(child);
        }
    }
    None
}

/// The structure of the first parent with the elements of the second, in order of electronegativity.
pub(super) fn graft(
    workshop: &Workshop,
    structure: &MatrixCode,
    elements: &MatrixCode,
) -> Option<MatrixCode> {
    let counterparts = counterparts(&structure.composition(), &elements.composition())?;
    let mut child = structure.clone();
    for element in &mut child.species {
        *element = *counterparts.get(element)?;
    }
    workshop.chemistry.sensible(&workshop.space, &child.composition()).then_some(child)
}

//! More or fewer occupied Wyckoff positions.

use druse_representations::Element;
use druse_representations::symmetry::{Orbit, SymmetryCode};
use rand::seq::IndexedRandom;
use rand::{Rng, RngExt};

use crate::crystals::building::Workshop;

const TRIALS: usize = 24;
/// Probability that an added orbit holds an element which is there already.
const SAME: f64 = 0.7;

/// Adds an orbit on a free Wyckoff position, or removes one.
pub(super) fn add_or_remove<R: Rng + ?Sized>(
    workshop: &Workshop,
    code: &SymmetryCode,
    rng: &mut R,
) -> Option<SymmetryCode> {
    let group = code.group().ok()?;
    let present: Vec<Element> = code.composition().elements().collect();
    for _ in 0..TRIALS {
        let mut child = code.clone();
        if rng.random() {
            if child.orbits.len() < 2 {
                continue;
            }
            child.orbits.remove(rng.random_range(0..child.orbits.len()));
        } else {
            let pool = if rng.random::<f64>() < SAME { &present } else { &workshop.space.elements };
            let (element, position) = (*pool.choose(rng)?, group.positions().choose(rng)?);
            let occupied = code.orbits.iter().any(|orbit| orbit.letter == position.letter());
            if position.degrees_of_freedom() == 0 && occupied {
                continue;
            }
            let free = (0..position.degrees_of_freedom()).map(|_| rng.random::<f64>()).collect();
            child.orbits.push(Orbit { element, letter: position.letter(), free });
        }
        let [fewest, most] = workshop.space.atoms;
        if (fewest..=most).contains(&child.primitive_atom_count())
            && workshop.chemistry.sensible(&workshop.space, &child.composition())
        {
            return Some(child);
        }
    }
    None
}

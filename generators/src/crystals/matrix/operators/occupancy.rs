//! More or fewer atoms.

use druse_representations::MatrixCode;
use nalgebra::Vector3;
use rand::seq::IndexedRandom;
use rand::{Rng, RngExt};

use crate::crystals::building::{Contacts, Filling, Workshop};
use crate::crystals::matrix::packing::roomiest;

const TRIALS: usize = 24;
/// Most atoms that come or go at once, as charges often demand more than one.
const MOST: usize = 3;
/// Probability that an added atom is of an element which is there already.
const SAME: f64 = 0.7;
/// Draws of the place of an added atom.
const DRAWS: usize = 16;

/// Adds atoms where there is room, or removes some.
pub(super) fn add_or_remove<R: Rng + ?Sized>(
    workshop: &Workshop,
    code: &MatrixCode,
    rng: &mut R,
) -> Option<MatrixCode> {
    let [fewest, most] = workshop.space.atoms;
    for _ in 0..TRIALS {
        let mut child = code.clone();
        let times = rng.random_range(1..=MOST);
        let adding: bool = rng.random();
        for _ in 0..times {
            if adding {
                let pool = if rng.random::<f64>() < SAME { &code.species } else { &workshop.space.elements };
                child.species.push(*pool.choose(rng)?);
            } else if child.species.len() > 1 {
                let gone = rng.random_range(0..child.species.len());
                child.species.remove(gone);
                child.frac.remove(gone);
            }
        }
        let sensible = (fewest..=most).contains(&child.species.len())
            && workshop.chemistry.sensible(&workshop.space, &child.composition());
        if !sensible {
            continue;
        }
        let contacts = Contacts::of(&child.composition());
        let mut filling = Filling::new(child.lattice, &contacts);
        let kinds: Vec<usize> = child.species.iter().map(|&e| contacts.index(e)).collect::<Option<_>>()?;
        for (x, &kind) in child.frac.iter().zip(&kinds) {
            filling.add(Vector3::from(*x), kind);
        }
        for &kind in &kinds[child.frac.len()..] {
            let place = roomiest(&filling, kind, DRAWS, rng);
            filling.add(place, kind);
            child.frac.push(place.into());
        }
        return Some(child);
    }
    None
}

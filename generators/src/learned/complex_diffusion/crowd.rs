//! Other ligands around one that is learnt from.

use druse_representations::nalgebra::{Quaternion, UnitQuaternion};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use super::Point;
use super::learner::Example;

/// Sites of a metal that are taken at most.
const SITES: usize = 6;
/// Ways that ligands are tried.
const TRIES: usize = 10;

/// Ligands of `pool`, turned about the metal until they leave `example` and each other room: atomic numbers and positions.
pub fn crowd(example: &Example, pool: &[&Example], rng: &mut ChaCha8Rng) -> Vec<(u8, Point)> {
    let mut taken = example.skeleton.donors.len();
    let wanted = rng.random_range(1..SITES);
    let mut around: Vec<(u8, Point, f64)> = Vec::new();
    for _ in 0..TRIES {
        let other = pool[rng.random_range(0..pool.len())];
        if taken >= SITES || taken - example.skeleton.donors.len() >= wanted {
            break;
        }
        if taken + other.skeleton.donors.len() > SITES + 1 {
            continue;
        }
        let turn = any_rotation(rng);
        let turned: Vec<(u8, Point, f64)> =
            other.all.iter().map(|&(element, at, reach)| (element, turn * at, reach)).collect();
        let free = |(_, at, reach): &(u8, Point, f64)| {
            let apart = |(_, there, theirs): &(u8, Point, f64)| {
                (at - there).norm_squared() > (reach + theirs).powi(2)
            };
            example.all.iter().all(apart) && around.iter().all(apart)
        };
        if turned.iter().all(free) {
            taken += other.skeleton.donors.len();
            around.extend(turned);
        }
    }
    around.into_iter().map(|(element, at, _)| (element, at)).collect()
}

/// A rotation, all equally probable.
fn any_rotation(rng: &mut ChaCha8Rng) -> UnitQuaternion<f64> {
    let mut normal = || -> f64 { StandardNormal.sample(rng) };
    UnitQuaternion::from_quaternion(Quaternion::new(normal(), normal(), normal(), normal()))
}

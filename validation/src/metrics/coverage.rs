//! Coverage of a test set, by the invariants of this crate.
//!
//! CDVAE's COV-R and COV-P use CrystalNN fingerprints and Magpie descriptors; these figures use
//! [`Invariants`] and the distance of compositions instead, so they are called `invariant recall` and
//! `invariant precision` and must not be compared with the others.

use std::collections::BTreeMap;

use druse_representations::{Composition, Crystal, Element};
use rayon::prelude::*;

use super::interval::Share;
use crate::audit::SAME_BY_INVARIANTS;
use crate::fingerprint::Invariants;

/// Largest distance of invariants without regard to elements, units of (V/N)^(1/3): that of an audit
/// without coordinates.
pub const STRUCTURE_LIMIT: f32 = SAME_BY_INVARIANTS;
/// Largest distance of compositions, half the sum of the differences of the elements' shares: one of
/// four atoms may be of another element.
pub const COMPOSITION_LIMIT: f64 = 0.25;

/// A crystal made ready.
pub struct Point {
    invariants: Invariants,
    shares: BTreeMap<Element, f64>,
}

impl Point {
    /// Prepares a crystal; `None` for one without invariants.
    pub fn of(crystal: &Crystal) -> Option<Self> {
        let invariants = Invariants::of(crystal).ok()?;
        Some(Self { invariants, shares: shares(&crystal.composition()) })
    }

    fn covers(&self, other: &Self) -> bool {
        composition_distance(&self.shares, &other.shares) <= COMPOSITION_LIMIT
            && self.invariants.blind_distance(&other.invariants) <= STRUCTURE_LIMIT
    }
}

fn shares(composition: &Composition) -> BTreeMap<Element, f64> {
    composition.elements().map(|element| (element, composition.fraction(element))).collect()
}

fn composition_distance(x: &BTreeMap<Element, f64>, y: &BTreeMap<Element, f64>) -> f64 {
    let common: f64 = x.iter().filter_map(|(element, x)| y.get(element).map(|y| x.min(*y))).sum();
    1.0 - common
}

/// Share of `test` with one of `generated` within both limits (recall), and the reverse (precision);
/// crystals that have no invariants (`None`) are never covered and stay in the denominator.
pub fn coverage(test: &[Option<Point>], generated: &[Option<Point>]) -> (Share, Share) {
    let covered = |points: &[Option<Point>], by: &[Option<Point>]| Share {
        count: points
            .par_iter()
            .filter(|point| {
                point.as_ref().is_some_and(|point| by.iter().flatten().any(|other| point.covers(other)))
            })
            .count(),
        of: points.len(),
    };
    (covered(test, generated), covered(generated, test))
}

#[cfg(test)]
mod tests {
    use super::*;
    use druse_representations::Lattice;

    #[test]
    fn near_structures_of_near_compositions_cover() {
        let point = |x: &str, y: &str, z: f64| {
            let atoms = [(x, [0.0; 3]), (y, [0.5, 0.5, z])].map(|(s, x)| (s.parse().unwrap(), x));
            Point::of(&Crystal::ordered(Lattice::cubic(4.1), atoms))
        };
        let test = [point("Cs", "Cl", 0.5), point("Rb", "I", 0.5)];
        let generated = [point("Cs", "Cl", 0.51), None, point("Cs", "Cl", 0.3)];
        let (recall, precision) = coverage(&test, &generated);
        assert_eq!((recall.count, recall.of), (1, 2));
        assert_eq!((precision.count, precision.of), (1, 3));
    }
}

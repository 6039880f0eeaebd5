//! What is left of a distribution when memory counts.

use super::pdd::Pdd;

/// A few numbers of a [`Pdd`] that tell how far apart two crystals are at least, so that most of them
/// need not be compared at length.
#[derive(Clone, Debug, PartialEq)]
pub struct Outline {
    /// For each element its share of the atoms, then mean distances to a few neighbours of any element.
    numbers: Box<[f32]>,
}

impl Outline {
    /// Neighbours of any element, from 0.
    const NEIGHBOURS: [usize; 8] = [0, 1, 3, 5, 8, 13, 25, 63];

    /// Outline of a distribution.
    pub fn of(pdd: &Pdd) -> Self {
        let numbers = pdd.rows_of_elements().flat_map(|rows| {
            let share: f64 = rows.weights.iter().sum();
            let mean = rows.mean();
            std::iter::once(share).chain(Self::NEIGHBOURS.map(|column| mean[column])).map(|x| x as f32)
        });
        Self { numbers: numbers.collect() }
    }

    /// Lower bound of the [distance](Pdd::distance) between crystals of the same elements, in its unit:
    /// rows cannot be moved onto others for less than what their means differ by. Rounding is allowed for.
    pub fn least_distance(&self, other: &Self) -> f64 {
        /// Rounding of the numbers and of the distances.
        const ROUNDING: f32 = 1e-4;
        let width = 1 + Self::NEIGHBOURS.len();
        let mut distance = 0.0;
        for (x, y) in self.numbers.chunks_exact(width).zip(other.numbers.chunks_exact(width)) {
            let differences = x[1..].iter().zip(&y[1..]).map(|(x, y)| (x - y).abs());
            distance += (x[0] + y[0]) / 2.0 * differences.fold(0.0, f32::max);
        }
        f64::from((distance - ROUNDING).max(0.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fingerprint::testing::{any_crystal, moved};
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn a_lower_bound(
            crystal in any_crystal(),
            directions in prop::collection::vec(prop::array::uniform3(-1.0..1.0f64), 6),
            most in 0.0..0.5f64,
        ) {
            let (x, y) = (Pdd::of(&crystal).unwrap(), Pdd::of(&moved(&crystal, &directions, most)).unwrap());
            let least = Outline::of(&x).least_distance(&Outline::of(&y));
            let distance = x.distance(&y).unwrap();
            prop_assert!(least <= distance, "{least} {distance}");
            prop_assert_eq!(Outline::of(&x).least_distance(&Outline::of(&x)), 0.0);
        }
    }
}

//! A few numbers per crystal that order candidates by likeness.

use druse_representations::{Crystal, Element};

use super::error::FingerprintError;
use super::pdd::Table;
use super::points::{Points, occupancies};

/// Average minimum distances at a few k: for all sites alike, and for every ordered pair of elements.
///
/// `blind[i]` is the mean over all atoms of the distance to the `BLIND_K[i]`-th nearest site of any
/// element; `resolved` holds, for centre A, neighbour B and i (in this order, the last fastest; elements
/// in ascending order), the mean over the A atoms of the distance to the `RESOLVED_K[i]`-th nearest B. All
/// in units of (V/N)^(1/3); partly occupied sites count as for [`Pdd`](super::Pdd).
///
/// The same for every cell, supercell, origin, order, orientation, mirror image and volume. No number
/// changes by more than 2e (N/V)^(1/3) when no atom moves by more than e (Å), so neither does a distance;
/// means over many atoms change much less when atoms move at random.
#[derive(Clone, Debug, PartialEq)]
pub struct Invariants {
    /// Elements in ascending order.
    pub elements: Vec<Element>,
    /// Numbers for every ordered pair of elements.
    pub resolved: Vec<f32>,
    /// Numbers for all sites alike.
    pub blind: [f32; 16],
}

impl Invariants {
    /// Neighbours of any element that are looked at. Cubic and hexagonal close packing differ from the
    /// 19th on only.
    pub const BLIND_K: [usize; 16] = [1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 24, 32, 40];
    /// Neighbours of each element that are looked at.
    pub const RESOLVED_K: [usize; 4] = [2, 4, 8, 16];

    /// Crystals whose [resolved distance](Self::resolved_distance) is below this are near duplicates by
    /// their invariants, even when one of them comes from a file of bytes.
    ///
    /// Chosen on the 7,156 labelled pairs of `novelty/` (Materials Project, AFLOW and others; see
    /// `validation/tests/fingerprint.rs`, which prints the whole table). Percent of the pairs below the
    /// threshold, one of the two rounded to bytes:
    ///
    /// | pairs | 0.02 | 0.04 | 0.06 | 0.08 | 0.1 |
    /// |---|---|---|---|---|---|
    /// | same crystal in any cell, scaled or not | 100 | 100 | 100 | 100 | 100 |
    /// | atoms moved by 0.05 Å (rms) | 37 | 94 | 100 | 100 | 100 |
    /// | by 0.1 Å; in a doubled cell | 2; 2 | 40; 46 | 83; 85 | 99; 97 | 99; 99 |
    /// | by 0.2 Å; in a doubled cell | 1; 0 | 3; 3 | 15; 13 | 40; 45 | 65; 75 |
    /// | strained by 2 % | 25 | 84 | 96 | 100 | 100 |
    /// | strained by 5 % | 1 | 14 | 44 | 75 | 89 |
    /// | two atoms exchanged in a doubled cell | 0 | 1.4 | 1.4 | 2.1 | 7.0 |
    /// | other order of the same atoms | 0 | 0 | 0 | 0 | 0.9 |
    /// | polymorphs that pymatgen tells apart | 0.6 | 2.1 | 4.2 | 7.2 | 12 |
    pub const NEAR: f32 = 0.06;

    /// Below this they are equal but for rounding and a hundredth of an Å, on the same evidence.
    pub const EQUAL: f32 = 0.02;

    /// Invariants of a crystal.
    ///
    /// # Errors
    /// As [`Pdd::of`](super::Pdd::of).
    pub fn of(crystal: &Crystal) -> Result<Self, FingerprintError> {
        let points = Points::of(crystal)?;
        let occupancies = occupancies(crystal, |element| element)?;
        let [any, each] = [Self::BLIND_K[15], Self::RESOLVED_K[3]];
        let table = Table::new(&points, &occupancies, any, each)?;
        let total: f64 = occupancies.iter().map(|occupancy| occupancy.share).sum();
        let unit = (points.volume / total).cbrt();
        let mut blind = [0.0_f64; 16];
        let count = table.elements.len() * Self::RESOLVED_K.len();
        let mut resolved = Vec::with_capacity(table.elements.len() * count);
        for &element in &table.elements {
            let mut sums = vec![0.0_f64; count];
            let mut weight = 0.0;
            for (row, atoms) in table.rows_of(element, &occupancies) {
                weight += atoms;
                for (sum, k) in blind.iter_mut().zip(Self::BLIND_K) {
                    *sum += atoms * f64::from(row[k - 1]);
                }
                let places = (0..table.elements.len())
                    .flat_map(|number| Self::RESOLVED_K.map(|k| any + number * each + k - 1));
                sums.iter_mut().zip(places).for_each(|(sum, place)| *sum += atoms * f64::from(row[place]));
            }
            resolved.extend(sums.iter().map(|sum| (sum / weight / unit) as f32));
        }
        Ok(Self { elements: table.elements, resolved, blind: blind.map(|sum| (sum / total / unit) as f32) })
    }

    /// Largest difference of any of the numbers, in units of (V/N)^(1/3); `None` when the elements
    /// differ.
    pub fn resolved_distance(&self, other: &Self) -> Option<f32> {
        let same = self.elements == other.elements;
        same.then(|| largest(&self.resolved, &other.resolved).max(self.blind_distance(other)))
    }

    /// Largest difference of the numbers for all sites alike, in the same unit.
    pub fn blind_distance(&self, other: &Self) -> f32 {
        largest(&self.blind, &other.blind)
    }
}

fn largest(x: &[f32], y: &[f32]) -> f32 {
    x.iter().zip(y).map(|(x, y)| (x - y).abs()).fold(0.0, f32::max)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fingerprint::testing::{any_crystal, any_setting, el, moved};
    use druse_representations::Lattice;
    use proptest::prelude::*;

    fn invariants(crystal: &Crystal) -> Invariants {
        Invariants::of(crystal).unwrap()
    }

    #[test]
    fn rock_salt_by_hand() {
        let lattice = Lattice::from_rows([[0.0, 1.0, 1.0], [1.0, 0.0, 1.0], [1.0, 1.0, 0.0]]);
        let salt = Crystal::ordered(lattice, [(el("Na"), [0.0; 3]), (el("Cl"), [0.5; 3])]);
        let invariants = invariants(&salt);
        // V/N = 1. Na-Na: 12 at √2, 6 at 2; Na-Cl: 6 at 1, 8 at √3, 24 at √5. At k = 2, 4, 8, 16:
        let (alike, other) = ([2f32, 2.0, 2.0, 4.0], [1f32, 1.0, 3.0, 5.0]);
        let expected = [alike, other, other, alike].concat();
        for (found, squared) in invariants.resolved.iter().zip(expected) {
            assert!((found - squared.sqrt()).abs() < 1e-6);
        }
        assert!(
            (invariants.blind[0] - 1.0).abs() < 1e-6 && (invariants.blind[15] - 5f32.sqrt()).abs() < 1e-6
        );
    }

    #[test]
    fn close_packings_differ() {
        let cubic = Lattice::from_rows([[0.0, 1.0, 1.0], [1.0, 0.0, 1.0], [1.0, 1.0, 0.0]]);
        let cubic = Crystal::ordered(cubic, [(el("Co"), [0.0; 3])]);
        let hexagonal = Lattice::from_parameters([1.0, 1.0, (8f64 / 3.0).sqrt(), 90.0, 90.0, 120.0]).unwrap();
        let third = 1.0 / 3.0;
        let atoms = [(el("Co"), [third, 2.0 * third, 0.25]), (el("Co"), [2.0 * third, third, 0.75])];
        let hexagonal = Crystal::ordered(hexagonal, atoms);
        assert!(invariants(&cubic).resolved_distance(&invariants(&hexagonal)).unwrap() > 0.1);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn the_same_in_every_setting(crystal in any_crystal(), setting in any_setting(), scale in 0.7..1.5f64) {
            let mut other = setting.of(&crystal);
            other.lattice = Lattice::from_matrix(other.lattice.matrix() * scale);
            let distance = invariants(&crystal).resolved_distance(&invariants(&other)).unwrap();
            prop_assert!(distance < 3e-5, "{distance}");
        }

        #[test]
        fn continuous(
            crystal in any_crystal(),
            directions in prop::collection::vec(prop::array::uniform3(-1.0..1.0f64), 6),
            most in 0.0..0.3f64,
        ) {
            let unit = (crystal.lattice.volume() / crystal.sites.len() as f64).cbrt();
            let (x, y) = (invariants(&crystal), invariants(&moved(&crystal, &directions, most)));
            prop_assert!(f64::from(x.resolved_distance(&y).unwrap()) <= 2.0 * most / unit + 1e-5);
        }
    }
}

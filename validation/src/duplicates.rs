//! Duplicates inside a campaign.

use std::collections::BTreeMap;

use druse_representations::{Crystal, Design};
use sha2::{Digest, Sha256};

use crate::compact::CompactCrystal;
use crate::fingerprint::{Outline, Pdd};
use crate::novelty::Duplicates;

/// Finds crystals that repeat an earlier one.
///
/// Two crystals are duplicates when they have the same reduced formula and
/// [distance distributions](Pdd) that are less than the tolerance apart. Cell,
/// supercell and volume do not count, so a crystal before and after a breathing relaxation is one,
/// and so are two relaxations into one minimum that stopped at different remains of symmetry.
/// Mirror images count as one.
///
/// Of each crystal about 300 bytes are kept; its distributions, which are ten times as large, are made
/// again for the few that may be near.
pub struct CrystalDuplicates {
    tolerance: f64,
    /// By formula, in order of number.
    known: BTreeMap<String, Vec<Known>>,
}

struct Known {
    number: u64,
    outline: Outline,
    crystal: CompactCrystal,
}

impl CrystalDuplicates {
    /// Usual tolerance in units of the cube root of the volume per atom, about 0.05 Å.
    pub const TOLERANCE: f64 = 0.02;

    /// Compares with this tolerance.
    pub fn new(tolerance: f64) -> Self {
        Self { tolerance, known: BTreeMap::new() }
    }

    /// Number of remembered crystals.
    pub fn len(&self) -> usize {
        self.known.values().map(Vec::len).sum()
    }

    /// Whether none is remembered.
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }
}

impl Default for CrystalDuplicates {
    /// Compares with the usual tolerance.
    fn default() -> Self {
        Self::new(Self::TOLERANCE)
    }
}

/// Finds designs with the [identity](Design::content_id) of an earlier one. For complexes this says all;
/// of crystals it sees only copies in the same cell ([`CrystalDuplicates`] sees the others).
///
/// Of each design 24 bytes are kept: identities are compared by the first half of their SHA-256.
#[derive(Clone, Debug, Default)]
pub struct IdentityDuplicates {
    first: BTreeMap<[u8; 16], u64>,
}

/// The first half of the SHA-256 of a design's identity.
fn key<D: Design>(design: &D) -> [u8; 16] {
    let hash = Sha256::digest(design.content_id());
    std::array::from_fn(|i| hash[i])
}

impl IdentityDuplicates {
    /// Number of different designs that are remembered.
    pub fn len(&self) -> usize {
        self.first.len()
    }

    /// Whether none is remembered.
    pub fn is_empty(&self) -> bool {
        self.first.is_empty()
    }
}

impl<D: Design> Duplicates<D> for IdentityDuplicates {
    fn find(&self, design: &D) -> Option<u64> {
        self.first.get(&key(design)).copied()
    }

    fn insert(&mut self, number: u64, design: &D) {
        let first = self.first.entry(key(design)).or_insert(number);
        *first = number.min(*first);
    }
}

impl Duplicates<Crystal> for CrystalDuplicates {
    fn find(&self, design: &Crystal) -> Option<u64> {
        let known = self.known.get(&Design::composition(design).reduced_formula())?;
        let distances = Pdd::of(design).ok()?;
        let outline = Outline::of(&distances);
        let near = |other: &&Known| {
            other.outline.least_distance(&outline) < self.tolerance
                && Pdd::of(&other.crystal.expand())
                    .is_ok_and(|other| other.distance(&distances).is_some_and(|d| d < self.tolerance))
        };
        known.iter().find(near).map(|known| known.number)
    }

    /// Crystals without distances (no volume, bad coordinates) are not remembered.
    fn insert(&mut self, number: u64, design: &Crystal) {
        if let Ok(distances) = Pdd::of(design) {
            let formula = Design::composition(design).reduced_formula();
            let known = self.known.entry(formula).or_default();
            let place = known.partition_point(|known| known.number <= number);
            let (outline, crystal) = (Outline::of(&distances), CompactCrystal::of(design));
            known.insert(place, Known { number, outline, crystal });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use druse_representations::Lattice;

    fn crystal(symbols: [&str; 2], edge: f64, x: f64) -> Crystal {
        let atoms = symbols.map(|symbol| symbol.parse().unwrap()).into_iter().zip([[0.0; 3], [x, 0.5, 0.5]]);
        Crystal::ordered(Lattice::cubic(edge), atoms)
    }

    #[test]
    fn repeats_are_found() {
        let mut duplicates = CrystalDuplicates::default();
        assert_eq!(duplicates.find(&crystal(["Cs", "Cl"], 4.12, 0.5)), None);
        duplicates.insert(3, &crystal(["Cs", "Cl"], 4.12, 0.5));
        duplicates.insert(7, &crystal(["Cs", "Cl"], 4.12, 0.5));
        assert_eq!(duplicates.len(), 2);
        // Another volume and another order of sites are the same crystal ...
        assert_eq!(duplicates.find(&crystal(["Cl", "Cs"], 4.5, 0.5)), Some(3));
        assert_eq!(duplicates.find(&crystal(["Cs", "Cl"], 4.12, 0.503)), Some(3));
        // ... another position and another element are not.
        assert_eq!(duplicates.find(&crystal(["Cs", "Cl"], 4.12, 0.4)), None);
        assert_eq!(duplicates.find(&crystal(["Cs", "Br"], 4.12, 0.5)), None);
    }

    #[test]
    fn remains_of_symmetry_do_not_tell_apart() {
        let mut duplicates = CrystalDuplicates::default();
        duplicates.insert(5, &crystal(["Cs", "Cl"], 4.12, 0.5));
        // 0.02 Å off the centre: another space group, the same minimum; 0.2 Å is a polar phase.
        assert_eq!(duplicates.find(&crystal(["Cs", "Cl"], 4.12, 0.495)), Some(5));
        assert_eq!(duplicates.find(&crystal(["Cs", "Cl"], 4.12, 0.45)), None);
    }

    #[test]
    fn broken_crystals_are_never_duplicates() {
        let mut duplicates = CrystalDuplicates::default();
        let flat = crystal(["Cs", "Cl"], 0.0, 0.5);
        duplicates.insert(0, &flat);
        assert!(duplicates.is_empty());
        assert_eq!(duplicates.find(&flat), None);
    }
}

//! Keys of the buckets.

use druse_representations::{Crystal, Element};
use sha2::{Digest, Sha256};

/// An element of a crystal.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Amount {
    pub element: Element,
    /// Atoms in the cell.
    pub amount: f64,
    /// Whether it shares a site with another element.
    pub mixed: bool,
}

/// Elements of a crystal in ascending order, with their amounts.
pub(super) fn amounts(crystal: &Crystal) -> Vec<Amount> {
    let mut all: Vec<Amount> = Vec::new();
    for site in &crystal.sites {
        let present = |element| site.occupants.iter().any(|o| o.element == element && o.occupancy > 0.0);
        for occupant in site.occupants.iter().filter(|occupant| occupant.occupancy > 0.0) {
            let mixed = site.occupants.iter().any(|o| o.element != occupant.element && present(o.element));
            match all.iter_mut().find(|known| known.element == occupant.element) {
                Some(known) => {
                    known.amount += occupant.occupancy;
                    known.mixed |= mixed;
                }
                None => all.push(Amount { element: occupant.element, amount: occupant.occupancy, mixed }),
            }
        }
    }
    all.sort_by_key(|known| known.element);
    all
}

/// Keys of the buckets that a crystal belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Keys {
    /// Anonymous formula and reduced composition: entries are ordered by this pair.
    pub formula: (u64, u64),
    /// Bit Z is set for every element.
    pub elements: u128,
    /// The same for elements that share sites.
    pub mixed: u128,
}

impl Keys {
    pub fn of(amounts: &[Amount]) -> Self {
        let total: f64 = amounts.iter().map(|known| known.amount).sum();
        let shares: Vec<u64> = amounts.iter().map(|known| share(known.amount / total)).collect();
        let named = amounts.iter().zip(&shares).map(|(known, &x)| (known.element.atomic_number(), x));
        let mut sorted = shares.clone();
        sorted.sort_unstable();
        let bits = |wanted: fn(&Amount) -> bool| {
            amounts.iter().filter(|known| wanted(known)).fold(0, |set, known| set | bit(known.element))
        };
        Self {
            formula: (hash(sorted.iter().map(|&x| (0, x))), hash(named)),
            elements: bits(|_| true),
            mixed: bits(|known| known.mixed),
        }
    }

    /// Sets of elements under which an entry is found: its own, and without one of those that share
    /// sites.
    pub fn systems(&self) -> impl Iterator<Item = u128> + '_ {
        let without = (0..128).map(|z| 1 << z).filter(|bit| self.mixed & bit != 0);
        std::iter::once(self.elements).chain(without.map(|bit| self.elements & !bit))
    }
}

fn bit(element: Element) -> u128 {
    1 << element.atomic_number()
}

/// A share of atoms in steps of 1e-6. Steps do not change at the middle between two of them, where
/// simple ratios such as 1/128 lie, so that rounding errors cannot tear equal compositions apart.
fn share(x: f64) -> u64 {
    (x * 1e6 + 0.5137).floor() as u64
}

/// First 64 bits of SHA-256: among a million entries two different formulas share a key with
/// a probability of 3e-8, and would then only be compared in vain.
fn hash(parts: impl Iterator<Item = (u8, u64)>) -> u64 {
    let mut hasher = Sha256::new();
    for (z, x) in parts {
        hasher.update([z]);
        hasher.update(x.to_le_bytes());
    }
    let digest = hasher.finalize();
    digest.iter().take(8).fold(0, |key, &byte| key << 8 | u64::from(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(formula: &str) -> Keys {
        let composition: druse_representations::Composition = formula.parse().unwrap();
        let amounts: Vec<Amount> =
            composition.iter().map(|(element, amount)| Amount { element, amount, mixed: false }).collect();
        Keys::of(&amounts)
    }

    #[test]
    fn equal_ratios_have_equal_keys() {
        assert_eq!(keys("Mg2Al4O8"), keys("MgAl2O4"));
        assert_eq!(keys("Na0.5K0.5Cl"), keys("NaKCl2"));
        assert_eq!(keys("NaCl").formula.0, keys("LiF").formula.0);
        assert_eq!(keys("CaF2").formula.0, keys("Na2O").formula.0);
        assert_ne!(keys("NaCl").formula.1, keys("LiF").formula.1);
        assert_ne!(keys("Na2O").formula.0, keys("Na2O3").formula.0);
        // 1/128 lies in the middle between two steps of 1e-6.
        assert_eq!(keys("NaCl127"), keys("Na0.1Cl12.7"));
    }

    #[test]
    fn a_mixed_element_may_be_absent() {
        let symbol = |text: &str| text.parse::<Element>().unwrap();
        let amount = |text, mixed| Amount { element: symbol(text), amount: 1.0, mixed };
        let keys = Keys::of(&[amount("O", false), amount("Cr", true), amount("Ta", true)]);
        let [o, cr, ta] = ["O", "Cr", "Ta"].map(|text| bit(symbol(text)));
        assert_eq!(keys.systems().collect::<Vec<_>>(), [o | cr | ta, o | ta, o | cr]);
    }
}

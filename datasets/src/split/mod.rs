//! Splits into training, validation and test sets whose groups never straddle.

mod prototype;

use std::collections::BTreeMap;
use std::fmt;

use druse_representations::io::Record;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

pub use prototype::prototype_of;

/// A part of a split.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// For training.
    Train,
    /// For choosing among models.
    Validation,
    /// For the final figures.
    Test,
}

impl Part {
    /// All parts in order.
    pub const ALL: [Self; 3] = [Self::Train, Self::Validation, Self::Test];
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Train => "train",
            Self::Validation => "validation",
            Self::Test => "test",
        })
    }
}

/// What must stay together.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SplitBy {
    /// Structures with the same reduced formula.
    Formula,
    /// Structures of the same prototype ([`prototype_of`]), with this symprec (Å).
    Prototype {
        /// Tolerance of the symmetry search (Å).
        symprec: f64,
    },
}

/// Fractions that make no split.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("fractions {0:?} for train, validation and test; expected numbers from 0 to 1 that add up to 1")]
pub struct BadFractions(pub [f64; 3]);

/// The group of every structure, in order. A structure whose symmetry cannot be found is grouped by
/// its anonymous formula.
pub fn groups(records: &[Record], by: SplitBy) -> Vec<String> {
    match by {
        SplitBy::Formula => {
            records.iter().map(|record| record.crystal.composition().reduced_formula()).collect()
        }
        SplitBy::Prototype { symprec } => records
            .par_iter()
            .map(|record| {
                prototype_of(&record.crystal, symprec)
                    .unwrap_or_else(|_| record.crystal.composition().anonymous_formula())
            })
            .collect(),
    }
}

/// Assigns every item to a part so that items of one group stay together. `fractions` are those of
/// train, validation and test; they are met up to the size of single groups.
///
/// Groups are put in an order that only the seed and their names decide (SHA-256), so the result
/// depends neither on the order of the items nor on the machine.
///
/// # Errors
/// When the fractions do not add up to 1.
pub fn split(groups: &[String], fractions: [f64; 3], seed: u64) -> Result<Vec<Part>, BadFractions> {
    let sum: f64 = fractions.iter().sum();
    if fractions.iter().any(|x| !(0.0..=1.0).contains(x)) || (sum - 1.0).abs() > 1e-9 {
        return Err(BadFractions(fractions));
    }
    let mut sizes: BTreeMap<&str, usize> = BTreeMap::new();
    for group in groups {
        *sizes.entry(group).or_default() += 1;
    }
    let mut order: Vec<([u8; 32], &str, usize)> = sizes
        .into_iter()
        .map(|(group, size)| {
            let mut hasher = Sha256::new();
            hasher.update(seed.to_le_bytes());
            hasher.update(group);
            (hasher.finalize().into(), group, size)
        })
        .collect();
    order.sort_unstable();
    // A group belongs to the part in which the middle of its stretch lies.
    let total = groups.len() as f64;
    let ends = [fractions[0] * total, (fractions[0] + fractions[1]) * total];
    let mut part_of: BTreeMap<&str, Part> = BTreeMap::new();
    let mut before = 0;
    for (_, group, size) in order {
        let middle = before as f64 + size as f64 / 2.0;
        let part = match middle {
            x if x <= ends[0] && fractions[0] > 0.0 => Part::Train,
            x if x <= ends[1] && fractions[1] > 0.0 => Part::Validation,
            _ if fractions[2] > 0.0 => Part::Test,
            _ if fractions[1] > 0.0 => Part::Validation,
            _ => Part::Train,
        };
        part_of.insert(group, part);
        before += size;
    }
    Ok(groups.iter().map(|group| part_of[group.as_str()]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn names(numbers: &[u16]) -> Vec<String> {
        numbers.iter().map(|n| format!("g{n}")).collect()
    }

    #[test]
    fn fractions_are_met_and_the_seed_matters() {
        let groups: Vec<String> = (0..4000).map(|i| format!("g{}", i / 2)).collect();
        let parts = split(&groups, [0.8, 0.1, 0.1], 7).unwrap();
        let count = |part| parts.iter().filter(|&&p| p == part).count() as i64;
        assert!((count(Part::Train) - 3200).abs() <= 2 && (count(Part::Test) - 400).abs() <= 2);
        assert_eq!(parts, split(&groups, [0.8, 0.1, 0.1], 7).unwrap());
        assert_ne!(parts, split(&groups, [0.8, 0.1, 0.1], 8).unwrap());
    }

    #[test]
    fn fixed_by_the_seed_on_every_machine() {
        let parts = split(&names(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]), [0.6, 0.2, 0.2], 42).unwrap();
        let text: Vec<String> = parts.iter().map(|part| part.to_string()[..2].to_owned()).collect();
        // The same by Python's hashlib.
        assert_eq!(text.join(" "), "tr tr te tr va tr tr tr va te");
    }

    #[test]
    fn impossible_fractions() {
        assert!(split(&names(&[1]), [0.8, 0.1, 0.2], 0).is_err());
        assert!(split(&names(&[1]), [1.2, -0.2, 0.0], 0).is_err());
        assert!(split(&names(&[1]), [f64::NAN, 0.5, 0.5], 0).is_err());
        assert_eq!(split(&names(&[1, 2]), [0.0, 1.0, 0.0], 0), Ok(vec![Part::Validation; 2]));
        assert_eq!(split(&[], [1.0, 0.0, 0.0], 0), Ok(vec![]));
    }

    proptest! {
        #[test]
        fn groups_never_straddle_and_order_is_free(numbers in prop::collection::vec(0u16..40, 1..200), seed: u64) {
            let groups = names(&numbers);
            let parts = split(&groups, [0.7, 0.2, 0.1], seed).unwrap();
            let mut of_group = BTreeMap::new();
            for (group, &part) in groups.iter().zip(&parts) {
                prop_assert_eq!(*of_group.entry(group).or_insert(part), part);
            }
            let mut backwards: Vec<String> = groups.clone();
            backwards.reverse();
            let mut again = split(&backwards, [0.7, 0.2, 0.1], seed).unwrap();
            again.reverse();
            prop_assert_eq!(parts, again);
        }
    }
}

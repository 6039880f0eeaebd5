//! Space groups and Wyckoff templates of many crystals.

use std::collections::{BTreeMap, BTreeSet};

use druse_datasets::split::prototype_of;
use druse_representations::Crystal;
use druse_representations::symmetry::{SymmetryError, analyse};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Tolerance (Å) of the search for symmetry where none is given: that of WyFormer's evaluation
/// (N. Kazeev et al., arXiv:2503.02407), loose enough for structures straight from a generator.
pub const SYMPREC: f64 = 0.1;

/// What the symmetry of a crystal is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Symmetry {
    /// Space group number.
    pub space_group: u8,
    /// Anonymous formula, space group and occupied Wyckoff positions, as [`prototype_of`] writes them;
    /// `None` for disordered crystals and where the positions cannot be told.
    pub template: Option<String>,
}

impl Symmetry {
    /// Analyses a crystal within `symprec` (Å).
    ///
    /// # Errors
    /// When the search fails.
    pub fn of(crystal: &Crystal, symprec: f64) -> Result<Self, SymmetryError> {
        let space_group = analyse(crystal, symprec)?.number;
        let template = prototype_of(crystal, symprec).ok();
        Ok(Self { space_group, template })
    }
}

/// Space groups and templates of a reference.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SymmetryStatistics {
    /// Crystals in each space group.
    pub space_groups: BTreeMap<u8, usize>,
    /// All templates.
    pub templates: BTreeSet<String>,
    /// Crystals whose symmetry could not be found.
    pub failed: usize,
}

impl SymmetryStatistics {
    /// Statistics of crystals, which are analysed side by side.
    pub fn of<'a>(crystals: impl IntoParallelIterator<Item = &'a Crystal>, symprec: f64) -> Self {
        let of_one = |crystal: &Crystal| {
            let mut one = Self::default();
            match Symmetry::of(crystal, symprec) {
                Ok(found) => {
                    one.space_groups.insert(found.space_group, 1);
                    one.templates.extend(found.template);
                }
                Err(_) => one.failed = 1,
            }
            one
        };
        crystals.into_par_iter().map(of_one).reduce(Self::default, Self::and)
    }

    /// Those of both.
    pub fn and(mut self, mut other: Self) -> Self {
        if self.templates.len() < other.templates.len() {
            std::mem::swap(&mut self, &mut other);
        }
        for (group, count) in other.space_groups {
            *self.space_groups.entry(group).or_insert(0) += count;
        }
        self.templates.extend(other.templates);
        self.failed += other.failed;
        self
    }

    /// Crystals that were analysed.
    pub fn analysed(&self) -> usize {
        self.space_groups.values().sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use druse_representations::Lattice;

    #[test]
    fn groups_and_templates_are_counted() {
        let salt = |x: &str, y: &str, shift: f64| {
            let atoms = [(x, [0.0; 3]), (y, [0.5, 0.5, 0.5 + shift])];
            Crystal::ordered(Lattice::cubic(4.1), atoms.map(|(symbol, x)| (symbol.parse().unwrap(), x)))
        };
        let crystals = [
            salt("Cs", "Cl", 0.0),
            salt("Au", "Cs", 0.01),
            salt("Cs", "Cl", 0.1),
            salt("Cs", "Cl", f64::NAN),
        ];
        let statistics = SymmetryStatistics::of(&crystals, SYMPREC);
        assert_eq!(statistics.space_groups, BTreeMap::from([(99, 1), (221, 2)]));
        assert!(statistics.templates.contains("AB 221|a:A|b:B") && statistics.templates.len() == 2);
        assert_eq!((statistics.failed, statistics.analysed()), (1, 3));
    }
}

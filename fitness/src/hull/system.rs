//! The phases of one chemical system, laid out for the linear programme.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use druse_representations::{Composition, Element};

/// Systems kept in memory; a campaign rarely visits more, and each takes some ten kilobytes.
const CACHED_SYSTEMS: usize = 4096;

/// A set of elements, one bit per atomic number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct ElementSet(u128);

impl ElementSet {
    /// The elements that are present in `composition` with a positive amount.
    pub fn of(composition: &Composition) -> Self {
        composition.iter().filter(|&(_, amount)| amount > 0.0).map(|(element, _)| element).collect()
    }

    /// The elements by atomic number.
    pub fn elements(self) -> Vec<Element> {
        Element::all().filter(|element| self.0 & (1 << element.atomic_number()) != 0).collect()
    }

    /// All non-empty subsets, in ascending order of their bits.
    pub fn subsets(self) -> impl Iterator<Item = Self> {
        let mut next = Some(0_u128);
        std::iter::from_fn(move || {
            let subset = (next?.wrapping_sub(self.0)) & self.0;
            next = (subset != self.0).then_some(subset);
            (subset != 0).then_some(Self(subset))
        })
    }

    pub fn is_subset_of(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }

    pub fn len(self) -> u32 {
        self.0.count_ones()
    }
}

impl FromIterator<Element> for ElementSet {
    fn from_iter<I: IntoIterator<Item = Element>>(elements: I) -> Self {
        Self(elements.into_iter().fold(0, |bits, element| bits | 1 << element.atomic_number()))
    }
}

/// The phases that consist of some of the elements of one system.
pub(super) struct ChemicalSystem {
    /// The elements by atomic number: the rows.
    pub elements: Vec<Element>,
    /// The phases (indices into the diagram), ascending: the columns.
    pub phases: Vec<usize>,
    /// `rows[j * phases.len() + i]`: atomic fraction of element j in phase i.
    pub rows: Vec<f64>,
    /// Formation energy (eV/atom) of the lowest entry of each phase.
    pub costs: Vec<f64>,
    /// Column of each pure element.
    pub pure: Vec<usize>,
    /// Columns on the hull, once somebody asked.
    pub stable: OnceLock<Vec<usize>>,
}

/// Systems by element set. What is in it never changes a result, only the time to it.
#[derive(Default)]
pub(super) struct SystemCache(RwLock<HashMap<ElementSet, Arc<ChemicalSystem>>>);

impl SystemCache {
    /// The system of `set`, made by `make` at the first call.
    pub fn get<E>(
        &self,
        set: ElementSet,
        make: impl FnOnce() -> Result<ChemicalSystem, E>,
    ) -> Result<Arc<ChemicalSystem>, E> {
        // The map is whole between any two statements, so a panic elsewhere does no harm to it.
        if let Some(system) = self.0.read().unwrap_or_else(PoisonError::into_inner).get(&set) {
            return Ok(Arc::clone(system));
        }
        let system = Arc::new(make()?);
        let mut cache = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if cache.len() >= CACHED_SYSTEMS {
            cache.clear();
        }
        cache.insert(set, Arc::clone(&system));
        Ok(system)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subsets_are_complete() {
        let set = ElementSet::of(&"LiFePO4".parse().unwrap());
        let subsets: Vec<ElementSet> = set.subsets().collect();
        assert_eq!(subsets.len(), 15);
        assert!(subsets.is_sorted() && subsets.iter().all(|s| s.is_subset_of(set)));
        assert_eq!(subsets[14], set);
        assert_eq!(ElementSet(0).subsets().count(), 0);
    }
}

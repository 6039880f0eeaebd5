//! Searching the library.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use druse_representations::Element;
use serde::{Deserialize, Serialize};

use super::{LigandLibrary, LigandRecord};

/// Which ligands are wanted. An empty set, or `None`, asks for nothing; all other wishes must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Query {
    /// Allowed numbers of sites.
    pub denticities: BTreeSet<usize>,
    /// Element of each site in any order, for instance N and O for 8-hydroxyquinolinate.
    pub donors: Vec<Element>,
    /// Allowed elements of sites.
    pub donor_elements: BTreeSet<Element>,
    /// Allowed elements of all atoms.
    pub elements: BTreeSet<Element>,
    /// Allowed charges.
    pub charges: BTreeSet<i32>,
    /// Fewest atoms, hydrogens included.
    pub min_atoms: Option<usize>,
    /// Most atoms, hydrogens included.
    pub max_atoms: Option<usize>,
    /// Allowed arrangements of donors, by MetaLig's names.
    pub archetypes: BTreeSet<String>,
    /// Metals of which at least one must have been seen with the ligand.
    pub metals: BTreeSet<Element>,
    /// Fewest occurrences in crystals (with these metals, where any are given).
    pub min_occurrences: u32,
    /// Whether any donor is a group of atoms.
    pub haptic: Option<bool>,
    /// Whether all bond orders are known.
    pub orders_known: Option<bool>,
    /// Part of the name, or the formula in Hill's order; letter case counts in formulas only.
    pub text: Option<String>,
}

fn allows<T: Ord>(allowed: &BTreeSet<T>, value: &T) -> bool {
    allowed.is_empty() || allowed.contains(value)
}

impl Query {
    /// Occurrences in crystals that count: with the metals, where any are given.
    fn occurrences(&self, record: &LigandRecord<'_>) -> u32 {
        if self.metals.is_empty() {
            return record.occurrences();
        }
        record.sightings().filter(|seen| self.metals.contains(&seen.metal)).map(|seen| seen.count).sum()
    }

    /// Whether a ligand is wanted; tests that need its data come last.
    fn accepts(&self, record: &LigandRecord<'_>) -> bool {
        let occurrences = self.occurrences(record);
        allows(&self.denticities, &record.denticity())
            && allows(&self.charges, &record.charge())
            && self.min_atoms.is_none_or(|atoms| atoms <= record.atoms())
            && self.max_atoms.is_none_or(|atoms| atoms >= record.atoms())
            && self.haptic.is_none_or(|haptic| haptic == record.is_haptic())
            && self.orders_known.is_none_or(|known| known == record.orders_known())
            && (self.archetypes.is_empty() || self.archetypes.contains(record.archetype()))
            && occurrences >= self.min_occurrences.max(u32::from(!self.metals.is_empty()))
            && self.donors_fit(record)
            && (self.elements.is_empty() || record.elements().all(|element| self.elements.contains(&element)))
            && self.text.as_ref().is_none_or(|text| {
                record.name().to_lowercase().contains(&text.to_lowercase()) || record.formula() == *text
            })
    }

    fn donors_fit(&self, record: &LigandRecord<'_>) -> bool {
        if self.donors.is_empty() && self.donor_elements.is_empty() {
            return true;
        }
        let found = record.donors();
        let mut asked = self.donors.clone();
        asked.sort_unstable();
        (asked.is_empty() || asked == found)
            && found.iter().all(|element| allows(&self.donor_elements, element))
    }
}

impl LigandLibrary {
    /// Indices of the wanted ligands: those seen most often (with the metals of the query) first,
    /// then in the order of the library.
    pub fn search(&self, query: &Query) -> Vec<usize> {
        let mut found: Vec<(Reverse<u32>, usize)> = self
            .records()
            .filter(|record| query.accepts(record))
            .map(|record| (Reverse(query.occurrences(&record)), record.index()))
            .collect();
        found.sort_unstable();
        found.into_iter().map(|(_, index)| index).collect()
    }
}

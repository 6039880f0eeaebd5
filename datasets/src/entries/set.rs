//! Entries that belong to one phase diagram, with energies on one scale.

use std::collections::BTreeSet;

use druse_representations::{Composition, Element};
use serde::{Deserialize, Serialize};

use super::ComputedEntry;

/// Formation energy (eV/atom) up to which an elemental entry counts as the ground state of its
/// element; sources round to 1e-6 or finer.
const GROUND_STATE_TOLERANCE: f64 = 1e-6;

/// What the energies of a set are counted from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EnergyBasis {
    /// Total energies of the source's calculations, corrections included.
    Total,
    /// Formation energies: the elements are at 0.
    Formation,
}

/// Entries on one energy scale.
#[derive(Clone, Debug, PartialEq)]
pub struct EntrySet {
    /// The entries in the order of the source, then any elements that were added.
    pub entries: Vec<ComputedEntry>,
    /// Their scale.
    pub basis: EnergyBasis,
}

impl EntrySet {
    /// Puts entries on one scale.
    ///
    /// With an entry for the ground state of every element that occurs, energies stay as they are
    /// ([`EnergyBasis::Total`]). Otherwise, when every entry states its formation energy, that is
    /// what counts: energies become `e_form_per_atom` times the number of atoms, and each element
    /// without a ground state gets an entry `<symbol> (reference)` at 0
    /// ([`EnergyBasis::Formation`]). Without stored formation energies the set is left as it is,
    /// and the phase diagram names the missing element when it is asked about it.
    ///
    /// A ground state is an elemental entry whose stored formation energy, if there is one, is not
    /// above 1e-6 eV/atom.
    pub fn new(mut entries: Vec<ComputedEntry>) -> Self {
        let elements: BTreeSet<Element> = entries.iter().flat_map(|e| e.composition.elements()).collect();
        let mut ground_states = BTreeSet::new();
        for entry in entries.iter().filter(|e| e.composition.element_count() == 1) {
            if entry.e_form_per_atom.is_none_or(|energy| energy <= GROUND_STATE_TOLERANCE) {
                ground_states.extend(entry.composition.elements());
            }
        }
        let missing: Vec<Element> = elements.difference(&ground_states).copied().collect();
        let formation: Option<Vec<f64>> = entries.iter().map(|e| e.e_form_per_atom).collect();
        let (false, Some(formation)) = (missing.is_empty(), formation) else {
            return Self { entries, basis: EnergyBasis::Total };
        };
        for (entry, energy) in entries.iter_mut().zip(formation) {
            entry.energy = energy * entry.composition.atom_count();
            entry.correction = 0.0;
        }
        entries.extend(missing.into_iter().map(|element| ComputedEntry {
            id: format!("{element} (reference)"),
            composition: Composition::from_iter([(element, 1.0)]),
            energy: 0.0,
            correction: 0.0,
            e_above_hull: None,
            e_form_per_atom: Some(0.0),
        }));
        Self { entries, basis: EnergyBasis::Formation }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(formula: &str, energy: f64, e_form_per_atom: Option<f64>) -> ComputedEntry {
        ComputedEntry {
            id: formula.to_owned(),
            composition: formula.parse().unwrap(),
            energy,
            correction: 0.0,
            e_above_hull: None,
            e_form_per_atom,
        }
    }

    #[test]
    fn complete_sets_keep_their_energies() {
        let entries = vec![
            entry("Li", -1.9, Some(0.0)),
            entry("O2", -9.8, Some(0.0)),
            entry("Li2O", -14.3, Some(-2.0)),
        ];
        let set = EntrySet::new(entries.clone());
        assert_eq!(set, EntrySet { entries, basis: EnergyBasis::Total });
    }

    #[test]
    fn missing_elements_are_put_at_zero_when_formation_energies_are_stored() {
        // O2 is there, but only as a polymorph above the ground state.
        let set = EntrySet::new(vec![entry("O2", -9.0, Some(0.4)), entry("Li2O", -14.3, Some(-2.0))]);
        assert_eq!(set.basis, EnergyBasis::Formation);
        let energies: Vec<(&str, f64)> = set.entries.iter().map(|e| (e.id.as_str(), e.energy)).collect();
        assert_eq!(energies, [("O2", 0.8), ("Li2O", -6.0), ("Li (reference)", 0.0), ("O (reference)", 0.0)]);
    }

    #[test]
    fn missing_elements_stay_missing_without_formation_energies() {
        let set = EntrySet::new(vec![entry("Li", -1.9, None), entry("Li2O", -14.3, None)]);
        assert_eq!((set.basis, set.entries.len()), (EnergyBasis::Total, 2));
    }
}

//! Phase diagrams: [`PhaseDiagram`] and what it tells.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use druse_datasets::bytes::hexadecimal;
use druse_datasets::entries::ComputedEntry;
use druse_representations::{Composition, Element};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::simplex::{Optimum, Programme};
use super::system::{ChemicalSystem, ElementSet, SystemCache};

/// Energies above hull closer to zero than this (eV/atom) are reported as exactly 0: the rounding
/// of the linear programme is below 1e-12, and no source states energies that finely.
pub const ZERO_TOLERANCE: f64 = 1e-10;

/// Amounts (fraction of atoms) below this are rounding and not part of a decomposition.
const SMALLEST_AMOUNT: f64 = 1e-9;

/// Elements up to which the subsystems of a system are enumerated rather than searched.
const ENUMERATED_ELEMENTS: u32 = 12;

/// A phase with its energy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PhaseEntry {
    /// Id, reported in decompositions.
    pub id: String,
    /// Composition in any multiple.
    pub composition: Composition,
    /// Energy (eV/atom), corrections included, on the scale of all other entries.
    pub energy_per_atom: f64,
}

impl From<&ComputedEntry> for PhaseEntry {
    fn from(entry: &ComputedEntry) -> Self {
        Self {
            id: entry.id.clone(),
            composition: entry.composition.clone(),
            energy_per_atom: entry.energy_per_atom(),
        }
    }
}

/// What competes with a composition.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Exclude<'a> {
    /// All entries. Right for a new candidate: a negative result is a new stable phase.
    #[default]
    Nothing,
    /// All but the entries of this id.
    Entry(&'a str),
    /// All but the entries of the same composition. For a stable phase this is the
    /// phase-separation energy, negative by its margin of stability (Bartel et al., npj Comput.
    /// Mater. 6, 97 (2020)).
    Composition,
}

/// One phase of a decomposition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Component {
    /// Id of the entry.
    pub id: String,
    /// Its share of all atoms, in (0, 1]; the shares of a decomposition add up to 1.
    pub amount: f64,
}

/// Where a composition with an energy lies relative to the hull.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Placement {
    /// Energy above the hull (eV/atom): exactly 0 on it (to [`ZERO_TOLERANCE`]), negative below it.
    pub energy_above_hull: f64,
    /// Energy of formation from the pure elements (eV/atom).
    pub formation_energy: f64,
    /// The mixture of lowest energy at this composition, largest share first.
    pub decomposition: Vec<Component>,
}

/// Why there is no phase diagram, or no answer from it.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum HullError {
    /// An entry without atoms, with a negative amount, or without a finite energy.
    #[error("entry '{id}' cannot be part of a phase diagram: {reason}")]
    BadEntry {
        /// Id of the entry.
        id: String,
        /// What was found and expected.
        reason: String,
    },
    /// The composition or energy asked about is none.
    #[error("cannot place '{composition}' on the hull: {reason}")]
    BadQuery {
        /// The composition.
        composition: String,
        /// What was found and expected.
        reason: String,
    },
    /// There is no energy of a pure element.
    #[error(
        "the phase diagram has no entry for the pure element {element}, so nothing can be said about \
         compositions with {element}: expected an elemental reference among the entries"
    )]
    MissingElement {
        /// The element.
        element: Element,
    },
    /// The linear programme did not end. A defect: please report the entries.
    #[error("the hull energy of '{composition}' did not converge; this is a defect, please report it")]
    NotConverged {
        /// The composition.
        composition: String,
    },
}

/// All entries of one composition.
struct Phase {
    fractions: Vec<(Element, f64)>,
    /// Indices of the entries and their formation energies (eV/atom), lowest first.
    polymorphs: Vec<(usize, f64)>,
}

/// The lower convex hull of a set of entries in any number of elements.
///
/// It is meant for large sets (every compound of a database): a query looks only at the entries of
/// its own chemical system, which are gathered once per system. It can be shared between threads;
/// results do not depend on the order of queries or entries.
pub struct PhaseDiagram {
    ids: Vec<String>,
    /// Energy (eV/atom) of the lowest entry of each pure element, by atomic number.
    references: BTreeMap<Element, f64>,
    phases: Vec<Phase>,
    /// Phases by exact set of elements.
    by_elements: HashMap<ElementSet, Vec<usize>>,
    systems: SystemCache,
    digest: String,
}

impl PhaseDiagram {
    /// The phase diagram of some entries. Several entries of one composition are welcome; of equal
    /// energies the first id in alphabetical order is reported.
    ///
    /// Entries with an element that has no elemental entry are kept out: no question can reach them.
    ///
    /// # Errors
    /// When an entry has no atoms, a negative amount or no finite energy.
    pub fn new(entries: impl IntoIterator<Item = PhaseEntry>) -> Result<Self, HullError> {
        let mut entries: Vec<PhaseEntry> = entries.into_iter().collect();
        for entry in &entries {
            check(&entry.composition, entry.energy_per_atom)
                .map_err(|reason| HullError::BadEntry { id: entry.id.clone(), reason })?;
        }
        entries.sort_by(|a, b| a.id.cmp(&b.id).then(a.energy_per_atom.total_cmp(&b.energy_per_atom)));

        let mut references = BTreeMap::new();
        for entry in &entries {
            if let [element] = ElementSet::of(&entry.composition).elements()[..] {
                let lowest: &mut f64 = references.entry(element).or_insert(f64::INFINITY);
                *lowest = lowest.min(entry.energy_per_atom);
            }
        }

        // Ordered by composition, which makes everything below independent of the input's order.
        let mut by_composition: BTreeMap<Vec<(Element, i64)>, Phase> = BTreeMap::new();
        for (index, entry) in entries.iter().enumerate() {
            let fractions = fractions(&entry.composition);
            let Some(mixture) = reference_energy(&references, &fractions) else { continue };
            let phase = by_composition
                .entry(key(&fractions))
                .or_insert_with(|| Phase { fractions, polymorphs: Vec::new() });
            phase.polymorphs.push((index, entry.energy_per_atom - mixture));
        }
        let mut phases: Vec<Phase> = by_composition.into_values().collect();
        let mut by_elements: HashMap<ElementSet, Vec<usize>> = HashMap::new();
        for (index, phase) in phases.iter_mut().enumerate() {
            phase.polymorphs.sort_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)));
            let elements = phase.fractions.iter().map(|&(element, _)| element).collect();
            by_elements.entry(elements).or_default().push(index);
        }
        let digest = digest(&references, &phases);
        let ids = entries.into_iter().map(|entry| entry.id).collect();
        Ok(Self { ids, references, phases, by_elements, systems: SystemCache::default(), digest })
    }

    /// The phase diagram of computed entries; see [`Self::new`].
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn from_computed(entries: &[ComputedEntry]) -> Result<Self, HullError> {
        Self::new(entries.iter().map(PhaseEntry::from))
    }

    /// Number of entries.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// The elements with a reference energy, by atomic number.
    pub fn elements(&self) -> impl Iterator<Item = Element> + '_ {
        self.references.keys().copied()
    }

    /// SHA-256 (hexadecimal) of all that decides energies above hull: the reference energies of the
    /// elements and the lowest energy of each composition. Part of the protocol of a result.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// The line that names this hull in protocols; `reference` names the set that it was made of.
    pub fn protocol(&self, reference: &str) -> String {
        format!("convex hull of {reference} (sha256 {})", self.digest)
    }

    /// Where a composition with an energy (eV/atom, on the scale of the entries) lies. The
    /// composition need not be among the entries.
    ///
    /// # Errors
    /// When an element has no reference, or the composition or energy is not a proper one.
    pub fn energy_above_hull(
        &self,
        composition: &Composition,
        energy_per_atom: f64,
        exclude: Exclude,
    ) -> Result<Placement, HullError> {
        let (fractions, optimum) = self.optimum(composition, energy_per_atom, exclude)?;
        let mixture = reference_energy(&self.references, &fractions).unwrap_or(f64::NAN);
        let formation_energy = energy_per_atom - mixture;
        let above = formation_energy - optimum.cost;
        Ok(Placement {
            energy_above_hull: if above.abs() < ZERO_TOLERANCE { 0.0 } else { above },
            formation_energy,
            decomposition: optimum.components,
        })
    }

    /// Number of entries and of compositions in the elements of `composition`.
    pub(super) fn count(&self, composition: &Composition) -> Result<(usize, usize), HullError> {
        let system = self.system(ElementSet::of(composition))?;
        let entries = system.phases.iter().map(|&phase| self.phases[phase].polymorphs.len()).sum();
        Ok((entries, system.phases.len()))
    }

    /// The energy of the hull (eV/atom, on the scale of the entries) at a composition.
    ///
    /// # Errors
    /// As [`Self::energy_above_hull`].
    pub fn hull_energy(&self, composition: &Composition) -> Result<f64, HullError> {
        let (fractions, optimum) = self.optimum(composition, 0.0, Exclude::Nothing)?;
        Ok(optimum.cost + reference_energy(&self.references, &fractions).unwrap_or(f64::NAN))
    }

    /// Ids of the entries on the hull of a chemical system (its subsystems included), alphabetical.
    /// Of several entries of one composition it is the lowest.
    ///
    /// # Errors
    /// When an element has no reference.
    pub fn stable_phases(&self, elements: &[Element]) -> Result<Vec<&str>, HullError> {
        let system = self.system(elements.iter().copied().collect())?;
        let stable = match system.stable.get() {
            Some(stable) => stable,
            None => {
                let columns = 0..system.phases.len();
                let found: Result<Vec<(usize, bool)>, HullError> =
                    columns.map(|column| Ok((column, self.is_on_hull(&system, column)?))).collect();
                let stable = found?.into_iter().filter(|&(_, stable)| stable).map(|(column, _)| column);
                system.stable.get_or_init(|| stable.collect())
            }
        };
        let mut ids: Vec<&str> = stable
            .iter()
            .filter_map(|&column| self.phases[system.phases[column]].polymorphs.first())
            .map(|&(entry, _)| self.ids[entry].as_str())
            .collect();
        ids.sort_unstable();
        Ok(ids)
    }

    fn is_on_hull(&self, system: &ChemicalSystem, column: usize) -> Result<bool, HullError> {
        // The elements alone already give a mixture at 0.
        if system.costs[column] > ZERO_TOLERANCE {
            return Ok(false);
        }
        let phase = &self.phases[system.phases[column]];
        let composition: Composition = phase.fractions.iter().copied().collect();
        let own = self.system(ElementSet::of(&composition))?;
        let optimum = self.solve(&own, &own.costs, &phase.fractions)?;
        Ok(system.costs[column] - optimum.cost < ZERO_TOLERANCE)
    }

    /// Atomic fractions and the best mixture at a composition.
    fn optimum(
        &self,
        composition: &Composition,
        energy_per_atom: f64,
        exclude: Exclude,
    ) -> Result<(Vec<(Element, f64)>, Mixture), HullError> {
        check(composition, energy_per_atom)
            .map_err(|reason| HullError::BadQuery { composition: composition.to_string(), reason })?;
        let fractions = fractions(composition);
        let system = self.system(ElementSet::of(composition))?;
        let costs = self.costs(&system, &fractions, exclude);
        let optimum = self.solve(&system, &costs, &fractions)?;
        let mut components: Vec<Component> = optimum
            .mixture
            .iter()
            .filter(|&&(_, amount)| amount > SMALLEST_AMOUNT)
            .filter_map(|&(column, amount)| {
                let phase = &self.phases[system.phases[column]];
                let entry =
                    phase.polymorphs.iter().find(|&&(entry, _)| !exclude.is_entry(&self.ids[entry]))?;
                Some(Component { id: self.ids[entry.0].clone(), amount })
            })
            .collect();
        components.sort_by(|a, b| b.amount.total_cmp(&a.amount).then_with(|| a.id.cmp(&b.id)));
        Ok((fractions, Mixture { cost: optimum.cost, components }))
    }

    /// Cheapest mixture of the phases of `system` at some fractions.
    fn solve(
        &self,
        system: &ChemicalSystem,
        costs: &[f64],
        fractions: &[(Element, f64)],
    ) -> Result<Optimum, HullError> {
        if let Some(row) = system.pure.iter().position(|&column| costs[column] == f64::INFINITY) {
            return Err(HullError::MissingElement { element: system.elements[row] });
        }
        let target: Vec<f64> = fractions.iter().map(|&(_, fraction)| fraction).collect();
        Programme { rows: &system.rows, costs, target: &target }.solve(&system.pure).ok_or_else(|| {
            let composition: Composition = fractions.iter().copied().collect();
            HullError::NotConverged { composition: composition.to_string() }
        })
    }

    /// Costs of the columns of `system`, infinite for what is excluded.
    fn costs<'a>(
        &self,
        system: &'a ChemicalSystem,
        fractions: &[(Element, f64)],
        exclude: Exclude,
    ) -> Cow<'a, [f64]> {
        let replaced = |replace: &dyn Fn(&Phase) -> Option<f64>| {
            let mut costs = system.costs.clone();
            for (cost, &phase) in costs.iter_mut().zip(&system.phases) {
                if let Some(other) = replace(&self.phases[phase]) {
                    *cost = other;
                }
            }
            Cow::Owned(costs)
        };
        match exclude {
            Exclude::Nothing => Cow::Borrowed(&system.costs),
            Exclude::Entry(_) => replaced(&|phase| {
                let mut others = phase.polymorphs.iter().filter(|p| !exclude.is_entry(&self.ids[p.0]));
                Some(others.next().map_or(f64::INFINITY, |&(_, energy)| energy))
            }),
            Exclude::Composition => {
                let own = key(fractions);
                replaced(&|phase| (key(&phase.fractions) == own).then_some(f64::INFINITY))
            }
        }
    }

    fn system(&self, set: ElementSet) -> Result<Arc<ChemicalSystem>, HullError> {
        self.systems.get(set, || self.gather(set))
    }

    /// Gathers the phases of a chemical system and its subsystems.
    fn gather(&self, set: ElementSet) -> Result<ChemicalSystem, HullError> {
        let elements = set.elements();
        if let Some(&element) = elements.iter().find(|element| !self.references.contains_key(element)) {
            return Err(HullError::MissingElement { element });
        }
        let mut phases: Vec<usize> = if set.len() <= ENUMERATED_ELEMENTS {
            set.subsets().filter_map(|subset| self.by_elements.get(&subset)).flatten().copied().collect()
        } else {
            let subsystems = self.by_elements.iter().filter(|(subset, _)| subset.is_subset_of(set));
            subsystems.flat_map(|(_, phases)| phases).copied().collect()
        };
        phases.sort_unstable();
        let (n, m) = (phases.len(), elements.len());
        let mut rows = vec![0.0; n * m];
        let mut pure = vec![0; m];
        let mut costs = Vec::with_capacity(n);
        for (i, &phase) in phases.iter().enumerate() {
            let phase = &self.phases[phase];
            costs.push(phase.polymorphs.first().map_or(f64::INFINITY, |&(_, energy)| energy));
            for &(element, fraction) in &phase.fractions {
                let j = elements.partition_point(|&other| other < element);
                rows[j * n + i] = fraction;
                if phase.fractions.len() == 1 {
                    pure[j] = i;
                }
            }
        }
        Ok(ChemicalSystem { elements, phases, rows, costs, pure, stable: Default::default() })
    }
}

impl Exclude<'_> {
    fn is_entry(&self, id: &str) -> bool {
        matches!(self, Self::Entry(excluded) if *excluded == id)
    }
}

/// The best mixture at a composition.
struct Mixture {
    /// Its formation energy (eV/atom).
    cost: f64,
    components: Vec<Component>,
}

pub(super) fn check(composition: &Composition, energy_per_atom: f64) -> Result<(), String> {
    if let Some((element, amount)) = composition.iter().find(|(_, x)| !x.is_finite() || *x < 0.0) {
        return Err(format!("the amount of {element} is {amount}, expected a number >= 0"));
    }
    let atoms = composition.atom_count();
    if !(atoms > 0.0 && atoms.is_finite()) {
        return Err(format!("it has {atoms} atoms, expected more than 0"));
    }
    if !energy_per_atom.is_finite() {
        return Err(format!("its energy is {energy_per_atom} eV/atom, expected a finite number"));
    }
    Ok(())
}

/// Positive atomic fractions by atomic number.
pub(super) fn fractions(composition: &Composition) -> Vec<(Element, f64)> {
    let total = composition.atom_count();
    composition.iter().filter(|&(_, x)| x > 0.0).map(|(element, x)| (element, x / total)).collect()
}

/// Fractions in units of 1e-9: compositions with equal keys are one.
fn key(fractions: &[(Element, f64)]) -> Vec<(Element, i64)> {
    fractions.iter().map(|&(element, fraction)| (element, (fraction * 1e9).round() as i64)).collect()
}

/// Energy (eV/atom) of the mixture of pure elements, if all of them have a reference.
fn reference_energy(references: &BTreeMap<Element, f64>, fractions: &[(Element, f64)]) -> Option<f64> {
    fractions.iter().map(|(element, fraction)| Some(references.get(element)? * fraction)).sum()
}

fn digest(references: &BTreeMap<Element, f64>, phases: &[Phase]) -> String {
    let mut hash = Sha256::new();
    for (element, energy) in references {
        hash.update([element.atomic_number()]);
        hash.update(energy.to_le_bytes());
    }
    for phase in phases {
        hash.update([0, phase.fractions.len() as u8]);
        for (element, amount) in key(&phase.fractions) {
            hash.update([element.atomic_number()]);
            hash.update(amount.to_le_bytes());
        }
        for (_, energy) in phase.polymorphs.iter().take(1) {
            hash.update(energy.to_le_bytes());
        }
    }
    hexadecimal(hash.finalize())
}

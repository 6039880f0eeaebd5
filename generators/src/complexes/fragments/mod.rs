//! Ligands that evolve: mutation and crossover of their graphs, in the manner of Jensen's graph-based
//! genetic algorithm (Chem. Sci. 10, 3567 (2019)), with donors, total charge and the valence of every
//! atom kept.

mod arms;
mod chain;
mod decorate;
mod exchange;
mod sketch;
mod substituents;

use std::sync::Arc;

use druse_representations::{Element, Ligand};
use rand::seq::IndexedRandom;
use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};

use super::part::Part;
use super::plan::Plan;
use super::workbench::Workbench;
use sketch::Sketch;

const TRIALS: usize = 12;
/// Probability that all copies of a ligand evolve together.
const ALL_COPIES: f64 = 0.7;

/// What ligands may become.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct LigandLimits {
    /// Most atoms, hydrogens included.
    pub atoms: usize,
    /// Allowed elements; empty for any.
    pub elements: Vec<Element>,
}

impl Default for LigandLimits {
    /// Up to 70 atoms of any elements.
    fn default() -> Self {
        Self { atoms: 70, elements: Vec::new() }
    }
}

/// A mutation of one ligand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mutation {
    /// A substituent takes the place of a hydrogen atom.
    Decorate,
    /// A hydrogen atom takes the place of a substituent.
    Strip,
    /// CH in a ring becomes N, or N becomes CH.
    Aza,
    /// An atom becomes another of its group.
    Swap,
    /// The chain between two donors grows or shrinks by one CH2.
    Chain,
}

const MUTATIONS: [(Mutation, u32); 5] = [
    (Mutation::Decorate, 40),
    (Mutation::Strip, 20),
    (Mutation::Aza, 20),
    (Mutation::Swap, 10),
    (Mutation::Chain, 10),
];

/// Whether a ligand could have evolved within these limits.
pub(crate) fn valid_ligand(ligand: &Ligand, limits: &LigandLimits) -> bool {
    ligand.graph.node_count() <= limits.atoms
        && (limits.elements.is_empty() || ligand.elements().all(|e| limits.elements.contains(&e)))
        && ligand.check().is_ok()
        && ligand.check_valence().is_ok()
}

/// A ligand of the complex evolves.
pub(super) fn evolve<R: Rng + ?Sized>(bench: &Workbench, mut plan: Plan, rng: &mut R) -> Option<Plan> {
    let limits = bench.space.evolve.as_ref()?;
    let which = rng.random_range(0..plan.seats.len());
    let old = Arc::clone(&plan.seats[which].part);
    let new = Arc::new(mutate(&old, limits, rng)?);
    let all = rng.random::<f64>() < ALL_COPIES;
    for (index, seat) in plan.seats.iter_mut().enumerate() {
        if index == which || (all && seat.part.key == old.key) {
            seat.part = Arc::clone(&new);
        }
    }
    Some(plan)
}

/// A ligand of the complex gets a fragment of a ligand of the other that has the same donors and
/// charge.
pub(super) fn splice<R: Rng + ?Sized>(
    bench: &Workbench,
    mut plan: Plan,
    second: &Plan,
    rng: &mut R,
) -> Option<Plan> {
    let limits = bench.space.evolve.as_ref()?;
    let which = rng.random_range(0..plan.seats.len());
    let old = Arc::clone(&plan.seats[which].part);
    let pattern = |part: &Part| -> (i32, Vec<Element>) {
        let mut donors: Vec<Element> = part.donor_elements().collect();
        donors.sort_unstable();
        (part.charge, donors)
    };
    let mates: Vec<&Arc<Part>> =
        second.seats.iter().map(|seat| &seat.part).filter(|part| pattern(part) == pattern(&old)).collect();
    let mate = mates.choose(rng)?;
    let new = Arc::new(cross(&old, mate, limits, rng)?);
    for seat in plan.seats.iter_mut().filter(|seat| seat.part.key == old.key) {
        seat.part = Arc::clone(&new);
    }
    Some(plan)
}

/// A ligand with one change; donors, charge and valences stay as they are.
pub(crate) fn mutate<R: Rng + ?Sized>(part: &Part, limits: &LigandLimits, rng: &mut R) -> Option<Part> {
    for _ in 0..TRIALS {
        let mut sketch = Sketch::new(&part.ligand);
        let (mutation, _) = MUTATIONS.choose_weighted(rng, |(_, weight)| *weight).ok()?;
        let done = match mutation {
            Mutation::Decorate => decorate::decorate(&mut sketch, &part.ligand, rng),
            Mutation::Strip => arms::strip(&mut sketch, rng),
            Mutation::Aza => exchange::aza(&mut sketch, rng),
            Mutation::Swap => exchange::swap(&mut sketch, rng),
            Mutation::Chain => chain::change(&mut sketch, rng),
        };
        if let Some(child) = done.and_then(|()| finish(sketch, part, limits)) {
            return Some(child);
        }
    }
    None
}

/// `part` with a fragment of `other` in the place of one of its own.
pub(crate) fn cross<R: Rng + ?Sized>(
    part: &Part,
    other: &Part,
    limits: &LigandLimits,
    rng: &mut R,
) -> Option<Part> {
    let donor = Sketch::new(&other.ligand);
    for _ in 0..TRIALS {
        let mut sketch = Sketch::new(&part.ligand);
        let done = arms::exchange(&mut sketch, &donor, rng);
        if let Some(child) = done.and_then(|()| finish(sketch, part, limits)) {
            return Some(child);
        }
    }
    None
}

/// The new ligand, if it is one and differs from what it was made of.
fn finish(sketch: Sketch, from: &Part, limits: &LigandLimits) -> Option<Part> {
    let ligand = sketch.ligand(&from.ligand.name)?;
    if ligand.charge() != from.charge || !valid_ligand(&ligand, limits) {
        return None;
    }
    let mut part = Part::with_angles(ligand, from.angles.clone());
    if part.key == from.key {
        return None;
    }
    // The identity tells ligands of one ancestor apart.
    let ancestor = from.ligand.name.split('~').next().unwrap_or_default();
    part.ligand.name = format!("{ancestor}~{}", &part.key[..8.min(part.key.len())]);
    Some(part)
}

#[cfg(test)]
mod tests;

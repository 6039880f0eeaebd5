//! Competing phases of binary and ternary systems, for diagrams of the convex hull.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use druse_fitness::hull::Exclude;
use druse_representations::Element;
use rayon::prelude::*;
use serde_json::{Value, json};

use crate::config::{Campaign, Domain};
use crate::crystals::{Phases, phases};
use crate::report::numbers::rounded;
use crate::setup::SetupError;

/// Systems with a diagram; those with most candidates first.
const MOST_SYSTEMS: usize = 150;

/// The systems of a page with their phases: for each reduced formula the lowest one. `systems` are those
/// of the candidates, `protocol` the campaign's. Null where there is nothing to draw, or where the reference
/// is no longer the one by which the candidates were judged.
///
/// # Errors
/// When the reference cannot be read.
pub fn of(
    campaign: &Campaign,
    protocol: &[String],
    systems: &BTreeMap<Vec<Element>, usize>,
) -> Result<Value, SetupError> {
    let Domain::Crystal(spec) = &campaign.domain else { return Ok(Value::Null) };
    let mut systems: Vec<(&Vec<Element>, usize)> =
        systems.iter().map(|(system, &count)| (system, count)).collect();
    systems.sort_by_key(|&(system, count)| (Reverse(count), system.len()));
    systems.truncate(MOST_SYSTEMS);
    if systems.is_empty() {
        return Ok(Value::Null);
    }
    let judged_by = |phases: &Phases| {
        let hull = phases.protocol();
        protocol.iter().any(|line| line.starts_with(&hull))
    };
    let Some(phases) = phases(campaign, spec)?.filter(judged_by) else { return Ok(Value::Null) };
    let mut shown: Vec<Vec<Element>> = systems.into_iter().map(|(system, _)| system.clone()).collect();
    // A campaign in one small system is looked at as a whole first, whether or not a candidate has all of
    // its elements.
    let mut whole = spec.space.elements.clone();
    whole.sort_unstable();
    if matches!(whole.len(), 2 | 3) {
        shown.retain(|system| *system != whole);
        shown.insert(0, whole);
    }
    let lowest = lowest(&phases, &shown);
    let column = |of: fn(&Phase) -> Value| -> Value { lowest.iter().map(of).collect() };
    Ok(json!({
        "reference": phases.protocol(),
        "systems": systems_of(&shown),
        "id": column(|phase| json!(phase.id)),
        "formula": column(|phase| json!(phase.formula)),
        "formation": column(|phase| rounded(phase.formation, 4)),
        "above": column(|phase| rounded(phase.above, 4)),
    }))
}

/// The symbols of the elements of each system.
fn systems_of(systems: &[Vec<Element>]) -> Vec<Vec<&'static str>> {
    systems.iter().map(|system| system.iter().map(|element| element.symbol()).collect()).collect()
}

/// A phase of the reference.
struct Phase {
    id: String,
    formula: String,
    /// Energy of formation (eV/atom).
    formation: f64,
    /// Energy above the hull (eV/atom).
    above: f64,
}

/// The lowest phase of each formula that lies in one of the systems, by formula.
fn lowest(phases: &Phases, systems: &[Vec<Element>]) -> Vec<Phase> {
    let systems: Vec<BTreeSet<Element>> =
        systems.iter().map(|system| system.iter().copied().collect()).collect();
    let mut lowest: BTreeMap<String, usize> = BTreeMap::new();
    for (place, entry) in phases.entries.iter().enumerate() {
        let elements: BTreeSet<Element> = entry.composition.elements().collect();
        if !systems.iter().any(|system| elements.is_subset(system)) {
            continue;
        }
        let best = lowest.entry(entry.composition.reduced_formula()).or_insert(place);
        if entry.energy_per_atom() < phases.entries[*best].energy_per_atom() {
            *best = place;
        }
    }
    let placed = |(formula, place): (String, usize)| {
        let entry = &phases.entries[place];
        let energy = entry.energy_per_atom();
        let found = phases.diagram.energy_above_hull(&entry.composition, energy, Exclude::Nothing).ok()?;
        let (formation, above) = (found.formation_energy, found.energy_above_hull);
        Some(Phase { id: entry.id.clone(), formula, formation, above })
    };
    lowest.into_par_iter().filter_map(placed).collect()
}

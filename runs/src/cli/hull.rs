//! `druse hull`

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::datasets::entries::{ComputedEntry, EnergyBasis, EntrySet, read_entries};
use crate::fitness::corrections::{Stored, stored};
use crate::fitness::hull::{Exclude, HullError, Known, PhaseDiagram, Placement, Support, metastability};
use crate::fitness::property;
use crate::representations::{Composition, Exchange};
use clap::Args;
use rayon::prelude::*;
use serde_json::{Map, Value, json};

use super::Global;
use super::failure::Failure;
use super::results::{Outcome, Results, shown};
use super::stability::{Placed, Stability, StabilityArguments};
use super::structures::{Files, handle_all};

#[derive(Args)]
pub struct Arguments {
    #[command(flatten)]
    files: Option<Files>,
    #[command(flatten)]
    stability: StabilityArguments,
    /// Computed entries of pymatgen (.json, .json.gz) that make up the whole phase diagram; every
    /// one of them is placed, and no structure is needed. May be repeated
    #[arg(long, value_name = "FILE", conflicts_with_all = ["files", "reference", "relax", "pressure", "precursors"], required_unless_present = "files")]
    entries: Vec<PathBuf>,
}

pub fn run(arguments: &Arguments, global: &Global) -> Result<(), Failure> {
    match &arguments.files {
        Some(files) => place_structures(files, &arguments.stability, global),
        None => place_entries(&arguments.entries, global),
    }
}

fn place_structures(files: &Files, arguments: &StabilityArguments, global: &Global) -> Result<(), Failure> {
    let inputs = files.read()?;
    let stability = arguments.load(&inputs, false, global)?;
    let outcomes = handle_all(inputs, global, |record| {
        let placed = stability.place(&record.crystal)?;
        placed_json(&record.crystal.composition(), &placed, &stability).map_err(|error| error.to_string())
    });
    show(outcomes.into_iter(), arguments.precursors.is_some(), stability.pressure(), global)
}

fn place_entries(files: &[PathBuf], global: &Global) -> Result<(), Failure> {
    let mut given = Vec::new();
    for file in files {
        given.extend(read_entries(file).map_err(Failure::input)?);
    }
    let count = given.len();
    let set = EntrySet::new(given);
    // Elements that had to be added are part of the diagram, not of what was asked.
    let entries = &set.entries[..count];
    let diagram = PhaseDiagram::from_computed(&set.entries).map_err(Failure::input)?;
    let files: Vec<String> = files.iter().map(|path| path.display().to_string()).collect();
    let reference = format!("{} (sha256 {})", files.join(", "), diagram.digest());
    let outcomes: Vec<(String, Outcome)> = entries
        .par_iter()
        .map(|entry| {
            let energy = entry.energy_per_atom();
            let placed = diagram.energy_above_hull(&entry.composition, energy, Exclude::Nothing);
            let outcome = placed.and_then(|placement| {
                let evidence = Evidence::find(&diagram, &entry.composition, energy, &placement)?;
                Ok(placement_json(&entry.composition, &placement, &evidence, &reference))
            });
            (entry.id.clone(), outcome.map_err(|error| error.to_string()))
        })
        .collect();
    let on_hull =
        |outcome: &Outcome| outcome.as_ref().is_ok_and(|v| v["energy_above_hull"].as_f64() <= Some(0.0));
    let stable = outcomes.iter().filter(|(_, outcome)| on_hull(outcome)).count();
    let basis = match set.basis {
        EnergyBasis::Total => "total energies",
        EnergyBasis::Formation => "stored formation energies, elements at 0",
    };
    show(outcomes.into_iter(), false, 0.0, global)?;
    note_corrections(entries, global);
    global.note(&format!("{stable} of {count} entries on the hull; eV/atom, from {basis}"));
    Ok(())
}

/// Says what is wrong with the corrections of entries of which some have one.
fn note_corrections(entries: &[ComputedEntry], global: &Global) {
    if entries.iter().all(|entry| entry.correction == 0.0) {
        return;
    }
    let count = |kind: Stored| {
        entries.iter().filter(|entry| stored(&entry.composition, entry.correction) == kind).count()
    };
    for (kind, words) in [
        (Stored::Twice, "hold their MP2020 corrections twice: their energies are too low"),
        (Stored::Missing, "hold no correction where others do: their energies cannot be compared"),
        (
            Stored::Other,
            "hold another correction than MP2020's for their composition (peroxides and sulphates may)",
        ),
    ] {
        match count(kind) {
            0 => {}
            count => global.note(&format!("{count} of {} entries {words}", entries.len())),
        }
    }
}

/// Systems of which each gets its own note.
const NOTED_SYSTEMS: usize = 3;

/// What a verdict rests on.
struct Evidence {
    supports: Vec<Support>,
    known: Known,
}

impl Evidence {
    fn find(
        diagram: &PhaseDiagram,
        composition: &Composition,
        energy_per_atom: f64,
        placement: &Placement,
    ) -> Result<Self, HullError> {
        let supports = diagram.supports(composition, energy_per_atom, placement)?;
        Ok(Self { supports, known: diagram.known(composition)? })
    }
}

fn show(
    outcomes: impl Iterator<Item = (String, Outcome)>,
    reactions: bool,
    pressure: f64,
    global: &Global,
) -> Result<(), Failure> {
    let mut results = Results::default();
    let mut systems = BTreeMap::new();
    for (id, outcome) in outcomes {
        if let Ok(values) = &outcome {
            let text = |key: &str| values["known"][key].as_str().unwrap_or_default().to_owned();
            systems.insert(text("system"), (values["known"]["structures"].as_u64(), text("text")));
        }
        results.push(id, outcome);
    }
    let mut header = vec!["formula", "E_hull", "E_form", "competing phases", "E_hull without one of them"];
    if reactions {
        header.extend(["E_react", "reaction"]);
    }
    // Under pressure all of them are enthalpies.
    let header: Vec<String> = header
        .into_iter()
        .map(|name| if pressure == 0.0 { name.to_owned() } else { name.replacen("E_", "H_", 1) })
        .collect();
    let header: Vec<&str> = header.iter().map(String::as_str).collect();
    results.finish(global, &header, |values| {
        let mut row = vec![
            values["formula"].as_str().unwrap_or_default().to_owned(),
            shown(values, "energy_above_hull", 4),
            shown(values, "formation_energy", 4),
            competing(&values["decomposition"]),
            without(&values["supports"]),
        ];
        if reactions {
            let reaction = &values["reaction"];
            let words = reaction["equation"].as_str().or(reaction["error"].as_str());
            row.push(shown(values, "reaction_energy", 4));
            row.push(words.unwrap_or_default().to_owned());
        }
        row
    })?;
    note_known(&systems, global);
    if pressure != 0.0 {
        let words = if reactions { "formation and reaction" } else { "formation" };
        global.note(&format!("enthalpy above hull at {pressure} GPa, and enthalpies of {words}; eV/atom"));
    }
    Ok(())
}

/// Says on how many known phases the hulls rest.
fn note_known(systems: &BTreeMap<String, (Option<u64>, String)>, global: &Global) {
    if systems.len() <= NOTED_SYSTEMS {
        systems.values().for_each(|(_, text)| global.note(text));
        return;
    }
    let counts = || systems.values().filter_map(|(count, _)| *count);
    global.note(&format!(
        "hulls of {} chemical systems rest on {} to {} known structures each; phases that nobody has computed \
         are not on them",
        systems.len(),
        counts().min().unwrap_or_default(),
        counts().max().unwrap_or_default()
    ));
}

/// The entry whose loss would lower the energy above hull most, for instance `-0.0500 mp-1`.
fn without(supports: &Value) -> String {
    let energies = supports.as_array().into_iter().flatten().filter_map(|support| {
        Some((support["energy_above_hull_without"].as_f64()?, support["id"].as_str()?))
    });
    let lowest = energies.min_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(b.1)));
    lowest.map_or_else(|| "-".to_owned(), |(energy, id)| format!("{energy:.4} {id}"))
}

/// The decomposition in words, for instance `0.750 mp-1 + 0.250 mp-2`.
fn competing(decomposition: &Value) -> String {
    let parts = decomposition.as_array().into_iter().flatten().map(|part| {
        let id = part["id"].as_str().unwrap_or_default();
        format!("{:.3} {id}", part["amount"].as_f64().unwrap_or(f64::NAN))
    });
    parts.collect::<Vec<_>>().join(" + ")
}

fn placement_json(
    composition: &Composition,
    placement: &Placement,
    evidence: &Evidence,
    reference: &str,
) -> Map<String, Value> {
    let Known { system, structures, compositions } = &evidence.known;
    let mut values = Map::new();
    values.insert("formula".to_owned(), json!(composition.reduced_formula()));
    values.insert("energy_above_hull".to_owned(), json!(placement.energy_above_hull));
    values.insert("formation_energy".to_owned(), json!(placement.formation_energy));
    values.insert("decomposition".to_owned(), json!(placement.decomposition));
    values.insert("supports".to_owned(), json!(evidence.supports));
    let known = json!({
        "system": system,
        "structures": structures,
        "compositions": compositions,
        "text": evidence.known.to_string(),
    });
    values.insert("known".to_owned(), known);
    values.insert("reference".to_owned(), json!(reference));
    values
}

fn placed_json(
    composition: &Composition,
    placed: &Placed,
    stability: &Stability,
) -> Result<Map<String, Value>, HullError> {
    let (energy, placement) = (placed.enthalpy_per_atom, &placed.placement);
    let evidence = Evidence::find(stability.diagram(), composition, energy, placement)?;
    let mut values = placement_json(composition, placement, &evidence, stability.reference());
    values.insert("energy_per_atom".to_owned(), json!(placed.energy_per_atom));
    let pressure = stability.pressure();
    if pressure != 0.0 {
        values.insert(property::ENTHALPY_PER_ATOM.to_owned(), json!(placed.enthalpy_per_atom));
        values.insert("pressure".to_owned(), json!(pressure));
        values.insert("quantity".to_owned(), json!(format!("enthalpy above hull at {pressure} GPa")));
    }
    values.insert(property::INVERSE_HULL_ENERGY.to_owned(), json!(placed.inverse_hull_energy));
    if let Some(window) = placed.window {
        let share = metastability(window, placed.placement.energy_above_hull);
        values.insert(property::METASTABILITY.to_owned(), json!(share));
        values.insert("metastability_window".to_owned(), json!(window));
    }
    if let Some(reaction) = &placed.reaction {
        let energy = reaction.as_ref().ok().map(|reaction| reaction.energy);
        values.insert(property::REACTION_ENERGY.to_owned(), json!(energy));
        let told = match reaction {
            Ok(reaction) => json!({
                "equation": reaction.to_string(),
                "reactants": reaction.reactants,
                "gases": reaction.gases,
                "precursors": stability.reactions(),
            }),
            Err(error) => json!({ "error": error.to_string() }),
        };
        values.insert("reaction".to_owned(), told);
    }
    if !placed.ledger.0.is_empty() {
        values.insert("corrections".to_owned(), json!(placed.ledger));
    }
    values.insert("protocol".to_owned(), json!(stability.protocol()));
    if let Some(relaxation) = &placed.relaxation {
        values.insert("structure".to_owned(), relaxation.crystal.to_exchange());
        values.insert("steps".to_owned(), json!(relaxation.steps));
        values.insert("converged".to_owned(), json!(relaxation.is_converged()));
    }
    Ok(values)
}

//! `druse hull`

use std::path::PathBuf;

use clap::Args;
use druse::datasets::entries::{ComputedEntry, EnergyBasis, EntrySet, read_entries};
use druse::fitness::hull::{Exclude, PhaseDiagram, Placement};
use rayon::prelude::*;
use serde_json::{Value, json};

use super::failure::Failure;
use super::table::{number, table};
use super::{Global, output};

#[derive(Args)]
pub struct Arguments {
    /// Computed entries of pymatgen (.json, .json.gz) that make up the whole phase diagram; every
    /// one of them is placed. May be repeated
    #[arg(long, value_name = "FILE", required = true)]
    entries: Vec<PathBuf>,
}

pub fn run(arguments: &Arguments, global: &Global) -> Result<(), Failure> {
    let mut given = Vec::new();
    for file in &arguments.entries {
        given.extend(read_entries(file).map_err(Failure::input)?);
    }
    let count = given.len();
    let set = EntrySet::new(given);
    // Elements that had to be added are part of the diagram, not of what was asked.
    let entries = &set.entries[..count];
    let diagram = PhaseDiagram::from_computed(&set.entries).map_err(Failure::input)?;
    let files: Vec<String> = arguments.entries.iter().map(|path| path.display().to_string()).collect();
    let reference = format!("{} (sha256 {})", files.join(", "), diagram.digest());
    let placed: Vec<_> = entries
        .par_iter()
        .map(|entry| diagram.energy_above_hull(&entry.composition, entry.energy_per_atom(), Exclude::Nothing))
        .collect();
    if !global.json_on_stdout() {
        let rows: Vec<Vec<String>> =
            entries.iter().zip(&placed).map(|(entry, result)| row(entry, result)).collect();
        output::print(&table(&["id", "formula", "E_hull", "E_form", "competing phases"], &rows))?;
        let stable = placed.iter().flatten().filter(|placement| placement.energy_above_hull <= 0.0).count();
        global.note(&summary(set.basis, stable, count));
    }
    let results = entries.iter().zip(&placed).map(|(entry, result)| match result {
        Ok(placement) => placement_json(&entry.id, placement, &reference),
        Err(error) => json!({ "id": entry.id, "error": error.to_string() }),
    });
    global.write_json(&results.collect())
}

fn summary(basis: EnergyBasis, stable: usize, count: usize) -> String {
    let basis = match basis {
        EnergyBasis::Total => "total energies",
        EnergyBasis::Formation => "stored formation energies, elements at 0",
    };
    format!("{stable} of {count} entries on the hull; eV/atom, from {basis}")
}

fn row(entry: &ComputedEntry, result: &Result<Placement, druse::fitness::hull::HullError>) -> Vec<String> {
    let mut cells = vec![entry.id.clone(), entry.composition.reduced_formula()];
    match result {
        Ok(placement) => cells.extend([
            number(Some(placement.energy_above_hull), 4),
            number(Some(placement.formation_energy), 4),
            competing(placement),
        ]),
        Err(error) => cells.extend(["-".into(), "-".into(), format!("error: {error}")]),
    }
    cells
}

/// The decomposition in words, for instance `0.75 mp-1 + 0.25 mp-2`.
fn competing(placement: &Placement) -> String {
    let parts: Vec<String> =
        placement.decomposition.iter().map(|part| format!("{:.3} {}", part.amount, part.id)).collect();
    parts.join(" + ")
}

fn placement_json(id: &str, placement: &Placement, reference: &str) -> Value {
    json!({
        "id": id,
        "energy_above_hull": placement.energy_above_hull,
        "formation_energy": placement.formation_energy,
        "decomposition": placement.decomposition,
        "reference": reference,
    })
}

//! `druse energy`

use crate::fitness::potential::{Potential, Prediction, Want};
use crate::representations::Crystal;
use crate::representations::io::Record;
use clap::Args;
use serde_json::{Map, Value, json};

use super::Global;
use super::failure::Failure;
use super::potential::{ModelArgument, possible};
use super::results::{Outcome, Results, shown};
use super::structures::{Files, handle_all};
use super::table::number;

#[derive(Args)]
pub struct Arguments {
    #[command(flatten)]
    files: Files,
    #[command(flatten)]
    model: ModelArgument,
    /// Leave out forces, stress and magnetic moments; about three times faster
    #[arg(long)]
    energy_only: bool,
}

pub fn run(arguments: &Arguments, global: &Global) -> Result<(), Failure> {
    let inputs = arguments.files.read()?;
    let potential = arguments.model.load(global)?;
    let want = if arguments.energy_only { Want::ENERGY } else { Want::ALL };
    let one = |record: Record| energy(&record.crystal, potential.as_ref(), want);
    let results = Results::from(handle_all(inputs, global, one));
    results.finish(global, &["formula", "atoms", "eV/atom", "force\n(eV/Å)", "stress\n(GPa)"], |values| {
        vec![
            values["formula"].as_str().unwrap_or_default().to_owned(),
            values["atoms"].to_string(),
            shown(values, "energy_per_atom", 5),
            number(max_force(values), 4),
            number(max_stress(values), 3),
        ]
    })
}

fn energy(crystal: &Crystal, potential: &dyn Potential, want: Want) -> Outcome {
    possible(crystal)?;
    let prediction = potential
        .evaluate(&[crystal], want)
        .pop()
        .ok_or_else(|| format!("{} gave no result", potential.name()))?
        .map_err(|error| error.to_string())?;
    let mut values = Map::new();
    values.insert("formula".to_owned(), json!(crystal.composition().reduced_formula()));
    values.insert("atoms".to_owned(), json!(crystal.sites.len()));
    values.extend(prediction_json(&prediction, crystal.sites.len()));
    if let Some(scheme) = potential.scheme() {
        let ledger = potential.ledger(crystal);
        let corrected = (prediction.energy + ledger.total()) / crystal.sites.len() as f64;
        values.insert("corrected_energy_per_atom".to_owned(), json!(corrected));
        values.insert("corrections".to_owned(), json!({ "scheme": scheme, "ledger": ledger }));
    }
    values.insert("model".to_owned(), json!(potential.name()));
    values.insert("protocol".to_owned(), json!(potential.protocol()));
    Ok(values)
}

/// `energy_per_atom` (eV), `forces` (eV/Å), `stress` (GPa, positive = tension) and `magmoms` (µB).
pub fn prediction_json(prediction: &Prediction, atoms: usize) -> Map<String, Value> {
    let mut values = Map::new();
    values.insert("energy_per_atom".to_owned(), json!(prediction.energy / atoms as f64));
    if let Some(forces) = &prediction.forces {
        values.insert("forces".to_owned(), json!(forces));
    }
    if let Some(stress) = &prediction.stress {
        values.insert("stress".to_owned(), json!(stress));
    }
    if let Some(magmoms) = &prediction.magmoms {
        values.insert("magmoms".to_owned(), json!(magmoms));
    }
    values
}

/// Rows of three numbers.
fn rows(rows: &Value) -> impl Iterator<Item = [f64; 3]> {
    rows.as_array().into_iter().flatten().map(|row| [0, 1, 2].map(|i| row[i].as_f64().unwrap_or(f64::NAN)))
}

/// Largest force (eV/Å) of a result.
pub fn max_force(values: &Map<String, Value>) -> Option<f64> {
    let norm = |row: [f64; 3]| row.iter().map(|x| x * x).sum::<f64>().sqrt();
    rows(values.get("forces")?).map(norm).reduce(f64::max)
}

/// Largest component of the stress (GPa) of a result.
pub fn max_stress(values: &Map<String, Value>) -> Option<f64> {
    rows(values.get("stress")?).flatten().map(f64::abs).reduce(f64::max)
}

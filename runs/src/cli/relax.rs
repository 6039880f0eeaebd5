//! `druse relax`, and the settings of relaxations.

use std::path::PathBuf;

use crate::fitness::potential::{Potential, Prediction};
use crate::fitness::property;
use crate::fitness::relax::{CellFreedom, RelaxOptions, Relaxation, enthalpy, relax};
use crate::representations::io::{Format, Record, calculated};
use crate::representations::{Crystal, Exchange};
use clap::{Args, ValueEnum};
use serde_json::{Map, Value, json};

use super::Global;
use super::energy::prediction_json;
use super::failure::Failure;
use super::output::{format_of, write_records};
use super::potential::{ModelArgument, possible};
use super::results::{Outcome, Results, shown};
use super::structures::{Files, handle_all};

#[derive(Args)]
pub struct Arguments {
    #[command(flatten)]
    files: Files,
    #[command(flatten)]
    model: ModelArgument,
    #[command(flatten)]
    settings: Settings,
    /// Also write the relaxed structures to this file; its ending tells the format (.cif, .vasp,
    /// .extxyz, .json, .jsonl, .db); the latter four with energies, forces and stress
    #[arg(long, value_name = "FILE")]
    to: Option<PathBuf>,
}

/// Settings of a relaxation.
#[derive(Args)]
pub struct Settings {
    /// Converged when no generalised force (atoms and cell) is larger (eV/Å)
    #[arg(long, value_name = "F", default_value_t = 0.05)]
    fmax: f64,
    /// Most steps
    #[arg(long, value_name = "N", default_value_t = 500)]
    steps: usize,
    /// What of the cell may change
    #[arg(long, value_enum, default_value = "free")]
    cell: Cell,
    /// External pressure (GPa); when absent 0, or that of the reference where there is one
    #[arg(long, value_name = "P", allow_negative_numbers = true)]
    pub pressure: Option<f64>,
    /// Tolerance (Å) within which the symmetry of the start is found, made exact and kept; 0 lets it
    /// break
    #[arg(long, value_name = "S", default_value_t = 0.01)]
    symprec: f64,
    /// Go on without the symmetry where a crystal is at rest only because of it
    #[arg(long)]
    leave_saddles: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Cell {
    /// Everything
    Free,
    /// The volume alone
    Hydrostatic,
    /// The shape alone
    ConstantVolume,
    /// Nothing; only the atoms move
    Fixed,
}

impl Settings {
    /// Checked settings.
    pub fn options(&self) -> Result<RelaxOptions, Failure> {
        if !(self.fmax.is_finite() && self.fmax > 0.0) {
            return Err(Failure::input(format!(
                "--fmax: found {}, expected a number above 0 (eV/Å)",
                self.fmax
            )));
        }
        let pressure = self.pressure.unwrap_or(0.0);
        if !pressure.is_finite() {
            return Err(Failure::input(format!("--pressure: found {pressure}, expected a number (GPa)")));
        }
        if !(self.symprec.is_finite() && self.symprec >= 0.0) {
            return Err(Failure::input(format!(
                "--symprec: found {}, expected 0 or a number above (Å)",
                self.symprec
            )));
        }
        let cell = match self.cell {
            Cell::Free => CellFreedom::Free,
            Cell::Hydrostatic => CellFreedom::Hydrostatic,
            Cell::ConstantVolume => CellFreedom::ConstantVolume,
            Cell::Fixed => CellFreedom::Fixed,
        };
        Ok(RelaxOptions {
            fmax: self.fmax,
            steps: self.steps,
            cell,
            symprec: self.symprec,
            leave_saddles: self.leave_saddles,
            ..RelaxOptions::at_pressure(pressure)
        })
    }
}

pub fn run(arguments: &Arguments, global: &Global) -> Result<(), Failure> {
    let options = arguments.settings.options()?;
    let target =
        arguments.to.as_deref().map(|path| format_of(path).map(|format| (path, format))).transpose()?;
    let inputs = arguments.files.read()?;
    let potential = arguments.model.load(global)?;
    let relaxed = handle_all(inputs, global, |mut record| {
        let relaxation = relax_one(&record.crystal, potential.as_ref(), &options)?;
        let values = values(&relaxation, potential.as_ref(), &options);
        if !matches!(target, Some((_, Format::Cif | Format::Poscar))) {
            let told =
                relaxation.prediction.iter().flat_map(|told| computed(told, relaxation.crystal.sites.len()));
            record.properties.extend(told);
        }
        record.crystal = relaxation.crystal;
        Ok((record, values))
    });
    if let Some((path, format)) = target {
        let records: Vec<Record> = relaxed
            .iter()
            .filter_map(|(_, outcome)| outcome.as_ref().ok())
            .map(|(record, _)| record.clone())
            .collect();
        write_records(path, format, &records)?;
    }
    let outcomes: Vec<(String, Outcome)> =
        relaxed.into_iter().map(|(id, outcome)| (id, outcome.map(|(_, values)| values))).collect();
    let header = ["formula", "atoms", "eV/atom", "at start", "steps", "con-\nverged", "stress\n(GPa)"];
    Results::from(outcomes).finish(global, &header, |values| {
        vec![
            values["formula"].as_str().unwrap_or_default().to_owned(),
            values["atoms"].to_string(),
            shown(values, "energy_per_atom", 5),
            shown(values, "energy_per_atom_start", 5),
            values["steps"].to_string(),
            if values["converged"] == true { "yes".to_owned() } else { "no".to_owned() },
            shown(values, "max_stress", 3),
        ]
    })
}

/// Relaxes one crystal.
///
/// # Errors
/// When it is none that the potential can take, or when it ceased to be a crystal on the way.
pub fn relax_one(
    crystal: &Crystal,
    potential: &dyn Potential,
    options: &RelaxOptions,
) -> Result<Relaxation, String> {
    possible(crystal)?;
    let relaxation = relax(potential, &[crystal], options)
        .pop()
        .ok_or_else(|| format!("{} gave no result", potential.name()))?;
    if relaxation.verdict.is_usable() { Ok(relaxation) } else { Err(relaxation.verdict.to_string()) }
}

/// What a potential said, as properties of the structure in files that have room for numbers of each site.
fn computed(prediction: &Prediction, atoms: usize) -> Map<String, Value> {
    let mut told = prediction_json(prediction, atoms);
    told.insert(calculated::ENERGY.to_owned(), json!(prediction.energy));
    told
}

fn values(relaxation: &Relaxation, potential: &dyn Potential, options: &RelaxOptions) -> Map<String, Value> {
    let crystal = &relaxation.crystal;
    let atoms = crystal.sites.len();
    let mut values = Map::new();
    values.insert("formula".to_owned(), json!(crystal.composition().reduced_formula()));
    values.insert("atoms".to_owned(), json!(atoms));
    if let Some(prediction) = &relaxation.prediction {
        values.extend(prediction_json(prediction, atoms));
    }
    let mut set = |key: &str, value: Value| values.insert(key.to_owned(), value);
    set("structure", crystal.to_exchange());
    set("steps", json!(relaxation.steps));
    set("saddles", json!(relaxation.saddles));
    set("converged", json!(relaxation.is_converged()));
    set("energy_per_atom_start", json!(relaxation.energy_start.map(|energy| energy / atoms as f64)));
    if options.pressure != 0.0 {
        let energy = relaxation.prediction.as_ref().map(|prediction| prediction.energy);
        let volume = crystal.lattice.volume();
        let enthalpy = energy.map(|energy| enthalpy(energy, volume, options.pressure) / atoms as f64);
        set(property::ENTHALPY_PER_ATOM, json!(enthalpy));
    }
    set("max_force", json!(relaxation.max_force));
    set("max_stress", json!(relaxation.max_stress));
    set("verdict", json!(relaxation.verdict.to_string()));
    set("model", json!(potential.name()));
    set("protocol", json!({ "model": potential.protocol(), "relaxation": options }));
    values
}

//! `druse data reference`

use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::datasets::reference::{ReferenceError, ReferenceHeader, ReferenceRow, ReferenceWriter};
use crate::fitness::potential::{Potential, Want};
use crate::representations::symmetry::analyse;
use crate::representations::{Composition, Crystal};
use clap::Args;
use rayon::prelude::*;
use serde_json::json;

use crate::cli::Global;
use crate::cli::date::today;
use crate::cli::failure::Failure;
use crate::cli::potential::{ModelArgument, possible};
use crate::cli::progress::Progress;
use crate::cli::structures::{Files, Input};

/// Structures computed side by side before their rows are appended: what a stop can lose.
const BATCH: usize = 64;

#[derive(Args)]
pub struct Arguments {
    #[command(flatten)]
    files: Files,
    #[command(flatten)]
    model: ModelArgument,
    /// Table to write (gzip-compressed CSV)
    #[arg(long, value_name = "FILE")]
    to: PathBuf,
    /// Progress of the computation, to continue from after a stop; TO.part when absent
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,
    /// Leave out structures with more atoms
    #[arg(long, value_name = "N")]
    max_atoms: Option<usize>,
    /// Where the structures come from, with version; becomes part of the table
    #[arg(long, value_name = "TEXT", default_value = "unknown")]
    source: String,
    /// Licence and attribution of the structures; becomes part of the table
    #[arg(long, value_name = "TEXT", default_value = "unknown")]
    licence: String,
    /// Day of the computation; today when absent
    #[arg(long, value_name = "YYYY-MM-DD")]
    date: Option<String>,
    /// Distance (Å) within which sites count as equivalent, for the space group
    #[arg(long, value_name = "Å", default_value_t = 0.01)]
    symprec: f64,
}

pub fn run(arguments: &Arguments, global: &Global) -> Result<(), Failure> {
    let potential = arguments.model.load(global)?;
    let header = ReferenceHeader {
        model: potential.hull_name(),
        model_hash: potential.identity(),
        protocol: format!(
            "energy of the structure as given, no relaxation; space group with symprec {} Å",
            arguments.symprec
        ),
        source: arguments.source.clone(),
        licence: arguments.licence.clone(),
        date: arguments.date.clone().unwrap_or_else(today),
        pressure: 0.0,
    };
    let checkpoint = arguments.checkpoint.clone().unwrap_or_else(|| with_suffix(&arguments.to, ".part"));
    let mut writer = ReferenceWriter::open(&checkpoint, &header).map_err(failure)?;
    let inputs = arguments.files.read()?;
    let total = inputs.len();
    let wanted: Vec<Input> =
        inputs.into_iter().filter(|input| !too_large(input, arguments.max_atoms)).collect();
    let left_out = total - wanted.len();
    let before = writer.len() + writer.failures().count();
    let missing: Vec<Input> = wanted.into_iter().filter(|input| !writer.contains(&input.id)).collect();
    global.note(&format!(
        "{total} structures: {left_out} too large, {before} done before, {} to compute",
        missing.len()
    ));

    let start = Instant::now();
    let progress = Progress::start(global, "structures", missing.len());
    for batch in missing.chunks(BATCH) {
        let rows: Vec<Result<Row, String>> = batch
            .par_iter()
            .map(|input| {
                let row = input
                    .record
                    .as_ref()
                    .map_err(Clone::clone)
                    .and_then(|record| compute(&record.crystal, potential.as_ref(), arguments.symprec));
                progress.step();
                row
            })
            .collect();
        for (input, row) in batch.iter().zip(rows) {
            // The same id again within this call.
            if writer.contains(&input.id) {
                continue;
            }
            match row {
                Ok(row) => writer.append(&row.named(&input.id)).map_err(failure)?,
                Err(reason) => writer.append_failure(&input.id, &reason).map_err(failure)?,
            }
        }
    }
    progress.finish();
    let seconds = start.elapsed().as_secs_f64();

    let failures: Vec<_> =
        writer.failures().map(|(id, reason)| json!({ "id": id, "error": reason })).collect();
    let table = writer.finish(&arguments.to).map_err(failure)?;
    global.note(&format!(
        "{} energies in {} ({} failures); {} structures in {seconds:.1} s",
        table.len(),
        arguments.to.display(),
        failures.len(),
        missing.len(),
    ));
    global.write_json(&json!({
        "file": arguments.to,
        "count": table.len(),
        "sha256": table.checksum(),
        "model": header.model,
        "model_hash": header.model_hash,
        "protocol": header.protocol,
        "computed": missing.len(),
        "too_large": left_out,
        "seconds": seconds,
        "failures": failures,
    }))
}

/// What is known of one structure before it has a name.
struct Row {
    formula: String,
    space_group: Option<u8>,
    atoms: u32,
    energy_per_atom: f64,
}

impl Row {
    fn named<'a>(&'a self, id: &'a str) -> ReferenceRow<'a> {
        ReferenceRow {
            id,
            formula: &self.formula,
            space_group: self.space_group,
            atoms: self.atoms,
            energy_per_atom: self.energy_per_atom,
        }
    }
}

fn compute(crystal: &Crystal, potential: &dyn Potential, symprec: f64) -> Result<Row, String> {
    possible(crystal)?;
    let composition: Composition = crystal.composition();
    let atoms = crystal.sites.len();
    let prediction = potential
        .evaluate(&[crystal], Want::ENERGY)
        .pop()
        .ok_or_else(|| format!("{} gave no result", potential.name()))?
        .map_err(|error| error.to_string())?;
    Ok(Row {
        formula: composition.reduced_formula(),
        // An energy without a space group is still good for the hull.
        space_group: analyse(crystal, symprec).ok().map(|info| info.number),
        atoms: u32::try_from(atoms).map_err(|_| format!("{atoms} atoms are too many"))?,
        energy_per_atom: potential.hull_energy(crystal, prediction.energy) / atoms as f64,
    })
}

fn too_large(input: &Input, max_atoms: Option<usize>) -> bool {
    let atoms = input.record.as_ref().map_or(0, |record| record.crystal.sites.len());
    max_atoms.is_some_and(|most| atoms > most)
}

fn failure(error: ReferenceError) -> Failure {
    match error {
        ReferenceError::File { .. } => Failure::other(error),
        _ => Failure::input(error),
    }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

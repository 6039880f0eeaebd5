//! `druse data reference`

mod choice;
mod compute;
mod plan;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::datasets::reference::{ReferenceError, ReferenceHeader, ReferenceWriter};
use crate::representations::Crystal;
use clap::Args;
use rayon::prelude::*;
use serde_json::json;

use crate::cli::Global;
use crate::cli::date::today;
use crate::cli::failure::Failure;
use crate::cli::potential::ModelArgument;
use crate::cli::progress::Progress;
use crate::cli::structures::{Files, Input};
use compute::Computation;
use plan::{Plan, RelaxingArguments};

/// Structures computed side by side before their rows are appended: what a stop can lose.
const BATCH: usize = 64;
/// The same of relaxations, which take longer.
const RELAXED_BATCH: usize = 16;

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
    /// Distance (Å) within which sites count as equivalent, for the space group and for the symmetry that relaxations keep
    #[arg(long, value_name = "Å", default_value_t = 0.01)]
    symprec: f64,
    #[command(flatten)]
    relaxing: RelaxingArguments,
}

pub fn run(arguments: &Arguments, global: &Global) -> Result<(), Failure> {
    let plan = arguments.relaxing.plan(arguments.symprec)?;
    let potential = arguments.model.load(global)?;
    let header = ReferenceHeader {
        model: potential.hull_name(),
        model_hash: potential.identity(),
        protocol: plan.as_ref().map_or_else(
            || as_given(arguments.symprec),
            |plan| plan.protocol(arguments.max_atoms, potential.scheme()),
        ),
        source: arguments.source.clone(),
        licence: arguments.licence.clone(),
        date: arguments.date.clone().unwrap_or_else(today),
        pressure: plan.as_ref().map_or(0.0, Plan::pressure),
    };
    let checkpoint = arguments.checkpoint.clone().unwrap_or_else(|| with_suffix(&arguments.to, ".part"));
    let mut writer = ReferenceWriter::open(&checkpoint, &header).map_err(failure)?;
    let inputs = arguments.files.read()?;
    let total = inputs.len();
    let mut wanted: Vec<Input> =
        inputs.into_iter().filter(|input| !too_large(input, arguments.max_atoms)).collect();
    let left_out = total - wanted.len();
    // Of an id that is there again the first structure counts.
    let mut ids = BTreeSet::new();
    wanted.retain(|input| ids.insert(input.id.clone()));
    global.note(&format!(
        "{total} structures: {left_out} too large, {} done before",
        writer.len() + writer.failures().count()
    ));

    let start = Instant::now();
    let computation = Computation { potential: potential.as_ref(), symprec: arguments.symprec };
    let computed = match &plan {
        None => given(&wanted, &computation, &mut writer, global)?,
        Some(plan) => relaxed(&wanted, &computation, plan, &mut writer, global)?,
    };
    let seconds = start.elapsed().as_secs_f64();

    let failures: Vec<_> =
        writer.failures().map(|(id, reason)| json!({ "id": id, "error": reason })).collect();
    let out_of_steps = writer.out_of_steps();
    let table = writer.finish(&arguments.to).map_err(failure)?;
    global.note(&format!(
        "{} {} in {} ({} failures); {computed} structures in {seconds:.1} s",
        table.len(),
        table.header().quantity(),
        arguments.to.display(),
        failures.len(),
    ));
    let orphans = choice::elements_without_energy(&table);
    if plan.is_some() && !orphans.is_empty() {
        global.note(&format!(
            "no energies of the pure elements {}: no hull with them can be drawn",
            orphans.join(", ")
        ));
    }
    let mut told = json!({
        "file": arguments.to,
        "count": table.len(),
        "sha256": table.checksum(),
        "model": header.model,
        "model_hash": header.model_hash,
        "protocol": table.header().protocol,
        "computed": computed,
        "too_large": left_out,
        "seconds": seconds,
        "failures": failures,
    });
    if let Some(plan) = &plan {
        told["pressure"] = json!(plan.pressure());
        told["out_of_steps"] = json!(out_of_steps);
    }
    global.write_json(&told)
}

/// The energies of structures as they are; says how many were computed.
fn given(
    wanted: &[Input],
    computation: &Computation,
    writer: &mut ReferenceWriter,
    global: &Global,
) -> Result<usize, Failure> {
    let missing: Vec<&Input> = wanted.iter().filter(|input| !writer.contains(&input.id)).collect();
    let compute = |crystal: &Crystal| computation.given(crystal);
    side_by_side(&missing, BATCH, "structures", global, compute, |id, row| match row {
        Ok(row) => writer.append(&row.named(id)),
        Err(reason) => writer.append_failure(id, &reason),
    })?;
    Ok(missing.len())
}

/// The energies of structures after relaxation, of those that are worth it; says how many were relaxed.
fn relaxed(
    wanted: &[Input],
    computation: &Computation,
    plan: &Plan,
    writer: &mut ReferenceWriter,
    global: &Global,
) -> Result<usize, Failure> {
    let mut far = BTreeSet::new();
    if plan.near().is_finite() {
        let unseen: Vec<&Input> = wanted.iter().filter(|input| !writer.contains_first(&input.id)).collect();
        let compute = |crystal: &Crystal| computation.first(crystal, plan.pressure());
        side_by_side(&unseen, BATCH, "structures as given", global, compute, |id, row| match row {
            Ok(row) => writer.append_first(&row.named(id)),
            Err(reason) => writer.append_failure(id, &reason),
        })?;
        far = choice::far(writer, plan.near())?;
        global.note(&format!(
            "{} structures are more than {} eV/atom above the hull",
            far.len(),
            plan.near()
        ));
    }
    let missing: Vec<&Input> =
        wanted.iter().filter(|input| !writer.contains(&input.id) && !far.contains(&input.id)).collect();
    let compute = |crystal: &Crystal| computation.relaxed(crystal, plan.options());
    side_by_side(&missing, RELAXED_BATCH, "relaxations", global, compute, |id, row| match row {
        Ok((row, true)) => writer.append(&row.named(id)),
        Ok((row, false)) => writer.append_out_of_steps(&row.named(id)),
        Err(reason) => writer.append_failure(id, &reason),
    })?;
    let absent = choice::not_relaxed(writer, &far);
    if absent > 0 {
        return Err(Failure::input(format!(
            "FILES: found all but {absent} of the structures near the hull with which this was begun, expected all"
        )));
    }
    let left_out = far.len();
    writer.leave_out(far);
    writer.add_to_protocol(&plan.outcome(left_out, writer.failures().count(), writer.out_of_steps()));
    Ok(missing.len())
}

/// Computes on all threads, and keeps the results in the order of the inputs.
fn side_by_side<T: Send>(
    inputs: &[&Input],
    batch: usize,
    what: &'static str,
    global: &Global,
    compute: impl Fn(&Crystal) -> Result<T, String> + Sync,
    mut keep: impl FnMut(&str, Result<T, String>) -> Result<(), ReferenceError>,
) -> Result<(), Failure> {
    global.note(&format!("{} {what} to compute", inputs.len()));
    let progress = Progress::start(global, what, inputs.len());
    for batch in inputs.chunks(batch) {
        let results: Vec<Result<T, String>> = batch
            .par_iter()
            .map(|input| {
                let record = input.record.as_ref().map_err(Clone::clone);
                let result = record.and_then(|record| compute(&record.crystal));
                progress.step();
                result
            })
            .collect();
        for (input, result) in batch.iter().zip(results) {
            keep(&input.id, result).map_err(failure)?;
        }
    }
    progress.finish();
    Ok(())
}

fn as_given(symprec: f64) -> String {
    format!("energy of the structure as given, no relaxation; space group with symprec {symprec} Å")
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

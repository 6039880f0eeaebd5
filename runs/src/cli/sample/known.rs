//! Samples that belong to known structures: predictions of their formulas, reconstructions, ways between them.

use std::path::Path;

use crate::generators::learned::{Sample, Sampler};
use crate::representations::io::{Record, read_path};
use clap::Args;
use rayon::prelude::*;
use serde_json::json;

use super::super::Global;
use super::super::failure::Failure;
use super::super::progress::Progress;
use super::{Arguments, Origin};

/// Known structures to begin with.
#[derive(Args)]
#[command(next_help_heading = "Known structures")]
pub struct KnownStructures {
    /// Predict the crystal structure of the formula of every structure here, -n attempts at each; the
    /// structures themselves are not looked at. `druse evaluate --protocol prediction` tells how many are met
    #[arg(long, value_name = "FILE", conflicts_with_all = ["reconstruct", "interpolate", "formula", "system", "elements", "required", "exclude", "element_count", "atoms", "fix", "best_of"])]
    pub formulas: Option<std::path::PathBuf>,
    /// Write every structure, or every ligand of a table of SMILES, down as the model sees it and read it again
    /// (autoencoders)
    #[arg(long, value_name = "FILE", conflicts_with_all = ["interpolate", "best_of", "fix", "condition"])]
    pub reconstruct: Option<std::path::PathBuf>,
    /// Go from every structure here to the next in -n steps, both ends included (autoencoders)
    #[arg(long, value_name = "FILE", conflicts_with_all = ["best_of", "fix", "condition"])]
    pub interpolate: Option<std::path::PathBuf>,
}

/// What was made of known structures.
pub struct Made {
    pub records: Vec<Record>,
    pub attempts: usize,
    /// Structures that the model cannot do anything with, and why not the first.
    pub refused: (usize, Option<String>),
}

impl KnownStructures {
    /// Whether samples are to belong to known structures.
    pub fn given(&self) -> bool {
        self.formulas.is_some() || self.reconstruct.is_some() || self.interpolate.is_some()
    }

    /// Makes what is asked for.
    pub fn make(
        &self,
        arguments: &Arguments,
        sampler: &dyn Sampler,
        origin: &Origin<'_>,
        global: &Global,
    ) -> Result<Made, Failure> {
        let steps = arguments.n as usize;
        match (&self.formulas, &self.reconstruct, &self.interpolate) {
            (Some(path), ..) => predict(&read(path)?, arguments, sampler, origin, global),
            (_, Some(path), _) => reconstruct(&read(path)?, sampler, origin),
            (.., Some(path)) => interpolate(&read(path)?, steps, sampler, origin),
            _ => Err(Failure::input("found no known structures")),
        }
    }
}

fn read(path: &Path) -> Result<Vec<Record>, Failure> {
    let records: Result<Vec<Record>, _> = read_path(path).map_err(Failure::input)?.into_iter().collect();
    let records = records.map_err(Failure::input)?;
    if records.is_empty() {
        return Err(Failure::input(format!("{}: found no structure, expected some", path.display())));
    }
    Ok(records)
}

/// A sample with the id of the structure that it belongs to.
fn belonging(mut record: Record, of: &str, attempt: usize) -> Record {
    record.id = format!("{of}-{attempt}");
    record.properties.insert("of".to_owned(), json!(of));
    record.properties.insert("attempt".to_owned(), json!(attempt));
    record
}

fn predict(
    known: &[Record],
    arguments: &Arguments,
    sampler: &dyn Sampler,
    origin: &Origin<'_>,
    global: &Global,
) -> Result<Made, Failure> {
    let n = arguments.n as u64;
    // Every structure has numbers of its own, in whole batches.
    let span = n.next_multiple_of(sampler.batch().max(1) as u64);
    let progress = Progress::start(global, "formulas", known.len());
    let predicted: Vec<Result<Vec<Record>, String>> = known
        .par_iter()
        .enumerate()
        .map(|(place, record)| {
            let first = place as u64 * span;
            let numbers: Vec<u64> = (first..first + n).collect();
            let request = arguments.request_for(&record.crystal.composition())?;
            let samples = sampler.sample(&request, origin.seed, &numbers).map_err(|e| e.to_string());
            progress.step();
            let kept = |(attempt, sample): (usize, Option<Sample>)| {
                let sample = sample.filter(|sample| super::draw::violation(&request, sample).is_none())?;
                Some(belonging(origin.record(numbers[attempt], &sample), &record.id, attempt))
            };
            Ok(samples?.into_iter().enumerate().filter_map(kept).collect())
        })
        .collect();
    progress.finish();
    let refused: Vec<&String> = predicted.iter().filter_map(|result| result.as_ref().err()).collect();
    let refused = (refused.len(), refused.first().map(|reason| (*reason).clone()));
    if refused.0 == known.len() {
        return Err(Failure::input(refused.1.unwrap_or_default()));
    }
    let attempts = (known.len() - refused.0) * n as usize;
    Ok(Made { records: predicted.into_iter().flatten().flatten().collect(), attempts, refused })
}

fn reconstruct(known: &[Record], sampler: &dyn Sampler, origin: &Origin<'_>) -> Result<Made, Failure> {
    let crystals: Vec<_> = known.iter().map(|record| record.crystal.clone()).collect();
    let samples = sampler.reconstruct(&crystals)?;
    let kept = |(place, (record, sample)): (usize, (&Record, Option<Sample>))| {
        Some(belonging(origin.record(place as u64, &sample?), &record.id, 0))
    };
    let records = known.iter().zip(samples).enumerate().filter_map(kept).collect();
    Ok(Made { records, attempts: known.len(), refused: (0, None) })
}

fn interpolate(
    known: &[Record],
    steps: usize,
    sampler: &dyn Sampler,
    origin: &Origin<'_>,
) -> Result<Made, Failure> {
    let mut made = Made { records: Vec::new(), attempts: 0, refused: (0, None) };
    for pair in known.windows(2) {
        let samples = match sampler.interpolate([&pair[0].crystal, &pair[1].crystal], steps) {
            Ok(samples) => samples,
            Err(error) => {
                made.refused.0 += 1;
                made.refused.1.get_or_insert(error.to_string());
                continue;
            }
        };
        made.attempts += samples.len();
        let way = format!("{}-{}", pair[0].id, pair[1].id);
        let kept = samples.iter().enumerate().filter_map(|(step, sample)| Some((step, sample.as_ref()?)));
        let first = made.attempts as u64;
        made.records
            .extend(kept.map(|(step, s)| belonging(origin.record(first + step as u64, s), &way, step)));
    }
    match made.refused.1 {
        Some(reason) if made.records.is_empty() => Err(Failure::input(reason)),
        _ => Ok(made),
    }
}

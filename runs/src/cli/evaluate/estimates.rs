//! `druse evaluate --protocol estimates`

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;
use rayon::prelude::*;

use super::super::Global;
use super::super::failure::Failure;
use super::super::progress::Progress;
use super::super::weights;
use super::{Arguments, report};
use crate::datasets::import::join_columns;
use crate::evaluation::estimates::{Pair, Said, columns, evaluate};
use crate::evaluation::{Evaluation, SampleSet, Source};
use crate::fitness::chgnet::torch::{device, single_threaded};
use crate::generators::learned::crystal_key;
use crate::generators::learned::crystal_properties::{CrystalProperties, PropertyModel};
use crate::generators::learned::house::{Learner, Seen};

/// What is estimated, and the truth.
#[derive(Args)]
#[command(next_help_heading = "Options of --protocol estimates")]
pub struct Settings {
    /// Model of properties: a file by `druse train crystal-properties`, or the name of one that comes with druse
    #[arg(long, value_name = "MODEL", default_value = CrystalProperties::KIND)]
    estimator: String,
    /// CSV file with a column `id` whose other columns are labels; may be repeated
    #[arg(long, value_name = "FILE")]
    labels: Vec<PathBuf>,
}

pub fn run(sources: Vec<Source>, arguments: &Arguments, global: &Global) -> Result<(), Failure> {
    single_threaded();
    let settings = &arguments.estimates;
    let file = weights::open(&settings.estimator)?;
    let weights = file.weights::<CrystalProperties>(device("cpu").map_err(Failure::other)?)?;
    let model = PropertyModel::new(&weights);
    let properties: Vec<String> = model.names().map(str::to_owned).collect();
    let stamp = format!("{} sha256:{}", CrystalProperties::KIND, model.sha256());
    let mut evaluations: Vec<Evaluation> = Vec::new();
    for source in sources {
        let mut set = match source {
            Source::Set(set) => *set,
            Source::Done(done) => {
                evaluations.push(*done);
                continue;
            }
        };
        for labels in &settings.labels {
            let rows = set.members.iter_mut().map(|member| (member.id.as_str(), &mut member.properties));
            join_columns(rows.collect(), labels).map_err(Failure::input)?;
        }
        let before = set.members.len();
        without_seen(&mut set, &file.seen);
        let left = before - set.members.len();
        if left > 0 {
            global.note(&format!(
                "{}: {left} of {before} structures are left out: the model was trained on their formulas",
                set.name
            ));
        }
        let progress = Progress::start(global, "structures", set.members.len());
        let said: Said = set
            .members
            .par_iter()
            .map(|member| {
                let estimates = model.estimate(member.crystal.as_ref().map_err(Clone::clone)?)?;
                progress.step();
                let pair = |estimate: crate::generators::learned::crystal_properties::Estimate| {
                    let truth = member.properties.get(&estimate.name)?.as_f64()?;
                    Some((estimate.name, Pair { truth, value: estimate.value, doubt: estimate.doubt }))
                };
                Ok(estimates.into_iter().filter_map(pair).collect::<BTreeMap<_, _>>())
            })
            .collect();
        progress.finish();
        if said.iter().flatten().all(BTreeMap::is_empty) {
            return Err(Failure::input(format!(
                "{}: found no label of {}, expected some in the structures or in --labels",
                set.name,
                properties.join(", ")
            )));
        }
        evaluations.push(evaluate(&set, &said, &properties, &stamp, arguments.seed(global)));
    }
    report::write(&evaluations, columns(&properties), &arguments.sets, global)
}

/// Leaves out structures whose formulas a model was trained on.
fn without_seen(set: &mut SampleSet, seen: &Seen) {
    set.members
        .retain(|member| member.crystal.as_ref().is_ok_and(|crystal| !seen.contains(&crystal_key(crystal))));
}

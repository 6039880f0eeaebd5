//! `druse match`

mod pairs;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::representations::io::read_path;
use crate::validation::matching::{Comparison, Matcher, Pattern};
use clap::Args;
use rayon::prelude::*;
use serde_json::{Map, json};

use super::Global;
use super::failure::{Failure, guarded};
use super::matcher::MatcherArguments;
use super::progress::Progress;
use super::results::{Outcome, Results, shown};
use super::structures::Input;
use super::table::number;

/// Longer results are summed up instead of shown as a table.
const MOST_SHOWN: usize = 25;

#[derive(Args)]
pub struct Arguments {
    /// Two structure files with one structure each
    #[arg(value_names = ["A", "B"], num_args = 2, conflicts_with = "pairs", required_unless_present = "pairs")]
    files: Vec<PathBuf>,
    /// Many pairs: a CSV file with columns id1 and id2 (others are ignored)
    #[arg(long, value_name = "CSV", requires = "structures")]
    pairs: Option<PathBuf>,
    /// The structures of the pairs, by id; several files, folders or archives may be given
    #[arg(long, value_name = "FILES", num_args = 1.., requires = "pairs")]
    structures: Vec<PathBuf>,
    #[command(flatten)]
    matcher: MatcherArguments,
}

pub fn run(arguments: &Arguments, global: &Global) -> Result<(), Failure> {
    let matcher = arguments.matcher.load(&global.plugins)?;
    let (pairs, structures) = match (&arguments.pairs, &arguments.files[..]) {
        (Some(table), _) => (pairs::read(table)?, by_id(&arguments.structures)?),
        (None, [first, second]) => {
            let inputs = [single(first)?, single(second)?];
            let pair = (first.display().to_string(), second.display().to_string());
            let records = inputs.map(|input| prepared(input.record));
            let keys = [pair.0.clone(), pair.1.clone()];
            (vec![pair], keys.into_iter().zip(records).collect())
        }
        _ => return Err(Failure::input("expected two structure files, or --pairs with --structures")),
    };
    let progress = Progress::start(global, "pairs", pairs.len());
    let outcomes: Vec<Outcome> = pairs
        .par_iter()
        .map(|(first, second)| {
            let outcome = compare(first, second, &structures, matcher.as_ref());
            progress.step();
            outcome
        })
        .collect();
    progress.finish();
    let mut results = Results::default();
    for ((first, second), outcome) in pairs.into_iter().zip(outcomes) {
        results.push(format!("{first} {second}"), outcome);
    }
    if results.len() > MOST_SHOWN {
        let text = summary(&results, matcher.as_ref());
        return results.finish_with(global, &text);
    }
    results.finish(global, &["match", "rms", "max", "V2/V1", "strain"], |values| {
        let word = if values["match"] == true { "same" } else { "different" };
        let mut cells = vec![word.to_owned()];
        cells.extend(["rms", "max_dist", "volume_ratio", "strain"].map(|key| shown(values, key, 4)));
        cells
    })
}

type Patterns = BTreeMap<String, Result<Pattern, String>>;

/// The only structure of a file.
fn single(file: &Path) -> Result<Input, Failure> {
    let mut records = read_path(file).map_err(Failure::input)?;
    match (records.pop(), records.len()) {
        (Some(record), 0) => Ok(Input::of(record)),
        (last, more) => {
            let found = more + usize::from(last.is_some());
            Err(Failure::input(format!("{}: found {found} structures, expected one", file.display())))
        }
    }
}

/// All structures by id, each reduced once. Of structures with the same id only equal ones are
/// accepted.
fn by_id(files: &[PathBuf]) -> Result<Patterns, Failure> {
    let mut inputs = Vec::new();
    for file in files {
        inputs.extend(read_path(file).map_err(Failure::input)?.into_iter().map(Input::of));
    }
    let patterns: Vec<(String, Result<Pattern, String>)> =
        inputs.into_par_iter().map(|input| (input.id, prepared(input.record))).collect();
    let mut by_id = Patterns::new();
    for (id, pattern) in patterns {
        if by_id.get(&id).is_some_and(|known| *known != pattern) {
            return Err(Failure::input(format!(
                "--structures: found different structures with the id '{id}', expected each id once"
            )));
        }
        by_id.insert(id, pattern);
    }
    Ok(by_id)
}

fn prepared(record: Result<crate::representations::io::Record, String>) -> Result<Pattern, String> {
    Pattern::of(&record?.crystal).map_err(|error| error.to_string())
}

fn compare(first: &str, second: &str, structures: &Patterns, matcher: &dyn Matcher) -> Outcome {
    let get = |id: &str| match structures.get(id) {
        Some(Ok(pattern)) => Ok(pattern),
        Some(Err(error)) => Err(format!("{id}: {error}")),
        None => Err(format!("{id}: no structure has this id")),
    };
    let (x, y) = (get(first)?, get(second)?);
    let compare = |x: &Pattern, y: &Pattern| guarded(matcher.name(), || matcher.compare(x, y));
    let (comparison, swapped) = (compare(x, y)?, compare(y, x)?);
    Ok(values(first, second, &comparison, swapped.same == comparison.same, matcher))
}

fn values(
    first: &str,
    second: &str,
    comparison: &Comparison,
    swapped_equal: bool,
    matcher: &dyn Matcher,
) -> Map<String, serde_json::Value> {
    let pairs = [
        ("id1", json!(first)),
        ("id2", json!(second)),
        ("match", json!(comparison.same)),
        ("rms", json!(comparison.rms)),
        ("max_dist", json!(comparison.max_dist)),
        ("matcher", json!(matcher.protocol())),
        ("swapped_equal", json!(swapped_equal)),
        ("volume_ratio", json!(comparison.volume_ratio)),
        ("strain", json!(comparison.strain)),
        ("mirror_image_only", json!(comparison.mirror_image_only)),
        ("elements", json!(comparison.elements)),
        ("family", json!(comparison.family)),
        ("mapping", json!(comparison.mapping)),
    ];
    pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

/// Counts for people.
fn summary(results: &Results, matcher: &dyn Matcher) -> String {
    let values: Vec<&Map<String, serde_json::Value>> = results.values().collect();
    let same: Vec<_> = values.iter().filter(|values| values["match"] == true).collect();
    let unequal = values.iter().filter(|values| values["swapped_equal"] == false).count();
    let mut rms: Vec<f64> = same.iter().filter_map(|values| values["rms"].as_f64()).collect();
    rms.sort_by(f64::total_cmp);
    let mut text = format!("{} pairs by {}\n\n", results.len(), matcher.name());
    let mut line = |what: &str, count: usize, note: &str| {
        text += format!("{what:>12} {count:6}  {note}").trim_end();
        text.push('\n');
    };
    let median = rms.get(rms.len() / 2).copied();
    line("same", same.len(), &format!("median rms {}", number(median, 4)));
    line("different", values.len() - same.len(), "");
    let failed = results.len() - values.len();
    if failed > 0 {
        line("failed", failed, "");
    }
    line("order counts", unequal, "pairs whose verdict changes when they are swapped");
    text
}

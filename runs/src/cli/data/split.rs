//! `druse data split`

mod check;

use std::path::{Path, PathBuf};

use crate::datasets::split::{Part, SplitBy, groups, split};
use crate::representations::Crystal;
use crate::representations::io::{Format, Record, WriteError, write_string};
use crate::validation::audit::leak_free_groups;
use crate::validation::matching::{Overrides, matcher};
use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use crate::cli::failure::Failure;
use crate::cli::structures::Files;
use crate::cli::{Global, output};

#[derive(Args)]
pub struct Arguments {
    #[command(flatten)]
    files: Option<Files>,
    /// Folder to write train.jsonl, validation.jsonl and test.jsonl to
    #[arg(long, value_name = "DIR", required_unless_present = "check")]
    to: Option<PathBuf>,
    /// Instead of splitting, report what leaks from the training set of a split into its other sets:
    /// duplicates, variants of one solid solution, polymorphs, structure types
    #[arg(long, value_names = ["TRAIN", "TEST"], num_args = 2..=3, conflicts_with_all = ["files", "to"],
          required_unless_present = "files")]
    check: Vec<PathBuf>,
    /// What must stay in one part
    #[arg(long, value_enum, default_value = "formula")]
    by: By,
    /// Shares of train, validation and test
    #[arg(long, value_name = "A,B,C", value_parser = three_numbers, default_value = "0.8,0.1,0.1")]
    fractions: Fractions,
    /// With --by prototype or leak-free-prototype: distance (Å) within which sites count as equivalent
    #[arg(long, value_name = "Å", default_value_t = 0.1)]
    symprec: f64,
}

#[derive(Clone, Copy, ValueEnum)]
enum By {
    /// Structures with the same reduced formula
    Formula,
    /// Structures of the same structure type, whatever the elements
    Prototype,
    /// Structures of the same composition, and ordered, disordered and solid-solution variants of one
    /// crystal: nothing of them is known from training
    LeakFree,
    /// The same, and structures of the same structure type
    LeakFreePrototype,
}

/// Shares of train, validation and test.
#[derive(Clone, Copy)]
struct Fractions([f64; 3]);

fn three_numbers(text: &str) -> Result<Fractions, String> {
    let numbers: Result<Vec<f64>, _> = text.split(',').map(|number| number.trim().parse()).collect();
    let numbers = numbers.ok().and_then(|numbers| <[f64; 3]>::try_from(numbers).ok());
    numbers.map(Fractions).ok_or_else(|| "expected three numbers such as 0.8,0.1,0.1".to_owned())
}

pub fn run(arguments: &Arguments, global: &Global) -> Result<(), Failure> {
    match (&arguments.files, &arguments.to, arguments.check.as_slice()) {
        (_, _, [training, others @ ..]) => check::run(training, others, global),
        (Some(files), Some(folder), []) => divide(files, folder, arguments, global),
        _ => Err(Failure::input("expected structure files with --to, or --check")),
    }
}

fn divide(files: &Files, folder: &Path, arguments: &Arguments, global: &Global) -> Result<(), Failure> {
    let Fractions(fractions) = arguments.fractions;
    let mut failed = 0;
    let mut records: Vec<Record> = Vec::new();
    for input in files.read()? {
        match input.record {
            Ok(record) => records.push(record),
            Err(error) => {
                failed += 1;
                eprintln!("{}: {error}", input.id);
            }
        }
    }
    if records.is_empty() {
        return Err(Failure::input(format!("all {failed} structures failed")));
    }
    let symprec = arguments.symprec;
    let (by, groups) = match arguments.by {
        By::Formula => (json!(SplitBy::Formula), groups(&records, SplitBy::Formula)),
        By::Prototype => {
            let by = SplitBy::Prototype { symprec };
            (json!(by), groups(&records, by))
        }
        By::LeakFree => leak_free(&records, None)?,
        By::LeakFreePrototype => leak_free(&records, Some(symprec))?,
    };
    let seed = global.seed.unwrap_or(0);
    let parts = split(&groups, fractions, seed).map_err(Failure::input)?;
    let of_part = |part: Part| -> Vec<Record> {
        records.iter().zip(&parts).filter(|(_, of)| **of == part).map(|(record, _)| record.clone()).collect()
    };
    let sets = Part::ALL.map(|part| (format!("{part}.jsonl"), of_part(part)));
    let text = |(name, set): &(String, Vec<Record>)| Ok((name.clone(), write_string(Format::Jsonl, set)?));
    let files: Result<Vec<_>, WriteError> = sets.iter().map(text).collect();
    output::write_folder(folder, &files.map_err(Failure::input)?)?;
    let distinct: std::collections::BTreeSet<&String> = groups.iter().collect();
    let counts: Vec<String> = sets.iter().map(|(name, set)| format!("{name} {}", set.len())).collect();
    global.note(&format!("{}: {}; {} groups", folder.display(), counts.join(", "), distinct.len()));
    global.write_json(&json!({
        "folder": folder,
        "by": by,
        "seed": seed,
        "fractions": fractions,
        "groups": distinct.len(),
        "train": sets[0].1.len(),
        "validation": sets[1].1.len(),
        "test": sets[2].1.len(),
        "failed": failed,
    }))
}

/// How structures were grouped, for the results, and the group of each.
fn leak_free(records: &[Record], symprec: Option<f64>) -> Result<(Value, Vec<String>), Failure> {
    let disorder = matcher("disorder", &Overrides::default()).map_err(Failure::other)?;
    let crystals: Vec<&Crystal> = records.iter().map(|record| &record.crystal).collect();
    let by = json!({ "leak_free": { "variants": disorder.protocol(), "prototypes_symprec": symprec } });
    Ok((by, leak_free_groups(&crystals, disorder.as_ref(), symprec)))
}

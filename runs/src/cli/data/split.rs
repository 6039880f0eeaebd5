//! `druse data split`

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use druse::datasets::split::{Part, SplitBy, groups, split};
use druse::representations::io::{Format, Record, WriteError, write_string};
use serde_json::json;

use crate::cli::failure::Failure;
use crate::cli::structures::Files;
use crate::cli::{Global, output};

#[derive(Args)]
pub struct Arguments {
    #[command(flatten)]
    files: Files,
    /// Folder to write train.jsonl, validation.jsonl and test.jsonl to
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
    /// What must stay in one part
    #[arg(long, value_enum, default_value = "formula")]
    by: By,
    /// Shares of train, validation and test
    #[arg(long, value_name = "A,B,C", value_parser = three_numbers, default_value = "0.8,0.1,0.1")]
    fractions: Fractions,
    /// With --by prototype: distance (Å) within which sites count as equivalent
    #[arg(long, value_name = "Å", default_value_t = 0.1)]
    symprec: f64,
}

#[derive(Clone, Copy, ValueEnum)]
enum By {
    /// Structures with the same reduced formula
    Formula,
    /// Structures of the same structure type, whatever the elements
    Prototype,
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
    let Fractions(fractions) = arguments.fractions;
    let mut failed = 0;
    let mut records: Vec<Record> = Vec::new();
    for input in arguments.files.read()? {
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
    let by = match arguments.by {
        By::Formula => SplitBy::Formula,
        By::Prototype => SplitBy::Prototype { symprec: arguments.symprec },
    };
    let seed = global.seed.unwrap_or(0);
    let groups = groups(&records, by);
    let parts = split(&groups, fractions, seed).map_err(Failure::input)?;
    let of_part = |part: Part| -> Vec<Record> {
        records.iter().zip(&parts).filter(|(_, of)| **of == part).map(|(record, _)| record.clone()).collect()
    };
    let sets = Part::ALL.map(|part| (format!("{part}.jsonl"), of_part(part)));
    let text = |(name, set): &(String, Vec<Record>)| Ok((name.clone(), write_string(Format::Jsonl, set)?));
    let files: Result<Vec<_>, WriteError> = sets.iter().map(text).collect();
    output::write_folder(&arguments.to, &files.map_err(Failure::input)?)?;
    let distinct: std::collections::BTreeSet<&String> = groups.iter().collect();
    let counts: Vec<String> = sets.iter().map(|(name, set)| format!("{name} {}", set.len())).collect();
    global.note(&format!("{}: {}; {} groups", arguments.to.display(), counts.join(", "), distinct.len()));
    global.write_json(&json!({
        "folder": arguments.to,
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

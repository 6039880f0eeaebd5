//! `druse reproduce`

use std::path::PathBuf;

use crate::bundle::{Bundle, Change, FieldChange, Report, Reproduction, Request};
use clap::Args;
use serde_json::{Value, json};

use super::Global;
use super::failure::Failure;
use super::output;
use super::run::MachineArguments;
use super::table::table;
use super::watch::Watch;

/// Files that are told by name.
const SHOWN: usize = 10;
/// Longest text of a value that is told (characters).
const LONGEST: usize = 120;

#[derive(Args)]
pub struct Arguments {
    /// Bundle written by `druse bundle`
    #[arg(value_name = "BUNDLE")]
    bundle: PathBuf,
    /// New folder for the campaign, or the one of a reproduction that was stopped; reproduced-NAME when absent
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Files, or folders with files, that are not in the bundle; found by their checksums
    #[arg(long, value_name = "PATH", num_args = 1..)]
    inputs: Vec<PathBuf>,
    #[command(flatten)]
    machine: MachineArguments,
}

pub fn run(arguments: &Arguments, global: &Global) -> Result<(), Failure> {
    if global.seed.is_some() {
        return Err(Failure::input("--seed: a campaign that is done again keeps its seed"));
    }
    let machine = arguments.machine.machine()?;
    let bundle = Bundle::open(&arguments.bundle)?;
    let facts = bundle.facts();
    let folder = arguments.out.clone().unwrap_or_else(|| PathBuf::from(format!("reproduced-{}", facts.name)));
    global.note(&format!(
        "{}: {} (seed {}) by druse {}; every file is as it was written",
        arguments.bundle.display(),
        facts.name,
        facts.seed,
        facts.druse
    ));
    let request = Request {
        directory: &folder,
        inputs: &arguments.inputs,
        plugins: &global.plugins,
        machine: &machine,
    };
    let reproduction = Reproduction::prepare(bundle, request)?;
    for change in reproduction.changes() {
        global.note(&told(change));
    }
    let watch = Watch::new(global, &folder);
    let outcome = reproduction.run(&watch);
    watch.finish();
    let report = outcome?;
    if !global.json_on_stdout() {
        output::print(&text(&report))?;
    }
    global.note(&format!("\nthe new run: {}", folder.display()));
    global.write_json(&json!(report))?;
    if report.same {
        return Ok(());
    }
    Err(Failure::other("the campaign did not come out the same"))
}

fn told(change: &Change) -> String {
    format!("not as it was: {}: found {}, expected {}", change.what, change.found, change.expected)
}

fn text(report: &Report) -> String {
    let Report { candidates, files, .. } = report;
    if report.same {
        return format!(
            "the same: all {candidates} candidates and all {files} files of results, to the last digit\n"
        );
    }
    let mut text = format!("not the same: {} of {candidates} candidates differ", report.different);
    for (count, what) in [(report.missing, "missing"), (report.extra, "new")] {
        if count > 0 {
            text += &format!(", {count} {what}");
        }
    }
    text += "\n";
    if let Some(first) = &report.first {
        let (found, expected) = (short(&first.found), short(&first.expected));
        text += &format!(
            "\nIt begins with candidate {} in step {}: {}: found {found}, expected {expected}.\nWhat comes in later \
             steps may follow from that.\n",
            first.candidate, first.step, first.field
        );
    }
    if !report.fields.is_empty() {
        let row = |field: &FieldChange| {
            let largest = field.largest.map_or("-".to_owned(), |largest| format!("{largest:.1e}"));
            vec![field.field.clone(), field.candidates.to_string(), field.first.to_string(), largest]
        };
        let rows: Vec<Vec<String>> = report.fields.iter().map(row).collect();
        text += &format!("\n{}", table(&["field", "candidates", "first", "largest\ndifference"], &rows));
    }
    if !report.different_files.is_empty() {
        text += &format!("\n{} of {files} files of results differ\n", report.different_files.len());
        for name in report.different_files.iter().take(SHOWN) {
            text += &format!("    {name}\n");
        }
        if report.different_files.len() > SHOWN {
            text += "    …\n";
        }
    }
    if !report.changes.is_empty() {
        text += "\nThis may be why:\n";
        text.extend(report.changes.iter().map(|change| format!("    {}\n", told(change))));
    }
    text
}

fn short(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() <= LONGEST {
        return text;
    }
    text.chars().take(LONGEST).chain(['…']).collect()
}

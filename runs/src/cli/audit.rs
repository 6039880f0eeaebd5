//! `druse audit`

mod text;

use std::path::PathBuf;

use crate::report::{audit_csv, audit_page};
use crate::validation::audit::{Audit, AuditReport, AuditRow, Matchers};
use clap::Args;
use serde_json::{Value, json};

use super::failure::Failure;
use super::known::KnownArguments;
use super::matcher::MatcherArguments;
use super::progress::Progress;
use super::structures::{Files, Input};
use super::{Global, output};

#[derive(Args)]
pub struct Arguments {
    #[command(flatten)]
    files: Files,
    #[command(flatten)]
    known: KnownArguments,
    /// Write one row for each structure to this CSV file
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    /// Write a page with counts, distances, all rows and both structures of each in 3D to this HTML
    /// file
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    #[command(flatten)]
    matcher: MatcherArguments,
}

pub fn run(arguments: &Arguments, global: &Global) -> Result<(), Failure> {
    let matchers = Matchers::with(arguments.matcher.load(&global.plugins)?).map_err(Failure::other)?;
    let inputs = arguments.files.read()?;
    let (training, references) = arguments.known.load(global)?;
    let audit = Audit::new(matchers, training, references);
    let report = audited(&audit, inputs, global);
    if let Some(path) = &arguments.csv {
        output::write_file(path, audit_csv(&report).as_bytes())?;
    }
    if let Some(path) = &arguments.html {
        output::write_file(path, audit_page(&report).as_bytes())?;
    }
    finish(&report, global)
}

/// Runs an audit with its progress shown.
pub fn audited(audit: &Audit, inputs: Vec<Input>, global: &Global) -> AuditReport {
    let progress = Progress::start(global, "structures", inputs.len());
    let inputs =
        inputs.into_iter().map(|input| (input.id, input.record.map(|record| record.crystal))).collect();
    let report = audit.run(inputs, &|| progress.step());
    progress.finish();
    report
}

/// Shows and writes a report; fails when nothing could be audited.
fn finish(report: &AuditReport, global: &Global) -> Result<(), Failure> {
    if report.unique.of > 0 && !global.json_on_stdout() {
        output::print(&text::summary(report))?;
    }
    global.write_json(&report.rows.iter().map(row_json).collect())?;
    let failed: Vec<(&str, &str)> =
        report.rows.iter().filter_map(|row| Some((row.id.as_str(), row.error.as_deref()?))).collect();
    match (failed.as_slice(), report.rows.len()) {
        ([(_, error)], 1) => Err(Failure::input(error)),
        (failed, count) => {
            for (id, error) in failed {
                eprintln!("{id}: {error}");
            }
            match failed.len() {
                0 => Ok(()),
                all if all == count => Err(Failure::input(format!("all {count} structures failed"))),
                some => {
                    global.note(&format!("{some} of {count} structures failed"));
                    Ok(())
                }
            }
        }
    }
}

/// A row as JSON: `id` and `error` alone where it failed.
pub fn row_json(row: &AuditRow) -> Value {
    match &row.error {
        Some(error) => json!({ "id": row.id, "error": error }),
        None => json!(row),
    }
}

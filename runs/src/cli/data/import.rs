//! `druse data import`

use std::path::PathBuf;

use crate::datasets::import::{ImportError, Imported, join_labels};
use clap::Args;
use serde_json::json;

use crate::cli::Global;
use crate::cli::date::today;
use crate::cli::failure::Failure;

#[derive(Args)]
pub struct Arguments {
    /// Structure file, folder or archive
    #[arg(value_name = "SOURCE")]
    from: PathBuf,
    /// Folder to make; it gets structures.jsonl.gz and provenance.json
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
    /// Where the structures come from, with version
    #[arg(long, value_name = "TEXT", default_value = "unknown")]
    source: String,
    /// Licence and attribution that the source asks for
    #[arg(long, value_name = "TEXT", default_value = "unknown")]
    licence: String,
    /// CSV file with a column `id` whose other columns become properties; may be repeated
    #[arg(long, value_name = "FILE")]
    labels: Vec<PathBuf>,
    /// Day of the import; today when absent
    #[arg(long, value_name = "YYYY-MM-DD")]
    date: Option<String>,
}

pub fn run(arguments: &Arguments, global: &Global) -> Result<(), Failure> {
    let date = arguments.date.clone().unwrap_or_else(today);
    let mut imported =
        Imported::read(&arguments.from, &arguments.source, &arguments.licence, &date).map_err(failure)?;
    if imported.records.is_empty() {
        let first = imported.provenance.rejected.first().map(|rejected| rejected.reason.clone());
        let from = arguments.from.display();
        return Err(Failure::input(
            first.unwrap_or_else(|| format!("{from}: found no structure, expected one or more")),
        ));
    }
    let mut joined = Vec::new();
    for file in &arguments.labels {
        let report = join_labels(&mut imported.records, file).map_err(failure)?;
        global.note(&format!(
            "{}: {} structures got labels, {} have no row, {} rows are unused",
            file.display(),
            report.joined,
            report.without_row,
            report.unused_rows
        ));
        joined.push(json!({
            "file": file,
            "joined": report.joined,
            "without_row": report.without_row,
            "unused_rows": report.unused_rows,
            "filled": report.filled,
        }));
    }
    imported.write(&arguments.to).map_err(failure)?;
    let provenance = &imported.provenance;
    for rejected in &provenance.rejected {
        eprintln!("{}: {}", rejected.id, rejected.reason);
    }
    global.note(&format!(
        "{} structures in {}, {} rejected",
        provenance.count,
        arguments.to.display(),
        provenance.rejected.len()
    ));
    global.write_json(&json!({ "folder": arguments.to, "provenance": provenance, "labels": joined }))
}

fn failure(error: ImportError) -> Failure {
    match error {
        ImportError::File { action: "write", .. } => Failure::other(error),
        _ => Failure::input(error),
    }
}

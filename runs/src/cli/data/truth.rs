//! `druse data truth`

use std::path::PathBuf;

use crate::benchmark::TruthTable;
use clap::Args;
use serde_json::json;

use crate::cli::Global;
use crate::cli::failure::Failure;

#[derive(Args)]
pub struct Arguments {
    /// Folder of a finished campaign whose generator is `exhaustive`
    #[arg(value_name = "DIR")]
    campaign: PathBuf,
    /// The table, gzip-compressed
    #[arg(long, value_name = "FILE")]
    to: PathBuf,
}

pub fn run(arguments: &Arguments, global: &Global) -> Result<(), Failure> {
    let table = TruthTable::of_campaign(&arguments.campaign).map_err(Failure::input)?;
    table.write(&arguments.to).map_err(Failure::other)?;
    global.note(&format!(
        "{}: {} complexes, {} of them failed, {} on the Pareto front",
        arguments.to.display(),
        table.len(),
        table.failed(),
        table.front().len()
    ));
    global.write_json(&json!({
        "file": arguments.to,
        "complexes": table.len(),
        "failed": table.failed(),
        "front": table.front(),
    }))
}

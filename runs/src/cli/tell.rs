//! `druse tell`

use std::path::PathBuf;

use crate::feedback::{self, Comparison, Told};
use clap::Args;
use serde_json::json;

use super::Global;
use super::failure::Failure;
use super::output;
use super::table::{number, table};

#[derive(Args)]
#[command(after_help = "\
Tables have a column `candidate` and either one column for each objective or property, with its unit in \
brackets or without (`energy_above_hull (eV/atom)`), empty where nothing is measured, or the columns `name` and \
`value`; `source` says who measured. Either all values are stored or none.")]
pub struct Arguments {
    /// Folder of a campaign that is not running
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Measured values (CSV), as the table that `druse ask --to` writes
    #[arg(value_name = "RESULTS")]
    results: PathBuf,
    /// Let values replace others that were told before
    #[arg(long)]
    replace: bool,
}

pub fn run(arguments: &Arguments, global: &Global) -> Result<(), Failure> {
    let told =
        feedback::tell_file(&arguments.folder, &global.plugins, &arguments.results, arguments.replace)?;
    if !global.json_on_stdout() {
        output::print(&text(&told))?;
        if told.new + told.replaced > 0 {
            let folder = arguments.folder.display();
            global.note(&format!(
                "\ngo on from them: druse resume {folder}; beyond its end: druse resume {folder} --more N"
            ));
        }
    }
    global.write_json(&json!(told))
}

fn text(told: &Told) -> String {
    let mut parts = vec![format!("values: {} new", told.new)];
    if told.replaced > 0 {
        parts.push(format!("{} replaced", told.replaced));
    }
    if told.known > 0 {
        parts.push(format!("{} known already", told.known));
    }
    let mut text = format!("{}; candidates: {}\n", parts.join(", "), told.candidates);
    if !told.comparisons.is_empty() {
        text += &format!("\n{}", compared(&told.comparisons));
    }
    text
}

/// Predictions held against measurements, as a table.
pub fn compared(comparisons: &[Comparison]) -> String {
    let row = |comparison: &Comparison| {
        let name = match comparison.unit.as_str() {
            "" | "1" => comparison.name.clone(),
            unit => format!("{} ({unit})", comparison.name),
        };
        let cell = |value| number(Some(value), 4);
        vec![name, comparison.n.to_string(), cell(comparison.mean_error), cell(comparison.mae)]
    };
    let rows: Vec<Vec<String>> = comparisons.iter().map(row).collect();
    table(&["predicted - measured", "n", "mean error", "MAE"], &rows)
}

//! `druse show`

use std::path::PathBuf;

use clap::Args;
use druse::campaign::{self, CampaignError};
use druse::domain::{self, Details, Label};
use druse::store::{CandidateRow, Store};
use serde_json::json;

use super::Global;
use super::failure::Failure;
use super::output;
use super::summary::{front, text};
use super::table::table;

/// Rows of the front in the short form.
const SHOWN: usize = 20;

#[derive(Args)]
pub struct Arguments {
    /// Folder of a campaign, running or done
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Show the whole Pareto front and nothing else
    #[arg(long, conflicts_with = "candidate")]
    pareto: bool,
    /// Show everything known of one candidate
    #[arg(long, value_name = "N")]
    candidate: Option<u64>,
}

pub fn run(arguments: &Arguments, global: &Global) -> Result<(), Failure> {
    if let Some(number) = arguments.candidate {
        return candidate(arguments, number, global);
    }
    let summary = campaign::summary(&arguments.folder)?;
    if !global.json_on_stdout() {
        output::print(&if arguments.pareto { front(&summary, usize::MAX) } else { text(&summary, SHOWN) })?;
    }
    global.write_json(&if arguments.pareto { json!(summary.front) } else { json!(summary) })
}

fn candidate(arguments: &Arguments, number: u64, global: &Global) -> Result<(), Failure> {
    let store = Store::read(&arguments.folder).map_err(CampaignError::from)?;
    let rows = store.candidates().map_err(CampaignError::from)?;
    let row = rows.iter().find(|row| row.number == number).ok_or_else(|| {
        let last = rows.last().map_or("none".to_owned(), |row| format!("0 to {}", row.number));
        Failure::input(format!("--candidate: found {number}, expected the number of a candidate ({last})"))
    })?;
    let domain = domain::of(&campaign::load(&arguments.folder)?);
    let label = domain.label(row).map_err(CampaignError::from)?;
    let details = domain.details(row).map_err(CampaignError::from)?;
    if !global.json_on_stdout() {
        output::print(&describe(row, &label, &details))?;
    }
    let mut value = json!(row);
    value["structure"] = details.structure;
    global.write_json(&value)
}

fn describe(row: &CandidateRow, label: &Label, details: &Details) -> String {
    let mut lines = vec![
        ("candidate", row.number.to_string()),
        ("formula", label.formula.clone()),
        ("status", row.status.name().to_owned()),
    ];
    lines.extend(row.reason.clone().map(|reason| ("reason", reason)));
    let parents: Vec<String> = row.lineage.parents.iter().map(u64::to_string).collect();
    let parents = if parents.is_empty() { String::new() } else { format!(" of {}", parents.join(" and ")) };
    lines.push((
        "origin",
        format!("{}, {}{parents}, step {}", row.lineage.generator, row.lineage.operator, row.step),
    ));
    if let Some(nearest) = &row.novelty {
        let id = nearest.id.as_deref().map_or(String::new(), |id| format!(", nearest {id}"));
        lines.push(("novelty", format!("{}{id}", nearest.novelty.words())));
        lines.push(("matcher", nearest.matcher.clone()));
    }
    lines.extend(details.lines.iter().cloned());
    let mut text: String = lines.iter().map(|(key, value)| format!("{key:>12}  {value}\n")).collect();
    let values = |values: &std::collections::BTreeMap<String, f64>| -> Vec<Vec<String>> {
        values.iter().map(|(name, value)| vec![name.clone(), format!("{value:.5}")]).collect()
    };
    for (title, values) in [("objective", values(&row.objectives)), ("property", values(&row.properties))] {
        if !values.is_empty() {
            text += &format!("\n{}", table(&[title, "value"], &values));
        }
    }
    text + &format!("\n{}", table(&details.heading, &details.atoms))
}

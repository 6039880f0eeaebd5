//! `druse show`

use std::path::PathBuf;

use crate::bill::{self, CandidateBill};
use crate::campaign::{self, CampaignError, Judged};
use crate::constraints::constraint_costs;
use crate::domain::{self, Details, Label};
use crate::store::{CandidateRow, Measured, Store};
use clap::Args;
use serde_json::json;

use super::Global;
use super::bill::ledger;
use super::constraints::constraints;
use super::failure::Failure;
use super::output;
use super::summary::{front, text};
use super::table::{number, table};

/// Rows of the front in the short form.
const SHOWN: usize = 20;

#[derive(Args)]
pub struct Arguments {
    /// Folder of a campaign, running or done
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Show the whole Pareto front and nothing else
    #[arg(long, conflicts_with_all = ["candidate", "constraints", "ledger"])]
    pareto: bool,
    /// Show everything known of one candidate
    #[arg(long, value_name = "N")]
    candidate: Option<u64>,
    /// Show what each constraint, limit and filter removed, and what the front would gain without it
    #[arg(long, conflicts_with_all = ["candidate", "ledger"])]
    constraints: bool,
    /// Show time, energy and CO2 by stage of the funnel; with --candidate, of one candidate. Not the same
    /// from run to run
    #[arg(long)]
    ledger: bool,
}

pub fn run(arguments: &Arguments, global: &Global) -> Result<(), Failure> {
    if let Some(number) = arguments.candidate {
        return candidate(arguments, number, global);
    }
    if arguments.constraints {
        let costs = constraint_costs(&arguments.folder, &global.plugins)?;
        if !global.json_on_stdout() {
            output::print(&constraints(&costs))?;
        }
        return global.write_json(&json!({ "constraints": costs }));
    }
    if arguments.ledger {
        let bill = bill::bill(&arguments.folder, &global.plugins)?;
        if !global.json_on_stdout() {
            output::print(&ledger(&bill))?;
        }
        return global.write_json(&json!({ "ledger": bill }));
    }
    let summary = campaign::summary(&arguments.folder, &global.plugins)?;
    if !global.json_on_stdout() {
        output::print(&if arguments.pareto { front(&summary, usize::MAX) } else { text(&summary, SHOWN) })?;
    }
    global.write_json(&if arguments.pareto { json!(summary.front) } else { json!(summary) })
}

fn candidate(arguments: &Arguments, number: u64, global: &Global) -> Result<(), Failure> {
    let store = Store::read(&arguments.folder).map_err(CampaignError::from)?;
    let Some(row) = store.candidate(number).map_err(CampaignError::from)? else {
        let count = store.candidate_count().map_err(CampaignError::from)?;
        let known = if count == 0 { "none".to_owned() } else { format!("0 to {}", count - 1) };
        let message = format!("--candidate: found {number}, expected the number of a candidate ({known})");
        return Err(Failure::input(message));
    };
    let campaign = campaign::load(&arguments.folder, &global.plugins)?;
    let row = &Judged::new(&store, &campaign).map_err(CampaignError::from)?.row(row);
    let bill = CandidateBill::new(row, &store, campaign.grams_co2_per_kwh).map_err(CampaignError::from)?;
    if arguments.ledger {
        if !global.json_on_stdout() {
            output::print(&super::bill::candidate(&bill))?;
        }
        return global.write_json(&json!({ "ledger": bill }));
    }
    let domain = domain::of(&campaign);
    let label = domain.label(row).map_err(CampaignError::from)?;
    let details = domain.details(row).map_err(CampaignError::from)?;
    if !global.json_on_stdout() {
        let costs = match bill.stages.as_slice() {
            [] => String::new(),
            _ => format!("\n{}", super::bill::candidate(&bill)),
        };
        output::print(&(describe(row, &label, &details) + &costs))?;
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
    if !row.audited.is_empty() {
        lines.push(("by chance", "past ".to_owned() + &row.audited.join(", ")));
    }
    let parents: Vec<String> = row.lineage.parents.iter().map(u64::to_string).collect();
    let parents = if parents.is_empty() { String::new() } else { format!(" of {}", parents.join(" and ")) };
    lines.push((
        "origin",
        format!("{}, {}{parents}, step {}", row.lineage.generator, row.lineage.operator, row.step),
    ));
    lines.extend(row.lineage.note.clone().map(|note| ("from", note)));
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
    if !row.measured.is_empty() {
        let both = |(name, measured): (&String, &Measured)| {
            let cell = |value| number(value, 5);
            vec![name.clone(), cell(Some(measured.value)), cell(measured.predicted), measured.source.clone()]
        };
        let rows: Vec<Vec<String>> = row.measured.iter().map(both).collect();
        text += &format!("\n{}", table(&["measured", "value", "predicted", "source"], &rows));
    }
    text + &format!("\n{}", table(&details.heading, &details.atoms))
}

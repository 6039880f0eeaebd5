//! `druse export`

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use druse::campaign::{self, CampaignError};
use druse::engine::pareto_front;
use druse::representations::Crystal;
use druse::representations::io::{Format, Record};
use druse::store::{CandidateRow, Status, Store};
use serde_json::{Map, json};

use super::Global;
use super::failure::Failure;
use super::output::write_structures;

#[derive(Args)]
pub struct Arguments {
    /// Folder of a campaign
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Format of the files
    #[arg(long, value_name = "FORMAT", value_parser = ["cif", "poscar", "extxyz", "xyz", "json", "jsonl"])]
    format: String,
    /// Folder for the files: one for each candidate, or a single one (extxyz, json, jsonl)
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
    /// Which candidates
    #[arg(long, value_name = "SET", value_enum, default_value = "pareto")]
    candidates: Set,
}

/// A set of candidates.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Set {
    /// The Pareto front
    Pareto,
    /// All that were evaluated
    Evaluated,
}

pub fn run(arguments: &Arguments, global: &Global) -> Result<(), Failure> {
    let format = match arguments.format.as_str() {
        "xyz" => Format::Extxyz,
        name => name.parse().map_err(Failure::input)?,
    };
    let store = Store::read(&arguments.folder).map_err(CampaignError::from)?;
    let rows = store.candidates().map_err(CampaignError::from)?;
    let wanted: Vec<&CandidateRow> = match arguments.candidates {
        Set::Pareto => {
            let objectives = campaign::objectives(&store).map_err(CampaignError::from)?;
            pareto_front(&rows, &objectives).into_iter().map(|index| &rows[index]).collect()
        }
        Set::Evaluated => rows.iter().filter(|row| row.status == Status::Evaluated).collect(),
    };
    let records: Vec<Record> = wanted.into_iter().map(record).collect::<Result<_, _>>()?;
    let extension = format.extension();
    let files: Vec<(String, &[Record])> = match format {
        Format::Cif | Format::Poscar => records
            .iter()
            .map(|record| (format!("{}.{extension}", record.id), std::slice::from_ref(record)))
            .collect(),
        _ => vec![(format!("candidates.{extension}"), &records[..])],
    };
    write_structures(&arguments.to, format, &files)?;
    let names: Vec<&String> = files.iter().map(|(name, _)| name).collect();
    global.note(&format!("{} candidates in {}", records.len(), arguments.to.display()));
    global.write_json(&json!({ "folder": arguments.to, "candidates": records.len(), "files": names }))
}

/// The relaxed design with all that is known of it.
fn record(row: &CandidateRow) -> Result<Record, Failure> {
    let crystal: Crystal = row.design().map_err(CampaignError::from)?;
    let mut properties = Map::new();
    properties.extend(row.objectives.iter().map(|(name, value)| (name.clone(), json!(value))));
    for (name, value) in &row.properties {
        properties.entry(name.clone()).or_insert_with(|| json!(value));
    }
    if let Some(nearest) = &row.novelty {
        properties.insert("novelty".to_owned(), json!(nearest.novelty));
        properties.insert("nearest".to_owned(), json!(nearest.id));
    }
    properties.insert("generator".to_owned(), json!(row.lineage.generator));
    properties.insert("operator".to_owned(), json!(row.lineage.operator));
    let id = format!("{}-{}", row.number, crystal.composition().reduced_formula());
    Ok(Record { id, crystal, properties, source: String::new() })
}

//! `druse export`

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use druse::campaign::{self, CampaignError};
use druse::domain::{self, ExportError};
use druse::engine::pareto_front;
use druse::store::{CandidateRow, Status, Store};
use serde_json::json;

use super::Global;
use super::failure::Failure;
use super::output::write_folder;

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
    let store = Store::read(&arguments.folder).map_err(CampaignError::from)?;
    let domain = domain::of(&campaign::load(&arguments.folder)?);
    let rows = store.candidates().map_err(CampaignError::from)?;
    let wanted: Vec<&CandidateRow> = match arguments.candidates {
        Set::Pareto => {
            let objectives = campaign::objectives(&store).map_err(CampaignError::from)?;
            pareto_front(&rows, &objectives).into_iter().map(|index| &rows[index]).collect()
        }
        Set::Evaluated => rows.iter().filter(|row| row.status == Status::Evaluated).collect(),
    };
    let files = domain.export(&wanted, &arguments.format).map_err(|error| match error {
        ExportError::Store(error) => Failure::from(CampaignError::from(error)),
        error => Failure::input(error),
    })?;
    write_folder(&arguments.to, &files)?;
    let names: Vec<&String> = files.iter().map(|(name, _)| name).collect();
    global.note(&format!("{} candidates in {}", wanted.len(), arguments.to.display()));
    global.write_json(&json!({ "folder": arguments.to, "candidates": wanted.len(), "files": names }))
}

//! `druse export`

use std::path::PathBuf;

use crate::campaign::{self, CampaignError};
use crate::domain::{self, Domain, ExportError};
use crate::engine::Front;
use crate::representations::io::Format;
use crate::store::{CandidateRow, Status, Store};
use clap::{Args, ValueEnum};
use serde_json::json;

use super::Global;
use super::failure::Failure;
use super::output::FolderWriter;

#[derive(Args)]
pub struct Arguments {
    /// Folder of a campaign
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Format of the files; crystals have all of them, complexes xyz and jsonl. pymatgen are computed entries, asedb a database of ASE
    #[arg(long, value_name = "FORMAT", value_parser = FORMATS)]
    format: String,
    /// Folder for the files: one for each candidate (cif, poscar, xyz of complexes), or a single one
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
    /// Which candidates
    #[arg(long, value_name = "SET", value_enum, default_value = "pareto")]
    candidates: Set,
}

/// All formats of any kind of campaign.
const FORMATS: [&str; 9] =
    ["cif", "poscar", "extxyz", "xyz", "json", "jsonl", "pymatgen", "asedb", "optimade"];

/// A set of candidates.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Set {
    /// The Pareto front
    Pareto,
    /// All that were evaluated
    Evaluated,
}

/// Candidates that are held in memory at a time.
const CHUNK: usize = 256;

pub fn run(arguments: &Arguments, global: &Global) -> Result<(), Failure> {
    let store = Store::read(&arguments.folder).map_err(CampaignError::from)?;
    let campaign = campaign::load(&arguments.folder, &global.plugins)?;
    let domain = domain::of(&campaign);
    let mut writer = FolderWriter::new(&arguments.to)?;
    let mut chunk = Vec::new();
    let mut count = 0;
    let in_one_piece = arguments.format.parse::<Format>().is_ok_and(Format::is_one_piece);
    let most = if in_one_piece { usize::MAX } else { CHUNK };
    let mut take = |row: CandidateRow| -> Result<(), Failure> {
        count += 1;
        chunk.push(row);
        if chunk.len() < most { Ok(()) } else { add(&mut writer, domain, &mut chunk, &arguments.format) }
    };
    match arguments.candidates {
        Set::Pareto => {
            let objectives = campaign::objectives(&store).map_err(CampaignError::from)?;
            let mut front = Front::new(&objectives);
            campaign::for_each_candidate(&store, &campaign, |row| -> Result<(), CampaignError> {
                front.insert(&row);
                Ok(())
            })?;
            front.into_members().into_iter().try_for_each(take)?;
        }
        Set::Evaluated => campaign::for_each_candidate(&store, &campaign, |row| match row.status {
            Status::Evaluated => take(row),
            _ => Ok(()),
        })?,
    }
    add(&mut writer, domain, &mut chunk, &arguments.format)?;
    let names = writer.finish()?;
    global.note(&format!("{count} candidates in {}", arguments.to.display()));
    global.write_json(&json!({ "folder": arguments.to, "candidates": count, "files": names }))
}

/// Writes candidates to their files.
fn add(
    writer: &mut FolderWriter<'_>,
    domain: &dyn Domain,
    rows: &mut Vec<CandidateRow>,
    format: &str,
) -> Result<(), Failure> {
    let files = domain.export(&rows.iter().collect::<Vec<_>>(), format).map_err(|error| match error {
        ExportError::Store(error) => Failure::from(CampaignError::from(error)),
        error => Failure::input(error),
    })?;
    rows.clear();
    files.iter().try_for_each(|(name, bytes)| writer.add(name, bytes))
}

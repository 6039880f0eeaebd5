//! `druse evaluate --protocol tmc`: ligands and complexes.

use std::path::{Path, PathBuf};

use clap::Args;

use super::super::Global;
use super::super::failure::Failure;
use super::super::ligand_space::LigandArguments;
use super::{Arguments, report};
use crate::complexes::LIBRARY;
use crate::datasets::ligands::LigandLibrary;
use crate::evaluation::Evaluation;
use crate::evaluation::tmc::{Known, Tmc, TmcSet};

/// Settings of the protocol.
#[derive(Args)]
#[command(next_help_heading = "Options of --protocol tmc")]
#[group(id = "tmc")]
pub struct Settings {
    /// Column of the SMILES in tables of ligands, where its name does not tell
    #[arg(long, value_name = "COLUMN")]
    smiles: Option<String>,
    #[command(flatten)]
    asked: LigandArguments,
}

pub fn run(files: &[PathBuf], arguments: &Arguments, global: &Global) -> Result<(), Failure> {
    report::check(&arguments.sets)?;
    let settings = &arguments.tmc;
    let smiles = settings.smiles.as_deref();
    let asked = settings.asked.space();
    asked.check().map_err(Failure::input)?;
    let [training, references] = arguments.known.paths();
    // Where nothing is named, the library is what is known, if it is there.
    let library = [PathBuf::from(LIBRARY)];
    let absent = training.is_empty() && references.is_empty() && LigandLibrary::find().is_ok();
    let references = if absent { &library[..] } else { references };
    let known = |paths: &[PathBuf]| -> Result<Option<Known>, Failure> {
        let read = || Known::read(paths.iter().map(PathBuf::as_path), smiles);
        (!paths.is_empty()).then(read).transpose().map_err(Failure::input)
    };
    let (training, references) = (known(training)?, known(references)?);
    let tmc = Tmc {
        asked: &asked,
        training: training.as_ref(),
        known: references.as_ref(),
        seed: arguments.seed(global),
    };
    let first = arguments.sets.first.map(|first| first as usize);
    let one = |path: &PathBuf| -> Result<Evaluation, Failure> {
        let set = TmcSet::read(Path::new(path), smiles, first).map_err(Failure::input)?;
        Ok(tmc.evaluate(&set))
    };
    let evaluations: Vec<Evaluation> = files.iter().map(one).collect::<Result<_, _>>()?;
    report::write(&evaluations, Tmc::columns(), &arguments.sets, global)
}

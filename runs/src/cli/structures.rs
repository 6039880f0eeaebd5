//! Structures from the files named on the command line.

use std::path::PathBuf;

use crate::representations::io::{Record, RecordError, read_path};
use clap::Args;
use rayon::prelude::*;

use super::Global;
use super::failure::Failure;
use super::progress::Progress;

/// What came of a structure.
pub type Handled<T> = Result<T, String>;

/// Handles all inputs side by side, with their progress shown; what came of them, with their ids, in their order.
pub fn handle_all<T: Send>(
    inputs: Vec<Input>,
    global: &Global,
    one: impl Fn(Record) -> Handled<T> + Sync,
) -> Vec<(String, Handled<T>)> {
    let progress = Progress::start(global, "structures", inputs.len());
    let handled = inputs
        .into_par_iter()
        .map(|input| {
            let outcome = input.record.and_then(&one);
            progress.step();
            (input.id, outcome)
        })
        .collect();
    progress.finish();
    handled
}

/// The `FILES` of a command.
#[derive(Args)]
pub struct Files {
    /// Structure files, folders or archives: CIF, POSCAR, extXYZ, XYZ, pymatgen or OPTIMADE JSON,
    /// JSON lines, CSV with a column `cif`, ASE databases (.db); also .gz, .bz2 and .zip
    #[arg(required = true, value_name = "FILES")]
    pub files: Vec<PathBuf>,
}

/// A structure, or why it could not be read.
pub struct Input {
    /// Id by the file.
    pub id: String,
    /// The structure.
    pub record: Result<Record, String>,
}

impl Input {
    /// A structure as a reader gives it.
    pub fn of(record: Result<Record, RecordError>) -> Self {
        match record {
            Ok(record) => Self { id: record.id.clone(), record: Ok(record) },
            Err(error) => Self { id: error.id.clone(), record: Err(error.to_string()) },
        }
    }
}

impl Files {
    /// Reads all files in order. A structure that cannot be read stays in its place as an error.
    pub fn read(&self) -> Result<Vec<Input>, Failure> {
        let mut inputs = Vec::new();
        for path in &self.files {
            inputs.extend(read_path(path).map_err(Failure::input)?.into_iter().map(Input::of));
        }
        if inputs.is_empty() {
            let files: Vec<String> = self.files.iter().map(|file| file.display().to_string()).collect();
            return Err(Failure::input(format!(
                "{}: found no structure, expected one or more",
                files.join(", ")
            )));
        }
        Ok(inputs)
    }
}

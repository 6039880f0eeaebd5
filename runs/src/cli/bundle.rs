//! `druse bundle`

use std::path::PathBuf;

use crate::bundle::{self, BundleError, Packing};
use clap::Args;
use serde_json::json;

use super::Global;
use super::failure::Failure;

#[derive(Args)]
pub struct Arguments {
    /// Folder of a campaign that is at its end
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// The bundle to write, a .zip file
    #[arg(long, value_name = "FILE")]
    to: PathBuf,
    /// Leave out the files that the campaign names (references, models, programs), for instance because they may
    /// not be passed on; their checksums stay
    #[arg(long)]
    without_inputs: bool,
    /// Add the page of `druse report` and the ledger of time and energy, which differ from run to run
    #[arg(long)]
    report: bool,
}

pub fn run(arguments: &Arguments, global: &Global) -> Result<(), Failure> {
    let to = &arguments.to;
    if !to.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("zip")) {
        let found = to.display();
        return Err(Failure::input(format!(
            "--to: found '{found}', expected the name of a file that ends in .zip"
        )));
    }
    let packing = Packing { inputs: !arguments.without_inputs, report: arguments.report };
    let packed = bundle::pack(&arguments.folder, &global.plugins, packing, to)?;
    let (members, megabytes) = (packed.members, packed.bytes as f64 / 1e6);
    global.note(&format!("{} ({members} files, {megabytes:.1} MB, opens by hand)", to.display()));
    let left_out = packed.facts.inputs.iter().filter(|input| !input.packed);
    for input in left_out {
        global.note(&format!("not included: {} (SHA-256 {})", input.key, input.sha256));
    }
    let program = global.program();
    global.note(&format!("to do it again and compare: {program} reproduce {}", to.display()));
    let mut value = json!(packed.facts);
    value["bundle"] = json!(to);
    value["members"] = json!(members);
    value["bytes"] = json!(packed.bytes);
    global.write_json(&value)
}

impl From<BundleError> for Failure {
    fn from(error: BundleError) -> Self {
        match error {
            BundleError::Campaign(error) => error.into(),
            BundleError::Report(error) => error.into(),
            BundleError::Config(error) => crate::config::LoadError::from(*error).into(),
            BundleError::Write { .. } => Self::other(error),
            other => Self::input(other),
        }
    }
}

//! `druse run` and `druse resume`

use std::path::{Path, PathBuf};

use clap::Args;
use druse::campaign::{self, CampaignError, FRONT_FOLDER, FRONT_TABLE};
use druse::config;
use druse::engine::EngineError;
use druse::store::StoreError;
use druse::summary::Summary;

use serde_json::json;

use super::Global;
use super::failure::Failure;
use super::output;
use super::summary::{hint, text};
use super::watch::Watch;

/// Rows of the front shown at the end of a run; `druse show --pareto` shows all.
const SHOWN: usize = 20;

#[derive(Args)]
pub struct RunArguments {
    /// Campaign file (TOML; see `druse schema`)
    #[arg(value_name = "CAMPAIGN")]
    campaign: PathBuf,
    /// New folder for the campaign; the file's output.directory or campaign-NAME when absent
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    #[command(flatten)]
    machine: Machine,
}

#[derive(Args)]
pub struct ResumeArguments {
    /// Folder of a campaign
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    #[command(flatten)]
    machine: Machine,
}

#[derive(Args)]
struct Machine {
    /// Where the potential runs: cpu, or through libtorch torch-cpu, cuda or cuda:N
    #[arg(long, value_name = "NAME", default_value = "cpu")]
    device: String,
}

pub fn run(arguments: &RunArguments, global: &Global) -> Result<(), Failure> {
    let campaign = config::load(&arguments.campaign, global.seed)?;
    let folder = arguments.out.clone().or_else(|| campaign.directory.clone());
    let folder = folder.unwrap_or_else(|| PathBuf::from(format!("campaign-{}", campaign.name)));
    let watch = Watch::new(global, &folder);
    let outcome = campaign::run(&campaign, &folder, &arguments.machine.device, &watch);
    finish(outcome, watch, &folder, global)
}

pub fn resume(arguments: &ResumeArguments, global: &Global) -> Result<(), Failure> {
    if global.seed.is_some() {
        return Err(Failure::input("--seed: a campaign that was begun keeps its seed"));
    }
    let watch = Watch::new(global, &arguments.folder);
    let outcome = campaign::resume(&arguments.folder, &arguments.machine.device, &watch);
    finish(outcome, watch, &arguments.folder, global)
}

fn finish(
    outcome: Result<Summary, CampaignError>,
    watch: Watch,
    folder: &Path,
    global: &Global,
) -> Result<(), Failure> {
    watch.finish();
    let summary = outcome?;
    if !global.json_on_stdout() {
        output::print(&text(&summary, SHOWN))?;
        global.note(&format!(
            "\nstructures: {}, table: {}\n{}",
            folder.join(FRONT_FOLDER).display(),
            folder.join(FRONT_TABLE).display(),
            hint(folder)
        ));
    }
    global.write_json(&json!(summary))
}

impl From<CampaignError> for Failure {
    fn from(error: CampaignError) -> Self {
        match error {
            CampaignError::Load(error) => error.into(),
            CampaignError::Setup(error) if error.is_input() => Self::input(error),
            CampaignError::Engine(EngineError::Generator(_))
            | CampaignError::Store(StoreError::NoCampaign(_) | StoreError::AlreadyThere(_))
            | CampaignError::Changed { .. } => Self::input(error),
            _ => Self::other(error),
        }
    }
}

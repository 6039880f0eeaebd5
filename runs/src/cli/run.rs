//! `druse run` and `druse resume`

use std::path::{Path, PathBuf};

use crate::campaign::{self, CampaignError, FRONT_FOLDER, FRONT_TABLE, Machine};
use crate::config::{self, ExecutorKind};
use crate::engine::EngineError;
use crate::store::StoreError;
use crate::summary::Summary;
use clap::Args;

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
    /// Begin with the front of an earlier campaign; adds it to the file's warm_start.campaigns
    #[arg(long, value_name = "DIR")]
    from: Option<PathBuf>,
    #[command(flatten)]
    machine: MachineArguments,
}

#[derive(Args)]
pub struct ResumeArguments {
    /// Folder of a campaign
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Evaluate N candidates more than the campaign file says
    #[arg(long, value_name = "N")]
    more: Option<u64>,
    #[command(flatten)]
    machine: MachineArguments,
}

#[derive(Args)]
pub struct MachineArguments {
    /// Where the potential runs: cpu, or through libtorch torch-cpu, cuda or cuda:N
    #[arg(long, value_name = "NAME", default_value = "cpu")]
    device: String,
    /// Who evaluates: local (threads of this process), slurm (jobs of a cluster) or files (whoever
    /// takes the units of work); replaces the campaign's executor. Results do not depend on it
    #[arg(long, value_name = "NAME")]
    executor: Option<String>,
}

impl MachineArguments {
    pub fn machine(&self) -> Result<Machine, Failure> {
        let known = ExecutorKind::NAMES.join(", ");
        let unknown =
            |name: &String| Failure::input(format!("--executor: found '{name}', expected one of {known}"));
        let find = |name: &String| ExecutorKind::from_name(name).ok_or_else(|| unknown(name));
        let executor = self.executor.as_ref().map(find).transpose()?;
        Ok(Machine { device: self.device.clone(), executor })
    }
}

pub fn run(arguments: &RunArguments, global: &Global) -> Result<(), Failure> {
    let machine = arguments.machine.machine()?;
    let from = arguments.from.as_deref().map(std::path::absolute).transpose().map_err(Failure::other)?;
    let campaign = config::load_changed(&arguments.campaign, &global.plugins, |config| {
        config.campaign.seed = global.seed.or(config.campaign.seed);
        if let Some(folder) = from {
            let campaigns = config.warm_start.campaigns.get_or_insert_default();
            campaigns.push(folder.to_string_lossy().into_owned());
        }
    })?;
    let folder = arguments.out.clone().or_else(|| campaign.directory.clone());
    let folder = folder.unwrap_or_else(|| PathBuf::from(format!("campaign-{}", campaign.name)));
    let watch = Watch::new(global, &folder);
    let outcome = campaign::run(&campaign, &folder, &machine, &watch);
    finish(outcome, watch, &folder, global)
}

pub fn resume(arguments: &ResumeArguments, global: &Global) -> Result<(), Failure> {
    if global.seed.is_some() {
        return Err(Failure::input("--seed: a campaign that was begun keeps its seed"));
    }
    let machine = arguments.machine.machine()?;
    if let Some(more) = arguments.more {
        campaign::extend(&arguments.folder, more)?;
    }
    let watch = Watch::new(global, &arguments.folder);
    let outcome = campaign::resume(&arguments.folder, &global.plugins, &machine, &watch);
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
            hint(global.program(), folder)
        ));
    }
    global.write_json(&json!(summary))
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        CampaignError::from(error).into()
    }
}

impl From<CampaignError> for Failure {
    fn from(error: CampaignError) -> Self {
        match error {
            CampaignError::Load(error) => error.into(),
            CampaignError::Setup(error) if error.is_input() => Self::input(error),
            CampaignError::Engine(EngineError::Generator(_))
            | CampaignError::Store(StoreError::NoCampaign(_) | StoreError::AlreadyThere(_))
            | CampaignError::Changed { .. }
            | CampaignError::Less { .. }
            | CampaignError::NoSlurm(_) => Self::input(error),
            _ => Self::other(error),
        }
    }
}

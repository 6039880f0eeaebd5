//! `druse worker`

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use clap::Args;
use signal_hook::consts::{SIGINT, SIGTERM};

use super::Global;
use super::failure::Failure;
use crate::campaign;
use crate::domain;
use crate::units::{Finished, Identity, Worker, WorkerError};

/// Cores that a launcher gives to a job: Slurm, PBS, SGE.
const CORES: [&str; 3] = ["SLURM_CPUS_PER_TASK", "NCPUS", "NSLOTS"];

#[derive(Args)]
pub struct Arguments {
    /// Folder of the campaign
    #[arg(long, value_name = "DIR")]
    campaign: PathBuf,
    /// Number of the unit
    #[arg(long, value_name = "N", required_unless_present = "unit_from_env")]
    unit: Option<u64>,
    /// Take the number of the unit from this environment variable, such as HQ_TASK_ID,
    /// PBS_ARRAY_INDEX or SGE_TASK_ID
    #[arg(long, value_name = "NAME", conflicts_with = "unit")]
    unit_from_env: Option<String>,
    /// Attempt, from 1, for the record
    #[arg(long, value_name = "N", default_value_t = 1)]
    attempt: u32,
    /// Where the potential runs, as for `druse run`
    #[arg(long, value_name = "NAME", default_value = "cpu")]
    device: String,
}

impl Arguments {
    fn unit(&self) -> Result<u64, Failure> {
        let Some(name) = &self.unit_from_env else { return Ok(self.unit.unwrap_or_default()) };
        let value = std::env::var(name).unwrap_or_default();
        value.trim().parse().map_err(|_| {
            Failure::input(format!("--unit-from-env {name}: found '{value}', expected the number of a unit"))
        })
    }
}

/// Threads of a worker whose launcher says how many cores it has.
pub fn allocated_threads() -> Option<u16> {
    CORES.iter().find_map(|name| std::env::var(name).ok()?.parse().ok().filter(|&cores| cores > 0))
}

pub fn run(arguments: &Arguments, global: &Global) -> Result<(), Failure> {
    let number = arguments.unit()?;
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGTERM, SIGINT] {
        signal_hook::flag::register(signal, Arc::clone(&stop))
            .map_err(|error| Failure::other(format!("cannot listen for signals: {error}")))?;
    }
    let campaign = campaign::load(&arguments.campaign, &global.plugins).map_err(Failure::from)?;
    let mut worker = Worker::new(&arguments.campaign, &Identity::of(&campaign), number)?;
    worker.attempt = arguments.attempt;
    let finished = match worker.is_done() {
        true => Finished::Before,
        false => {
            let evaluation = domain::of(&campaign)
                .evaluation(&campaign, &arguments.device)
                .map_err(|error| Failure::from(campaign::CampaignError::from(error)))?;
            worker.run(evaluation.as_ref(), &stop)?
        }
    };
    match finished {
        Finished::Before => global.note(&format!("unit {number} has its result already")),
        Finished::Now { candidates, reused } => {
            let kept =
                if reused > 0 { format!(", {reused} kept of an earlier attempt") } else { String::new() };
            global.note(&format!("unit {number}: {candidates} candidates evaluated{kept}"));
        }
    }
    Ok(())
}

impl From<WorkerError> for Failure {
    fn from(error: WorkerError) -> Self {
        match error {
            WorkerError::NoUnit { .. } | WorkerError::Unit { .. } | WorkerError::Foreign { .. } => {
                Self::input(error)
            }
            _ => Self::other(error),
        }
    }
}

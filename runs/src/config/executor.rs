//! Who evaluates the candidates of a campaign; no result depends on it.

use std::time::Duration;

/// Who evaluates candidates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExecutorKind {
    /// The threads of this process.
    #[default]
    Local,
    /// Jobs of a Slurm cluster.
    Slurm,
    /// Whoever takes the units from the campaign's folder.
    Files,
}

impl ExecutorKind {
    /// Names in campaign files.
    pub const NAMES: [&str; 3] = ["local", "slurm", "files"];

    /// Name in campaign files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Slurm => "slurm",
            Self::Files => "files",
        }
    }

    /// The one of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Local, Self::Slurm, Self::Files].into_iter().find(|kind| kind.name() == name)
    }
}

/// How units of work are submitted to Slurm.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct SlurmSpec {
    /// Partition, account, time limit, memory, generic resources and constraint, by their names as
    /// options of `sbatch`; those that are given.
    pub options: Vec<(&'static str, String)>,
    /// Candidates in one unit.
    pub unit: usize,
    /// Most units at work at once.
    pub nodes: Option<usize>,
    /// Cores of one unit.
    pub cpus_per_task: usize,
    /// Further `#SBATCH` lines.
    pub lines: Vec<String>,
    /// How late the result of a unit may be that Slurm no longer knows.
    pub grace: Duration,
    /// How often a unit is tried.
    pub attempts: u32,
}

/// Candidates in one unit when nothing is said.
const UNIT: usize = 16;

/// What happens to units of work that anybody may evaluate.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct FilesSpec {
    /// A line for the shell that starts their workers.
    pub launch: Option<String>,
    /// Candidates in one unit.
    pub unit: usize,
}

impl Default for FilesSpec {
    fn default() -> Self {
        Self { launch: None, unit: UNIT }
    }
}

impl Default for SlurmSpec {
    fn default() -> Self {
        Self {
            options: Vec::new(),
            unit: UNIT,
            nodes: None,
            cpus_per_task: 1,
            lines: Vec::new(),
            grace: Duration::from_secs(90),
            attempts: 3,
        }
    }
}

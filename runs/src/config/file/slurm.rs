//! `[slurm]` and `[files]` as written.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `[slurm]`: how units of work are submitted where `campaign.executor` or `--executor` is `slurm`.
/// No result depends on it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SlurmSection {
    /// Partition; the site's default when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partition: Option<String>,
    /// Account to charge; the user's default when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// Time limit of one unit as Slurm writes it, `"04:00:00"` or `"1-12"`, above two minutes; the
    /// partition's default when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
    /// Candidates in one unit of work; 16 when absent. A unit should take half a minute or more.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub unit: Option<u64>,
    /// Most units at work at once; as many as the site allows when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub nodes: Option<u64>,
    /// Cores, and threads, of one unit; 1 when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub cpus_per_task: Option<u64>,
    /// Memory of one unit as Slurm writes it, such as `"4G"`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mem: Option<String>,
    /// Generic resources of one unit, such as `"gpu:1"`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gres: Option<String>,
    /// Features that nodes must have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub constraint: Option<String>,
    /// Further `#SBATCH` lines, such as `["--qos=long"]`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lines: Option<Vec<String>>,
    /// Seconds that the result of a unit that Slurm no longer knows may take to be seen; 90 when
    /// absent, since network file systems are late.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grace: Option<f64>,
    /// How often a unit is tried before its candidates count as failed; 3 when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 100))]
    pub attempts: Option<u64>,
}

/// `[files]`: what happens to units of work where `campaign.executor` or `--executor` is `files`. No
/// result depends on it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FilesSection {
    /// A line for the shell, run once a step, which starts `"$DRUSE_PROGRAM" worker --campaign
    /// "$DRUSE_CAMPAIGN" --unit N` for the units in `$DRUSE_UNITS`, such as `120-124,130`. When absent
    /// druse tells which units wait.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub launch: Option<String>,
    /// Candidates in one unit of work; 16 when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub unit: Option<u64>,
}

//! Known evaluations.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `[cache]`: no result depends on it
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CacheSection {
    /// File of evaluations that several campaigns on one machine share, relative to the campaign file;
    /// created when absent. None when absent: a campaign then remembers what it computed itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shared: Option<String>,
    /// Most evaluations kept in memory; 10000 when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<u64>,
}

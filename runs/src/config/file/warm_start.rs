//! Designs to begin with.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `[warm_start]`: designs that are proposed before all others
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct WarmStartSection {
    /// Structure files, folders or archives in any format that druse reads. For complexes files with
    /// whole-complex strings: one a line, as `complex` in JSON lines, or as `complex=` in the comment of
    /// XYZ files.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub files: Option<Vec<String>>,
    /// Folders of earlier campaigns of the same domain. What they found out about these designs is not
    /// computed again where the protocol is the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub campaigns: Option<Vec<String>>,
    /// What is taken of earlier campaigns: `"front"` (when absent), or `"evaluated"` for all evaluated
    /// candidates, front after front.
    #[schemars(extend("enum" = ["front", "evaluated"]))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub take: Option<String>,
    /// Most designs of each earlier campaign; all when absent.
    #[schemars(range(min = 1))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub most: Option<u64>,
    /// The designs as druse writes them into the folder of a campaign.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub designs: Option<String>,
}

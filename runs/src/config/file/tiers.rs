//! Tiers of the user's own.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One `[[tier]]`: a tier that a program of yours registers
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TierSection {
    /// Name of the tier. Required.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(required)]
    pub name: Option<String>,
    /// Tier of the funnel that it comes after, `""` for the very first place; the last place when
    /// absent. Tiers after the same one keep the order of this file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

//! Settings of the network.

use serde::{Deserialize, Serialize};

/// Sizes and settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CrystalPropertiesConfig {
    /// Perceptrons whose mean is the estimate.
    pub members: usize,
    /// Features inside.
    pub hidden: i64,
    /// Columns of positive numbers whose orders of magnitude count; what is not positive there is no label.
    pub logarithmic: Vec<String>,
}

impl Default for CrystalPropertiesConfig {
    fn default() -> Self {
        Self { members: 4, hidden: 256, logarithmic: Vec::new() }
    }
}

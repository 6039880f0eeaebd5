//! Sizes of the model.

use serde::{Deserialize, Serialize};

use crate::learned::nets::TransformerShape;

/// Sizes of the model, written with its weights.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The transformer.
    pub transformer: TransformerShape,
    /// Components of the mixtures that cell terms are drawn from.
    pub components: i64,
    /// Knots of the densities of free parameters; with a multiple of 24 the simple fractions of special positions are among
    /// them.
    pub knots: i64,
    /// Most atoms in the primitive cell.
    pub most_atoms: usize,
    /// Most occupied Wyckoff positions.
    pub most_sites: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            transformer: TransformerShape { width: 192, heads: 6, layers: 5 },
            components: 16,
            knots: 96,
            most_atoms: 20,
            most_sites: 20,
        }
    }
}

//! Sizes and settings.

use serde::{Deserialize, Serialize};

use crate::learned::latent::PriorShape;
use crate::learned::nets::TransformerShape;

/// Sizes and settings of the model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SymmetryVaeConfig {
    /// Most atoms in the primitive cell.
    pub atoms: usize,
    /// Most occupied Wyckoff positions.
    pub sites: usize,
    /// Most different elements.
    pub kinds: usize,
    /// Numbers of a latent.
    pub latent: i64,
    /// Features of a whole crystal.
    pub width: i64,
    /// Network over the sites before the latent.
    pub encoder: TransformerShape,
    /// Networks over the sites after it: occupation, and cell with free parameters.
    pub decoder: TransformerShape,
    /// Bins of a free parameter; a multiple of 24 puts simple fractions on their centres.
    pub bins: i64,
    /// Weight of the Kullback-Leibler divergence per nat.
    pub beta: f64,
    /// Divergence of a direction that costs nothing (nats).
    pub free: f64,
    /// Share of the training crystals whose elements are replaced by others at random, so that structures and elements are
    /// learnt apart; they teach neither properties nor the prior.
    pub substitute: f64,
    /// The network of the prior.
    pub prior: PriorShape,
}

impl Default for SymmetryVaeConfig {
    fn default() -> Self {
        Self {
            atoms: 20,
            sites: 20,
            kinds: 7,
            latent: 160,
            width: 320,
            encoder: TransformerShape { width: 96, heads: 4, layers: 2 },
            decoder: TransformerShape { width: 96, heads: 4, layers: 2 },
            bins: 24,
            beta: 0.05,
            free: 0.02,
            substitute: 0.2,
            prior: PriorShape { width: 256, blocks: 3 },
        }
    }
}

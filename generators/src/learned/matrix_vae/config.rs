//! Sizes and settings.

use serde::{Deserialize, Serialize};

use crate::learned::latent::PriorShape;
use crate::learned::nets::TransformerShape;

/// Sizes and settings of the model; the default has 4.7 million weights.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MatrixVaeConfig {
    /// Most atoms in the primitive cell.
    pub atoms: usize,
    /// Most different elements.
    pub kinds: usize,
    /// Numbers of a latent.
    pub latent: i64,
    /// Features of a whole crystal.
    pub width: i64,
    /// Network over the sites before the latent.
    pub encoder: TransformerShape,
    /// Network over the sites after it.
    pub decoder: TransformerShape,
    /// Points of reciprocal space, those of the lowest indices.
    pub points: usize,
    /// Bins of a coordinate; a multiple of 24 puts special positions on their centres.
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
    /// Tolerances (Å) with which decoded crystals are snapped to their symmetry, tried in order; none leaves them as
    /// decoded.
    pub snap: Vec<f64>,
}

impl Default for MatrixVaeConfig {
    fn default() -> Self {
        Self {
            atoms: 20,
            kinds: 7,
            latent: 160,
            width: 336,
            encoder: TransformerShape { width: 96, heads: 4, layers: 2 },
            decoder: TransformerShape { width: 96, heads: 4, layers: 3 },
            points: 40,
            bins: 24,
            beta: 0.05,
            free: 0.02,
            substitute: 0.2,
            prior: PriorShape { width: 256, blocks: 3 },
            snap: vec![0.3, 0.1],
        }
    }
}

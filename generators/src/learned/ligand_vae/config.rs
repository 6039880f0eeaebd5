//! Sizes and settings.

use serde::{Deserialize, Serialize};

use super::Vocabulary;
use crate::learned::latent::PriorShape;
use crate::learned::nets::TransformerShape;

/// Sizes and settings of the model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LigandVaeConfig {
    /// Most steps of growth.
    pub steps: usize,
    /// Ring systems that occur so often in the training data are pieces; rarer ones are cut at their single bonds and closed ring
    /// by ring.
    pub whole_rings: usize,
    /// Most pieces of the vocabulary.
    pub pieces: usize,
    /// Numbers of a latent.
    pub latent: i64,
    /// Features of a piece.
    pub width: i64,
    /// Network over the steps before the latent.
    pub encoder: TransformerShape,
    /// Ways in which the encoder looks at all steps together.
    pub looks: i64,
    /// Numbers that the encoder takes of each step by its place, and twice as many that the decoder is given for each: what
    /// is in order is learnt sooner than by looks at all steps alone.
    pub slice: i64,
    /// Network over the steps after it.
    pub decoder: TransformerShape,
    /// Share of the steps that the decoder is not told in training, so that it relies on the latent.
    pub forget: f64,
    /// Weight of the Kullback-Leibler divergence per nat.
    pub beta: f64,
    /// Divergence of a direction that costs nothing (nats).
    pub free: f64,
    /// The network of the prior.
    pub prior: PriorShape,
    /// The pieces; read off the training data.
    pub vocabulary: Vocabulary,
}

impl Default for LigandVaeConfig {
    fn default() -> Self {
        Self {
            steps: 48,
            whole_rings: 3,
            pieces: 2048,
            latent: 192,
            width: 128,
            encoder: TransformerShape { width: 128, heads: 8, layers: 3 },
            looks: 4,
            slice: 16,
            decoder: TransformerShape { width: 160, heads: 8, layers: 4 },
            forget: 0.15,
            beta: 0.02,
            free: 0.02,
            prior: PriorShape { width: 224, blocks: 3 },
            vocabulary: Vocabulary::default(),
        }
    }
}

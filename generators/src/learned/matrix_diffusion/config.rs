//! Sizes and settings.

use serde::{Deserialize, Serialize};

/// Sizes of the networks and settings of the noise; written with the weights.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MatrixDiffusionConfig {
    /// Most atoms in the primitive cell.
    pub most_atoms: usize,
    /// Features of an atom.
    pub width: i64,
    /// Layers of messages.
    pub layers: i64,
    /// Vectors that an atom carries.
    pub vectors: i64,
    /// Traceless symmetric tensors that an atom carries.
    pub tensors: i64,
    /// Neighbours that an atom sees.
    pub neighbours: usize,
    /// Features of an element in the network of compositions.
    pub composition_width: i64,
    /// Layers of the network of compositions.
    pub composition_layers: i64,
    /// Least noise that is trained on, of 1.
    pub least_noise: f64,
    /// Share of the examples whose elements are partly hidden while the structure is learnt.
    pub hidden_elements: f64,
    /// Share of the examples that are shown without noise, for the property heads.
    pub clean: f64,
    /// Whether noise and crystal are aligned.
    pub align: bool,
}

impl Default for MatrixDiffusionConfig {
    fn default() -> Self {
        Self {
            most_atoms: 20,
            width: 128,
            layers: 4,
            vectors: 16,
            tensors: 8,
            neighbours: 20,
            composition_width: 128,
            composition_layers: 4,
            least_noise: 0.02,
            hidden_elements: 0.12,
            clean: 0.08,
            align: true,
        }
    }
}

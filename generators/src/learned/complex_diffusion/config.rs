//! Sizes and settings.

use serde::{Deserialize, Serialize};

/// Sizes of the network and settings of the noise; written with the weights.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ComplexDiffusionConfig {
    /// Most atoms that move: those of a ligand without hydrogens.
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
    /// Share of the examples with other ligands around.
    pub crowded: f64,
    /// Standard deviation (degrees) of the angle by which sites are told wrongly, since polyhedra are not regular.
    pub site_angle: f64,
}

impl Default for ComplexDiffusionConfig {
    fn default() -> Self {
        Self {
            most_atoms: 40,
            width: 96,
            layers: 4,
            vectors: 16,
            tensors: 8,
            neighbours: 18,
            crowded: 0.75,
            site_angle: 8.0,
        }
    }
}

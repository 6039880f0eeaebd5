//! The network: messages between the atoms that flow, and from what stays.

use tch::nn::{self, Module};
use tch::{Kind, Tensor};

use super::ComplexDiffusionConfig;
use super::batch::{Batch, SENDERS};
use super::skeleton::{FEATURES, RELATIONS};
use crate::learned::nets::elements::{ELEMENTS, FEATURES as OF_ELEMENTS, table};
use crate::learned::nets::{
    Atoms, Edges, MessageLayer, NOISES, Perceptron, gaussians, noise_basis, norm, small,
};

/// Gaussians over distances (Å) up to [`FARTHEST`].
const DISTANCES: i64 = 24;
const FARTHEST: f64 = 8.0;
/// Gaussians over distances in sums of radii.
const RATIOS: i64 = 16;

/// The network.
#[derive(Debug)]
pub struct Network {
    table: Tensor,
    embedding: nn::Embedding,
    of_elements: nn::Linear,
    features: nn::Linear,
    context: Perceptron,
    layers: Vec<MessageLayer>,
    norm: nn::LayerNorm,
    pull: nn::Linear,
    gates: nn::Linear,
    vectors: i64,
}

impl Network {
    /// With fresh weights.
    pub fn new(path: &nn::Path, config: &ComplexDiffusionConfig) -> Self {
        let w = config.width;
        let sizes = [w, config.vectors, config.tensors];
        let edge = DISTANCES + RATIOS + RELATIONS as i64;
        let layer = |i| MessageLayer::new(&(path / format!("layer{i}")), sizes, edge, i > 0);
        let linear = |name: &str, from, to| nn::linear(path / name, from, to, nn::LinearConfig::default());
        // The sender that stands for sites has no element.
        let site = Tensor::zeros([SENDERS - ELEMENTS, OF_ELEMENTS], (Kind::Float, tch::Device::Cpu));
        Self {
            table: Tensor::cat(&[table(), site], 0).to_device(path.device()),
            embedding: nn::embedding(path / "elements", SENDERS, w, nn::EmbeddingConfig::default()),
            of_elements: linear("of_elements", OF_ELEMENTS, w),
            features: linear("features", FEATURES as i64, w),
            context: Perceptron::new(&(path / "context"), w + NOISES + 2, w, w),
            layers: (0..config.layers).map(layer).collect(),
            norm: norm(path / "norm", w),
            pull: small(path / "pull", w, 1),
            // Neighbours of an atom at the rim are all on one side: vectors are long, so they start with little say.
            gates: small(path / "gates", w, config.vectors),
            vectors: config.vectors,
        }
    }

    /// Velocities `[M, 3]` of the atoms from noise to their places, in units of [`super::learner::VELOCITY`]; `conditions` are
    /// features `[B, W]` of the labels.
    pub fn forward(&self, batch: &Batch, conditions: &Tensor) -> Tensor {
        let sizes = [&batch.groups.atoms.log() - 2.5, &batch.donors - 2.0];
        let context = Tensor::cat(&[conditions, &noise_basis(&batch.noise), &Tensor::cat(&sizes, -1)], -1);
        let context = self.context.forward(&context);
        let senders = &self.embedding.ws + self.table.apply(&self.of_elements);
        let features = senders.index_select(0, &batch.elements)
            + batch.features.apply(&self.features)
            + batch.groups.spread(&context);
        let of_edges = Tensor::cat(
            &[
                gaussians(&batch.distance, 0.5, FARTHEST, DISTANCES),
                gaussians(&batch.ratio, 0.3, 2.6, RATIOS),
                batch.relation.shallow_clone(),
            ],
            -1,
        );
        let context = context.silu();
        let mut atoms = Atoms::new(features);
        for layer in &self.layers {
            atoms = layer.forward(&atoms, &batch.groups, &batch.edges, &of_edges, &context, Some(&senders));
        }
        let (Some((vectors, _)), Some(messages)) = (&atoms.shapes, &atoms.messages) else {
            unreachable!("a network has at least one layer")
        };
        let gates = atoms.features.apply(&self.norm).apply(&self.gates).view([-1, 1, self.vectors]);
        Edges::sum(&batch.edges.direction, &messages.apply(&self.pull))
            + (vectors * gates).sum_dim_intlist(-1, false, Kind::Float)
    }
}

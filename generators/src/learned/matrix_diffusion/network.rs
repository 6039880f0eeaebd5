//! The network of structures.
//!
//! Atoms exchange messages ([`MessageLayer`]) with their nearest neighbours, periodic copies one by one. Velocities are sums of directions, those of the strain of outer products: all
//! is invariant to permutations, origin and choice of copies, and moves with rotations and mirrors.

use tch::nn::{self, Module};
use tch::{Kind, Tensor};

use super::MatrixDiffusionConfig;
use super::state::Batch;
use crate::learned::nets::elements::{ELEMENTS, FEATURES, table};
use crate::learned::nets::{
    Atoms, Edges, MessageLayer, NOISES, Perceptron, gaussians, noise_basis, norm, small,
};
use crate::learned::{Conditions, Scale};

/// Gaussians over distances (Å) up to [`FARTHEST`].
const DISTANCES: i64 = 24;
const FARTHEST: f64 = 8.0;
/// Gaussians over distances in sums of radii.
const RATIOS: i64 = 16;
/// Gaussians over logarithms of lengths of cell vectors.
const LENGTHS: i64 = 16;

/// What the network says of a batch.
#[derive(Debug)]
pub struct Output {
    /// Velocities of the atoms from noise to crystal, Cartesian in units of [`super::noising::VELOCITY`]
    /// times the length scale, `[M, 3]`.
    pub velocity: Tensor,
    /// Velocity of the strain, Mandel's notation, `[B, 6]`.
    pub strain: Tensor,
    /// Logits of elements, `[M, ELEMENTS]`.
    pub elements: Tensor,
    /// Properties in standard deviations from the mean, one for each condition that is a number, `[B, P]`.
    pub properties: Tensor,
}

/// The network.
#[derive(Debug)]
pub struct Network {
    table: Tensor,
    embedding: nn::Embedding,
    features: nn::Linear,
    noise: nn::Linear,
    cell: [nn::Linear; 2],
    context: Perceptron,
    layers: Vec<MessageLayer>,
    norm: nn::LayerNorm,
    pull: nn::Linear,
    gates: nn::Linear,
    mean: nn::LayerNorm,
    along_cell: Perceptron,
    volume: Perceptron,
    elements: Perceptron,
    properties: Perceptron,
    sizes: [i64; 3],
}

impl Network {
    /// With fresh weights.
    pub fn new(path: &nn::Path, config: &MatrixDiffusionConfig, conditions: &Conditions) -> Self {
        let w = config.width;
        let numbers = conditions.columns.iter().filter(|c| matches!(c.scale, Scale::Number { .. })).count();
        let sizes = [w, config.vectors, config.tensors];
        let layer = |i| MessageLayer::new(&(path / format!("layer{i}")), sizes, DISTANCES + RATIOS, i > 0);
        let linear = |name: &str, from, to| nn::linear(path / name, from, to, nn::LinearConfig::default());
        Self {
            table: table(),
            embedding: nn::embedding(path / "elements", ELEMENTS, w, nn::EmbeddingConfig::default()),
            features: linear("features", FEATURES, w),
            noise: linear("noise", NOISES, w),
            cell: [linear("cell", LENGTHS, w), linear("cell_mean", w, w)],
            context: Perceptron::new(&(path / "context"), w + NOISES + 3, w, w),
            layers: (0..config.layers).map(layer).collect(),
            norm: norm(path / "norm", w),
            pull: small(path / "pull", w, 2),
            gates: linear("gates", w, config.vectors + config.tensors),
            mean: norm(path / "mean", w),
            along_cell: Perceptron::new(&(path / "along_cell"), w + LENGTHS, w, 1),
            volume: Perceptron::new(&(path / "volume"), w, w, 2),
            elements: Perceptron::new(&(path / "species"), w, w, ELEMENTS),
            properties: Perceptron::new(&(path / "properties"), w, w, numbers.max(1) as i64),
            sizes,
        }
    }

    /// Velocities and all else of a batch. `conditions` are features `[B, W]` of the labels.
    pub fn forward(&self, batch: &Batch, conditions: &Tensor) -> Output {
        let context = self.context(batch, conditions);
        let known = self.embedding.forward(&batch.elements)
            + self.table.index_select(0, &batch.elements).apply(&self.features);
        let features = known + noise_basis(&batch.noise).apply(&self.noise) + batch.groups.spread(&context);
        let features_of_edges = Tensor::cat(
            &[
                gaussians(&batch.distance, 0.5, FARTHEST, DISTANCES),
                gaussians(&batch.ratio, 0.3, 2.6, RATIOS),
            ],
            -1,
        );
        let context = context.silu();
        let mut atoms = Atoms::new(features);
        for layer in &self.layers {
            atoms = layer.forward(&atoms, &batch.groups, &batch.edges, &features_of_edges, &context, None);
        }
        self.read(&atoms, batch)
    }

    /// Embedding of the labels, noise of the cell, size and shape of the cell: `[B, W]`.
    fn context(&self, batch: &Batch, conditions: &Tensor) -> Tensor {
        let lengths = gaussians(&batch.cell_length, -1.0, 2.0, LENGTHS).apply(&self.cell[0]).silu();
        let lengths = lengths.mean_dim(1, false, Kind::Float).apply(&self.cell[1]);
        let count = &batch.groups.atoms;
        let sizes = [&batch.volume - 3.0, count.log() - 2.0, count * 0.1 - 1.0];
        let inputs =
            Tensor::cat(&[conditions + lengths, noise_basis(&batch.cell_noise), Tensor::cat(&sizes, -1)], -1);
        self.context.forward(&inputs)
    }

    fn read(&self, atoms: &Atoms, batch: &Batch) -> Output {
        let [_, c, d] = self.sizes;
        let (Some((vectors, tensors)), Some(messages)) = (&atoms.shapes, &atoms.messages) else {
            unreachable!("a network has at least one layer")
        };
        let x = atoms.features.apply(&self.norm);
        let pulls = messages.apply(&self.pull);
        let gates = x.apply(&self.gates);
        let gated = |shapes: &Tensor, from, length| {
            (shapes * gates.narrow(1, from, length).unsqueeze(1)).sum_dim_intlist(-1, false, Kind::Float)
        };
        let velocity = Edges::sum(&batch.edges.direction, &pulls.narrow(-1, 0, 1)) + gated(vectors, 0, c);
        let mean = batch.groups.mean(&x).apply(&self.mean);
        let strain = batch
            .groups
            .mean(&(Edges::sum(&batch.edges.outer, &pulls.narrow(-1, 1, 1)) + gated(tensors, c, d)));
        let lengths = gaussians(&batch.cell_length, -1.0, 2.0, LENGTHS);
        let wide = mean.unsqueeze(1).expand([-1, lengths.size()[1], -1], false);
        let along = self.along_cell.forward(&Tensor::cat(&[wide, lengths], -1));
        let volume = self.volume.forward(&mean);
        let unit = Tensor::from_slice(&[1f32, 1.0, 1.0, 0.0, 0.0, 0.0]) / 3f64.sqrt();
        let strain = strain
            + Edges::sum(&batch.cell_outer, &along)
            + &batch.deviator * volume.narrow(1, 1, 1)
            + volume.narrow(1, 0, 1) * unit;
        Output {
            velocity,
            strain,
            elements: self.elements.forward(&x),
            properties: self.properties.forward(&mean),
        }
    }
}

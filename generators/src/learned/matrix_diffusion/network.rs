//! The network of structures.
//!
//! Atoms exchange messages with their nearest neighbours, periodic copies one by one. Beside its
//! features an atom carries a few vectors and traceless symmetric tensors, sums over its neighbours of
//! directions and of their outer products; messages see them along the edge, which tells angles apart
//! (the idea of PaiNN, arXiv:2102.03150, and of tensor networks, kept to few channels since only
//! scalars are wide). Velocities are sums of directions, those of the strain of outer products: all
//! is invariant to permutations, origin and choice of copies, and moves with rotations and mirrors.

use tch::nn::{self, Module};
use tch::{Kind, Tensor};

use super::MatrixDiffusionConfig;
use super::elements::{ELEMENTS, FEATURES, table};
use super::state::Batch;
use crate::learned::nets::{Perceptron, linear};
use crate::learned::{Conditions, Scale};

/// Gaussians over distances (Å) up to [`FARTHEST`].
const DISTANCES: i64 = 24;
const FARTHEST: f64 = 8.0;
/// Gaussians over distances in sums of radii.
const RATIOS: i64 = 16;
/// Gaussians over logarithms of noise.
const NOISES: i64 = 16;
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
    layers: Vec<Layer>,
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

#[derive(Debug)]
struct Layer {
    norm: nn::LayerNorm,
    modulation: nn::Linear,
    centre: nn::Linear,
    neighbour: nn::Linear,
    edge: nn::Linear,
    second: nn::Linear,
    sums: nn::Linear,
    mix: Option<[nn::Linear; 2]>,
    update: Perceptron,
}

/// What atoms carry: features `[M, W]`, vectors `[M, 3, C]`, tensors `[M, 6, D]`; the last two absent before
/// the first layer.
struct Atoms {
    features: Tensor,
    shapes: Option<(Tensor, Tensor)>,
    messages: Option<Tensor>,
}

fn bare() -> nn::LinearConfig {
    nn::LinearConfig { bias: false, ..nn::LinearConfig::default() }
}

fn small() -> nn::LinearConfig {
    let ws_init = nn::Init::Randn { mean: 0.0, stdev: 0.02 };
    nn::LinearConfig { ws_init, bias: false, ..nn::LinearConfig::default() }
}

fn norm(path: nn::Path, width: i64) -> nn::LayerNorm {
    nn::layer_norm(path, vec![width], nn::LayerNormConfig::default())
}

impl Network {
    /// With fresh weights.
    pub fn new(path: &nn::Path, config: &MatrixDiffusionConfig, conditions: &Conditions) -> Self {
        let w = config.width;
        let numbers = conditions.columns.iter().filter(|c| matches!(c.scale, Scale::Number { .. })).count();
        let sizes = [w, config.vectors, config.tensors];
        let layers = (0..config.layers).map(|i| Layer::new(&(path / format!("layer{i}")), sizes, i > 0));
        let linear = |name: &str, from, to| nn::linear(path / name, from, to, nn::LinearConfig::default());
        Self {
            table: table(),
            embedding: nn::embedding(path / "elements", ELEMENTS, w, nn::EmbeddingConfig::default()),
            features: linear("features", FEATURES, w),
            noise: linear("noise", NOISES + 1, w),
            cell: [linear("cell", LENGTHS, w), linear("cell_mean", w, w)],
            context: Perceptron::new(&(path / "context"), w + NOISES + 1 + 3, w, w),
            layers: layers.collect(),
            norm: norm(path / "norm", w),
            pull: nn::linear(path / "pull", w, 2, small()),
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
        let features = known + noise_basis(&batch.noise).apply(&self.noise) + batch.spread(&context);
        let edges = Tensor::cat(
            &[
                gaussians(&batch.distance, 0.5, FARTHEST, DISTANCES),
                gaussians(&batch.ratio, 0.3, 2.6, RATIOS),
            ],
            -1,
        );
        let context = context.silu();
        let mut atoms = Atoms { features, shapes: None, messages: None };
        for layer in &self.layers {
            atoms = layer.forward(&atoms, batch, &edges, &context, self.sizes);
        }
        self.read(&atoms, batch)
    }

    /// Embedding of the labels, noise of the cell, size and shape of the cell: `[B, W]`.
    fn context(&self, batch: &Batch, conditions: &Tensor) -> Tensor {
        let lengths = gaussians(&batch.cell_length, -1.0, 2.0, LENGTHS).apply(&self.cell[0]).silu();
        let lengths = lengths.mean_dim(1, false, Kind::Float).apply(&self.cell[1]);
        let atoms = &batch.atoms * 0.1 - 1.0;
        let sizes = [&batch.volume - 3.0, &batch.atoms.log() - 2.0, atoms];
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
        let sum = |basis: &Tensor, along: Tensor| basis.transpose(1, 2).bmm(&along).squeeze_dim(-1);
        let gated = |shapes: &Tensor, from, length| {
            (shapes * gates.narrow(1, from, length).unsqueeze(1)).sum_dim_intlist(-1, false, Kind::Float)
        };
        let velocity = sum(&batch.direction, pulls.narrow(-1, 0, 1)) + gated(vectors, 0, c);
        let mean = batch.mean(&x).apply(&self.mean);
        let strain = batch.mean(&(sum(&batch.outer, pulls.narrow(-1, 1, 1)) + gated(tensors, c, d)));
        let lengths = gaussians(&batch.cell_length, -1.0, 2.0, LENGTHS);
        let wide = mean.unsqueeze(1).expand([-1, lengths.size()[1], -1], false);
        let along = self.along_cell.forward(&Tensor::cat(&[wide, lengths], -1));
        let volume = self.volume.forward(&mean);
        let unit = Tensor::from_slice(&[1f32, 1.0, 1.0, 0.0, 0.0, 0.0]) / 3f64.sqrt();
        let strain = strain
            + sum(&batch.cell_outer, along)
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

impl Layer {
    fn new(path: &nn::Path, [w, c, d]: [i64; 3], shapes: bool) -> Self {
        let map = |name: &str, from, to| nn::linear(path / name, from, to, nn::LinearConfig::default());
        let bare = |name: &str, from, to| nn::linear(path / name, from, to, bare());
        let along = if shapes { 2 * (c + d) } else { 0 };
        Self {
            norm: norm(path / "norm", w),
            modulation: nn::linear(
                path / "modulation",
                w,
                2 * w,
                nn::LinearConfig { ws_init: nn::Init::Const(0.0), ..nn::LinearConfig::default() },
            ),
            centre: map("centre", w, w),
            neighbour: bare("neighbour", w, w),
            edge: bare("edge", DISTANCES + RATIOS + along, w),
            second: map("second", w, w),
            sums: bare("sums", w, c + d),
            mix: shapes.then(|| [bare("mix_vectors", c, c), bare("mix_tensors", d, d)]),
            update: Perceptron::new(&(path / "update"), 3 * w + c + d, w, w),
        }
    }

    fn forward(
        &self,
        atoms: &Atoms,
        batch: &Batch,
        edges: &Tensor,
        context: &Tensor,
        [w, c, d]: [i64; 3],
    ) -> Atoms {
        let (m, k, _) = batch.direction.size3().expect("[M, k, 3]");
        let modulation = batch.spread(&context.apply(&self.modulation));
        let x = atoms.features.apply(&self.norm) * (modulation.narrow(1, 0, w) + 1.0)
            + modulation.narrow(1, w, w);
        let outgoing = linear(&self.neighbour, &x);
        let (incoming, edges) = match &atoms.shapes {
            None => (outgoing.index_select(0, &batch.neighbour).view([m, k, w]), edges.shallow_clone()),
            Some((vectors, tensors)) => {
                // One gathering for all three.
                let all = Tensor::cat(&[&outgoing, &vectors.view([m, 3 * c]), &tensors.view([m, 6 * d])], 1);
                let all = all.index_select(0, &batch.neighbour).view([m, k, w + 3 * c + 6 * d]);
                let theirs = |from, rows, columns, basis: &Tensor| {
                    (all.narrow(2, from, rows * columns).view([m, k, rows, columns]) * basis.unsqueeze(-1))
                        .sum_dim_intlist(2, false, Kind::Float)
                };
                let along = [
                    edges.shallow_clone(),
                    batch.direction.bmm(vectors),
                    batch.outer.bmm(tensors),
                    theirs(w, 3, c, &batch.direction),
                    theirs(w + 3 * c, 6, d, &batch.outer),
                ];
                (all.narrow(2, 0, w), Tensor::cat(&along, -1))
            }
        };
        let messages = (incoming + linear(&self.centre, &x).unsqueeze(1) + linear(&self.edge, &edges)).silu();
        let messages = linear(&self.second, &messages).silu() * &batch.weight;
        let scale = 1.0 / (k as f64).sqrt();
        let sum = messages.sum_dim_intlist(1, false, Kind::Float) * scale;
        let sums = messages.apply(&self.sums) * scale;
        let mut vectors = batch.direction.transpose(1, 2).bmm(&sums.narrow(2, 0, c));
        let mut tensors = batch.outer.transpose(1, 2).bmm(&sums.narrow(2, c, d));
        if let (Some((v, t)), Some(mix)) = (&atoms.shapes, &self.mix) {
            vectors = &vectors + v.apply(&mix[0]);
            tensors = &tensors + t.apply(&mix[1]);
        }
        let size = |shapes: &Tensor| (shapes.square().sum_dim_intlist(1, false, Kind::Float) + 1e-6).sqrt();
        let everybody = batch.spread(&batch.mean(&x));
        let inputs = Tensor::cat(&[&x, &sum, &everybody, &size(&vectors), &size(&tensors)], 1);
        let features = &atoms.features + self.update.forward(&inputs);
        Atoms { features, shapes: Some((vectors, tensors)), messages: Some(messages * scale) }
    }
}

/// `x` of shape `[.., 1]` spread over Gaussians `[.., count]` from `low` to `high`.
fn gaussians(x: &Tensor, low: f64, high: f64, count: i64) -> Tensor {
    let step = (high - low) / (count - 1) as f64;
    let centres = Tensor::linspace(low, high, count, (Kind::Float, x.device()));
    (((x - centres) / step).square() * -0.5).exp()
}

/// Features of amounts of noise `[n]` to `[n, NOISES + 1]`: Gaussians over the logarithm, and whether there
/// is none at all.
fn noise_basis(noise: &Tensor) -> Tensor {
    let none = noise.le(1e-6).to_kind(Kind::Float).unsqueeze(-1);
    let logs = noise.clamp_min(1e-3).log().unsqueeze(-1);
    Tensor::cat(&[gaussians(&logs, -5.0, 0.0, NOISES), none], -1)
}

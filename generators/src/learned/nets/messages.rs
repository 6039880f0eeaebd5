//! Messages between atoms in space, equivariant to rotations and mirrors.
//!
//! Beside its features an atom carries a few vectors and traceless symmetric tensors, sums over its neighbours of
//! directions and of their outer products; messages see them along the edge, which tells angles apart
//! (the idea of PaiNN, arXiv:2102.03150, and of tensor networks, kept to few channels since only
//! scalars are wide).

use tch::nn::{self, Module};
use tch::{Kind, Tensor};

use super::{Perceptron, linear};

/// Which atoms belong together: `B` groups (crystals, complexes), `M` atoms one after the other.
#[derive(Debug)]
pub struct Groups {
    /// Group of each atom, `[M]`.
    pub owner: Tensor,
    /// Atoms of each group, `[B, 1]`.
    pub atoms: Tensor,
}

impl Groups {
    /// Means over the atoms of every group, `[M, ...]` to `[B, ...]`.
    pub fn mean(&self, per_atom: &Tensor) -> Tensor {
        let mut size = per_atom.size();
        size[0] = self.atoms.size()[0];
        let sum = Tensor::zeros(&size, (Kind::Float, per_atom.device()));
        sum.index_add(0, &self.owner, per_atom) / &self.atoms
    }

    /// A value of every group for each of its atoms, `[B, ...]` to `[M, ...]`.
    pub fn spread(&self, per_group: &Tensor) -> Tensor {
        per_group.index_select(0, &self.owner)
    }
}

/// What atoms see: `k` neighbours each.
#[derive(Debug)]
pub struct Edges {
    /// Neighbours as places among all atoms, those that only send after the `M` others, `[M k]`.
    pub neighbour: Tensor,
    /// Directions, `[M, k, 3]`.
    pub direction: Tensor,
    /// Their traceless outer products, `[M, k, 6]`.
    pub outer: Tensor,
    /// Weights, `[M, k, 1]`.
    pub weight: Tensor,
}

impl Edges {
    /// Sums over the neighbours of directions or outer products times weights `[M, k, 1]`.
    pub fn sum(basis: &Tensor, along: &Tensor) -> Tensor {
        basis.transpose(1, 2).bmm(along).squeeze_dim(-1)
    }
}

/// What atoms carry: features `[M, W]`, vectors `[M, 3, C]`, tensors `[M, 6, D]`; the last two absent before
/// the first layer.
#[derive(Debug)]
pub struct Atoms {
    /// Features.
    pub features: Tensor,
    /// Vectors and tensors.
    pub shapes: Option<(Tensor, Tensor)>,
    /// Messages of the last layer, `[M, k, W]`.
    pub messages: Option<Tensor>,
}

impl Atoms {
    /// With nothing but features.
    pub fn new(features: Tensor) -> Self {
        Self { features, shapes: None, messages: None }
    }
}

/// One round of messages.
#[derive(Debug)]
pub struct MessageLayer {
    norm: nn::LayerNorm,
    modulation: nn::Linear,
    centre: nn::Linear,
    neighbour: nn::Linear,
    edge: nn::Linear,
    second: nn::Linear,
    sums: nn::Linear,
    mix: Option<[nn::Linear; 2]>,
    update: Perceptron,
    /// Vectors and tensors that an atom carries.
    carried: [i64; 2],
}

/// A linear map without a bias.
pub fn bare(path: nn::Path, from: i64, to: i64) -> nn::Linear {
    nn::linear(path, from, to, nn::LinearConfig { bias: false, ..nn::LinearConfig::default() })
}

/// The same that starts near zero.
pub fn small(path: nn::Path, from: i64, to: i64) -> nn::Linear {
    let ws_init = nn::Init::Randn { mean: 0.0, stdev: 0.02 };
    nn::linear(path, from, to, nn::LinearConfig { ws_init, bias: false, ..nn::LinearConfig::default() })
}

/// A norm over features.
pub fn norm(path: nn::Path, width: i64) -> nn::LayerNorm {
    nn::layer_norm(path, vec![width], nn::LayerNormConfig::default())
}

impl MessageLayer {
    /// Of `edge` features along edges, for sizes W, C and D; `shapes` tells whether atoms carry vectors and tensors already.
    pub fn new(path: &nn::Path, [w, c, d]: [i64; 3], edge: i64, shapes: bool) -> Self {
        let map = |name: &str, from, to| nn::linear(path / name, from, to, nn::LinearConfig::default());
        let bare = |name: &str, from, to| bare(path / name, from, to);
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
            edge: bare("edge", edge + along, w),
            second: map("second", w, w),
            sums: bare("sums", w, c + d),
            mix: shapes.then(|| [bare("mix_vectors", c, c), bare("mix_tensors", d, d)]),
            update: Perceptron::new(&(path / "update"), 3 * w + c + d, w, w),
            carried: [c, d],
        }
    }

    /// `features` are those of the edges `[M, k, E]`, `context` those of the groups `[B, W]`; `senders` the features `[S, W]` of
    /// atoms that send and never change.
    pub fn forward(
        &self,
        atoms: &Atoms,
        groups: &Groups,
        edges: &Edges,
        features: &Tensor,
        context: &Tensor,
        senders: Option<&Tensor>,
    ) -> Atoms {
        let (m, k, _) = edges.direction.size3().expect("[M, k, 3]");
        let (w, [c, d]) = (atoms.features.size()[1], self.carried);
        let modulation = groups.spread(&context.apply(&self.modulation));
        let x = atoms.features.apply(&self.norm) * (modulation.narrow(1, 0, w) + 1.0)
            + modulation.narrow(1, w, w);
        let mut outgoing = linear(&self.neighbour, &x);
        if let Some(senders) = senders {
            outgoing = Tensor::cat(&[outgoing, senders.apply(&self.norm).apply(&self.neighbour)], 0);
        }
        let (incoming, along) = match &atoms.shapes {
            None => (outgoing.index_select(0, &edges.neighbour).view([m, k, w]), features.shallow_clone()),
            Some((vectors, tensors)) => {
                let mut shapes = Tensor::cat(&[vectors.view([m, 3 * c]), tensors.view([m, 6 * d])], 1);
                if let Some(senders) = senders {
                    let none =
                        Tensor::zeros([senders.size()[0], 3 * c + 6 * d], (Kind::Float, shapes.device()));
                    shapes = Tensor::cat(&[shapes, none], 0);
                }
                // One gathering for all three.
                let all = Tensor::cat(&[outgoing, shapes], 1);
                let all = all.index_select(0, &edges.neighbour).view([m, k, w + 3 * c + 6 * d]);
                let theirs = |from, rows, columns, basis: &Tensor| {
                    (all.narrow(2, from, rows * columns).view([m, k, rows, columns]) * basis.unsqueeze(-1))
                        .sum_dim_intlist(2, false, Kind::Float)
                };
                let along = [
                    features.shallow_clone(),
                    edges.direction.bmm(vectors),
                    edges.outer.bmm(tensors),
                    theirs(w, 3, c, &edges.direction),
                    theirs(w + 3 * c, 6, d, &edges.outer),
                ];
                (all.narrow(2, 0, w), Tensor::cat(&along, -1))
            }
        };
        let messages = (incoming + linear(&self.centre, &x).unsqueeze(1) + linear(&self.edge, &along)).silu();
        let messages = linear(&self.second, &messages).silu() * &edges.weight;
        let scale = 1.0 / (k as f64).sqrt();
        let sum = messages.sum_dim_intlist(1, false, Kind::Float) * scale;
        let sums = messages.apply(&self.sums) * scale;
        let mut vectors = edges.direction.transpose(1, 2).bmm(&sums.narrow(2, 0, c));
        let mut tensors = edges.outer.transpose(1, 2).bmm(&sums.narrow(2, c, d));
        if let (Some((v, t)), Some(mix)) = (&atoms.shapes, &self.mix) {
            vectors = &vectors + v.apply(&mix[0]);
            tensors = &tensors + t.apply(&mix[1]);
        }
        let size = |shapes: &Tensor| (shapes.square().sum_dim_intlist(1, false, Kind::Float) + 1e-6).sqrt();
        let everybody = groups.spread(&groups.mean(&x));
        let inputs = Tensor::cat(&[&x, &sum, &everybody, &size(&vectors), &size(&tensors)], 1);
        let features = &atoms.features + self.update.forward(&inputs);
        Atoms { features, shapes: Some((vectors, tensors)), messages: Some(messages * scale) }
    }
}

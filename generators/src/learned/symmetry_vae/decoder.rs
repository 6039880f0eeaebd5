//! From latents to space group, elements, positions, cell and free parameters.

use tch::nn::{self, Module};
use tch::{Kind, Tensor};

use super::SymmetryVaeConfig;
use super::batch::{ELEMENTS, FREE, GROUPS, Occupations, group_features, group_positions, position_features};
use crate::learned::latent::{PeriodicHead, first_outputs};
use crate::learned::nets::{Perceptron, Transformer};
use crate::learned::symmetry::{CELL_TERMS, GROUP_FEATURES, POSITION_FEATURES};

/// Features of an element.
const ELEMENT: i64 = 32;

#[derive(Debug)]
pub(super) struct Decoder {
    input: nn::Linear,
    hidden: [Perceptron; 2],
    norms: [nn::LayerNorm; 2],
    group: Perceptron,
    kinds: Perceptron,
    count: Perceptron,
    groups: nn::Embedding,
    group_linear: nn::Linear,
    elements: nn::Embedding,
    composition: nn::Linear,
    places: nn::Linear,
    occupation: Transformer,
    site_kind: nn::Linear,
    site_position: nn::Linear,
    position_keys: nn::Linear,
    position_embedding: nn::Embedding,
    position_values: nn::Linear,
    element: nn::Linear,
    geometry: Transformer,
    free: PeriodicHead,
    cell: Perceptron,
    position_features: Tensor,
    group_features: Tensor,
    group_positions: Tensor,
    kind_count: i64,
    width: i64,
}

/// Probabilities of an occupation.
pub(super) struct Occupied {
    /// Tokens of the sites, the whole crystal first `[batch, 1 + sites, width]`.
    tokens: Tensor,
    /// Logarithms of the probabilities of the kinds of a site `[batch, sites, kinds]`.
    pub(super) kind: Tensor,
    /// Logarithms of the probabilities of the positions of the group `[batch, sites, widest]`.
    pub(super) position: Tensor,
}

/// Cells and features of sites.
pub(super) struct Placed {
    /// Cell terms `[batch, 6]`.
    pub(super) cell: Tensor,
    /// Features of the sites `[batch, sites, width]`, for [`Decoder::free`].
    pub(super) sites: Tensor,
}

impl Decoder {
    pub(super) fn new(path: &nn::Path, config: &SymmetryVaeConfig) -> Self {
        let SymmetryVaeConfig { width, latent, decoder, bins, .. } = *config;
        let (sites, kinds) = (config.sites as i64, config.kinds as i64);
        let linear = |name: &str, from, to| nn::linear(path / name, from, to, nn::LinearConfig::default());
        let norm = |name: &str| nn::layer_norm(path / name, vec![width], nn::LayerNormConfig::default());
        let embedding =
            |name: &str, from, to| nn::embedding(path / name, from, to, nn::EmbeddingConfig::default());
        let position_features = position_features().to_device(path.device());
        Self {
            input: linear("input", latent, width),
            hidden: ["hidden0", "hidden1"].map(|name| Perceptron::new(&(path / name), width, width, width)),
            norms: ["norm0", "norm1"].map(norm),
            group: Perceptron::new(&(path / "group"), width, width / 2, GROUPS),
            kinds: Perceptron::new(&(path / "kinds"), width, width / 2, kinds * ELEMENTS),
            count: Perceptron::new(&(path / "count"), width + decoder.width, width / 4, sites),
            groups: embedding("groups", GROUPS, decoder.width),
            group_linear: linear("group_linear", GROUP_FEATURES as i64, decoder.width),
            elements: embedding("elements", ELEMENTS, ELEMENT),
            composition: linear("composition", kinds * ELEMENT, decoder.width),
            places: linear("places", width, (sites + 1) * decoder.width),
            occupation: Transformer::new(&(path / "occupation"), decoder),
            site_kind: linear("site_kind", decoder.width, kinds),
            site_position: linear("site_position", decoder.width, decoder.width),
            position_keys: linear("position_keys", POSITION_FEATURES as i64, decoder.width),
            position_embedding: embedding("position_embedding", position_features.size()[0], decoder.width),
            position_values: linear("position_values", decoder.width, decoder.width),
            element: linear("element", ELEMENT, decoder.width),
            geometry: Transformer::new(&(path / "geometry"), decoder),
            free: PeriodicHead::new(&(path / "free"), decoder.width, FREE, bins),
            cell: Perceptron::new(&(path / "cell"), decoder.width + width, decoder.width, CELL_TERMS as i64),
            position_features,
            group_features: group_features().to_device(path.device()),
            group_positions: group_positions().to_device(path.device()),
            kind_count: kinds,
            width: decoder.width,
        }
    }

    /// Features of whole crystals `[batch, width]`, from which everything is read.
    pub(super) fn trunk(&self, latents: &Tensor) -> Tensor {
        let mut x = latents.apply(&self.input);
        for (norm, hidden) in self.norms.iter().zip(&self.hidden) {
            x = &x + hidden.forward(&x.apply(norm));
        }
        x
    }

    /// Logarithms of the probabilities of the space groups `[batch, 231]`.
    pub(super) fn group(&self, trunk: &Tensor) -> Tensor {
        self.group.forward(&trunk.silu()).log_softmax(-1, Kind::Float)
    }

    /// Logarithms of the probabilities of the elements `[batch, kinds, elements]`; 0 stands for none.
    pub(super) fn kinds(&self, trunk: &Tensor) -> Tensor {
        self.kinds.forward(&trunk.silu()).view([-1, self.kind_count, ELEMENTS]).log_softmax(-1, Kind::Float)
    }

    /// What group and elements add to every token `[batch, width]`.
    fn context(&self, group: &Tensor, elements: &Tensor) -> Tensor {
        group.apply(&self.groups)
            + self.group_features.index_select(0, group).apply(&self.group_linear)
            + elements.apply(&self.elements).flatten(1, 2).apply(&self.composition)
    }

    /// Logarithms of the probabilities of 1, 2, ... sites `[batch, sites]`.
    pub(super) fn count(&self, trunk: &Tensor, group: &Tensor, elements: &Tensor) -> Tensor {
        let context = self.context(group, elements);
        self.count.forward(&Tensor::cat(&[trunk.silu(), context], -1)).log_softmax(-1, Kind::Float)
    }

    /// Probabilities of kinds and positions of `there` sites `[batch, sites]`.
    pub(super) fn occupy(
        &self,
        trunk: &Tensor,
        group: &Tensor,
        elements: &Tensor,
        there: &Tensor,
    ) -> Occupied {
        let width = self.width;
        let (rows, sites) = there.size2().expect("[batch, sites]");
        let tokens =
            first_outputs(&self.places, &trunk.silu(), (sites + 1) * width).view([rows, sites + 1, width])
                + self.context(group, elements).unsqueeze(1);
        let tokens = self.occupation.forward(&tokens, &self.bias(there));
        let of_sites = tokens.narrow(1, 1, sites);
        let kinds = elements.eq(0).unsqueeze(1);
        let kind = of_sites.apply(&self.site_kind).masked_fill(&kinds, f64::NEG_INFINITY);
        // Positions of the group, by what they are and by name.
        let places = self.group_positions.index_select(0, group);
        let keys = self.keys(&places.clamp_min(0));
        let logits =
            of_sites.apply(&self.site_position).matmul(&keys.transpose(1, 2)) / (width as f64).sqrt();
        let position = logits.masked_fill(&places.lt(0).unsqueeze(1), f64::NEG_INFINITY);
        Occupied {
            kind: kind.log_softmax(-1, Kind::Float),
            position: position.log_softmax(-1, Kind::Float),
            tokens,
        }
    }

    /// Cell and features of the sites for an occupation.
    pub(super) fn place(&self, trunk: &Tensor, occupied: &Occupied, of: &Occupations) -> Placed {
        let sites = self.keys(&of.position).apply(&self.position_values)
            + of.element.apply(&self.elements).apply(&self.element);
        let there = of.there.to_kind(Kind::Float).unsqueeze(-1);
        let sites = sites * there;
        // The cell is told what it holds.
        let all = sites.mean_dim([1i64].as_slice(), true, Kind::Float);
        let tokens = &occupied.tokens + Tensor::cat(&[all, sites], 1);
        let tokens = self.geometry.forward(&tokens, &self.bias(&of.there));
        let cell = self.cell.forward(&Tensor::cat(&[tokens.select(1, 0), trunk.silu()], -1));
        Placed { cell, sites: tokens.narrow(1, 1, of.there.size()[1]) }
    }

    /// The head of the free parameters.
    pub(super) fn free(&self) -> &PeriodicHead {
        &self.free
    }

    /// Vectors of positions in the table `[..., width]`.
    fn keys(&self, places: &Tensor) -> Tensor {
        let mut shape = places.size();
        shape.push(self.position_features.size()[1]);
        let features = self.position_features.index_select(0, &places.reshape(-1)).view(shape.as_slice());
        features.apply(&self.position_keys) + places.apply(&self.position_embedding)
    }

    fn bias(&self, there: &Tensor) -> Tensor {
        let whole = Tensor::ones([there.size()[0], 1], (Kind::Bool, there.device()));
        Transformer::bias(&Tensor::cat(&[&whole, there], 1))
    }
}

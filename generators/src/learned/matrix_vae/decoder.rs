//! From latents to elements, numbers of atoms, cell and coordinates.

use tch::nn::{self, Module};
use tch::{Kind, Tensor};

use super::MatrixVaeConfig;
use super::batch::{Compositions, ELEMENTS};
use crate::learned::latent::{PeriodicHead, first_outputs};
use crate::learned::nets::{Perceptron, Transformer};

/// Features of an element.
const ELEMENT: i64 = 32;

#[derive(Debug)]
pub(super) struct Decoder {
    input: nn::Linear,
    hidden: [Perceptron; 2],
    norms: [nn::LayerNorm; 2],
    kinds: Perceptron,
    counts: Perceptron,
    elements: nn::Embedding,
    places: nn::Linear,
    kind: nn::Embedding,
    rank: nn::Embedding,
    element: nn::Linear,
    total: nn::Linear,
    transformer: Transformer,
    coordinates: PeriodicHead,
    cell: Perceptron,
    shape: Shape,
}

#[derive(Clone, Copy, Debug)]
struct Shape {
    atoms: i64,
    kinds: i64,
    width: i64,
}

/// Cells and features of sites.
pub(super) struct Placed {
    /// Scaled cells `[batch, 6]`.
    pub(super) cell: Tensor,
    /// Features of the sites `[batch, atoms, width]`, for [`Decoder::coordinates`].
    pub(super) sites: Tensor,
}

impl Decoder {
    pub(super) fn new(path: &nn::Path, config: &MatrixVaeConfig) -> Self {
        let MatrixVaeConfig { width, latent, decoder, bins, .. } = *config;
        let (atoms, kinds) = (config.atoms as i64, config.kinds as i64);
        let linear = |name: &str, from, to| nn::linear(path / name, from, to, nn::LinearConfig::default());
        let norm = |name: &str| nn::layer_norm(path / name, vec![width], nn::LayerNormConfig::default());
        let embedding =
            |name: &str, from, to| nn::embedding(path / name, from, to, nn::EmbeddingConfig::default());
        Self {
            input: linear("input", latent, width),
            hidden: ["hidden0", "hidden1"].map(|name| Perceptron::new(&(path / name), width, width, width)),
            norms: ["norm0", "norm1"].map(norm),
            kinds: Perceptron::new(&(path / "kinds"), width, width / 2, kinds * ELEMENTS),
            counts: Perceptron::new(&(path / "counts"), width + kinds * ELEMENT, width / 2, kinds * atoms),
            elements: embedding("elements", ELEMENTS, ELEMENT),
            places: linear("places", width, (atoms + 1) * decoder.width),
            kind: embedding("kind", kinds + 1, decoder.width),
            rank: embedding("rank", atoms, decoder.width),
            element: linear("element", ELEMENT, decoder.width),
            total: linear("total", 1, decoder.width),
            transformer: Transformer::new(&(path / "transformer"), decoder),
            coordinates: PeriodicHead::new(&(path / "coordinates"), decoder.width, 3, bins),
            cell: Perceptron::new(&(path / "cell"), decoder.width + width, decoder.width, 6),
            shape: Shape { atoms, kinds, width: decoder.width },
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

    /// Logarithms of the probabilities of the elements `[batch, kinds, elements]`; 0 stands for none.
    pub(super) fn kinds(&self, trunk: &Tensor) -> Tensor {
        let logits = self.kinds.forward(&trunk.silu()).view([-1, self.shape.kinds, ELEMENTS]);
        logits.log_softmax(-1, Kind::Float)
    }

    /// Logarithms of the probabilities of 1, 2, ... atoms of each kind `[batch, kinds, atoms]`; `elements` as in
    /// [`Compositions`].
    pub(super) fn counts(&self, trunk: &Tensor, elements: &Tensor) -> Tensor {
        let elements = elements.apply(&self.elements).flatten(1, 2);
        let logits = self.counts.forward(&Tensor::cat(&[trunk.silu(), elements], -1));
        logits.view([-1, self.shape.kinds, self.shape.atoms]).log_softmax(-1, Kind::Float)
    }

    /// Cell and features of the sites for these atoms.
    pub(super) fn place(&self, trunk: &Tensor, of: &Compositions) -> Placed {
        let width = self.shape.width;
        let (rows, atoms) = of.element.size2().expect("[batch, atoms]");
        let elements = of.element.apply(&self.elements).apply(&self.element);
        let there = of.there.to_kind(Kind::Float).unsqueeze(-1);
        let atoms_there = of.atoms.unsqueeze(-1);
        // The cell is told what it holds.
        let content =
            (&elements * &there).sum_dim_intlist([1i64].as_slice(), true, Kind::Float) / &atoms_there;
        let first = content + (&atoms_there * 0.1).apply(&self.total);
        let sites = elements + of.kind.apply(&self.kind) + of.rank.apply(&self.rank);
        let tokens =
            first_outputs(&self.places, &trunk.silu(), (atoms + 1) * width).view([rows, atoms + 1, width])
                + Tensor::cat(&[first, sites], 1);
        let all = Tensor::cat(
            &[Tensor::ones([rows, 1], (Kind::Bool, trunk.device())), of.there.shallow_clone()],
            1,
        );
        let tokens = self.transformer.forward(&tokens, &Transformer::bias(&all));
        let cell = self.cell.forward(&Tensor::cat(&[tokens.select(1, 0), trunk.silu()], -1));
        Placed { cell, sites: tokens.narrow(1, 1, atoms) }
    }

    /// The head of the coordinates.
    pub(super) fn coordinates(&self) -> &PeriodicHead {
        &self.coordinates
    }
}

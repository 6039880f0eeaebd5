//! From latents to decisions.

use tch::nn::{self, Module};
use tch::{Kind, Tensor};

use super::LigandVaeConfig;
use super::batch::{Choices, Decisions, Tokens};
use super::embedding::{KEY, Keys, Parts, StepEmbedding, logits};
use crate::learned::latent::first_outputs;
use crate::learned::nets::{Perceptron, Transformer, linear};

#[derive(Debug)]
pub(super) struct Decoder {
    steps: StepEmbedding,
    latent: Perceptron,
    everywhere: nn::Linear,
    places: nn::Linear,
    place: nn::Linear,
    transformer: Transformer,
    keys: Keys,
    end: Tensor,
    slot: Perceptron,
    context: nn::Linear,
    at: nn::Linear,
    piece: Perceptron,
    pieces: nn::Embedding,
    root: Perceptron,
    width: i64,
}

/// What the decoder knows after some steps.
#[derive(Debug)]
pub(super) struct Known {
    /// Features of the latent and all steps `[batch * (steps + 1), width]`.
    pub(super) tokens: Tensor,
    /// What they add to the keys of their atoms `[batch * (steps + 1), KEY]`.
    pub(super) keys: Tensor,
}

impl Decoder {
    pub(super) fn new(path: &nn::Path, config: &LigandVaeConfig) -> Self {
        let shape = config.decoder;
        let (inner, width) = (shape.width, config.width);
        let linear = |name: &str, from, to| nn::linear(path / name, from, to, Default::default());
        let none = nn::EmbeddingConfig { ws_init: nn::Init::Const(0.0), ..Default::default() };
        Self {
            steps: StepEmbedding::new(path, config, inner, shape.heads),
            latent: Perceptron::new(&(path / "latent"), config.latent, 2 * inner, inner),
            everywhere: linear("everywhere", config.latent, inner),
            places: linear("places", config.latent, 2 * config.slice * (config.steps as i64 + 1)),
            place: linear("place", 2 * config.slice, inner),
            transformer: Transformer::new(&(path / "transformer"), shape),
            keys: Keys::new(&(path / "keys"), inner),
            end: path.var("end", &[KEY], nn::Init::Randn { mean: 0.0, stdev: 0.3 }),
            slot: Perceptron::new(&(path / "slot_query"), inner, inner, KEY),
            context: linear("context", inner, inner),
            at: linear("at", KEY, inner),
            piece: Perceptron::new(&(path / "piece_query"), inner, 2 * width, width),
            pieces: nn::embedding(path / "out", config.vocabulary.len() as i64 + 1, width, none),
            root: Perceptron::new(&(path / "root_query"), inner + width, inner, KEY),
            width,
        }
    }

    /// Looks at latents `[batch, latent]` and the steps so far; `told` marks with 0 the steps `[batch, steps]` that are kept from
    /// it.
    pub(super) fn known(
        &self,
        parts: &Parts,
        latents: &Tensor,
        tokens: &Tokens,
        told: Option<&Tensor>,
    ) -> Known {
        let steps = self.steps.forward(parts, tokens);
        let steps = match told {
            Some(told) => steps * told.unsqueeze(-1),
            None => steps,
        };
        let side = steps.size()[1] + 1;
        let slice = self.place.ws.size()[1];
        let places = first_outputs(&self.places, latents, slice * side).view([-1, side, slice]);
        let x = Tensor::cat(&[self.latent.forward(latents).unsqueeze(1), steps], 1)
            + linear(&self.everywhere, latents).unsqueeze(1)
            + linear(&self.place, &places);
        // Nothing is known of later steps.
        let later = Tensor::ones([side, side], (Kind::Bool, x.device())).triu(1);
        let bias = self.steps.bias(tokens).masked_fill(&later, f64::NEG_INFINITY);
        let x = self.transformer.forward(&x, &bias).flatten(0, 1);
        Known { keys: self.keys.steps(&x), tokens: x }
    }

    /// Logits of where to go on `[decisions, 1 + most]`, the end first.
    pub(super) fn slots(&self, parts: &Parts, known: &Known, at: &Tensor, slots: &Choices) -> Tensor {
        let query = self.slot.forward(&known.tokens.index_select(0, at));
        let keys = self.keys.of(parts, &known.keys, slots);
        let there = logits(&query, &keys, &slots.there);
        let end = query.matmul(&self.end) / (KEY as f64).sqrt();
        Tensor::cat(&[end.unsqueeze(-1), there], 1)
    }

    /// What is known when a piece is to be chosen at a slot `[decisions, inner]`.
    pub(super) fn context(&self, parts: &Parts, known: &Known, at: &Tensor, slot: &Choices) -> Tensor {
        let key = self.keys.of(parts, &known.keys, slot).squeeze_dim(1);
        (linear(&self.context, &known.tokens.index_select(0, at)) + linear(&self.at, &key)).silu()
    }

    /// Logits of pieces `[decisions, pieces + 1]`, the closing of a ring last.
    pub(super) fn pieces(&self, parts: &Parts, context: &Tensor) -> Tensor {
        let table = nn::Linear { ws: &parts.pieces + &self.pieces.ws, bs: None };
        linear(&table, &self.piece.forward(context)) / (self.width as f64).sqrt()
    }

    /// Logits of the atoms by which pieces are bonded `[decisions, most]`.
    pub(super) fn roots(
        &self,
        parts: &Parts,
        known: &Known,
        context: &Tensor,
        piece: &Tensor,
        roots: &Choices,
    ) -> Tensor {
        let piece = parts.pieces.index_select(0, piece);
        let query = self.root.forward(&Tensor::cat(&[context, &piece], 1));
        logits(&query, &self.keys.of(parts, &known.keys, roots), &roots.there)
    }

    /// Costs (nats) of the decisions that were taken, summed: where to go on, pieces, atoms.
    pub(super) fn costs(&self, parts: &Parts, known: &Known, taken: &Decisions) -> [Tensor; 3] {
        let cost = |logits: Tensor, which: &Tensor| {
            -logits.log_softmax(-1, Kind::Float).gather(-1, &which.unsqueeze(-1), false).sum(Kind::Float)
        };
        let slots = cost(self.slots(parts, known, &taken.at, &taken.slots), &taken.slot);
        let context = self.context(parts, known, &taken.piece_at, &taken.piece_slot);
        let pieces = cost(self.pieces(parts, &context), &taken.piece);
        let roots = cost(self.roots(parts, known, &context, &taken.piece, &taken.roots), &taken.root);
        [slots, pieces, roots]
    }
}

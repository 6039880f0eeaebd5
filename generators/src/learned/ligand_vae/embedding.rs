//! Steps as features.

use tch::nn::{self, Module};
use tch::{Kind, Tensor};

use super::LigandVaeConfig;
use super::batch::{Choices, DEPTHS, RELATIONS, Tokens};
use super::table::{ATOM, HOPS, PIECE, Table};
use crate::learned::nets::{Perceptron, linear};

/// Features of an atom that can be chosen.
pub(super) const KEY: i64 = 96;

/// Features of all pieces and atoms, the same for a whole batch.
#[derive(Debug)]
pub(super) struct Parts {
    /// `[pieces + 1, width]`
    pub(super) pieces: Tensor,
    /// `[atoms + 1, KEY]`
    pub(super) atoms: Tensor,
}

/// Makes features of pieces and their atoms.
#[derive(Debug)]
pub(super) struct PartEmbedding {
    pieces: nn::Embedding,
    described: nn::Linear,
    atoms: Perceptron,
}

impl PartEmbedding {
    pub(super) fn new(path: &nn::Path, config: &LigandVaeConfig) -> Self {
        let known = config.vocabulary.len() as i64 + 1;
        Self {
            pieces: nn::embedding(path / "pieces", known, config.width, small()),
            described: nn::linear(path / "described", PIECE as i64, config.width, Default::default()),
            atoms: Perceptron::new(&(path / "atoms"), ATOM as i64, KEY, KEY),
        }
    }

    pub(super) fn forward(&self, table: &Table) -> Parts {
        Parts {
            pieces: &self.pieces.ws + linear(&self.described, &table.pieces),
            atoms: self.atoms.forward(&table.atoms),
        }
    }
}

/// Embeddings that leave room for what is told by features.
fn small() -> nn::EmbeddingConfig {
    nn::EmbeddingConfig { ws_init: nn::Init::Randn { mean: 0.0, stdev: 0.3 }, ..Default::default() }
}

/// Makes tokens of steps.
#[derive(Debug)]
pub(super) struct StepEmbedding {
    piece: nn::Linear,
    slot: nn::Linear,
    root: nn::Linear,
    slot_hops: nn::Embedding,
    root_hops: nn::Embedding,
    depth: nn::Embedding,
    place: Tensor,
    parent: Tensor,
    relations: nn::Embedding,
}

impl StepEmbedding {
    pub(super) fn new(path: &nn::Path, config: &LigandVaeConfig, width: i64, heads: i64) -> Self {
        let linear = |name: &str, from| nn::linear(path / name, from, width, Default::default());
        let places = config.steps as i64 + 1;
        let none = nn::EmbeddingConfig { ws_init: nn::Init::Const(0.0), ..Default::default() };
        Self {
            piece: linear("piece", config.width),
            slot: linear("slot", KEY),
            root: linear("root", KEY),
            slot_hops: nn::embedding(path / "slot_hops", HOPS as i64, width, small()),
            root_hops: nn::embedding(path / "root_hops", HOPS as i64, width, small()),
            depth: nn::embedding(path / "depth", DEPTHS as i64, width, small()),
            place: path.var("place", &[places, width], nn::Init::Randn { mean: 0.0, stdev: 0.3 }),
            parent: path.var("parent", &[places, width], nn::Init::Randn { mean: 0.0, stdev: 0.3 }),
            relations: nn::embedding(path / "relations", RELATIONS, heads, none),
        }
    }

    /// Features of the steps `[batch, steps, width]`.
    pub(super) fn forward(&self, parts: &Parts, tokens: &Tokens) -> Tensor {
        let (_, steps) = tokens.piece.size2().unwrap_or((0, 0));
        let pick = |table: &Tensor, places: &Tensor| {
            let mut shape = places.size();
            shape.push(table.size()[1]);
            table.index_select(0, &places.view(-1)).view(shape.as_slice())
        };
        linear(&self.piece, &pick(&parts.pieces, &tokens.piece))
            + linear(&self.slot, &pick(&parts.atoms, &tokens.slot_row))
            + linear(&self.root, &pick(&parts.atoms, &tokens.root_row))
            + tokens.slot_hops.apply(&self.slot_hops)
            + tokens.root_hops.apply(&self.root_hops)
            + tokens.depth.apply(&self.depth)
            + pick(&self.parent, &tokens.slot_token)
            + self.place.narrow(0, 0, steps)
    }

    /// Bias of attention between the latent and all steps `[batch, heads, steps + 1, steps + 1]`.
    pub(super) fn bias(&self, tokens: &Tokens) -> Tensor {
        tokens.relations.apply(&self.relations).permute([0, 3, 1, 2])
    }
}

/// Makes keys of atoms that can be chosen.
#[derive(Debug)]
pub(super) struct Keys {
    steps: nn::Linear,
    hops: nn::Embedding,
}

impl Keys {
    pub(super) fn new(path: &nn::Path, width: i64) -> Self {
        Self {
            steps: nn::linear(path / "steps", width, KEY, Default::default()),
            hops: nn::embedding(path / "hops", HOPS as i64, KEY, small()),
        }
    }

    /// What steps `[tokens, width]` add to the keys of their atoms `[tokens, KEY]`.
    pub(super) fn steps(&self, x: &Tensor) -> Tensor {
        linear(&self.steps, x)
    }

    /// Keys of choices `[decisions, most, KEY]`.
    pub(super) fn of(&self, parts: &Parts, steps: &Tensor, choices: &Choices) -> Tensor {
        let (decisions, most) = choices.row.size2().unwrap_or((0, 0));
        let pick = |table: &Tensor, places: &Tensor| table.index_select(0, &places.view(-1));
        let sum = pick(&parts.atoms, &choices.row)
            + pick(steps, &choices.token)
            + choices.hops.view(-1).apply(&self.hops);
        sum.silu().view([decisions, most, KEY])
    }
}

/// Logits of choices `[decisions, most]` by queries `[decisions, KEY]`; minus infinity where there is no choice.
pub(super) fn logits(queries: &Tensor, keys: &Tensor, there: &Tensor) -> Tensor {
    let products = keys.matmul(&queries.unsqueeze(-1)).squeeze_dim(-1) / (KEY as f64).sqrt();
    products.to_kind(Kind::Float).masked_fill(&there.logical_not(), f64::NEG_INFINITY)
}

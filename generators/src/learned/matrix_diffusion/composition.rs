//! The network of compositions: which element is revealed next, and how many atoms of it.
//!
//! Masked (absorbing) diffusion (Austin et al., arXiv:2107.03006) of elements that are not tied to places:
//! as long as positions are pure noise, atoms are told apart by their element only, so what is revealed
//! is a multiset, and all atoms of an element at once: that takes a few decisions where atoms one by one
//! would take up to twenty, each of which can spoil the stoichiometry. The order of elements is random, so
//! any part of a composition can be given. A transformer sees the revealed elements with their amounts as
//! a set.

use tch::nn::{self, Module};
use tch::{Kind, Tensor};

use super::MatrixDiffusionConfig;
use crate::learned::nets::elements::{ELEMENTS, FEATURES, table};
use crate::learned::nets::{Perceptron, Transformer, TransformerShape};

/// Most different elements that the network sees; any more are left out of its view.
const MOST_ELEMENTS: usize = 12;

/// Added to the logits of elements that are revealed already.
const TAKEN: f64 = -1e4;

/// A composition of which a part is revealed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Revealed {
    /// Atomic numbers of the revealed elements, each once, with all atoms of it.
    pub amounts: Vec<(u8, usize)>,
    /// Atoms of the crystal, revealed or not.
    pub atoms: usize,
}

impl Revealed {
    /// Revealed atoms.
    pub fn count(&self) -> usize {
        self.amounts.iter().map(|(_, amount)| amount).sum()
    }
}

/// What the network makes of revealed parts.
#[derive(Debug)]
pub struct Outlook {
    /// Logits of the next element, `[B, ELEMENTS]`; far below all others for those that are there.
    pub elements: Tensor,
    /// Features that [`CompositionNetwork::amounts`] takes, `[B, w + W]`.
    pub view: Tensor,
}

/// The network.
#[derive(Debug)]
pub struct CompositionNetwork {
    table: Tensor,
    embedding: nn::Embedding,
    features: nn::Linear,
    amounts: nn::Embedding,
    left: nn::Embedding,
    atoms: nn::Embedding,
    counts: Perceptron,
    conditions: nn::Linear,
    transformer: Transformer,
    next: Perceptron,
    amount: Perceptron,
    bias: Tensor,
    most: i64,
}

impl CompositionNetwork {
    /// With fresh weights; takes features of labels of `config.width`.
    pub fn new(path: &nn::Path, config: &MatrixDiffusionConfig) -> Self {
        let (w, most) = (config.composition_width, config.most_atoms as i64);
        let embedding =
            |name: &str, count| nn::embedding(path / name, count, w, nn::EmbeddingConfig::default());
        let shape = TransformerShape { width: w, heads: 4, layers: config.composition_layers };
        Self {
            table: table(),
            embedding: embedding("elements", ELEMENTS),
            features: nn::linear(path / "features", FEATURES, w, nn::LinearConfig::default()),
            amounts: embedding("amounts", most + 1),
            left: embedding("left", most + 1),
            atoms: embedding("atoms", most + 1),
            counts: Perceptron::new(&(path / "counts"), config.width, w, most),
            conditions: nn::linear(path / "conditions", config.width, w, nn::LinearConfig::default()),
            transformer: Transformer::new(&(path / "transformer"), shape),
            next: Perceptron::new(&(path / "next"), w + config.width, w, w),
            amount: Perceptron::new(&(path / "amount"), 2 * w + config.width, 2 * w, most),
            bias: path.var("bias", &[ELEMENTS], nn::Init::Const(0.0)),
            most,
        }
    }

    /// Logits of the number of atoms from 1 to the most, `[B, most]`.
    pub fn atom_counts(&self, conditions: &Tensor) -> Tensor {
        self.counts.forward(conditions)
    }

    /// Logits of the number of atoms of the next elements `[B]`, from 1 to the most, `[B, most]`.
    pub fn amounts(&self, view: &Tensor, elements: &[u8]) -> Tensor {
        let places: Vec<i64> = elements.iter().map(|&z| i64::from(z)).collect();
        let chosen = self.elements().index_select(0, &Tensor::from_slice(&places));
        self.amount.forward(&Tensor::cat(&[view, &chosen], 1))
    }

    /// What comes next. `conditions` are features of the labels `[B, W]`.
    pub fn outlook(&self, revealed: &[Revealed], conditions: &Tensor) -> Outlook {
        let b = revealed.len();
        let tokens = revealed.iter().map(|r| r.amounts.len()).max().unwrap_or(0).clamp(1, MOST_ELEMENTS);
        let (mut elements, mut amounts, mut there) =
            (vec![0i64; b * tokens], vec![0i64; b * tokens], vec![false; b * (tokens + 1)]);
        let (mut left, mut atoms) = (Vec::with_capacity(b), Vec::with_capacity(b));
        let clamp = |n: usize| (n as i64).min(self.most);
        for (row, composition) in revealed.iter().enumerate() {
            there[row * (tokens + 1)] = true;
            for (column, &(z, amount)) in composition.amounts.iter().take(tokens).enumerate() {
                elements[row * tokens + column] = i64::from(z);
                amounts[row * tokens + column] = clamp(amount);
                there[row * (tokens + 1) + column + 1] = true;
            }
            left.push(clamp(composition.atoms - composition.count()));
            atoms.push(clamp(composition.atoms));
        }
        let (b, t) = (b as i64, tokens as i64);
        let elements = Tensor::from_slice(&elements);
        let known = self.elements();
        let members = known.index_select(0, &elements).view([b, t, -1])
            + self.amounts.forward(&Tensor::from_slice(&amounts).view([b, t]));
        let whole =
            self.left.forward(&Tensor::from_slice(&left)) + self.atoms.forward(&Tensor::from_slice(&atoms));
        let whole = whole + conditions.apply(&self.conditions);
        let there = Tensor::from_slice(&there).view([b, t + 1]);
        let x = Tensor::cat(&[&whole.unsqueeze(1), &(members + whole.unsqueeze(1))], 1);
        let x = self.transformer.forward(&x, &Transformer::bias(&there));
        let view = Tensor::cat(&[&x.select(1, 0), conditions], 1);
        let query = self.next.forward(&view);
        let width = query.size()[1] as f64;
        let logits = query.matmul(&known.tr()) / width.sqrt() + &self.bias;
        let taken = there.narrow(1, 1, t).to_kind(Kind::Float) * TAKEN;
        Outlook { elements: logits.scatter_add(1, &elements.view([b, t]), &taken), view }
    }

    /// Vectors of all elements, `[ELEMENTS, w]`.
    fn elements(&self) -> Tensor {
        &self.embedding.ws + self.table.apply(&self.features)
    }
}

//! A transformer over sets: without encodings of place, so its output moves with its input.

use serde::{Deserialize, Serialize};
use tch::nn::{self, Module};
use tch::{Kind, Tensor};

use super::{Perceptron, linear, linear_narrow};

/// Sizes of a transformer.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct TransformerShape {
    /// Features of a token.
    pub width: i64,
    /// Heads of attention.
    pub heads: i64,
    /// Blocks.
    pub layers: i64,
}

/// Blocks of attention and perceptron with layer norms before (Xiong et al., arXiv:2002.04745).
#[derive(Debug)]
pub struct Transformer {
    blocks: Vec<Block>,
    last: nn::LayerNorm,
}

#[derive(Debug)]
struct Block {
    heads: i64,
    norms: [nn::LayerNorm; 2],
    queries_keys_values: nn::Linear,
    out: nn::Linear,
    perceptron: Perceptron,
}

impl Transformer {
    /// A transformer of this shape.
    pub fn new(path: &nn::Path, shape: TransformerShape) -> Self {
        let norm = |path: nn::Path| nn::layer_norm(path, vec![shape.width], nn::LayerNormConfig::default());
        let blocks = (0..shape.layers)
            .map(|i| {
                let path = path / format!("block{i}");
                let map =
                    |name: &str, to| nn::linear(&path / name, shape.width, to, nn::LinearConfig::default());
                Block {
                    heads: shape.heads,
                    norms: [norm(&path / "norm0"), norm(&path / "norm1")],
                    queries_keys_values: map("queries_keys_values", 3 * shape.width),
                    out: map("out", shape.width),
                    perceptron: Perceptron::new(
                        &(&path / "perceptron"),
                        shape.width,
                        4 * shape.width,
                        shape.width,
                    ),
                }
            })
            .collect();
        Self { blocks, last: norm(path / "norm") }
    }

    /// Tokens `[batch, tokens, width]` to tokens of the same shape. `bias` is added to the logits of
    /// attention, `[batch, 1 or heads, 1 or tokens, tokens]`: minus infinity where a token is padding.
    pub fn forward(&self, tokens: &Tensor, bias: &Tensor) -> Tensor {
        let mut x = tokens.shallow_clone();
        for block in &self.blocks {
            x = &x + block.attend(&x.apply(&block.norms[0]), bias);
            x = &x + block.perceptron.forward(&x.apply(&block.norms[1]));
        }
        x.apply(&self.last)
    }

    /// Bias for [`Self::forward`] from the tokens that are there: `[batch, tokens]`, true for a token.
    pub fn bias(there: &Tensor) -> Tensor {
        let bias = Tensor::zeros(there.size(), (Kind::Float, there.device()));
        bias.masked_fill(&there.logical_not(), f64::NEG_INFINITY).unsqueeze(1).unsqueeze(1)
    }
}

impl Block {
    fn attend(&self, x: &Tensor, bias: &Tensor) -> Tensor {
        let (batch, tokens, width) = x.size3().expect("[batch, tokens, width]");
        let depth = width / self.heads;
        let parts = linear_narrow(&self.queries_keys_values, x)
            .view([batch, tokens, 3, self.heads, depth])
            .permute([2, 0, 3, 1, 4]);
        let (q, k, v) = (parts.get(0), parts.get(1), parts.get(2));
        let products = q.matmul(&k.transpose(-1, -2)).to_kind(Kind::Float);
        let weights = (products / (depth as f64).sqrt() + bias).softmax(-1, Kind::Float);
        let sums = weights.to_kind(v.kind()).matmul(&v);
        linear(&self.out, &sums.transpose(1, 2).reshape([batch, tokens, width]))
    }
}

//! A perceptron with one hidden layer.

use tch::Tensor;
use tch::nn::{self, Module};

use super::{linear, linear_narrow};

/// Two linear maps with SiLU between.
#[derive(Debug)]
pub struct Perceptron {
    first: nn::Linear,
    second: nn::Linear,
}

impl Perceptron {
    /// From `input` over `hidden` to `output` features.
    pub fn new(path: &nn::Path, input: i64, hidden: i64, output: i64) -> Self {
        Self {
            first: nn::linear(path / "first", input, hidden, nn::LinearConfig::default()),
            second: nn::linear(path / "second", hidden, output, nn::LinearConfig::default()),
        }
    }
}

impl Module for Perceptron {
    fn forward(&self, x: &Tensor) -> Tensor {
        linear(&self.second, &linear_narrow(&self.first, x).silu())
    }
}

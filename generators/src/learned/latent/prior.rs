//! The distribution of latents: a flow from normal noise.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;
use serde::{Deserialize, Serialize};
use tch::nn::{self, Module};
use tch::{Kind, Tensor};

use super::normal;
use crate::learned::nets::{ConditionEmbedding, Perceptron};
use crate::learned::{Conditions, Labels};

/// Frequencies of the features of time.
const FREQUENCIES: i64 = 16;
/// Features of the conditions.
const CONDITIONS: i64 = 96;

/// Sizes of the network of a prior.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PriorShape {
    /// Features.
    pub width: i64,
    /// Residual blocks.
    pub blocks: i64,
}

/// A rectified flow (Liu et al., arXiv:2209.03003; Lipman et al., arXiv:2210.02747): a network learns the
/// velocity of straight lines from normal noise (time 0) to latents (time 1), conditioned on labels.
#[derive(Debug)]
pub struct Prior {
    input: nn::Linear,
    time: Perceptron,
    conditions: ConditionEmbedding,
    context: nn::Linear,
    blocks: Vec<Block>,
    norm: nn::LayerNorm,
    output: nn::Linear,
    latent: i64,
}

#[derive(Debug)]
struct Block {
    norm: nn::LayerNorm,
    condition: nn::Linear,
    perceptron: Perceptron,
}

impl Prior {
    /// For latents of `latent` numbers.
    pub fn new(path: &nn::Path, shape: PriorShape, conditions: &Conditions, latent: i64) -> Self {
        let linear = |path: nn::Path, from, to| nn::linear(path, from, to, nn::LinearConfig::default());
        let norm = |path: nn::Path| nn::layer_norm(path, vec![shape.width], nn::LayerNormConfig::default());
        let blocks = (0..shape.blocks).map(|i| {
            let path = path / format!("block{i}");
            Block {
                norm: norm(&path / "norm"),
                condition: linear(&path / "condition", shape.width, shape.width),
                perceptron: Perceptron::new(&path, shape.width, 2 * shape.width, shape.width),
            }
        });
        Self {
            blocks: blocks.collect(),
            input: linear(path / "input", latent, shape.width),
            time: Perceptron::new(&(path / "time"), 2 * FREQUENCIES, shape.width, shape.width),
            conditions: ConditionEmbedding::new(&(path / "conditions"), conditions, CONDITIONS),
            context: linear(path / "context", CONDITIONS, shape.width),
            norm: norm(path / "norm"),
            output: linear(path / "output", shape.width, latent),
            latent,
        }
    }

    /// Velocities `[batch, latent]` at points `[batch, latent]` and times `[batch]`; `context` is the embedding of the labels.
    fn velocity(&self, points: &Tensor, times: &Tensor, context: &Tensor) -> Tensor {
        let angles = times.unsqueeze(-1)
            * Tensor::logspace(0.0, 2.0, FREQUENCIES, 10.0, (Kind::Float, points.device()));
        let time = self.time.forward(&Tensor::cat(&[angles.sin(), angles.cos()], -1));
        let context = (time + context.apply(&self.context)).silu();
        let mut x = points.apply(&self.input);
        for block in &self.blocks {
            let inner = x.apply(&block.norm) + context.apply(&block.condition);
            x = &x + block.perceptron.forward(&inner);
        }
        x.apply(&self.norm).apply(&self.output)
    }

    /// Mean squared error of the velocity for latents `[batch, latent]`, which no gradient flows to. Rows that `genuine` marks with
    /// 0 do not count. Times are denser in the middle (Esser et al., arXiv:2403.03206).
    pub fn loss(
        &self,
        latents: &Tensor,
        labels: &[Labels],
        genuine: &Tensor,
        rng: &mut ChaCha8Rng,
    ) -> Tensor {
        let latents = latents.detach();
        let rows = labels.len();
        let times: Vec<f32> = (0..rows)
            .map(|_| {
                let x: f32 = rng.sample(StandardNormal);
                1.0 / (1.0 + (-x).exp())
            })
            .collect();
        let times = Tensor::from_slice(&times).to_device(latents.device());
        let noise = normal(rng, &latents.size()).to_device(latents.device());
        let points = noise.lerp_tensor(&latents, &times.unsqueeze(-1));
        let context = self.conditions.forward(labels, latents.device());
        let wrong = self.velocity(&points, &times, &context) - (&latents - &noise);
        let wrong = wrong.square().mean_dim([-1i64].as_slice(), false, Kind::Float) * genuine;
        wrong.sum(Kind::Float) / genuine.sum(Kind::Float).clamp_min(1.0)
    }

    /// Latents from `noise` `[batch, latent]` in `steps` steps of Heun's method. `guidance` as in [`crate::learned::Request`];
    /// `unknown` are labels that say nothing.
    pub fn transport(
        &self,
        noise: &Tensor,
        labels: &[Labels],
        unknown: &Labels,
        guidance: f64,
        steps: usize,
    ) -> Tensor {
        let device = self.input.ws.device();
        let nothing = self.conditions.forward(std::slice::from_ref(unknown), device);
        let wanted = self.conditions.forward(labels, device);
        let guided = labels.iter().any(|row| row != unknown);
        let velocity = |points: &Tensor, time: f64| {
            let times = Tensor::full([points.size()[0]], time, (Kind::Float, points.device()));
            if !guided || guidance == 0.0 {
                return self.velocity(points, &times, &nothing);
            }
            let conditional = self.velocity(points, &times, &wanted);
            if guidance == 1.0 {
                return conditional;
            }
            self.velocity(points, &times, &nothing).lerp(&conditional, guidance)
        };
        let step = 1.0 / steps.max(1) as f64;
        let mut points = noise.to_device(device);
        for i in 0..steps.max(1) {
            let time = i as f64 * step;
            let first = velocity(&points, time);
            let second = velocity(&(&points + &first * step), time + step);
            points = &points + (first + second) * (step * 0.5);
        }
        points
    }

    /// Numbers of a latent.
    pub fn latent(&self) -> i64 {
        self.latent
    }
}

//! From ligands to latents.

use tch::Kind;
use tch::nn;

use super::LigandVaeConfig;
use super::batch::Tokens;
use super::embedding::{Parts, StepEmbedding};
use crate::learned::latent::{Posterior, first_inputs};
use crate::learned::nets::{Transformer, linear};

#[derive(Debug)]
pub(super) struct Encoder {
    steps: StepEmbedding,
    transformer: Transformer,
    slices: nn::Linear,
    looks: nn::Linear,
    values: nn::Linear,
    norm: nn::LayerNorm,
    ordered: nn::Linear,
    output: nn::Linear,
}

impl Encoder {
    pub(super) fn new(path: &nn::Path, config: &LigandVaeConfig) -> Self {
        let shape = config.encoder;
        let linear = |name: &str, from, to| nn::linear(path / name, from, to, Default::default());
        let pooled = shape.width * config.looks;
        let sliced = config.slice * config.steps as i64;
        Self {
            steps: StepEmbedding::new(path, config, shape.width, shape.heads),
            transformer: Transformer::new(&(path / "transformer"), shape),
            slices: linear("slices", shape.width, config.slice),
            looks: linear("looks", shape.width, config.looks),
            values: linear("values", shape.width, shape.width),
            norm: nn::layer_norm(path / "norm", vec![pooled], Default::default()),
            ordered: linear("ordered", sliced, 2 * config.latent),
            output: linear("output", pooled, 2 * config.latent),
        }
    }

    pub(super) fn forward(&self, parts: &Parts, tokens: &Tokens) -> Posterior {
        let x = self.steps.forward(parts, tokens);
        let steps = x.size()[1];
        // Without the latent, which is not there yet.
        let bias = self.steps.bias(tokens).narrow(2, 1, steps).narrow(3, 1, steps);
        let x = self.transformer.forward(&x, &(bias + Transformer::bias(&tokens.there)));
        let absent = tokens.there.logical_not().unsqueeze(-1);
        let weights = linear(&self.looks, &x).masked_fill(&absent, f64::NEG_INFINITY);
        let weights = weights.softmax(1, Kind::Float).transpose(1, 2);
        let pooled = weights.matmul(&linear(&self.values, &x)).flatten(1, 2);
        let slices = linear(&self.slices, &x).masked_fill(&absent, 0.0).flatten(1, 2);
        let ordered = first_inputs(&self.ordered, &slices);
        Posterior::new(&(linear(&self.output, &pooled.apply(&self.norm)) + ordered))
    }
}

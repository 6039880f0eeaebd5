//! AdamW (Loshchilov and Hutter, arXiv:1711.05101) whose state can be saved, which that of libtorch cannot.

use tch::{Tensor, no_grad};

/// First and second moment of every weight.
#[derive(Debug)]
pub struct AdamW {
    /// Running means of the gradients.
    pub first: Vec<Tensor>,
    /// Running means of their squares.
    pub second: Vec<Tensor>,
    /// Steps so far.
    pub steps: u64,
}

const BETA_1: f64 = 0.9;
const BETA_2: f64 = 0.99;
const EPSILON: f64 = 1e-8;

impl AdamW {
    /// The optimiser of these weights.
    pub fn new(weights: &[Tensor]) -> Self {
        let zeros = || weights.iter().map(Tensor::zeros_like).collect();
        Self { first: zeros(), second: zeros(), steps: 0 }
    }

    /// Moves the weights; gradients are shortened to the norm `clip` together. Weight decay acts on
    /// tensors of two and more dimensions. Returns the norm of the gradients before; a norm that is not finite moves nothing.
    pub fn step(
        &mut self,
        weights: &[Tensor],
        gradients: &[Tensor],
        rate: f64,
        decay: f64,
        clip: f64,
    ) -> f64 {
        no_grad(|| {
            // Weights that the loss did not touch have no gradient.
            let squares: Vec<Tensor> =
                gradients.iter().filter(|g| g.defined()).map(|g| g.square().sum(g.kind())).collect();
            if squares.is_empty() {
                return 0.0;
            }
            let norm =
                f64::try_from(Tensor::stack(&squares, 0).sum(tch::Kind::Float).sqrt()).unwrap_or(f64::NAN);
            if !norm.is_finite() {
                return norm;
            }
            self.steps += 1;
            let scale = if norm > clip { clip / norm } else { 1.0 };
            let (one, two) = (1.0 - BETA_1.powf(self.steps as f64), 1.0 - BETA_2.powf(self.steps as f64));
            for (i, (weight, gradient)) in weights.iter().zip(gradients).enumerate() {
                if !gradient.defined() {
                    continue;
                }
                let gradient = gradient * scale;
                let _ = self.first[i].lerp_(&gradient, 1.0 - BETA_1);
                let _ = self.second[i].g_mul_scalar_(BETA_2).addcmul_(&gradient, &gradient);
                let mut weight = weight.shallow_clone();
                if weight.dim() > 1 && decay > 0.0 {
                    let _ = weight.g_mul_scalar_(1.0 - rate * decay);
                }
                let root = (&self.second[i] * (1.0 - BETA_2) / two).sqrt() + EPSILON;
                let _ = weight.g_sub_(&(&self.first[i] / root * (rate / one)));
            }
            norm
        })
    }
}

//! The normal distribution that a crystal is encoded to.

use rand_chacha::ChaCha8Rng;
use tch::{Kind, Tensor};

use super::normal;

/// Range of the logarithms of variances: narrower than a thousandth carries nothing more.
const LOG_VARIANCE: [f64; 2] = [-12.0, 2.0];

/// Logarithm of the variances that training begins with: narrow enough that something gets through the noise from the first
/// step on. With variances of 1 nothing does, and decoders learn to do without latents first.
const FIRST_LOG_VARIANCE: f64 = -4.0;

/// Normal distributions of a batch, independent in every direction.
#[derive(Debug)]
pub struct Posterior {
    /// Means `[batch, width]`.
    pub mean: Tensor,
    /// Logarithms of the variances `[batch, width]`.
    pub log_variance: Tensor,
}

impl Posterior {
    /// From `[batch, 2 width]`, means first.
    pub fn new(parameters: &Tensor) -> Self {
        let halves = parameters.chunk(2, -1);
        let log_variance = (&halves[1] + FIRST_LOG_VARIANCE).clamp(LOG_VARIANCE[0], LOG_VARIANCE[1]);
        Self { mean: halves[0].shallow_clone(), log_variance }
    }

    /// Standard deviations `[batch, width]`.
    pub fn sd(&self) -> Tensor {
        (&self.log_variance * 0.5).exp()
    }

    /// Draws that gradients flow through (Kingma and Welling, arXiv:1312.6114).
    pub fn sample(&self, rng: &mut ChaCha8Rng) -> Tensor {
        &self.mean + self.sd() * normal(rng, &self.mean.size()).to_device(self.mean.device())
    }

    /// Kullback-Leibler divergence (nats) from the standard normal distribution, mean over the batch, summed over
    /// directions; a direction counts at least `free` nats, so that none is given up early (Kingma et al., arXiv:1606.04934).
    pub fn divergence(&self, free: f64) -> Tensor {
        let nats = (self.mean.square() + self.log_variance.exp() - &self.log_variance - 1.0) * 0.5;
        nats.mean_dim([0i64].as_slice(), false, Kind::Float).clamp_min(free).sum(Kind::Float)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::stream;

    #[test]
    fn divergence_is_that_of_normal_distributions() {
        // One direction with mean 1 and variance e, one that is standard normal.
        let row = |values: &[f32]| Tensor::from_slice(values).view([1, 2]);
        let posterior = Posterior { mean: row(&[1.0, 0.0]), log_variance: row(&[1.0, 0.0]) };
        let exact = 0.5 * (1.0 + 1f64.exp() - 1.0 - 1.0);
        let found = f64::try_from(posterior.divergence(0.0)).unwrap();
        assert!((found - exact).abs() < 1e-6, "{found} {exact}");
        let found = f64::try_from(posterior.divergence(0.25)).unwrap();
        assert!((found - exact - 0.25).abs() < 1e-6);
        let draw = |seed| Vec::<f32>::try_from(posterior.sample(&mut stream(seed, 0)).view(-1)).unwrap();
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
    }
}

//! Numbers on a circle, such as fractional coordinates, as a bin and an offset within it.

use tch::nn::{self};
use tch::{Kind, Tensor};

/// Weight of the deviation of the offset (bins) beside the logarithm of the probability of the bin.
const OFFSET: f64 = 4.0;
/// Weight of how far off the bins are on the circle (1 minus the cosine, mean over their probabilities): what is learnt
/// first is roughly where, which the probabilities alone do not reward.
const CIRCLE: f64 = 4.0;

/// Predicts numbers in [0, 1), each as the logits of bins that are centred on multiples of `1 / bins` and the
/// offset from the centre of each. With a multiple of 24 the simple fractions of special positions are
/// centres, and what is between two of them is a choice instead of a mean that is neither.
#[derive(Debug)]
pub(crate) struct PeriodicHead {
    linear: nn::Linear,
    axes: i64,
    bins: i64,
}

impl PeriodicHead {
    /// `axes` numbers from `width` features.
    pub(crate) fn new(path: &nn::Path, width: i64, axes: i64, bins: i64) -> Self {
        Self { linear: nn::linear(path, width, axes * bins * 2, nn::LinearConfig::default()), axes, bins }
    }

    /// Logarithms of probabilities and offsets (bins), both `[..., axes, bins]`.
    fn forward(&self, features: &Tensor) -> (Tensor, Tensor) {
        let mut shape = features.size();
        shape.pop();
        shape.extend([self.axes, 2 * self.bins]);
        let parts = features.apply(&self.linear).view(shape.as_slice()).chunk(2, -1);
        (parts[0].log_softmax(-1, Kind::Float), parts[1].tanh() * 0.6)
    }

    /// Loss of each number `[..., axes]` when `numbers` `[..., axes]` are right.
    pub(crate) fn loss(&self, features: &Tensor, numbers: &Tensor) -> Tensor {
        let (log_p, offsets) = self.forward(features);
        let scaled = numbers * self.bins as f64;
        let nearest = scaled.round();
        let bin = nearest.remainder(self.bins as f64).to_kind(Kind::Int64).unsqueeze(-1);
        let centres = Tensor::arange(self.bins, (Kind::Float, numbers.device()));
        let away = (centres - scaled.unsqueeze(-1)) * (std::f64::consts::TAU / self.bins as f64);
        let circle =
            (log_p.exp() * (-away.cos() + 1.0)).sum_dim_intlist([-1i64].as_slice(), false, Kind::Float);
        let log_p = log_p.gather(-1, &bin, false).squeeze_dim(-1);
        let offset = offsets.gather(-1, &bin, false).squeeze_dim(-1);
        (offset - (scaled - nearest)).abs() * OFFSET + circle * CIRCLE - log_p
    }

    /// The most probable numbers in [0, 1) and the logarithms of the probabilities of their bins, both `[..., axes]`.
    pub(crate) fn decode(&self, features: &Tensor) -> (Tensor, Tensor) {
        let (log_p, offsets) = self.forward(features);
        let (best, bin) = log_p.max_dim(-1, true);
        let offset = offsets.gather(-1, &bin, false);
        let numbers = ((bin + offset) / self.bins as f64).remainder(1.0);
        (numbers.squeeze_dim(-1), best.squeeze_dim(-1))
    }
}

#[cfg(test)]
mod tests {
    use tch::Device;

    use super::*;
    use crate::learned::house::fresh;

    #[test]
    fn numbers_near_one_are_near_zero() {
        let (_store, head) = fresh(1, Device::Cpu, |path| PeriodicHead::new(path, 2, 1, 24));
        let features = Tensor::from_slice(&[0.3f32, -0.2]).view([1, 2]);
        let loss =
            |x: f32| f64::try_from(head.loss(&features, &Tensor::from_slice(&[x]).view([1, 1]))).unwrap();
        assert!((loss(0.999) - loss(-0.001)).abs() < 1e-4);
        assert!((loss(0.999) - loss(0.001)).abs() < 0.5);
        let (number, log_p) = head.decode(&features);
        let number = f64::try_from(number).unwrap();
        assert!((0.0..1.0).contains(&number) && f64::try_from(log_p).unwrap() < 0.0);
        // What it decodes costs less than what lies across the circle.
        assert!(loss(number as f32) < loss((number as f32 + 0.5) % 1.0));
    }
}

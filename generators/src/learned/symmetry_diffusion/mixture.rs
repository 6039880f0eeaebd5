//! Mixtures of normal densities on the line and wrapped normal densities on the circle.

use rand::{Rng, RngExt};
use rand_distr::StandardNormal;
use tch::{Kind, Tensor};

/// Where a number lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Domain {
    /// All real numbers; of order one.
    Line,
    /// Real numbers modulo 1.
    Circle,
}

impl Domain {
    /// Least and greatest standard deviation of a component. On the circle the least is some hundredths of an Å in usual cells; the
    /// greatest is far from uniform: where all components were uniform, means and widths would hardly matter, and
    /// nothing would be learnt from then on.
    fn widths(self) -> [f64; 2] {
        match self {
            Self::Line => [0.005, 2.0],
            Self::Circle => [0.003, 0.15],
        }
    }

    /// Widths from the output of a network; on the circle evenly in their logarithm, about 0.04 where the network says 0.
    fn width(self, raw: &Tensor) -> Tensor {
        let [least, most] = self.widths();
        match self {
            Self::Line => (raw - 1.0).sigmoid() * (most - least) + least,
            Self::Circle => ((raw + 0.67).sigmoid() * (most / least).ln()).exp() * least,
        }
    }

    /// Where means of components lie when the network says 0.
    fn spread(self) -> [f64; 2] {
        match self {
            Self::Line => [-1.5, 1.5],
            Self::Circle => [0.0, 1.0],
        }
    }

    /// Splits the output `[..., 3 components]` of a network into logarithmic weights, means and widths.
    fn parts(self, raw: &Tensor) -> [Tensor; 3] {
        let parts = raw.chunk(3, -1);
        let k = parts[0].size().last().copied().unwrap_or(1);
        let [low, high] = self.spread();
        let offsets = Tensor::linspace(low, high, k, (Kind::Float, raw.device()));
        [parts[0].log_softmax(-1, Kind::Float), &parts[1] + offsets, self.width(&parts[2])]
    }

    /// Logarithm of the density at `x` `[...]` under mixtures given by the output `[..., 3 components]` of a network.
    pub(super) fn log_density(self, raw: &Tensor, x: &Tensor) -> Tensor {
        let [weights, means, widths] = self.parts(raw);
        let difference = x.unsqueeze(-1) - means;
        let normal = |difference: &Tensor| {
            (difference / &widths).square() * -0.5 - widths.log() - 0.5 * std::f64::consts::TAU.ln()
        };
        let logs = match self {
            Self::Line => normal(&difference) + weights,
            Self::Circle => {
                let nearest = &difference - difference.round().detach();
                // The two images next to the nearest one count for wide components.
                let images = [-1.0, 0.0, 1.0].map(|shift| normal(&(&nearest + shift)));
                Tensor::stack(&images, -1).logsumexp([-1], false) + weights
            }
        };
        logs.logsumexp([-1], false)
    }

    /// Weights, means and widths as plain numbers, one mixture after the other.
    pub(super) fn mixtures(self, raw: &Tensor) -> Vec<Mixture> {
        let k = raw.size().last().copied().unwrap_or(3) / 3;
        let [weights, means, widths] = self.parts(raw).map(|part| {
            let flat = part.to_kind(Kind::Float).contiguous().view([-1]);
            Vec::<f32>::try_from(flat).unwrap_or_default()
        });
        let k = k as usize;
        (0..weights.len() / k)
            .map(|row| {
                let at = |list: &[f32]| list[row * k..(row + 1) * k].iter().map(|&x| f64::from(x)).collect();
                Mixture { domain: self, log_weights: at(&weights), means: at(&means), widths: at(&widths) }
            })
            .collect()
    }
}

/// One mixture.
#[derive(Clone, Debug)]
pub(super) struct Mixture {
    domain: Domain,
    log_weights: Vec<f64>,
    means: Vec<f64>,
    widths: Vec<f64>,
}

impl Mixture {
    /// Draws a number. A temperature below 1 prefers heavy components and stays nearer to their means.
    pub(super) fn draw<R: Rng + ?Sized>(&self, temperature: f64, rng: &mut R) -> f64 {
        let t = temperature.max(1e-3);
        let k = super::draws::draw(self.log_weights.iter().map(|w| Some(w / t)), rng).unwrap_or(0);
        let x = self.means[k] + self.widths[k] * t.min(1.0) * rng.sample::<f64, _>(StandardNormal);
        match self.domain {
            Domain::Line => x,
            Domain::Circle => x.rem_euclid(1.0),
        }
    }

    /// Logarithm of the density.
    pub(super) fn log_density(&self, x: f64) -> f64 {
        let normal =
            |z: f64, width: f64| -0.5 * (z / width).powi(2) - width.ln() - 0.5 * std::f64::consts::TAU.ln();
        let sum: f64 = (0..self.means.len())
            .map(|k| {
                let d = x - self.means[k];
                let log = match self.domain {
                    Domain::Line => normal(d, self.widths[k]),
                    Domain::Circle => {
                        let d = d - d.round();
                        [-1.0, 0.0, 1.0].iter().map(|s| normal(d + s, self.widths[k]).exp()).sum::<f64>().ln()
                    }
                };
                (self.log_weights[k] + log).exp()
            })
            .sum();
        sum.max(1e-300).ln()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::stream;

    /// Densities integrate to 1, and tensors and plain numbers agree.
    #[test]
    fn densities_are_densities() {
        for (domain, range) in [(Domain::Circle, [0.0, 1.0]), (Domain::Line, [-30.0, 30.0])] {
            let raw: Vec<f32> = (0..12).map(|i| ((i * 7 % 5) as f32 - 2.0) * 0.5).collect();
            let raw = Tensor::from_slice(&raw).view([1, 12]);
            let mixture = &domain.mixtures(&raw)[0];
            let n = 60_000;
            let step = (range[1] - range[0]) / n as f64;
            let sum: f64 =
                (0..n).map(|i| mixture.log_density(range[0] + (i as f64 + 0.5) * step).exp() * step).sum();
            assert!((sum - 1.0).abs() < 1e-3, "{domain:?}: {sum}");
            let x = 0.37;
            let tensor = f64::try_from(domain.log_density(&raw, &Tensor::from_slice(&[x as f32]))).unwrap();
            assert!((tensor - mixture.log_density(x)).abs() < 1e-4);
            let mut rng = stream(1, 1);
            for _ in 0..100 {
                let x = mixture.draw(1.0, &mut rng);
                assert!(x.is_finite() && (domain == Domain::Line || (0.0..1.0).contains(&x)));
            }
        }
    }
}

//! Mixtures of normal densities on the line.

use rand::{Rng, RngExt};
use rand_distr::StandardNormal;
use tch::{Kind, Tensor};

use super::draws::draw;

/// Least and greatest standard deviation of a component.
const WIDTHS: [f64; 2] = [0.005, 2.0];
/// Means of components lie between these and their negatives when the network says 0.
const SPREAD: f64 = 1.5;

/// Splits the output `[..., 3 components]` of a network into logarithmic weights, means and widths.
fn parts(raw: &Tensor) -> [Tensor; 3] {
    let parts = raw.chunk(3, -1);
    let k = parts[0].size().last().copied().unwrap_or(1);
    let offsets = Tensor::linspace(-SPREAD, SPREAD, k, (Kind::Float, raw.device()));
    let [least, most] = WIDTHS;
    let widths = (&parts[2] - 1.0).sigmoid() * (most - least) + least;
    [parts[0].log_softmax(-1, Kind::Float), &parts[1] + offsets, widths]
}

/// Logarithm of the density at `x` `[...]` under mixtures given by the output `[..., 3 components]` of a network.
pub(super) fn log_density(raw: &Tensor, x: &Tensor) -> Tensor {
    let [weights, means, widths] = parts(raw);
    let difference = x.unsqueeze(-1) - means;
    let normal = (difference / &widths).square() * -0.5 - widths.log() - 0.5 * std::f64::consts::TAU.ln();
    (normal + weights).logsumexp([-1], false)
}

/// Mixtures as plain numbers, one after the other.
pub(super) fn mixtures(raw: &Tensor) -> Vec<Mixture> {
    let k = (raw.size().last().copied().unwrap_or(3) / 3) as usize;
    let [weights, means, widths] = parts(raw).map(|part| {
        let flat = part.to_kind(Kind::Float).contiguous().view([-1]);
        Vec::<f32>::try_from(flat).unwrap_or_default()
    });
    (0..weights.len() / k)
        .map(|row| {
            let at = |list: &[f32]| list[row * k..(row + 1) * k].iter().map(|&x| f64::from(x)).collect();
            Mixture { log_weights: at(&weights), means: at(&means), widths: at(&widths) }
        })
        .collect()
}

/// One mixture.
#[derive(Clone, Debug)]
pub(super) struct Mixture {
    log_weights: Vec<f64>,
    means: Vec<f64>,
    widths: Vec<f64>,
}

impl Mixture {
    /// Draws a number. A temperature below 1 prefers heavy components and stays nearer to their means.
    pub(super) fn draw<R: Rng + ?Sized>(&self, temperature: f64, rng: &mut R) -> f64 {
        let t = temperature.max(1e-3);
        let k = draw(self.log_weights.iter().map(|w| Some(w / t)), rng).unwrap_or(0);
        self.means[k] + self.widths[k] * t.min(1.0) * rng.sample::<f64, _>(StandardNormal)
    }

    /// Logarithm of the density.
    pub(super) fn log_density(&self, x: f64) -> f64 {
        let components = self.log_weights.iter().zip(&self.means).zip(&self.widths);
        let sum: f64 = components
            .map(|((weight, mean), width)| {
                let normal =
                    -0.5 * ((x - mean) / width).powi(2) - width.ln() - 0.5 * std::f64::consts::TAU.ln();
                (weight + normal).exp()
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
        let raw: Vec<f32> = (0..12).map(|i| ((i * 7 % 5) as f32 - 2.0) * 0.5).collect();
        let raw = Tensor::from_slice(&raw).view([1, 12]);
        let mixture = &mixtures(&raw)[0];
        let step = 1e-3;
        let sum: f64 =
            (-30_000..30_000).map(|i| mixture.log_density((i as f64 + 0.5) * step).exp() * step).sum();
        assert!((sum - 1.0).abs() < 1e-3, "{sum}");
        let x = 0.37;
        let tensor = f64::try_from(log_density(&raw, &Tensor::from_slice(&[x as f32]))).unwrap();
        assert!((tensor - mixture.log_density(x)).abs() < 1e-4);
        let mut rng = stream(1, 1);
        assert!((0..100).all(|_| mixture.draw(1.0, &mut rng).is_finite()));
    }
}

//! Densities of numbers on the circle: straight lines between values at evenly spaced knots.
//!
//! Nothing has to move here to learn where a number lies: mixtures of wrapped normal densities, whose means do, became
//! uniform and learnt nothing from then on.

use rand::{Rng, RngExt};
use tch::{Kind, Tensor};

use super::draws::draw;

/// Logarithm of the density at `x` `[...]`, in [0, 1), when the knots have the logits `raw` `[..., knots]`.
pub(super) fn log_density(raw: &Tensor, x: &Tensor) -> Tensor {
    let log_p = raw.log_softmax(-1, Kind::Float);
    let knots = raw.size().last().copied().unwrap_or(1);
    let scaled = x * knots as f64;
    let below = scaled.floor();
    let above = &scaled - &below;
    let at = |knot: &Tensor, share: &Tensor| {
        let place = knot.remainder(knots as f64).to_kind(Kind::Int64).unsqueeze(-1);
        log_p.gather(-1, &place, false).squeeze_dim(-1) + share.clamp_min(1e-12).log()
    };
    at(&below, &(1.0 - &above)).logaddexp(&at(&(&below + 1.0), &above)) + (knots as f64).ln()
}

/// Densities as plain numbers, one after the other.
pub(super) fn densities(raw: &Tensor) -> Vec<Density> {
    let knots = raw.size().last().copied().unwrap_or(1) as usize;
    let flat = raw.log_softmax(-1, Kind::Float).contiguous().view([-1]);
    let flat = Vec::<f32>::try_from(flat).unwrap_or_default();
    flat.chunks(knots).map(|row| Density { log_p: row.iter().map(|&x| f64::from(x)).collect() }).collect()
}

/// One density.
#[derive(Clone, Debug)]
pub(super) struct Density {
    /// Logarithms of the probabilities of the knots, each a triangle between its neighbours.
    log_p: Vec<f64>,
}

impl Density {
    /// Draws a number in [0, 1). A temperature below 1 prefers probable knots and stays nearer to them.
    pub(super) fn draw<R: Rng + ?Sized>(&self, temperature: f64, rng: &mut R) -> f64 {
        let t = temperature.max(1e-3);
        let knot = draw(self.log_p.iter().map(|p| Some(p / t)), rng).unwrap_or(0);
        // The difference of two uniform numbers has a triangle as density.
        let away = (rng.random::<f64>() - rng.random::<f64>()) * t.min(1.0);
        ((knot as f64 + away) / self.log_p.len() as f64).rem_euclid(1.0)
    }

    /// Logarithm of the density.
    pub(super) fn log_density(&self, x: f64) -> f64 {
        let knots = self.log_p.len();
        let scaled = x.rem_euclid(1.0) * knots as f64;
        let (below, above) = (scaled as usize, scaled.fract());
        let p = |knot: usize| self.log_p[knot % knots].exp();
        ((p(below) * (1.0 - above) + p(below + 1) * above) * knots as f64).max(1e-300).ln()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::stream;

    /// Densities integrate to 1, tensors and plain numbers agree, and draws follow them.
    #[test]
    fn densities_are_densities() {
        let raw: Vec<f32> = (0..12).map(|i| ((i * 7 % 5) as f32 - 2.0) * 0.5).collect();
        let raw = Tensor::from_slice(&raw).view([1, 12]);
        let density = &densities(&raw)[0];
        let n = 12_000;
        let sum: f64 =
            (0..n).map(|i| density.log_density((i as f64 + 0.5) / n as f64).exp() / n as f64).sum();
        assert!((sum - 1.0).abs() < 1e-6, "{sum}");
        for x in [0.0, 0.37, 0.25, 0.99] {
            let tensor = f64::try_from(log_density(&raw, &Tensor::from_slice(&[x as f32]))).unwrap();
            assert!((tensor - density.log_density(x)).abs() < 1e-4, "{x}");
        }
        let mut rng = stream(1, 1);
        let draws: Vec<f64> = (0..20_000).map(|_| density.draw(1.0, &mut rng)).collect();
        assert!(draws.iter().all(|x| (0.0..1.0).contains(x)));
        for (low, high) in [(0.0, 0.1), (0.3, 0.5), (0.95, 1.0)] {
            let drawn = draws.iter().filter(|&&x| (low..high).contains(&x)).count() as f64 / 20_000.0;
            let steps = (0..1000).map(|i| low + (high - low) * (i as f64 + 0.5) / 1000.0);
            let share: f64 = steps.map(|x| density.log_density(x).exp() * (high - low) / 1000.0).sum();
            assert!((drawn - share).abs() < 0.015, "{drawn} {share}");
        }
    }
}

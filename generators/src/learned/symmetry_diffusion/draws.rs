//! Drawing from logits.

use rand::{Rng, RngExt};

/// Draws a place with probability proportional to the exponential of its logit; `None` marks what cannot be
/// drawn. `None` when nothing can.
pub(super) fn draw<R: Rng + ?Sized>(logits: impl Iterator<Item = Option<f64>>, rng: &mut R) -> Option<usize> {
    // Gumbel's trick draws in one pass: the greatest of logits with noise.
    let mut best: Option<(f64, usize)> = None;
    for (place, logit) in logits.enumerate() {
        let Some(logit) = logit.filter(|x| !x.is_nan()) else { continue };
        let u: f64 = rng.random::<f64>().max(1e-300);
        let noisy = logit - (-u.ln()).ln();
        if best.is_none_or(|(most, _)| noisy > most) {
            best = Some((noisy, place));
        }
    }
    best.map(|(_, place)| place)
}

/// Logarithm of the probability of `place` among what can be drawn.
pub(super) fn log_probability(logits: impl Iterator<Item = Option<f64>> + Clone, place: usize) -> f64 {
    let most = logits.clone().flatten().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = logits.clone().flatten().map(|x| (x - most).exp()).sum();
    logits.clone().nth(place).flatten().map_or(f64::NEG_INFINITY, |x| x - most - sum.ln())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::stream;

    #[test]
    fn draws_follow_the_logits() {
        let logits = [Some(0.0), None, Some(2f64.ln()), Some(f64::NEG_INFINITY)];
        let mut rng = stream(1, 0);
        let mut counts = [0; 4];
        for _ in 0..3000 {
            counts[draw(logits.iter().copied(), &mut rng).unwrap()] += 1;
        }
        assert!((900..1100).contains(&counts[0]) && counts[1] == 0 && counts[3] == 0, "{counts:?}");
        assert_eq!(draw([None, None].into_iter(), &mut rng), None);
        assert!((log_probability(logits.iter().copied(), 2) - (2.0f64 / 3.0).ln()).abs() < 1e-12);
    }
}

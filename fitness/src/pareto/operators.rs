//! Variation of real vectors inside bounds.

use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};

/// Variables closer than this are not crossed: there is nothing between them.
const SAME: f64 = 1e-14;

/// Simulated binary crossover, bounded (Deb and Agrawal, Complex Syst. 9, 115 (1995); bounds as in
/// Deb's NSGA-II code): children lie around the parents as after a one-point crossover of bit strings.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SimulatedBinaryCrossover {
    /// Distribution index; larger keeps children nearer to their parents.
    pub eta: f64,
    /// Probability that a pair is crossed at all.
    pub probability: f64,
    /// Probability that a variable of a crossed pair is crossed.
    pub per_variable: f64,
}

impl SimulatedBinaryCrossover {
    /// Crossover of half of the variables.
    pub fn new(eta: f64, probability: f64) -> Self {
        Self { eta, probability, per_variable: 0.5 }
    }

    /// Two children of two parents. `bounds` are (lower, upper) per variable; the parents are within.
    pub fn cross<R: Rng + ?Sized>(
        &self,
        parents: (&[f64], &[f64]),
        bounds: &[(f64, f64)],
        rng: &mut R,
    ) -> (Vec<f64>, Vec<f64>) {
        let mut children = (parents.0.to_vec(), parents.1.to_vec());
        if rng.random::<f64>() >= self.probability {
            return children;
        }
        for ((x, y), &(lower, upper)) in children.0.iter_mut().zip(&mut children.1).zip(bounds) {
            if rng.random::<f64>() >= self.per_variable || (*x - *y).abs() <= SAME {
                continue;
            }
            let (low, high) = if x < y { (*x, *y) } else { (*y, *x) };
            let u: f64 = rng.random();
            let (centre, gap) = (low + high, high - low);
            let below = 0.5 * (centre - self.spread(u, (low - lower) / gap) * gap);
            let above = 0.5 * (centre + self.spread(u, (upper - high) / gap) * gap);
            let (below, above) = (below.max(lower), above.min(upper));
            // Children inherit from either parent with equal chance.
            (*x, *y) = if rng.random::<bool>() { (below, above) } else { (above, below) };
        }
        children
    }

    /// Distance of the children over that of the parents, such that no child leaves bounds that are
    /// `room` gaps outside the parents.
    fn spread(&self, u: f64, room: f64) -> f64 {
        let power = self.eta + 1.0;
        let alpha = 2.0 - (1.0 + 2.0 * room).powf(-power);
        let base = if u * alpha <= 1.0 { u * alpha } else { 1.0 / (2.0 - u * alpha) };
        base.powf(1.0 / power)
    }
}

/// Polynomial mutation, bounded (Deb and Goyal, Comput. Sci. Inform. 26, 30 (1996)).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PolynomialMutation {
    /// Distribution index; larger means smaller steps.
    pub eta: f64,
    /// Probability that a vector is mutated at all.
    pub probability: f64,
    /// Probability that a variable of a mutated vector is; `None` for one over their number, at
    /// most a half.
    pub per_variable: Option<f64>,
}

impl PolynomialMutation {
    /// Mutation of nine vectors in ten (as in pymoo: some children come from crossover alone) in
    /// one variable on average.
    pub fn new(eta: f64) -> Self {
        Self { eta, probability: 0.9, per_variable: None }
    }

    /// Mutates `x` in place. `bounds` are (lower, upper) per variable; `x` is within.
    pub fn mutate<R: Rng + ?Sized>(&self, x: &mut [f64], bounds: &[(f64, f64)], rng: &mut R) {
        if rng.random::<f64>() >= self.probability {
            return;
        }
        let per_variable = self.per_variable.unwrap_or_else(|| (1.0 / x.len() as f64).min(0.5));
        let power = self.eta + 1.0;
        for (x, &(lower, upper)) in x.iter_mut().zip(bounds) {
            if rng.random::<f64>() >= per_variable || upper <= lower {
                continue;
            }
            let range = upper - lower;
            let u: f64 = rng.random();
            let step = if u < 0.5 {
                let far = (1.0 - (*x - lower) / range).powf(power);
                (2.0 * u + (1.0 - 2.0 * u) * far).powf(1.0 / power) - 1.0
            } else {
                let far = (1.0 - (upper - *x) / range).powf(power);
                1.0 - (2.0 * (1.0 - u) + (2.0 * u - 1.0) * far).powf(1.0 / power)
            };
            *x = (*x + step * range).max(lower).min(upper);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;

    proptest! {
        #[test]
        fn children_stay_within_bounds(
            seed in 0_u64..1000,
            eta in 0.0_f64..50.0,
            pairs in prop::collection::vec((0.0_f64..=1.0, 0.0_f64..=1.0, -5.0_f64..5.0, 0.0_f64..3.0), 1..8),
        ) {
            let bounds: Vec<(f64, f64)> = pairs.iter().map(|p| (p.2, p.2 + p.3)).collect();
            let at = |share: f64, (lower, upper): (f64, f64)| (lower + share * (upper - lower)).clamp(lower, upper);
            let a: Vec<f64> = pairs.iter().zip(&bounds).map(|(p, &b)| at(p.0, b)).collect();
            let b: Vec<f64> = pairs.iter().zip(&bounds).map(|(p, &b)| at(p.1, b)).collect();
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            let (mut x, mut y) = SimulatedBinaryCrossover::new(eta, 1.0).cross((&a, &b), &bounds, &mut rng);
            let mutation = PolynomialMutation { eta, probability: 1.0, per_variable: Some(1.0) };
            mutation.mutate(&mut x, &bounds, &mut rng);
            mutation.mutate(&mut y, &bounds, &mut rng);
            for (value, (lower, upper)) in x.iter().chain(&y).zip(bounds.iter().chain(&bounds)) {
                prop_assert!(lower <= value && value <= upper);
            }
        }
    }

    /// Far from bounds the spread has the density of Deb and Agrawal: half of all children lie
    /// between their parents, and the median spread outside is 2^(1/(eta+1)).
    #[test]
    fn spread_has_the_published_distribution() {
        let crossover = SimulatedBinaryCrossover { eta: 15.0, probability: 1.0, per_variable: 1.0 };
        let mut rng = ChaCha8Rng::seed_from_u64(11);
        let (mut inside, mut beyond_median) = (0, 0);
        for _ in 0..20_000 {
            let (x, y) = crossover.cross((&[-1.0], &[1.0]), &[(-1e6, 1e6)], &mut rng);
            assert!((x[0] + y[0]).abs() < 1e-9);
            let spread = (x[0] - y[0]).abs() / 2.0;
            inside += i32::from(spread < 1.0);
            beyond_median += i32::from(spread > 2_f64.powf(1.0 / 16.0));
        }
        // Four standard deviations: 4 sqrt(20000/4) and 4 sqrt(20000 * 3/16).
        assert!((inside - 10_000).abs() < 283, "{inside}");
        assert!((beyond_median - 5_000).abs() < 245, "{beyond_median}");
    }

    #[test]
    fn mutation_rate_defaults_to_nine_tenths_of_a_variable() {
        let bounds = [(0.0, 1.0); 30];
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        let mut changed = 0;
        for _ in 0..3000 {
            let mut x = [0.5; 30];
            PolynomialMutation::new(20.0).mutate(&mut x, &bounds, &mut rng);
            changed += x.iter().filter(|&&value| value != 0.5).count() as i32;
        }
        assert!((changed - 2700).abs() < 220, "{changed}");
    }
}

//! Ways through latent space; plain vectors, no network.

use rand::{Rng, RngExt};
use rand_distr::StandardNormal;
use serde::{Deserialize, Serialize};

/// Shape of the way between two latents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Path {
    /// A straight line.
    Linear,
    /// Along the sphere, lengths interpolated: stays where a normal distribution of many
    /// dimensions has its mass (White, arXiv:1609.04468).
    #[default]
    Spherical,
}

impl Path {
    /// The point at `share` (0 to 1) of the way.
    pub fn at(self, from: &[f32], to: &[f32], share: f64) -> Vec<f32> {
        let linear = (1.0 - share, share);
        let (a, b) = match self {
            Self::Linear => linear,
            Self::Spherical => {
                let dot = |x: &[f32], y: &[f32]| -> f64 {
                    x.iter().zip(y).map(|(x, y)| f64::from(*x) * f64::from(*y)).sum()
                };
                let (x, y) = (dot(from, from).sqrt(), dot(to, to).sqrt());
                let angle = (dot(from, to) / (x * y)).clamp(-1.0, 1.0).acos();
                // Parallel or opposite: there is no arc, or no one arc.
                if angle.sin() > 1e-6 {
                    let length = x * (1.0 - share) + y * share;
                    let part = |share: f64| (share * angle).sin() / angle.sin() * length;
                    (part(1.0 - share) / x, part(share) / y)
                } else {
                    linear
                }
            }
        };
        from.iter().zip(to).map(|(x, y)| (a * f64::from(*x) + b * f64::from(*y)) as f32).collect()
    }
}

/// `steps` points from one latent to another, both ends among them.
pub fn interpolate(from: &[f32], to: &[f32], steps: usize, path: Path) -> Vec<Vec<f32>> {
    let last = steps.saturating_sub(1).max(1) as f64;
    (0..steps).map(|i| path.at(from, to, i as f64 / last)).collect()
}

/// A child of two latents: half of the time a point between them at random, otherwise every number from one or the
/// other (uniform crossover), with a share that is drawn too.
pub fn crossover<R: Rng + ?Sized>(first: &[f32], second: &[f32], rng: &mut R) -> Vec<f32> {
    let share: f64 = rng.random_range(0.1..0.9);
    if rng.random() {
        return Path::Spherical.at(first, second, share);
    }
    first.iter().zip(second).map(|(x, y)| if rng.random::<f64>() < share { *y } else { *x }).collect()
}

/// A latent moved by normal noise: `strength` times the posterior's standard deviation in each direction, and as much of `floor`, so
/// that directions that the encoder is sure of move too.
pub fn mutate<R: Rng + ?Sized>(mean: &[f32], sd: &[f32], strength: f64, floor: f64, rng: &mut R) -> Vec<f32> {
    let moved = |(x, sd): (&f32, &f32)| {
        let normal: f64 = rng.sample(StandardNormal);
        (f64::from(*x) + strength * (f64::from(*sd) + floor) * normal) as f32
    };
    mean.iter().zip(sd).map(moved).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::stream;

    #[test]
    fn ways_have_their_ends_and_keep_lengths() {
        let (a, b) = (vec![2.0f32, 0.0, 0.0], vec![0.0f32, 2.0, 0.0]);
        for path in [Path::Linear, Path::Spherical] {
            let points = interpolate(&a, &b, 5, path);
            assert_eq!(points.len(), 5);
            for (end, point) in [(&a, &points[0]), (&b, &points[4])] {
                assert!(end.iter().zip(point).all(|(x, y)| (x - y).abs() < 1e-6));
            }
        }
        let middle = Path::Spherical.at(&a, &b, 0.5);
        assert!((middle[0] - 2f32.sqrt()).abs() < 1e-5 && (middle[1] - 2f32.sqrt()).abs() < 1e-5);
        assert_eq!(Path::Linear.at(&a, &b, 0.5), [1.0, 1.0, 0.0]);
        // The same direction has no arc.
        assert_eq!(Path::Spherical.at(&a, &a, 0.3), a);
    }

    #[test]
    fn children_take_from_both_and_mutants_move_as_told() {
        let (a, b) = (vec![1.0f32; 64], vec![-1.0f32; 64]);
        let mut seen = [false; 2];
        for number in 0..20 {
            let child = crossover(&a, &b, &mut stream(1, number));
            assert_eq!(child, crossover(&a, &b, &mut stream(1, number)));
            seen[usize::from(child.iter().all(|x| x.abs() == 1.0))] = true;
        }
        assert_eq!(seen, [true; 2]);
        let still = mutate(&a, &[0.0; 64], 1.0, 0.0, &mut stream(1, 0));
        assert_eq!(still, a);
        let moved = mutate(&a, &[0.5; 64], 1.0, 0.0, &mut stream(1, 0));
        let spread = moved.iter().map(|x| (x - 1.0).powi(2)).sum::<f32>() / 64.0;
        assert!((0.1..0.5).contains(&spread), "{spread}");
    }
}

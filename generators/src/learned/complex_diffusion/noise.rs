//! Noise that hangs together like a ligand.

use druse_representations::nalgebra::{DMatrix, DVector};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use super::{Point, Skeleton};

/// Variance (Å^2) of a coordinate along a bond, and of a donor around its site.
const BOND: f64 = 0.7;
const DONOR: f64 = 0.2;
/// Of each atom of a group of donors.
const GROUP: f64 = 1.0;
/// Stiffness that keeps atoms from drifting away where nothing else does.
const LEAST: f64 = 1e-3;
/// Distance (Å) away from the metal that each bond makes.
const OUTWARDS: f64 = 0.9;

/// A distribution over positions: bonds are springs, donors are tied to their sites, and what is further from a donor is
/// further from the metal.
#[derive(Debug)]
pub struct Noise {
    mean: Vec<Point>,
    /// The Cholesky factor of the springs, upper triangle.
    upper: DMatrix<f64>,
}

impl Noise {
    /// For a skeleton whose donors are expected at these points (Å), the metal at the origin.
    pub fn new(skeleton: &Skeleton, anchors: &[Point]) -> Self {
        let n = skeleton.len();
        let mut springs = DMatrix::<f64>::identity(n, n) * LEAST;
        for &[a, b] in &skeleton.bonds {
            for (i, j, sign) in [(a, a, 1.0), (b, b, 1.0), (a, b, -1.0), (b, a, -1.0)] {
                springs[(i, j)] += sign / BOND;
            }
        }
        let mut pull = vec![DVector::<f64>::zeros(n); 3];
        for (group, anchor) in skeleton.donors.iter().zip(anchors) {
            let stiffness = if group.len() == 1 { 1.0 / DONOR } else { 1.0 / GROUP };
            for &atom in group {
                springs[(atom, atom)] += stiffness;
                (0..3).for_each(|c| pull[c][atom] += stiffness * anchor[c]);
            }
        }
        let outwards = anchors.iter().sum::<Point>().try_normalize(0.3).unwrap_or_default();
        let Some(cholesky) = springs.cholesky() else { unreachable!("springs and a positive diagonal") };
        let centres: Vec<DVector<f64>> = pull.iter().map(|pull| cholesky.solve(pull)).collect();
        let bonds = skeleton.bonds_to_donor();
        let mean = (0..n)
            .map(|atom| {
                let bonds = if bonds[atom] == usize::MAX { 0.0 } else { bonds[atom] as f64 };
                Point::from_fn(|c, _| centres[c][atom]) + outwards * (OUTWARDS * bonds)
            })
            .collect();
        Self { mean, upper: cholesky.l().transpose() }
    }

    /// Draws positions.
    pub fn sample(&self, rng: &mut ChaCha8Rng) -> Vec<Point> {
        let mut positions = self.mean.clone();
        for c in 0..3 {
            let normal = DVector::from_fn(self.mean.len(), |_, _| StandardNormal.sample(rng));
            let shifts = self.upper.solve_upper_triangular(&normal).unwrap_or(normal);
            positions.iter_mut().zip(shifts.iter()).for_each(|(position, shift)| position[c] += shift);
        }
        positions
    }
}

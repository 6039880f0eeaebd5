//! Quasi-Newton steps with a trust radius.
//!
//! The inverse curvature starts from a guess and learns from every evaluation by the update of Broyden, Fletcher, Goldfarb
//! and Shanno (Nocedal and Wright, Numerical Optimization, 2nd ed. (2006), ch. 6); before the first update the guess is
//! scaled to what the first step has shown. No step is longer than the radius, which follows how well steps do.

use nalgebra::{DMatrix, DVector, Vector3};

use super::subspace::Subspace;
use super::walker::largest_row;

/// Longest row (Å) of the first step, of any step, and the radius at which the method gives up.
const RADIUS: f64 = 0.15;
const LARGEST_RADIUS: f64 = 0.4;
const SMALLEST_RADIUS: f64 = 1e-4;
/// Least curvature (over the squared length of the step, eV/Å^2) that is learned from.
const LEAST_CURVATURE: f64 = 1e-3;

/// State of the optimiser for one crystal.
pub(super) struct QuasiNewton {
    inverse: DMatrix<f64>,
    /// Whether the guess has been scaled.
    scaled: bool,
    radius: f64,
    /// The step under way from the last point that was kept.
    step: DVector<f64>,
    /// Energy and gradient at that point.
    energy: f64,
    gradient: DVector<f64>,
}

/// What became of the last step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// The new point is kept.
    Kept,
    /// The energy rose: the next step starts again from the point before.
    Back,
    /// Steps have become too short to help.
    Stuck,
}

impl QuasiNewton {
    /// From a guess of the curvature (in the subspace, positive definite) and the start's energy and gradient; `None` when the guess
    /// is not positive definite.
    pub(super) fn new(curvature: DMatrix<f64>, energy: f64, gradient: DVector<f64>) -> Option<Self> {
        let inverse = curvature.cholesky()?.inverse();
        let step = DVector::zeros(gradient.len());
        Some(Self { inverse, scaled: false, radius: RADIUS, step, energy, gradient })
    }

    /// Takes in the energy (eV) and gradient (eV/Å) where the step led. `noise` is a rise of the energy that counts as none.
    pub(super) fn take(
        &mut self,
        energy: f64,
        gradient: DVector<f64>,
        noise: f64,
        subspace: &Subspace,
    ) -> Progress {
        let change = &gradient - &self.gradient;
        self.learn(&change);
        let length = largest_row(subspace.rows(&self.step).into_iter());
        let rise = energy - self.energy;
        if rise > noise {
            self.radius = 0.4 * length.min(self.radius);
            return if self.radius < SMALLEST_RADIUS { Progress::Stuck } else { Progress::Back };
        }
        // Still downhill at the end of a step that was cut short: longer ones may be tried.
        if gradient.dot(&self.step) < 0.0 && length > 0.9 * self.radius {
            self.radius = (1.5 * self.radius).min(LARGEST_RADIUS);
        }
        (self.energy, self.gradient) = (energy, gradient);
        Progress::Kept
    }

    /// The next step (rows, Å) from the last point that was kept.
    pub(super) fn step(&mut self, subspace: &Subspace) -> Vec<Vector3<f64>> {
        self.step = -(&self.inverse * &self.gradient);
        let mut rows = subspace.rows(&self.step);
        let length = largest_row(rows.iter().copied());
        if length > self.radius {
            let scale = self.radius / length;
            self.step *= scale;
            rows.iter_mut().for_each(|row| *row *= scale);
        }
        rows
    }

    /// The update, where the curvature along the step is positive.
    fn learn(&mut self, change: &DVector<f64>) {
        let step = &self.step;
        let curvature = step.dot(change);
        if curvature < LEAST_CURVATURE * step.norm_squared() || !curvature.is_finite() || curvature <= 0.0 {
            return;
        }
        let mut product = &self.inverse * change;
        if !self.scaled {
            let factor = curvature / change.dot(&product);
            self.inverse *= factor;
            product *= factor;
            self.scaled = true;
        }
        let factor = (1.0 + change.dot(&product) / curvature) / curvature;
        self.inverse.ger(factor, step, step, 1.0);
        self.inverse.ger(-1.0 / curvature, &product, step, 1.0);
        self.inverse.ger(-1.0 / curvature, step, &product, 1.0);
    }
}

#[cfg(test)]
mod tests {
    use druse_representations::symmetry::CellSymmetry;
    use druse_representations::{Crystal, Element, Lattice};

    use super::*;
    use crate::relax::CellFreedom;

    /// One atom that moves in a cell that does not.
    fn three_directions() -> Subspace {
        let atom = Element::from_symbol("Po").map(|element| (element, [0.0; 3]));
        let crystal = Crystal::ordered(Lattice::cubic(3.0), atom);
        Subspace::new(&crystal, &CellSymmetry::trivial(1), CellFreedom::Fixed)
    }

    /// Follows a landscape from a point; returns where it ends, after how many evaluations, and how it ended.
    fn follow(
        landscape: impl Fn(&DVector<f64>) -> (f64, DVector<f64>),
        start: [f64; 3],
        guess: f64,
    ) -> (DVector<f64>, usize, Progress) {
        let subspace = three_directions();
        let mut kept = DVector::from_row_slice(&start);
        let (energy, gradient) = landscape(&kept);
        let mut last = energy;
        let mut mover =
            QuasiNewton::new(DMatrix::from_diagonal_element(3, 3, guess), energy, gradient).unwrap();
        for evaluations in 1..200 {
            let rows = mover.step(&subspace);
            assert!(largest_row(rows.iter().copied()) <= LARGEST_RADIUS + 1e-12);
            let there = &kept + subspace.components(&rows);
            let (energy, gradient) = landscape(&there);
            let small = gradient.norm() < 1e-6;
            match mover.take(energy, gradient, 0.0, &subspace) {
                Progress::Kept => {
                    assert!(energy <= last, "{energy} after {last}");
                    (kept, last) = (there, energy);
                    if small {
                        return (kept, evaluations, Progress::Kept);
                    }
                }
                Progress::Back => {}
                Progress::Stuck => return (kept, evaluations, Progress::Stuck),
            }
        }
        panic!("no end at {kept}");
    }

    #[test]
    fn finds_the_bottom_of_an_uneven_valley_whatever_the_guess() {
        let stiffness = DVector::from_row_slice(&[1.0, 10.0, 3.0]);
        let landscape = |x: &DVector<f64>| {
            let gradient = x.component_mul(&stiffness);
            (0.5 * x.dot(&gradient), gradient)
        };
        for guess in [0.1, 3.0, 100.0] {
            let (end, evaluations, progress) = follow(landscape, [1.0, -0.5, 2.0], guess);
            assert!(
                progress == Progress::Kept && end.norm() < 1e-6 && evaluations < 40,
                "{guess}: {evaluations}"
            );
        }
    }

    #[test]
    fn goes_down_where_the_curvature_is_negative() {
        // A saddle at the origin, minima at x = 1 and x = -1.
        let landscape = |x: &DVector<f64>| {
            let energy = 0.25 * x[0].powi(4) - 0.5 * x[0].powi(2) + x[1].powi(2) + x[2].powi(2);
            (energy, DVector::from_row_slice(&[x[0].powi(3) - x[0], 2.0 * x[1], 2.0 * x[2]]))
        };
        let (end, _, _) = follow(landscape, [0.05, 0.3, -0.2], 5.0);
        assert!((end[0] - 1.0).abs() < 1e-5 && end[1].abs() < 1e-5);
    }

    #[test]
    fn is_stuck_where_gradients_lie() {
        let landscape = |x: &DVector<f64>| (x.norm_squared(), -2.0 * x);
        assert_eq!(follow(landscape, [0.5, 0.0, 0.0], 2.0).2, Progress::Stuck);
    }
}

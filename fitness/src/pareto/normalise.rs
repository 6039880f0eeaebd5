//! Scaling of the costs by the ideal point and the intercepts of the hyperplane through the extreme
//! points (Deb and Jain 2014, section IV-C; fall-backs after Blank, Deb and Roy, EMO 2019).

use nalgebra::{DMatrix, DVector};
use serde::{Deserialize, Serialize};

/// Weight of the other axes in the search for the extreme point of an axis.
const OTHER_AXES: f64 = 1e6;
/// Share of a front's range below which a cost counts as the ideal one in that search; without it
/// rounding decides which point is extreme.
const NEGLIGIBLE: f64 = 1e-3;
/// Smallest intercept, as a share of the range seen so far, that is taken for one.
const SMALLEST_INTERCEPT: f64 = 1e-6;

/// What is remembered between generations to scale costs to about [0, 1] on the front.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Normalisation {
    /// Smallest cost seen, per objective; empty before the first update.
    ideal: Vec<f64>,
    /// Largest cost seen, per objective.
    worst: Vec<f64>,
    /// Extreme point of each objective.
    extremes: Vec<Vec<f64>>,
    /// Point that is scaled to 1.
    nadir: Vec<f64>,
}

impl Normalisation {
    /// Learns from a population, of which `front` is the first front. All costs are finite.
    pub fn update(&mut self, costs: &[&[f64]], front: &[&[f64]]) {
        let objectives = costs.first().map_or(0, |c| c.len());
        let highest = |points: &[&[f64]], j: usize| {
            points.iter().map(|point| point[j]).fold(f64::NEG_INFINITY, f64::max)
        };
        self.ideal.resize(objectives, f64::INFINITY);
        self.worst.resize(objectives, f64::NEG_INFINITY);
        for j in 0..objectives {
            self.ideal[j] = costs.iter().map(|point| point[j]).fold(self.ideal[j], f64::min);
            self.worst[j] = highest(costs, j).max(self.worst[j]);
        }
        let front_worst: Vec<f64> = (0..objectives).map(|j| highest(front, j)).collect();
        self.extremes = self.extreme_points(front, &front_worst);
        self.nadir = self.hyperplane().unwrap_or(front_worst);
        for j in 0..objectives {
            let range = self.worst[j] - self.ideal[j];
            if self.nadir[j] - self.ideal[j] <= SMALLEST_INTERCEPT * range {
                self.nadir[j] = highest(costs, j);
            }
        }
    }

    /// `point` with the ideal point moved to 0 and the nadir point to 1.
    pub fn apply(&self, point: &[f64]) -> Vec<f64> {
        let ranges = self.ideal.iter().zip(&self.nadir);
        point
            .iter()
            .zip(ranges)
            .map(|(x, (ideal, nadir))| if nadir > ideal { (x - ideal) / (nadir - ideal) } else { 0.0 })
            .collect()
    }

    /// For each axis the point, of the front and the extreme points so far, that lies nearest to it.
    fn extreme_points(&self, front: &[&[f64]], front_worst: &[f64]) -> Vec<Vec<f64>> {
        let scalarised = |point: &[f64], axis: usize| {
            let mut largest = f64::NEG_INFINITY;
            for (j, &x) in point.iter().enumerate() {
                let mut shift = x - self.ideal[j];
                if shift < NEGLIGIBLE * (front_worst[j] - self.ideal[j]) {
                    shift = 0.0;
                }
                largest = largest.max(if j == axis { shift } else { shift * OTHER_AXES });
            }
            largest
        };
        (0..self.ideal.len())
            .filter_map(|axis| {
                let candidates = self.extremes.iter().map(Vec::as_slice).chain(front.iter().copied());
                candidates
                    .map(|point| (scalarised(point, axis), point))
                    .min_by(|a, b| a.0.total_cmp(&b.0))
                    .map(|(_, point)| point.to_vec())
            })
            .collect()
    }

    /// Where the plane through the extreme points cuts the axes, no further out than the worst cost
    /// seen; `None` when there is no such plane.
    fn hyperplane(&self) -> Option<Vec<f64>> {
        let m = self.ideal.len();
        if self.extremes.len() != m {
            return None;
        }
        let matrix = DMatrix::from_fn(m, m, |i, j| self.extremes[i][j] - self.ideal[j]);
        let ones = DVector::from_element(m, 1.0);
        let plane = matrix.clone().lu().solve(&ones)?;
        if (&matrix * &plane - ones).amax() > 1e-6 {
            return None;
        }
        let nadir = |j: usize| {
            let intercept = 1.0 / plane[j];
            let range = self.worst[j] - self.ideal[j];
            (intercept > SMALLEST_INTERCEPT * range).then(|| (self.ideal[j] + intercept).min(self.worst[j]))
        };
        (0..m).map(nadir).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slices(points: &[Vec<f64>]) -> Vec<&[f64]> {
        points.iter().map(Vec::as_slice).collect()
    }

    #[test]
    fn a_plane_is_scaled_to_the_unit_simplex() {
        // x/2 + y/30 + z/0.04 = 1 around (1, -5, 7), with a dominated point further out.
        let mut points: Vec<Vec<f64>> = super::super::das_dennis(3, 6)
            .into_iter()
            .map(|w| vec![1.0 + 2.0 * w[0], -5.0 + 30.0 * w[1], 7.0 + 0.04 * w[2]])
            .collect();
        let front = points.clone();
        points.push(vec![9.0, 99.0, 9.0]);
        let mut normalisation = Normalisation::default();
        normalisation.update(&slices(&points), &slices(&front));
        for point in &front {
            assert!((normalisation.apply(point).iter().sum::<f64>() - 1.0).abs() < 1e-9);
        }
    }

    #[test]
    fn degenerate_fronts_fall_back() {
        let mut normalisation = Normalisation::default();
        let point = vec![vec![1.0, 2.0]];
        normalisation.update(&slices(&point), &slices(&point));
        assert_eq!(normalisation.apply(&point[0]), [0.0, 0.0]);
        // Two points on a line through the ideal point have no plane: the front's worst counts.
        let front = vec![vec![1.0, 4.0], vec![3.0, 4.0]];
        normalisation.update(&slices(&front), &slices(&front));
        assert_eq!(normalisation.apply(&[2.0, 3.0]), [0.5, 0.5]);
    }
}

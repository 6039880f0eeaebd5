//! A cheap guess of costs that chooses among children before any is evaluated.
//!
//! The guess is ridge regression (Hoerl and Kennard, Technometrics 12, 55 (1970)) of each cost on the
//! features that the [`Breeder`](crate::breeding::Breeder) names, for instance which ligands a complex
//! has. Of several children the one is proposed whose guess lies farthest beyond the front of all that is
//! known, by the maximin fitness of Balling (EMO 2003, LNCS 2632, 1).

use std::collections::BTreeMap;

use druse_fitness::pareto;
use nalgebra::{DMatrix, DVector};
use serde::{Deserialize, Serialize};

/// Weight of the penalty on coefficients, for costs scaled to unit variance.
const RIDGE: f64 = 0.3;
/// Fewer designs than this teach nothing.
const FEWEST: usize = 10;

/// Named numbers that costs may depend on.
pub type Features = Vec<(String, f64)>;

/// What was evaluated so far.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Archive {
    rows: Vec<Row>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Row {
    features: Features,
    costs: Vec<f64>,
    feasible: bool,
}

impl Archive {
    /// Remembers a design; one without features or with a cost that is not finite teaches nothing.
    pub(super) fn push(&mut self, features: Features, costs: &[f64], feasible: bool) {
        let like = self.rows.first().is_none_or(|row| row.costs.len() == costs.len());
        if !features.is_empty() && like && costs.iter().all(|cost| cost.is_finite()) {
            self.rows.push(Row { features, costs: costs.to_vec(), feasible });
        }
    }

    /// The guess that these designs teach; `None` while they are too few or all alike.
    pub(super) fn fit(&self) -> Option<Surrogate> {
        if self.rows.len() < FEWEST {
            return None;
        }
        let mut columns: BTreeMap<&str, usize> = BTreeMap::new();
        for (name, _) in self.rows.iter().flat_map(|row| &row.features) {
            let next = columns.len();
            columns.entry(name).or_insert(next);
        }
        let mut design = DMatrix::<f64>::zeros(self.rows.len(), columns.len());
        for (i, row) in self.rows.iter().enumerate() {
            for (name, value) in &row.features {
                design[(i, columns[name.as_str()])] += value;
            }
        }
        let means = design.row_mean();
        for mut row in design.row_iter_mut() {
            row -= &means;
        }
        let normal = design.tr_mul(&design) + DMatrix::identity(columns.len(), columns.len()) * RIDGE;
        let factor = normal.cholesky()?;
        let goals = (0..self.rows[0].costs.len()).map(|goal| {
            let costs = DVector::from_iterator(self.rows.len(), self.rows.iter().map(|row| row.costs[goal]));
            let (mean, spread) = (costs.mean(), costs.variance().sqrt());
            // A goal in which all are alike tells none from the other.
            let scale = if spread > 0.0 { spread } else { 1.0 };
            let scaled = costs.map(|cost| (cost - mean) / scale);
            let coefficients = factor.solve(&design.tr_mul(&scaled));
            Goal { mean, scale, coefficients }
        });
        let goals: Vec<Goal> = goals.collect();
        let feasible: Vec<Vec<f64>> =
            self.rows.iter().filter(|row| row.feasible).map(|row| scaled(&goals, &row.costs)).collect();
        let front = pareto::fronts(&feasible, &[]).into_iter().next().unwrap_or_default();
        let front = front.into_iter().map(|index| feasible[index].clone()).collect();
        let columns = columns.into_iter().map(|(name, column)| (name.to_owned(), column)).collect();
        Some(Surrogate { columns, means: means.iter().copied().collect(), goals, front })
    }
}

fn scaled(goals: &[Goal], costs: &[f64]) -> Vec<f64> {
    goals.iter().zip(costs).map(|(goal, cost)| (cost - goal.mean) / goal.scale).collect()
}

#[derive(Clone, Debug)]
struct Goal {
    mean: f64,
    scale: f64,
    coefficients: DVector<f64>,
}

/// A guess of costs.
#[derive(Clone, Debug)]
pub(super) struct Surrogate {
    columns: BTreeMap<String, usize>,
    means: Vec<f64>,
    goals: Vec<Goal>,
    /// Scaled costs of the known front.
    front: Vec<Vec<f64>>,
}

impl Surrogate {
    /// How far behind the known front a design is guessed to lie, in standard deviations of the costs;
    /// negative beyond it. Features that were never seen count nothing.
    pub(super) fn behind(&self, features: &Features) -> f64 {
        let mut row: Vec<f64> = self.means.iter().map(|mean| -mean).collect();
        for (name, value) in features {
            if let Some(&column) = self.columns.get(name) {
                row[column] += value;
            }
        }
        let row = DVector::from_vec(row);
        let guess: Vec<f64> = self.goals.iter().map(|goal| goal.coefficients.dot(&row)).collect();
        let depth = |known: &Vec<f64>| {
            guess.iter().zip(known).map(|(guess, known)| guess - known).fold(f64::INFINITY, f64::min)
        };
        self.front.iter().map(depth).fold(f64::NEG_INFINITY, f64::max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn features(a: f64, b: f64) -> Features {
        vec![("a".to_owned(), a), ("b".to_owned(), b)]
    }

    #[test]
    fn additive_costs_are_guessed_and_the_far_side_of_the_front_is_preferred() {
        let mut archive = Archive::default();
        for i in 0..20 {
            let (a, b) = (f64::from(i % 5), f64::from(i / 5));
            archive.push(features(a, b), &[3.0 * a - b, b - a], true);
        }
        let surrogate = archive.fit().unwrap();
        // (0, 3) and (4, 0) are on the front; beyond it, on it, behind it.
        let [beyond, on, behind] =
            [(0.0, 6.0), (0.0, 3.0), (2.0, 1.0)].map(|(a, b)| surrogate.behind(&features(a, b)));
        assert!(beyond < on && on < behind, "{beyond} {on} {behind}");
        assert!(on.abs() < 0.05, "{on}");
    }

    #[test]
    fn little_or_broken_knowledge_gives_no_guess() {
        let mut archive = Archive::default();
        archive.push(features(1.0, 2.0), &[f64::INFINITY, 1.0], true);
        archive.push(Vec::new(), &[1.0, 1.0], true);
        assert_eq!(archive, Archive::default());
        for _ in 0..FEWEST - 1 {
            archive.push(features(1.0, 2.0), &[1.0, 1.0], true);
        }
        assert!(archive.fit().is_none());
        archive.push(features(1.0, 2.0), &[1.0, 1.0], false);
        assert!(archive.fit().unwrap().behind(&features(1.0, 2.0)).is_finite());
    }
}

//! What a measurement may be expected to add to the hypervolume.
//!
//! Expected hypervolume improvement (M. Emmerich, K. Giannakoglou, B. Naujoks, IEEE Trans. Evol. Comput. 10,
//! 421 (2006)): the mean, over what the truth may be, of the volume that the candidate adds to a front.
//! The truth of each objective is taken as normally distributed about its prediction, independently of
//! the others, and the mean as a Gauss-Hermite sum.

use druse_fitness::{Goal, pareto};

use crate::engine::HypervolumeBox;

/// Nodes and weights for the normal distribution of unit variance, exact for polynomials of degree 9.
const FIVE: [(f64, f64); 5] = [
    (0.0, 8.0 / 15.0),
    (1.355_626_179_974_266, 0.222_075_922_005_612_6),
    (-1.355_626_179_974_266, 0.222_075_922_005_612_6),
    (2.856_970_013_872_805_6, 0.011_257_411_327_720_7),
    (-2.856_970_013_872_805_6, 0.011_257_411_327_720_7),
];
/// The same, exact for degree 5.
const THREE: [(f64, f64); 3] =
    [(0.0, 2.0 / 3.0), (1.732_050_807_568_877_2, 1.0 / 6.0), (-1.732_050_807_568_877_2, 1.0 / 6.0)];
/// With more doubtful objectives than this three nodes have to do.
const MOST_FINE: usize = 3;

/// Values as the front is measured by: goals, the campaign's box, and what the truth may be.
pub(super) struct Outlook<'a> {
    goals: Vec<Goal>,
    measure: &'a HypervolumeBox,
    /// Differences of the truth from the prediction, one for each objective, with their weights.
    errors: Vec<(Vec<f64>, f64)>,
}

impl<'a> Outlook<'a> {
    /// An outlook for objectives with these goals and doubts (standard deviations, in their units).
    pub(super) fn new(goals: Vec<Goal>, doubts: &[f64], measure: &'a HypervolumeBox) -> Self {
        let doubtful = doubts.iter().filter(|doubt| **doubt > 0.0).count();
        let nodes: &[(f64, f64)] = if doubtful > MOST_FINE { &THREE } else { &FIVE };
        let mut errors = vec![(vec![0.0; doubts.len()], 1.0)];
        for (k, &doubt) in doubts.iter().enumerate().filter(|(_, doubt)| **doubt > 0.0) {
            let split = |(error, weight): &(Vec<f64>, f64)| -> Vec<(Vec<f64>, f64)> {
                let moved = |&(node, share): &(f64, f64)| {
                    let mut error = error.clone();
                    error[k] = node * doubt;
                    (error, weight * share)
                };
                nodes.iter().map(moved).collect()
            };
            errors = errors.iter().flat_map(split).collect();
        }
        Self { goals, measure, errors }
    }

    /// Values of the objectives in units of the box, to be minimised.
    pub(super) fn point(&self, values: &[f64]) -> Vec<f64> {
        let costs: Vec<f64> = self.goals.iter().zip(values).map(|(goal, &value)| goal.cost(value)).collect();
        self.measure.scaled(&costs)
    }

    /// Volume that these values are expected to add to a front.
    pub(super) fn gain(&self, values: &[f64], front: &[Vec<f64>]) -> f64 {
        let term = |(error, weight): &(Vec<f64>, f64)| {
            let truth: Vec<f64> = values.iter().zip(error).map(|(value, error)| value + error).collect();
            weight * added(&self.point(&truth), front)
        };
        self.errors.iter().map(term).sum()
    }

    /// Volume of a front.
    pub(super) fn volume(&self, front: &[Vec<f64>]) -> f64 {
        pareto::hypervolume(front, &vec![1.0; self.goals.len()])
    }
}

/// Volume that a point adds to a front: its own box without what the front holds of it.
fn added(point: &[f64], front: &[Vec<f64>]) -> f64 {
    if point.iter().any(|x| *x >= 1.0) {
        return 0.0;
    }
    let own: f64 = point.iter().map(|x| 1.0 - x).product();
    let inside = |other: &Vec<f64>| -> Vec<f64> { other.iter().zip(point).map(|(x, y)| x.max(*y)).collect() };
    let shared: Vec<Vec<f64>> = front.iter().map(inside).collect();
    (own - pareto::hypervolume(&shared, &vec![1.0; point.len()])).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gains_by_hand() {
        let front = [vec![0.5, 0.5]];
        assert!((added(&[0.25, 0.75], &front) - 0.25 * 0.25).abs() < 1e-12);
        assert_eq!(added(&[0.6, 0.6], &front), 0.0);
        assert_eq!(added(&[0.1, 1.0], &front), 0.0);
        assert!((added(&[-1.0, 0.5], &[]) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn doubt_makes_the_dominated_worth_a_look() {
        let measure: HypervolumeBox =
            serde_json::from_str(r#"{"ideal": [0, -10], "reference": [1, 0]}"#).unwrap();
        let goals = vec![Goal::Minimise, Goal::Maximise];
        let sure = Outlook::new(goals.clone(), &[0.0, 0.0], &measure);
        let front = [sure.point(&[0.5, 5.0])];
        assert_eq!(front[0], [0.5, 0.5]);
        assert_eq!(sure.gain(&[0.55, 5.0], &front), 0.0);
        let doubtful = Outlook::new(goals.clone(), &[0.1, 0.0], &measure);
        let [near, far] = [0.55, 0.8].map(|x| doubtful.gain(&[x, 5.0], &front));
        assert!(near > far && far >= 0.0, "{near} {far}");
        // Far from every kink the gain is linear and the mean that of the middle.
        assert!((doubtful.gain(&[0.4, 5.0], &[]) - 0.3).abs() < 1e-12);
        let weights: f64 = Outlook::new(goals, &[0.1, 2.0], &measure).errors.iter().map(|(_, w)| w).sum();
        assert!((weights - 1.0).abs() < 1e-12);
    }
}

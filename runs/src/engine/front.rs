//! The Pareto front of a campaign and its hypervolume.

use druse_fitness::{Goal, Objective, pareto};
use druse_representations::Design;
use serde::{Deserialize, Serialize};

use crate::store::{CandidateRow, Status};

/// Key of the hypervolume's box in the store.
pub(super) const REFERENCE_POINT: &str = "hypervolume_box";

/// The hypervolume is exact in as many dimensions as this.
const MOST_DIMENSIONS: usize = 4;

/// Name, direction and unit of an objective, kept in the store so that a front can be read
/// without the program that made it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ObjectiveInfo {
    /// Name.
    pub name: String,
    /// Direction of improvement.
    pub goal: Goal,
    /// Unit.
    pub unit: String,
}

impl ObjectiveInfo {
    /// What `objective` says of itself.
    pub fn of<D: Design>(objective: &dyn Objective<D>) -> Self {
        Self { name: objective.name().to_owned(), goal: objective.goal(), unit: objective.unit().to_owned() }
    }

    /// The value of this objective in `row` as a number to minimise; infinite when it is absent.
    pub fn cost(&self, row: &CandidateRow) -> f64 {
        row.objectives.get(&self.name).map_or(f64::INFINITY, |&value| self.goal.cost(value))
    }
}

/// Indices into `rows` of the candidates that no other one dominates, among the evaluated ones
/// within all limits; ordered by the first objective, then by number.
pub fn pareto_front(rows: &[CandidateRow], objectives: &[ObjectiveInfo]) -> Vec<usize> {
    let feasible: Vec<usize> = (0..rows.len())
        .filter(|&i| rows[i].status == Status::Evaluated && rows[i].violation == Some(0.0))
        .collect();
    let costs: Vec<Vec<f64>> =
        feasible.iter().map(|&i| objectives.iter().map(|o| o.cost(&rows[i])).collect()).collect();
    let mut front = first_front(&costs);
    front.sort_by(|&x, &y| {
        let first = |i: usize| costs[i].first().copied().unwrap_or(0.0);
        first(x).total_cmp(&first(y)).then(x.cmp(&y))
    });
    front.into_iter().map(|i| feasible[i]).collect()
}

fn first_front(costs: &[Vec<f64>]) -> Vec<usize> {
    pareto::fronts(costs, &[]).into_iter().next().unwrap_or_default()
}

/// Box in which the hypervolume is measured: from the ideal to 10 % beyond the nadir of the first
/// step's feasible candidates, fixed for the whole campaign. Costs are scaled to it, so that
/// objectives of unlike units weigh alike; a front that leaves the box at the good side counts
/// more than 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct HypervolumeBox {
    ideal: Vec<f64>,
    reference: Vec<f64>,
}

/// Costs of all feasible candidates so far.
pub(super) struct Archive {
    front: Vec<Vec<f64>>,
    measure: Option<HypervolumeBox>,
}

impl Archive {
    pub(super) fn restore(measure: Option<&str>) -> Self {
        Self { front: Vec::new(), measure: measure.and_then(|text| serde_json::from_str(text).ok()) }
    }

    /// Adds a candidate when it is feasible; forgets dominated ones once the box is fixed.
    pub(super) fn insert(&mut self, costs: Vec<f64>, violation: f64) {
        if violation == 0.0 {
            self.front.push(costs);
        }
        if self.measure.is_some() {
            self.prune();
        }
    }

    /// Fixes the box after the first step that has feasible candidates; returns it for the store
    /// when it is new.
    pub(super) fn fix_reference_point(&mut self) -> Option<String> {
        if self.measure.is_some() || self.front.is_empty() {
            return None;
        }
        let dimensions = self.front[0].len();
        let extreme = |k: usize, pick: fn(f64, f64) -> f64, start: f64| {
            self.front.iter().map(|costs| costs[k]).fold(start, pick)
        };
        let ideal: Vec<f64> = (0..dimensions).map(|k| extreme(k, f64::min, f64::INFINITY)).collect();
        let nadir: Vec<f64> = (0..dimensions).map(|k| extreme(k, f64::max, f64::NEG_INFINITY)).collect();
        let reference = ideal
            .iter()
            .zip(&nadir)
            // A single value spans no box; then one unit does.
            .map(|(&low, &high)| if high > low { high + 0.1 * (high - low) } else { low + 1.0 })
            .collect();
        let measure = HypervolumeBox { ideal, reference };
        let text = serde_json::to_string(&measure).ok();
        self.measure = Some(measure);
        self.prune();
        text
    }

    pub(super) fn front_size(&self) -> usize {
        self.front.len()
    }

    pub(super) fn hypervolume(&self) -> Option<f64> {
        let measure = self.measure.as_ref()?;
        let dimensions = measure.ideal.len();
        if !(2..=MOST_DIMENSIONS).contains(&dimensions) {
            return None;
        }
        let scaled: Vec<Vec<f64>> = self
            .front
            .iter()
            .map(|costs| {
                (0..dimensions)
                    .map(|k| (costs[k] - measure.ideal[k]) / (measure.reference[k] - measure.ideal[k]))
                    .collect()
            })
            .collect();
        Some(pareto::hypervolume(&scaled, &vec![1.0; dimensions]))
    }

    fn prune(&mut self) {
        let keep = first_front(&self.front);
        self.front = keep.into_iter().map(|i| self.front[i].clone()).collect();
    }
}

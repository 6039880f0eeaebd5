//! The Pareto front of a campaign and its hypervolume.

use druse_fitness::pareto::{self, dominates};
use druse_fitness::{Goal, Objective};
use druse_representations::Design;
use serde::{Deserialize, Serialize};

use crate::store::{CandidateRow, Status, Store, StoreError};

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

/// The candidates that no other one dominates, among the evaluated ones within all limits. Takes one
/// candidate after the other and keeps no others than these.
pub struct Front {
    objectives: Vec<ObjectiveInfo>,
    members: Undominated<CandidateRow>,
}

impl Front {
    /// An empty front.
    pub fn new(objectives: &[ObjectiveInfo]) -> Self {
        Self { objectives: objectives.to_vec(), members: Undominated::default() }
    }

    /// Takes a candidate into account; candidates come in order of number.
    pub fn insert(&mut self, row: &CandidateRow) {
        if row.status == Status::Evaluated && row.violation == Some(0.0) {
            let costs = self.objectives.iter().map(|objective| objective.cost(row)).collect();
            self.members.insert(costs, || row.clone());
        }
    }

    /// The members, ordered by the first objective, then by number.
    pub fn into_members(self) -> Vec<CandidateRow> {
        self.members.sorted()
    }
}

/// Costs that no others dominate, with what belongs to them, in the order in which they came.
#[derive(Clone, Debug)]
pub(crate) struct Undominated<T>(Vec<(Vec<f64>, T)>);

impl<T> Default for Undominated<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Undominated<T> {
    pub(crate) fn insert(&mut self, costs: Vec<f64>, value: impl FnOnce() -> T) {
        if !self.0.iter().any(|(other, _)| dominates(other, &costs)) {
            self.0.retain(|(other, _)| !dominates(&costs, other));
            self.0.push((costs, value()));
        }
    }

    pub(crate) fn costs(&self) -> impl Iterator<Item = &[f64]> {
        self.0.iter().map(|(costs, _)| costs.as_slice())
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = &T> {
        self.0.iter().map(|(_, value)| value)
    }

    /// By the first cost; equal ones as they came.
    fn sorted(mut self) -> Vec<T> {
        let first = |costs: &[f64]| costs.first().copied().unwrap_or(0.0);
        self.0.sort_by(|(x, _), (y, _)| first(x).total_cmp(&first(y)));
        self.0.into_iter().map(|(_, value)| value).collect()
    }
}

/// Indices into `rows` of the candidates that no other one dominates, among the evaluated ones
/// within all limits; ordered by the first objective, then by number.
pub fn pareto_front(rows: &[CandidateRow], objectives: &[ObjectiveInfo]) -> Vec<usize> {
    let mut front = Undominated::default();
    for (i, row) in rows.iter().enumerate() {
        if row.status == Status::Evaluated && row.violation == Some(0.0) {
            front.insert(objectives.iter().map(|objective| objective.cost(row)).collect(), || i);
        }
    }
    front.sorted()
}

/// Box in which the hypervolume is measured: from the ideal to 10 % beyond the nadir of the first
/// step's feasible candidates, fixed for the whole campaign. Costs are scaled to it, so that
/// objectives of unlike units weigh alike; a front that leaves the box at the good side counts
/// more than 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HypervolumeBox {
    /// Best cost of each objective.
    pub ideal: Vec<f64>,
    /// Worst cost that still counts.
    pub reference: Vec<f64>,
}

impl HypervolumeBox {
    /// That of the campaign in `store`; `None` while it has none.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn of(store: &Store) -> Result<Option<Self>, StoreError> {
        let damaged = |source| StoreError::Damaged { what: "box of the hypervolume".to_owned(), source };
        store.meta(REFERENCE_POINT)?.map(|text| serde_json::from_str(&text).map_err(damaged)).transpose()
    }

    /// Hypervolume of these costs; `None` for one objective or more than the exact algorithm handles.
    pub fn hypervolume<'a>(&self, front: impl Iterator<Item = &'a [f64]>) -> Option<f64> {
        let dimensions = self.ideal.len();
        if !(2..=MOST_DIMENSIONS).contains(&dimensions) {
            return None;
        }
        let scale =
            |costs: &[f64], k: usize| (costs[k] - self.ideal[k]) / (self.reference[k] - self.ideal[k]);
        let scaled: Vec<Vec<f64>> =
            front.map(|costs| (0..dimensions).map(|k| scale(costs, k)).collect()).collect();
        Some(pareto::hypervolume(&scaled, &vec![1.0; dimensions]))
    }

    /// Costs in units of the box: 0 at the ideal, 1 at the reference point.
    pub(crate) fn scaled(&self, costs: &[f64]) -> Vec<f64> {
        let edges = self.ideal.iter().zip(&self.reference);
        costs.iter().zip(edges).map(|(cost, (low, high))| (cost - low) / (high - low)).collect()
    }

    /// Edge of the box along one objective, in its unit.
    pub(crate) fn edge(&self, objective: usize) -> f64 {
        self.reference[objective] - self.ideal[objective]
    }
}

/// Costs of the front so far; of all feasible candidates until the box is fixed.
pub(super) struct Archive {
    front: Undominated<()>,
    measure: Option<HypervolumeBox>,
}

impl Archive {
    pub(super) fn restore(measure: Option<&str>) -> Self {
        Self {
            front: Undominated::default(),
            measure: measure.and_then(|text| serde_json::from_str(text).ok()),
        }
    }

    /// Adds a candidate when it is feasible; forgets dominated ones once the box is fixed.
    pub(super) fn insert(&mut self, costs: Vec<f64>, violation: f64) {
        if violation != 0.0 {
            return;
        }
        match self.measure {
            Some(_) => self.front.insert(costs, || ()),
            None => self.front.0.push((costs, ())),
        }
    }

    /// Fixes the box after the first step that has feasible candidates; returns it for the store
    /// when it is new.
    pub(super) fn fix_reference_point(&mut self) -> Option<String> {
        let dimensions = self.front.0.first()?.0.len();
        if self.measure.is_some() {
            return None;
        }
        let extreme = |k: usize, pick: fn(f64, f64) -> f64, start: f64| {
            self.front.0.iter().map(|(costs, ())| costs[k]).fold(start, pick)
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
        for (costs, ()) in std::mem::take(&mut self.front.0) {
            self.front.insert(costs, || ());
        }
        text
    }

    pub(super) fn front_size(&self) -> usize {
        self.front.0.len()
    }

    pub(super) fn hypervolume(&self) -> Option<f64> {
        self.measure.as_ref()?.hypervolume(self.front.costs())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_after_the_other_gives_the_front_of_all() {
        let costs: Vec<Vec<f64>> = (0..200_u32)
            .map(|i| (0..3).map(|k| f64::from(i * 7919 + k * 104_729 + i * i * 31) % 17.0).collect())
            .collect();
        let mut front = Undominated::default();
        costs.iter().enumerate().for_each(|(i, costs)| front.insert(costs.clone(), || i));
        let found: Vec<usize> = front.0.into_iter().map(|(_, i)| i).collect();
        assert_eq!(found, pareto::fronts(&costs, &[])[0]);
        assert!(found.len() > 3);
    }
}

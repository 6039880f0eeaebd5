//! The parts of a campaign, put together by the campaign file or by a user's own program.

use std::collections::BTreeMap;

use druse_fitness::Properties;
use druse_generators::Generator;
use druse_representations::Design;
use druse_validation::Duplicates;

use super::budget::Budgets;
use super::evaluation::Evaluation;
use crate::cache::Cache;
use crate::warm_start::SeedCounts;

/// Everything a campaign needs, generic over what is designed.
pub struct Pipeline<D: Design> {
    /// Proposes designs.
    pub generator: Box<dyn Generator<D>>,
    /// What became of the designs of a warm start, which the generator proposes first.
    pub seeds: Option<SeedCounts>,
    /// Judges them.
    pub evaluation: Evaluation<D>,
    /// Finds designs that the campaign has already.
    pub duplicates: Box<dyn Duplicates<D>>,
    /// Evaluations that are known beside those in the campaign's store.
    pub cache: Cache,
    /// Sizes.
    pub settings: Settings,
}

impl<D: Design> Pipeline<D> {
    /// Names of the objectives.
    pub(super) fn objective_names(&self) -> Vec<&str> {
        self.evaluation.objectives.iter().map(|objective| objective.name()).collect()
    }
}

/// Sizes of a campaign.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// Distinct candidates to evaluate.
    pub budget: u64,
    /// Candidates proposed in one step.
    pub population: usize,
    /// Give up after this many proposals, so that a campaign that only rejects ends.
    pub max_proposals: u64,
    /// What else may end the campaign.
    pub budgets: Budgets,
    /// Steps after which the campaign pauses, as if it had been stopped there.
    pub pause: Option<u64>,
}

/// A limit on a property or an objective.
#[derive(Clone, Debug, PartialEq)]
pub struct Limit {
    /// Name of the property or objective.
    pub name: String,
    /// Smallest value allowed.
    pub min: Option<f64>,
    /// Largest value allowed.
    pub max: Option<f64>,
}

impl Limit {
    /// By how much the limit is violated, 0 when it holds; infinite when the value is absent.
    pub fn violation(&self, properties: &Properties, objectives: &BTreeMap<String, f64>) -> f64 {
        let Some(&value) = objectives.get(&self.name).or_else(|| properties.get(&self.name)) else {
            return f64::INFINITY;
        };
        let below = self.min.map_or(0.0, |min| (min - value).max(0.0));
        let above = self.max.map_or(0.0, |max| (value - max).max(0.0));
        below + above
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_measure_their_violation() {
        let limit = Limit { name: "energy_above_hull".into(), min: None, max: Some(0.1) };
        let objectives = |value| BTreeMap::from([("energy_above_hull".to_owned(), value)]);
        assert_eq!(limit.violation(&Properties::new(), &objectives(0.05)), 0.0);
        assert!((limit.violation(&Properties::new(), &objectives(0.3)) - 0.2).abs() < 1e-12);
        assert_eq!(limit.violation(&Properties::new(), &BTreeMap::new()), f64::INFINITY);
    }
}

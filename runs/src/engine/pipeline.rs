//! The parts of a campaign, put together by the campaign file or by a user's own program.

use druse_fitness::{Objective, Properties, Tier};
use druse_generators::Generator;
use druse_representations::Design;
use druse_validation::{Duplicates, NoveltyReference};
use std::collections::BTreeMap;

use super::budget::Budgets;

/// Everything a campaign needs, generic over what is designed.
pub struct Pipeline<D: Design> {
    /// Proposes designs.
    pub generator: Box<dyn Generator<D>>,
    /// The funnel in order of cost; the first tiers are cheap checks.
    pub tiers: Vec<Box<dyn Tier<D>>>,
    /// What is optimised.
    pub objectives: Vec<Box<dyn Objective<D>>>,
    /// Limits on properties or objectives; candidates outside them rank behind all others.
    pub limits: Vec<Limit>,
    /// Finds designs that the campaign has already.
    pub duplicates: Box<dyn Duplicates<D>>,
    /// Tells whether a design is known elsewhere.
    pub novelty: Option<Box<dyn NoveltyReference<D>>>,
    /// Sizes.
    pub settings: Settings,
}

/// Sizes of a campaign.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// Distinct candidates to evaluate.
    pub budget: u64,
    /// Candidates proposed in one step.
    pub population: usize,
    /// Candidates evaluated together in one batch, formed by candidate number.
    pub unit: usize,
    /// Give up after this many proposals, so that a campaign that only rejects ends.
    pub max_proposals: u64,
    /// What else may end the campaign.
    pub budgets: Budgets,
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

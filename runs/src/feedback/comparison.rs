//! Predictions held against measurements.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::engine::ObjectiveInfo;
use crate::store::CandidateRow;

/// How far the predictions of one objective or property were from what was measured.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// Objective or property.
    pub name: String,
    /// Unit; empty for properties, whose units are not stored.
    pub unit: String,
    /// Candidates with both a prediction and a measured value.
    pub n: usize,
    /// Mean of predicted minus measured.
    pub mean_error: f64,
    /// Mean of the absolute difference.
    pub mae: f64,
    /// Square root of the mean of the squared difference.
    pub rmse: f64,
}

/// Takes one candidate after the other.
#[derive(Clone, Debug, Default)]
pub struct Comparisons(BTreeMap<String, Vec<f64>>);

impl Comparisons {
    /// Takes a row with its measured values ([`crate::campaign::for_each_candidate`]) into account.
    pub fn add(&mut self, row: &CandidateRow) {
        for (name, measured) in &row.measured {
            if let Some(predicted) = measured.predicted {
                self.0.entry(name.clone()).or_default().push(predicted - measured.value);
            }
        }
    }

    /// One comparison for each name that was both predicted and measured: objectives in their order, then
    /// properties by name.
    pub fn finish(self, objectives: &[ObjectiveInfo]) -> Vec<Comparison> {
        let comparison = |(name, errors): (String, Vec<f64>)| {
            let n = errors.len();
            let mean = |f: fn(f64) -> f64| errors.iter().copied().map(f).sum::<f64>() / n as f64;
            let objective = objectives.iter().find(|objective| objective.name == name);
            Comparison {
                unit: objective.map_or_else(String::new, |objective| objective.unit.clone()),
                name,
                n,
                mean_error: mean(|error| error),
                mae: mean(f64::abs),
                rmse: mean(|error| error * error).sqrt(),
            }
        };
        let mut comparisons: Vec<Comparison> = self.0.into_iter().map(comparison).collect();
        let place = |name: &str| objectives.iter().position(|objective| objective.name == name);
        comparisons.sort_by_key(|comparison| place(&comparison.name).unwrap_or(objectives.len()));
        comparisons
    }
}

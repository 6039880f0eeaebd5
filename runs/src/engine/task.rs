//! What goes into the evaluation of a candidate and what comes out of it: plain data, the same
//! whether the work is done by a thread of this process or by a worker on another machine.

use std::collections::BTreeMap;

use druse_fitness::Properties;
use druse_validation::Nearest;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::store::{CandidateRow, Status, TierCost};

/// A candidate to evaluate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Task {
    /// Candidate number.
    pub number: u64,
    /// The design as proposed, JSON of the campaign's domain.
    pub design: Value,
    /// What tiers are known to make of it, by their place in the funnel.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub known: BTreeMap<usize, TierResult>,
    /// Values of objectives that are known already.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub values: BTreeMap<String, f64>,
}

impl Task {
    /// A candidate of which nothing is known.
    pub fn new(row: &CandidateRow) -> Self {
        Self::of(row.number, row.proposed.clone())
    }

    /// The same of a design under this number.
    pub fn of(number: u64, design: Value) -> Self {
        Self { number, design, known: BTreeMap::new(), values: BTreeMap::new() }
    }
}

/// What one tier made of one candidate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TierResult {
    /// What came out.
    #[serde(flatten)]
    pub finding: Finding,
    /// Wall seconds (its share of the batch).
    pub seconds: f64,
    /// CPU seconds (its share of the batch).
    pub cpu: f64,
}

/// What came out of a tier.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finding {
    /// The candidate goes on.
    Passed {
        /// The refined design; `None` when it is as it was.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        design: Option<Value>,
        /// New properties.
        properties: Properties,
    },
    /// The candidate is out.
    Rejected {
        /// Why.
        reason: String,
    },
}

/// A candidate that went through the funnel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// Candidate number.
    pub number: u64,
    /// What became of it: evaluated, rejected or failed.
    pub status: Status,
    /// Why it was rejected or failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The tier, filter or objective that rejected it or failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<String>,
    /// Filters that would have removed it and let it pass by chance, to be judged by what it turns
    /// out to be.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub audited: Vec<String>,
    /// Novelty verdict.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub novelty: Option<Nearest>,
    /// The refined design; `None` when it is as it was proposed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub design: Option<Value>,
    /// What the tiers found out.
    pub properties: Properties,
    /// Values of the objectives.
    pub objectives: BTreeMap<String, f64>,
    /// What it cost.
    pub costs: Vec<TierCost>,
    /// Results of tiers that are worth keeping and were not known, by their place in the funnel.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fresh: BTreeMap<usize, TierResult>,
    /// Values of objectives that are worth keeping and were not known.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fresh_values: BTreeMap<String, f64>,
}

impl Outcome {
    /// A candidate of which nothing is known but that it failed, and why.
    pub fn failed(number: u64, stage: &str, reason: &str) -> Self {
        Self {
            number,
            status: Status::Failed,
            reason: Some(reason.to_owned()),
            stage: Some(stage.to_owned()),
            audited: Vec::new(),
            novelty: None,
            design: None,
            properties: Properties::new(),
            objectives: BTreeMap::new(),
            costs: Vec::new(),
            fresh: BTreeMap::new(),
            fresh_values: BTreeMap::new(),
        }
    }
}

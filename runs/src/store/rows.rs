//! Rows of the store as the rest of druse sees them.

use std::collections::BTreeMap;

use druse_fitness::Properties;
use druse_generators::Lineage;
use druse_validation::Nearest;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{Measured, StoreError};
use crate::engine::Outcome;
use crate::ledger::Energy;

/// What became of a candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Proposed, not yet evaluated.
    Proposed,
    /// All tiers passed, all objectives known.
    Evaluated,
    /// The same design as an earlier candidate; the reason names it.
    Duplicate,
    /// A check or tier rejected it with a reason.
    Rejected,
    /// An objective has no value, with a reason.
    Failed,
}

impl Status {
    /// Name as stored.
    pub fn name(self) -> &'static str {
        match self {
            Self::Proposed => "proposed",
            Self::Evaluated => "evaluated",
            Self::Duplicate => "duplicate",
            Self::Rejected => "rejected",
            Self::Failed => "failed",
        }
    }

    pub(super) fn from_name(name: &str) -> Option<Self> {
        [Self::Proposed, Self::Evaluated, Self::Duplicate, Self::Rejected, Self::Failed]
            .into_iter()
            .find(|status| status.name() == name)
    }
}

/// What one tier spent on a candidate (its share of the batch).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TierCost {
    /// Tier.
    pub tier: String,
    /// Wall seconds.
    pub seconds: f64,
    /// CPU seconds, of the programs that the tier ran too.
    pub cpu: f64,
    /// Whether the result was known already, so that this was saved rather than spent.
    pub reused: bool,
}

/// A candidate as the store knows it. Designs are JSON of the campaign's domain.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CandidateRow {
    /// Candidate number, from 0.
    pub number: u64,
    /// Step in which it was proposed, from 0.
    pub step: u64,
    /// Content id of the proposed design.
    pub content_id: String,
    /// What became of it.
    pub status: Status,
    /// Why it was rejected or failed, or what it repeats.
    pub reason: Option<String>,
    /// The tier, filter or objective that rejected it or failed.
    pub stage: Option<String>,
    /// Filters that would have removed it and let it pass by chance.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub audited: Vec<String>,
    /// Sum of constraint violations of an evaluated candidate, 0 when all hold.
    pub violation: Option<f64>,
    /// Where it comes from.
    pub lineage: Lineage,
    /// Novelty verdict.
    pub novelty: Option<Nearest>,
    /// The design as proposed.
    pub proposed: serde_json::Value,
    /// The design after refinement; `None` when it is as it was proposed.
    pub design: Option<serde_json::Value>,
    /// What the tiers found out.
    pub properties: Properties,
    /// Values of the objectives in their own units.
    pub objectives: BTreeMap<String, f64>,
    /// Measured values with the predictions that they replaced among objectives and properties; empty
    /// as the store keeps the row, see [`crate::campaign::candidates`].
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub measured: BTreeMap<String, Measured>,
    /// What it cost; left out of exported results since it differs from run to run.
    #[serde(skip)]
    pub costs: Vec<TierCost>,
}

impl CandidateRow {
    /// Takes over what became of the candidate.
    pub(crate) fn take(&mut self, outcome: Outcome) {
        self.status = outcome.status;
        (self.reason, self.stage, self.audited) = (outcome.reason, outcome.stage, outcome.audited);
        (self.novelty, self.design) = (outcome.novelty, outcome.design);
        (self.properties, self.objectives) = (outcome.properties, outcome.objectives);
        self.costs = outcome.costs;
    }

    /// The refined design, or the proposed one when nothing refined it.
    ///
    /// # Errors
    /// When the stored JSON is no such design.
    pub fn design<D: DeserializeOwned>(&self) -> Result<D, StoreError> {
        self.read(self.design.as_ref().unwrap_or(&self.proposed))
    }

    /// The design as it was proposed.
    ///
    /// # Errors
    /// When the stored JSON is no such design.
    pub fn proposed<D: DeserializeOwned>(&self) -> Result<D, StoreError> {
        self.read(&self.proposed)
    }

    fn read<D: DeserializeOwned>(&self, value: &serde_json::Value) -> Result<D, StoreError> {
        D::deserialize(value).map_err(|source| StoreError::Damaged {
            what: format!("design of candidate {}", self.number),
            source,
        })
    }
}

/// A finished step.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StepRow {
    /// Step, from 0.
    pub step: u64,
    /// Distinct candidates evaluated so far.
    pub evaluated: u64,
    /// Candidates on the Pareto front so far.
    pub front: u64,
    /// Hypervolume of the front against the campaign's reference point; `None` where it is not
    /// defined (no evaluated candidate, or more objectives than the exact algorithm handles).
    pub hypervolume: Option<f64>,
    /// Wall seconds of the step.
    #[serde(skip)]
    pub seconds: f64,
    /// Energy used in the step.
    #[serde(skip)]
    pub energy: Energy,
}

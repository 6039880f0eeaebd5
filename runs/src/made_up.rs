//! Rows for tests.

use druse_generators::Lineage;
use serde_json::json;

use crate::store::{CandidateRow, Status};

/// A candidate of which nothing is known.
pub(crate) fn row(number: u64) -> CandidateRow {
    CandidateRow {
        number,
        step: 0,
        content_id: number.to_string(),
        status: Status::Proposed,
        reason: None,
        stage: None,
        audited: Vec::new(),
        violation: None,
        lineage: Lineage::new("random", "random", Vec::new()),
        novelty: None,
        proposed: json!(number),
        design: None,
        properties: Default::default(),
        objectives: Default::default(),
        measured: Default::default(),
        costs: Vec::new(),
    }
}

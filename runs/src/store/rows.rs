//! Rows of the store and their reading and writing.

use std::collections::BTreeMap;

use druse_fitness::Properties;
use druse_generators::Lineage;
use druse_validation::Nearest;
use rusqlite::{Connection, Row, params};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::StoreError;
use crate::ledger::{Basis, Energy};

pub(super) const GENERATOR_STATE: &str = "generator_state";

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

    fn from_name(name: &str) -> Option<Self> {
        [Self::Proposed, Self::Evaluated, Self::Duplicate, Self::Rejected, Self::Failed]
            .into_iter()
            .find(|status| status.name() == name)
    }
}

/// Seconds that one tier spent on a candidate (its share of the batch).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TierCost {
    /// Tier.
    pub tier: String,
    /// Seconds of one core.
    pub seconds: f64,
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
    /// Sum of constraint violations of an evaluated candidate, 0 when all hold.
    pub violation: Option<f64>,
    /// Where it comes from.
    pub lineage: Lineage,
    /// Novelty verdict.
    pub novelty: Option<Nearest>,
    /// The design as proposed.
    pub proposed: serde_json::Value,
    /// The design after refinement.
    pub design: Option<serde_json::Value>,
    /// What the tiers found out.
    pub properties: Properties,
    /// Values of the objectives in their own units.
    pub objectives: BTreeMap<String, f64>,
    /// What it cost; left out of exported results since it differs from run to run.
    #[serde(skip)]
    pub costs: Vec<TierCost>,
}

impl CandidateRow {
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

pub(super) fn insert_proposal(connection: &Connection, row: &CandidateRow) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "INSERT INTO candidate (number, step, content_id, status, lineage, proposed) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![
            row.number as i64,
            row.step as i64,
            row.content_id,
            Status::Proposed.name(),
            to_json(&row.lineage),
            to_json(&row.proposed),
        ])?;
    Ok(())
}

pub(super) fn update_outcome(connection: &Connection, row: &CandidateRow) -> Result<(), StoreError> {
    let number = row.number as i64;
    connection
        .prepare_cached(
            "UPDATE candidate SET status = ?2, reason = ?3, violation = ?4, novelty = ?5, design = ?6 \
             WHERE number = ?1",
        )?
        .execute(params![
            number,
            row.status.name(),
            row.reason,
            row.violation,
            row.novelty.as_ref().map(to_json),
            row.design.as_ref().map(to_json),
        ])?;
    for (table, values) in [("property", &row.properties), ("objective", &row.objectives)] {
        let mut insert = connection.prepare_cached(&format!(
            "INSERT OR REPLACE INTO {table} (number, name, value) VALUES (?1, ?2, ?3)"
        ))?;
        for (name, value) in values {
            insert.execute(params![number, name, value])?;
        }
    }
    let mut insert = connection
        .prepare_cached("INSERT OR REPLACE INTO tier_cost (number, tier, seconds) VALUES (?1, ?2, ?3)")?;
    for cost in &row.costs {
        insert.execute(params![number, cost.tier, cost.seconds])?;
    }
    Ok(())
}

pub(super) fn insert_step(connection: &Connection, row: &StepRow) -> Result<(), StoreError> {
    connection.execute(
        "INSERT INTO step (step, evaluated, front, hypervolume, seconds, joules, basis) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![
            row.step as i64,
            row.evaluated as i64,
            row.front as i64,
            row.hypervolume,
            row.seconds,
            row.energy.joules,
            row.energy.basis.name(),
        ],
    )?;
    Ok(())
}

pub(super) fn set_generator_state(
    connection: &Connection,
    state: &serde_json::Value,
) -> Result<(), StoreError> {
    connection.execute(
        "INSERT OR REPLACE INTO meta (key, value) VALUES (?1, ?2)",
        params![GENERATOR_STATE, state.to_string()],
    )?;
    Ok(())
}

pub(super) fn candidates(connection: &Connection) -> Result<Vec<CandidateRow>, StoreError> {
    let mut properties = named_values(connection, "property")?;
    let mut objectives = named_values(connection, "objective")?;
    let mut costs = tier_costs(connection)?;
    let mut statement = connection.prepare(
        "SELECT number, step, content_id, status, reason, violation, lineage, novelty, proposed, design \
         FROM candidate ORDER BY number",
    )?;
    let mut rows = statement.query([])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        let number = row.get::<_, i64>(0)? as u64;
        let what = |column: &str| format!("{column} of candidate {number}");
        let status: String = row.get(3)?;
        all.push(CandidateRow {
            number,
            step: row.get::<_, i64>(1)? as u64,
            content_id: row.get(2)?,
            status: Status::from_name(&status).unwrap_or(Status::Failed),
            reason: row.get(4)?,
            violation: row.get(5)?,
            lineage: from_json(&row.get::<_, String>(6)?, what("lineage"))?,
            novelty: optional_json(row, 7, what("novelty"))?,
            proposed: from_json(&row.get::<_, String>(8)?, what("proposed design"))?,
            design: optional_json(row, 9, what("design"))?,
            properties: properties.remove(&number).unwrap_or_default(),
            objectives: objectives.remove(&number).unwrap_or_default(),
            costs: costs.remove(&number).unwrap_or_default(),
        });
    }
    Ok(all)
}

pub(super) fn steps(connection: &Connection) -> Result<Vec<StepRow>, StoreError> {
    let mut statement = connection.prepare(
        "SELECT step, evaluated, front, hypervolume, seconds, joules, basis FROM step ORDER BY step",
    )?;
    let rows = statement.query_map([], |row| {
        let measured = row.get::<_, String>(6)? == Basis::Measured.name();
        Ok(StepRow {
            step: row.get::<_, i64>(0)? as u64,
            evaluated: row.get::<_, i64>(1)? as u64,
            front: row.get::<_, i64>(2)? as u64,
            hypervolume: row.get(3)?,
            seconds: row.get(4)?,
            energy: Energy {
                joules: row.get(5)?,
                basis: if measured { Basis::Measured } else { Basis::Estimated },
            },
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn named_values(
    connection: &Connection,
    table: &str,
) -> Result<BTreeMap<u64, BTreeMap<String, f64>>, StoreError> {
    let mut statement = connection.prepare(&format!("SELECT number, name, value FROM {table}"))?;
    let mut rows = statement.query([])?;
    let mut all: BTreeMap<u64, BTreeMap<String, f64>> = BTreeMap::new();
    while let Some(row) = rows.next()? {
        all.entry(row.get::<_, i64>(0)? as u64).or_default().insert(row.get(1)?, row.get(2)?);
    }
    Ok(all)
}

fn tier_costs(connection: &Connection) -> Result<BTreeMap<u64, Vec<TierCost>>, StoreError> {
    let mut statement =
        connection.prepare("SELECT number, tier, seconds FROM tier_cost ORDER BY number, tier")?;
    let mut rows = statement.query([])?;
    let mut all: BTreeMap<u64, Vec<TierCost>> = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let cost = TierCost { tier: row.get(1)?, seconds: row.get(2)? };
        all.entry(row.get::<_, i64>(0)? as u64).or_default().push(cost);
    }
    Ok(all)
}

/// JSON of a value whose serialisation cannot fail: string keys and finite numbers only.
fn to_json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_else(|_| "null".to_owned())
}

fn from_json<T: DeserializeOwned>(text: &str, what: String) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|source| StoreError::Damaged { what, source })
}

fn optional_json<T: DeserializeOwned>(
    row: &Row<'_>,
    column: usize,
    what: String,
) -> Result<Option<T>, StoreError> {
    row.get::<_, Option<String>>(column)?.map(|text| from_json(&text, what)).transpose()
}

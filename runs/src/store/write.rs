//! Rows on their way into the store. All of them carry a checksum.

use std::collections::BTreeMap;

use rusqlite::{Connection, params};
use serde::Serialize;

use super::checksum::{Checksum, of_texts};
use super::rows::{CandidateRow, Status, StepRow, TierCost};
use super::{EXTENT, Extent};

/// A candidate in the texts and numbers that are stored.
pub(super) struct Stored {
    pub(super) number: u64,
    pub(super) step: u64,
    pub(super) content_id: String,
    pub(super) status: String,
    pub(super) reason: Option<String>,
    pub(super) violation: Option<f64>,
    pub(super) lineage: String,
    pub(super) novelty: Option<String>,
    pub(super) proposed: String,
    pub(super) design: Option<String>,
    pub(super) stage: Option<String>,
    pub(super) audited: Option<String>,
}

impl Stored {
    /// A candidate at birth.
    fn proposal(row: &CandidateRow) -> Self {
        Self {
            number: row.number,
            step: row.step,
            content_id: row.content_id.clone(),
            status: Status::Proposed.name().to_owned(),
            reason: None,
            violation: None,
            lineage: to_json(&row.lineage),
            novelty: None,
            proposed: to_json(&row.proposed),
            design: None,
            stage: None,
            audited: None,
        }
    }

    fn of(row: &CandidateRow) -> Self {
        Self {
            status: row.status.name().to_owned(),
            reason: row.reason.clone(),
            violation: row.violation,
            novelty: row.novelty.as_ref().map(to_json),
            design: row.design.as_ref().map(to_json),
            stage: row.stage.clone(),
            audited: (!row.audited.is_empty()).then(|| to_json(&row.audited)),
            ..Self::proposal(row)
        }
    }

    /// Checksum of a candidate with all that is known of it: these fields and the rows of other tables.
    pub(super) fn checksum(
        &self,
        properties: &BTreeMap<String, f64>,
        objectives: &BTreeMap<String, f64>,
        costs: &[TierCost],
    ) -> Checksum {
        let mut checksum = Checksum::default();
        checksum.integer(self.number).integer(self.step).text(&self.content_id).text(&self.status);
        checksum.optional_text(self.reason.as_deref()).optional_number(self.violation);
        checksum.text(&self.lineage).optional_text(self.novelty.as_deref());
        checksum.text(&self.proposed).optional_text(self.design.as_deref());
        checksum.optional_text(self.stage.as_deref()).optional_text(self.audited.as_deref());
        checksum.values(properties).values(objectives).costs(costs);
        checksum
    }
}

pub(super) fn insert_proposal(connection: &Connection, row: &CandidateRow) -> rusqlite::Result<()> {
    let stored = Stored::proposal(row);
    let checksum = stored.checksum(&BTreeMap::new(), &BTreeMap::new(), &[]).finish();
    connection
        .prepare_cached(
            "INSERT INTO candidate (number, step, content_id, status, lineage, proposed, checksum) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![
            stored.number as i64,
            stored.step as i64,
            stored.content_id,
            stored.status,
            stored.lineage,
            stored.proposed,
            checksum,
        ])?;
    Ok(())
}

pub(super) fn update_outcome(connection: &Connection, row: &CandidateRow) -> rusqlite::Result<()> {
    let number = row.number as i64;
    let stored = Stored::of(row);
    connection
        .prepare_cached(
            "UPDATE candidate SET status = ?2, reason = ?3, violation = ?4, novelty = ?5, design = ?6, \
             stage = ?7, audited = ?8, checksum = ?9 WHERE number = ?1",
        )?
        .execute(params![
            number,
            stored.status,
            stored.reason,
            stored.violation,
            stored.novelty,
            stored.design,
            stored.stage,
            stored.audited,
            stored.checksum(&row.properties, &row.objectives, &row.costs).finish(),
        ])?;
    for (table, values) in [("property", &row.properties), ("objective", &row.objectives)] {
        let mut insert = connection.prepare_cached(&format!(
            "INSERT OR REPLACE INTO {table} (number, name, value) VALUES (?1, ?2, ?3)"
        ))?;
        for (name, value) in values {
            insert.execute(params![number, name, value])?;
        }
    }
    let mut insert = connection.prepare_cached(
        "INSERT OR REPLACE INTO tier_cost (number, tier, seconds, cpu, reused) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    for cost in &row.costs {
        insert.execute(params![number, cost.tier, cost.seconds, cost.cpu, cost.reused])?;
    }
    Ok(())
}

pub(super) fn step_checksum(row: &StepRow) -> Checksum {
    let mut checksum = Checksum::default();
    checksum.integer(row.step).integer(row.evaluated).integer(row.front).optional_number(row.hypervolume);
    checksum.number(row.seconds).number(row.energy.joules).text(row.energy.basis.name());
    checksum
}

pub(super) fn insert_step(connection: &Connection, row: &StepRow) -> rusqlite::Result<()> {
    connection.execute(
        "INSERT INTO step (step, evaluated, front, hypervolume, seconds, joules, basis, checksum) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        params![
            row.step as i64,
            row.evaluated as i64,
            row.front as i64,
            row.hypervolume,
            row.seconds,
            row.energy.joules,
            row.energy.basis.name(),
            step_checksum(row).finish(),
        ],
    )?;
    Ok(())
}

pub(super) fn set_meta(connection: &Connection, key: &str, value: &str) -> rusqlite::Result<()> {
    connection
        .prepare_cached("INSERT OR REPLACE INTO meta (key, value, checksum) VALUES (?1, ?2, ?3)")?
        .execute(params![key, value, of_texts(&[key, value])])?;
    Ok(())
}

/// Sets the numbers of rows, that of the values of the campaign as a whole counted here.
pub(super) fn set_extent(connection: &Connection, extent: Extent) -> rusqlite::Result<()> {
    let others: i64 = connection
        .prepare_cached("SELECT count(*) FROM meta WHERE key <> ?1")?
        .query_row([EXTENT], |row| row.get(0))?;
    set_meta(connection, EXTENT, &Extent { meta: Some(others as u64 + 1), ..extent }.to_json())
}

pub(super) fn insert_journal(connection: &Connection, place: u64, entry: &str) -> rusqlite::Result<()> {
    connection
        .prepare_cached("INSERT INTO journal (place, entry, checksum) VALUES (?1, ?2, ?3)")?
        .execute(params![place as i64, entry, of_texts(&[entry])])?;
    Ok(())
}

/// JSON of a value whose serialisation cannot fail: string keys and finite numbers only.
pub(super) fn to_json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_else(|_| "null".to_owned())
}

//! Rows on their way out of the store, one at a time, held against their checksums.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use rusqlite::{Connection, Row, Rows, params};
use serde::de::DeserializeOwned;

use super::checksum::Checksum;
use super::rows::{CandidateRow, Status, StepRow, TierCost};
use super::write::{Stored, step_checksum};
use super::{EXTENT, Extent, StoreError, expect};
use crate::ledger::{Basis, Energy};

/// Whether rows are held against their checksums.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Check {
    /// They are.
    Verify,
    /// They have none yet: an older format is being brought up to date.
    Skip,
}

/// Hands all candidates from `first` to `last` to `visit`, in order of number, until it wants no more;
/// gives their count. `visit` also gets the checksum that the row should have.
pub(super) fn candidates(
    connection: &Connection,
    [first, last]: [u64; 2],
    check: Check,
    mut visit: impl FnMut(CandidateRow, i64) -> ControlFlow<()>,
) -> Result<u64, StoreError> {
    let between = params![first as i64, i64::try_from(last).unwrap_or(i64::MAX)];
    let prepare = |select: &str| {
        connection.prepare_cached(&format!("{select} WHERE number BETWEEN ?1 AND ?2 ORDER BY number"))
    };
    let mut candidates = prepare(
        "SELECT number, step, content_id, status, reason, violation, lineage, novelty, proposed, design, \
         stage, audited, checksum FROM candidate",
    )?;
    let mut properties = prepare("SELECT number, name, value FROM property")?;
    let mut objectives = prepare("SELECT number, name, value FROM objective")?;
    let mut costs = prepare("SELECT number, tier, seconds, cpu, reused FROM tier_cost")?;
    let mut rows = candidates.query(between)?;
    let mut properties = Beside::new("property", properties.query(between)?, named_value)?;
    let mut objectives = Beside::new("objective", objectives.query(between)?, named_value)?;
    let mut costs = Beside::new("cost", costs.query(between)?, cost)?;
    let (mut count, mut before) = (0, None);
    while let Some(row) = rows.next()? {
        let stored = stored(row)?;
        let number = stored.number;
        if before.is_some_and(|before| before >= number) {
            return Err(StoreError::Corrupt(format!("candidate {number} is out of order")));
        }
        let properties = properties.of(number)?.into_iter().collect();
        let objectives = objectives.of(number)?.into_iter().collect();
        let costs = costs.of(number)?;
        let checksum = stored.checksum(&properties, &objectives, &costs);
        if check == Check::Verify {
            checksum.verify(row, 12, || format!("candidate {number}"))?;
        }
        let candidate = CandidateRow { properties, objectives, costs, ..read_candidate(stored)? };
        (count, before) = (count + 1, Some(number));
        if visit(candidate, checksum.finish()).is_break() {
            return Ok(count);
        }
    }
    properties.end()?;
    objectives.end()?;
    costs.end()?;
    Ok(count)
}

fn named_value(row: &Row<'_>) -> rusqlite::Result<(String, f64)> {
    Ok((row.get(1)?, row.get(2)?))
}

fn cost(row: &Row<'_>) -> rusqlite::Result<TierCost> {
    Ok(TierCost { tier: row.get(1)?, seconds: row.get(2)?, cpu: row.get(3)?, reused: row.get(4)? })
}

fn stored(row: &Row<'_>) -> rusqlite::Result<Stored> {
    Ok(Stored {
        number: row.get::<_, i64>(0)? as u64,
        step: row.get::<_, i64>(1)? as u64,
        content_id: row.get(2)?,
        status: row.get(3)?,
        reason: row.get(4)?,
        violation: row.get(5)?,
        lineage: row.get(6)?,
        novelty: row.get(7)?,
        proposed: row.get(8)?,
        design: row.get(9)?,
        stage: row.get(10)?,
        audited: row.get(11)?,
    })
}

/// A candidate without its rows of other tables.
fn read_candidate(stored: Stored) -> Result<CandidateRow, StoreError> {
    let number = stored.number;
    let what = |column: &str| format!("{column} of candidate {number}");
    let unknown = || StoreError::Corrupt(format!("status of candidate {number}: '{}'", stored.status));
    Ok(CandidateRow {
        number,
        step: stored.step,
        status: Status::from_name(&stored.status).ok_or_else(unknown)?,
        content_id: stored.content_id,
        reason: stored.reason,
        violation: stored.violation,
        lineage: from_json(&stored.lineage, what("lineage"))?,
        novelty: optional_json(stored.novelty.as_deref(), what("novelty"))?,
        proposed: from_json(&stored.proposed, what("proposed design"))?,
        design: optional_json(stored.design.as_deref(), what("design"))?,
        stage: stored.stage,
        audited: optional_json(stored.audited.as_deref(), what("audited filters"))?.unwrap_or_default(),
        properties: BTreeMap::new(),
        objectives: BTreeMap::new(),
        measured: BTreeMap::new(),
        costs: Vec::new(),
    })
}

/// Rows of another table that belong to candidates, read side by side with these.
struct Beside<'a, T> {
    what: &'static str,
    rows: Rows<'a>,
    read: fn(&Row<'_>) -> rusqlite::Result<T>,
    /// The next row and the candidate to whom it belongs.
    next: Option<(u64, T)>,
}

impl<'a, T> Beside<'a, T> {
    fn new(
        what: &'static str,
        rows: Rows<'a>,
        read: fn(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Self, StoreError> {
        let mut beside = Self { what, rows, read, next: None };
        beside.advance()?;
        Ok(beside)
    }

    /// Takes the next row and goes on to the one after it.
    fn advance(&mut self) -> Result<Option<T>, StoreError> {
        let next = match self.rows.next()? {
            Some(row) => Some((row.get::<_, i64>(0)? as u64, (self.read)(row)?)),
            None => None,
        };
        Ok(std::mem::replace(&mut self.next, next).map(|(_, row)| row))
    }

    /// All rows of one candidate.
    fn of(&mut self, number: u64) -> Result<Vec<T>, StoreError> {
        let mut all = Vec::new();
        while self.next.as_ref().is_some_and(|(owner, _)| *owner == number) {
            all.extend(self.advance()?);
        }
        match &self.next {
            Some((owner, _)) if *owner < number => self.end().map(|()| all),
            _ => Ok(all),
        }
    }

    /// Fails when rows are left that belong to nobody.
    fn end(&self) -> Result<(), StoreError> {
        match &self.next {
            None => Ok(()),
            Some((owner, _)) => {
                Err(StoreError::Corrupt(format!("a {} of no candidate ({owner})", self.what)))
            }
        }
    }
}

/// All steps in order.
pub(super) fn steps(connection: &Connection, check: Check) -> Result<Vec<(StepRow, i64)>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT step, evaluated, front, hypervolume, seconds, joules, basis, checksum FROM step ORDER BY step",
    )?;
    let mut rows = statement.query([])?;
    let mut steps = Vec::new();
    while let Some(row) = rows.next()? {
        let basis: String = row.get(6)?;
        let step = StepRow {
            step: row.get::<_, i64>(0)? as u64,
            evaluated: row.get::<_, i64>(1)? as u64,
            front: row.get::<_, i64>(2)? as u64,
            hypervolume: row.get(3)?,
            seconds: row.get(4)?,
            energy: Energy {
                joules: row.get(5)?,
                basis: Basis::from_name(&basis).unwrap_or(Basis::Estimated),
            },
        };
        let checksum = step_checksum(&step);
        if check == Check::Verify {
            checksum.verify(row, 7, || format!("step {}", step.step))?;
        }
        let checksum = checksum.finish();
        steps.push((step, checksum));
    }
    Ok(steps)
}

/// A value of the campaign as a whole.
pub(super) fn meta(connection: &Connection, key: &str) -> Result<Option<String>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT value, checksum FROM meta WHERE key = ?1")?;
    let mut rows = statement.query([key])?;
    let Some(row) = rows.next()? else { return verify_meta(connection).map(|()| None) };
    let value: String = row.get(0)?;
    Checksum::default().text(key).text(&value).verify(row, 1, || format!("the value '{key}'"))?;
    Ok(Some(value))
}

/// Holds all values of the campaign as a whole against their checksums and their number: a key with a
/// flipped bit, or a page that says it has fewer rows, hides a value, which must not pass for one that
/// was never there.
fn verify_meta(connection: &Connection) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached("SELECT key, value, checksum FROM meta")?;
    let mut rows = statement.query([])?;
    let (mut count, mut extent) = (0, None);
    while let Some(row) = rows.next()? {
        let (key, value): (String, String) = (row.get(0)?, row.get(1)?);
        Checksum::default().text(&key).text(&value).verify(row, 2, || format!("the value '{key}'"))?;
        count += 1;
        if key == EXTENT {
            extent = Some(from_json::<Extent>(&value, "numbers of rows".to_owned())?);
        }
    }
    let extent = extent.ok_or_else(Extent::missing)?;
    extent.meta.map_or(Ok(()), |expected| expect("values of the campaign", count, expected))
}

/// Hands all entries of the journal to `visit`, in order, until it wants no more; gives their count.
pub(super) fn journal(
    connection: &Connection,
    mut visit: impl FnMut(serde_json::Value) -> ControlFlow<()>,
) -> Result<u64, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT place, entry, checksum FROM journal ORDER BY place")?;
    let mut rows = statement.query([])?;
    let mut count = 0;
    while let Some(row) = rows.next()? {
        let what = || format!("entry {count} of the journal");
        let text: String = row.get(1)?;
        Checksum::default().text(&text).verify(row, 2, what)?;
        let entry = from_json(&text, what())?;
        count += 1;
        if visit(entry).is_break() {
            return Ok(count);
        }
    }
    Ok(count)
}

/// The version of the tables; `None` in an empty file.
pub(super) fn version(connection: &Connection) -> Result<Option<i64>, StoreError> {
    let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    Ok((version != 0).then_some(version))
}

pub(super) fn from_json<T: DeserializeOwned>(text: &str, what: String) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|source| StoreError::Damaged { what, source })
}

fn optional_json<T: DeserializeOwned>(text: Option<&str>, what: String) -> Result<Option<T>, StoreError> {
    text.map(|text| from_json(text, what)).transpose()
}

//! Tables of the store, their version, and how older versions are brought up to date.
//!
//! To change the tables: raise [`FORMAT_VERSION`], change [`TABLES`], and give [`migrate`] the step from
//! the version before, which alters what is there and fills what is new. Add a test that makes a store by
//! the old statements, as `a_store_of_format_1_goes_on` does.

use std::ops::ControlFlow;

use rusqlite::{Connection, Transaction, TransactionBehavior, params};

use super::read::{self, Check};
use super::write::{set_extent, set_meta};
use super::{Extent, StoreError};

/// Version of the tables below, kept in SQLite's `user_version`.
pub(super) const FORMAT_VERSION: i64 = 2;

const TABLES: &str = "
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL, checksum INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE candidate (
    number     INTEGER PRIMARY KEY,
    step       INTEGER NOT NULL,
    content_id TEXT NOT NULL,
    status     TEXT NOT NULL CHECK (status IN ('proposed', 'evaluated', 'duplicate', 'rejected', 'failed')),
    reason     TEXT,
    violation  REAL,
    lineage    TEXT NOT NULL,
    novelty    TEXT,
    proposed   TEXT NOT NULL,
    design     TEXT,
    stage      TEXT,
    audited    TEXT,
    checksum   INTEGER NOT NULL
);
CREATE TABLE property (
    number INTEGER NOT NULL REFERENCES candidate (number),
    name   TEXT NOT NULL,
    value  REAL NOT NULL,
    PRIMARY KEY (number, name)
) WITHOUT ROWID;
CREATE TABLE objective (
    number INTEGER NOT NULL REFERENCES candidate (number),
    name   TEXT NOT NULL,
    value  REAL NOT NULL,
    PRIMARY KEY (number, name)
) WITHOUT ROWID;
CREATE TABLE tier_cost (
    number  INTEGER NOT NULL REFERENCES candidate (number),
    tier    TEXT NOT NULL,
    seconds REAL NOT NULL,
    cpu     REAL NOT NULL DEFAULT 0,
    reused  INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (number, tier)
) WITHOUT ROWID;
CREATE TABLE step (
    step        INTEGER PRIMARY KEY,
    evaluated   INTEGER NOT NULL,
    front       INTEGER NOT NULL,
    hypervolume REAL,
    seconds     REAL NOT NULL,
    joules      REAL NOT NULL,
    basis       TEXT NOT NULL,
    checksum    INTEGER NOT NULL
);
";

/// Tables that format 1 did not have.
const SINCE_2: &str = "
CREATE TABLE journal (
    place    INTEGER PRIMARY KEY,
    entry    TEXT NOT NULL,
    checksum INTEGER NOT NULL
);
CREATE TABLE evaluation (
    key    BLOB PRIMARY KEY,
    number INTEGER,
    value  BLOB NOT NULL
) WITHOUT ROWID;
CREATE TABLE measurement (
    number INTEGER NOT NULL REFERENCES candidate (number),
    name   TEXT NOT NULL,
    value  REAL NOT NULL,
    source TEXT NOT NULL,
    step   INTEGER,
    checksum INTEGER NOT NULL,
    PRIMARY KEY (number, name)
) WITHOUT ROWID;
";

/// Columns that format 1 did not have.
const COLUMNS_SINCE_2: &str = "
ALTER TABLE meta ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
ALTER TABLE candidate ADD COLUMN stage TEXT;
ALTER TABLE candidate ADD COLUMN audited TEXT;
ALTER TABLE candidate ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tier_cost ADD COLUMN cpu REAL NOT NULL DEFAULT 0;
ALTER TABLE tier_cost ADD COLUMN reused INTEGER NOT NULL DEFAULT 0;
ALTER TABLE step ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
";

/// Creates the tables in an empty database, and values of the campaign as a whole.
pub(super) fn create(connection: &mut Connection, meta: &[(&str, &str)]) -> rusqlite::Result<()> {
    connection.pragma_update(None, "synchronous", "FULL")?;
    let transaction = connection.transaction()?;
    transaction.execute_batch(&format!("{TABLES} {SINCE_2}"))?;
    transaction.pragma_update(None, "user_version", FORMAT_VERSION)?;
    for (key, value) in meta {
        set_meta(&transaction, key, value)?;
    }
    set_extent(&transaction, Extent::default())?;
    transaction.commit()
}

/// Brings the tables up to date, all steps in one transaction. A file without tables or of a newer
/// format stays as it is.
pub(super) fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found = read::version(&transaction)?;
    if found == Some(1) {
        from_1_to_2(&transaction)?;
        transaction.pragma_update(None, "user_version", 2)?;
    }
    Ok(transaction.commit()?)
}

/// Rows get their checksums; the generator's memory moves from its state into the journal by itself
/// when the campaign goes on.
fn from_1_to_2(transaction: &Transaction<'_>) -> Result<(), StoreError> {
    transaction.execute_batch(&format!("{COLUMNS_SINCE_2} {SINCE_2}"))?;
    let mut checksums = Vec::new();
    let all = [0, u64::MAX];
    read::candidates(transaction, all, Check::Skip, |row, checksum| {
        checksums.push((row.number, checksum));
        ControlFlow::Continue(())
    })?;
    let extent = Extent { candidates: checksums.len() as u64, ..Extent::default() };
    seal(transaction, "candidate", "number", checksums)?;
    let steps = read::steps(transaction, Check::Skip)?;
    let extent = Extent { steps: steps.len() as u64, ..extent };
    seal(transaction, "step", "step", steps.into_iter().map(|(row, checksum)| (row.step, checksum)))?;
    let values: Vec<(String, String)> = transaction
        .prepare("SELECT key, value FROM meta")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    for (key, value) in values {
        set_meta(transaction, &key, &value)?;
    }
    Ok(set_extent(transaction, extent)?)
}

fn seal(
    transaction: &Transaction<'_>,
    table: &str,
    key: &str,
    checksums: impl IntoIterator<Item = (u64, i64)>,
) -> rusqlite::Result<()> {
    let mut update = transaction.prepare(&format!("UPDATE {table} SET checksum = ?2 WHERE {key} = ?1"))?;
    for (number, checksum) in checksums {
        update.execute(params![number as i64, checksum])?;
    }
    Ok(())
}

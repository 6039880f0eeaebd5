//! Tables of the store and their version.

use std::path::Path;

use rusqlite::Connection;

use super::StoreError;

/// Version of the tables below, kept in SQLite's `user_version`.
pub(super) const FORMAT_VERSION: i64 = 1;

const TABLES: &str = "
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
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
    design     TEXT
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
    PRIMARY KEY (number, tier)
) WITHOUT ROWID;
CREATE TABLE step (
    step        INTEGER PRIMARY KEY,
    evaluated   INTEGER NOT NULL,
    front       INTEGER NOT NULL,
    hypervolume REAL,
    seconds     REAL NOT NULL,
    joules      REAL NOT NULL,
    basis       TEXT NOT NULL
);
";

/// Creates the tables in an empty database. WAL keeps readers and the one writer apart; FULL
/// makes a committed step survive a power loss.
pub(super) fn create(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.execute_batch(&format!("BEGIN; {TABLES} PRAGMA user_version = {FORMAT_VERSION}; COMMIT;"))
}

/// Refuses a database of another format.
pub(super) fn check(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let found: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if found != FORMAT_VERSION {
        return Err(StoreError::Format { path: path.to_owned(), found });
    }
    connection.pragma_update(None, "synchronous", "FULL")?;
    Ok(())
}

/// Takes back a database that could not be set up, so that nothing half-written stays.
pub(super) fn remove(database: &Path) {
    for suffix in ["", "-wal", "-shm"] {
        let mut name = database.as_os_str().to_owned();
        name.push(suffix);
        // What is not there need not be removed.
        let _ = std::fs::remove_file(name);
    }
}

//! A file of evaluations that several campaigns share.
//!
//! SQLite in WAL mode: readers do not wait, writers wait for each other, and each transaction is
//! short. The file is for the processes of one machine; workers elsewhere never open it.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OptionalExtension, TransactionBehavior, params};

use super::keys::Key;

/// Version of the table below, kept in SQLite's `user_version`.
const FORMAT_VERSION: i64 = 1;
/// SQLite's `application_id` of such files: "drsc".
const APPLICATION: i64 = 0x6472_7363;
/// How long one campaign waits for another one.
const PATIENCE: Duration = Duration::from_secs(60);

const TABLE: &str = "CREATE TABLE evaluation (key BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;";

/// Why a file of shared evaluations cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CacheError {
    /// Something else stands there.
    #[error("cache.shared: '{}' is no cache of druse; name another file", path.display())]
    NotACache {
        /// File.
        path: PathBuf,
    },
    /// Written by another version of the format.
    #[error("cache.shared: '{}' has cache format {found}, this druse reads format {FORMAT_VERSION}; name another file", path.display())]
    Format {
        /// File.
        path: PathBuf,
        /// Version found.
        found: i64,
    },
    /// Its contents cannot be trusted.
    #[error("cache.shared: '{}' is damaged ({reason}); delete the file, only computing time is lost with it", path.display())]
    Damaged {
        /// File.
        path: PathBuf,
        /// What was found.
        reason: String,
    },
    /// It cannot be read or written.
    #[error("cache.shared: cannot use '{}': {source}", path.display())]
    Sqlite {
        /// File.
        path: PathBuf,
        /// Reason.
        source: rusqlite::Error,
    },
}

/// An open file of shared evaluations.
pub struct SharedFile {
    connection: Mutex<Connection>,
    path: PathBuf,
}

impl SharedFile {
    /// Opens the file; creates it when absent.
    pub fn open(path: &Path) -> Result<Self, CacheError> {
        let error = |source| of_sqlite(path, source);
        let mut connection = Connection::open(path).map_err(error)?;
        connection.busy_timeout(PATIENCE).map_err(error)?;
        create(&mut connection).map_err(error)?;
        let number = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
        if number("application_id").map_err(error)? != APPLICATION {
            return Err(CacheError::NotACache { path: path.to_owned() });
        }
        let found = number("user_version").map_err(error)?;
        if found != FORMAT_VERSION {
            return Err(CacheError::Format { path: path.to_owned(), found });
        }
        // A power loss may take the last evaluations, which are only computed again.
        connection.pragma_update(None, "synchronous", "NORMAL").map_err(error)?;
        Ok(Self { connection: Mutex::new(connection), path: path.to_owned() })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What is known by a key.
    pub fn get(&self, key: &Key) -> Result<Option<Arc<[u8]>>, CacheError> {
        let connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        let look = || -> rusqlite::Result<Option<Vec<u8>>> {
            let mut statement = connection.prepare_cached("SELECT value FROM evaluation WHERE key = ?1")?;
            statement.query_row([key.bytes()], |row| row.get(0)).optional()
        };
        Ok(look().map_err(|source| of_sqlite(&self.path, source))?.map(Arc::from))
    }

    /// Adds evaluations in one transaction; what is there already stays.
    pub fn add<'a>(&self, entries: impl Iterator<Item = (&'a Key, &'a [u8])>) -> Result<(), CacheError> {
        let mut connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        let write = || -> rusqlite::Result<()> {
            // At once as a writer: a reader that becomes one cannot wait for another.
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            for (key, value) in entries {
                transaction
                    .prepare_cached("INSERT OR IGNORE INTO evaluation (key, value) VALUES (?1, ?2)")?
                    .execute(params![key.bytes(), value])?;
            }
            transaction.commit()
        };
        write().map_err(|source| of_sqlite(&self.path, source))
    }

    /// An entry that does not unpack.
    pub fn damaged(&self, reason: impl ToString) -> CacheError {
        CacheError::Damaged { path: self.path.clone(), reason: reason.to_string() }
    }
}

/// Makes the table in a file that is empty. Of two campaigns that find it so one waits for the other.
fn create(connection: &mut Connection) -> rusqlite::Result<()> {
    let is_empty = |connection: &Connection| {
        connection.query_row("SELECT count(*) = 0 FROM sqlite_schema", [], |row| row.get::<_, bool>(0))
    };
    if !is_empty(connection)? {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if is_empty(&transaction)? {
        transaction.execute_batch(TABLE)?;
        transaction.pragma_update(None, "application_id", APPLICATION)?;
        transaction.pragma_update(None, "user_version", FORMAT_VERSION)?;
    }
    transaction.commit()?;
    connection.pragma_update(None, "journal_mode", "WAL")
}

fn of_sqlite(path: &Path, source: rusqlite::Error) -> CacheError {
    let path = path.to_owned();
    match source.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => CacheError::NotACache { path },
        Some(ErrorCode::DatabaseCorrupt) => CacheError::Damaged { path, reason: source.to_string() },
        _ => CacheError::Sqlite { path, source },
    }
}

//! The campaign's truth: one SQLite file, one transaction a step.
//!
//! A campaign folder holds `campaign.toml` (the checked campaign), `campaign.db` (this store) and
//! what the run wrote for people. Only one engine may write at a time; readers are welcome.

mod rows;
mod schema;

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags, OptionalExtension, params};

pub use rows::{CandidateRow, Status, StepRow, TierCost};

/// Name of the database inside a campaign folder.
pub const DATABASE: &str = "campaign.db";
pub(crate) const LOCK: &str = "campaign.lock";

/// Why the store cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// There is no campaign in this folder.
    #[error("{0} holds no campaign: expected a file {DATABASE} in it")]
    NoCampaign(PathBuf),
    /// There is one already.
    #[error(
        "{0} already holds a campaign; continue it with 'druse resume', or choose another folder with --out"
    )]
    AlreadyThere(PathBuf),
    /// Another engine is at work here.
    #[error("another druse is running this campaign ({0} is locked)")]
    Locked(PathBuf),
    /// Written by another version of the format.
    #[error("{path} has store format {found}, this druse reads format {}", schema::FORMAT_VERSION)]
    Format {
        /// Database.
        path: PathBuf,
        /// Version found.
        found: i64,
    },
    /// A file or folder cannot be read or written.
    #[error("cannot write {path}: {source}")]
    Io {
        /// File or folder.
        path: PathBuf,
        /// Reason.
        source: std::io::Error,
    },
    /// SQLite reports an error, for instance a full disk.
    #[error("cannot use the campaign store: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// A stored design cannot be written in a file format.
    #[error("cannot write a design as a file: {0}")]
    Unwritable(String),
    /// A stored value cannot be read back.
    #[error("the campaign store is damaged: {what}: {source}")]
    Damaged {
        /// Which value.
        what: String,
        /// Reason.
        source: serde_json::Error,
    },
}

/// An open campaign store.
pub struct Store {
    connection: Connection,
    directory: PathBuf,
    /// Held for as long as this store may write; the system drops it when the process ends,
    /// however it ends.
    _lock: Option<File>,
}

impl Store {
    /// Creates the folder and an empty store in it.
    ///
    /// # Errors
    /// When the folder already holds a campaign or cannot be written.
    pub fn create(directory: &Path) -> Result<Self, StoreError> {
        let io = |source| StoreError::Io { path: directory.to_owned(), source };
        std::fs::create_dir_all(directory).map_err(io)?;
        let database = directory.join(DATABASE);
        if database.exists() {
            return Err(StoreError::AlreadyThere(directory.to_owned()));
        }
        let lock = lock(directory)?;
        let connection = Connection::open(&database)?;
        if let Err(error) = schema::create(&connection) {
            drop(connection);
            schema::remove(&database);
            return Err(error.into());
        }
        Ok(Self { connection, directory: directory.to_owned(), _lock: Some(lock) })
    }

    /// Opens a store to continue the campaign.
    ///
    /// # Errors
    /// When there is none, another engine holds it, or the format is another one.
    pub fn open(directory: &Path) -> Result<Self, StoreError> {
        let database = existing(directory)?;
        let lock = lock(directory)?;
        let connection = Connection::open(&database)?;
        schema::check(&connection, &database)?;
        Ok(Self { connection, directory: directory.to_owned(), _lock: Some(lock) })
    }

    /// Opens a store to look at it; a running engine does not mind.
    ///
    /// # Errors
    /// When there is none or the format is another one.
    pub fn read(directory: &Path) -> Result<Self, StoreError> {
        let database = existing(directory)?;
        let connection = Connection::open_with_flags(&database, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        schema::check(&connection, &database)?;
        Ok(Self { connection, directory: directory.to_owned(), _lock: None })
    }

    /// Folder of the campaign.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// A value of the campaign as a whole, such as its hash.
    ///
    /// # Errors
    /// When SQLite fails.
    pub fn meta(&self, key: &str) -> Result<Option<String>, StoreError> {
        Ok(self
            .connection
            .query_row("SELECT value FROM meta WHERE key = ?1", [key], |row| row.get(0))
            .optional()?)
    }

    /// Sets a value of the campaign as a whole.
    ///
    /// # Errors
    /// When SQLite fails.
    pub fn set_meta(&self, key: &str, value: &str) -> Result<(), StoreError> {
        self.connection
            .execute("INSERT OR REPLACE INTO meta (key, value) VALUES (?1, ?2)", params![key, value])?;
        Ok(())
    }

    /// Records newly proposed candidates together with the generator's state after proposing them.
    ///
    /// # Errors
    /// When SQLite fails; then nothing is recorded.
    pub fn record_proposals(
        &mut self,
        candidates: &[CandidateRow],
        generator_state: &serde_json::Value,
    ) -> Result<(), StoreError> {
        let transaction = self.connection.transaction()?;
        for candidate in candidates {
            rows::insert_proposal(&transaction, candidate)?;
        }
        rows::set_generator_state(&transaction, generator_state)?;
        Ok(transaction.commit()?)
    }

    /// Records the outcome of one step together with the generator's state after learning from it.
    ///
    /// # Errors
    /// When SQLite fails; then nothing is recorded.
    pub fn record_step(
        &mut self,
        outcomes: &[CandidateRow],
        step: &StepRow,
        generator_state: &serde_json::Value,
    ) -> Result<(), StoreError> {
        let transaction = self.connection.transaction()?;
        for outcome in outcomes {
            rows::update_outcome(&transaction, outcome)?;
        }
        rows::insert_step(&transaction, step)?;
        rows::set_generator_state(&transaction, generator_state)?;
        Ok(transaction.commit()?)
    }

    /// State of the generator as last recorded.
    ///
    /// # Errors
    /// When SQLite fails or the state cannot be read.
    pub fn generator_state(&self) -> Result<Option<serde_json::Value>, StoreError> {
        self.meta(rows::GENERATOR_STATE)?
            .map(|text| {
                serde_json::from_str(&text)
                    .map_err(|source| StoreError::Damaged { what: "generator state".into(), source })
            })
            .transpose()
    }

    /// All candidates by number.
    ///
    /// # Errors
    /// When SQLite fails or a row cannot be read.
    pub fn candidates(&self) -> Result<Vec<CandidateRow>, StoreError> {
        rows::candidates(&self.connection)
    }

    /// All finished steps in order.
    ///
    /// # Errors
    /// When SQLite fails.
    pub fn steps(&self) -> Result<Vec<StepRow>, StoreError> {
        rows::steps(&self.connection)
    }
}

fn existing(directory: &Path) -> Result<PathBuf, StoreError> {
    let database = directory.join(DATABASE);
    if database.is_file() { Ok(database) } else { Err(StoreError::NoCampaign(directory.to_owned())) }
}

fn lock(directory: &Path) -> Result<File, StoreError> {
    let path = directory.join(LOCK);
    let file = File::create(&path).map_err(|source| StoreError::Io { path: path.clone(), source })?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::Locked(path)),
        Err(TryLockError::Error(source)) => Err(StoreError::Io { path, source }),
    }
}

#[cfg(test)]
mod tests;

//! Evaluations that are worth keeping, written as they end.

use rusqlite::{OptionalExtension, params};

use super::{Store, StoreError};

/// An evaluation as it is kept.
pub(crate) struct Kept {
    /// The candidate that it was computed for; `None` when it comes from another campaign.
    pub(crate) number: Option<u64>,
    /// The result, packed.
    pub(crate) bytes: Vec<u8>,
}

impl Store {
    /// What is known by a key.
    ///
    /// # Errors
    /// When SQLite fails.
    pub(crate) fn evaluation(&self, key: &[u8]) -> Result<Option<Kept>, StoreError> {
        let look = || {
            let mut statement =
                self.connection.prepare_cached("SELECT number, value FROM evaluation WHERE key = ?1")?;
            let found = statement.query_row([key], |row| {
                let number = row.get::<_, Option<i64>>(0)?.map(|number| number as u64);
                Ok(Kept { number, bytes: row.get(1)? })
            });
            found.optional()
        };
        look().map_err(|error| self.failed(error))
    }

    /// Adds evaluations (key, candidate, bytes) in one transaction; what is there already stays.
    ///
    /// # Errors
    /// When SQLite fails; then nothing is recorded.
    pub(crate) fn record_evaluations<'a>(
        &mut self,
        evaluations: impl Iterator<Item = (&'a [u8], Option<u64>, &'a [u8])>,
    ) -> Result<(), StoreError> {
        self.writable()?;
        let write = || {
            let transaction = self.connection.transaction()?;
            for (key, number, value) in evaluations {
                transaction
                    .prepare_cached(
                        "INSERT OR IGNORE INTO evaluation (key, number, value) VALUES (?1, ?2, ?3)",
                    )?
                    .execute(params![key, number.map(|number| number as i64), value])?;
            }
            transaction.commit()
        };
        let written = write();
        written.map_err(|error| self.failed(error))
    }
}

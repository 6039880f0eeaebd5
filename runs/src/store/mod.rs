//! The campaign's truth: one SQLite file, one transaction a step.
//!
//! A campaign folder holds `campaign.toml` (the checked campaign), `campaign.db` (this store) and
//! what the run wrote for people. Only one engine may write at a time; readers are welcome.
//!
//! Whatever ends a process, the file holds every transaction that was committed and nothing else. What
//! a disk or a copy did to it is found when it is read: each row has a checksum, and the numbers of rows
//! are known.

pub(crate) mod checksum;
mod error;
mod evaluations;
mod lock;
mod measurements;
mod open;
mod read;
mod rows;
mod schema;
mod write;

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use error::StoreError;
pub(crate) use evaluations::Kept;
pub use lock::Holder;
pub use measurements::{Measured, MeasurementRow};
pub use rows::{CandidateRow, Status, StepRow, TierCost};

pub(crate) use lock::LOCK;
use lock::Lock;
use read::Check;

/// Name of the database inside a campaign folder.
pub const DATABASE: &str = "campaign.db";

/// Keys of values of the campaign as a whole.
const GENERATOR_STATE: &str = "generator_state";
const EXTENT: &str = "extent";

/// An open campaign store.
pub struct Store {
    connection: Connection,
    directory: PathBuf,
    extent: Extent,
    /// Held for as long as this store may write.
    lock: Option<Lock>,
}

/// Numbers of rows, so that a lost one is missed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Extent {
    candidates: u64,
    steps: u64,
    journal: u64,
    #[serde(default)]
    measurements: u64,
    /// Values of the campaign as a whole, this one included; `None` until something is written by a
    /// druse that counts them. Set by [`write::set_extent`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    meta: Option<u64>,
}

impl Extent {
    fn to_json(self) -> String {
        write::to_json(&self)
    }

    fn read(connection: &Connection) -> Result<Self, StoreError> {
        let text = read::meta(connection, EXTENT)?.ok_or_else(Self::missing)?;
        read::from_json(&text, "numbers of rows".to_owned())
    }

    fn missing() -> StoreError {
        StoreError::Corrupt("the numbers of its rows are missing".to_owned())
    }
}

impl Store {
    /// Folder of the campaign.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Who held this campaign before and ended without giving it back, for instance by a kill.
    pub fn left_by(&self) -> Option<&Holder> {
        self.lock.as_ref().and_then(Lock::before)
    }

    /// A value of the campaign as a whole, such as its hash.
    ///
    /// # Errors
    /// When SQLite fails or the value is damaged.
    pub fn meta(&self, key: &str) -> Result<Option<String>, StoreError> {
        read::meta(&self.connection, key).map_err(|error| error.at(&self.directory))
    }

    /// Sets a value of the campaign as a whole.
    ///
    /// # Errors
    /// When SQLite fails.
    pub fn set_meta(&self, key: &str, value: &str) -> Result<(), StoreError> {
        self.change_meta(|connection| write::set_meta(connection, key, value))
    }

    /// Forgets a value of the campaign as a whole.
    ///
    /// # Errors
    /// When SQLite fails.
    pub fn remove_meta(&self, key: &str) -> Result<(), StoreError> {
        self.change_meta(|connection| {
            connection.execute("DELETE FROM meta WHERE key = ?1", [key]).map(|_| ())
        })
    }

    /// Changes values of the campaign as a whole together with their number.
    fn change_meta(
        &self,
        change: impl FnOnce(&Connection) -> rusqlite::Result<()>,
    ) -> Result<(), StoreError> {
        self.writable()?;
        let attempt = || {
            let transaction = self.connection.unchecked_transaction()?;
            change(&transaction)?;
            write::set_extent(&transaction, self.extent)?;
            transaction.commit()
        };
        attempt().map_err(|error| self.failed(error))
    }

    /// Records newly proposed candidates together with the generator's state after proposing them and
    /// the new entries of its journal.
    ///
    /// # Errors
    /// When SQLite fails; then nothing is recorded.
    pub fn record_proposals(
        &mut self,
        candidates: &[CandidateRow],
        generator_state: &Value,
        journal: &[Value],
    ) -> Result<(), StoreError> {
        let extent = Extent { candidates: self.extent.candidates + candidates.len() as u64, ..self.extent };
        self.record(extent, generator_state, journal, |connection| {
            candidates.iter().try_for_each(|candidate| write::insert_proposal(connection, candidate))
        })
    }

    /// Records the outcome of one step together with the generator's state after learning from it and
    /// the new entries of its journal.
    ///
    /// # Errors
    /// When SQLite fails; then nothing is recorded.
    pub fn record_step(
        &mut self,
        outcomes: &[CandidateRow],
        step: &StepRow,
        generator_state: &Value,
        journal: &[Value],
    ) -> Result<(), StoreError> {
        let extent = Extent { steps: self.extent.steps + 1, ..self.extent };
        self.record(extent, generator_state, journal, |connection| {
            outcomes.iter().try_for_each(|outcome| write::update_outcome(connection, outcome))?;
            write::insert_step(connection, step)
        })
    }

    fn record(
        &mut self,
        mut extent: Extent,
        generator_state: &Value,
        journal: &[Value],
        rows: impl FnOnce(&Connection) -> rusqlite::Result<()>,
    ) -> Result<(), StoreError> {
        self.writable()?;
        let attempt = || {
            let transaction = self.connection.transaction()?;
            rows(&transaction)?;
            for entry in journal {
                write::insert_journal(&transaction, extent.journal, &entry.to_string())?;
                extent.journal += 1;
            }
            write::set_meta(&transaction, GENERATOR_STATE, &generator_state.to_string())?;
            write::set_extent(&transaction, extent)?;
            transaction.commit()
        };
        match attempt() {
            Ok(()) => {
                self.extent = extent;
                Ok(())
            }
            Err(error) => Err(self.failed(error)),
        }
    }

    /// State of the generator as last recorded.
    ///
    /// # Errors
    /// When SQLite fails or the state cannot be read.
    pub fn generator_state(&self) -> Result<Option<Value>, StoreError> {
        let state = self.meta(GENERATOR_STATE)?;
        state
            .map(|text| read::from_json(&text, "generator state".to_owned()))
            .transpose()
            .map_err(|error| error.at(&self.directory))
    }

    /// Hands all entries of the generator's journal to `visit`, in the order in which they were recorded.
    ///
    /// # Errors
    /// When SQLite fails, an entry is damaged, or `visit` fails.
    pub fn for_each_journal_entry<E: From<StoreError>>(
        &self,
        mut visit: impl FnMut(Value) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut failure = None;
        self.at_one_time(|extent| {
            let count = read::journal(&self.connection, |entry| keep(&mut failure, visit(entry)))?;
            if failure.is_some() { Ok(()) } else { expect("entries of the journal", count, extent.journal) }
        })?;
        failure.map_or(Ok(()), Err)
    }

    /// Hands all candidates to `visit` in order of number, one at a time.
    ///
    /// # Errors
    /// When SQLite fails, a row is damaged or missing, or `visit` fails.
    pub fn for_each_candidate<E: From<StoreError>>(
        &self,
        mut visit: impl FnMut(CandidateRow) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut failure = None;
        self.at_one_time(|extent| {
            let all = [0, u64::MAX];
            let visit = |row, _| keep(&mut failure, visit(row));
            let count = read::candidates(&self.connection, all, Check::Verify, visit)?;
            if failure.is_some() { Ok(()) } else { expect("candidates", count, extent.candidates) }
        })?;
        failure.map_or(Ok(()), Err)
    }

    /// All candidates by number. A large campaign has more of them than fit into memory:
    /// [`Self::for_each_candidate`] holds one at a time.
    ///
    /// # Errors
    /// When SQLite fails or a row is damaged or missing.
    pub fn candidates(&self) -> Result<Vec<CandidateRow>, StoreError> {
        let mut all = Vec::new();
        self.for_each_candidate(|row| -> Result<(), StoreError> {
            all.push(row);
            Ok(())
        })?;
        Ok(all)
    }

    /// One candidate; `None` when there is none of this number.
    ///
    /// # Errors
    /// When SQLite fails or the row is damaged.
    pub fn candidate(&self, number: u64) -> Result<Option<CandidateRow>, StoreError> {
        let mut found = None;
        self.at_one_time(|_| {
            read::candidates(&self.connection, [number; 2], Check::Verify, |row, _| {
                found = Some(row);
                ControlFlow::Break(())
            })
        })?;
        Ok(found)
    }

    /// Number of candidates.
    ///
    /// # Errors
    /// When SQLite fails or the number is damaged.
    pub fn candidate_count(&self) -> Result<u64, StoreError> {
        self.at_one_time(|extent| Ok(extent.candidates))
    }

    /// All finished steps in order.
    ///
    /// # Errors
    /// When SQLite fails or a row is damaged or missing.
    pub fn steps(&self) -> Result<Vec<StepRow>, StoreError> {
        self.at_one_time(|extent| {
            let steps = read::steps(&self.connection, Check::Verify)?;
            expect("steps", steps.len() as u64, extent.steps)?;
            Ok(steps.into_iter().map(|(row, _)| row).collect())
        })
    }

    /// Runs several queries on the store as it is at one time, whatever a running engine writes meanwhile.
    fn at_one_time<T>(&self, read: impl FnOnce(Extent) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let attempt = || {
            // Ends with this value; inside of another one it need not be begun.
            let _transaction = match self.connection.is_autocommit() {
                true => Some(self.connection.unchecked_transaction()?),
                false => None,
            };
            read(Extent::read(&self.connection)?)
        };
        attempt().map_err(|error| error.at(&self.directory))
    }

    /// Fails when this engine lost the campaign to another one.
    fn writable(&self) -> Result<(), StoreError> {
        self.lock.as_ref().map_or(Ok(()), Lock::check)
    }

    fn failed(&self, error: rusqlite::Error) -> StoreError {
        StoreError::from(error).at(&self.directory)
    }
}

/// Keeps the failure of a visit, which ends it.
fn keep<E>(failure: &mut Option<E>, outcome: Result<(), E>) -> ControlFlow<()> {
    match outcome {
        Ok(()) => ControlFlow::Continue(()),
        Err(error) => {
            *failure = Some(error);
            ControlFlow::Break(())
        }
    }
}

fn expect(what: &str, found: u64, expected: u64) -> Result<(), StoreError> {
    if found == expected {
        return Ok(());
    }
    Err(StoreError::Corrupt(format!("found {found} {what}, expected {expected}")))
}

#[cfg(test)]
mod tests;

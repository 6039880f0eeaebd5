//! Evaluations that were paid for once and are not computed again.
//!
//! What a costly tier made of a design, and what a costly objective says of it, is known by a
//! [`Key`]: the design exactly as it was proposed, and the protocols of all that the result depends
//! on. A result is looked for
//!
//! 1. in memory,
//! 2. in the campaign's own store, where every evaluation is written as it ends, so that a campaign
//!    that is stopped in the middle of a step goes on from there,
//! 3. in a file shared by several campaigns, when the campaign file names one (`[cache] shared`).
//!
//! Results never depend on what a cache holds: a key stands for one result only. That is why it is
//! made of the exact numbers of a design and not of its content id, which rounds: two cells that are
//! the same within rounding relax to numbers that differ in the last digits. The version of druse is
//! a part of the key too, since its code is a part of every result. Where candidates are evaluated in
//! batches and so may touch each other's last digits, as on a GPU, the whole batch is.

mod entry;
mod keys;
mod recall;
mod saved;
mod shared;
mod writer;

use std::path::{Path, PathBuf};

use moka::sync::Cache as Memory;
use serde::Serialize;
use serde::de::DeserializeOwned;

pub use keys::{Key, Keys, TaskKeys};
pub use saved::{Saved, SavedByTier};
pub use shared::CacheError;

pub(crate) use recall::Recall;
pub(crate) use writer::gather;

use entry::{Entry, pack, unpack};
use shared::SharedFile;

/// Evaluations kept in memory when the campaign file does not say: about 10 MB of crystals.
pub const DEFAULT_MEMORY: u64 = 10_000;

/// Known evaluations beside the campaign's own store.
pub struct Cache {
    memory: Memory<Key, Entry>,
    shared: Option<SharedFile>,
}

impl Default for Cache {
    /// Nothing is shared.
    fn default() -> Self {
        Self::in_memory(DEFAULT_MEMORY)
    }
}

impl Cache {
    /// At most this many evaluations, for this process alone.
    pub fn in_memory(entries: u64) -> Self {
        Self { memory: Memory::new(entries), shared: None }
    }

    /// In front of a file that is shared with other campaigns and created when absent.
    ///
    /// # Errors
    /// When the file cannot be created, is none of ours, of another version or damaged.
    pub fn shared(entries: u64, path: &Path) -> Result<Self, CacheError> {
        Ok(Self { shared: Some(SharedFile::open(path)?), ..Self::in_memory(entries) })
    }

    /// The shared file.
    pub fn path(&self) -> Option<&Path> {
        self.shared.as_ref().map(SharedFile::path)
    }

    /// A result of work outside of campaigns that is known by a key.
    ///
    /// # Errors
    /// When the shared file cannot be read, or holds something else under this key.
    pub fn recall<T: DeserializeOwned>(&self, key: &Key) -> Result<Option<T>, CacheError> {
        let Some(shared) = &self.shared else {
            return Ok(self.memory.get(key).and_then(|entry| unpack(&entry.bytes).ok()));
        };
        let Some(bytes) = shared.get(key)? else { return Ok(None) };
        unpack(&bytes).map(Some).map_err(|error| shared.damaged(error))
    }

    /// Keeps results of such work: in the shared file, in one transaction, or else in memory.
    ///
    /// # Errors
    /// When the shared file cannot be written.
    pub fn keep<T: Serialize>(&self, results: &[(Key, T)]) -> Result<(), CacheError> {
        // Plain data into memory: packing cannot fail.
        let packed: Vec<(&Key, Vec<u8>)> =
            results.iter().filter_map(|(key, result)| Some((key, pack(result).ok()?))).collect();
        match &self.shared {
            Some(shared) => shared.add(packed.iter().map(|(key, bytes)| (*key, bytes.as_slice()))),
            None => {
                for (key, bytes) in packed {
                    self.remember(*key, Entry { number: None, bytes: bytes.into() });
                }
                Ok(())
            }
        }
    }

    fn remember(&self, key: Key, entry: Entry) {
        self.memory.insert(key, entry);
    }
}

/// Where a campaign keeps evaluations beside its own store; no result depends on it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CacheSpec {
    /// File shared with other campaigns, by its absolute path.
    pub shared: Option<PathBuf>,
    /// Most evaluations kept in memory.
    pub memory: u64,
}

impl Default for CacheSpec {
    fn default() -> Self {
        Self { shared: None, memory: DEFAULT_MEMORY }
    }
}

impl CacheSpec {
    /// Opens it.
    ///
    /// # Errors
    /// As [`Cache::shared`].
    pub fn open(&self) -> Result<Cache, CacheError> {
        match &self.shared {
            Some(path) => Cache::shared(self.memory, path),
            None => Ok(Cache::in_memory(self.memory)),
        }
    }
}

#[cfg(test)]
mod tests;

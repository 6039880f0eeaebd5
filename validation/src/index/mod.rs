//! Indexes of known crystals: what a matcher has to look at for a candidate, nearest first.
//!
//! An [`Index`] is one file that is mapped into memory. It holds for every known crystal its id, its
//! composition, its [`Invariants`](crate::fingerprint::Invariants) and, in an exact index, the
//! [`Pattern`](crate::matching::Pattern), so that nothing is reduced again when a candidate is looked
//! up. Entries are ordered by anonymous formula and within it by composition, so that both are
//! buckets without a table; elements have a table of their own, in which disordered crystals stand also
//! without one of the elements that share sites.
//!
//! | layer | file |
//! |---|---|
//! | keys of the buckets | `keys` |
//! | bytes of one entry | `piece` |
//! | bytes of the file | `layout`, `writer` |
//! | small files of invariants alone | `packed` |
//! | collecting entries | `builder`, `source` |
//! | looking up | `file`, `entry`, `query` |

mod builder;
mod entry;
mod file;
mod keys;
mod layout;
mod packed;
mod piece;
mod query;
mod shipped;
mod source;
#[cfg(test)]
mod tests;
mod writer;

use std::path::{Path, PathBuf};

use crate::fingerprint::FingerprintError;
use crate::matching::PatternError;

pub use builder::{Builder, Contents};
pub use entry::Entry;
pub use file::Index;
pub use query::{Hit, Query};
pub use shipped::shipped;
pub use source::{Added, NewSource, Refused, Source};

/// Why an index cannot be read or made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IndexError {
    /// The file cannot be read.
    #[error("cannot read {}: {error}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Cause.
        error: std::io::Error,
    },
    /// The file is no index, one of another version, or damaged.
    #[error("{place} cannot be used as an index: {reason}")]
    Unusable {
        /// The file.
        place: String,
        /// What was found and what was expected.
        reason: String,
    },
    /// The index cannot be written.
    #[error("cannot write {}: {error}", .path.display())]
    Unwritable {
        /// The file, or the folder of temporary files.
        path: PathBuf,
        /// Cause.
        error: std::io::Error,
    },
    /// The structures cannot be read at all.
    #[error(transparent)]
    Structures(#[from] druse_representations::io::ReadError),
    /// The checksum of the structures cannot be computed.
    #[error(transparent)]
    Checksum(#[from] druse_datasets::import::ImportError),
    /// More than the format can number.
    #[error("found {count} {what}, an index holds at most {most}")]
    TooMany {
        /// What there is too much of.
        what: &'static str,
        /// How many.
        count: usize,
        /// How many there can be.
        most: usize,
    },
}

impl IndexError {
    fn unusable(path: &Path, reason: String) -> Self {
        Self::Unusable { place: path.display().to_string(), reason }
    }

    fn unwritable(path: &Path) -> impl Fn(std::io::Error) -> Self + '_ {
        |error| Self::Unwritable { path: path.to_owned(), error }
    }
}

/// Why a crystal cannot be looked up or be an entry.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PrepareError {
    /// It cannot be compared.
    #[error(transparent)]
    Pattern(#[from] PatternError),
    /// It has no invariants.
    #[error(transparent)]
    Fingerprint(#[from] FingerprintError),
    /// Elements and invariants do not belong together.
    #[error("an occupancy is not above 0; expected shares of elements above 0")]
    Occupancy,
}

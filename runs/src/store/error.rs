//! Why a store cannot be used, and what to do then.

use std::io;
use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

use super::lock::Holder;
use super::{DATABASE, schema};

/// Why the store cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// There is no campaign in this folder.
    #[error(
        "'{path}' holds no campaign: expected a file {DATABASE} in it{hint}",
        path = .0.display(),
        hint = without_store(.0)
    )]
    NoCampaign(PathBuf),
    /// There is one already.
    #[error(
        "{0} already holds a campaign; continue it with 'druse resume', or choose another folder with --out"
    )]
    AlreadyThere(PathBuf),
    /// Another engine is at work here.
    #[error(
        "another druse is running this campaign: {holder}. If that is not so, for instance because its \
         machine is gone, remove '{}' and try again",
        path.display()
    )]
    Locked {
        /// The lock file.
        path: PathBuf,
        /// Who holds it.
        holder: Holder,
    },
    /// Another engine took over, because this one seemed to be gone.
    #[error(
        "another druse took over this campaign: {0}. This one stops; what it had recorded until then stays"
    )]
    TakenOver(Holder),
    /// Written by another version of the format.
    #[error(
        "{path} has store format {found}, this druse reads formats 1 to {}; it was written by a newer druse, \
         which reads it",
        schema::FORMAT_VERSION
    )]
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
        source: io::Error,
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
    /// What is stored contradicts itself.
    #[error("the campaign store is damaged: {0}")]
    Corrupt(String),
    /// One of the above, with the folder and what to do.
    #[error("'{}': {source}{}", folder.join(DATABASE).display(), advice(folder, source))]
    At {
        /// Folder of the campaign.
        folder: PathBuf,
        /// What is wrong.
        source: Box<StoreError>,
    },
}

impl StoreError {
    /// Says in which folder the trouble is, where that is not said yet.
    #[must_use]
    pub fn at(self, folder: &Path) -> Self {
        match self {
            Self::Sqlite(_) | Self::Damaged { .. } | Self::Corrupt(_) => {
                Self::At { folder: folder.to_owned(), source: Box::new(self) }
            }
            named => named,
        }
    }

    /// Whether the contents of the file are not what druse wrote.
    fn is_damage(&self) -> bool {
        match self {
            Self::Damaged { .. } | Self::Corrupt(_) => true,
            Self::Sqlite(error) => match error {
                rusqlite::Error::SqliteFailure(failure, _)
                | rusqlite::Error::SqlInputError { error: failure, .. } => matches!(
                    failure.code,
                    // Unknown: a table or column that is not there.
                    ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase | ErrorCode::Unknown
                ),
                // A value of another type than it was written as.
                rusqlite::Error::FromSqlConversionFailure(..)
                | rusqlite::Error::InvalidColumnType(..)
                | rusqlite::Error::IntegralValueOutOfRange(..)
                | rusqlite::Error::Utf8Error(..) => true,
                _ => false,
            },
            _ => false,
        }
    }
}

/// What to do about it.
fn advice(folder: &Path, error: &StoreError) -> String {
    let (folder, file) = (folder.display(), folder.join("campaign.toml").display().to_string());
    if error.is_damage() {
        return format!(
            ". Nothing was changed. Put back a copy of the folder, or run the campaign again, which gives \
             the same: druse run {file} --out ANOTHER-FOLDER"
        );
    }
    let StoreError::Sqlite(error) = error else { return String::new() };
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull | ErrorCode::SystemIoFailure) => {
            format!(
                ". Is the disk full? What was recorded stays; make room and go on with 'druse resume {folder}'"
            )
        }
        Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
            ". Is the folder read-only? Make it writable, or copy it to where it is".to_owned()
        }
        _ => String::new(),
    }
}

/// What may have become of a store that is not there.
fn without_store(folder: &Path) -> String {
    let file = folder.join("campaign.toml");
    if !file.is_file() {
        return String::new();
    }
    format!(
        ", found only {0}. The store was deleted, or the campaign was stopped before it began; begin it \
         again with: druse run {0} --out {1}",
        file.display(),
        folder.display()
    )
}

//! A campaign in one file that is passed on, and the campaign done again from it.
//!
//! A bundle is a zip archive that opens by hand. All of it lies in one folder:
//!
//! | member | what it is |
//! |---|---|
//! | `README.md` | what is what, for whoever opens it |
//! | `MANIFEST` | SHA-256 of every other member, as `sha256sum -c MANIFEST` reads it |
//! | `bundle.json` | [`Facts`]: versions, hashes, protocols, what was done after the beginning |
//! | `campaign.toml` | the campaign with nothing left to defaults; names files in `inputs/` |
//! | `warm-start.jsonl` | the designs that it began with, if there were any |
//! | `inputs/KEY/FILE` | the files that the campaign names, by the key that names them |
//! | `cards/` | cards of the data and models that come with druse |
//! | `results/` | every candidate, evaluated ones in formats of other programs, front, verdicts |
//! | `ledger.json`, `report.html` | time and energy, and the page for people, when they are asked for |
//!
//! Where and by whom a campaign was evaluated stays out, since no result depends on it: paths of the machine,
//! settings of a cluster, times. So a campaign that is done again has a bundle of the same bytes.

mod archive;
mod compare;
mod facts;
mod inputs;
mod open;
mod pack;
mod readme;
mod reproduce;
mod results;

use std::io;
use std::path::PathBuf;

use crate::bundle::archive::listed;
use crate::campaign::CampaignError;
use crate::config::ConfigError;
use crate::domain::ExportError;
use crate::report::ReportError;
use crate::store::StoreError;

pub use compare::{Change, FieldChange, FirstChange, Report};
pub use facts::{Facts, Input, Model, Told};
pub use open::Bundle;
pub use pack::{Packed, Packing, pack};
pub use reproduce::{Reproduction, Request};

/// Name of the list of checksums.
pub const MANIFEST: &str = "MANIFEST";
/// Name of the facts for machines.
pub const FACTS: &str = "bundle.json";
/// Folder of the files that the campaign names.
const INPUTS: &str = "inputs";
/// Folder of the results.
const RESULTS: &str = "results/";
/// Every candidate with all that is known of it.
const CANDIDATES: &str = "results/candidates.jsonl";
/// The campaign in numbers.
const SUMMARY: &str = "results/summary.json";

/// Why a bundle cannot be made or used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BundleError {
    /// The campaign in the folder cannot be used, or does not run.
    #[error(transparent)]
    Campaign(#[from] CampaignError),
    /// Candidates cannot be written in a format.
    #[error(transparent)]
    Export(#[from] ExportError),
    /// The page cannot be made.
    #[error(transparent)]
    Report(#[from] ReportError),
    /// The campaign is not at its end.
    #[error(
        "'{}' is not at its end: found {evaluated} of {budget} candidates evaluated; go on with 'druse resume {}' first",
        folder.display(),
        folder.display()
    )]
    Unfinished {
        /// Folder of the campaign.
        folder: PathBuf,
        /// Candidates that are evaluated.
        evaluated: u64,
        /// Candidates to evaluate.
        budget: u64,
    },
    /// A file that the campaign names is not what it was.
    #[error("{key}: '{}' changed while it was packed (found SHA-256 {found}, expected {expected})", path.display())]
    Changed {
        /// Key of the campaign file.
        key: String,
        /// File.
        path: PathBuf,
        /// As it is now.
        found: String,
        /// As it was.
        expected: String,
    },
    /// A file that cannot be read.
    #[error("cannot read '{}': {source}", path.display())]
    Unreadable {
        /// File.
        path: PathBuf,
        /// Reason.
        source: io::Error,
    },
    /// A name that does not fit into an archive.
    #[error("{key}: found the file name '{}', expected one in UTF-8 without backslashes", path.display())]
    Unnamable {
        /// Key of the campaign file.
        key: String,
        /// File.
        path: PathBuf,
    },
    /// The bundle, or a file out of it, cannot be written.
    #[error("cannot write '{}': {source}", path.display())]
    Write {
        /// File or folder.
        path: PathBuf,
        /// Reason.
        source: io::Error,
    },
    /// The file is something else.
    #[error("'{}' is no bundle of druse: {reason}", path.display())]
    Foreign {
        /// File.
        path: PathBuf,
        /// What was found and what was expected.
        reason: String,
    },
    /// The archive is not as it was written.
    #[error("the bundle '{}' is damaged: {reason}. Nothing was run; get a whole copy", path.display())]
    Damaged {
        /// File.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A member whose name points out of the archive.
    #[error("the bundle '{}' is not to be trusted: found a member named '{name}', expected names below its own folder", path.display())]
    Unsafe {
        /// File.
        path: PathBuf,
        /// Name.
        name: String,
    },
    /// Written by a newer druse.
    #[error("the bundle '{}' has format {found} of druse {druse}, this druse reads format {}; a newer druse reads it", path.display(), facts::FORMAT)]
    Newer {
        /// File.
        path: PathBuf,
        /// Format found.
        found: u64,
        /// Version that wrote it.
        druse: String,
    },
    /// The campaign of the bundle cannot be read by this druse.
    #[error(transparent)]
    Config(#[from] Box<ConfigError>),
    /// Files that were left out and not given.
    #[error(
        "the bundle '{}' was made without files that its campaign needs: {}; give them, or folders with them, by --inputs",
        path.display(),
        listed(missing)
    )]
    Missing {
        /// File.
        path: PathBuf,
        /// Names and checksums.
        missing: Vec<String>,
    },
    /// The folder for the new run is used by something else.
    #[error("'{}' holds {found}; expected a new or empty folder, or this bundle's campaign that was stopped", path.display())]
    Occupied {
        /// Folder.
        path: PathBuf,
        /// What is there.
        found: &'static str,
    },
}

impl From<StoreError> for BundleError {
    fn from(error: StoreError) -> Self {
        CampaignError::from(error).into()
    }
}

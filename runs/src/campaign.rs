//! A campaign in a folder: start it, continue it, write its front as files.
//!
//! | in the folder | what it is |
//! |---|---|
//! | `campaign.toml` | the checked campaign with nothing left to defaults |
//! | `campaign.db` | the store: every candidate, property and step |
//! | `pareto/` | one CIF or XYZ file for each candidate of the Pareto front, in its order |
//! | `pareto.csv` | the front as a table |
//! | `rejected.csv` | every rejected and failed candidate with the reason |

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use druse_representations::io::write_atomically;

use crate::config::{self, Campaign, LoadError};
use crate::domain::{self, Prepared};
use crate::engine::{self, EngineError, ObjectiveInfo, Observer};
use crate::setup::SetupError;
use crate::store::{DATABASE, Store, StoreError};
use crate::summary::{Summary, front_files, front_table, rejected_table};

/// Name of the campaign file in a campaign folder.
pub const CAMPAIGN_FILE: &str = "campaign.toml";
/// Folder of the front's structures in a campaign folder.
pub const FRONT_FOLDER: &str = "pareto";
/// Table of the front in a campaign folder.
pub const FRONT_TABLE: &str = "pareto.csv";

/// Table of the rejected candidates in a campaign folder.
pub const REJECTED_TABLE: &str = "rejected.csv";

/// Keys of the store.
const NAME: &str = "name";
const HASH: &str = "campaign_hash";
const PROTOCOL: &str = "protocol";
const OBJECTIVES: &str = "objectives";

/// Why a campaign does not run to its end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CampaignError {
    /// The campaign file of a folder cannot be used.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The parts do not fit together.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// The engine stopped.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The store cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The campaign is not the one that was begun.
    #[error("{} is not the campaign that was begun here: {what} differs (found {found}, expected {expected})", path.display())]
    Changed {
        /// Folder.
        path: PathBuf,
        /// What differs.
        what: &'static str,
        /// As it is now.
        found: String,
        /// As it was.
        expected: String,
    },
    /// A file cannot be written.
    #[error("cannot write '{}': {source}", path.display())]
    Write {
        /// File or folder.
        path: PathBuf,
        /// Reason.
        source: io::Error,
    },
    /// The campaign cannot be written as TOML.
    #[error("cannot write the campaign down: {0}")]
    Toml(#[from] toml::ser::Error),
}

/// Starts a campaign in a new folder and runs it to its end. Energies are computed on `device`.
/// When it cannot even start, nothing stays behind.
///
/// # Errors
/// When parts are missing or the folder holds a campaign already; and when the engine stops, which
/// can be continued by [`resume`].
pub fn run(
    campaign: &Campaign,
    directory: &Path,
    device: &str,
    observer: &dyn Observer,
) -> Result<Summary, CampaignError> {
    let mut prepared = domain::of(campaign).prepare(campaign, device)?;
    let text = campaign.to_toml()?;
    let new = !directory.exists();
    let mut store = Store::create(directory)?;
    let outcome = write(&directory.join(CAMPAIGN_FILE), text.as_bytes())
        .and_then(|()| begin(&store, campaign, prepared.as_ref()))
        .and_then(|()| Ok(prepared.run(&mut store, observer)?));
    if let Err(error) = outcome {
        if store.candidates().is_ok_and(|candidates| candidates.is_empty()) {
            drop(store);
            // Leave the folder as it was found; a failure to do so would hide the real error.
            let _ = if new { fs::remove_dir_all(directory) } else { remove_campaign(directory) };
        }
        return Err(error);
    }
    finish(&store, campaign)
}

/// Continues the campaign in a folder to its end; gives at once the summary of one that is done.
///
/// # Errors
/// When there is no campaign, when the campaign file, the model or the references changed since it
/// was begun, and when the engine stops again.
pub fn resume(directory: &Path, device: &str, observer: &dyn Observer) -> Result<Summary, CampaignError> {
    let mut store = Store::open(directory)?;
    let campaign = load(directory)?;
    let mut prepared = domain::of(&campaign).prepare(&campaign, device)?;
    if store.meta(HASH)?.is_none() {
        // The first run was stopped before it wrote down what it is.
        begin(&store, &campaign, prepared.as_ref())?;
    }
    for (key, what, found) in
        [(HASH, "the campaign file", campaign.hash()), (PROTOCOL, "a protocol", prepared.protocol())]
    {
        let expected = store.meta(key)?.unwrap_or_default();
        if found != expected {
            let path = directory.to_owned();
            return Err(CampaignError::Changed { path, what, found, expected });
        }
    }
    prepared.run(&mut store, observer)?;
    finish(&store, &campaign)
}

/// What the campaign in a folder found so far.
///
/// # Errors
/// When there is no campaign or its files cannot be read.
pub fn summary(directory: &Path) -> Result<Summary, CampaignError> {
    let store = Store::read(directory)?;
    let campaign = load(directory)?;
    summarise(&store, &campaign)
}

/// The campaign in a folder.
///
/// # Errors
/// When its campaign file cannot be used.
pub fn load(directory: &Path) -> Result<Campaign, CampaignError> {
    Ok(config::load(&directory.join(CAMPAIGN_FILE), None)?)
}

/// The objectives of the campaign in `store`.
///
/// # Errors
/// When the store cannot be read.
pub fn objectives(store: &Store) -> Result<Vec<ObjectiveInfo>, StoreError> {
    let text = store.meta(OBJECTIVES)?.unwrap_or_else(|| "[]".to_owned());
    serde_json::from_str(&text)
        .map_err(|source| StoreError::Damaged { what: "list of objectives".to_owned(), source })
}

/// What the numbers of the campaign in `store` depend on, one line for each part.
///
/// # Errors
/// When the store cannot be read.
pub fn protocol(store: &Store) -> Result<Vec<String>, StoreError> {
    Ok(store.meta(PROTOCOL)?.unwrap_or_default().lines().map(str::to_owned).collect())
}

/// Writes down what the campaign is, so that nothing else can be continued in its place.
fn begin(store: &Store, campaign: &Campaign, prepared: &dyn Prepared) -> Result<(), CampaignError> {
    store.set_meta(NAME, &campaign.name)?;
    // Plain structs with finite numbers: serialising them cannot fail.
    store.set_meta(OBJECTIVES, &serde_json::to_string(&prepared.objectives()).unwrap_or_default())?;
    store.set_meta(PROTOCOL, &prepared.protocol())?;
    Ok(store.set_meta(HASH, &campaign.hash())?)
}

fn finish(store: &Store, campaign: &Campaign) -> Result<Summary, CampaignError> {
    let directory = store.directory();
    let summary = summarise(store, campaign)?;
    let files = front_files(&summary, domain::of(campaign))?;
    replace_folder(&directory.join(FRONT_FOLDER), &files)?;
    write(&directory.join(FRONT_TABLE), front_table(&summary, &files).as_bytes())?;
    write(&directory.join(REJECTED_TABLE), rejected_table(&store.candidates()?).as_bytes())?;
    Ok(summary)
}

fn summarise(store: &Store, campaign: &Campaign) -> Result<Summary, CampaignError> {
    let objectives = objectives(store)?;
    let end = engine::end(store)?;
    Summary::new(campaign, objectives, protocol(store)?, store.candidates()?, store.steps()?, end)
}

/// Writes a file in one piece.
fn write(path: &Path, bytes: &[u8]) -> Result<(), CampaignError> {
    write_atomically(path, bytes).map_err(|source| CampaignError::Write { path: path.to_owned(), source })
}

/// Puts these files into a folder of their own, in place of the one that is there.
fn replace_folder(path: &Path, files: &[(String, String)]) -> Result<(), CampaignError> {
    let attempt = || -> io::Result<()> {
        let parent = path.parent().unwrap_or(Path::new("."));
        let staging = tempfile::Builder::new().prefix(".pareto-").tempdir_in(parent)?;
        let (fresh, old) = (staging.path().join("new"), staging.path().join("old"));
        fs::create_dir(&fresh)?;
        for (name, text) in files {
            fs::write(fresh.join(name), text)?;
        }
        if path.exists() {
            fs::rename(path, old)?;
        }
        fs::rename(fresh, path)
    };
    attempt().map_err(|source| CampaignError::Write { path: path.to_owned(), source })
}

fn remove_campaign(directory: &Path) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with(DATABASE) || name == CAMPAIGN_FILE || name == crate::store::LOCK {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

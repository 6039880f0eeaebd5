//! A campaign in a folder: start it, continue it, write its front as files.
//!
//! | in the folder | what it is |
//! |---|---|
//! | `campaign.toml` | the checked campaign with nothing left to defaults |
//! | `campaign.db` | the store: every candidate, property and step |
//! | `pareto/` | one CIF or XYZ file for each candidate of the Pareto front, in its order |
//! | `pareto.csv` | the front as a table |
//! | `rejected.csv` | every rejected and failed candidate with the reason |
//! | `report.html` | all of it as a page, once `druse report` wrote it |
//! | `units/`, `results/`, `failed/`, `logs/` | work of a cluster (see [`crate::units`]) |

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use druse_representations::io::{write_atomically, write_atomically_with};

use crate::config::{self, Campaign, ExecutorKind, LoadError};
use crate::domain::{self, Prepared};
use crate::engine::{self, EngineError, Executor, Limit, Measurements, ObjectiveInfo, Observer, Stage};
use crate::plugins::Plugins;
use crate::setup::{self, SetupError};
use crate::slurm::{NoSlurm, SlurmExecutor};
use crate::store::{CandidateRow, DATABASE, Store, StoreError};
use crate::summary::{REJECTED_HEADING, Summary, front_files, front_table, rejected_line};
use crate::units::{Files, Identity, LocalAfter};
use crate::warm_start::{self, SeedCounts, WarmStartSpec};

/// Name of the campaign file in a campaign folder.
pub const CAMPAIGN_FILE: &str = "campaign.toml";
/// Folder of the front's structures in a campaign folder.
pub const FRONT_FOLDER: &str = "pareto";
/// Table of the front in a campaign folder.
pub const FRONT_TABLE: &str = "pareto.csv";
/// Table of the rejected candidates in a campaign folder.
pub const REJECTED_TABLE: &str = "rejected.csv";

/// Start of the names of folders in which a new front is put together.
const STAGING: &str = ".pareto-";

/// Keys of the store.
const NAME: &str = "name";
const HASH: &str = "campaign_hash";
const PROTOCOL: &str = "protocol";
const OBJECTIVES: &str = "objectives";
const STAGES: &str = "stages";
const SEEDS: &str = "warm_start";
const VERSION: &str = "druse";

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
    /// Slurm is asked for and not there.
    #[error(transparent)]
    NoSlurm(#[from] NoSlurm),
    /// The folder or this program cannot be found again by workers.
    #[error("cannot name {what} to workers: {source}")]
    Nameless {
        /// The folder or the program.
        what: &'static str,
        /// Reason.
        source: io::Error,
    },
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
    /// Fewer candidates beyond the budget than were allowed before.
    #[error("--more: found {found}, expected at least the {before} that were allowed before")]
    Less {
        /// As it is now.
        found: u64,
        /// As it was.
        before: u64,
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

/// Where and by whom a campaign is evaluated; no result depends on it.
#[derive(Clone, Debug)]
pub struct Machine {
    /// Where potentials run: `cpu`, or through libtorch `torch-cpu`, `cuda` or `cuda:N`.
    pub device: String,
    /// Replaces the executor that the campaign names.
    pub executor: Option<ExecutorKind>,
}

impl Default for Machine {
    fn default() -> Self {
        Self { device: "cpu".to_owned(), executor: None }
    }
}

/// Starts a campaign in a new folder and runs it to its end. When it cannot even start, nothing stays behind.
///
/// # Errors
/// When parts are missing or the folder holds a campaign already; and when the engine stops, which
/// can be continued by [`resume`].
pub fn run(
    campaign: &Campaign,
    directory: &Path,
    machine: &Machine,
    observer: &dyn Observer,
) -> Result<Summary, CampaignError> {
    begin(campaign, directory, machine, observer, |_| ())
}

/// [`run`] with something changed about the prepared campaign.
pub(crate) fn begin(
    campaign: &Campaign,
    directory: &Path,
    machine: &Machine,
    observer: &dyn Observer,
    change: impl FnOnce(&mut dyn Prepared),
) -> Result<Summary, CampaignError> {
    let mut campaign = campaign.clone();
    campaign.executor = machine.executor.unwrap_or(campaign.executor);
    let campaign = &campaign;
    let mut prepared = domain::of(campaign).prepare(campaign, &machine.device)?;
    change(prepared.as_mut());
    let text = campaign.to_toml()?;
    let new = !directory.exists();
    let meta = identity(campaign, prepared.as_ref());
    let meta: Vec<(&str, &str)> = meta.iter().map(|(key, value)| (*key, value.as_str())).collect();
    // The designs of a warm start no longer depend on where they are from.
    let designs = campaign.warm_start.as_ref().map(WarmStartSpec::to_text);
    let mut files = vec![(CAMPAIGN_FILE, text.as_bytes())];
    files.extend(designs.iter().map(|designs| (warm_start::FILE, designs.as_bytes())));
    let mut store = Store::begin(directory, &files, &meta)?;
    sweep(directory);
    let adopted = campaign.warm_start.as_ref().map_or(Ok(()), |start| prepared.adopt(start, &mut store));
    let outcome = adopted.map_err(CampaignError::from).and_then(|()| {
        let mut executor = executor(campaign, directory, &machine.device, observer)?;
        Ok(prepared.run(&mut store, executor.as_mut(), observer)?)
    });
    if let Err(error) = outcome {
        if store.candidate_count().is_ok_and(|count| count == 0) {
            drop(store);
            // Leave the folder as it was found; a failure to do so would hide the real error.
            let _ = if new { fs::remove_dir_all(directory) } else { remove_campaign(directory) };
        }
        return Err(error);
    }
    finish(&store, campaign)
}

/// Continues the campaign in a folder, which may name these plug-ins, to its end; gives at once the summary
/// of one that is done.
///
/// # Errors
/// When there is no campaign, when the campaign file, the model or the references changed since it
/// was begun, and when the engine stops again.
pub fn resume(
    directory: &Path,
    plugins: &Plugins,
    machine: &Machine,
    observer: &dyn Observer,
) -> Result<Summary, CampaignError> {
    go_on(directory, plugins, machine, observer, |_| ())
}

/// [`resume`] with something changed about the prepared campaign.
pub(crate) fn go_on(
    directory: &Path,
    plugins: &Plugins,
    machine: &Machine,
    observer: &dyn Observer,
    change: impl FnOnce(&mut dyn Prepared),
) -> Result<Summary, CampaignError> {
    let mut store = Store::open(directory)?;
    let mut campaign = load(directory, plugins)?;
    campaign.executor = machine.executor.unwrap_or(campaign.executor);
    let mut prepared = domain::of(&campaign).prepare(&campaign, &machine.device)?;
    change(prepared.as_mut());
    sweep(directory);
    for (key, what, found) in [
        (HASH, "the campaign file", campaign.hash()),
        (PROTOCOL, "a protocol", prepared.evaluation().protocol()),
    ] {
        let expected = store.meta(key)?.unwrap_or_default();
        if found != expected {
            let path = directory.to_owned();
            return Err(CampaignError::Changed { path, what, found, expected });
        }
    }
    let mut executor = executor(&campaign, directory, &machine.device, observer)?;
    prepared.run(&mut store, executor.as_mut(), observer)?;
    finish(&store, &campaign)
}

/// Lets the campaign in a folder evaluate `more` candidates beyond the budget of its file, so that [`resume`]
/// continues one that is at its end. The number counts from the budget, whatever was allowed before: to
/// say it twice changes nothing.
///
/// # Errors
/// When there is no campaign, an engine runs it, or more was allowed before.
pub fn extend(directory: &Path, more: u64) -> Result<(), CampaignError> {
    let store = Store::open(directory)?;
    match engine::more(&store)? {
        before if before > more => Err(CampaignError::Less { found: more, before }),
        before if before == more => Ok(()),
        _ => Ok(engine::set_more(&store, more)?),
    }
}

/// Puts measured values in the place of predictions.
pub struct Judged {
    measurements: Measurements,
    objectives: Vec<String>,
    limits: Vec<Limit>,
}

impl Judged {
    /// For the campaign in `store`.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn new(store: &Store, campaign: &Campaign) -> Result<Self, StoreError> {
        Ok(Self {
            measurements: Measurements::all(store)?,
            objectives: campaign.objectives.iter().map(|spec| spec.name.clone()).collect(),
            limits: setup::limits(campaign),
        })
    }

    /// A row as it counts.
    pub fn row(&self, mut row: CandidateRow) -> CandidateRow {
        let objectives: Vec<&str> = self.objectives.iter().map(String::as_str).collect();
        self.measurements.put_into(&mut row, &objectives, &self.limits);
        row
    }
}

/// Hands all candidates to `visit` in order of number, one at a time, with measured values in the place of
/// predictions.
///
/// # Errors
/// When the store cannot be read, or `visit` fails.
pub fn for_each_candidate<E: From<StoreError>>(
    store: &Store,
    campaign: &Campaign,
    mut visit: impl FnMut(CandidateRow) -> Result<(), E>,
) -> Result<(), E> {
    let judged = Judged::new(store, campaign)?;
    store.for_each_candidate(|row| visit(judged.row(row)))
}

/// Who evaluates the candidates of a campaign.
fn executor<'a>(
    campaign: &Campaign,
    directory: &Path,
    device: &str,
    observer: &'a dyn Observer,
) -> Result<Box<dyn Executor + 'a>, CampaignError> {
    let identity = Identity::of(campaign);
    if campaign.executor == ExecutorKind::Local {
        return Ok(Box::new(LocalAfter::new(directory, identity)));
    }
    let nameless = |what| move |source| CampaignError::Nameless { what, source };
    let directory = fs::canonicalize(directory).map_err(nameless("the folder of the campaign"))?;
    // The program itself, not druse: it may be the user's own.
    let program = std::env::current_exe().map_err(nameless("this program"))?;
    let worker = vec![
        program.display().to_string(),
        "worker".to_owned(),
        "--campaign".to_owned(),
        directory.display().to_string(),
        "--device".to_owned(),
        device.to_owned(),
    ];
    Ok(match campaign.executor {
        ExecutorKind::Files => {
            let (unit, launch) = (campaign.files.unit, campaign.files.launch.clone());
            Box::new(Files::new(&directory, identity, unit, worker, launch, observer))
        }
        _ => {
            let path = std::env::var_os("PATH").unwrap_or_default();
            Box::new(SlurmExecutor::new(
                &directory,
                identity,
                campaign.slurm.clone(),
                worker,
                &path,
                observer,
            )?)
        }
    })
}

/// What the campaign in a folder found so far.
///
/// # Errors
/// When there is no campaign or its files cannot be read.
pub fn summary(directory: &Path, plugins: &Plugins) -> Result<Summary, CampaignError> {
    let store = Store::read(directory)?;
    let campaign = load(directory, plugins)?;
    Summary::new(&campaign, &store, |_| Ok(()))
}

/// The campaign in a folder, which may name these plug-ins.
///
/// # Errors
/// When its campaign file cannot be used.
pub fn load(directory: &Path, plugins: &Plugins) -> Result<Campaign, CampaignError> {
    Ok(config::load_with(&directory.join(CAMPAIGN_FILE), None, plugins)?)
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

/// The stages of the funnel of the campaign in `store`; none of a campaign that was begun by a druse
/// that did not write them down.
///
/// # Errors
/// When the store cannot be read.
pub fn stages(store: &Store) -> Result<Vec<Stage>, StoreError> {
    let text = store.meta(STAGES)?.unwrap_or_else(|| "[]".to_owned());
    serde_json::from_str(&text)
        .map_err(|source| StoreError::Damaged { what: "list of stages".to_owned(), source })
}

/// What the numbers of the campaign in `store` depend on, one line for each part.
///
/// # Errors
/// When the store cannot be read.
pub fn protocol(store: &Store) -> Result<Vec<String>, StoreError> {
    Ok(store.meta(PROTOCOL)?.unwrap_or_default().lines().map(str::to_owned).collect())
}

/// SHA-256 of the campaign in `store` as it was begun.
///
/// # Errors
/// When the store cannot be read.
pub fn hash(store: &Store) -> Result<String, StoreError> {
    Ok(store.meta(HASH)?.unwrap_or_default())
}

/// The version of druse that began the campaign in `store`; `None` when it did not write that down.
///
/// # Errors
/// When the store cannot be read.
pub fn version(store: &Store) -> Result<Option<String>, StoreError> {
    store.meta(VERSION)
}

/// What became of the designs of the warm start; `None` without one.
///
/// # Errors
/// When the store cannot be read.
pub fn seeds(store: &Store) -> Result<Option<SeedCounts>, StoreError> {
    let damaged = |source| StoreError::Damaged { what: "counts of the warm start".to_owned(), source };
    store.meta(SEEDS)?.map(|text| serde_json::from_str(&text).map_err(damaged)).transpose()
}

/// What the campaign is, so that nothing else can be continued in its place: keys and values of the store.
fn identity(campaign: &Campaign, prepared: &dyn Prepared) -> Vec<(&'static str, String)> {
    // Plain structs with finite numbers: serialising them cannot fail.
    let objectives = serde_json::to_string(&prepared.evaluation().objectives()).unwrap_or_default();
    let stages = serde_json::to_string(&prepared.evaluation().stages()).unwrap_or_default();
    let mut identity = vec![
        (NAME, campaign.name.clone()),
        (OBJECTIVES, objectives),
        (STAGES, stages),
        (PROTOCOL, prepared.evaluation().protocol()),
        (HASH, campaign.hash()),
        (VERSION, env!("CARGO_PKG_VERSION").to_owned()),
    ];
    let seeds = prepared.seeds().map(|seeds| serde_json::to_string(seeds).unwrap_or_default());
    identity.extend(seeds.map(|seeds| (SEEDS, seeds)));
    identity
}

fn finish(store: &Store, campaign: &Campaign) -> Result<Summary, CampaignError> {
    let directory = store.directory();
    let path = directory.join(REJECTED_TABLE);
    let failed = |source| CampaignError::Write { path: path.clone(), source };
    let summary = write_atomically_with(&path, failed, |out| {
        out.write_all(REJECTED_HEADING.as_bytes()).map_err(failed)?;
        Summary::new(campaign, store, |row| {
            rejected_line(row).map_or(Ok(()), |line| out.write_all(line.as_bytes()).map_err(failed))
        })
    })?;
    let files = front_files(&summary, domain::of(campaign))?;
    replace_folder(&directory.join(FRONT_FOLDER), &files)?;
    write(&directory.join(FRONT_TABLE), front_table(&summary, &files).as_bytes())?;
    Ok(summary)
}

/// Writes a file in one piece.
fn write(path: &Path, bytes: &[u8]) -> Result<(), CampaignError> {
    write_atomically(path, bytes).map_err(|source| CampaignError::Write { path: path.to_owned(), source })
}

/// Puts these files into a folder of their own, in place of the one that is there.
fn replace_folder(path: &Path, files: &[(String, String)]) -> Result<(), CampaignError> {
    let attempt = || -> io::Result<()> {
        let parent = path.parent().unwrap_or(Path::new("."));
        let staging = tempfile::Builder::new().prefix(STAGING).tempdir_in(parent)?;
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

/// Removes what a process that was killed while it wrote left in the folder. Where this fails it only
/// stays lying there.
fn sweep(directory: &Path) {
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let unfinished = |file: &str| name.starts_with(&format!(".{file}.")) && name.ends_with(".part");
        if name.starts_with(STAGING) {
            let _ = fs::remove_dir_all(entry.path());
        } else if [CAMPAIGN_FILE, FRONT_TABLE, REJECTED_TABLE].into_iter().any(unfinished) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

fn remove_campaign(directory: &Path) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with(DATABASE)
            || name == CAMPAIGN_FILE
            || name == warm_start::FILE
            || name == crate::store::LOCK
        {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

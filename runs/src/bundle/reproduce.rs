//! A campaign of a bundle, done again.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::BundleError;
use super::compare::{Change, Report, compare};
use super::facts::{self, Facts, Told};
use super::inputs::digest;
use super::open::Bundle;
use crate::campaign::{self, CampaignError, Machine, begin, go_on};
use crate::config::{self, Campaign};
use crate::domain;
use crate::engine::{self, Observer};
use crate::plugins::Plugins;
use crate::store::{DATABASE, Store};

/// How a campaign is done again.
pub struct Request<'a> {
    /// Folder for it: new, empty, or with this bundle's campaign, which then goes on.
    pub directory: &'a Path,
    /// Files, and folders with files, in the place of those that are not in the bundle.
    pub inputs: &'a [PathBuf],
    /// Parts of the user's own.
    pub plugins: &'a Plugins,
    /// Who evaluates.
    pub machine: &'a Machine,
}

/// A campaign that is ready to be done again.
pub struct Reproduction<'a> {
    bundle: Bundle,
    request: Request<'a>,
    campaign: Campaign,
    changes: Vec<Change>,
}

impl<'a> Reproduction<'a> {
    /// Puts the files of a bundle into a folder and reads its campaign.
    ///
    /// # Errors
    /// When files are missing, the folder is used by something else, or this druse cannot read the campaign or
    /// has not the parts that it names.
    pub fn prepare(mut bundle: Bundle, request: Request<'a>) -> Result<Self, BundleError> {
        let directory = request.directory;
        let toml = bundle.members.text(campaign::CAMPAIGN_FILE)?;
        let begun = directory.join(DATABASE).exists();
        if begun {
            let found = campaign::hash(&Store::read(directory)?)?;
            if found != bundle.facts().campaign {
                let found = "another campaign";
                return Err(BundleError::Occupied { path: directory.to_owned(), found });
            }
        } else {
            let supplied = supplied(&bundle, request.inputs)?;
            settle(&mut bundle, directory, &supplied)?;
        }
        let name = format!("{}:{}", bundle.path().display(), campaign::CAMPAIGN_FILE);
        let read = config::parse_with(&toml, &name, directory, None, request.plugins);
        let prepared = read.map_err(|error| BundleError::from(Box::new(error))).and_then(|campaign| {
            let changes = changes(&bundle, &campaign, request.machine)?;
            Ok((campaign, changes))
        });
        match prepared {
            Ok((campaign, changes)) => Ok(Self { bundle, request, campaign, changes }),
            Err(error) => {
                if !begun {
                    // What was put there; a failure to remove it would hide the real error.
                    let _ = fs::remove_dir_all(directory);
                }
                Err(error)
            }
        }
    }

    /// What is not as it was where the campaign was run before: versions, models, references, machine.
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// Runs the campaign, or goes on with it, and compares all of it.
    ///
    /// # Errors
    /// When it does not run to its end.
    pub fn run(self, observer: &dyn Observer) -> Result<Report, BundleError> {
        let Self { mut bundle, request, campaign, changes } = self;
        for (until, deeds) in deeds(bundle.facts()) {
            self::run(&campaign, &request, Some(until), observer)?;
            let mut store = Store::open(request.directory)?;
            deeds.iter().try_for_each(|deed| deed.repeat(&mut store))?;
        }
        let facts = bundle.facts();
        let pause = facts.end.depends_on_machine().then_some(facts.steps);
        self::run(&campaign, &request, pause, observer)?;
        let mut store = Store::open(request.directory)?;
        if pause.is_some() {
            engine::set_end(&store, facts.end)?;
        }
        let late = facts.measurements.iter().filter(|told| told.step.is_none());
        late.map(Deed::Tell).try_for_each(|deed| deed.repeat(&mut store))?;
        drop(store);
        compare(&mut bundle, request.directory, &campaign, changes)
    }
}

/// What was done to a campaign that had begun.
enum Deed<'a> {
    /// Candidates were allowed beyond its budget.
    Extend(u64),
    /// A measured value was told.
    Tell(&'a Told),
}

impl Deed<'_> {
    /// Does the same, unless that was done before the campaign was stopped.
    fn repeat(&self, store: &mut Store) -> Result<(), BundleError> {
        match self {
            Self::Extend(more) if engine::more(store)? < *more => Ok(engine::set_more(store, *more)?),
            Self::Extend(_) => Ok(()),
            Self::Tell(told) => {
                let row = told.row();
                let known = store.measurements()?;
                let is_known =
                    known.iter().any(|known| (known.number, &known.name) == (row.number, &row.name));
                if is_known { Ok(()) } else { Ok(store.record_measurements(&[row])?) }
            }
        }
    }
}

/// What was done, by the number of steps after which it was.
fn deeds(facts: &Facts) -> BTreeMap<u64, Vec<Deed<'_>>> {
    let mut deeds: BTreeMap<u64, Vec<Deed<'_>>> = BTreeMap::new();
    for told in &facts.measurements {
        if let Some(step) = told.step {
            deeds.entry(step).or_default().push(Deed::Tell(told));
        }
    }
    for &(step, more) in &facts.extensions {
        deeds.entry(step).or_default().push(Deed::Extend(more));
    }
    deeds
}

/// Begins the campaign or goes on with it, to its end or until it has done so many steps.
fn run(
    campaign: &Campaign,
    request: &Request<'_>,
    pause: Option<u64>,
    observer: &dyn Observer,
) -> Result<(), CampaignError> {
    let Request { directory, plugins, machine, .. } = *request;
    if directory.join(DATABASE).exists() {
        go_on(directory, plugins, machine, observer, |prepared| prepared.repeat(pause)).map(|_| ())
    } else {
        begin(campaign, directory, machine, observer, |prepared| prepared.repeat(pause)).map(|_| ())
    }
}

/// Files in the place of those that are not in the bundle, by the names of their members.
fn supplied(bundle: &Bundle, given: &[PathBuf]) -> Result<BTreeMap<String, PathBuf>, BundleError> {
    let wanted: Vec<_> = bundle.facts().inputs.iter().filter(|input| !input.packed).collect();
    if wanted.is_empty() {
        return Ok(BTreeMap::new());
    }
    let mut files = Vec::new();
    given.iter().try_for_each(|path| collect(path, &mut files))?;
    let mut supplied = BTreeMap::new();
    for path in files {
        let unreadable = |source| BundleError::Unreadable { path: path.clone(), source };
        let size = fs::metadata(&path).map_err(unreadable)?.len();
        if !wanted.iter().any(|input| input.bytes == size) {
            continue;
        }
        let (sum, _) = digest(&path).map_err(unreadable)?;
        for input in wanted.iter().filter(|input| input.sha256 == sum) {
            supplied.insert(input.member.clone(), path.clone());
        }
    }
    let missing = wanted.into_iter().filter(|input| !supplied.contains_key(&input.member));
    let told = |input: &super::Input| {
        let name = input.member.rsplit('/').next().unwrap_or(&input.member);
        format!("{name} ({}, SHA-256 {})", input.key, input.sha256)
    };
    match missing.map(told).collect::<Vec<_>>() {
        missing if missing.is_empty() => Ok(supplied),
        missing => Err(BundleError::Missing { path: bundle.path().to_owned(), missing }),
    }
}

/// All files at or below a path.
fn collect(path: &Path, files: &mut Vec<PathBuf>) -> Result<(), BundleError> {
    let unreadable = |source| BundleError::Unreadable { path: path.to_owned(), source };
    if !fs::metadata(path).map_err(unreadable)?.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    for entry in fs::read_dir(path).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        // Links to folders could lead in circles.
        match entry.file_type().map_err(unreadable)? {
            kind if kind.is_dir() => collect(&entry.path(), files)?,
            _ if entry.path().is_file() => files.push(entry.path()),
            _ => {}
        }
    }
    Ok(())
}

/// Makes the folder of the campaign with all files that it names, complete or not at all.
fn settle(
    bundle: &mut Bundle,
    directory: &Path,
    supplied: &BTreeMap<String, PathBuf>,
) -> Result<(), BundleError> {
    let failed = |source: io::Error| BundleError::Write { path: directory.to_owned(), source };
    let absolute = std::path::absolute(directory).map_err(failed)?;
    if let Ok(mut entries) = fs::read_dir(&absolute)
        && entries.next().is_some()
    {
        return Err(BundleError::Occupied { path: directory.to_owned(), found: "other files" });
    }
    let parent = absolute.parent().unwrap_or(&absolute);
    fs::create_dir_all(parent).map_err(failed)?;
    let staging = tempfile::Builder::new().prefix(".druse-").tempdir_in(parent).map_err(failed)?;
    let files = staging.path().join("files");
    fs::create_dir(&files).map_err(failed)?;
    bundle.unpack(&files)?;
    for (member, source) in supplied {
        let path = files.join(member);
        fs::create_dir_all(path.parent().unwrap_or(&files)).map_err(failed)?;
        fs::copy(source, &path).map_err(failed)?;
    }
    // An empty folder may be in the way; another one makes the renaming fail.
    let _ = fs::remove_dir(&absolute);
    fs::rename(&files, &absolute).map_err(failed)
}

/// What is not as it was.
fn changes(bundle: &Bundle, campaign: &Campaign, machine: &Machine) -> Result<Vec<Change>, BundleError> {
    let facts = bundle.facts();
    let mut changes = Vec::new();
    let mut change = |what: &str, found: String, expected: &str| {
        if found != expected {
            changes.push(Change { what: what.to_owned(), found, expected: expected.to_owned() });
        }
    };
    let begun_by = facts.begun_by.as_ref().unwrap_or(&facts.druse);
    change("version of druse", env!("CARGO_PKG_VERSION").to_owned(), begun_by);
    let program = |program: Option<(&str, &str)>| {
        program.map_or("druse".to_owned(), |(name, version)| format!("{name} {version}"))
    };
    let expected = facts.program.as_ref().map(|(name, version)| (name.as_str(), version.as_str()));
    change("program", program(campaign.plugins.origin()), &program(expected));
    change("system", facts::system(), &facts.system);
    change("settings of the campaign", campaign.hash(), &facts.campaign);
    let evaluation = domain::of(campaign).evaluation(campaign, &machine.device);
    let protocol = evaluation.map_err(CampaignError::from)?.protocol();
    let found: Vec<&str> = protocol.lines().collect();
    let new = found.iter().filter(|line| !facts.protocol.iter().any(|known| known == *line));
    let gone = facts.protocol.iter().filter(|line| !found.contains(&line.as_str()));
    let joined = |lines: Vec<&str>| if lines.is_empty() { "nothing".to_owned() } else { lines.join("; ") };
    change("protocol", joined(new.copied().collect()), &joined(gone.map(String::as_str).collect()));
    Ok(changes)
}

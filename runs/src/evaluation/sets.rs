//! Sets of generated structures.
//!
//! A set is a file, folder or archive of structures, or it stands in a list:
//!
//! ```toml
//! [[set]]
//! name = "DiffCSP"                # the file name without endings when absent
//! files = ["diffcsp.jsonl.gz"]    # beside the list
//! report = "diffcsp.json"         # what sampling cost: a file by druse sample --json, or
//! seconds_per_sample = 0.5        # the numbers themselves
//! joules_per_sample = 5.0
//! energy_basis = "estimated"      # or "measured"
//! requested = 5.0                 # value that was asked for (protocol conditions)
//! note = "unconditional, one GPU"
//! ```
//!
//! The cost that a report tells is that of all samples, also of those that ranking left out, over those
//! that were kept. Where nothing else is said it is the mean of the properties `seconds` and `joules`, if
//! all structures have them.

use std::path::{Path, PathBuf};

use druse_datasets::import::{ImportError, checksum};
use druse_representations::Crystal;
use druse_representations::io::{ReadError, read_path};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{Evaluation, FORMAT};

/// What sampling cost.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Cost {
    /// Wall seconds for one sample.
    pub seconds_per_sample: Option<f64>,
    /// Joules for one sample.
    pub joules_per_sample: Option<f64>,
    /// How the joules were found.
    pub energy_basis: Option<String>,
}

/// One structure of a set.
#[derive(Clone, Debug)]
pub struct Member {
    /// Id by its file.
    pub id: String,
    /// The structure, or why it could not be read.
    pub crystal: Result<Crystal, String>,
    /// What else its file says.
    pub properties: Map<String, Value>,
}

/// A set of generated structures.
#[derive(Clone, Debug)]
pub struct SampleSet {
    /// Name in tables.
    pub name: String,
    /// Structures in order; those that cannot be read are in their places.
    pub members: Vec<Member>,
    /// What sampling cost.
    pub cost: Cost,
    /// Value that was asked for.
    pub requested: Option<Value>,
    /// Files, checksums, sizes and remarks.
    pub description: Map<String, Value>,
}

/// What is evaluated, or was evaluated before.
pub enum Source {
    /// Structures.
    Set(Box<SampleSet>),
    /// A set that was evaluated before.
    Done(Box<Evaluation>),
}

/// Why there are no sets.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SetError {
    /// The file cannot be read at all.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The checksum cannot be computed.
    #[error(transparent)]
    Checksum(#[from] ImportError),
    /// A text file cannot be read.
    #[error("cannot read '{}': {error}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Reason.
        error: std::io::Error,
    },
    /// A list that says something else than expected.
    #[error("'{}' is no list of sets: {reason}", .path.display())]
    List {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A file that does not tell what sampling cost.
    #[error("'{}' is no report of druse sample: {reason}", .path.display())]
    Report {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A file of earlier evaluations that is damaged.
    #[error("'{}' cannot be read as evaluations: {reason}", .path.display())]
    Evaluations {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// No structure at all.
    #[error("{name}: found no structure, expected one or more")]
    Empty {
        /// The set.
        name: String,
    },
    /// Two sets of one name.
    #[error("two sets are named '{name}', expected a name of its own for each (list them in a .toml file)")]
    SameName {
        /// The name.
        name: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    set: Vec<Listed>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Listed {
    name: Option<String>,
    files: Vec<PathBuf>,
    report: Option<PathBuf>,
    seconds_per_sample: Option<f64>,
    joules_per_sample: Option<f64>,
    energy_basis: Option<String>,
    requested: Option<toml::Value>,
    note: Option<String>,
}

/// A file that `--json` wrote.
#[derive(Deserialize)]
struct Saved {
    evaluations: Vec<Evaluation>,
}

/// The sets of files: lists end in `.toml`, evaluations made before in `.json`, everything else holds
/// structures and is one set. Of each at most the `first` structures are taken.
///
/// # Errors
/// When a file cannot be read, a list is wrong, a set holds no structure, or names repeat.
pub fn read_sets(files: &[PathBuf], first: Option<usize>) -> Result<Vec<Source>, SetError> {
    let mut sources = Vec::new();
    for path in files {
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        match ending {
            "toml" => {
                for listed in read_list(path)? {
                    sources.push(Source::Set(Box::new(SampleSet::of(listed, first)?)));
                }
            }
            "json" if is_saved(path)? => {
                let evaluations = read_saved(path)?.into_iter();
                sources.extend(evaluations.map(|evaluation| Source::Done(Box::new(evaluation))));
            }
            _ => sources.push(Source::Set(Box::new(SampleSet::of(Listed::alone(path), first)?))),
        }
    }
    let mut names: Vec<&str> = sources.iter().map(Source::name).collect();
    names.sort_unstable();
    if let Some(twice) = names.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(SetError::SameName { name: twice[0].to_owned() });
    }
    Ok(sources)
}

impl Source {
    /// What was evaluated before.
    pub fn done(self) -> Option<Evaluation> {
        match self {
            Self::Set(_) => None,
            Self::Done(evaluation) => Some(*evaluation),
        }
    }

    /// Name of the set.
    pub fn name(&self) -> &str {
        match self {
            Self::Set(set) => &set.name,
            Self::Done(evaluation) => &evaluation.name,
        }
    }
}

fn text(path: &Path) -> Result<String, SetError> {
    std::fs::read_to_string(path).map_err(|error| SetError::File { path: path.to_owned(), error })
}

fn read_list(path: &Path) -> Result<Vec<Listed>, SetError> {
    let wrong = |reason: String| SetError::List { path: path.to_owned(), reason };
    let mut list: List = toml::from_str(&text(path)?).map_err(|error| wrong(error.to_string()))?;
    let folder = path.parent().unwrap_or(Path::new(""));
    for listed in &mut list.set {
        if listed.files.is_empty() {
            return Err(wrong("a set has no files".to_owned()));
        }
        for number in [listed.seconds_per_sample, listed.joules_per_sample].into_iter().flatten() {
            if !(number.is_finite() && number >= 0.0) {
                return Err(wrong(format!("a cost of {number}, expected a number of at least 0")));
            }
        }
        listed.files.iter_mut().chain(&mut listed.report).for_each(|file| *file = folder.join(&*file));
    }
    Ok(list.set)
}

/// Whether a file begins as evaluations do; other JSON holds structures.
fn is_saved(path: &Path) -> Result<bool, SetError> {
    use std::io::Read;
    let mut start = [0; 256];
    let read = std::fs::File::open(path).and_then(|mut file| file.read(&mut start));
    let length = read.map_err(|error| SetError::File { path: path.to_owned(), error })?;
    Ok(String::from_utf8_lossy(&start[..length]).contains(FORMAT))
}

fn read_saved(path: &Path) -> Result<Vec<Evaluation>, SetError> {
    let saved: Saved = serde_json::from_str(&text(path)?)
        .map_err(|error| SetError::Evaluations { path: path.to_owned(), reason: error.to_string() })?;
    Ok(saved.evaluations)
}

impl Listed {
    fn alone(path: &Path) -> Self {
        Self {
            name: None,
            files: vec![path.to_owned()],
            report: None,
            seconds_per_sample: None,
            joules_per_sample: None,
            energy_basis: None,
            requested: None,
            note: None,
        }
    }
}

impl SampleSet {
    fn of(listed: Listed, first: Option<usize>) -> Result<Self, SetError> {
        let stem = |path: &Path| {
            let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
            name.split('.').next().filter(|stem| !stem.is_empty()).map(str::to_owned).unwrap_or(name)
        };
        let name =
            listed.name.unwrap_or_else(|| listed.files.first().map(|path| stem(path)).unwrap_or_default());
        let mut members = Vec::new();
        let mut files = Vec::new();
        for path in &listed.files {
            members.extend(read_path(path)?.into_iter().map(|record| match record {
                Ok(record) => {
                    Member { id: record.id, crystal: Ok(record.crystal), properties: record.properties }
                }
                Err(error) => {
                    Member { id: error.id.clone(), crystal: Err(error.to_string()), properties: Map::new() }
                }
            }));
            let file = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
            files.push(json!({ "file": file, "sha256": checksum(path)? }));
        }
        let found = members.len();
        members.truncate(first.unwrap_or(usize::MAX));
        if members.is_empty() {
            return Err(SetError::Empty { name });
        }
        let told = listed.report.as_deref().map(read_report).transpose()?;
        let told = told.map_or_else(|| Cost::of_properties(&members), Cost::from);
        let cost = Cost {
            seconds_per_sample: listed.seconds_per_sample.or(told.seconds_per_sample),
            joules_per_sample: listed.joules_per_sample.or(told.joules_per_sample),
            energy_basis: listed.energy_basis.or(told.energy_basis),
        };
        let mut description = Map::new();
        description.insert("files".to_owned(), Value::Array(files));
        description.insert("structures_in_files".to_owned(), json!(found));
        description.insert("structures".to_owned(), json!(members.len()));
        for key in ["generator", "model", "model_sha256", "seed"] {
            if let Some(text) = first_text(&members, key) {
                description.insert(key.to_owned(), json!(text));
            }
        }
        description.insert("cost".to_owned(), json!(cost));
        if let Some(note) = listed.note {
            description.insert("note".to_owned(), json!(note));
        }
        let requested = listed.requested.map(|value| json!(value));
        if let Some(requested) = &requested {
            description.insert("requested".to_owned(), requested.clone());
        }
        Ok(Self { name, members, cost, requested, description })
    }

    /// The structures that could be read.
    pub fn crystals(&self) -> impl Iterator<Item = &Crystal> {
        self.members.iter().filter_map(|member| member.crystal.as_ref().ok())
    }
}

/// What `druse sample --json` tells of the cost.
#[derive(Deserialize)]
struct Report {
    /// Samples that were kept.
    count: usize,
    /// Samples in all.
    sampled: usize,
    /// Wall seconds of all.
    seconds: f64,
    /// Joules for each of all.
    joules_each: f64,
    joules_basis: String,
}

fn read_report(path: &Path) -> Result<Report, SetError> {
    serde_json::from_str(&text(path)?)
        .map_err(|error| SetError::Report { path: path.to_owned(), reason: error.to_string() })
}

impl From<Report> for Cost {
    fn from(report: Report) -> Self {
        let count = report.count.max(1) as f64;
        Self {
            seconds_per_sample: Some(report.seconds / count),
            joules_per_sample: Some(report.joules_each * report.sampled as f64 / count),
            energy_basis: Some(report.joules_basis),
        }
    }
}

impl Cost {
    fn of_properties(members: &[Member]) -> Self {
        Self {
            seconds_per_sample: mean(members, "seconds"),
            joules_per_sample: mean(members, "joules"),
            energy_basis: first_text(members, "energy_basis"),
        }
    }
}

/// Mean of a property that all structures have.
fn mean(members: &[Member], key: &str) -> Option<f64> {
    let values: Option<Vec<f64>> =
        members.iter().map(|member| member.properties.get(key)?.as_f64()).collect();
    values.filter(|values| !values.is_empty()).map(|values| values.iter().sum::<f64>() / values.len() as f64)
}

fn first_text(members: &[Member], key: &str) -> Option<String> {
    let value = members.first()?.properties.get(key)?;
    Some(value.as_str().map_or_else(|| value.to_string(), str::to_owned))
}

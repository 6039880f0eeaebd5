//! A training from structures to the files of a model, for any kind of model.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use druse_representations::io::{Record, write_atomically};
use rayon::prelude::*;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use tch::Device;

use super::card::{Card, DataCard, FORMAT};
use super::checkpoint::{Checkpoint, Files};
use super::model::ModelFile;
use super::options::BadOption;
use super::sealed::{self, FileError};
use super::seen::Seen;
use super::train::Diverged;
use super::{End, Learner, Observer, TrainOptions, Training, TrainingSet, curve};
use crate::learned::conditions::Values;
use crate::learned::{Conditions, Labels, Subject};

/// Reasons that the card lists one by one.
const SHOWN: usize = 10;

/// Where the weights come from.
#[derive(Debug)]
pub enum Start {
    /// Fresh weights.
    Fresh,
    /// Those of a trained model (fine-tuning), which keeps its settings and the scales of its conditions.
    From(Box<ModelFile>),
    /// The checkpoint beside the model to write.
    Resume,
}

/// What to train, from what, and where to.
#[derive(Debug)]
pub struct Job<R = Record> {
    /// Structures to learn from.
    pub training: Vec<R>,
    /// Structures of the validation loss; may be empty.
    pub validation: Vec<R>,
    /// Structures that only teach what to say of them, by their labels, and are not imitated; may be empty.
    pub judged: Vec<R>,
    /// Names of the conditions.
    pub conditions: Vec<String>,
    /// Settings of the network that differ from the default.
    pub config: Map<String, Value>,
    /// Options that differ from the default, or from the checkpoint.
    pub options: Map<String, Value>,
    /// Where the weights come from.
    pub start: Start,
    /// What is to be said of the data; the house adds numbers and checksum.
    pub data: DataCard,
    /// The command, for the card.
    pub command: String,
    /// Day, for the card.
    pub date: String,
    /// Version of druse, for the card.
    pub druse: String,
    /// Model to write.
    pub to: PathBuf,
    /// Time between two checkpoints.
    pub checkpoint_every: Duration,
    /// Where to compute.
    pub device: Device,
}

/// What became of a training.
#[derive(Debug)]
pub struct Outcome {
    /// The card of the model.
    pub card: Card,
    /// SHA-256 of the file.
    pub sha256: String,
    /// Whether it is finished.
    pub end: End,
    /// Files written.
    pub files: Files,
    /// Size of the model in bytes.
    pub bytes: usize,
}

/// Why a training failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainError {
    /// A file.
    #[error(transparent)]
    File(#[from] FileError),
    /// An option.
    #[error(transparent)]
    Option(#[from] BadOption),
    /// Options or settings that are none.
    #[error("{what}: {reason}")]
    Settings {
        /// `training options` or `settings of KIND`.
        what: String,
        /// What is wrong.
        reason: String,
    },
    /// Conditions that cannot be had.
    #[error("conditions: {0}")]
    Conditions(String),
    /// Nothing to learn from.
    #[error("found no structure that {kind} can learn from, expected one or more{}", first.as_ref().map_or(String::new(), |(id, reason)| format!("; {id}: {reason}")))]
    NoData {
        /// Kind of the model.
        kind: &'static str,
        /// A refused structure and why.
        first: Option<(String, String)>,
    },
    /// Fresh training where a checkpoint lies.
    #[error("{} is there already: continue it with --resume, or remove it", .0.display())]
    CheckpointThere(PathBuf),
    /// Something of a checkpoint that a continued training may not change.
    #[error("{origin}: the training was begun with other {what}; expected {expected}")]
    Changed {
        /// Checkpoint.
        origin: String,
        /// What differs.
        what: String,
        /// What it has to be.
        expected: String,
    },
    /// The loss is no number.
    #[error(transparent)]
    Diverged(#[from] Diverged),
    /// The description cannot be written down.
    #[error("cannot describe the training: {0}")]
    Description(String),
}

impl TrainError {
    /// Whether the user can put it right in the arguments or the data.
    pub fn is_input(&self) -> bool {
        match self {
            Self::File(error) => error.is_input(),
            Self::Diverged(_) | Self::Description(_) => false,
            _ => true,
        }
    }
}

/// Examples of both sets, with what was refused.
struct Sets<L: Learner> {
    training: TrainingSet<L>,
    validation: TrainingSet<L>,
    judged: TrainingSet<L>,
    refused: BTreeMap<String, usize>,
}

/// Trains a model and writes its files.
///
/// # Errors
/// When settings, data or files do not allow it, or the loss becomes no number.
pub fn train_job<L: Learner>(
    job: Job<L::Record>,
    observer: &mut dyn Observer,
) -> Result<Outcome, TrainError> {
    let files = Files::of(&job.to);
    let resumed = match job.start {
        Start::Resume => Some(to_resume::<L>(&job, &files)?),
        _ if files.checkpoint().exists() => return Err(TrainError::CheckpointThere(files.checkpoint())),
        _ => None,
    };
    let from = match &job.start {
        Start::From(model) => Some(model),
        _ => None,
    };
    if let Some(model) = from {
        model.expect_kind::<L>()?;
    }
    let kept = resumed.as_ref().map(|r| &r.card).or(from.map(|model| &model.card));
    let mut config = config::<L>(&job.config, kept, resumed.is_some())?;
    if kept.is_none() {
        config = L::fit(config, &job.training);
    }
    let options = options::<L>(&job.options, resumed.as_ref().map(|r| &r.card.options))?;
    let sum = checksum([&job.training, &job.validation, &job.judged]);
    if let Some(checkpoint) = &resumed {
        unchanged(checkpoint, &options, &sum)?;
    }

    // Scales are those of what is imitated.
    let records: Vec<&L::Record> = job.training.iter().chain(&job.validation).collect();
    let names = kept.map_or_else(Vec::new, |card| card.conditions.names());
    let wanted: Vec<String> =
        names.iter().chain(job.conditions.iter().filter(|name| !names.contains(name))).cloned().collect();
    let values = Values::of(&wanted, &records);
    let conditions = match kept {
        None => Conditions::fit_values(&wanted, &values).map_err(TrainError::Conditions)?,
        Some(card) => {
            let new: Vec<String> = wanted[names.len()..].to_vec();
            card.conditions.and(&Conditions::fit_values(&new, &values).map_err(TrainError::Conditions)?)
        }
    };
    if let Some(checkpoint) = resumed.as_ref().filter(|r| r.card.conditions != conditions) {
        return Err(TrainError::Changed {
            origin: checkpoint.origin().to_owned(),
            what: "conditions".to_owned(),
            expected: checkpoint.card.conditions.names().join(", "),
        });
    }
    let sets = sets::<L>(&config, &conditions, &job, &values)?;

    let Sets { training, validation, judged, .. } = &sets;
    let mut training =
        Training::<L>::new(&config, &conditions, training, validation, judged, &options, job.device);
    if let Some(model) = from {
        training.start_from(model)?;
    }
    if let Some(checkpoint) = &resumed {
        training.restore(checkpoint)?;
        if options.reschedules(&checkpoint.card.options) {
            training.state.worse = 0;
        }
    }
    let mut data = job.data.clone();
    data.refused.extend(most_frequent(&sets.refused));
    (data.training, data.validation) = (sets.training.examples.len(), sets.validation.examples.len());
    data.judged = sets.judged.examples.len();
    data.sha256 = sum;
    let card = Card {
        format: FORMAT,
        role: String::new(),
        kind: L::KIND.to_owned(),
        druse: job.druse.clone(),
        config: serde_json::to_value(&config).map_err(|e| TrainError::Description(e.to_string()))?,
        conditions,
        options: options.clone(),
        data,
        command: job.command.clone(),
        date: job.date.clone(),
        started_from: match (&resumed, from) {
            (Some(checkpoint), _) => checkpoint.card.started_from.clone(),
            (None, Some(model)) => Some((file_name(&model.origin), model.sha256.clone())),
            (None, None) => None,
        },
        steps: 0,
        epochs: 0.0,
        skipped: 0,
        seconds: 0.0,
        joules: 0.0,
        joules_basis: String::new(),
        parameters: 0,
        validation: None,
        finished: false,
    };
    let mut seen = Seen::of(&job.training);
    if let Some(model) = from {
        seen = seen.and(&model.seen);
    }
    let keeper = Keeper { card, seen, files, every: job.checkpoint_every };
    keeper.run(&mut training, observer)
}

/// Writes checkpoints and the model.
struct Keeper {
    card: Card,
    seen: Seen,
    files: Files,
    every: Duration,
}

impl Keeper {
    fn run<L: Learner>(
        &self,
        training: &mut Training<'_, L>,
        observer: &mut dyn Observer,
    ) -> Result<Outcome, TrainError> {
        let mut last = Instant::now();
        let end = training.run(observer, |training, trunk, observer| -> Result<(), TrainError> {
            if trunk {
                self.checkpoint(training, &self.files.trunk(), observer)?;
            } else if last.elapsed() >= self.every {
                self.checkpoint(training, &self.files.checkpoint(), observer)?;
                self.model(training, false)?;
                last = Instant::now();
            }
            Ok(())
        })?;
        self.checkpoint(training, &self.files.checkpoint(), observer)?;
        let (card, sha256, bytes) = self.model(training, end == End::Finished)?;
        Ok(Outcome { card, sha256, end, files: self.files.clone(), bytes })
    }

    fn checkpoint<L: Learner>(
        &self,
        training: &mut Training<'_, L>,
        path: &std::path::Path,
        observer: &mut dyn Observer,
    ) -> Result<(), TrainError> {
        let (joules, basis) = observer.joules();
        training.state.joules += joules;
        training.state.joules_basis = basis;
        let bytes = training.checkpoint(&self.card(training, false)).map_err(TrainError::Description)?;
        Ok(sealed::write(path, &bytes)?)
    }

    /// Writes the model, its curve and its card; gives card, checksum and size.
    fn model<L: Learner>(
        &self,
        training: &mut Training<'_, L>,
        finished: bool,
    ) -> Result<(Card, String, usize), TrainError> {
        let card = self.card(training, finished);
        let (bytes, card) = training.model(&card, &self.seen).map_err(TrainError::Description)?;
        sealed::write(self.files.model(), &bytes)?;
        let sha256 = ModelFile::from_bytes(&bytes, &self.files.model().display().to_string())?.sha256;
        let curve = &training.state.curve;
        let name =
            self.files.model().file_stem().map_or_else(String::new, |s| s.to_string_lossy().into_owned());
        let json = serde_json::to_string_pretty(curve).map_err(|e| TrainError::Description(e.to_string()))?;
        let title = format!("{name}: {}", card.kind);
        let beside = [
            (self.files.curve(), json + "\n"),
            (self.files.picture(), curve::svg(&title, curve)),
            (self.files.card(), card.markdown(&name, &sha256, curve)),
        ];
        for (path, text) in beside {
            write_atomically(&path, text.as_bytes()).map_err(|source| FileError::Io {
                action: "write",
                path,
                source,
            })?;
        }
        Ok((card, sha256, bytes.len()))
    }

    fn card<L: Learner>(&self, training: &Training<'_, L>, finished: bool) -> Card {
        let state = training.state();
        Card {
            steps: state.step,
            epochs: training.epochs(),
            skipped: state.skipped,
            seconds: state.seconds,
            joules: state.joules,
            joules_basis: state.joules_basis.clone(),
            finished,
            ..self.card.clone()
        }
    }
}

/// The checkpoint to go on from: where the training stands, or, when its learning rate falls already and
/// the schedule is to be another one, where it stood before.
fn to_resume<L: Learner>(job: &Job<L::Record>, files: &Files) -> Result<Checkpoint, TrainError> {
    let checkpoint = Checkpoint::read(&files.checkpoint())?;
    if checkpoint.card.kind != L::KIND {
        let found = format!("a training of {}", checkpoint.card.kind);
        return Err(FileError::unfit(checkpoint.origin(), found, L::KIND).into());
    }
    let options = options::<L>(&job.options, Some(&checkpoint.card.options))?;
    if checkpoint.state.cooling && options.reschedules(&checkpoint.card.options) {
        return Ok(Checkpoint::read(&files.trunk())?);
    }
    Ok(checkpoint)
}

/// Settings of the network: those of the model or checkpoint, which may be said again but not changed.
/// The settings, where they are not given those of what is gone on from. A checkpoint has to be gone on from as it was;
/// what starts from the weights of a model may have other settings as long as its tensors have the same shapes, which is
/// checked when they are filled.
fn config<L: Learner>(
    given: &Map<String, Value>,
    kept: Option<&Card>,
    fixed: bool,
) -> Result<L::Config, TrainError> {
    let bad = |reason: String| TrainError::Settings { what: format!("settings of {}", L::KIND), reason };
    let base = match kept {
        Some(card) => card.config.clone(),
        None => serde_json::to_value(L::Config::default()).map_err(|e| bad(e.to_string()))?,
    };
    let merged = merge(base.clone(), given).map_err(bad)?;
    if fixed && merged != base {
        return Err(bad("they differ from those of the checkpoint".to_owned()));
    }
    serde_json::from_value(merged).map_err(|error| bad(error.to_string()))
}

fn options<L: Learner>(
    given: &Map<String, Value>,
    kept: Option<&TrainOptions>,
) -> Result<TrainOptions, TrainError> {
    let bad = |reason: String| TrainError::Settings { what: "training options".to_owned(), reason };
    let base = kept.cloned().unwrap_or_else(L::options);
    let base = serde_json::to_value(base).map_err(|e| bad(e.to_string()))?;
    let merged = merge(base, given).map_err(bad)?;
    let options: TrainOptions = serde_json::from_value(merged).map_err(|error| bad(error.to_string()))?;
    options.check()?;
    Ok(options)
}

/// Replaces fields of an object; tables within are merged, too.
fn merge(base: Value, given: &Map<String, Value>) -> Result<Value, String> {
    let Value::Object(mut fields) = base else {
        return if given.is_empty() { Ok(base) } else { Err("found settings, expected none".to_owned()) };
    };
    for (name, value) in given {
        let Some(old) = fields.get_mut(name) else {
            let known: Vec<&str> = fields.keys().map(String::as_str).collect();
            return Err(format!("unknown field '{name}', expected one of {}", known.join(", ")));
        };
        *old = match (old.take(), value) {
            (old @ Value::Object(_), Value::Object(inner)) => merge(old, inner)?,
            _ => value.clone(),
        };
    }
    Ok(Value::Object(fields))
}

fn unchanged(checkpoint: &Checkpoint, options: &TrainOptions, sum: &str) -> Result<(), TrainError> {
    let changed = |what: String, expected: String| TrainError::Changed {
        origin: checkpoint.origin().to_owned(),
        what,
        expected,
    };
    if let Some(name) = options.changed(&checkpoint.card.options) {
        let kept = serde_json::to_value(&checkpoint.card.options).unwrap_or_default();
        return Err(changed(format!("{name} (training option)"), format!("{}", kept[name])));
    }
    if checkpoint.card.data.sha256 != sum {
        let data = &checkpoint.card.data;
        let files: Vec<&str> = data.files.iter().map(|file| file.name.as_str()).collect();
        let expected = format!(
            "the same {} structures, taken and split in the same way, from {}",
            data.training + data.validation,
            files.join(", ")
        );
        return Err(changed("data".to_owned(), expected));
    }
    Ok(())
}

/// SHA-256 over ids, structures and labels in order.
fn checksum<S: Subject>(sets: [&[S]; 3]) -> String {
    let one = |record: &S| {
        let mut hasher = Sha256::new();
        record.digest(&mut hasher);
        hasher.finalize()
    };
    let mut hasher = Sha256::new();
    // Judged structures count where there are any.
    for set in &sets[..if sets[2].is_empty() { 2 } else { 3 }] {
        hasher.update((set.len() as u64).to_le_bytes());
        let sums: Vec<_> = set.par_iter().map(one).collect();
        sums.iter().for_each(|sum| hasher.update(sum));
    }
    druse_datasets::bytes::hexadecimal(hasher.finalize())
}

/// Makes the examples of both sets side by side.
fn sets<L: Learner>(
    config: &L::Config,
    conditions: &Conditions,
    job: &Job<L::Record>,
    values: &Values,
) -> Result<Sets<L>, TrainError> {
    let mut refused = BTreeMap::new();
    let mut first = None;
    let judged_values = Values::of(&conditions.names(), &job.judged.iter().collect::<Vec<_>>());
    let mut take = |records: &[L::Record], values: &Values, offset: usize| -> TrainingSet<L> {
        let made: Vec<Result<(L::Example, Labels), String>> = records
            .par_iter()
            .enumerate()
            .map(|(place, record)| {
                let example = L::example(config, conditions, record)?;
                Ok((example, conditions.labels_at(record, values, offset + place)))
            })
            .collect();
        let mut set = TrainingSet::EMPTY;
        for (record, made) in records.iter().zip(made) {
            match made {
                Ok((example, labels)) => {
                    set.examples.push(example);
                    set.labels.push(labels);
                }
                Err(reason) => {
                    first.get_or_insert_with(|| (record.id().to_owned(), reason.clone()));
                    *refused.entry(reason).or_insert(0) += 1;
                }
            }
        }
        set
    };
    let training = take(&job.training, values, 0);
    let validation = take(&job.validation, values, job.training.len());
    let judged = take(&job.judged, &judged_values, 0);
    if training.examples.is_empty() {
        return Err(TrainError::NoData { kind: L::KIND, first });
    }
    Ok(Sets { training, validation, judged, refused })
}

/// The most frequent reasons, and the number of all others.
fn most_frequent(refused: &BTreeMap<String, usize>) -> Vec<(String, usize)> {
    let mut reasons: Vec<(String, usize)> = refused.iter().map(|(r, n)| (r.clone(), *n)).collect();
    reasons.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let others: usize = reasons.iter().skip(SHOWN).map(|(_, count)| count).sum();
    reasons.truncate(SHOWN);
    if others > 0 {
        reasons.push(("other reasons".to_owned(), others));
    }
    reasons
}

/// The name of a file without its folders, which are nobody's business but the user's.
fn file_name(path: &str) -> String {
    std::path::Path::new(path)
        .file_name()
        .map_or_else(|| path.to_owned(), |name| name.to_string_lossy().into_owned())
}

//! `druse train`

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::fitness::chgnet::torch::{device, single_threaded};
use crate::generators::learned::house::{
    Device, End, Job, Observer, Outcome, Progress, Start, State, TrainError, TrainOptions,
};
use crate::generators::learned::{KINDS, Kind, Train};
use crate::ledger::{Basis, Energy, Meter};
use crate::training::{By, Data, DataError, DataRequest, Duplicates, Filter, SetApart};
use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Map, Value, json};
use signal_hook::consts::{SIGINT, SIGTERM};

use super::Global;
use super::date::today;
use super::failure::Failure;
use super::summary::duration;
use super::weights;

#[derive(Args)]
pub struct Arguments {
    /// Kind of model
    #[arg(value_name = "KIND", value_parser = kind)]
    kind: &'static Kind,
    /// Structures to learn from: files, folders or archives of any format that druse reads, such as a
    /// CSV table with a column `cif`. Ligands: CSV tables of SMILES with marked donors, lists of molecules in XYZ format, or
    /// the word `library`
    #[arg(long, value_name = "FILES", num_args = 1.., required = true)]
    data: Vec<PathBuf>,
    /// CSV file with a column `id` whose other columns become labels; may be repeated
    #[arg(long, value_name = "FILE")]
    labels: Vec<PathBuf>,
    /// Labels to condition on, by the names of their columns; those that every crystal has: elements,
    /// space_group, atoms, density, volume_per_atom; those that every ligand has: denticity, charge, donors, atoms,
    /// heavy_atoms, elements
    #[arg(long, value_name = "A,B,...", value_delimiter = ',')]
    conditions: Vec<String>,
    /// Column of the SMILES in tables of ligands, where there are several
    #[arg(long, value_name = "COLUMN")]
    smiles: Option<String>,
    /// Take only structures for which this holds, such as 'e_hull <= 0.1 and icsd = 1 or missing'
    #[arg(long = "where", value_name = "COMPARISONS")]
    filter: Option<Filter>,
    /// Structures of the validation loss; without them some are set apart from --data
    #[arg(long, value_name = "FILES", num_args = 1.., conflicts_with_all = ["split", "fractions"])]
    validation: Vec<PathBuf>,
    /// What stays together when structures are set apart
    #[arg(long, value_enum, default_value = "leak-free")]
    split: SplitName,
    /// Shares of training and validation data, and of test data that are left out
    #[arg(long, value_name = "A,B[,C]", value_parser = fractions, default_value = "0.9,0.1")]
    fractions: Fractions,
    /// Structures that only teach the property heads by their labels and are not imitated, such as generated
    /// crystals with their energies after relaxation: what the model then says of its own samples
    /// (--best-of) is worth more
    #[arg(long, value_name = "FILES", num_args = 1..)]
    judged: Vec<PathBuf>,
    /// What to do with structures that occur several times under other ids: all count, or the first of
    /// those that the matcher of audits calls the same
    #[arg(long, value_enum, default_value = "keep")]
    duplicates: DuplicatesName,
    /// Model to write; beside it lie its checkpoint, its card and its loss curve
    #[arg(long, value_name = "MODEL.safetensors")]
    to: PathBuf,
    /// End after this many minutes (over all runs)
    #[arg(long, value_name = "M")]
    minutes: Option<f64>,
    /// End after this many steps (over all runs)
    #[arg(long, value_name = "N")]
    steps: Option<u64>,
    /// Precision of the products of matrices: bfloat16 is faster on processors that have such products
    #[arg(long, value_name = "NAME", value_parser = ["float32", "bfloat16"])]
    precision: Option<String>,
    /// Settings: tables [model] for the network and [training] for how it is trained
    #[arg(long, value_name = "FILE.toml")]
    config: Option<PathBuf>,
    /// Start from the weights of this model, a file or a name (fine-tuning)
    #[arg(long, value_name = "MODEL", conflicts_with = "resume")]
    from: Option<String>,
    /// Continue from the checkpoint beside the model; --steps and --minutes may be more than before
    #[arg(long)]
    resume: bool,
    /// Licence and attribution of the data, for the card of the model
    #[arg(long, value_name = "TEXT")]
    licence: Option<String>,
    /// Minutes between two checkpoints
    #[arg(long, value_name = "M", default_value_t = 5.0)]
    checkpoint_minutes: f64,
    /// Where to compute: cpu, cuda or cuda:N
    #[arg(long, value_name = "NAME", default_value = "cpu")]
    device: String,
}

#[derive(Clone, Copy, ValueEnum)]
enum SplitName {
    /// Structures with the same reduced formula
    Formula,
    /// The same, and ordered, disordered and solid-solution variants of one crystal; of ligands those that differ in nothing but
    /// their donors
    LeakFree,
}

#[derive(Clone, Copy, ValueEnum)]
enum DuplicatesName {
    Keep,
    Drop,
}

/// Shares of training, validation and test.
#[derive(Clone, Copy)]
struct Fractions([f64; 3]);

fn fractions(text: &str) -> Result<Fractions, String> {
    let numbers: Result<Vec<f64>, _> = text.split(',').map(|number| number.trim().parse()).collect();
    match numbers.as_deref() {
        Ok(&[a, b]) => Ok(Fractions([a, b, 0.0])),
        Ok(&[a, b, c]) => Ok(Fractions([a, b, c])),
        _ => Err("expected two or three numbers such as 0.9,0.1".to_owned()),
    }
}

fn kind(name: &str) -> Result<&'static Kind, String> {
    let known: Vec<&str> = KINDS.iter().map(|kind| kind.name).collect();
    Kind::named(name).ok_or_else(|| format!("expected one of {}", known.join(", ")))
}

pub fn run(arguments: &Arguments, global: &Global) -> Result<(), Failure> {
    single_threaded();
    let device = device(&arguments.device).map_err(|error| Failure::input(format!("--device: {error}")))?;
    let minutes = arguments.checkpoint_minutes;
    if !(minutes.is_finite() && minutes > 0.0) {
        return Err(Failure::input(format!(
            "--checkpoint-minutes: found {minutes}, expected a positive number"
        )));
    }
    if let Some(folder) = arguments.to.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(|error| Failure::write(folder, &error))?;
    }
    let (config, mut options) = settings(arguments.config.as_deref())?;
    let mut set = |name: &str, value: Option<Value>| {
        value.map(|value| options.insert(name.to_owned(), value));
    };
    set("steps", arguments.steps.map(Value::from));
    set("minutes", arguments.minutes.map(Value::from));
    set("seed", global.seed.map(Value::from));
    set("precision", arguments.precision.clone().map(Value::from));
    // Whoever says how long in minutes alone is not stopped by the default number of steps before.
    if arguments.minutes.is_some() && arguments.steps.is_none() {
        options.entry("steps").or_insert_with(|| Value::from(u32::MAX));
    }
    let start = match &arguments.from {
        _ if arguments.resume => Start::Resume,
        None => Start::Fresh,
        Some(name) => Start::From(Box::new(weights::open(name)?)),
    };
    let settings = Settings { config, options, start, device };
    let request = request(arguments, global);
    match arguments.kind.train {
        Train::Crystals(_) if arguments.smiles.is_some() => Err(Failure::input(format!(
            "--smiles: {} learns from crystals, not from tables of SMILES",
            arguments.kind.name
        ))),
        Train::Crystals(train) => settings.run(request.load()?, train, arguments, global),
        Train::Ligands(train) => {
            settings.run(request.load_ligands(arguments.smiles.as_deref())?, train, arguments, global)
        }
    }
}

/// All about a training but its data.
struct Settings {
    config: Fields,
    options: Fields,
    start: Start,
    device: Device,
}

impl Settings {
    fn run<S>(
        self,
        data: Data<S>,
        train: fn(Job<S>, &mut dyn Observer) -> Result<Outcome, TrainError>,
        arguments: &Arguments,
        global: &Global,
    ) -> Result<(), Failure> {
        for note in &data.notes {
            global.note(note);
        }
        if global.verbose > 0 {
            data.refused.iter().for_each(|(id, reason)| global.note(&format!("{id}: {reason}")));
        }
        let reasons: Vec<String> =
            data.card.refused.iter().map(|(reason, count)| format!("{reason}: {count}")).collect();
        global.note(&format!(
            "{} structures for training and {} for validation, {} not taken{}{}",
            data.training.len(),
            data.validation.len(),
            data.refused.len(),
            if reasons.is_empty() { "" } else { ": " },
            reasons.join("; "),
        ));
        global.note("making examples of them");
        let job = Job {
            training: data.training,
            validation: data.validation,
            judged: data.judged,
            conditions: arguments.conditions.iter().map(|name| name.trim().to_owned()).collect(),
            config: self.config,
            options: self.options,
            start: self.start,
            data: data.card,
            command: command(),
            date: today(),
            druse: env!("CARGO_PKG_VERSION").to_owned(),
            to: arguments.to.clone(),
            checkpoint_every: Duration::from_secs_f64(60.0 * arguments.checkpoint_minutes),
            device: self.device,
        };
        let mut watch = Watch::new(global)?;
        let outcome = train(job, &mut watch);
        watch.finish();
        tell(&outcome?, global)
    }
}

fn request(arguments: &Arguments, global: &Global) -> DataRequest {
    DataRequest {
        files: arguments.data.clone(),
        labels: arguments.labels.clone(),
        judged: arguments.judged.clone(),
        filter: arguments.filter.clone(),
        duplicates: match arguments.duplicates {
            DuplicatesName::Keep => Duplicates::Keep,
            DuplicatesName::Drop => Duplicates::Drop,
        },
        apart: if arguments.validation.is_empty() {
            let by = match arguments.split {
                SplitName::Formula => By::Formula,
                SplitName::LeakFree => By::LeakFree,
            };
            SetApart::Split(by, arguments.fractions.0)
        } else {
            SetApart::Files(arguments.validation.clone())
        },
        licence: arguments.licence.clone(),
        seed: global.seed.unwrap_or(0),
    }
}

/// A table of a file of settings.
type Fields = Map<String, Value>;

/// The tables `model` and `training` of a file of settings.
fn settings(path: Option<&Path>) -> Result<(Fields, Fields), Failure> {
    let Some(path) = path else { return Ok(Default::default()) };
    let bad = |reason: &dyn std::fmt::Display| Failure::input(format!("{}: {reason}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| bad(&error))?;
    let table: toml::Table = toml::from_str(&text).map_err(|error| bad(&error))?;
    let Value::Object(mut tables) = serde_json::to_value(table).map_err(|error| bad(&error))? else {
        return Err(bad(&"found no table"));
    };
    let mut take = |name: &str| match tables.remove(name) {
        None => Ok(Map::new()),
        Some(Value::Object(fields)) => Ok(fields),
        Some(other) => Err(bad(&format!("{name}: found {other}, expected a table [{name}]"))),
    };
    let taken = (take("model")?, take("training")?);
    match tables.keys().next() {
        Some(name) => Err(bad(&format!("unknown table '{name}', expected [model] and [training]"))),
        None => Ok(taken),
    }
}

/// The command as it was given, files without their folders.
fn command() -> String {
    let mut words = Vec::new();
    for word in std::env::args() {
        let path = Path::new(&word);
        let plain = match path.file_name() {
            Some(name) if words.is_empty() || path.is_absolute() || path.exists() => name.to_string_lossy(),
            _ => word.as_str().into(),
        };
        let simple =
            !plain.is_empty() && plain.chars().all(|c| c.is_alphanumeric() || "-_.,=/:+".contains(c));
        words.push(if simple { plain.into_owned() } else { format!("'{}'", plain.replace('\'', "'\\''")) });
    }
    words.join(" ")
}

fn tell(outcome: &Outcome, global: &Global) -> Result<(), Failure> {
    let card = &outcome.card;
    let loss =
        card.validation.as_ref().map_or("none".to_owned(), |v| format!("{:.4} at step {}", v.loss, v.step));
    let state = match outcome.end {
        End::Finished => "finished",
        End::Stopped => "stopped; continue with --resume",
    };
    global.note(&format!(
        "{}: {} parameters, {:.1} MB; {} steps, {:.1} epochs in {}, {:.1} Wh ({}); validation loss {loss}; {state}",
        outcome.files.model().display(),
        card.parameters,
        outcome.bytes as f64 * 1e-6,
        card.steps,
        card.epochs,
        duration(card.seconds),
        card.joules / 3600.0,
        card.joules_basis,
    ));
    if card.skipped > 0 {
        global.note(&format!("{} steps were left out: their loss was no number", card.skipped));
    }
    global.write_json(&json!({
        "model": outcome.files.model(),
        "sha256": outcome.sha256,
        "bytes": outcome.bytes,
        "checkpoint": outcome.files.checkpoint(),
        "curve": outcome.files.curve(),
        "picture": outcome.files.picture(),
        "card": card,
    }))
}

/// Time between two plain lines.
const PLAIN_EVERY: Duration = Duration::from_secs(30);
const TEMPLATE: &str = "{bar:24} {percent} % {msg}, {eta} left";
/// Ticks of the bar from beginning to end.
const TICKS: u64 = 1000;

/// Shows a training, counts its energy, and stops it when the system says so.
struct Watch {
    quiet: bool,
    bar: Option<ProgressBar>,
    last: Instant,
    meter: Meter,
    basis: Option<Basis>,
    stop: Arc<AtomicBool>,
}

impl Watch {
    fn new(global: &Global) -> Result<Self, Failure> {
        let stop = Arc::new(AtomicBool::new(false));
        for signal in [SIGTERM, SIGINT] {
            signal_hook::flag::register(signal, Arc::clone(&stop))
                .map_err(|error| Failure::other(format!("cannot listen for signals: {error}")))?;
        }
        let bar = (!global.quiet && std::io::stderr().is_terminal()).then(|| {
            let bar = ProgressBar::with_draw_target(Some(TICKS), ProgressDrawTarget::stderr());
            // The template is a constant that a test draws.
            if let Ok(style) = ProgressStyle::with_template(TEMPLATE) {
                bar.set_style(style);
            }
            bar
        });
        Ok(Self { quiet: global.quiet, bar, last: Instant::now(), meter: Meter::start(), basis: None, stop })
    }

    fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    fn say(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.println(text),
            None if !self.quiet => eprintln!("{text}"),
            None => {}
        }
    }
}

impl Observer for Watch {
    fn step(&mut self, state: &State, options: &TrainOptions) {
        let done = options.progress(state.step, state.seconds / 60.0);
        let rate = state.step as f64 / state.seconds.max(1e-9);
        match &self.bar {
            Some(bar) => {
                bar.set_position((done * TICKS as f64) as u64);
                bar.set_message(format!("step {}, {rate:.1} per second", state.step));
            }
            None if self.last.elapsed() >= PLAIN_EVERY => {
                self.last = Instant::now();
                let (sum, count) = state.losses;
                let loss =
                    if count > 0 { format!(", loss {:.4}", sum / count as f64) } else { String::new() };
                self.say(&format!(
                    "step {}, {:.1} % done, {rate:.1} steps per second{loss}",
                    state.step,
                    100.0 * done
                ));
            }
            None => {}
        }
    }

    fn look(&mut self, progress: &Progress) {
        let number = |x: Option<f64>| x.map_or("-".to_owned(), |x| format!("{x:.4}"));
        let parts: Vec<String> = progress.parts.iter().map(|(name, x)| format!("{name} {x:.4}")).collect();
        self.say(&format!(
            "step {}, epoch {:.2}, {}: training {}, validation {} ({})",
            progress.step,
            progress.epoch,
            duration(progress.seconds),
            number(progress.training),
            number(progress.validation),
            parts.join(", ")
        ));
    }

    fn stop(&mut self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    fn joules(&mut self) -> (f64, String) {
        let Energy { joules, basis } = self.meter.lap();
        let basis = self.basis.map_or(basis, |before| before.and(basis));
        self.basis = Some(basis);
        (joules, basis.words())
    }
}

impl From<DataError> for Failure {
    fn from(error: DataError) -> Self {
        Self::input(error)
    }
}

impl From<TrainError> for Failure {
    fn from(error: TrainError) -> Self {
        if error.is_input() { Self::input(error) } else { Self::other(error) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_template_is_well_formed() {
        assert!(ProgressStyle::with_template(TEMPLATE).is_ok());
    }

    #[test]
    fn shares_are_two_or_three() {
        assert_eq!(fractions("0.9,0.1").unwrap().0, [0.9, 0.1, 0.0]);
        assert_eq!(fractions("0.8, 0.1, 0.1").unwrap().0, [0.8, 0.1, 0.1]);
        assert!(fractions("1").is_err() && fractions("a,b").is_err());
    }
}

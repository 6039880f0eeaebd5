//! Training as a whole, with a learner of a few numbers.

use std::path::Path;
use std::time::Duration;

use druse_datasets::prototypes::prototypes;
use druse_representations::io::Record;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use tch::nn::Module;
use tch::{Device, Kind, Tensor, nn};

use super::*;
use crate::learned::nets::{ConditionEmbedding, Perceptron};
use crate::learned::{Conditions, Labels, Request, RequestError, Sample, Sampler};

/// Learns the volume of a crystal from its number of atoms and its labels.
struct Volumes {
    net: Perceptron,
    labels: ConditionEmbedding,
    device: Device,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Config {
    width: i64,
    /// Loss that is no number for this many atoms.
    broken_at: Option<usize>,
}

impl Default for Config {
    fn default() -> Self {
        Self { width: 8, broken_at: None }
    }
}

struct Example {
    atoms: usize,
    volume: f64,
    broken: bool,
}

impl Learner for Volumes {
    const KIND: &'static str = "volumes";
    type Config = Config;
    type Record = Record;
    type Example = Example;

    fn new(path: &nn::Path, config: &Config, conditions: &Conditions) -> Self {
        Self {
            net: Perceptron::new(&(path / "net"), config.width, config.width, 1),
            labels: ConditionEmbedding::new(&(path / "labels"), conditions, config.width),
            device: path.device(),
        }
    }

    fn example(config: &Config, _: &Conditions, record: &Record) -> Result<Example, String> {
        let (atoms, volume) = (record.crystal.sites.len(), record.crystal.lattice.volume());
        if atoms > 20 {
            return Err("more than 20 atoms".to_owned());
        }
        Ok(Example { atoms, volume, broken: config.broken_at.is_some_and(|n| atoms == n) })
    }

    fn size(example: &Example) -> usize {
        example.atoms
    }

    fn balance_keys(example: &Example) -> Vec<u32> {
        vec![example.atoms as u32]
    }

    fn loss(&self, batch: &[&Example], labels: &[Labels], rng: &mut ChaCha8Rng) -> Loss {
        let column = |value: &mut dyn FnMut(&Example) -> f64| {
            let values: Vec<f32> = batch.iter().map(|example| value(example) as f32).collect();
            Tensor::from_slice(&values).to_device(self.device).unsqueeze(-1)
        };
        let noisy = column(&mut |e| e.atoms as f64 / 10.0 + 0.1 * rng.random::<f64>());
        let target = column(&mut |e| if e.broken { f64::NAN } else { e.volume / 100.0 });
        let found = self.net.forward(&(self.labels.forward(labels, self.device) + noisy));
        let total = (found - target).square().mean(Kind::Float);
        Loss { parts: vec![("square", total.shallow_clone())], total }
    }

    fn judgement(&self, batch: &[&Example], labels: &[Labels]) -> Option<Tensor> {
        let sizes: Vec<f32> = batch.iter().map(|example| example.volume as f32 / 100.0).collect();
        let sizes = Tensor::from_slice(&sizes).to_device(self.device).unsqueeze(-1);
        Some(self.net.forward(&(self.labels.forward(labels, self.device) + sizes)).square().mean(Kind::Float))
    }
}

struct Nothing;

impl Sampler for Nothing {
    fn kind(&self) -> &'static str {
        Volumes::KIND
    }
    fn check(&self, _: &Request) -> Result<(), RequestError> {
        Ok(())
    }
    fn sample(&self, _: &Request, _: u64, numbers: &[u64]) -> Result<Vec<Option<Sample>>, RequestError> {
        Ok(numbers.iter().map(|_| None).collect())
    }
    fn batch(&self) -> usize {
        1
    }
}

impl Generative for Volumes {
    fn sampler(_: Weights<Self>) -> Box<dyn Sampler> {
        Box::new(Nothing)
    }
}

fn records() -> Vec<Record> {
    let record = |(place, prototype): (usize, &druse_datasets::prototypes::Prototype)| Record {
        id: prototype.name.to_owned(),
        crystal: prototype.code().to_primitive().unwrap(),
        properties: if place % 3 == 0 {
            Map::new()
        } else {
            [("gap".to_owned(), json!(place))].into_iter().collect()
        },
        source: String::new(),
    };
    prototypes().iter().enumerate().map(record).collect()
}

fn object(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

fn job(to: &Path, options: Value) -> Job {
    let mut records = records();
    let validation = records.split_off(records.len() - 8);
    let mut all = object(json!({
        "steps": 40, "batch": 16, "warmup": 5, "cooldown": 0.25, "validate_every": 10, "learning_rate": 0.01
    }));
    all.extend(object(options));
    Job {
        training: records,
        validation,
        judged: Vec::new(),
        conditions: ["gap", "elements", "atoms"].map(str::to_owned).into(),
        config: Map::new(),
        options: all,
        start: Start::Fresh,
        data: DataCard { licence: Some("CC0".into()), ..DataCard::default() },
        command: "druse train volumes".into(),
        date: "2026-11-26".into(),
        druse: "0.1.0".into(),
        to: to.to_owned(),
        checkpoint_every: Duration::from_secs(3600),
        device: Device::Cpu,
    }
}

/// The same with structures that are only judged.
fn judging(job: Job) -> Job {
    Job { judged: records().into_iter().take(5).collect(), ..job }
}

#[test]
fn judged_structures_move_the_weights_and_are_told() {
    druse_fitness::chgnet::torch::single_threaded();
    let folder = tempfile::tempdir().unwrap();
    let train = |name: &str, change: fn(Job) -> Job| {
        let to = folder.path().join(name);
        let outcome = train_job::<Volumes>(change(job(&to, json!({}))), &mut ()).unwrap();
        (Sealed::read(&to).unwrap().tensors, outcome.card)
    };
    let (plain, card) = train("plain.safetensors", |job| job);
    assert_eq!((card.data.judged, card.markdown("m", "", &[]).contains("only taught")), (0, false));
    let (judged, told) = train("judged.safetensors", judging);
    assert!(plain.iter().zip(&judged).any(|(a, b)| a.1 != b.1));
    assert!(told.data.judged == 5 && told.markdown("m", "", &[]).contains("5 that only taught"));
    assert_ne!(card.data.sha256, told.data.sha256);
}

/// Stops after so many steps of this run.
struct After(u64);

impl Observer for After {
    fn step(&mut self, _: &State, _: &TrainOptions) {
        self.0 -= 1;
    }
    fn stop(&mut self) -> bool {
        self.0 == 0
    }
    fn joules(&mut self) -> (f64, String) {
        (1.5, "counted by hand".into())
    }
}

/// Checkpoints are equal but for the time that they took.
fn same_tensors(a: &Path, b: &Path) -> bool {
    let [a, b] = [a, b].map(|path| Sealed::read(path).unwrap());
    a.tensors.len() == b.tensors.len()
        && a.tensors.iter().zip(&b.tensors).all(|(x, y)| x.0 == y.0 && x.1 == y.1)
}

fn threads<T: Send>(count: usize, run: impl FnOnce() -> T + Send) -> T {
    rayon::ThreadPoolBuilder::new().num_threads(count).build().unwrap().install(run)
}

#[test]
fn a_stopped_training_goes_on_bit_for_bit() {
    druse_fitness::chgnet::torch::single_threaded();
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let whole = threads(2, || {
        let job = job(&at("whole.safetensors"), json!({ "balance": 0.5 }));
        train_job::<Volumes>(judging(job), &mut ()).unwrap()
    });
    assert_eq!(whole.end, End::Finished);
    assert_eq!(whole.card.steps, 40);
    // Stopped amid an epoch, before the learning rate falls and after, with other numbers of threads.
    let parts = at("parts.safetensors");
    for (run, (steps, count)) in [(13, 1), (20, 3), (100, 2)].into_iter().enumerate() {
        let mut job = judging(job(&parts, json!({})));
        job.options = if run == 0 { job.options } else { Map::new() };
        if run == 0 {
            job.options.insert("balance".into(), json!(0.5));
        } else {
            job.start = Start::Resume;
        }
        let outcome = threads(count, || train_job::<Volumes>(job, &mut After(steps)).unwrap());
        let expected = if run < 2 { End::Stopped } else { End::Finished };
        assert_eq!(outcome.end, expected);
        assert_eq!(outcome.card.finished, run == 2);
        assert!(outcome.card.joules >= 1.5 && outcome.card.joules_basis == "counted by hand");
    }
    assert!(same_tensors(&Files::of(&at("whole.safetensors")).checkpoint(), &Files::of(&parts).checkpoint()));
    assert!(same_tensors(&at("whole.safetensors"), &parts));
    let (a, b) = (
        Checkpoint::read(&Files::of(&at("whole.safetensors")).checkpoint()).unwrap(),
        Checkpoint::read(&Files::of(&parts).checkpoint()).unwrap(),
    );
    assert_eq!(a.state.losses, b.state.losses);
    assert_eq!(a.state.best, b.state.best);
}

#[test]
fn a_finished_training_is_made_longer_as_if_it_had_been_so_from_the_beginning() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let long = at("long.safetensors");
    train_job::<Volumes>(job(&long, json!({ "steps": 80 })), &mut ()).unwrap();
    let short = at("short.safetensors");
    train_job::<Volumes>(job(&short, json!({})), &mut ()).unwrap();
    let trunk = Checkpoint::read(&Files::of(&short).trunk()).unwrap();
    assert_eq!((trunk.state.step, trunk.state.cooling), (31, false));
    let more =
        Job { start: Start::Resume, options: object(json!({ "steps": 80 })), ..job(&short, json!({})) };
    let outcome = train_job::<Volumes>(more, &mut ()).unwrap();
    assert_eq!(outcome.card.steps, 80);
    assert!(same_tensors(&long, &short));
    // Resuming what is finished changes nothing.
    let again = Job { start: Start::Resume, options: Map::new(), ..job(&short, json!({})) };
    assert_eq!(train_job::<Volumes>(again, &mut ()).unwrap().card.steps, 80);
    assert!(same_tensors(&long, &short));
}

#[test]
fn a_training_learns_and_writes_its_files() {
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("m.safetensors");
    let outcome = train_job::<Volumes>(job(&to, json!({ "steps": 200 })), &mut ()).unwrap();
    let model = ModelFile::read(&to).unwrap();
    assert_eq!(model.card, outcome.card);
    assert_eq!(model.sha256, outcome.sha256);
    assert_eq!(
        model.card.data.refused.iter().map(|(_, n)| n).sum::<usize>()
            + model.card.data.training
            + model.card.data.validation,
        records().len()
    );
    let curve: Vec<Progress> =
        serde_json::from_str(&std::fs::read_to_string(outcome.files.curve()).unwrap()).unwrap();
    assert_eq!(curve.len(), 20);
    let best = curve.iter().filter_map(|p| p.validation).fold(f64::INFINITY, f64::min);
    assert!(best < curve[0].validation.unwrap());
    // The loss on the card is that of the rounded weights of the best look.
    let validation = model.card.validation.as_ref().unwrap();
    assert!((validation.loss - best).abs() < 0.01 * best, "{} {best}", validation.loss);
    assert!(std::fs::read_to_string(outcome.files.picture()).unwrap().contains("<polyline"));
    assert!(std::fs::read_to_string(outcome.files.card()).unwrap().contains("| licence of the data | CC0 |"));
    let weights = model.weights::<Volumes>(Device::Cpu).unwrap();
    assert_eq!(weights.conditions.names(), ["gap", "elements", "atoms"]);
    // Equal trainings give equal weights.
    let again = folder.path().join("again.safetensors");
    train_job::<Volumes>(job(&again, json!({ "steps": 200 })), &mut ()).unwrap();
    assert!(same_tensors(&to, &again));
}

#[test]
fn fine_tuning_keeps_weights_and_adds_columns() {
    let folder = tempfile::tempdir().unwrap();
    let (base, tuned) = (folder.path().join("base.safetensors"), folder.path().join("tuned.safetensors"));
    train_job::<Volumes>(job(&base, json!({})), &mut ()).unwrap();
    let model = ModelFile::read(&base).unwrap();
    let scales = model.card.conditions.clone();
    let mut tune = job(&tuned, json!({ "steps": 0 }));
    tune.training.truncate(5);
    tune.conditions = vec!["density".into(), "gap".into()];
    tune.start = Start::From(Box::new(model));
    let outcome = train_job::<Volumes>(tune, &mut ()).unwrap();
    assert_eq!(outcome.card.conditions.names(), ["gap", "elements", "atoms", "density"]);
    assert_eq!(outcome.card.conditions.columns[..3], scales.columns[..]);
    assert_eq!(outcome.card.started_from.as_ref().unwrap().0, "base.safetensors");
    let (old, new) = (Sealed::read(&base).unwrap(), Sealed::read(&tuned).unwrap());
    for (name, tensor) in &old.tensors {
        assert_eq!(new.tensors.iter().find(|(n, _)| n == name).map(|(_, t)| t), Some(tensor), "{name}");
    }
    assert!(new.tensors.iter().any(|(name, _)| name.contains("density")));
    // Another width is another model.
    let mut wider = job(&folder.path().join("wider.safetensors"), json!({ "steps": 0 }));
    wider.start = Start::From(Box::new(ModelFile::read(&base).unwrap()));
    wider.config = json!({ "width": 9 }).as_object().unwrap().clone();
    let message = train_job::<Volumes>(wider, &mut ()).map(|_| ()).unwrap_err().to_string();
    assert!(message.contains("base.safetensors"), "{message}");
}

#[test]
fn training_stops_when_it_gets_no_better() {
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("m.safetensors");
    let options =
        json!({ "steps": 100_000, "patience": 3, "cooldown": 0.0, "learning_rate": 0.05, "ema": 0.5 });
    let outcome = train_job::<Volumes>(job(&to, options), &mut ()).unwrap();
    let curve: Vec<Progress> =
        serde_json::from_str(&std::fs::read_to_string(outcome.files.curve()).unwrap()).unwrap();
    let best = outcome.card.validation.unwrap();
    assert_eq!(outcome.card.steps - best.step, 30);
    assert!(curve.iter().rev().take(3).all(|p| p.validation.unwrap() >= best.loss * 0.99));
}

#[test]
fn losses_that_are_no_numbers_are_left_out_and_counted() {
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("m.safetensors");
    let mut some = job(&to, json!({ "batch": 4 }));
    some.config = object(json!({ "broken_at": 1 }));
    let outcome = train_job::<Volumes>(some, &mut ()).unwrap();
    assert!(outcome.card.skipped > 0 && outcome.card.skipped < 40, "{}", outcome.card.skipped);
    let weights = Sealed::read(&to).unwrap();
    assert!(weights.tensors.iter().all(|(_, t)| bool::try_from(t.isfinite().all()).unwrap()));
    let mut hopeless = job(&folder.path().join("h.safetensors"), json!({ "steps": 1000 }));
    let two = |record: &Record| record.crystal.sites.len() == 2;
    hopeless.training.retain(two);
    hopeless.config = object(json!({ "broken_at": 2 }));
    let error = train_job::<Volumes>(hopeless, &mut ()).unwrap_err();
    assert!(matches!(error, TrainError::Diverged(Diverged { step: 100 })), "{error}");
}

#[test]
fn what_does_not_fit_is_refused_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("m.safetensors");
    let refusal = |change: &dyn Fn(&mut Job)| {
        let mut job = job(&to, json!({}));
        change(&mut job);
        train_job::<Volumes>(job, &mut ()).unwrap_err().to_string()
    };
    assert!(refusal(&|job| job.start = Start::Resume).contains("m.checkpoint"));
    assert!(
        refusal(&|job| job.options = object(json!({ "stepz": 1 })))
            .contains("unknown field 'stepz', expected one of seed, steps")
    );
    assert!(
        refusal(&|job| job.options = object(json!({ "clip": -1 })))
            .contains("clip: found -1, expected a positive number")
    );
    assert!(refusal(&|job| job.config = object(json!({ "width": "wide" }))).contains("settings of volumes"));
    assert!(
        refusal(&|job| job.conditions.push("hardness".into()))
            .contains("no structure has a value in the column 'hardness'")
    );
    assert!(refusal(&|job| job.training.clear()).contains("found no structure that volumes can learn from"));
    train_job::<Volumes>(job(&to, json!({})), &mut ()).unwrap();
    assert!(refusal(&|_| {}).contains("--resume"));
    let resumed = |change: &dyn Fn(&mut Job)| {
        refusal(&|job| {
            (job.start, job.options) = (Start::Resume, Map::new());
            change(job);
        })
    };
    let message = resumed(&|job| job.options = object(json!({ "batch": 8 })));
    assert!(message.contains("begun with other batch (training option); expected 16"), "{message}");
    assert!(resumed(&|job| job.training.truncate(20)).contains("begun with other data"));
    assert!(resumed(&|job| job.conditions.push("density".into())).contains("begun with other conditions"));
    assert!(
        resumed(&|job| job.config = object(json!({ "width": 9 })))
            .contains("differ from those of the checkpoint")
    );
    // A checkpoint is no model, a model no checkpoint.
    let message = ModelFile::read(&Files::of(&to).checkpoint()).unwrap_err().to_string();
    assert!(message.contains("the checkpoint of a training"), "{message}");
    assert!(Checkpoint::read(&to).unwrap_err().to_string().contains("expected a checkpoint"));
    // A newer format, another kind, other shapes.
    let model = ModelFile::read(&to).unwrap();
    let changed = |change: &dyn Fn(&mut Card)| {
        let mut card = model.card.clone();
        change(&mut card);
        seal(&model.tensors, &card).unwrap()
    };
    let message = ModelFile::from_bytes(&changed(&|card| card.format = 99), "x").unwrap_err().to_string();
    assert!(message.contains("format 99") && message.contains("newer druse"), "{message}");
    let other = ModelFile::from_bytes(&changed(&|card| card.kind = "crystal-ball".into()), "x").unwrap();
    assert!(
        other
            .weights::<Volumes>(Device::Cpu)
            .err()
            .unwrap()
            .to_string()
            .contains("a crystal-ball model, expected volumes")
    );
    assert!(other.sampler(Device::Cpu).err().unwrap().to_string().contains("a crystal-ball model"));
    let wide = ModelFile::from_bytes(&changed(&|card| card.config = json!({ "width": 9 })), "x").unwrap();
    let message = wide.weights::<Volumes>(Device::Cpu).err().unwrap().to_string();
    assert!(message.contains("of shape [8") && message.contains("expected shape [9"), "{message}");
}

//! The loop.

use std::time::Instant;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use tch::{Device, Kind, Tensor, nn, no_grad};

use super::batches::{balance, batches};
use super::fresh::fresh;
use super::replicas::{named, replica, variables};
use super::{AdamW, Learner, Loss, Progress, TrainOptions, Validation};
use crate::learned::{Conditions, Labels};
use crate::stream::stream;

/// Random streams beside those of the batches.
const NOISE: u64 = 1 << 40;
const VALIDATION: u64 = 1 << 41;
const JUDGED: u64 = 1 << 43;
/// Steps in a row without a finite loss after which training is given up.
const HOPELESS: u64 = 100;

/// Examples with their labels.
pub struct TrainingSet<L: Learner> {
    /// Examples.
    pub examples: Vec<L::Example>,
    /// Labels, one row per example.
    pub labels: Vec<Labels>,
}

impl<L: Learner> TrainingSet<L> {
    /// No examples.
    pub const EMPTY: Self = Self { examples: Vec::new(), labels: Vec::new() };
}

/// What watches a training, and may end it.
pub trait Observer {
    /// A step was done.
    fn step(&mut self, _state: &State, _options: &TrainOptions) {}

    /// The validation loss was looked at.
    fn look(&mut self, _progress: &Progress) {}

    /// Whether training shall stop now, to be continued later.
    fn stop(&mut self) -> bool {
        false
    }

    /// Joules since the last call, and how they were found.
    fn joules(&mut self) -> (f64, String) {
        (0.0, "not counted".to_owned())
    }
}

/// Nobody watches.
impl Observer for () {}

/// Where a training stands, apart from its tensors.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// Steps so far, left-out ones included.
    pub step: u64,
    /// Passes over the data that are complete.
    pub epoch: u64,
    /// Batches of the current pass that are done.
    pub place: u64,
    /// Steps of the optimiser.
    pub moves: u64,
    /// Looks at the validation loss.
    pub curve: Vec<Progress>,
    /// The best of them.
    pub best: Option<Validation>,
    /// Looks since then.
    pub worse: u64,
    /// Steps without a finite loss or gradient, left out.
    pub skipped: u64,
    /// How many of them are the last ones.
    pub skipped_in_a_row: u64,
    /// Sum and number of the training losses since the last look.
    pub losses: (f64, u64),
    /// Whether the learning rate has begun to fall.
    pub cooling: bool,
    /// Wall seconds, over all runs.
    pub seconds: f64,
    /// Joules, over all runs.
    pub joules: f64,
    /// How they were found.
    pub joules_basis: String,
}

/// Why [`Training::run`] came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// All steps are done, the time is over, or the validation loss gets no better.
    Finished,
    /// The observer wanted it.
    Stopped,
}

/// Nothing that can be learnt from any more.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error(
    "the loss of the last {HOPELESS} steps before step {step} was no number: try a smaller learning rate"
)]
pub struct Diverged {
    /// Step.
    pub step: u64,
}

/// A training: network, averages, optimiser, and how far it has come.
pub struct Training<'a, L: Learner> {
    /// Sizes and settings of the network.
    pub config: L::Config,
    /// Conditions.
    pub conditions: Conditions,
    /// How it is trained.
    pub options: TrainOptions,
    pub(super) state: State,
    pub(super) store: nn::VarStore,
    pub(super) averaged: nn::VarStore,
    /// Averaged weights of the best look, in order of names.
    pub(super) best: Option<Vec<Tensor>>,
    pub(super) optimiser: AdamW,
    weights: Vec<Tensor>,
    means: Vec<Tensor>,
    learning: Vec<(L, Vec<Tensor>)>,
    judging: Vec<(L, Vec<Tensor>)>,
    training: &'a TrainingSet<L>,
    validation: &'a TrainingSet<L>,
    judged: &'a TrainingSet<L>,
    sizes: Vec<usize>,
    balance: Option<Vec<f64>>,
}

impl<'a, L: Learner> Training<'a, L> {
    /// A training from fresh weights.
    pub fn new(
        config: &L::Config,
        conditions: &Conditions,
        training: &'a TrainingSet<L>,
        validation: &'a TrainingSet<L>,
        judged: &'a TrainingSet<L>,
        options: &TrainOptions,
        device: Device,
    ) -> Self {
        let network = || fresh(options.seed, device, |path| L::new(path, config, conditions)).0;
        let (store, mut averaged) = (network(), network());
        averaged.freeze();
        let (weights, means) = (variables(&store), variables(&averaged));
        // Networks cannot be shared between threads: one for each shard, all on the same weights.
        let copies = |store: &nn::VarStore| -> Vec<(L, Vec<Tensor>)> {
            (0..options.shards).map(|_| replica(store, |path| L::new(path, config, conditions))).collect()
        };
        let (learning, judging) = (copies(&store), copies(&averaged));
        let keys = || -> Vec<Vec<u32>> { training.examples.iter().map(L::balance_keys).collect() };
        let training_started = Self {
            config: config.clone(),
            conditions: conditions.clone(),
            options: options.clone(),
            state: State::default(),
            optimiser: AdamW::new(&weights),
            best: None,
            sizes: training.examples.iter().map(L::size).collect(),
            balance: (options.balance > 0.0).then(|| balance(&keys(), options.balance)),
            store,
            averaged,
            weights,
            means,
            learning,
            judging,
            training,
            validation,
            judged,
        };
        training_started.average_anew();
        training_started
    }

    /// Begins the average with the weights as they are.
    pub(super) fn average_anew(&self) {
        no_grad(|| {
            for (mean, weight) in self.means.iter().zip(&self.weights) {
                mean.shallow_clone().copy_(weight);
            }
        });
    }

    /// Where it stands.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Passes over the data so far.
    pub fn epochs(&self) -> f64 {
        let batches = self.sizes.len().div_ceil(self.options.batch).max(1);
        self.state.epoch as f64 + self.state.place as f64 / batches as f64
    }

    /// Trains to the end, or until the observer stops it. `keep` is called after every step and before
    /// the learning rate begins to fall (then with `true`), to write checkpoints.
    ///
    /// # Errors
    /// When the loss is no number any more, or `keep` fails.
    pub fn run<E: From<Diverged>>(
        &mut self,
        observer: &mut dyn Observer,
        mut keep: impl FnMut(&mut Self, bool, &mut dyn Observer) -> Result<(), E>,
    ) -> Result<End, E> {
        let (start, before) = (Instant::now(), self.state.seconds);
        loop {
            let options = &self.options;
            let order =
                batches(&self.sizes, self.balance.as_deref(), options.batch, options.seed, self.state.epoch);
            while (self.state.place as usize) < order.len() {
                self.state.seconds = before + start.elapsed().as_secs_f64();
                let progress = self.options.progress(self.state.step, self.state.seconds / 60.0);
                if progress >= 1.0 {
                    self.look_at_the_end(observer);
                    return Ok(End::Finished);
                }
                if observer.stop() {
                    return Ok(End::Stopped);
                }
                if self.options.cools(progress) && !self.state.cooling {
                    keep(self, true, observer)?;
                    self.state.cooling = true;
                }
                self.step(&order[self.state.place as usize], progress)?;
                self.state.place += 1;
                self.state.seconds = before + start.elapsed().as_secs_f64();
                observer.step(&self.state, &self.options);
                if self.state.step.is_multiple_of(self.options.validate_every) && self.look(observer) {
                    return Ok(End::Finished);
                }
                keep(self, false, observer)?;
            }
            self.state.epoch += 1;
            self.state.place = 0;
        }
    }

    /// One step.
    fn step(&mut self, batch: &[usize], progress: f64) -> Result<(), Diverged> {
        let options = &self.options;
        let sets = [self.training, self.judged];
        let (loss, gradients) = gradients(&mut self.learning, sets, batch, self.state.step, options);
        let rate = options.rate(self.state.step, progress);
        self.state.step += 1;
        let moved = loss.is_finite()
            && self
                .optimiser
                .step(&self.weights, &gradients, rate, options.weight_decay, options.clip)
                .is_finite();
        if !moved {
            self.state.skipped += 1;
            self.state.skipped_in_a_row += 1;
            let step = self.state.step;
            return if self.state.skipped_in_a_row < HOPELESS { Ok(()) } else { Err(Diverged { step }) };
        }
        self.state.skipped_in_a_row = 0;
        self.state.moves = self.optimiser.steps;
        self.state.losses.0 += loss;
        self.state.losses.1 += 1;
        // A young average forgets faster.
        let decay = options.ema.min((1.0 + self.state.moves as f64) / (10.0 + self.state.moves as f64));
        no_grad(|| {
            self.means.iter_mut().zip(&self.weights).for_each(|(mean, weight)| {
                let _ = mean.lerp_(weight, 1.0 - decay);
            })
        });
        Ok(())
    }

    /// Looks at the validation loss; whether training shall end because it gets no better.
    fn look(&mut self, observer: &mut dyn Observer) -> bool {
        let (validation, parts) = self.judge();
        let (sum, count) = std::mem::take(&mut self.state.losses);
        let progress = Progress {
            step: self.state.step,
            epoch: self.epochs(),
            training: (count > 0).then(|| sum / count as f64),
            validation,
            parts,
            seconds: self.state.seconds,
        };
        observer.look(&progress);
        let best = self.state.best.as_ref().map_or(f64::INFINITY, |best| best.loss);
        match progress.validation {
            Some(loss) if loss < best => {
                self.state.best =
                    Some(Validation { loss, parts: progress.parts.clone(), step: progress.step });
                self.state.worse = 0;
                self.best =
                    self.options.keep_best.then(|| no_grad(|| self.means.iter().map(Tensor::copy).collect()));
            }
            _ => self.state.worse += 1,
        }
        self.state.curve.push(progress);
        self.options.patience > 0 && self.state.worse >= self.options.patience
    }

    /// The last weights are looked at, too.
    fn look_at_the_end(&mut self, observer: &mut dyn Observer) {
        if self.state.curve.last().is_none_or(|last| last.step < self.state.step) {
            self.look(observer);
        }
    }

    /// Validation loss of the averaged weights and its parts.
    fn judge(&mut self) -> (Option<f64>, Vec<(String, f64)>) {
        if self.validation.examples.is_empty() {
            return (None, Vec::new());
        }
        let (loss, parts) = judge(&mut self.judging, self.validation, &self.options);
        (Some(loss).filter(|loss| loss.is_finite()), parts)
    }

    /// The trained model in memory: the averages, of the best look where it is kept.
    pub fn into_trained(mut self) -> Trained<L> {
        if let Some(best) = self.best.take().filter(|_| self.options.keep_best) {
            no_grad(|| self.means.iter_mut().zip(&best).for_each(|(mean, best)| mean.copy_(best)));
        }
        let (model, _) = replica(&self.averaged, |path| L::new(path, &self.config, &self.conditions));
        Trained { model, weights: self.averaged, curve: self.state.curve }
    }

    /// The weights that the model is made of: names with averages, of the best look where it is kept.
    /// Matrices are rounded to 16 bits where they fit, as in the file; with them their validation loss,
    /// computed anew with `judge`, otherwise as of the last look.
    pub(super) fn rounded(&mut self, judge: bool) -> (Vec<(String, Tensor)>, Option<Validation>) {
        let best = self.best.as_ref().filter(|_| self.options.keep_best);
        let step = match (best, &self.state.best) {
            (Some(_), Some(best)) => best.step,
            _ => self.state.step,
        };
        let names = named(&self.averaged).into_iter().map(|(name, _)| name);
        let rounded: Vec<(String, Tensor)> =
            names.zip(best.unwrap_or(&self.means).iter().map(round)).collect();
        if !judge {
            let last = self.state.curve.last().and_then(|last| {
                Some(Validation { loss: last.validation?, parts: last.parts.clone(), step: last.step })
            });
            return (rounded, self.state.best.clone().filter(|_| self.options.keep_best).or(last));
        }
        let before: Vec<Tensor> = self.means.iter().map(Tensor::copy).collect();
        no_grad(|| {
            for (mean, (_, tensor)) in self.means.iter_mut().zip(&rounded) {
                mean.copy_(tensor);
            }
        });
        let (loss, parts) = self.judge();
        no_grad(|| self.means.iter_mut().zip(&before).for_each(|(mean, before)| mean.copy_(before)));
        (rounded, loss.map(|loss| Validation { loss, parts, step }))
    }
}

/// Halves the bits of matrices; vectors (biases, scales of norms) are small and stay as they are.
fn round(tensor: &Tensor) -> Tensor {
    let tensor = tensor.detach().to_device(Device::Cpu);
    let half = tensor.to_kind(Kind::Half);
    let fits = bool::try_from(half.isfinite().all()).unwrap_or(false);
    if tensor.dim() > 1 && fits { half } else { tensor.copy() }
}

/// A trained model.
pub struct Trained<L: Learner> {
    /// The network with the averaged weights.
    pub model: L,
    /// Averaged weights by name.
    pub weights: nn::VarStore,
    /// The curve.
    pub curve: Vec<Progress>,
}

/// Trains a model in memory, without checkpoints; `observe` is told after every look.
///
/// # Errors
/// When the loss is no number any more.
pub fn train<L: Learner>(
    config: &L::Config,
    conditions: &Conditions,
    training: &TrainingSet<L>,
    validation: &TrainingSet<L>,
    options: &TrainOptions,
    observe: impl FnMut(&Progress),
) -> Result<Trained<L>, Diverged> {
    struct Looks<F>(F);
    impl<F: FnMut(&Progress)> Observer for Looks<F> {
        fn look(&mut self, progress: &Progress) {
            (self.0)(progress);
        }
    }
    let judged = &TrainingSet::EMPTY;
    let mut run = Training::<L>::new(config, conditions, training, validation, judged, options, Device::Cpu);
    run.run(&mut Looks(observe), |_, _, _| Ok::<(), Diverged>(()))?;
    Ok(run.into_trained())
}

/// Loss and gradients of a batch: those of its shards, summed in order. The second set is only judged.
fn gradients<L: Learner>(
    copies: &mut [(L, Vec<Tensor>)],
    [set, judged]: [&TrainingSet<L>; 2],
    batch: &[usize],
    step: u64,
    options: &TrainOptions,
) -> (f64, Vec<Tensor>) {
    let length = batch.len().div_ceil(copies.len()).max(1);
    let results: Vec<(f64, Vec<Tensor>)> = copies
        .par_iter_mut()
        .zip(batch.par_chunks(length))
        .enumerate()
        .map(|(i, ((model, weights), shard))| {
            let mut rng = stream(options.seed, NOISE + step * options.shards as u64 + i as u64);
            let labels: Vec<Labels> =
                shard.iter().map(|&k| dropped(&set.labels[k], options, &mut rng)).collect();
            let examples: Vec<&L::Example> = shard.iter().map(|&k| &set.examples[k]).collect();
            let loss = || {
                let Loss { total, .. } = model.loss(&examples, &labels, &mut rng);
                let count = (options.judged * shard.len() as f64).round() as usize;
                let number = step * options.shards as u64 + i as u64;
                match judgement(model, judged, count, &mut stream(options.seed, JUDGED + number)) {
                    Some(judgement) => total + judgement,
                    None => total,
                }
            };
            let total = options.precision.within(loss);
            let share = shard.len() as f64 / batch.len() as f64;
            let gradients = Tensor::run_backward(&[&total * share], weights, false, false);
            (f64::try_from(total).unwrap_or(f64::NAN) * share, gradients)
        })
        .collect();
    let mut results = results.into_iter();
    let (mut loss, mut sum) = results.next().unwrap_or_default();
    for (more, gradients) in results {
        loss += more;
        // A weight that the loss of a shard did not touch has no gradient there.
        for (sum, gradient) in sum.iter_mut().zip(gradients) {
            match (sum.defined(), gradient.defined()) {
                (true, true) => {
                    let _ = sum.g_add_(&gradient);
                }
                (false, true) => *sum = gradient,
                _ => {}
            }
        }
    }
    (loss, sum)
}

/// The error of so many crystals of a set, drawn at random; `None` for none.
fn judgement<L: Learner>(
    model: &L,
    set: &TrainingSet<L>,
    count: usize,
    rng: &mut ChaCha8Rng,
) -> Option<Tensor> {
    if set.examples.is_empty() || count == 0 {
        return None;
    }
    let drawn: Vec<usize> = (0..count).map(|_| rng.random_range(0..set.examples.len())).collect();
    let examples: Vec<&L::Example> = drawn.iter().map(|&k| &set.examples[k]).collect();
    let labels: Vec<Labels> = drawn.iter().map(|&k| set.labels[k].clone()).collect();
    model.judgement(&examples, &labels)
}

/// Labels of which some are dropped.
fn dropped(labels: &Labels, options: &TrainOptions, rng: &mut ChaCha8Rng) -> Labels {
    let all = rng.random::<f64>() < options.drop_all;
    labels
        .iter()
        .map(|label| {
            let keep = rng.random::<f64>() >= options.drop_label && !all;
            label.clone().filter(|_| keep)
        })
        .collect()
}

/// Examples of a batch, their mean loss, and its parts.
type Judged = (f64, f64, Vec<(&'static str, f64)>);

/// Validation loss with the same noise at every look.
fn judge<L: Learner>(
    copies: &mut [(L, Vec<Tensor>)],
    set: &TrainingSet<L>,
    options: &TrainOptions,
) -> (f64, Vec<(String, f64)>) {
    let sizes: Vec<usize> = set.examples.iter().map(L::size).collect();
    let order = batches(&sizes, None, options.batch, options.seed, VALIDATION);
    let length = order.len().div_ceil(copies.len()).max(1);
    let losses: Vec<Judged> = copies
        .par_iter_mut()
        .zip(order.par_chunks(length))
        .enumerate()
        .flat_map_iter(|(copy, ((model, _), part))| {
            part.iter().enumerate().map(move |(i, batch)| {
                no_grad(|| {
                    let mut rng = stream(options.seed, VALIDATION + (copy * length + i) as u64);
                    let examples: Vec<&L::Example> = batch.iter().map(|&k| &set.examples[k]).collect();
                    let labels: Vec<Labels> = batch.iter().map(|&k| set.labels[k].clone()).collect();
                    let loss = model.loss(&examples, &labels, &mut rng);
                    let number =
                        |tensor: Tensor| f64::try_from(tensor.to_kind(Kind::Double)).unwrap_or(f64::NAN);
                    let parts = loss.parts.into_iter().map(|(name, part)| (name, number(part))).collect();
                    (batch.len() as f64, number(loss.total), parts)
                })
            })
        })
        .collect();
    let total: f64 = losses.iter().map(|(n, _, _)| n).sum();
    let mean = losses.iter().map(|(n, loss, _)| n * loss).sum::<f64>() / total;
    let mut parts: Vec<(String, f64)> = Vec::new();
    for (n, _, batch) in &losses {
        for (name, part) in batch {
            match parts.iter_mut().find(|(known, _)| known == name) {
                Some((_, sum)) => *sum += n * part / total,
                None => parts.push(((*name).to_owned(), n * part / total)),
            }
        }
    }
    (mean, parts)
}

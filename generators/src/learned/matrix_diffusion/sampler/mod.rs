//! Sampling: composition first, then the structure of it.

mod compositions;
mod finish;
mod plan;
mod structures;

use rand_chacha::ChaCha8Rng;
use tch::{nn, no_grad};

use self::plan::Plan;
use super::learner::MatrixDiffusion;
use super::state::{Batch, State};
use super::{KIND, MatrixDiffusionConfig};
use crate::learned::house::{Learner, Replicas};
use crate::learned::sampler::in_batches;
use crate::learned::{Conditions, Labels, Request, RequestError, Sample, Sampler};
use crate::stream::stream;

/// Samples that are computed together.
const BATCH: usize = 16;
/// Candidates of which the best by the property heads is kept, when numbers are asked for.
const CANDIDATES: usize = 2;
/// Structures that are tried for one composition.
const TRIES: usize = 4;

/// A trained matrix diffusion.
///
/// The number of atoms and the composition are drawn first, element by element, within the hard
/// constraints; then cell and coordinates flow from noise to a structure. A request without targets to a
/// model that knows the energy above the hull (a condition named `e_hull`, `energy_above_hull` or `ehull`)
/// is taken to want stable crystals: the condition is set to 0 eV/atom. Ask with guidance 0 for what the
/// data hold without regard to stability. Where a number is asked for, two candidates are made of every
/// sample and the one is kept whose predicted values lie nearer.
///
/// Space groups cannot be enforced on the way: structures outside those of the request are thrown away
/// and tried again a few times.
#[derive(Debug)]
pub struct MatrixDiffusionSampler {
    replicas: Replicas<MatrixDiffusion>,
    config: MatrixDiffusionConfig,
    conditions: Conditions,
}

impl MatrixDiffusionSampler {
    /// On the weights of a store that was filled with those of [`MatrixDiffusion`].
    pub fn new(store: &nn::VarStore, config: MatrixDiffusionConfig, conditions: Conditions) -> Self {
        let replicas = Replicas::new(store, |path| MatrixDiffusion::new(path, &config, &conditions));
        Self { replicas, config, conditions }
    }

    /// All samples of a batch.
    fn batch_of(&self, plan: &Plan, seed: u64, batch: u64) -> Vec<Option<Sample>> {
        let first = batch * BATCH as u64;
        let rngs = (first..first + BATCH as u64).map(|number| stream(seed, number));
        self.replicas.with(|model| no_grad(|| best(model, plan, rngs.collect())))
    }
}

/// Samples with these streams of random numbers: of several candidates each the one that the property heads
/// put nearest to the labels.
fn best(model: &MatrixDiffusion, plan: &Plan, mut rngs: Vec<ChaCha8Rng>) -> Vec<Option<Sample>> {
    let labels: Vec<Labels> = rngs.iter_mut().map(|rng| plan.labels(rng)).collect();
    let numbers = model.numbers().any(|(place, ..)| labels.iter().any(|labels| labels[place].is_some()));
    let candidates = if numbers && plan.guidance > 0.0 { CANDIDATES } else { 1 };
    let mut best: Vec<Option<(f64, Sample)>> = rngs.iter().map(|_| None).collect();
    for _ in 0..candidates {
        let samples = attempt(model, plan, &labels, &mut rngs);
        for ((best, sample), labels) in best.iter_mut().zip(samples).zip(&labels) {
            let Some(sample) = sample else { continue };
            let miss = plan.miss(labels, &sample.predicted, &model.conditions);
            if best.as_ref().is_none_or(|(least, _)| miss < *least) {
                *best = Some((miss, sample));
            }
        }
    }
    best.into_iter().map(|best| best.map(|(_, sample)| sample)).collect()
}

/// One candidate for each sample.
fn attempt(
    model: &MatrixDiffusion,
    plan: &Plan,
    labels: &[Labels],
    rngs: &mut [ChaCha8Rng],
) -> Vec<Option<Sample>> {
    let compositions = compositions::compositions(model, plan, labels, rngs);
    let mut samples: Vec<Option<Sample>> = rngs.iter().map(|_| None).collect();
    for _ in 0..TRIES {
        let open: Vec<usize> =
            (0..rngs.len()).filter(|&i| samples[i].is_none() && compositions[i].is_some()).collect();
        if open.is_empty() {
            break;
        }
        let elements: Vec<&[u8]> =
            open.iter().filter_map(|&i| compositions[i].as_ref()).map(|c| c.elements.as_slice()).collect();
        let wanted: Vec<Labels> = open.iter().map(|&i| labels[i].clone()).collect();
        let states = structures::structures(model, plan, &elements, &wanted, &open, rngs);
        for (&i, state) in open.iter().zip(states) {
            let likelihood = compositions[i].as_ref().and_then(|c| c.log_likelihood);
            samples[i] = finish::finish(plan, &state).map(|crystal| Sample {
                crystal,
                log_likelihood: likelihood,
                predicted: Default::default(),
            });
        }
    }
    predict(model, &mut samples);
    samples
}

/// Fills in what the property heads say of the finished crystals.
fn predict(model: &MatrixDiffusion, samples: &mut [Option<Sample>]) {
    let mut made: Vec<(&mut Sample, State)> = samples
        .iter_mut()
        .flatten()
        .filter_map(|sample| finish::clean_state(&sample.crystal).map(|state| (sample, state)))
        .collect();
    if made.is_empty() || model.numbers().next().is_none() {
        return;
    }
    let states: Vec<State> = made.iter().map(|(_, state)| state.clone()).collect();
    let labels = vec![model.conditions.absent(); states.len()];
    let output = model.structure(&Batch::new(&states, model.config.neighbours), &labels);
    for (row, (sample, _)) in made.iter_mut().enumerate() {
        for (column, (_, name, mean, sd)) in model.numbers().enumerate() {
            let value = output.properties.double_value(&[row as i64, column as i64]);
            sample.predicted.insert(name.to_owned(), mean + sd * value);
        }
    }
}

impl Sampler for MatrixDiffusionSampler {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn check(&self, request: &Request) -> Result<(), RequestError> {
        Plan::new(request, &self.config, &self.conditions).map(|_| ())
    }

    fn sample(
        &self,
        request: &Request,
        seed: u64,
        numbers: &[u64],
    ) -> Result<Vec<Option<Sample>>, RequestError> {
        let plan = Plan::new(request, &self.config, &self.conditions)?;
        in_batches(numbers, BATCH, |batch| Ok(self.batch_of(&plan, seed, batch)))
    }

    fn batch(&self) -> usize {
        BATCH
    }
}

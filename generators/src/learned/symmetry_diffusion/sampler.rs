//! The sampler.

use std::collections::BTreeMap;

use rand_chacha::ChaCha8Rng;
use tch::{nn, no_grad};

use super::geometry::{draw_cells, draw_coordinates};
use super::network::{Network, unsquash};
use super::occupation::{Draft, Guide, occupy, rows};
use super::plan::Plan;
use super::state::{Inputs, State};
use super::{Config, SymmetryDiffusion};
use crate::learned::house::{Learner, Replicas};
use crate::learned::sampler::in_batches;
use crate::learned::{Conditions, Request, RequestError, Sample, Sampler};
use crate::stream::stream;

/// Samples that are computed together.
const BATCH: usize = 64;
/// Whole attempts at a sample. Only the last looks ahead for charges that balance: the others keep the distribution of
/// what balances as the model has learnt it.
const ATTEMPTS: usize = 4;
/// Attempts at the geometry of one occupation.
const GEOMETRIES: usize = 3;

/// A trained model that proposes crystals.
#[derive(Debug)]
pub struct SymmetrySampler {
    networks: Replicas<Network>,
    config: Config,
    conditions: Conditions,
}

impl SymmetrySampler {
    /// With the weights of `store`, which fit the configuration.
    pub fn new(store: &nn::VarStore, config: &Config, conditions: &Conditions) -> Self {
        let networks = Replicas::new(store, |path| Network::new(path, config, conditions));
        Self { networks, config: config.clone(), conditions: conditions.clone() }
    }

    /// The samples of one batch, numbers from `first`.
    fn compute(&self, plan: &Plan, seed: u64, first: u64) -> Vec<Option<Sample>> {
        self.networks.with(|network| {
            no_grad(|| {
                let guide = Guide { network, guidance: plan.guidance };
                let mut samples: Vec<Option<Sample>> = vec![None; BATCH];
                let mut streams: Vec<ChaCha8Rng> =
                    (0..BATCH as u64).map(|k| stream(seed, first + k)).collect();
                for number in 1..=ATTEMPTS {
                    let open: Vec<usize> = (0..BATCH).filter(|&k| samples[k].is_none()).collect();
                    if open.is_empty() {
                        break;
                    }
                    let mut drafts: Vec<Draft> =
                        open.iter().map(|&k| Draft::new(plan, streams[k].clone())).collect();
                    attempt(&guide, plan, &mut drafts, number == ATTEMPTS);
                    let finished = finish(network, plan, &drafts);
                    for ((k, draft), sample) in open.into_iter().zip(drafts).zip(finished) {
                        samples[k] = sample;
                        streams[k] = draft.rng;
                    }
                }
                samples
            })
        })
    }
}

/// One attempt at every draft.
fn attempt(guide: &Guide, plan: &Plan, drafts: &mut [Draft], ahead: bool) {
    occupy(guide, plan, drafts, ahead);
    let mut open: Vec<&mut Draft> = drafts.iter_mut().filter(|draft| !draft.dead).collect();
    // What an occupation counts, for attempts at the geometry that come to nothing.
    let before: Vec<(f64, usize)> = open.iter().map(|d| (d.log_likelihood, d.tokens)).collect();
    let mut before: Vec<&(f64, usize)> = before.iter().collect();
    for _ in 0..GEOMETRIES {
        if open.is_empty() {
            break;
        }
        for (draft, (log_likelihood, tokens)) in open.iter_mut().zip(&before) {
            (draft.log_likelihood, draft.tokens, draft.dead) = (*log_likelihood, *tokens, false);
            draft.state.cell = None;
            draft.state.sites.iter_mut().for_each(|site| site.free = None);
        }
        draw_cells(guide, plan.temperature, &mut open);
        draw_coordinates(guide, plan.temperature, &mut open);
        (open, before) = open.into_iter().zip(before).filter(|(draft, _)| draft.dead).unzip();
    }
}

/// Crystals of what lives and keeps the constraints, with the properties that the network expects of them.
fn finish(network: &Network, plan: &Plan, drafts: &[Draft]) -> Vec<Option<Sample>> {
    let crystals: Vec<Option<_>> = drafts
        .iter()
        .map(|draft| {
            let code = draft.state.code().filter(|_| !draft.dead)?;
            let crystal = code.to_primitive().ok()?;
            plan.holds(&crystal).then_some(crystal)
        })
        .collect();
    let alive: Vec<&State> =
        drafts.iter().zip(&crystals).filter(|(_, c)| c.is_some()).map(|(d, _)| &d.state).collect();
    let mut predicted = properties(network, &alive).into_iter();
    drafts
        .iter()
        .zip(crystals)
        .map(|(draft, crystal)| {
            Some(Sample {
                crystal: crystal?,
                log_likelihood: Some(draft.log_likelihood / draft.tokens.max(1) as f64),
                predicted: predicted.next().unwrap_or_default(),
            })
        })
        .collect()
}

/// Properties of complete crystals by the name of the condition.
fn properties(network: &Network, states: &[&State]) -> Vec<BTreeMap<String, f64>> {
    let numbers = network.numbers();
    if states.is_empty() || numbers.is_empty() {
        return vec![BTreeMap::new(); states.len()];
    }
    let labels = network.labels(&vec![network.conditions.absent(); states.len()]);
    let encoded = network.encode(&Inputs::new(states, network.device()), &labels);
    rows(&network.properties(&encoded))
        .into_iter()
        .map(|row| {
            let named = numbers.iter().zip(row).map(|(&(column, mean, sd), y)| {
                let name = network.conditions.columns[column].name.clone();
                (name, unsquash(f64::from(y), mean, sd))
            });
            named.collect()
        })
        .collect()
}

impl Sampler for SymmetrySampler {
    fn kind(&self) -> &'static str {
        SymmetryDiffusion::KIND
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
        in_batches(numbers, BATCH, |batch| Ok(self.compute(&plan, seed, batch * BATCH as u64)))
    }

    fn batch(&self) -> usize {
        BATCH
    }
}

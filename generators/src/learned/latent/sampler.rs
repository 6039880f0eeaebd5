//! A trained autoencoder: sampling on request.

use std::collections::BTreeMap;
use std::sync::Arc;

use druse_representations::Crystal;
use rand_chacha::ChaCha8Rng;
use tch::{Tensor, no_grad};

use super::{CrystalModel, Decoded, LatentModel, Limits, Path, interpolate, normal};
use crate::crystals::building::{Contacts, closest_approach};
use crate::learned::house::{Replicas, Weights};
use crate::learned::sampler::in_batches;
use crate::learned::wishes::Wishes;
use crate::learned::{Conditions, Labels, Request, RequestError, Sample, Sampler};
use crate::stream::stream;

/// Samples that are computed together.
const BATCH: usize = 64;
/// Rounds of noise after which a sample has come to nothing.
const TRIALS: usize = 16;
/// Atoms of a sample come no nearer than this share of the contacts that generators keep new crystals to, which lie below
/// those of known crystals: what is nearer is a failure of decoding.
const CLEARANCE: f64 = 0.8;
/// Steps of the prior's flow where nothing else is asked for.
const STEPS: usize = 20;

/// A trained autoencoder. Copies share the weights.
pub struct LatentSampler<M: LatentModel> {
    pub(super) networks: Arc<Replicas<M>>,
    pub(in crate::learned) config: M::Config,
    pub(in crate::learned) conditions: Conditions,
}

impl<M: LatentModel> Clone for LatentSampler<M> {
    fn clone(&self) -> Self {
        Self {
            networks: Arc::clone(&self.networks),
            config: self.config.clone(),
            conditions: self.conditions.clone(),
        }
    }
}

impl<M: LatentModel> LatentSampler<M> {
    /// The sampler on trained weights.
    pub fn new(weights: Weights<M>) -> Self {
        let Weights { config, conditions, store, .. } = weights;
        let networks = Arc::new(Replicas::new(&store, |path| M::new(path, &config, &conditions)));
        Self { networks, config, conditions }
    }

    /// Conditions that the model was trained with.
    pub fn conditions(&self) -> &Conditions {
        &self.conditions
    }

    /// Samples that are computed together.
    pub(crate) const BATCH: usize = BATCH;

    /// Batch number `number` of samples: latents from the prior, which `read` makes samples of together with what the heads say
    /// of them. For those that it makes nothing of, other latents are drawn, up to a bounded number of times.
    pub(crate) fn draw_batch<S: Clone>(
        &self,
        drawing: &Drawing<'_>,
        seed: u64,
        number: u64,
        read: impl Fn(&M, &Tensor, Vec<BTreeMap<String, f64>>) -> Vec<Option<S>>,
    ) -> Vec<Option<S>> {
        let first = number * BATCH as u64;
        let mut rngs: Vec<ChaCha8Rng> = (0..BATCH as u64).map(|k| stream(seed, first + k)).collect();
        let labels: Vec<Labels> = rngs.iter_mut().map(|rng| drawing.wishes.labels(rng)).collect();
        let mut samples: Vec<Option<S>> = vec![None; BATCH];
        let width = M::width(&self.config) as i64;
        self.networks.with(|network| {
            for _ in 0..TRIALS {
                let open: Vec<usize> = (0..BATCH).filter(|&k| samples[k].is_none()).collect();
                if open.is_empty() {
                    break;
                }
                let noise: Vec<Tensor> = open.iter().map(|&k| normal(&mut rngs[k], &[width])).collect();
                let noise = Tensor::stack(&noise, 0) * drawing.temperature;
                let labels: Vec<Labels> = open.iter().map(|&k| labels[k].clone()).collect();
                let steps = drawing.steps.unwrap_or(STEPS);
                let unknown = self.conditions.absent();
                let latents =
                    no_grad(|| network.prior().transport(&noise, &labels, &unknown, drawing.guidance, steps));
                let predicted = no_grad(|| network.heads().predict(&latents));
                for (&k, sample) in open.iter().zip(read(network, &latents, predicted)) {
                    samples[k] = sample;
                }
            }
        });
        samples
    }
}

/// How latents are drawn, see [`Request`].
pub(crate) struct Drawing<'a> {
    pub(crate) wishes: &'a Wishes,
    pub(crate) guidance: f64,
    pub(crate) temperature: f64,
    pub(crate) steps: Option<usize>,
}

impl<M: CrystalModel> LatentSampler<M> {
    fn limits<'a>(&self, request: &'a Request) -> Limits<'a> {
        Limits { space: Some(&request.space), formula: request.formula.as_ref() }
    }

    /// What latents say, whatever it is.
    fn read(&self, latents: &[Vec<f32>]) -> Vec<Option<Sample>> {
        let decoded = self.decode(latents, Limits::NONE);
        decoded
            .into_iter()
            .zip(self.predict(latents))
            .map(|(decoded, told)| Some(sample(decoded?, told)))
            .collect()
    }
}

fn sample(decoded: Decoded, predicted: BTreeMap<String, f64>) -> Sample {
    let Decoded { crystal, confidence } = decoded;
    Sample { crystal, log_likelihood: Some(confidence), predicted }
}

fn clear(crystal: &Crystal) -> bool {
    closest_approach(crystal, &Contacts::of(&crystal.composition())) >= CLEARANCE
}

impl<M: CrystalModel> Sampler for LatentSampler<M>
where
    M::Config: 'static,
{
    fn kind(&self) -> &'static str {
        M::KIND
    }

    fn check(&self, request: &Request) -> Result<(), RequestError> {
        request.space.check()?;
        let cannot = |what: String| RequestError::NotPossible { kind: M::KIND, what };
        if request.fixed.is_some() {
            return Err(cannot("keep a part of a structure".into()));
        }
        if let Some(formula) = &request.formula {
            request
                .space
                .check_composition(formula)
                .map_err(|violation| cannot(format!("write {}: {violation}", formula.hill_formula())))?;
        }
        M::check(&self.config, self.limits(request)).map_err(cannot)?;
        Wishes::new(&self.conditions, &request.targets, request.formula.as_ref()).map(|_| ())
    }

    fn sample(
        &self,
        request: &Request,
        seed: u64,
        numbers: &[u64],
    ) -> Result<Vec<Option<Sample>>, RequestError> {
        self.check(request)?;
        let wishes = &Wishes::new(&self.conditions, &request.targets, request.formula.as_ref())?;
        let &Request { guidance, temperature, steps, .. } = request;
        let drawing = Drawing { wishes, guidance, temperature, steps };
        in_batches(numbers, BATCH, |batch| {
            Ok(self.draw_batch(&drawing, seed, batch, |network, latents, predicted| {
                let decoded = network.decode(latents, self.limits(request)).into_iter().zip(predicted);
                let clear = |decoded: Decoded| Some(decoded).filter(|decoded| clear(&decoded.crystal));
                decoded.map(|(decoded, told)| decoded.and_then(clear).map(|d| sample(d, told))).collect()
            }))
        })
    }

    fn batch(&self) -> usize {
        BATCH
    }

    fn reconstruct(&self, crystals: &[Crystal]) -> Result<Vec<Option<Sample>>, RequestError> {
        let encoded = self.encode(crystals);
        let latents: Vec<Vec<f32>> = encoded.iter().flatten().map(|encoded| encoded.mean.clone()).collect();
        let mut read = self.read(&latents).into_iter();
        Ok(encoded.into_iter().map(|encoded| encoded.ok().and_then(|_| read.next().flatten())).collect())
    }

    fn interpolate(&self, ends: [&Crystal; 2], steps: usize) -> Result<Vec<Option<Sample>>, RequestError> {
        let encoded: Result<Vec<_>, String> = self.encode(&ends.map(Clone::clone)).into_iter().collect();
        let encoded = encoded.map_err(|reason| RequestError::NotPossible {
            kind: M::KIND,
            what: format!("go between these crystals: {reason}"),
        })?;
        Ok(self.read(&interpolate(&encoded[0].mean, &encoded[1].mean, steps, Path::Spherical)))
    }
}

//! A trained autoencoder: sampling on request.

use std::sync::Arc;

use druse_representations::Crystal;
use rand_chacha::ChaCha8Rng;
use tch::{Tensor, no_grad};

use super::wanted::Wishes;
use super::{Decoded, LatentModel, Limits, Path, interpolate, normal};
use crate::crystals::building::{Contacts, closest_approach};
use crate::learned::house::{Replicas, Weights};
use crate::learned::sampler::in_batches;
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
    pub(super) config: M::Config,
    pub(super) conditions: Conditions,
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

    fn limits<'a>(&self, request: &'a Request) -> Limits<'a> {
        Limits { space: Some(&request.space), formula: request.formula.as_ref() }
    }

    /// Batch number `number` of the samples of a request.
    fn sample_batch(
        &self,
        request: &Request,
        wishes: &Wishes,
        seed: u64,
        number: u64,
    ) -> Vec<Option<Sample>> {
        let first = number * BATCH as u64;
        let mut rngs: Vec<ChaCha8Rng> = (0..BATCH as u64).map(|k| stream(seed, first + k)).collect();
        let labels: Vec<Labels> = rngs.iter_mut().map(|rng| wishes.labels(rng)).collect();
        let mut samples: Vec<Option<Sample>> = vec![None; BATCH];
        let width = M::width(&self.config) as i64;
        self.networks.with(|network| {
            for _ in 0..TRIALS {
                let open: Vec<usize> = (0..BATCH).filter(|&k| samples[k].is_none()).collect();
                if open.is_empty() {
                    break;
                }
                let noise: Vec<Tensor> = open.iter().map(|&k| normal(&mut rngs[k], &[width])).collect();
                let noise = Tensor::stack(&noise, 0) * request.temperature;
                let labels: Vec<Labels> = open.iter().map(|&k| labels[k].clone()).collect();
                let steps = request.steps.unwrap_or(STEPS);
                let unknown = self.conditions.absent();
                let latents =
                    no_grad(|| network.prior().transport(&noise, &labels, &unknown, request.guidance, steps));
                let decoded = network.decode(&latents, self.limits(request));
                let predicted = no_grad(|| network.heads().predict(&latents));
                for ((&k, decoded), predicted) in open.iter().zip(decoded).zip(predicted) {
                    let decoded = decoded.filter(|decoded| clear(&decoded.crystal));
                    samples[k] = decoded.map(|Decoded { crystal, confidence }| Sample {
                        crystal,
                        log_likelihood: Some(confidence),
                        predicted,
                    });
                }
            }
        });
        samples
    }
}

impl<M: LatentModel> LatentSampler<M> {
    /// What latents say, whatever it is.
    fn read(&self, latents: &[Vec<f32>]) -> Vec<Option<Sample>> {
        let decoded = self.decode(latents, Limits::NONE);
        let sample = |(decoded, predicted): (Option<Decoded>, _)| {
            decoded.map(|Decoded { crystal, confidence }| Sample {
                crystal,
                log_likelihood: Some(confidence),
                predicted,
            })
        };
        decoded.into_iter().zip(self.predict(latents)).map(sample).collect()
    }
}

fn clear(crystal: &Crystal) -> bool {
    closest_approach(crystal, &Contacts::of(&crystal.composition())) >= CLEARANCE
}

impl<M: LatentModel> Sampler for LatentSampler<M>
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
        Wishes::new(&self.conditions, request).map(|_| ())
    }

    fn sample(
        &self,
        request: &Request,
        seed: u64,
        numbers: &[u64],
    ) -> Result<Vec<Option<Sample>>, RequestError> {
        self.check(request)?;
        let wishes = Wishes::new(&self.conditions, request)?;
        in_batches(numbers, BATCH, |batch| Ok(self.sample_batch(request, &wishes, seed, batch)))
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

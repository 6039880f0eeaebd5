//! A trained autoencoder: from structures to latents and back, and ways between them.

use std::collections::BTreeMap;

use druse_representations::Crystal;
use druse_representations::io::Record;
use serde::{Deserialize, Serialize};
use tch::no_grad;

use super::tensors::{rows, stacked};
use super::{CrystalModel, Decoded, LatentModel, LatentSampler, Limits, Path, interpolate};

/// Latents that are computed together.
const BATCH: usize = 64;

/// What a crystal or a ligand is encoded to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Encoded {
    /// The latent.
    pub mean: Vec<f32>,
    /// How sure the encoder is of it: standard deviation in each direction.
    pub sd: Vec<f32>,
}

impl<M: LatentModel> LatentSampler<M> {
    /// Numbers of a latent.
    pub fn width(&self) -> usize {
        M::width(&self.config)
    }

    /// Latents of structures; for each that the model cannot write, why.
    pub(crate) fn encode_records(&self, records: &[M::Record]) -> Vec<Result<Encoded, String>> {
        let examples: Vec<Result<M::Example, String>> =
            records.iter().map(|record| M::example(&self.config, &self.conditions, record)).collect();
        let good: Vec<&M::Example> = examples.iter().flatten().collect();
        let mut latents = Vec::with_capacity(good.len());
        for batch in good.chunks(BATCH) {
            let (mean, sd) = self.networks.with(|network| {
                no_grad(|| {
                    let posterior = network.encode(batch);
                    (rows(&posterior.mean), rows(&posterior.sd()))
                })
            });
            latents.extend(mean.into_iter().zip(sd).map(|(mean, sd)| Encoded { mean, sd }));
        }
        let mut latents = latents.into_iter();
        let missing = || "the encoder gave no latent".to_owned();
        examples.into_iter().map(|example| example.and_then(|_| latents.next().ok_or_else(missing))).collect()
    }

    /// What `read` makes of latents; `None` where one has another width or numbers that are not finite.
    pub(crate) fn decode_with<D>(
        &self,
        latents: &[Vec<f32>],
        read: impl Fn(&M, &tch::Tensor) -> Vec<Option<D>>,
    ) -> Vec<Option<D>> {
        let width = self.width();
        let fits = |latent: &&Vec<f32>| latent.len() == width && latent.iter().all(|x| x.is_finite());
        let good: Vec<&Vec<f32>> = latents.iter().filter(fits).collect();
        let mut decoded = Vec::with_capacity(good.len());
        for batch in good.chunks(BATCH) {
            decoded.extend(self.networks.with(|network| read(network, &stacked(batch, width))));
        }
        let mut decoded = decoded.into_iter();
        latents.iter().map(|latent| if fits(&latent) { decoded.next().flatten() } else { None }).collect()
    }

    /// Values of the property heads at latents of [`Self::width`] numbers, by column.
    pub fn predict(&self, latents: &[Vec<f32>]) -> Vec<BTreeMap<String, f64>> {
        let width = self.width();
        let all: Vec<&Vec<f32>> = latents.iter().collect();
        all.chunks(BATCH)
            .flat_map(|batch| {
                self.networks.with(|network| no_grad(|| network.heads().predict(&stacked(batch, width))))
            })
            .collect()
    }
}

impl<M: CrystalModel> LatentSampler<M> {
    /// Latents of crystals, whatever their cell, origin and order of sites.
    ///
    /// # Errors
    /// For each crystal that the model cannot write, why: too many atoms, disorder, ...
    pub fn encode(&self, crystals: &[Crystal]) -> Vec<Result<Encoded, String>> {
        let record = |crystal: &Crystal| Record {
            id: String::new(),
            crystal: crystal.clone(),
            properties: serde_json::Map::new(),
            source: String::new(),
        };
        self.encode_records(&crystals.iter().map(record).collect::<Vec<_>>())
    }

    /// The most probable crystals at latents of [`Self::width`] numbers within the limits; `None` where there is none that is structurally possible
    /// (no two atoms nearer than 0.5 Å), or the latent has another width or numbers that are not finite. Draws nothing.
    pub fn decode(&self, latents: &[Vec<f32>], limits: Limits<'_>) -> Vec<Option<Decoded>> {
        self.decode_with(latents, |network, latents| network.decode(latents, limits))
    }

    /// `steps` crystals on the way from one latent to another, ends included; see [`Self::decode`].
    pub fn interpolate(
        &self,
        from: &[f32],
        to: &[f32],
        steps: usize,
        path: Path,
        limits: Limits<'_>,
    ) -> Vec<Option<Decoded>> {
        self.decode(&interpolate(from, to, steps, path), limits)
    }
}

//! A trained autoencoder of ligands: encoding, decoding, sampling, and operators of genetic algorithms.

use std::collections::BTreeMap;

use druse_representations::{Element, Ligand};
use serde::{Deserialize, Serialize};

use super::{DecodedLigand, LigandVae};
use crate::LigandSpace;
use crate::learned::house::Learner;
use crate::learned::latent::{Drawing, Encoded, LatentSampler};
use crate::learned::sampler::in_batches;
use crate::learned::wishes::Wishes;
use crate::learned::{LigandEntry, RequestError, Scale, Target, Wanted};

/// What is asked of a model of ligands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LigandRequest {
    /// Hard constraints: nothing outside is ever returned. What they fix is a condition, too, where the model knows it.
    pub space: LigandSpace,
    /// Conditions.
    pub targets: Vec<Target>,
    /// As in [`Request`](crate::learned::Request).
    pub guidance: f64,
    /// 1 samples the learnt distribution, less prefers what is likely, more what is not.
    pub temperature: f64,
    /// Steps of the flow; the model's own number when absent.
    pub steps: Option<usize>,
}

impl LigandRequest {
    /// Anything within a space.
    pub fn new(space: LigandSpace) -> Self {
        Self { space, targets: Vec::new(), guidance: 1.0, temperature: 1.0, steps: None }
    }
}

/// A sampled ligand with what the model itself knows about it.
#[derive(Clone, Debug)]
pub struct LigandSample {
    /// The ligand, without name and positions.
    pub ligand: Ligand,
    /// Mean logarithm of the decoder's probabilities of what it chose (natural logarithm).
    pub log_likelihood: f64,
    /// Values of the property heads, by column.
    pub predicted: BTreeMap<String, f64>,
}

impl LatentSampler<LigandVae> {
    /// Latents of ligands, however their atoms are numbered.
    ///
    /// # Errors
    /// For each ligand that the model cannot write, why.
    pub fn encode_ligands(&self, ligands: &[Ligand]) -> Vec<Result<Encoded, String>> {
        let records: Vec<LigandEntry> =
            ligands.iter().map(|ligand| LigandEntry::new(ligand.clone())).collect();
        self.encode_records(&records)
    }

    /// The most probable ligands at latents within a space; `None` where there is none. Draws nothing.
    pub fn decode_ligands(&self, latents: &[Vec<f32>], space: &LigandSpace) -> Vec<Option<DecodedLigand>> {
        self.decode_with(latents, |network, latents| network.decode(latents, space))
    }

    /// Checks a request.
    ///
    /// # Errors
    /// For constraints that contradict themselves, conditions that the model does not know, and what it cannot write.
    pub fn check_ligands(&self, request: &LigandRequest) -> Result<(), RequestError> {
        let cannot = |what: String| RequestError::NotPossible { kind: LigandVae::KIND, what };
        request.space.check().map_err(RequestError::Ligands)?;
        LigandVae::check_space(&self.config, &request.space).map_err(cannot)?;
        self.wishes(request).map(|_| ())
    }

    /// Ligands with these numbers: ligand `k` depends on the seed, the request, and the batch that its number falls
    /// into, on nothing else. `None` stands for an attempt that came to nothing within a bounded number of trials.
    ///
    /// # Errors
    /// As [`Self::check_ligands`].
    pub fn sample_ligands(
        &self,
        request: &LigandRequest,
        seed: u64,
        numbers: &[u64],
    ) -> Result<Vec<Option<LigandSample>>, RequestError> {
        self.check_ligands(request)?;
        let wishes = &self.wishes(request)?;
        let &LigandRequest { guidance, temperature, steps, .. } = request;
        let drawing = Drawing { wishes, guidance, temperature, steps };
        in_batches(numbers, Self::BATCH, |batch| {
            Ok(self.draw_batch(&drawing, seed, batch, |network, latents, predicted| {
                let sample = |(decoded, predicted): (Option<DecodedLigand>, BTreeMap<String, f64>)| {
                    let DecodedLigand { ligand, confidence } = decoded?;
                    Some(LigandSample { ligand, log_likelihood: confidence, predicted })
                };
                network.decode(latents, &request.space).into_iter().zip(predicted).map(sample).collect()
            }))
        })
    }

    /// Ligands that are computed together.
    pub fn ligands_in_batch(&self) -> usize {
        Self::BATCH
    }

    /// The conditions of a request, and those that its constraints imply.
    fn wishes(&self, request: &LigandRequest) -> Result<Wishes, RequestError> {
        let mut targets = request.targets.clone();
        let space = &request.space;
        let mut imply = |column: &str, wanted: Option<Wanted>| {
            let asked = targets.iter().any(|target| target.column == column);
            let known = self.conditions.position(column).is_some();
            if let Some(wanted) = wanted.filter(|_| known && !asked) {
                targets.push(Target { column: column.to_owned(), wanted });
            }
        };
        let one =
            |range: Option<[usize; 2]>| range.filter(|[least, most]| least == most).map(|[n, _]| n as f64);
        let sites =
            if space.donors.is_empty() { one(space.denticity) } else { Some(space.donors.len() as f64) };
        imply("denticity", sites.map(Wanted::Number));
        imply(
            "charge",
            match space.charges[..] {
                [charge] => Some(Wanted::Number(f64::from(charge))),
                _ => None,
            },
        );
        imply("donors", (!space.donors.is_empty()).then(|| Wanted::Text(system(&space.donors))));
        imply("atoms", self.size("atoms", space.atoms));
        imply("heavy_atoms", self.size("heavy_atoms", space.heavy_atoms));
        Wishes::new(&self.conditions, &targets, None)
    }

    /// A range of sizes as a condition, where it is far from the usual sizes or narrow: a wide one says nothing that the model
    /// should hold on to.
    fn size(&self, column: &str, range: Option<[usize; 2]>) -> Option<Wanted> {
        let [least, most] = range?.map(|n| n as f64);
        let Scale::Number { mean, sd, range } =
            self.conditions.columns[self.conditions.position(column)?].scale
        else {
            return None;
        };
        let usual = (least..=most).contains(&mean) && most - least > sd;
        let clamp = |x: f64| x.clamp(range[0], range[1]);
        (!usual).then(|| Wanted::Range([clamp(least), clamp(most)]))
    }
}

/// Elements as a chemical system, such as N-O.
fn system(elements: &[Element]) -> String {
    let mut elements = elements.to_vec();
    elements.sort_unstable();
    elements.dedup();
    elements.iter().map(|element| element.symbol()).collect::<Vec<_>>().join("-")
}

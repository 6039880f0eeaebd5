//! Ligands improved along property heads.

use std::collections::BTreeSet;

use druse_representations::Ligand;
use serde::{Deserialize, Serialize};

use super::LigandVae;
use crate::LigandSpace;
use crate::learned::latent::{Ascent, Encoded, LatentSampler, Objective, mutate};
use crate::stream::stream;

/// How ligands are improved.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Improvement {
    /// Ascents from each ligand, each from a point nearby.
    pub attempts: usize,
    /// How far away they start, in standard deviations of the posterior.
    pub strength: f64,
    /// Standard deviation added to the posterior's, so that what the encoder is sure of changes too.
    pub floor: f64,
    /// How each climbs.
    pub ascent: Ascent,
}

impl Default for Improvement {
    fn default() -> Self {
        Self { attempts: 16, strength: 1.0, floor: 0.15, ascent: Ascent::default() }
    }
}

/// A ligand that the model takes to be better than the one that it was made from.
#[derive(Clone, Debug)]
pub struct Improved {
    /// The ligand, without name and positions.
    pub ligand: Ligand,
    /// By how much its [worth](LatentSampler::worth) is greater, both read off the latents that the encoder gives.
    pub gain: f64,
}

impl LatentSampler<LigandVae> {
    /// Ligands with as many donors and the same charge that are better by the model's own heads: of several ascents from each
    /// ligand, what was decoded within `space` is encoded again, and the best by that is kept. Where an ascent ends says
    /// little, because what is decoded there is another point. `None` where the model cannot write the ligand, where all came
    /// back as it was, and where none is better.
    ///
    /// # Errors
    /// When an objective is no numeric condition of the model.
    pub fn improve_ligands(
        &self,
        ligands: &[Ligand],
        objectives: &[Objective],
        space: &LigandSpace,
        improvement: &Improvement,
        seed: u64,
    ) -> Result<Vec<Option<Improved>>, String> {
        let codes = self.encode_ligands(ligands);
        let improve = |(number, (ligand, code)): (usize, (&Ligand, Result<Encoded, String>))| match code {
            Ok(code) => {
                let space = LigandSpace {
                    denticity: Some([ligand.denticity(); 2]),
                    charges: vec![ligand.charge()],
                    haptic: Some(ligand.is_haptic()),
                    ..space.clone()
                };
                let mut rng = stream(seed, number as u64);
                let Improvement { attempts, strength, floor, ascent } = improvement;
                let starts: Vec<Vec<f32>> = (0..*attempts)
                    .map(|_| mutate(&code.mean, &code.sd, *strength, *floor, &mut rng))
                    .collect();
                let ends = self.climb(&starts, objectives, ascent)?;
                self.best(
                    ligand,
                    &code,
                    &ends.into_iter().map(|end| end.latent).collect::<Vec<_>>(),
                    &space,
                    objectives,
                )
            }
            Err(_) => Ok(None),
        };
        ligands.iter().zip(codes).enumerate().map(improve).collect()
    }

    /// The best of what is at `latents` that is not the ligand itself.
    fn best(
        &self,
        ligand: &Ligand,
        code: &Encoded,
        latents: &[Vec<f32>],
        space: &LigandSpace,
        objectives: &[Objective],
    ) -> Result<Option<Improved>, String> {
        let mut seen = BTreeSet::from([ligand.canonical().key]);
        let decoded = self.decode_ligands(latents, space).into_iter().flatten().map(|decoded| decoded.ligand);
        let others: Vec<Ligand> = decoded.filter(|other| seen.insert(other.canonical().key)).collect();
        let (mut found, mut points) = (Vec::new(), vec![code.mean.clone()]);
        for (other, code) in others.iter().zip(self.encode_ligands(&others)) {
            if let Ok(code) = code {
                found.push(other);
                points.push(code.mean);
            }
        }
        let worth = self.worth(&points, objectives)?;
        let gains = worth[1..].iter().map(|there| there - worth[0]);
        let best = found.into_iter().zip(gains).max_by(|a, b| a.1.total_cmp(&b.1));
        let improved = |(ligand, gain): (&Ligand, f64)| Improved { ligand: ligand.clone(), gain };
        Ok(best.filter(|(_, gain)| *gain > 0.0).map(improved))
    }
}

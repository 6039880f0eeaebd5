//! Ligands from the latent space as operators of the genetic algorithms on complexes.

use std::collections::BTreeMap;
use std::sync::Arc;

use druse_representations::{Complex, Ligand};
use rand::RngExt;
use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;

use super::{Improvement, LigandRequest, LigandVae};
use crate::breeding::{Breeder, Sprout};
use crate::complexes::{ComplexBreeder, ComplexGenome, ComplexOperator, Exchange};
use crate::learned::latent::{Encoded, LatentOptions, LatentSampler, crossover, mutate};
use crate::{LigandPool, LigandSpace};

/// Probability that all copies of a ligand change together.
const ALL_COPIES: f64 = 0.7;
/// Ascents from a ligand, of which the best is taken.
const ATTEMPTS: usize = 4;
/// Ligands of a closed pool among which the next in the latent space is chosen.
const NEIGHBOURS: usize = 4;

/// A way to make a child.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LigandOperator {
    /// An operator on complexes.
    Plain(ComplexOperator),
    /// The latents of two ligands with as many donors and the same charge are mixed.
    Crossover,
    /// The latent of a ligand is shaken.
    Mutate,
    /// A ligand is sampled anew, with the donors and the charge of the one that it replaces.
    Sample,
    /// The latent of a ligand climbs along property heads.
    Climb,
}

/// Makes complexes within a space as [`ComplexBreeder`] does, and with operators in the latent space of an autoencoder of
/// ligands beside its own. Number of donors and charge of a ligand stay, so that sites and electrons still add up.
///
/// Where only ligands of a pool are allowed, what the latent says is replaced by one of the nearest of the pool.
#[derive(Clone)]
pub struct LatentComplexBreeder {
    plain: ComplexBreeder,
    model: LatentSampler<LigandVae>,
    options: LatentOptions,
    /// The ligands of the pool by their keys, where others are not allowed.
    closed: Option<Arc<BTreeMap<String, Known>>>,
}

/// A ligand of a pool.
struct Known {
    ligand: Ligand,
    code: Encoded,
}

impl LatentComplexBreeder {
    /// A breeder whose newcomers and plain operators are those of `plain`.
    ///
    /// # Errors
    /// When a number of the options makes no sense, or an objective is no property of the model.
    pub fn new(
        plain: ComplexBreeder,
        model: LatentSampler<LigandVae>,
        options: LatentOptions,
    ) -> Result<Self, String> {
        options.check(&model)?;
        let closed = plain.others().is_none().then(|| Arc::new(known(&model, plain.pool())));
        Ok(Self { plain, model, options, closed })
    }

    /// A ligand from one ligand of the first parent, and perhaps one of the second; its place in the first.
    fn ligand(
        &self,
        operator: LigandOperator,
        first: &[Ligand],
        second: &[Ligand],
        rng: &mut ChaCha8Rng,
    ) -> Option<(usize, Ligand)> {
        let which = rng.random_range(0..first.len());
        let old = first.get(which)?;
        let space = LigandSpace {
            denticity: Some([old.denticity(); 2]),
            charges: vec![old.charge()],
            haptic: Some(old.is_haptic()),
            ..self.plain.others().unwrap_or_default()
        };
        if operator == LigandOperator::Sample && self.closed.is_none() {
            let request = LigandRequest::new(LigandSpace { donors: old.site_elements(), ..space });
            let sampled = self.model.sample_ligands(&request, rng.random(), &[0]).ok()?.pop()??;
            return Some((which, sampled.ligand));
        }
        if operator == LigandOperator::Climb && self.closed.is_none() {
            let LatentOptions { floor, ascent, ref objectives, .. } = self.options;
            let improvement = Improvement { attempts: ATTEMPTS, floor, ascent, ..Improvement::default() };
            let ligand = std::slice::from_ref(old);
            let improved = self.model.improve_ligands(ligand, objectives, &space, &improvement, rng.random());
            return Some((which, improved.ok()?.pop()??.ligand));
        }
        let latent = match operator {
            LigandOperator::Crossover => {
                let alike = |other: &&Ligand| space.check_ligand(other).is_ok();
                let mate = *second.iter().filter(alike).collect::<Vec<_>>().choose(rng)?;
                let ends = self.encoded(&[old.clone(), mate.clone()])?;
                crossover(&ends[0].mean, &ends[1].mean, rng)
            }
            LigandOperator::Climb => {
                let parent = self.encoded(std::slice::from_ref(old))?.pop()?;
                // From a point nearby, so that one ligand has many children.
                let start = mutate(&parent.mean, &parent.sd, 1.0, self.options.floor, rng);
                self.model.climb(&[start], &self.options.objectives, &self.options.ascent).ok()?.pop()?.latent
            }
            _ => {
                let parent = self.encoded(std::slice::from_ref(old))?.pop()?;
                let strength = self.options.draw_strength(rng);
                mutate(&parent.mean, &parent.sd, strength, self.options.floor, rng)
            }
        };
        match &self.closed {
            None => Some((which, self.model.decode_ligands(&[latent], &space).pop()??.ligand)),
            Some(known) => Some((which, nearest(known, &latent, old, rng)?)),
        }
    }

    fn encoded(&self, ligands: &[Ligand]) -> Option<Vec<Encoded>> {
        match &self.closed {
            None => self.model.encode_ligands(ligands).into_iter().collect::<Result<_, _>>().ok(),
            Some(known) => {
                ligands.iter().map(|ligand| Some(known.get(&ligand.canonical().key)?.code.clone())).collect()
            }
        }
    }

    fn own(sprout: Sprout<ComplexBreeder>) -> Sprout<Self> {
        let Sprout { genome, design, key, operator, parents } = sprout;
        Sprout { genome, design, key, operator, parents }
    }
}

/// Those ligands of a pool that the model can write.
fn known(model: &LatentSampler<LigandVae>, pool: &LigandPool) -> BTreeMap<String, Known> {
    let ligands: Vec<Ligand> = pool.ligands().cloned().collect();
    let codes = model.encode_ligands(&ligands);
    let known = |(ligand, code): (Ligand, Result<Encoded, String>)| {
        Some((ligand.canonical().key, Known { ligand, code: code.ok()? }))
    };
    ligands.into_iter().zip(codes).filter_map(known).collect()
}

/// One of the ligands of a pool that are nearest to a latent, like `old` in number of donors, charge and hapticity but
/// not `old` itself.
fn nearest(
    known: &BTreeMap<String, Known>,
    latent: &[f32],
    old: &Ligand,
    rng: &mut ChaCha8Rng,
) -> Option<Ligand> {
    let key = old.canonical().key;
    let kind = |ligand: &Ligand| (ligand.denticity(), ligand.charge(), ligand.is_haptic());
    let distance = |code: &Encoded| code.mean.iter().zip(latent).map(|(a, b)| (a - b).powi(2)).sum::<f32>();
    let mut near: Vec<(f32, &Ligand)> = known
        .iter()
        .filter(|(other, one)| **other != key && kind(&one.ligand) == kind(old))
        .map(|(_, one)| (distance(&one.code), &one.ligand))
        .collect();
    near.sort_by(|a, b| a.0.total_cmp(&b.0));
    near.truncate(NEIGHBOURS);
    near.choose(rng).map(|(_, ligand)| (*ligand).clone())
}

impl Breeder for LatentComplexBreeder {
    type Design = Complex;
    type Genome = ComplexGenome;
    type Operator = LigandOperator;

    const TRIALS: usize = 2_000;

    fn newcomer(&self, rng: &mut ChaCha8Rng) -> Option<Sprout<Self>> {
        self.plain.newcomer(rng).map(Self::own)
    }

    fn operator(&self, rng: &mut ChaCha8Rng) -> LigandOperator {
        if rng.random::<f64>() >= self.options.share {
            return LigandOperator::Plain(self.plain.operator(rng));
        }
        let kinds = if self.options.objectives.is_empty() { 3 } else { 4 };
        match rng.random_range(0..kinds) {
            0 => LigandOperator::Crossover,
            1 => LigandOperator::Mutate,
            2 => LigandOperator::Sample,
            _ => LigandOperator::Climb,
        }
    }

    fn child(
        &self,
        operator: LigandOperator,
        first: &ComplexGenome,
        second: &ComplexGenome,
        rng: &mut ChaCha8Rng,
    ) -> Option<Sprout<Self>> {
        let named = match operator {
            LigandOperator::Plain(operator) => {
                return self.plain.child(operator, first, second, rng).map(Self::own);
            }
            LigandOperator::Crossover => ("latent-crossover", 2),
            LigandOperator::Mutate => ("latent-mutate", 1),
            LigandOperator::Sample => ("latent-sample", 1),
            LigandOperator::Climb => ("latent-climb", 1),
        };
        let (ligands, others) = (self.plain.ligands(first)?, self.plain.ligands(second)?);
        let (which, ligand) = self.ligand(operator, &ligands, &others, rng)?;
        let exchange = Exchange { which, all: rng.random::<f64>() < ALL_COPIES, ligand };
        self.plain.exchanged(first, exchange, named, rng).map(Self::own)
    }

    fn holds(&self, sprout: &Sprout<Self>) -> bool {
        let Sprout { genome, design, key, operator, parents } = sprout.clone();
        self.plain.holds(&Sprout { genome, design, key, operator, parents })
    }

    fn genome(&self, design: &Complex, proposed: Option<ComplexGenome>) -> Option<ComplexGenome> {
        self.plain.genome(design, proposed)
    }

    fn features(&self, design: &Complex) -> Vec<(String, f64)> {
        self.plain.features(design)
    }

    fn is_valid(&self, genome: &ComplexGenome) -> bool {
        self.plain.is_valid(genome)
    }
}

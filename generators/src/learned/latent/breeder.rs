//! Crossover and mutation of latents as operators of the genetic algorithms.

use druse_representations::symmetry::{SymmetryCode, SymmetryRepresentation};
use druse_representations::{Crystal, Representation};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::{Ascent, CrystalModel, LatentModel, LatentSampler, Limits, Objective, crossover, mutate};
use crate::breeding::{Breeder, Sprout};
use crate::crystals::building::{Draft, relative_volume};
use crate::crystals::{CrystalBreeder, Operator};

/// Tolerance (Å) with which decoded crystals are read as symmetry codes.
const SYMPREC: f64 = 0.1;

/// Settings of a [`LatentBreeder`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LatentOptions {
    /// Share of children that latent operators make; the rest comes from the operators on symmetry codes.
    pub share: f64,
    /// Least and greatest strength of mutation, in standard deviations of the posterior; drawn evenly in its logarithm.
    pub strength: [f64; 2],
    /// Standard deviation added to the posterior's, so that what the encoder is sure of changes too.
    pub floor: f64,
    /// What the operator `latent-climb` climbs; without any it is not used.
    pub objectives: Vec<Objective>,
    /// How it climbs.
    pub ascent: Ascent,
}

impl Default for LatentOptions {
    fn default() -> Self {
        Self {
            share: 0.5,
            strength: [0.5, 3.0],
            floor: 0.15,
            objectives: Vec::new(),
            ascent: Ascent::default(),
        }
    }
}

impl LatentOptions {
    /// Checks them for a model.
    ///
    /// # Errors
    /// When an objective is no property of the model, or a number makes no sense.
    pub(crate) fn check<M: LatentModel>(&self, model: &LatentSampler<M>) -> Result<(), String> {
        if !(0.0..=1.0).contains(&self.share) {
            return Err(format!("share of latent operators: found {}, expected 0 to 1", self.share));
        }
        let [low, high] = self.strength;
        if !(low > 0.0 && low <= high && high.is_finite() && self.floor >= 0.0) {
            return Err(format!(
                "strength of latent mutation: found {:?} with floor {}, expected 0 < least <= greatest and floor >= 0",
                self.strength, self.floor
            ));
        }
        // Names of properties are looked at here instead of at the first child.
        let origin = vec![0.0; model.width()];
        model.climb(&[origin], &self.objectives, &Ascent { steps: 0, ..self.ascent }).map(|_| ())
    }

    /// A strength of mutation.
    pub(crate) fn draw_strength(&self, rng: &mut ChaCha8Rng) -> f64 {
        let [low, high] = self.strength;
        low * (high / low).powf(rng.random())
    }
}

/// A way to make a child.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LatentOperator {
    /// An operator on symmetry codes.
    Plain(Operator),
    /// The latents of two parents are mixed.
    Crossover,
    /// The latent of one parent is shaken.
    Mutate,
    /// The latent of one parent climbs along property heads.
    Climb,
}

/// Makes crystals within a space as [`CrystalBreeder`] does, and with operators in the latent space of an autoencoder beside
/// its own. What is inherited is the symmetry code of the (relaxed) crystal; latents are those that the encoder gives for
/// it, so states of campaigns do not depend on the width of a latent.
pub struct LatentBreeder<M: CrystalModel> {
    plain: CrystalBreeder,
    model: LatentSampler<M>,
    options: LatentOptions,
}

// Networks need not be cloned: copies share them.
impl<M: CrystalModel> Clone for LatentBreeder<M> {
    fn clone(&self) -> Self {
        Self { plain: self.plain.clone(), model: self.model.clone(), options: self.options.clone() }
    }
}

impl<M: CrystalModel> LatentBreeder<M> {
    /// A breeder whose newcomers and plain operators are those of `plain`.
    ///
    /// # Errors
    /// When an objective is no property of the model, or a number makes no sense.
    pub fn new(
        plain: CrystalBreeder,
        model: LatentSampler<M>,
        options: LatentOptions,
    ) -> Result<Self, String> {
        options.check(&model)?;
        Ok(Self { plain, model, options })
    }

    fn latents(&self, codes: &[&SymmetryCode]) -> Option<Vec<super::Encoded>> {
        let crystals: Option<Vec<Crystal>> = codes.iter().map(|code| code.to_primitive().ok()).collect();
        self.model.encode(&crystals?).into_iter().map(Result::ok).collect()
    }

    fn latent_child(
        &self,
        operator: LatentOperator,
        first: &SymmetryCode,
        second: &SymmetryCode,
        rng: &mut ChaCha8Rng,
    ) -> Option<Draft> {
        let (latent, name, parents) = match operator {
            LatentOperator::Plain(operator) => {
                return operator.draft(&self.plain.workshop, first, second, rng);
            }
            LatentOperator::Crossover => {
                let latents = self.latents(&[first, second])?;
                (crossover(&latents[0].mean, &latents[1].mean, rng), "latent-crossover", 2)
            }
            LatentOperator::Mutate => {
                let strength = self.options.draw_strength(rng);
                let parent = self.latents(&[first])?.pop()?;
                let latent = mutate(&parent.mean, &parent.sd, strength, self.options.floor, rng);
                (latent, "latent-mutate", 1)
            }
            LatentOperator::Climb => {
                let parent = self.latents(&[first])?.pop()?;
                // From a point nearby, so that one parent has many children.
                let start = mutate(&parent.mean, &parent.sd, 1.0, self.options.floor, rng);
                let climbed =
                    self.model.climb(&[start], &self.options.objectives, &self.options.ascent).ok()?.pop()?;
                (climbed.latent, "latent-climb", 1)
            }
        };
        let limits = Limits { space: Some(&self.plain.workshop.space), formula: None };
        let crystal = self.model.decode(&[latent], limits).pop()??.crystal;
        let code = SymmetryRepresentation::new(SYMPREC).encode(&crystal).ok()?;
        let volume = relative_volume(&code);
        Some(Draft { code, volume, operator: name, parents })
    }
}

impl<M: CrystalModel + 'static> Breeder for LatentBreeder<M>
where
    M::Config: 'static,
{
    type Design = Crystal;
    type Genome = SymmetryCode;
    type Operator = LatentOperator;

    fn newcomer(&self, rng: &mut ChaCha8Rng) -> Option<Sprout<Self>> {
        self.plain.workshop.sprout(&self.plain.newcomer_draft(rng)?)
    }

    fn operator(&self, rng: &mut ChaCha8Rng) -> LatentOperator {
        if rng.random::<f64>() >= self.options.share {
            return LatentOperator::Plain(self.plain.operator(rng));
        }
        let kinds = if self.options.objectives.is_empty() { 2 } else { 3 };
        match rng.random_range(0..kinds) {
            0 => LatentOperator::Crossover,
            1 => LatentOperator::Mutate,
            _ => LatentOperator::Climb,
        }
    }

    fn child(
        &self,
        operator: LatentOperator,
        first: &SymmetryCode,
        second: &SymmetryCode,
        rng: &mut ChaCha8Rng,
    ) -> Option<Sprout<Self>> {
        self.plain.workshop.sprout(&self.latent_child(operator, first, second, rng)?)
    }

    fn holds(&self, sprout: &Sprout<Self>) -> bool {
        self.plain.workshop.holds(&sprout.genome, &sprout.design)
    }

    fn genome(&self, design: &Crystal, proposed: Option<SymmetryCode>) -> Option<SymmetryCode> {
        self.plain.genome(design, proposed)
    }

    fn is_valid(&self, genome: &SymmetryCode) -> bool {
        self.plain.is_valid(genome)
    }
}

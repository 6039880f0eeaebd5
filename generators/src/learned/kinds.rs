//! The kinds of learned generators by name.

use druse_representations::Crystal;
use tch::Device;

use super::Sampler;
use super::house::{
    FileError, Generative, Job, ModelFile, Observer, Outcome, TrainError, Tunable, Tuner, Weights, train_job,
};
use super::latent::{LatentBreeder, LatentModel, LatentOptions, LatentSampler};
use super::matrix_diffusion::MatrixDiffusion;
use super::matrix_vae::MatrixVae;
use super::symmetry_diffusion::SymmetryDiffusion;
use super::symmetry_vae::SymmetryVae;
use crate::crystals::{CrystalBreeder, DesignSpace, Newcomers, SpaceError};
use crate::generator::Generator;
use crate::genetic::{Genetic, GeneticOptions, Selection};

/// A sampler, and what moves its weights a little.
pub type Tuned = (Box<dyn Sampler>, Box<dyn Tunable>);

/// A kind of learned generator: how to train it and how to sample from it.
#[derive(Clone, Copy)]
pub struct Kind {
    /// Name, for instance `symmetry-diffusion`.
    pub name: &'static str,
    train: fn(Job, &mut dyn Observer) -> Result<Outcome, TrainError>,
    load: Load,
    tunable: fn(&ModelFile, Device) -> Result<Tuned, FileError>,
    bred: Option<Bred>,
}

/// Makes the sampler of a model.
type Load = fn(&ModelFile, Device) -> Result<Box<dyn Sampler>, FileError>;

/// Makes a genetic algorithm on the latents of a model.
type Bred = fn(&ModelFile, Device, GeneticAlgorithm<'_>) -> Result<Box<dyn Generator<Crystal>>, LatentError>;

/// A genetic algorithm on crystals.
#[derive(Clone, Debug)]
pub struct GeneticAlgorithm<'a> {
    /// Name in lineages.
    pub name: &'a str,
    /// Who survives.
    pub selection: Selection,
    /// Hard constraints.
    pub space: &'a DesignSpace,
    /// Seed of the campaign.
    pub seed: u64,
    /// Sizes and shares.
    pub options: &'a GeneticOptions,
}

/// Why there is no genetic algorithm on the latents of a model.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LatentError {
    /// The file cannot be used.
    #[error(transparent)]
    File(#[from] FileError),
    /// A model without latents.
    #[error("a {0} model has no latent space; expected an autoencoder")]
    NoLatents(String),
    /// The design space contradicts itself.
    #[error(transparent)]
    Space(#[from] SpaceError),
    /// What is wanted of children is nothing that the model knows.
    #[error("latent operators: {0}")]
    Wish(String),
}

/// All kinds. A new one is one line here.
pub const KINDS: &[Kind] = &[
    Kind::of::<SymmetryDiffusion>(),
    Kind::of::<MatrixDiffusion>(),
    Kind::latent::<SymmetryVae>(),
    Kind::latent::<MatrixVae>(),
];

impl Kind {
    /// The kind of this learner.
    pub const fn of<L: Generative + 'static>() -> Self {
        Self {
            name: L::KIND,
            train: train_job::<L>,
            load: |file, device| Ok(L::sampler(file.weights::<L>(device)?)),
            tunable: |file, device| {
                let weights = file.weights::<L>(device)?;
                let Weights { store, config, conditions, .. } = &weights;
                let tuner = Tuner::<L>::new(store, config, conditions);
                Ok((L::sampler(weights), Box::new(tuner)))
            },
            bred: None,
        }
    }

    /// The kind of this autoencoder, whose latents genetic algorithms can work on.
    pub const fn latent<L: Generative + LatentModel + 'static>() -> Self {
        Self {
            bred: Some(|file, device, algorithm| {
                let GeneticAlgorithm { name, selection, space, seed, options } = algorithm;
                let newcomers = Newcomers::Mixture(options.prototypes);
                let plain = CrystalBreeder::new(space, newcomers, options.symprec)?;
                let model = LatentSampler::new(file.weights::<L>(device)?);
                let breeder =
                    LatentBreeder::new(plain, model, LatentOptions::default()).map_err(LatentError::Wish)?;
                Ok(Box::new(Genetic::new(selection, breeder, seed, options.clone()).named(name)))
            }),
            ..Self::of::<L>()
        }
    }

    /// The kind of this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        KINDS.iter().find(|kind| kind.name == name)
    }

    /// Trains a model and writes its files.
    ///
    /// # Errors
    /// When settings, data or files do not allow it, or the loss becomes no number.
    pub fn train(&self, job: Job, observer: &mut dyn Observer) -> Result<Outcome, TrainError> {
        (self.train)(job, observer)
    }
}

impl ModelFile {
    /// The sampler of this model.
    ///
    /// # Errors
    /// When this druse does not know its kind, or its tensors do not fit.
    pub fn sampler(&self, device: Device) -> Result<Box<dyn Sampler>, FileError> {
        (self.kind()?.load)(self, device)
    }

    /// The sampler of this model, and what moves its weights a little.
    ///
    /// # Errors
    /// As [`Self::sampler`].
    pub fn tunable(&self, device: Device) -> Result<Tuned, FileError> {
        (self.kind()?.tunable)(self, device)
    }

    /// A genetic algorithm whose children come from crossover and mutation of latents beside the operators on symmetry
    /// codes.
    ///
    /// # Errors
    /// As [`Self::sampler`]; for a model without latents, and a space that contradicts itself.
    pub fn bred(
        &self,
        device: Device,
        algorithm: GeneticAlgorithm<'_>,
    ) -> Result<Box<dyn Generator<Crystal>>, LatentError> {
        let bred = self.kind()?.bred.ok_or_else(|| LatentError::NoLatents(self.card.kind.clone()))?;
        bred(self, device, algorithm)
    }

    fn kind(&self) -> Result<&'static Kind, FileError> {
        Kind::named(&self.card.kind).ok_or_else(|| {
            let known: Vec<&str> = KINDS.iter().map(|kind| kind.name).collect();
            self.unfit(format!("a {} model", self.card.kind), format!("one of {}", known.join(", ")))
        })
    }
}

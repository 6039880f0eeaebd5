//! The kinds of trained models by name.

use druse_representations::io::Record;
use druse_representations::{Complex, Crystal};
use tch::Device;

use super::complex_diffusion::ComplexDiffusion;
use super::crystal_properties::CrystalProperties;
use super::house::{
    FileError, Generative, Job, Learner, ModelFile, Observer, Outcome, TrainError, Tunable, Tuner, Weights,
    train_job,
};
use super::latent::{CrystalModel, LatentBreeder, LatentOptions, LatentSampler};
use super::ligand_vae::{LatentComplexBreeder, LigandVae};
use super::matrix_diffusion::MatrixDiffusion;
use super::matrix_vae::MatrixVae;
use super::symmetry_diffusion::SymmetryDiffusion;
use super::symmetry_vae::SymmetryVae;
use super::{LigandEntry, Sampler};
use crate::complexes::{ComplexBreeder, ComplexSpace, ComplexSpaceError, Variation};
use crate::crystals::{CrystalBreeder, DesignSpace, Newcomers, SpaceError};
use crate::generator::Generator;
use crate::genetic::{Genetic, GeneticOptions, Selection};

/// A sampler, and what moves its weights a little.
pub type Tuned = (Box<dyn Sampler>, Box<dyn Tunable>);

/// A kind of model: how to train it, and how to sample from it where it makes crystals.
#[derive(Clone, Copy)]
pub struct Kind {
    /// Name, for instance `symmetry-diffusion`.
    pub name: &'static str,
    /// How it is trained, by what it learns from.
    pub train: Train,
    /// What can be done with those that learn from crystals.
    crystals: Option<OfCrystals>,
}

/// Trains a model and writes its files. Fails when settings, data or files do not allow it, or the loss becomes no number.
#[derive(Clone, Copy)]
pub enum Train {
    /// From crystals.
    Crystals(fn(Job<Record>, &mut dyn Observer) -> Result<Outcome, TrainError>),
    /// From ligands.
    Ligands(fn(Job<LigandEntry>, &mut dyn Observer) -> Result<Outcome, TrainError>),
}

#[derive(Clone, Copy)]
struct OfCrystals {
    load: Load,
    tunable: fn(&ModelFile, Device) -> Result<Tuned, FileError>,
    bred: Option<Bred>,
}

/// Makes the sampler of a model.
type Load = fn(&ModelFile, Device) -> Result<Box<dyn Sampler>, FileError>;

/// Makes a genetic algorithm on the latents of a model.
type Bred = fn(&ModelFile, Device, GeneticAlgorithm<'_>) -> Result<Box<dyn Generator<Crystal>>, LatentError>;

/// A genetic algorithm on the designs of a space.
#[derive(Clone, Debug)]
pub struct GeneticAlgorithm<'a, S = DesignSpace> {
    /// Name in lineages.
    pub name: &'a str,
    /// Who survives.
    pub selection: Selection,
    /// Hard constraints.
    pub space: &'a S,
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
    /// The space of complexes contradicts itself.
    #[error(transparent)]
    Complexes(#[from] ComplexSpaceError),
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
    Kind::ligands::<LigandVae>(),
    Kind::ligands::<ComplexDiffusion>(),
    Kind::estimates::<CrystalProperties>(),
];

impl Kind {
    /// The kind of this learner.
    pub const fn of<L: Generative + 'static>() -> Self {
        Self {
            name: L::KIND,
            train: Train::Crystals(train_job::<L>),
            crystals: Some(OfCrystals::new::<L>(None)),
        }
    }

    /// The kind of this learner, which makes no crystals but tells what they are like.
    pub const fn estimates<L: Learner<Record = Record> + 'static>() -> Self {
        Self { name: L::KIND, train: Train::Crystals(train_job::<L>), crystals: None }
    }

    /// The kind of this learner of ligands.
    pub const fn ligands<L: Learner<Record = LigandEntry> + 'static>() -> Self {
        Self { name: L::KIND, train: Train::Ligands(train_job::<L>), crystals: None }
    }

    /// The kind of this autoencoder, whose latents genetic algorithms can work on.
    pub const fn latent<L: Generative + CrystalModel + 'static>() -> Self {
        let bred: Bred = |file, device, algorithm| {
            let GeneticAlgorithm { name, selection, space, seed, options } = algorithm;
            let newcomers = Newcomers::Mixture(options.prototypes);
            let plain = CrystalBreeder::new(space, newcomers, options.symprec)?;
            let model = LatentSampler::new(file.weights::<L>(device)?);
            let breeder =
                LatentBreeder::new(plain, model, LatentOptions::default()).map_err(LatentError::Wish)?;
            Ok(Box::new(Genetic::new(selection, breeder, seed, options.clone()).named(name)))
        };
        Self { crystals: Some(OfCrystals::new::<L>(Some(bred))), ..Self::of::<L>() }
    }

    /// Whether it makes crystals.
    pub fn makes_crystals(&self) -> bool {
        self.crystals.is_some()
    }

    /// The kind of this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        KINDS.iter().find(|kind| kind.name == name)
    }
}

impl OfCrystals {
    const fn new<L: Generative + 'static>(bred: Option<Bred>) -> Self {
        Self {
            load: |file, device| Ok(L::sampler(file.weights::<L>(device)?)),
            tunable: |file, device| {
                let weights = file.weights::<L>(device)?;
                let Weights { store, config, conditions, .. } = &weights;
                let tuner = Tuner::<L>::new(store, config, conditions);
                Ok((L::sampler(weights), Box::new(tuner)))
            },
            bred,
        }
    }
}

impl ModelFile {
    /// The sampler of this model.
    ///
    /// # Errors
    /// When this druse does not know its kind, or its tensors do not fit.
    pub fn sampler(&self, device: Device) -> Result<Box<dyn Sampler>, FileError> {
        (self.of_crystals()?.load)(self, device)
    }

    /// The sampler of this model, and what moves its weights a little.
    ///
    /// # Errors
    /// As [`Self::sampler`].
    pub fn tunable(&self, device: Device) -> Result<Tuned, FileError> {
        (self.of_crystals()?.tunable)(self, device)
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
        let bred = self.of_crystals()?.bred.ok_or_else(|| LatentError::NoLatents(self.card.kind.clone()))?;
        bred(self, device, algorithm)
    }

    /// The same on complexes, with the latents of their ligands.
    ///
    /// # Errors
    /// As [`Self::bred`].
    pub fn bred_complexes(
        &self,
        device: Device,
        algorithm: GeneticAlgorithm<'_, ComplexSpace>,
    ) -> Result<Box<dyn Generator<Complex>>, LatentError> {
        if self.card.kind != LigandVae::KIND {
            return Err(LatentError::NoLatents(self.card.kind.clone()));
        }
        let GeneticAlgorithm { name, selection, space, seed, options } = algorithm;
        let plain = ComplexBreeder::new(space, Variation::Single)?;
        let model = LatentSampler::<LigandVae>::new(self.weights(device)?);
        let breeder =
            LatentComplexBreeder::new(plain, model, LatentOptions::default()).map_err(LatentError::Wish)?;
        Ok(Box::new(Genetic::new(selection, breeder, seed, options.clone()).named(name)))
    }

    fn of_crystals(&self) -> Result<&'static OfCrystals, FileError> {
        Kind::named(&self.card.kind).and_then(|kind| kind.crystals.as_ref()).ok_or_else(|| {
            let known: Vec<&str> =
                KINDS.iter().filter(|kind| kind.crystals.is_some()).map(|kind| kind.name).collect();
            self.unfit(format!("a {} model", self.card.kind), format!("one of {}", known.join(", ")))
        })
    }
}

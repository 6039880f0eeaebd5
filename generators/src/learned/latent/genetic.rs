//! Genetic algorithms with latent operators.

use druse_representations::Crystal;
use tch::Device;

use super::{CrystalModel, LatentBreeder, LatentOptions, LatentSampler};
use crate::crystals::{CrystalBreeder, DesignSpace, Newcomers, SpaceError};
use crate::generator::Generator;
use crate::genetic::{Genetic, GeneticOptions, Selection};
use crate::learned::house::{FileError, Generative, Learner, ModelFile};
use crate::learned::matrix_vae::MatrixVae;
use crate::learned::symmetry_vae::SymmetryVae;

/// Why there is no genetic algorithm with latent operators.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LatentError {
    /// A model without latent space.
    #[error("latent operators: found a {found} model, expected one of {}", .known.join(", "))]
    NoAutoencoder {
        /// Kind of the model.
        found: String,
        /// Kinds that have one.
        known: [&'static str; 2],
    },
    /// The weights do not fit.
    #[error(transparent)]
    File(#[from] FileError),
    /// The design space contradicts itself.
    #[error(transparent)]
    Space(#[from] SpaceError),
    /// Options that make no sense, or properties that the model does not have.
    #[error("latent operators: {0}")]
    Options(String),
}

/// The genetic algorithm of this selection on crystals of a space, part of whose children come from the latent space of
/// a trained autoencoder of either kind. It is called after the selection and `latent`, such as `nsga2/latent`.
///
/// # Errors
/// When the model is no autoencoder, or space or options make no sense.
pub fn latent_genetic(
    model: &ModelFile,
    device: Device,
    selection: Selection,
    space: &DesignSpace,
    seed: u64,
    genetic: &GeneticOptions,
    latent: &LatentOptions,
) -> Result<Box<dyn Generator<Crystal>>, LatentError> {
    let plain = CrystalBreeder::new(space, Newcomers::Mixture(genetic.prototypes), genetic.symprec)?;
    let make = Making { model, device, selection, seed, genetic, latent };
    match model.card.kind.as_str() {
        MatrixVae::KIND => make.on::<MatrixVae>(plain),
        SymmetryVae::KIND => make.on::<SymmetryVae>(plain),
        other => Err(LatentError::NoAutoencoder {
            found: other.to_owned(),
            known: [MatrixVae::KIND, SymmetryVae::KIND],
        }),
    }
}

struct Making<'a> {
    model: &'a ModelFile,
    device: Device,
    selection: Selection,
    seed: u64,
    genetic: &'a GeneticOptions,
    latent: &'a LatentOptions,
}

impl Making<'_> {
    fn on<M: Generative + CrystalModel + 'static>(
        &self,
        plain: CrystalBreeder,
    ) -> Result<Box<dyn Generator<Crystal>>, LatentError> {
        let sampler = LatentSampler::<M>::new(self.model.weights(self.device)?);
        let breeder =
            LatentBreeder::new(plain, sampler, self.latent.clone()).map_err(LatentError::Options)?;
        let search = Genetic::new(self.selection, breeder, self.seed, self.genetic.clone());
        Ok(Box::new(search.named(format!("{}/latent", self.selection.name()))))
    }
}

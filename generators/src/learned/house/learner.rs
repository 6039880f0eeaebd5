//! What the house has to know of a model.

use rand_chacha::ChaCha8Rng;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tch::{Tensor, nn};

use super::TrainOptions;
use crate::learned::{Conditions, Labels, Subject};

/// The loss of a batch.
#[derive(Debug)]
pub struct Loss {
    /// What is minimised: the mean over the batch, a scalar that gradients flow from.
    pub total: Tensor,
    /// Its parts by name, scalars, for the curves.
    pub parts: Vec<(&'static str, Tensor)>,
}

/// A model that the house can train.
pub trait Learner: Sized + Send {
    /// Kind, for instance `symmetry-diffusion`; written into the files of the weights.
    const KIND: &'static str;
    /// Sizes and settings; written with the weights.
    type Config: Clone + Default + Serialize + DeserializeOwned + Send + Sync;
    /// What it learns from.
    type Record: Subject;
    /// A structure as the model sees it.
    type Example: Send + Sync;

    /// How it is trained where nothing else is asked for.
    fn options() -> TrainOptions {
        TrainOptions::default()
    }

    /// The settings of a fresh model with what is read off the training data, such as a vocabulary.
    fn fit(config: Self::Config, _training: &[Self::Record]) -> Self::Config {
        config
    }

    /// Makes the network with fresh weights under `path`. The names of the tensors are what weights
    /// are found by in files.
    fn new(path: &nn::Path, config: &Self::Config, conditions: &Conditions) -> Self;

    /// The structure as the model sees it, and its label columns where the model has property heads.
    ///
    /// # Errors
    /// Why nothing can be learnt from it: too many atoms, disorder, …
    fn example(
        config: &Self::Config,
        conditions: &Conditions,
        record: &Self::Record,
    ) -> Result<Self::Example, String>;

    /// Tokens or atoms; batches hold examples of like size.
    fn size(example: &Self::Example) -> usize;

    /// Weight in balanced sampling is taken over these keys (space group, elements).
    fn balance_keys(example: &Self::Example) -> Vec<u32>;

    /// The loss of a batch. `labels` are those of the examples, some of them dropped for guidance
    /// without a classifier. All randomness (noise, masks, augmentation by equivalent cells, origins and
    /// permutations) comes from `rng`.
    fn loss(&self, batch: &[&Self::Example], labels: &[Labels], rng: &mut ChaCha8Rng) -> Loss;

    /// The mean error of what the model says of crystals that are labelled without being examples of what to make, of order
    /// one, from which gradients flow; `None` for a model that says nothing of crystals.
    fn judgement(&self, batch: &[&Self::Example], labels: &[Labels]) -> Option<Tensor>;
}

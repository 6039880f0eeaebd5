//! Generators that learn from known crystals and ligands: diffusion and variational autoencoders over the
//! symmetry and the matrix representation of crystals, over ligands as trees of pieces, and over their positions around a metal.
//!
//! * [`house`] trains all of them: batches, optimiser, checkpoints, cards;
//! * [`nets`] holds the layers that they share;
//! * every model has a folder of its own, where it implements [`house::Learner`] for training and
//!   [`Sampler`] for proposing;
//! * [`Conditions`] are the labels that a model was trained with, [`Request`] what is asked of it.

mod baseline;
pub mod complex_diffusion;
mod conditions;
pub mod crystal_properties;
mod generator;
pub mod house;
mod kinds;
pub mod latent;
pub mod ligand_vae;
pub mod matrix;
pub mod matrix_diffusion;
pub mod matrix_vae;
pub mod nets;
mod replay;
mod sampler;
pub mod shipped;
mod subject;
pub mod symmetry;
pub mod symmetry_diffusion;
pub mod symmetry_vae;
mod wishes;

pub use baseline::Baseline;
pub use conditions::{Column, Conditions, Label, Labels, Scale, Values};
pub use generator::LearnedGenerator;
pub use kinds::{GeneticAlgorithm, KINDS, Kind, LatentError, Train, Tuned};
pub use sampler::{ABOVE_HULL, Fixed, Request, RequestError, Sample, Sampler, Target, Wanted};
pub use subject::{LigandEntry, METAL, Subject, crystal_key};

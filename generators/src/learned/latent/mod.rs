//! What variational autoencoders share: the latent space and what can be done in it.
//!
//! A [`LatentModel`] writes crystals or ligands as points of a latent space ([`Posterior`]) and reads points as
//! crystals ([`CrystalModel`]) or ligands under hard constraints. Everything else is built on these two and is the same for every
//! model:
//!
//! * [`Prior`]: a learnt distribution over latents, conditioned on labels, to sample from. The
//!   distribution of encoded crystals is far from a normal one where the autoencoder reconstructs well,
//!   so a flow from normal noise to latents is trained beside it;
//! * [`Heads`]: properties read off the latent;
//! * [`LatentSampler`]: a trained model that encodes, decodes, interpolates, climbs along properties, and
//!   samples on request;
//! * [`LatentBreeder`]: crossover and mutation of latents as operators of the genetic algorithms.

mod ascent;
mod breeder;
mod elements;
mod heads;
mod model;
mod periodic;
mod posterior;
mod prior;
mod sampler;
mod tensors;
#[cfg(test)]
mod tests;
mod tools;
mod walk;

pub use ascent::{Ascent, Climbed, Objective};
pub use breeder::{LatentBreeder, LatentOperator, LatentOptions};
pub(crate) use elements::{Set, in_order, rank, sets, substituted};
pub use heads::Heads;
pub(crate) use model::judgement;
pub use model::{CrystalModel, Decoded, LatentModel, Limits};
pub(crate) use periodic::PeriodicHead;
pub use posterior::Posterior;
pub use prior::{Prior, PriorShape};
pub(crate) use sampler::Drawing;
pub use sampler::LatentSampler;
pub(crate) use tensors::{first_inputs, first_outputs, normal, numbers};
pub use tools::Encoded;
pub use walk::{Path, crossover, interpolate, mutate};

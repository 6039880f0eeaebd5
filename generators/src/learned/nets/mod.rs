//! Layers that the models share.

mod basis;
pub mod elements;
mod embedding;
mod messages;
mod perceptron;
mod precision;
mod transformer;

pub use basis::{NOISES, gaussians, noise_basis, outer};
pub use embedding::ConditionEmbedding;
pub use messages::{Atoms, Edges, Groups, MessageLayer, bare, norm, small};
pub use perceptron::Perceptron;
pub use precision::{Precision, linear, linear_narrow};
pub use transformer::{Transformer, TransformerShape};

//! Layers that the models share.

mod embedding;
mod perceptron;
mod transformer;

pub use embedding::ConditionEmbedding;
pub use perceptron::Perceptron;
pub use transformer::{Transformer, TransformerShape};

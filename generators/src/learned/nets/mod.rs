//! Layers that the models share.

mod embedding;
mod perceptron;
mod precision;
mod transformer;

pub use embedding::ConditionEmbedding;
pub use perceptron::Perceptron;
pub use precision::{Precision, linear, linear_narrow};
pub use transformer::{Transformer, TransformerShape};

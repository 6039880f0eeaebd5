//! Crystals: the design space, and where they and their children come from.

mod appraised;
mod breeder;
pub mod building;
mod features;
pub mod matrix;
mod operators;
mod random;
mod space;
mod substitution;

pub(crate) use appraised::Appraised;
pub use appraised::Appraiser;
pub use breeder::{CrystalBreeder, Newcomers};
pub use matrix::{MatrixBreeder, MatrixNewcomers};
pub use operators::Operator;
pub use space::{DesignSpace, SpaceError, Violation, check_distances};

#[cfg(test)]
mod tests;

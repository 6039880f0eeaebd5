//! Crystals: the design space, and where they and their children come from.

mod breeder;
pub mod building;
mod operators;
mod random;
mod space;
mod substitution;

pub use breeder::{CrystalBreeder, Newcomers};
pub use operators::Operator;
pub use space::{DesignSpace, SpaceError, Violation};

#[cfg(test)]
mod tests;

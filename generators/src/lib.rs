//! What proposes designs: Pareto genetic algorithms and baselines.

pub mod generator;
pub mod portfolio;

pub use generator::{Evaluated, Generator, GeneratorError, Lineage, Proposal};
pub use portfolio::Portfolio;

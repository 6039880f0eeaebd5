//! What proposes designs: Pareto genetic algorithms and baselines.

pub mod generator;

pub use generator::{Evaluated, Generator, GeneratorError, Lineage, Proposal};

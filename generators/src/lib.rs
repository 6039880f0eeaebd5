//! What proposes designs: Pareto genetic algorithms and baselines.
//!
//! A [`Generator`] is asked for proposals and told what became of them. Those for crystals work
//! within a [`DesignSpace`] and are made by name with [`crystal_generator`]; [`check_generator`]
//! checks a generator of one's own.

pub mod building;
pub mod conformance;
pub mod generator;
pub mod genetic;
pub mod portfolio;
pub mod random;
pub mod registry;
pub mod space;
pub mod stream;
pub mod substitution;

pub use conformance::{Nonconformance, check_generator};
pub use generator::{Evaluated, Generator, GeneratorError, Lineage, Proposal};
pub use genetic::{Genetic, GeneticOptions, Selection};
pub use portfolio::Portfolio;
pub use random::RandomCrystals;
pub use registry::{CRYSTAL_GENERATORS, RegistryError, crystal_generator};
pub use space::{DesignSpace, SpaceError, Violation};
pub use stream::stream;
pub use substitution::Substitution;

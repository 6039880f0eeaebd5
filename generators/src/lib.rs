//! What proposes designs: Pareto genetic algorithms and baselines.
//!
//! A [`Generator`] is asked for proposals and told what became of them. The algorithms are the same
//! for every kind of design; a [`Breeder`] brings along where designs and their children come from.
//! Generators of crystals work within a [`DesignSpace`] and are made by name with
//! [`crystal_generator`], those of complexes within a [`ComplexSpace`] and with
//! [`complex_generator`]; [`check_generator`] checks a generator of one's own.

pub mod breeding;
pub mod complexes;
pub mod conformance;
pub mod crystals;
mod external;
pub mod generator;
pub mod genetic;
#[cfg(feature = "torch")]
pub mod learned;
mod ligand_space;
pub mod portfolio;
pub mod registry;
pub mod stream;
pub mod unguided;
mod warm_start;

pub use breeding::{Breeder, Constraints, NOT_SCREENED, Sprout};
pub use complexes::{
    ComplexBreeder, ComplexSpace, ComplexSpaceError, ComplexViolation, LigandLimits, LigandPool, SpinRule,
    chromophores, noble_by_abundant, valence_electrons,
};
pub use conformance::{check_breeder, check_generator};
pub use crystals::{Appraiser, CrystalBreeder, DesignSpace, MatrixBreeder, SpaceError, Violation};
pub use external::External;
/// The crates behind the random streams of [`Breeder`] and [`stream`], for generators of one's own.
pub use {rand, rand_chacha};

pub use generator::{Evaluated, Generator, GeneratorError, Lineage, Proposal};
pub use genetic::{Genetic, GeneticOptions, Selection};
pub use ligand_space::{LigandAccount, LigandSpace};
pub use portfolio::Portfolio;
pub use registry::{
    COMPLEX_GENERATORS, CRYSTAL_GENERATORS, CRYSTAL_REPRESENTATIONS, LATENT_REPRESENTATION,
    LEARNED_GENERATORS, RegistryError, appraised_crystal_generator, complex_generator, crystal_generator,
    crystal_generator_on,
};
pub use stream::stream;
pub use unguided::Unguided;
pub use warm_start::{Seed, WarmStart};

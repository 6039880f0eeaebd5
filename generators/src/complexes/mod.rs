//! Transition-metal complexes: the design space, and where they and their children come from.

mod breeder;
mod environments;
mod exhaustive;
mod fragments;
mod genome;
mod operators;
mod part;
mod placing;
mod plan;
mod pool;
mod presets;
mod space;
#[cfg(test)]
mod testing;
mod violation;
mod workbench;

pub use breeder::ComplexBreeder;
#[cfg(feature = "torch")]
pub(crate) use breeder::Exchange;
pub use exhaustive::Exhaustive;
pub use fragments::LigandLimits;
pub use genome::{ComplexGenome, EvolvedLigand, LigandGene};
pub use operators::{ComplexOperator, Variation};
pub use pool::LigandPool;
pub use presets::{
    ABUNDANT_METALS, CHROMOPHORE_LIGANDS, CHROMOPHORE_METALS, chromophores, noble_by_abundant,
};
pub use space::{ComplexSpace, SpinRule, valence_electrons};
pub use violation::{ComplexSpaceError, ComplexViolation};

#[cfg(test)]
mod tests;

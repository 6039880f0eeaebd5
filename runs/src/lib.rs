//! druse: inverse design of inorganic crystals and transition-metal complexes.

pub mod config;

pub use druse_datasets as datasets;
pub use druse_fitness as fitness;
pub use druse_generators as generators;
pub use druse_representations as representations;
pub use druse_validation as validation;

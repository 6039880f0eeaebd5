//! A variational autoencoder of symmetry codes: space group, cell, and occupied Wyckoff positions with elements and free
//! parameters.
//!
//! The decoder is a cascade, and every step is told the choice of the one before: space group and elements, the number
//! of occupied positions, positions and which element sits on them, cell and free parameters. The occupation is found
//! by a search over the probabilities of the network that knows the rules: positions are those of the group, a position without freedom is
//! occupied once, and elements, numbers of atoms and charges keep to the hard constraints. So every decoded code is
//! legal. Codes are canonical ([`SymmetryCode::canonical`](druse_representations::symmetry::SymmetryCode::canonical)), so
//! that one crystal has one latent.

mod batch;
mod config;
mod decoder;
mod encoder;
mod example;
mod model;
mod occupation;

pub use config::SymmetryVaeConfig;
pub use example::SymmetryExample;
pub use model::SymmetryVae;

//! A variational autoencoder of lattice, species and fractional coordinates in the FTCP manner.
//!
//! Ren et al. (Matter 5, 314 (2022), arXiv:2005.07609) write a crystal as two blocks: in real space the elements, the
//! lattice, the coordinates and which element sits where; in reciprocal space the elements' property vectors,
//! Fourier-transformed at the lowest Miller indices. Both go into the encoder, only the first is decoded, since it is
//! the invertible one.
//!
//! What is done otherwise here:
//!
//! * every crystal is first brought into its standard primitive cell, with the canonical origin and order of sites of
//!   [`SymmetryCode::canonical`](druse_representations::symmetry::SymmetryCode::canonical), so that the places of the
//!   decoder always mean the same;
//! * the decoder is a cascade: the elements, how many atoms of each, then cell and coordinates of just these atoms. Every
//!   step is told the choice of the one before, so a composition can be imposed, and hard constraints hold by choosing
//!   within them;
//! * coordinates are bins with offsets, cell and coordinates may be snapped to the symmetry that they nearly have.

mod batch;
mod composition;
mod config;
mod decoder;
mod encoder;
mod example;
mod model;
mod structure;

pub use config::MatrixVaeConfig;
pub use example::MatrixExample;
pub use model::MatrixVae;

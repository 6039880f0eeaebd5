//! A variational autoencoder of ligands.
//!
//! A ligand is cut into pieces that are never taken apart ([`Piece`]): ring systems that the training data have often, atoms
//! joined by multiple bonds, donors of several atoms, single atoms. Donors, formal charges, aromatic bonds and the free bonds
//! of every atom are part of a piece; the bonds between pieces are single bonds, each in the place of two hydrogens. So whatever
//! is built of pieces has possible valences, right aromatic rings, and donors that are told. A piece of a rare ring system is cut further, and its rings are
//! closed by steps of their own. Similar vocabularies serve the junction trees of Jin et al. (arXiv:1802.04364) and the hierarchical graphs of
//! the same (arXiv:2002.03230); here the first piece is one that binds to the metal.
//!
//! The encoder is a transformer over the pieces, biased by how they hang together. The decoder adds pieces depth first: where to go on or end, which
//! piece, by which of its atoms. Hard constraints ([`LigandSpace`](crate::LigandSpace)) close the choices that lead out of them.

mod batch;
mod breeder;
mod config;
mod cut;
mod decoder;
mod embedding;
mod encoder;
mod example;
mod growth;
mod improve;
mod model;
mod piece;
mod read;
mod sampler;
mod search;
mod table;
#[cfg(test)]
mod tests;
mod vocabulary;

pub use breeder::{LatentComplexBreeder, LigandOperator};
pub use config::LigandVaeConfig;
pub use example::LigandExample;
pub use growth::{Place, Step};
pub use improve::{Improved, Improvement};
pub use model::{DecodedLigand, LigandVae};
pub use piece::{NoPiece, Piece, PieceAtom};
pub use sampler::{LigandRequest, LigandSample};
pub use vocabulary::{Known, Vocabulary};

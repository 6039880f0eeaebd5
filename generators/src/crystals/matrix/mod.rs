//! Crystals as cell, coordinates and species: newcomers, and operators that ask for no symmetry.
//!
//! The operators are those of codes for crystal structure prediction (Glass, Oganov and Hansen, Comput.
//! Phys. Commun. 175, 713 (2006), USPEX; Lonie and Zurek, Comput. Phys. Commun. 182, 372 (2011),
//! XtalOpt), with the elements free within the design space.

mod breeder;
mod draft;
mod operators;
mod packing;

pub use breeder::{MatrixBreeder, MatrixNewcomers};
pub use operators::MatrixOperator;

#[cfg(test)]
mod tests;

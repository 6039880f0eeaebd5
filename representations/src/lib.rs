//! What a design *is*: crystals and transition-metal complexes, their encodings, and reading and
//! writing structure files.
//!
//! Conventions: rows of a lattice matrix are the vectors a, b, c; lengths in Å, angles in degrees,
//! fractional coordinates unless a name says Cartesian.

pub mod complex;
pub mod composition;
pub mod conformance;
pub mod crystal;
pub mod design;
pub mod element;
mod exchange;
pub mod io;
pub mod lattice;
pub mod ligand;
pub mod matrix;
pub mod molecule;
pub mod neighbours;
pub mod reduction;
pub mod supercell;
pub mod symmetry;
pub mod units;
pub mod wyckoff;

pub use complex::{Complex, Geometry, PlacedLigand};
pub use composition::Composition;
pub use crystal::{Crystal, Occupant, Site};
pub use design::{Design, Representation};
pub use element::Element;
pub use exchange::Exchange;
pub use lattice::Lattice;
pub use ligand::{Atom, BondOrder, Ligand};
pub use matrix::{MatrixCode, MatrixRepresentation};
pub use molecule::Molecule;
pub use nalgebra;
pub use neighbours::{NeighbourError, Neighbours, min_distance};
pub use symmetry::{Orbit, SymmetryCode, SymmetryRepresentation};

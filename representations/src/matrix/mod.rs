//! The matrix representation of a crystal: the vectors of a reduced primitive cell, fractional
//! coordinates and species, for structures with and without symmetry.
//!
//! * [`MatrixCode`] is what generators vary;
//! * [`MatrixRepresentation`] encodes and decodes.

mod code;
mod representation;

pub use code::{MatrixCode, MatrixCodeError};
pub use representation::{MatrixError, MatrixRepresentation};

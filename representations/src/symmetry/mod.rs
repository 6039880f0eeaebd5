//! Crystal symmetry: analysis, the symmetry representation and its canonical form.
//!
//! * [`analyse`] finds the space group, Wyckoff letters and standardised cells of a crystal;
//! * [`SymmetryCode`] describes a crystal by space group, constrained cell and occupied Wyckoff
//!   positions with their free parameters;
//! * [`SymmetryRepresentation`] encodes and decodes.
//!
//! Standard settings as in [`crate::wyckoff`].

mod analysis;
mod code;
mod representation;
mod system;

pub use analysis::{Operation, SiteSymmetry, SymmetryError, SymmetryInfo, analyse};
pub use code::{CodeError, Orbit, SymmetryCode};
pub use representation::{DecodedCell, SymmetryRepresentation};
pub use system::CrystalSystem;

//! Crystal symmetry: analysis, the symmetry representation and its canonical form.
//!
//! * [`analyse`] finds the space group, Wyckoff letters and standardised cells of a crystal;
//! * [`SymmetryCode`] describes a crystal by space group, constrained cell and occupied Wyckoff
//!   positions with their free parameters;
//! * [`SymmetryRepresentation`] encodes and decodes;
//! * [`CellSymmetry`] makes a symmetry exact and says what each operation does to each site.
//!
//! Standard settings as in [`crate::wyckoff`].

mod analysis;
mod canonical;
mod cell;
mod code;
mod normalizer;
mod representation;
mod search;
mod system;
#[cfg(test)]
mod tests;

pub(crate) use analysis::species_classes;
pub use analysis::{Operation, SiteSymmetry, SymmetryError, SymmetryInfo, analyse};
pub use canonical::TOLERANCE as CANONICAL_TOLERANCE;
pub use cell::{CellSymmetry, Image, SiteOrbit};
pub use code::{CodeError, Orbit, SymmetryCode};
pub use representation::{DecodedCell, SymmetryRepresentation};
pub use system::CrystalSystem;

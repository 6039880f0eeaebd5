//! Cell reduction: Niggli cells and primitive cells.
//!
//! Transformations are integer matrices T acting on rows: `reduced = T * original`, so row `i` of T
//! holds the coefficients of the new vector `i`. Fractional coordinates transform as
//! `x_new = T^-T x_old` (columns).

pub(crate) mod hermite;
mod niggli;
mod primitive;
pub(crate) mod sites;

use nalgebra::Matrix3;

use crate::crystal::{Crystal, Site};
use crate::lattice::Lattice;

pub use niggli::{is_niggli, niggli, niggli_within};
pub use primitive::primitive;
pub(crate) use primitive::{Folded, fold};

/// Why a cell cannot be reduced.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ReductionError {
    /// The lattice is not finite or spans no volume.
    #[error("the lattice {0:?} Å is not finite or spans no volume")]
    BadLattice([[f64; 3]; 3]),
    /// The reduction did not end: the cell is too extreme for double precision.
    #[error("the Niggli reduction of the lattice {0:?} Å did not end")]
    NotConverged([[f64; 3]; 3]),
    /// The tolerance is no positive number.
    #[error("the tolerance is {0} Å; expected a positive number")]
    BadTolerance(f64),
    /// A coordinate is not finite.
    #[error("site {0}: its coordinates are not finite")]
    BadSite(usize),
}

/// The crystal in its Niggli cell; sites keep their order, coordinates lie in [0, 1), orientation
/// and occupancies are kept.
///
/// # Errors
/// As [`niggli`].
pub fn niggli_crystal(crystal: &Crystal) -> Result<Crystal, ReductionError> {
    let (lattice, t) = niggli(&crystal.lattice)?;
    Ok(in_cell(crystal, lattice, &t))
}

/// The sites in the cell that the unimodular T leads to.
pub(crate) fn in_cell(crystal: &Crystal, lattice: Lattice, t: &Matrix3<i32>) -> Crystal {
    // Unimodular: the inverse is integral, rounding makes it exact.
    let inverse = t.map(f64::from).try_inverse().map_or_else(Matrix3::identity, |m| m.map(f64::round));
    let sites = crystal
        .sites
        .iter()
        .map(|site| Site { occupants: site.occupants.clone(), frac: inverse.tr_mul(&site.frac) })
        .collect();
    Crystal { lattice, sites }.wrapped()
}

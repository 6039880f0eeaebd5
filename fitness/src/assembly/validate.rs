//! The rule that says whether the coordinates of a complex are sound, with the radii of assembly.

use druse_representations::Complex;
use druse_representations::complex::validate as validate_with;
pub use druse_representations::complex::{BOUND, BOUND_HAPTIC, Flaw, HYDROGENS, TOO_CLOSE};

use super::distances::radius;

/// Checks coordinates (Å; metal first, then the ligands' atoms in order) by the rule of
/// [`druse_representations::complex::validate()`].
///
/// # Errors
/// The first flaw found.
pub fn validate(complex: &Complex, positions: &[[f64; 3]]) -> Result<(), Flaw> {
    validate_with(complex, positions, &|element| Some(radius(element)))
}

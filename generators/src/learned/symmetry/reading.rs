//! Crystals as canonical symmetry codes.

use druse_representations::symmetry::{SymmetryCode, SymmetryRepresentation};
use druse_representations::{Crystal, Representation};

/// Tolerances (Å) of the symmetry search, tried in this order. The first is that of the Materials Project
/// for its own space groups; relaxed structures keep to their symmetry only within some hundredths of an Å.
pub const SYMPRECS: [f64; 2] = [0.1, 0.01];

/// The canonical symmetry code of a crystal with at most `most_atoms` in the primitive cell, idealised to the
/// symmetry that is found with the first tolerance that leads to a consistent code.
///
/// # Errors
/// Says why there is no such code.
pub fn read(crystal: &Crystal, most_atoms: usize) -> Result<SymmetryCode, String> {
    let mut reason = String::new();
    for symprec in SYMPRECS {
        let code = SymmetryRepresentation::new(symprec).encode(crystal).map_err(|error| error.to_string());
        match code.and_then(|code| code.canonical().map_err(|error| error.to_string())) {
            Ok(code) if code.primitive_atom_count() > most_atoms => {
                return Err(format!(
                    "{} atoms in the primitive cell, at most {most_atoms} are taken",
                    code.primitive_atom_count()
                ));
            }
            Ok(code) => return Ok(code),
            Err(error) => reason = error,
        }
    }
    Err(reason)
}

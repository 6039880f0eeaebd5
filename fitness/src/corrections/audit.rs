//! Whether stored energies hold their corrections: not, once, or twice.

use druse_representations::Composition;

use super::mp2020_of_composition;

/// Differences (eV/atom) that count as none.
const EQUAL: f64 = 1e-3;

/// What a stored correction is beside that of the scheme.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stored {
    /// Nothing is to be corrected, and nothing was.
    NotNeeded,
    /// Absent although the scheme has one.
    Missing,
    /// As the scheme has it.
    Once,
    /// Twice what the scheme has.
    Twice,
    /// Something else: another scheme, or peroxides and sulphates, which only the structure tells.
    Other,
}

/// What the correction (eV) stored with an entry of this composition is beside MP2020's.
pub fn stored(composition: &Composition, correction: f64) -> Stored {
    let atoms = composition.atom_count();
    let expected = mp2020_of_composition(composition).total() / atoms;
    let found = correction / atoms;
    let near = |value: f64| (found - value).abs() < EQUAL;
    match (expected.abs() < EQUAL, near(0.0)) {
        (true, true) => Stored::NotNeeded,
        (false, true) => Stored::Missing,
        _ if near(expected) => Stored::Once,
        _ if near(2.0 * expected) => Stored::Twice,
        _ => Stored::Other,
    }
}

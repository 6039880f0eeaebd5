//! Whether a design is valid and new: checks, duplicates and novelty look-ups.

pub mod checks;
pub mod complex_lookup;
pub mod complexes;
pub mod duplicates;
pub mod geometry;
pub mod lookup;
mod nearest_ligand;
pub mod novelty;
#[cfg(test)]
mod testing;

pub use checks::{CheckLimits, Violation, check};
pub use complex_lookup::ComplexLookup;
pub use complexes::{ComplexViolation, check_complex, check_relaxed_complex};
pub use duplicates::{CrystalDuplicates, IdentityDuplicates};
pub use geometry::GeometryFingerprint;
pub use lookup::CompositionLookup;
pub use novelty::{Duplicates, Nearest, Novelty, NoveltyReference};

//! Whether a design is valid and new: checks, duplicates and novelty look-ups.

pub mod checks;
pub mod duplicates;
pub mod geometry;
pub mod lookup;
pub mod novelty;

pub use checks::{CheckLimits, Violation, check};
pub use duplicates::CrystalDuplicates;
pub use geometry::GeometryFingerprint;
pub use lookup::CompositionLookup;
pub use novelty::{Duplicates, Nearest, Novelty, NoveltyReference};

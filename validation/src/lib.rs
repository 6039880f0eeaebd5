//! Whether a design is valid and new: checks, duplicates and novelty look-ups.

/// The data card of the index of known crystals that comes with druse. Markdown.
pub const CARD: &str = include_str!("../data/README.md");

pub mod audit;
pub mod checks;
mod compact;
pub mod complex_lookup;
pub mod complexes;
pub mod duplicates;
pub mod fingerprint;
pub mod index;
pub mod matching;
pub mod metrics;
mod nearest_ligand;
pub mod novelty;
#[cfg(test)]
mod testing;

pub use audit::Verdict;
pub use checks::{CheckLimits, Violation, check};
pub use complex_lookup::ComplexLookup;
pub use complexes::{ComplexViolation, check_complex, check_relaxed_complex};
pub use duplicates::{CrystalDuplicates, IdentityDuplicates};
pub use novelty::{Duplicates, Nearest, Novelty, NoveltyReference};

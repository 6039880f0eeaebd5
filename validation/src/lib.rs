//! Whether a design is valid and new: checks, duplicates and novelty look-ups.

pub mod novelty;

pub use novelty::{Duplicates, Nearest, Novelty, NoveltyReference};

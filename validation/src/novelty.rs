//! The vocabulary of novelty.

use druse_representations::Design;
use serde::{Deserialize, Serialize};

/// What a reference knows of a design, from most to least known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Novelty {
    /// Composition and space group are known (not proof of the same structure).
    KnownCompositionAndSpaceGroup,
    /// The composition is known with other space groups only.
    KnownComposition,
    /// The composition is not in the reference.
    NewComposition,
}

/// The nearest known thing and how it was found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Nearest {
    /// Verdict.
    pub novelty: Novelty,
    /// Identifier of the nearest entry of the reference, if any is near.
    pub id: Option<String>,
    /// Distance to it in the matcher's measure, when it has one.
    pub distance: Option<f64>,
    /// Name of the matcher with its version.
    pub matcher: String,
}

/// Answers "what is the nearest known thing, how near, by which matcher".
pub trait NoveltyReference<D: Design>: Send + Sync {
    /// Identifier of the reference set with its checksum, for the stamp.
    fn reference(&self) -> &str;

    /// The nearest known thing.
    fn nearest(&self, design: &D) -> Nearest;
}

/// Remembers the designs of a campaign and finds the one that a new design repeats.
pub trait Duplicates<D: Design>: Send {
    /// Number of the first remembered design that `design` repeats.
    fn find(&self, design: &D) -> Option<u64>;

    /// Remembers `design` under its candidate number.
    fn insert(&mut self, number: u64, design: &D);
}

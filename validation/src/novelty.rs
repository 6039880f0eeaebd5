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
    /// This very complex is known.
    KnownComplex,
    /// The metal is known with these ligands, in another arrangement, oxidation state or spin.
    KnownMetalAndLigands,
    /// Every ligand is known with this metal, but not all of them together.
    KnownLigandsWithMetal,
    /// Every ligand is known, at least one of them only with other metals.
    KnownLigandsOfOtherMetals,
    /// A ligand is not in the reference.
    NewLigand,
}

impl Novelty {
    /// The verdict in words for people.
    pub fn words(self) -> &'static str {
        match self {
            Self::KnownCompositionAndSpaceGroup | Self::KnownComplex => "known",
            Self::KnownComposition => "new space group",
            Self::NewComposition => "new composition",
            Self::KnownMetalAndLigands => "new isomer or state",
            Self::KnownLigandsWithMetal => "new combination of ligands",
            Self::KnownLigandsOfOtherMetals => "new metal for a ligand",
            Self::NewLigand => "new ligand",
        }
    }
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

#[cfg(test)]
mod tests {
    use super::Novelty::*;

    /// Stores of old campaigns hold these names.
    #[test]
    fn names_are_stable() {
        let all = [
            KnownCompositionAndSpaceGroup,
            KnownComposition,
            NewComposition,
            KnownComplex,
            KnownMetalAndLigands,
            KnownLigandsWithMetal,
            KnownLigandsOfOtherMetals,
            NewLigand,
        ];
        let expected = "[\"known_composition_and_space_group\",\"known_composition\",\"new_composition\",\
                        \"known_complex\",\"known_metal_and_ligands\",\"known_ligands_with_metal\",\
                        \"known_ligands_of_other_metals\",\"new_ligand\"]";
        assert_eq!(serde_json::to_string(&all).unwrap(), expected);
        assert!(all.is_sorted());
    }
}

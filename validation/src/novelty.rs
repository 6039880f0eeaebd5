//! The vocabulary of novelty.

use druse_representations::Design;
use serde::{Deserialize, Serialize};

use crate::audit::Verdict;

/// What a reference knows of a design, from most to least known within each domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Novelty {
    /// Stores of before the audit: composition and space group are known.
    KnownCompositionAndSpaceGroup,
    /// Stores of before the audit: the composition is not in the reference.
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
    /// A crystal: the verdict of its audit.
    #[serde(untagged)]
    Crystal(Verdict),
}

impl Novelty {
    /// The verdict in words for people.
    pub fn words(self) -> &'static str {
        match self {
            Self::Crystal(verdict) => verdict.words(),
            Self::KnownCompositionAndSpaceGroup | Self::KnownComplex => "known",
            Self::NewComposition => "new composition",
            Self::KnownMetalAndLigands => "new isomer or state",
            Self::KnownLigandsWithMetal => "new combination of ligands",
            Self::KnownLigandsOfOtherMetals => "new metal for a ligand",
            Self::NewLigand => "new ligand",
        }
    }

    /// What the verdict means, in one sentence.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Crystal(verdict) => verdict.meaning(),
            Self::KnownCompositionAndSpaceGroup => "Composition and space group are known together.",
            Self::NewComposition => "The composition is not in the reference.",
            Self::KnownComplex => "This very complex is known.",
            Self::KnownMetalAndLigands => {
                "The metal is known with these ligands, in another arrangement, oxidation state or spin."
            }
            Self::KnownLigandsWithMetal => {
                "Every ligand is known with this metal, but not all of them together."
            }
            Self::KnownLigandsOfOtherMetals => {
                "Every ligand is known, at least one of them only with other metals."
            }
            Self::NewLigand => "A ligand is not in the reference.",
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

    /// The nearest known thing; `None` for a design that cannot be compared, of which nothing is
    /// known.
    fn nearest(&self, design: &D) -> Option<Nearest>;
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
    use super::*;

    /// Stores of old campaigns hold these names.
    #[test]
    fn names_are_stable() {
        let all = [
            (KnownCompositionAndSpaceGroup, "known_composition_and_space_group"),
            (NewComposition, "new_composition"),
            (KnownComplex, "known_complex"),
            (KnownMetalAndLigands, "known_metal_and_ligands"),
            (KnownLigandsWithMetal, "known_ligands_with_metal"),
            (KnownLigandsOfOtherMetals, "known_ligands_of_other_metals"),
            (NewLigand, "new_ligand"),
            (Crystal(Verdict::ExactDuplicate), "exact_duplicate"),
            // Before the audit this meant a composition that is known with other space groups only.
            (Crystal(Verdict::KnownComposition), "known_composition"),
            (Crystal(Verdict::New), "new"),
        ];
        for (novelty, name) in all {
            let text = format!("\"{name}\"");
            assert_eq!(serde_json::to_string(&novelty).unwrap(), text);
            assert_eq!(serde_json::from_str::<Novelty>(&text).unwrap(), novelty);
            let counts = std::collections::BTreeMap::from([(novelty, 3)]);
            assert_eq!(serde_json::to_string(&counts).unwrap(), format!("{{{text}:3}}"));
        }
        assert!(all.is_sorted());
        assert!(serde_json::from_str::<Novelty>("\"unknown\"").is_err());
    }
}

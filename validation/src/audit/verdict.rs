//! What an audit says of a structure.

use serde::{Deserialize, Serialize};

/// What is known of a structure, from most to least known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// A known structure in the same cell.
    ExactDuplicate,
    /// A known structure written in another cell.
    SupercellOrSetting,
    /// A known structure, displaced, strained or scaled.
    NearDuplicate,
    /// An ordering of a known disordered crystal, the disordered parent of a known ordered one, or
    /// another ordering of the same content.
    OrderedVariant,
    /// A solid solution that is known with another share of the elements.
    SameSolidSolutionOtherRatio,
    /// The structure of a known crystal with other elements; the composition is not known.
    KnownPrototype,
    /// The composition is known, the structure is not.
    KnownComposition,
    /// Neither composition nor structure are known.
    New,
}

impl Verdict {
    /// All verdicts, from most to least known.
    pub const ALL: [Self; 8] = [
        Self::ExactDuplicate,
        Self::SupercellOrSetting,
        Self::NearDuplicate,
        Self::OrderedVariant,
        Self::SameSolidSolutionOtherRatio,
        Self::KnownPrototype,
        Self::KnownComposition,
        Self::New,
    ];

    /// Name in results and campaign files.
    pub fn name(self) -> &'static str {
        match self {
            Self::ExactDuplicate => "exact_duplicate",
            Self::SupercellOrSetting => "supercell_or_setting",
            Self::NearDuplicate => "near_duplicate",
            Self::OrderedVariant => "ordered_variant",
            Self::SameSolidSolutionOtherRatio => "same_solid_solution_other_ratio",
            Self::KnownPrototype => "known_prototype",
            Self::KnownComposition => "known_composition",
            Self::New => "new",
        }
    }

    /// The verdict of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verdict| verdict.name() == name)
    }

    /// The verdict in a few words for people.
    pub fn words(self) -> &'static str {
        match self {
            Self::ExactDuplicate => "exact duplicate",
            Self::SupercellOrSetting => "known in another cell",
            Self::NearDuplicate => "near duplicate",
            Self::OrderedVariant => "ordering variant",
            Self::SameSolidSolutionOtherRatio => "solid solution, other ratio",
            Self::KnownPrototype => "known structure type",
            Self::KnownComposition => "known composition",
            Self::New => "new",
        }
    }

    /// What the verdict means, in one sentence.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::ExactDuplicate => "A known structure in the same cell.",
            Self::SupercellOrSetting => "A known structure, written in another cell.",
            Self::NearDuplicate => "A known structure, displaced, strained or scaled.",
            Self::OrderedVariant => {
                "Known up to the order of elements that may share sites: an ordering of a disordered \
                 crystal, or the reverse."
            }
            Self::SameSolidSolutionOtherRatio => "A known solid solution with other shares of its elements.",
            Self::KnownPrototype => "A known structure type with elements that it is not known with.",
            Self::KnownComposition => "The composition is known, in other structures only.",
            Self::New => "Neither the composition nor the structure type is known.",
        }
    }

    /// Whether the very material is known: the verdicts that no claim of novelty survives.
    pub fn is_leak(self) -> bool {
        self <= Self::SameSolidSolutionOtherRatio
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_serde_and_in_order() {
        assert!(Verdict::ALL.is_sorted());
        for verdict in Verdict::ALL {
            assert_eq!(serde_json::to_string(&verdict).unwrap(), format!("\"{}\"", verdict.name()));
            assert_eq!(Verdict::from_name(verdict.name()), Some(verdict));
        }
        assert_eq!(Verdict::from_name("novel"), None);
        assert!(Verdict::OrderedVariant.is_leak() && !Verdict::KnownPrototype.is_leak());
    }
}

//! How survivors and parents are selected.

use serde::{Deserialize, Serialize};

/// How survivors and parents are selected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Selection {
    /// By front and crowding distance; parents by tournaments.
    Nsga2,
    /// By front and reference direction; better for three and more objectives.
    Nsga3,
    /// By the number of candidates that dominate; parents from a roulette wheel on fronts.
    PlMoga,
    /// By one weighted sum of normalised costs; parents by tournaments.
    WeightedSum,
}

impl Selection {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Nsga2, Self::Nsga3, Self::PlMoga, Self::WeightedSum];

    /// Name of the algorithm in campaign files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Nsga2 => "nsga2",
            Self::Nsga3 => "nsga3",
            Self::PlMoga => "pl_moga",
            Self::WeightedSum => "weighted_sum",
        }
    }

    /// The algorithm with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|selection| selection.name() == name)
    }
}

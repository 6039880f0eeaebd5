//! What known evaluations saved.

use std::collections::BTreeMap;

use crate::store::TierCost;

/// Evaluations by one tier that were known and so not computed.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Saved {
    /// How many.
    pub evaluations: u64,
    /// Wall seconds that they took when they were computed.
    pub seconds: f64,
    /// CPU seconds that they took.
    pub cpu: f64,
}

/// The same by tier. Differs from run to run, as what a cache holds does.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SavedByTier(BTreeMap<String, Saved>);

impl SavedByTier {
    /// Counts what one tier did for one candidate, if that was saved.
    pub fn add(&mut self, cost: &TierCost) {
        if cost.reused {
            let saved = self.0.entry(cost.tier.clone()).or_default();
            saved.evaluations += 1;
            saved.seconds += cost.seconds;
            saved.cpu += cost.cpu;
        }
    }

    /// Tiers with what was saved of them.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Saved)> {
        self.0.iter().map(|(tier, saved)| (tier.as_str(), saved))
    }

    /// Whether nothing was saved.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

//! Estimated properties in campaigns.

use std::sync::Arc;

use druse_fitness::property::doubt_of;
use druse_fitness::{Properties, Tier, TierOutcome};
use druse_representations::Crystal;

use super::PropertyModel;

/// Writes the properties of a model, and the doubt of each as `NAME_doubt`.
pub struct PropertyTier {
    model: Arc<PropertyModel>,
}

impl PropertyTier {
    /// A tier on this model.
    pub fn new(model: Arc<PropertyModel>) -> Self {
        Self { model }
    }
}

impl Tier<Crystal> for PropertyTier {
    fn name(&self) -> &str {
        "properties"
    }

    fn protocol(&self) -> String {
        format!("crystal-properties sha256:{}", &self.model.sha256()[..16])
    }

    fn writes(&self) -> Vec<String> {
        self.model.names().flat_map(|name| [name.to_owned(), doubt_of(name)]).collect()
    }

    fn is_costly(&self) -> bool {
        false
    }

    fn run(&self, items: &[(&Crystal, &Properties)]) -> Vec<TierOutcome<Crystal>> {
        items
            .iter()
            .map(|(crystal, _)| match self.model.estimate(crystal) {
                Ok(estimates) => {
                    let written = estimates.into_iter().flat_map(|estimate| {
                        let doubt = (doubt_of(&estimate.name), estimate.doubt);
                        [(estimate.name, estimate.value), doubt]
                    });
                    TierOutcome::Passed { design: (*crystal).clone(), properties: written.collect() }
                }
                Err(reason) => TierOutcome::Rejected { reason: format!("properties: {reason}") },
            })
            .collect()
    }
}

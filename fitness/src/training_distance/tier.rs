//! The distance as a tier of the funnel.

use std::sync::Arc;

use druse_representations::Crystal;
use druse_representations::symmetry::CellSymmetry;

use super::{Distance, KnownAtoms, KnownAtomsError};
use crate::chgnet::Chgnet;
use crate::objective::{Properties, Tier, TierOutcome, property};
use crate::potential::{Potential, PotentialError};

/// Tolerance (Å) of the symmetry that saves work.
const SYMPREC: f64 = 0.01;

/// Writes [`property::TRAINING_DISTANCE`], and nothing for crystals with an element that no known structure has.
pub struct TrainingDistanceTier {
    chgnet: Arc<Chgnet>,
    known: KnownAtoms,
}

impl TrainingDistanceTier {
    /// A tier of the potential whose atoms are known.
    ///
    /// # Errors
    /// When the known atoms are those of other weights.
    pub fn new(chgnet: Arc<Chgnet>, known: KnownAtoms) -> Result<Self, KnownAtomsError> {
        known.check(chgnet.weights_hash().unwrap_or_default())?;
        Ok(Self { chgnet, known })
    }

    /// Distance of one crystal.
    ///
    /// # Errors
    /// When CHGNet cannot look at it.
    pub fn distance(&self, crystal: &Crystal) -> Result<Distance, PotentialError> {
        let (exact, symmetry) = CellSymmetry::find(crystal, SYMPREC);
        Ok(self.known.distance(&self.chgnet.atoms(&exact, &symmetry)?))
    }
}

impl Tier<Crystal> for TrainingDistanceTier {
    fn name(&self) -> &str {
        "training distance"
    }

    fn protocol(&self) -> String {
        format!(
            "distance from known atoms (sha256 {}) as {} sees them",
            &self.known.sha256()[..16],
            self.chgnet.protocol()
        )
    }

    fn writes(&self) -> Vec<String> {
        vec![property::TRAINING_DISTANCE.to_owned()]
    }

    fn is_costly(&self) -> bool {
        false
    }

    fn run(&self, items: &[(&Crystal, &Properties)]) -> Vec<TierOutcome<Crystal>> {
        let one = |(crystal, _): &(&Crystal, &Properties)| {
            let properties = match self.distance(crystal) {
                Ok(Distance::Of(distance)) => {
                    Properties::from([(property::TRAINING_DISTANCE.to_owned(), distance)])
                }
                Ok(Distance::Unseen(_)) => Properties::new(),
                Err(error) => return TierOutcome::Rejected { reason: format!("training distance: {error}") },
            };
            TierOutcome::Passed { design: (*crystal).clone(), properties }
        };
        items.iter().map(one).collect()
    }
}

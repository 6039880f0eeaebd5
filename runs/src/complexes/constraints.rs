//! The constraints of the design space as the first tier.

use druse_fitness::{Properties, Tier, TierKind, TierOutcome};
use druse_generators::ComplexSpace;
use druse_representations::Complex;

/// Holds complexes against the design space. Generators keep to it by construction; this proves it
/// for plug-ins and by the counter of the summary.
pub struct ConstraintTier {
    space: ComplexSpace,
}

impl ConstraintTier {
    /// A tier for this space.
    pub fn new(space: ComplexSpace) -> Self {
        Self { space }
    }
}

impl Tier<Complex> for ConstraintTier {
    fn name(&self) -> &str {
        "constraints"
    }

    fn protocol(&self) -> String {
        format!("constraints: design space with {} ligands", self.space.ligands.len())
    }

    fn kind(&self) -> TierKind {
        TierKind::Constraint
    }

    fn is_costly(&self) -> bool {
        false
    }

    fn only_rejects(&self) -> bool {
        true
    }

    fn run(&self, items: &[(&Complex, &Properties)]) -> Vec<TierOutcome<Complex>> {
        items
            .iter()
            .map(|(complex, _)| match self.space.check_complex(complex) {
                Ok(()) => TierOutcome::Passed { design: (*complex).clone(), properties: Properties::new() },
                Err(violation) => TierOutcome::Rejected { reason: format!("constraint: {violation}") },
            })
            .collect()
    }
}

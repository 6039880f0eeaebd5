//! Tiers that cost nothing: geometry, and the constraints of the design space.

use druse_fitness::{Properties, Tier, TierKind, TierOutcome};
use druse_generators::DesignSpace;
use druse_representations::Crystal;
use druse_representations::symmetry::analyse;
use druse_validation::CheckLimits;
use druse_validation::checks::check;

use super::SYMPREC;

/// Rejects crystals that are physically impossible.
pub struct CheckTier {
    name: &'static str,
    limits: CheckLimits,
}

impl CheckTier {
    /// A tier of this name with these limits.
    pub fn new(name: &'static str, limits: CheckLimits) -> Self {
        Self { name, limits }
    }
}

impl Tier<Crystal> for CheckTier {
    fn name(&self) -> &str {
        self.name
    }

    fn protocol(&self) -> String {
        format!("{}: {}", self.name, serde_json::to_string(&self.limits).unwrap_or_default())
    }

    fn kind(&self) -> TierKind {
        TierKind::Check
    }

    fn is_costly(&self) -> bool {
        false
    }

    fn run(&self, items: &[(&Crystal, &Properties)]) -> Vec<TierOutcome<Crystal>> {
        let one = |crystal: &Crystal| match check(crystal, &self.limits).first() {
            Some(violation) => Err(violation.to_string()),
            None => Ok(()),
        };
        outcomes(items, one)
    }
}

/// Holds relaxed crystals against the design space. Proposals keep to it by construction, but a
/// relaxation may end in another space group or in a smaller primitive cell.
pub struct ConstraintTier {
    name: &'static str,
    space: DesignSpace,
}

impl ConstraintTier {
    /// A tier for this space.
    pub fn new(space: DesignSpace) -> Self {
        Self { name: "constraints", space }
    }

    /// Under another name.
    pub fn named(self, name: &'static str) -> Self {
        Self { name, ..self }
    }

    /// Checks one crystal.
    ///
    /// # Errors
    /// The violation in words.
    pub fn check(&self, crystal: &Crystal) -> Result<(), String> {
        self.space.check_composition(&crystal.composition()).map_err(|violation| violation.to_string())?;
        let info = analyse(crystal, SYMPREC).map_err(|error| error.to_string())?;
        let violation = self.space.check_cell(info.primitive.sites.len(), info.number);
        violation.map_err(|violation| violation.to_string())
    }
}

impl Tier<Crystal> for ConstraintTier {
    fn name(&self) -> &str {
        self.name
    }

    fn protocol(&self) -> String {
        format!("{}: design space, symmetry within {SYMPREC} Å", self.name)
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

    fn run(&self, items: &[(&Crystal, &Properties)]) -> Vec<TierOutcome<Crystal>> {
        outcomes(items, |crystal| self.check(crystal).map_err(|reason| format!("constraint: {reason}")))
    }
}

fn outcomes(
    items: &[(&Crystal, &Properties)],
    one: impl Fn(&Crystal) -> Result<(), String>,
) -> Vec<TierOutcome<Crystal>> {
    items
        .iter()
        .map(|(crystal, _)| match one(crystal) {
            Ok(()) => TierOutcome::Passed { design: (*crystal).clone(), properties: Properties::new() },
            Err(reason) => TierOutcome::Rejected { reason },
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use druse_fitness::conformance::check_tier;
    use druse_representations::Lattice;

    fn salt(edge: f64) -> Crystal {
        let atoms = [("Cs", 0.0), ("Cl", 0.5)].map(|(symbol, x)| (symbol.parse().unwrap(), [x; 3]));
        Crystal::ordered(Lattice::cubic(edge), atoms)
    }

    fn reason(tier: &dyn Tier<Crystal>, crystal: &Crystal) -> Option<String> {
        match tier.run(&[(crystal, &Properties::new())]).remove(0) {
            TierOutcome::Passed { .. } => None,
            TierOutcome::Rejected { reason } | TierOutcome::Failed { reason } => Some(reason),
        }
    }

    #[test]
    fn clashes_are_rejected_with_numbers() {
        let dense = CheckLimits { density: [0.0, 100.0], ..CheckLimits::default() };
        let tier = CheckTier::new("checks", dense);
        assert_eq!(reason(&tier, &salt(4.12)), None);
        let found = reason(&tier, &salt(2.0)).unwrap();
        assert!(found.starts_with("clash: ") && found.contains(" 2.000 Å"), "{found}");
    }

    #[test]
    fn constraints_hold_after_relaxation() {
        let space = DesignSpace::new(["Cs", "Cl"].map(|symbol| symbol.parse().unwrap()));
        assert_eq!(reason(&ConstraintTier::new(space.clone()), &salt(4.12)), None);
        let found = |space| reason(&ConstraintTier::new(space), &salt(4.12)).unwrap();
        let tetragonal = DesignSpace { space_groups: (75..=142).collect(), ..space.clone() };
        assert_eq!(found(tetragonal), "constraint: space group 221 is not allowed");
        let large = DesignSpace { atoms: [3, 9], ..space };
        assert_eq!(found(large), "constraint: 2 atoms in the primitive cell, allowed are [3, 9]");
    }

    #[test]
    fn both_tiers_conform() {
        let items = [4.12, 2.0].map(|edge| (salt(edge), Properties::new()));
        check_tier(&CheckTier::new("checks", CheckLimits::default()), &items).unwrap();
        let space = DesignSpace::new(["Cs", "Cl"].map(|symbol| symbol.parse().unwrap()));
        check_tier(&ConstraintTier::new(space), &items).unwrap();
    }
}

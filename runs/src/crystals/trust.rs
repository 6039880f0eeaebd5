//! Flags on crystals whose energies are not to be trusted.

use druse_fitness::{Properties, Tier, TierOutcome, property};
use druse_representations::Crystal;

use crate::trust::{Evidence, TrustLimits, UNSEEN_ELEMENT};

/// Writes [`property::FLAGGED`], the number of flags of a crystal, and for each flag of [`TrustLimits`] what was found. Flags that
/// earlier tiers raised count, too. It rejects nothing: a limit on [`property::FLAGGED`] keeps flagged crystals off the front.
pub struct TrustTier {
    limits: TrustLimits,
    known: bool,
}

impl TrustTier {
    /// A tier with these limits; `known` tells whether energies are those of a potential that learnt from the known structures, which alone
    /// may be wrong for an element that they do not have.
    pub fn new(limits: TrustLimits, known: bool) -> Self {
        Self { limits, known }
    }

    fn one(&self, crystal: &Crystal, known: &Properties) -> Properties {
        let value = |name: &str| known.get(name).copied();
        let evidence = Evidence {
            max_force: value(property::MAX_FORCE),
            moment_ratio: value(property::MOMENT_RATIO),
            energy_above_hull: value(property::ENERGY_ABOVE_HULL),
        };
        let mut flags = self.limits.flags(crystal, &evidence);
        flags.retain(|flag| self.known || flag.name != UNSEEN_ELEMENT);
        let earlier = known.keys().filter(|name| name.starts_with(property::FLAG)).count();
        let count = (flags.len() + earlier) as f64;
        let named = flags.into_iter().map(|flag| (format!("{}{}", property::FLAG, flag.name), flag.value));
        named.chain([(property::FLAGGED.to_owned(), count)]).collect()
    }
}

impl Tier<Crystal> for TrustTier {
    fn name(&self) -> &str {
        "trust"
    }

    fn protocol(&self) -> String {
        format!("trust: {}", serde_json::to_string(&self.limits).unwrap_or_default())
    }

    fn is_costly(&self) -> bool {
        false
    }

    fn writes(&self) -> Vec<String> {
        vec![property::FLAGGED.to_owned()]
    }

    fn run(&self, items: &[(&Crystal, &Properties)]) -> Vec<TierOutcome<Crystal>> {
        let one = |(crystal, known): &(&Crystal, &Properties)| TierOutcome::Passed {
            design: (*crystal).clone(),
            properties: self.one(crystal, known),
        };
        items.iter().map(one).collect()
    }
}

#[cfg(test)]
mod tests {
    use druse_fitness::conformance::check_tier;
    use druse_representations::Lattice;

    use super::*;

    #[test]
    fn flags_are_properties_with_what_was_found() {
        let atoms = [("Cs", 0.0), ("Cl", 0.5)].map(|(symbol, x)| (symbol.parse().unwrap(), [x; 3]));
        let crystal = Crystal::ordered(Lattice::cubic(4.12), atoms);
        let properties = |pairs: &[(&str, f64)]| -> Properties {
            pairs.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect()
        };
        let tier = TrustTier::new(TrustLimits::default(), true);
        let sound = properties(&[(property::MAX_FORCE, 0.04), (property::ENERGY_ABOVE_HULL, 0.01)]);
        let unsound = properties(&[
            (property::MAX_FORCE, 0.04),
            (property::ENERGY_ABOVE_HULL, -0.8),
            ("flag_by_a_plug_in", 1.0),
        ]);
        let found = |known: &Properties| match tier.run(&[(&crystal, known)]).pop() {
            Some(TierOutcome::Passed { properties, .. }) => properties,
            other => panic!("{other:?}"),
        };
        assert_eq!(found(&sound), properties(&[("flagged", 0.0)]));
        assert_eq!(found(&unsound), properties(&[("flag_below_hull", -0.8), ("flagged", 2.0)]));
        check_tier(&tier, &[(crystal.clone(), sound), (crystal.clone(), unsound)]).unwrap();
    }
}

//! The tier that places a design of known energy on the convex hull.

use std::sync::Arc;

use druse_representations::Design;

use super::{Exclude, PhaseDiagram, Standing};
use crate::objective::{Properties, Tier, TierOutcome, property};

/// Reads the energy per atom that an earlier tier found and writes energy above hull, what it rests on, and formation
/// energy. The phase diagram must hold energies of the same model.
pub struct HullTier {
    diagram: Arc<PhaseDiagram>,
    reference: String,
    /// Property that is placed.
    quantity: &'static str,
    standing: Standing,
}

impl HullTier {
    /// A tier on `diagram`; `reference` names the set that it was made of, for the protocol.
    pub fn new(diagram: Arc<PhaseDiagram>, reference: impl Into<String>) -> Self {
        let standing = Standing::default();
        Self { diagram, reference: reference.into(), quantity: property::ENERGY_PER_ATOM, standing }
    }

    /// Places enthalpies, which crystals that were relaxed under pressure have, where `yes`. The phase diagram must hold enthalpies at
    /// the same pressure, and its name must say so.
    #[must_use]
    pub fn of_enthalpies(self, yes: bool) -> Self {
        let quantity = if yes { property::ENTHALPY_PER_ATOM } else { property::ENERGY_PER_ATOM };
        Self { quantity, ..self }
    }

    /// Also tells what `standing` asks for.
    #[must_use]
    pub fn telling(self, standing: Standing) -> Self {
        Self { standing, ..self }
    }

    fn place<D: Design>(&self, design: &D, known: &Properties) -> Result<Properties, String> {
        let energy =
            known.get(self.quantity).ok_or_else(|| format!("no {} from an earlier tier", self.quantity))?;
        let composition = design.composition();
        let placement = self
            .diagram
            .energy_above_hull(&composition, *energy, Exclude::Nothing)
            .map_err(|error| error.to_string())?;
        let mut properties = self.standing.tell(&self.diagram, &composition, *energy, &placement)?;
        properties.insert(property::ENERGY_ABOVE_HULL.to_owned(), placement.energy_above_hull);
        properties.insert(property::FORMATION_ENERGY.to_owned(), placement.formation_energy);
        Ok(properties)
    }
}

impl<D: Design> Tier<D> for HullTier {
    fn name(&self) -> &str {
        "hull"
    }

    fn protocol(&self) -> String {
        self.diagram.protocol(&self.reference) + &self.standing.protocol()
    }

    fn writes(&self) -> Vec<String> {
        let names = [property::ENERGY_ABOVE_HULL, property::FORMATION_ENERGY].map(str::to_owned);
        names.into_iter().chain(self.standing.names()).collect()
    }

    fn is_costly(&self) -> bool {
        false
    }

    fn run(&self, items: &[(&D, &Properties)]) -> Vec<TierOutcome<D>> {
        items
            .iter()
            .map(|(design, known)| match self.place(*design, known) {
                Ok(properties) => TierOutcome::Passed { design: (*design).clone(), properties },
                Err(reason) => TierOutcome::Rejected { reason: format!("hull: {reason}") },
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hull::PhaseEntry;
    use druse_representations::{Crystal, Element, Lattice};

    #[test]
    fn designs_are_placed_or_rejected_with_a_reason() {
        let entry = |formula: &str, energy_per_atom| PhaseEntry {
            id: formula.to_owned(),
            composition: formula.parse().unwrap(),
            energy_per_atom,
        };
        let diagram = PhaseDiagram::new([entry("Na", -1.0), entry("Cl", -2.0), entry("NaCl", -3.5)]).unwrap();
        let tier = HullTier::new(Arc::new(diagram), "three phases");
        let atom = |symbol: &str, x| (Element::from_symbol(symbol).unwrap(), [x; 3]);
        let cscl_type = Crystal::ordered(Lattice::cubic(3.5), [atom("Na", 0.0), atom("Cl", 0.5)]);
        let with_iron = Crystal::ordered(Lattice::cubic(3.5), [atom("Na", 0.0), atom("Fe", 0.5)]);
        let energy = Properties::from([(property::ENERGY_PER_ATOM.to_owned(), -3.3)]);
        let none = Properties::new();
        let outcomes = tier.run(&[(&cscl_type, &energy), (&with_iron, &energy), (&cscl_type, &none)]);
        let TierOutcome::Passed { properties, .. } = &outcomes[0] else { panic!("{outcomes:?}") };
        assert!((properties[property::ENERGY_ABOVE_HULL] - 0.2).abs() < 1e-12);
        assert!((properties[property::FORMATION_ENERGY] + 1.8).abs() < 1e-12);
        // Without the one known compound it would be 1.8 eV/atom below the elements instead of 0.2 above.
        assert!((properties[property::HULL_SENSITIVITY] - 2.0).abs() < 1e-12);
        assert_eq!(properties[property::KNOWN_COMPOSITIONS], 3.0);
        // Under pressure the enthalpy is placed, and an energy does not stand in for it.
        let tier = tier.of_enthalpies(true);
        let both = [&energy, &Properties::from([(property::ENTHALPY_PER_ATOM.to_owned(), -3.4)])];
        let both: Properties =
            both.into_iter().flatten().map(|(name, value)| (name.clone(), *value)).collect();
        let pressed = tier.run(&[(&cscl_type, &both), (&cscl_type, &energy)]);
        let TierOutcome::Passed { properties, .. } = &pressed[0] else { panic!("{pressed:?}") };
        assert!((properties[property::ENERGY_ABOVE_HULL] - 0.1).abs() < 1e-12);
        assert!(
            matches!(&pressed[1], TierOutcome::Rejected { reason } if reason.contains("no enthalpy_per_atom"))
        );
        for (outcome, word) in outcomes[1..].iter().zip(["Fe", "energy_per_atom"]) {
            let TierOutcome::Rejected { reason } = outcome else { panic!("{outcome:?}") };
            assert!(reason.starts_with("hull: ") && reason.contains(word), "{reason}");
        }
    }
}

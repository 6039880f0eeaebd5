//! The tier that asks a second potential where the first one sees little above the hull.

use std::sync::Arc;

use druse_representations::Crystal;

use super::{Exclude, PhaseDiagram, Standing};
use crate::objective::{Properties, Tier, TierOutcome, property};
use crate::potential::Potential;
use crate::relax::{RelaxOptions, enthalpy, relax};

/// Relaxes crystals that lie at most so far above the first potential's hull by a second potential, and places them on the hull of that
/// one's own energies.
///
/// Where the relaxations are under pressure, both hulls are those of enthalpies.
///
/// The energy above hull, the formation energy, the largest force and stress and whether the relaxation converged become the second
/// potential's. What the first one said is kept as
/// [`property::ENERGY_ABOVE_HULL_FIRST`], and the difference of both as the doubt of the energy above hull. Crystals further above keep
/// what they have and get no doubt: for them one opinion is enough.
pub struct SecondOpinion {
    potential: Arc<dyn Potential>,
    diagram: Arc<PhaseDiagram>,
    reference: String,
    options: RelaxOptions,
    below: f64,
    standing: Standing,
}

impl SecondOpinion {
    /// Asks `potential` about crystals at most `below` (eV/atom) above the first hull. `diagram` holds energies of this potential, and
    /// `reference` names the set that it was made of.
    pub fn new(
        potential: Arc<dyn Potential>,
        diagram: Arc<PhaseDiagram>,
        reference: impl Into<String>,
        options: RelaxOptions,
        below: f64,
    ) -> Self {
        let standing = Standing::default();
        Self { potential, diagram, reference: reference.into(), options, below, standing }
    }

    /// Also tells what `standing` asks for, by its own energies.
    #[must_use]
    pub fn telling(self, standing: Standing) -> Self {
        Self { standing, ..self }
    }

    fn ask(&self, crystal: &Crystal, known: &Properties) -> TierOutcome<Crystal> {
        let Some(&first) = known.get(property::ENERGY_ABOVE_HULL) else {
            return TierOutcome::Failed { reason: format!("no {}", property::ENERGY_ABOVE_HULL) };
        };
        let mut properties = Properties::from([(property::ENERGY_ABOVE_HULL_FIRST.to_owned(), first)]);
        if first > self.below {
            return TierOutcome::Passed { design: crystal.clone(), properties };
        }
        let Some(relaxation) = relax(self.potential.as_ref(), &[crystal], &self.options).pop() else {
            return TierOutcome::Failed { reason: format!("{} gave no result", self.potential.name()) };
        };
        let (true, Some(prediction)) = (relaxation.verdict.is_usable(), &relaxation.prediction) else {
            let reason = format!("{}: {}", self.potential.name(), relaxation.verdict);
            return TierOutcome::Rejected { reason };
        };
        let converged = f64::from(u8::from(relaxation.is_converged()));
        let relaxed = relaxation.crystal;
        let energy = self.potential.hull_energy(&relaxed, prediction.energy);
        let atoms = relaxed.sites.len() as f64;
        let energy_per_atom = energy / atoms;
        let pressure = self.options.pressure;
        // Without pressure this is the energy.
        let on_hull = enthalpy(energy, relaxed.lattice.volume(), pressure) / atoms;
        if pressure != 0.0 {
            properties.insert(property::ENTHALPY_PER_ATOM.to_owned(), on_hull);
        }
        let placed = self.diagram.energy_above_hull(&relaxed.composition(), on_hull, Exclude::Nothing);
        match placed {
            Err(error) => TierOutcome::Failed { reason: error.to_string() },
            Ok(placed) => {
                let second = placed.energy_above_hull;
                let composition = relaxed.composition();
                match self.standing.tell(&self.diagram, &composition, on_hull, &placed) {
                    Ok(told) => properties.extend(told),
                    Err(reason) => return TierOutcome::Rejected { reason: format!("hull: {reason}") },
                }
                for (name, value) in [
                    (property::ENERGY_PER_ATOM.to_owned(), energy_per_atom),
                    (property::ENERGY_ABOVE_HULL.to_owned(), second),
                    (property::doubt_of(property::ENERGY_ABOVE_HULL), (second - first).abs()),
                    (property::FORMATION_ENERGY.to_owned(), placed.formation_energy),
                    (property::MAX_FORCE.to_owned(), relaxation.max_force),
                    (property::MAX_STRESS.to_owned(), relaxation.max_stress),
                    (property::CONVERGED.to_owned(), converged),
                ] {
                    properties.insert(name, value);
                }
                TierOutcome::Passed { design: relaxed, properties }
            }
        }
    }
}

impl Tier<Crystal> for SecondOpinion {
    fn name(&self) -> &str {
        "second opinion"
    }

    fn protocol(&self) -> String {
        format!(
            "second opinion, with its forces, by {} at most {} eV/atom above the first hull, {}; {}{}",
            self.potential.hull_protocol(),
            self.below,
            serde_json::to_string(&self.options).unwrap_or_default(),
            self.diagram.protocol(&self.reference),
            self.standing.protocol()
        )
    }

    fn writes(&self) -> Vec<String> {
        let doubt = property::doubt_of(property::ENERGY_ABOVE_HULL);
        let names = [
            property::ENERGY_PER_ATOM,
            property::ENERGY_ABOVE_HULL,
            property::ENERGY_ABOVE_HULL_FIRST,
            property::FORMATION_ENERGY,
            property::MAX_FORCE,
            property::MAX_STRESS,
            property::CONVERGED,
        ];
        let enthalpy = (self.options.pressure != 0.0).then(|| property::ENTHALPY_PER_ATOM.to_owned());
        let names = names.map(str::to_owned).into_iter().chain(enthalpy);
        names.chain([doubt]).chain(self.standing.names()).collect()
    }

    fn run(&self, items: &[(&Crystal, &Properties)]) -> Vec<TierOutcome<Crystal>> {
        items.iter().map(|(crystal, known)| self.ask(crystal, known)).collect()
    }
}

#[cfg(test)]
mod tests {
    use druse_representations::{Element, Lattice};

    use super::*;
    use crate::hull::PhaseEntry;
    use crate::potential::{PotentialError, Prediction, Want};

    /// Says the same of every crystal.
    struct Constant(f64);

    impl Potential for Constant {
        fn name(&self) -> &str {
            "constant"
        }
        fn protocol(&self) -> String {
            "constant".into()
        }
        fn evaluate(&self, crystals: &[&Crystal], _: Want) -> Vec<Result<Prediction, PotentialError>> {
            let one = |crystal: &&Crystal| {
                Ok(Prediction {
                    energy: self.0 * crystal.sites.len() as f64,
                    forces: Some(vec![[0.0; 3]; crystal.sites.len()]),
                    stress: Some([[0.0; 3]; 3]),
                    magmoms: None,
                })
            };
            crystals.iter().map(one).collect()
        }
    }

    #[test]
    fn it_is_asked_only_near_the_hull_and_its_word_counts() {
        let entry = |formula: &str, energy_per_atom| PhaseEntry {
            id: formula.to_owned(),
            composition: formula.parse().unwrap(),
            energy_per_atom,
        };
        let diagram = PhaseDiagram::new([entry("Na", -1.0), entry("Cl", -2.0), entry("NaCl", -3.5)]).unwrap();
        let tier = SecondOpinion::new(
            Arc::new(Constant(-3.4)),
            Arc::new(diagram),
            "three phases",
            RelaxOptions::default(),
            0.2,
        );
        let atom = |symbol: &str, x| (Element::from_symbol(symbol).unwrap(), [x; 3]);
        let crystal = Crystal::ordered(Lattice::cubic(3.5), [atom("Na", 0.0), atom("Cl", 0.5)]);
        let known = |energy| Properties::from([(property::ENERGY_ABOVE_HULL.to_owned(), energy)]);
        let ask = |energy: f64| match tier.run(&[(&crystal, &known(energy))]).pop() {
            Some(TierOutcome::Passed { properties, .. }) => properties,
            other => panic!("{other:?}"),
        };
        let near = ask(0.02);
        assert!((near[property::ENERGY_ABOVE_HULL] - 0.1).abs() < 1e-9);
        assert!((near[&property::doubt_of(property::ENERGY_ABOVE_HULL)] - 0.08).abs() < 1e-9);
        assert_eq!(near[property::ENERGY_ABOVE_HULL_FIRST], 0.02);
        // Without NaCl it would lie 1.9 eV/atom below the elements.
        assert!((near[property::HULL_SENSITIVITY] - 2.0).abs() < 1e-9);
        let far = ask(0.3);
        assert_eq!(far, Properties::from([(property::ENERGY_ABOVE_HULL_FIRST.to_owned(), 0.3)]));
    }
}

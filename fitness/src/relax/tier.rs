//! Relaxation as a tier of the funnel.

use std::sync::Arc;

use druse_representations::Crystal;

use super::{RelaxOptions, Relaxation, Verdict, enthalpy, relax};
use crate::objective::{Properties, Tier, TierOutcome, property};
use crate::potential::Potential;

/// Relaxes crystals and writes energy, forces, stress, steps, saddles left, convergence, change of volume and, where there are any, moments;
/// under pressure the enthalpy as well. Structures that
/// break a guard are rejected; those that ran out of steps go on with `converged` = 0.
pub struct RelaxTier {
    potential: Arc<dyn Potential>,
    options: RelaxOptions,
}

impl RelaxTier {
    /// A tier with this potential.
    pub fn new(potential: Arc<dyn Potential>, options: RelaxOptions) -> Self {
        Self { potential, options }
    }
}

impl Tier<Crystal> for RelaxTier {
    fn name(&self) -> &str {
        "relax"
    }

    fn protocol(&self) -> String {
        let options = serde_json::to_string(&self.options).unwrap_or_default();
        format!(
            "relaxation by {}, quasi-Newton steps that keep the symmetry, with saddles left, change of volume and moments, {options}",
            self.potential.hull_protocol()
        )
    }

    fn writes(&self) -> Vec<String> {
        let enthalpy = (self.options.pressure != 0.0).then_some(property::ENTHALPY_PER_ATOM);
        let names = [
            property::ENERGY_PER_ATOM,
            property::ENERGY_PER_ATOM_START,
            property::MAX_FORCE,
            property::MAX_STRESS,
            property::RELAXATION_STEPS,
            property::SADDLES_LEFT,
            property::CONVERGED,
            property::VOLUME_RATIO,
            property::MOMENT_RATIO,
        ];
        names.into_iter().chain(enthalpy).map(str::to_owned).collect()
    }

    fn run(&self, items: &[(&Crystal, &Properties)]) -> Vec<TierOutcome<Crystal>> {
        let crystals: Vec<&Crystal> = items.iter().map(|(crystal, _)| *crystal).collect();
        let relaxed = relax(self.potential.as_ref(), &crystals, &self.options);
        let starts = crystals.iter().map(|crystal| crystal.lattice.volume());
        relaxed.into_iter().zip(starts).map(|(relaxation, start)| self.outcome(relaxation, start)).collect()
    }
}

impl RelaxTier {
    /// Energies that leave it hold the corrections that a hull needs. `volume` (Å^3) is that of the start.
    fn outcome(&self, relaxation: Relaxation, volume: f64) -> TierOutcome<Crystal> {
        if matches!(relaxation.verdict, Verdict::Failed { .. }) {
            return TierOutcome::Failed { reason: relaxation.verdict.to_string() };
        }
        let (true, Some(prediction), Some(start)) =
            (relaxation.verdict.is_usable(), &relaxation.prediction, relaxation.energy_start)
        else {
            return TierOutcome::Rejected { reason: relaxation.verdict.to_string() };
        };
        let atoms = relaxation.crystal.sites.len() as f64;
        let correction = self.potential.ledger(&relaxation.crystal).total();
        let energy = prediction.energy + correction;
        let pressure = self.options.pressure;
        let enthalpy = (pressure != 0.0).then(|| {
            let enthalpy = enthalpy(energy, relaxation.crystal.lattice.volume(), pressure);
            (property::ENTHALPY_PER_ATOM, enthalpy / atoms)
        });
        let properties = [
            (property::ENERGY_PER_ATOM, energy / atoms),
            (property::ENERGY_PER_ATOM_START, (start + correction) / atoms),
            (property::MAX_FORCE, relaxation.max_force),
            (property::MAX_STRESS, relaxation.max_stress),
            (property::RELAXATION_STEPS, relaxation.steps as f64),
            (property::SADDLES_LEFT, relaxation.saddles as f64),
            (property::CONVERGED, f64::from(u8::from(relaxation.is_converged()))),
            (property::VOLUME_RATIO, relaxation.crystal.lattice.volume() / volume),
        ];
        let moment = relaxation.moment_ratio().map(|ratio| (property::MOMENT_RATIO, ratio));
        TierOutcome::Passed {
            properties: properties
                .into_iter()
                .chain(moment)
                .chain(enthalpy)
                .map(|(name, value)| (name.to_owned(), value))
                .collect(),
            design: relaxation.crystal,
        }
    }
}

//! The energy above hull of proposals as they are, for the surrogate that screens them.

use std::collections::BTreeSet;
use std::sync::Arc;

use druse_fitness::Want;
use druse_fitness::hull::{Exclude, PhaseDiagram};
use druse_fitness::potential::Potential;
use druse_fitness::relax::enthalpy;
use druse_generators::Appraiser;
use druse_representations::Crystal;
use druse_representations::symmetry::CellSymmetry;

/// Highest energy above hull (eV/atom) that tells more than the next.
const HIGHEST: f64 = 2.0;
/// Tolerance (Å) of the symmetry that makes an energy cheaper.
const SYMPREC: f64 = 0.01;

/// Places proposals on the hull before they are relaxed: one energy, where a relaxation takes ten with forces.
pub struct Start {
    /// A cheap potential.
    pub potential: Arc<dyn Potential>,
    /// Its hull.
    pub diagram: Arc<PhaseDiagram>,
    /// Pressure (GPa) of the enthalpies of the hull; 0 for energies.
    pub pressure: f64,
    /// Reduced formulas that others are preferred to.
    pub formulas: BTreeSet<String>,
}

impl Start {
    fn energy_above_hull(&self, crystal: &Crystal) -> Option<f64> {
        let (exact, symmetry) = CellSymmetry::find(crystal, SYMPREC);
        let prediction =
            self.potential.evaluate_symmetric(&[(&exact, &symmetry)], Want::ENERGY).pop()?.ok()?;
        let energy = self.potential.hull_energy(crystal, prediction.energy);
        let energy = enthalpy(energy, crystal.lattice.volume(), self.pressure);
        let energy_per_atom = energy / crystal.sites.len() as f64;
        let placed =
            self.diagram.energy_above_hull(&crystal.composition(), energy_per_atom, Exclude::Nothing);
        Some(placed.ok()?.energy_above_hull)
    }
}

impl Appraiser for Start {
    /// The energy and its square root, since large ones relax by more; both at their end where there is no energy.
    fn appraise(&self, crystal: &Crystal) -> Vec<(String, f64)> {
        let energy = self.energy_above_hull(crystal).map_or(HIGHEST, |energy| energy.clamp(-0.3, HIGHEST));
        vec![
            ("energy above hull at start".to_owned(), energy),
            ("its root".to_owned(), (energy + 0.3).sqrt()),
            ("well below".to_owned(), f64::from(u8::from(energy < 0.1))),
            ("near".to_owned(), f64::from(u8::from(energy < 0.3))),
        ]
    }

    fn knows(&self, crystal: &Crystal) -> bool {
        self.formulas.contains(&crystal.composition().reduced_formula())
    }
}

//! What a place on the hull says beside the energy above it.

use std::sync::Arc;

use druse_datasets::metastability::{Window, window_of};
use druse_representations::Composition;

use super::{Exclude, HullError, PhaseDiagram, Placement, Precursors};
use crate::objective::{Properties, property};

/// Energy (eV/atom) relative to the hull of all phases of other compositions: negative by as much as the composition
/// is stabilised against them, positive when they are lower in energy. `None` for pure elements, which have no
/// competitors, and where an element has no reference.
///
/// For a stable phase this is the phase-separation energy of Bartel et al., npj Comput. Mater. 6, 97 (2020).
pub fn inverse_hull_energy(
    diagram: &PhaseDiagram,
    composition: &Composition,
    energy_per_atom: f64,
) -> Option<f64> {
    let placed = diagram.energy_above_hull(composition, energy_per_atom, Exclude::Composition);
    Some(placed.ok()?.energy_above_hull)
}

/// Energy above hull (eV/atom) as a share of the window of the composition's chemistry: at most 1 when nine of ten
/// known crystals of this chemistry that are no ground state lie higher or as high (see
/// [`druse_datasets::metastability`]).
pub fn metastability(window: &Window, energy_above_hull: f64) -> f64 {
    energy_above_hull / window.percentile_90
}

/// What is told beside the energy above hull and the energy of formation: always what they rest on, and whatever is asked for.
#[derive(Clone, Default)]
pub struct Standing {
    /// Whether [`inverse_hull_energy`] is told.
    pub inverse_hull_energy: bool,
    /// Whether [`metastability`] is told.
    pub metastability: bool,
    /// Precursors whose reaction to the design is told.
    pub precursors: Option<Arc<Precursors>>,
}

impl Standing {
    /// The properties, where they have a value. `placement` is that of `composition` and `energy_per_atom` (eV/atom) on `diagram`.
    ///
    /// # Errors
    /// When the precursors do not lead to the composition.
    pub(super) fn tell(
        &self,
        diagram: &PhaseDiagram,
        composition: &Composition,
        energy_per_atom: f64,
        placement: &Placement,
    ) -> Result<Properties, String> {
        let words = |error: HullError| error.to_string();
        let sensitivity = diagram.sensitivity(composition, energy_per_atom, placement).map_err(words)?;
        let known = diagram.known(composition).map_err(words)?.compositions as f64;
        let mut properties = Properties::from([
            (property::HULL_SENSITIVITY.to_owned(), sensitivity),
            (property::KNOWN_COMPOSITIONS.to_owned(), known),
        ]);
        let mut tell = |name: &str, value: Option<f64>| {
            properties.extend(value.map(|value| (name.to_owned(), value)));
        };
        if self.inverse_hull_energy {
            tell(property::INVERSE_HULL_ENERGY, inverse_hull_energy(diagram, composition, energy_per_atom));
        }
        if self.metastability {
            let window = window_of(composition);
            let above = placement.energy_above_hull;
            tell(property::METASTABILITY, window.map(|window| metastability(window, above)));
        }
        if let Some(precursors) = &self.precursors {
            let reaction =
                precursors.reaction(composition, energy_per_atom).map_err(|error| error.to_string())?;
            tell(property::REACTION_ENERGY, Some(reaction.energy));
        }
        Ok(properties)
    }

    /// Names of the properties that are told.
    pub(super) fn names(&self) -> Vec<String> {
        [
            (self.inverse_hull_energy, property::INVERSE_HULL_ENERGY),
            (self.metastability, property::METASTABILITY),
            (self.precursors.is_some(), property::REACTION_ENERGY),
        ]
        .into_iter()
        .filter(|(told, _)| *told)
        .map(|(_, name)| name)
        .chain(property::HULL_EVIDENCE)
        .map(str::to_owned)
        .collect()
    }

    /// What follows in the protocol of a tier.
    pub(super) fn protocol(&self) -> String {
        let words = [
            Some("sensitivity to known structures".to_owned()),
            self.inverse_hull_energy.then(|| "inverse hull energy".to_owned()),
            self.metastability.then(|| "metastability windows of 2026-11".to_owned()),
            self.precursors.as_ref().map(|precursors| precursors.protocol()),
        ];
        words.into_iter().flatten().map(|word| format!("; {word}")).collect()
    }
}

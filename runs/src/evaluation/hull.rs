//! The convex hull that energies are compared with.

use druse_datasets::reference::{ReferenceError, ReferenceTable};
use druse_fitness::Potential;
use druse_fitness::hull::{Exclude, HullError, PhaseDiagram};
use druse_representations::{Composition, Element};

use super::Stamp;

/// The phase diagram of a table of reference energies.
pub struct Hull {
    diagram: PhaseDiagram,
    reference: String,
    protocol: String,
}

/// Why there is no hull.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NoHull {
    /// Energies of another model.
    #[error(
        "the hull has energies of {found}, expected energies of {expected}: unlike models cannot be compared"
    )]
    OtherModel {
        /// Model of the table.
        found: String,
        /// Model of the relaxations.
        expected: String,
    },
    /// Enthalpies under pressure, where structures are relaxed without.
    #[error("the hull has {found}, expected energies: structures are relaxed without pressure here")]
    UnderPressure {
        /// What the table holds.
        found: String,
    },
    /// The table cannot be used.
    #[error(transparent)]
    Reference(#[from] ReferenceError),
    /// The entries make no phase diagram.
    #[error(transparent)]
    Hull(#[from] HullError),
}

impl Hull {
    /// The hull of these elements, for energies of this potential.
    ///
    /// # Errors
    /// When the table holds energies of another model or under pressure, or is damaged.
    pub fn new(
        table: &ReferenceTable,
        elements: &[Element],
        potential: &dyn Potential,
    ) -> Result<Self, NoHull> {
        let header = table.header();
        if !potential.computed(header) {
            let (found, expected) = (header.model.clone(), potential.hull_name());
            return Err(NoHull::OtherModel { found, expected });
        }
        if header.pressure != 0.0 {
            return Err(NoHull::UnderPressure { found: header.quantity().into_owned() });
        }
        let entries = table.entries_within(elements)?;
        Ok(Self {
            diagram: PhaseDiagram::from_computed(&entries)?,
            reference: format!("{}, of {}", table.reference(), header.date),
            protocol: header.protocol.clone(),
        })
    }

    /// Energy above the hull (eV/atom), below 0 for what lies below all known phases.
    ///
    /// # Errors
    /// When an element has no reference.
    pub fn energy_above(&self, composition: &Composition, energy_per_atom: f64) -> Result<f64, HullError> {
        let placed = self.diagram.energy_above_hull(composition, energy_per_atom, Exclude::Nothing)?;
        Ok(placed.energy_above_hull)
    }

    /// Writes what the hull is into a stamp.
    pub fn stamp(&self, stamp: &mut Stamp) {
        stamp.set("hull", self.reference.as_str());
        stamp.set("hull energies", self.protocol.as_str());
    }
}

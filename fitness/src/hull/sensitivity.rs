//! How far an energy above hull depends on single entries: [`Support`], and on how much is known at
//! all: [`Known`].

use std::fmt;

use druse_representations::{Composition, Element};
use serde::{Deserialize, Serialize};

use super::diagram::{Exclude, HullError, PhaseDiagram, Placement};

/// One entry that an energy above hull rests on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Support {
    /// Id of the entry.
    pub id: String,
    /// Its share x of all atoms in the decomposition. An error of d eV/atom in the entry's energy is
    /// one of -x d in the energy above hull, as long as the decomposition stays the same.
    pub amount: f64,
    /// The energy above hull (eV/atom) if this entry did not exist, never more than with it. `None`
    /// for the only entry of a pure element, without which there is no hull.
    pub energy_above_hull_without: Option<f64>,
}

impl Support {
    /// How far (eV/atom, never negative) an energy above hull falls without the entry; `None` where there is no hull then.
    pub fn lost(&self, energy_above_hull: f64) -> Option<f64> {
        self.energy_above_hull_without.map(|without| (energy_above_hull - without).max(0.0))
    }
}

/// How much is known of a chemical system, its subsystems included.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    /// The symbols in alphabetical order, for instance `Fe-Ni-O`.
    pub system: String,
    /// Number of entries.
    pub structures: usize,
    /// Number of different compositions among them.
    pub compositions: usize,
}

impl fmt::Display for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = |count: usize| if count == 1 { "" } else { "s" };
        let Self { system, structures, compositions } = self;
        write!(
            f,
            "hull of {system} rests on {structures} known structure{} of {compositions} composition{}; \
             phases that nobody has computed are not on it",
            plural(*structures),
            plural(*compositions)
        )
    }
}

impl PhaseDiagram {
    /// What each entry of the decomposition in `placement` carries, in its order: one linear
    /// programme for each. `placement` is that of `composition` and `energy_per_atom` (eV/atom) with
    /// nothing excluded.
    ///
    /// # Errors
    /// As [`Self::energy_above_hull`].
    pub fn supports(
        &self,
        composition: &Composition,
        energy_per_atom: f64,
        placement: &Placement,
    ) -> Result<Vec<Support>, HullError> {
        let supports = placement.decomposition.iter().map(|component| {
            let rest = self.energy_above_hull(composition, energy_per_atom, Exclude::Entry(&component.id));
            let without = match rest {
                Ok(rest) => Some(rest.energy_above_hull),
                Err(HullError::MissingElement { .. }) => None,
                Err(error) => return Err(error),
            };
            let (id, amount) = (component.id.clone(), component.amount);
            Ok(Support { id, amount, energy_above_hull_without: without })
        });
        supports.collect()
    }

    /// The largest fall (eV/atom) of the energy above hull that the loss of one entry brings, by [`Self::supports`]; 0 where
    /// only entries without which there is no hull decide.
    ///
    /// # Errors
    /// As [`Self::energy_above_hull`].
    pub fn sensitivity(
        &self,
        composition: &Composition,
        energy_per_atom: f64,
        placement: &Placement,
    ) -> Result<f64, HullError> {
        let supports = self.supports(composition, energy_per_atom, placement)?;
        Ok(supports
            .iter()
            .filter_map(|support| support.lost(placement.energy_above_hull))
            .fold(0.0, f64::max))
    }

    /// How many entries and compositions the hull at `composition` rests on.
    ///
    /// # Errors
    /// When an element has no reference.
    pub fn known(&self, composition: &Composition) -> Result<Known, HullError> {
        let (structures, compositions) = self.count(composition)?;
        let present = composition.iter().filter(|&(_, amount)| amount > 0.0);
        let mut symbols: Vec<&str> = present.map(|(element, _): (Element, f64)| element.symbol()).collect();
        symbols.sort_unstable();
        Ok(Known { system: symbols.join("-"), structures, compositions })
    }
}

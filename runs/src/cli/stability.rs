//! Energies above the hull of structures.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::fitness::corrections::Ledger;
use crate::fitness::hull::{Exclude, PhaseDiagram, Placement};
use crate::fitness::potential::{Potential, Want};
use crate::fitness::relax::{RelaxOptions, Relaxation};
use crate::representations::{Crystal, Element};
use clap::Args;

use super::Global;
use super::failure::Failure;
use super::potential::{ModelArgument, possible};
use super::reference::open_for;
use super::relax::{Settings, relax_one};
use super::structures::Input;

/// How energies above the hull are found.
#[derive(Args)]
pub struct StabilityArguments {
    #[command(flatten)]
    model: ModelArgument,
    /// Competing phases: a table by `druse data reference` with the same model, or `shipped`
    #[arg(long, value_name = "FILE", default_value = "shipped")]
    reference: PathBuf,
    /// Relax the structures first
    #[arg(long)]
    pub relax: bool,
    #[command(flatten)]
    settings: Settings,
}

/// A potential and the phase diagram of its own energies.
pub struct Stability {
    potential: Box<dyn Potential>,
    diagram: PhaseDiagram,
    reference: String,
    relaxation: Option<RelaxOptions>,
}

/// One structure on the hull.
pub struct Placed {
    /// Energy (eV/atom), with the corrections of `ledger`.
    pub energy_per_atom: f64,
    /// What was added to the potential's energy.
    pub ledger: Ledger,
    /// Where it lies.
    pub placement: Placement,
    /// How the structure was relaxed, if it was.
    pub relaxation: Option<Relaxation>,
}

impl StabilityArguments {
    /// Loads the model and the competing phases for all elements of the inputs.
    pub fn load(&self, inputs: &[Input], global: &Global) -> Result<Stability, Failure> {
        let relaxation = if self.relax { Some(self.settings.options()?) } else { None };
        let potential = self.model.load(global)?;
        let table = open_for(&self.reference, potential.as_ref(), "--reference")?;
        let table = table.get();
        let elements: BTreeSet<Element> = inputs
            .iter()
            .filter_map(|input| input.record.as_ref().ok())
            .flat_map(|record| record.crystal.composition().elements().collect::<Vec<_>>())
            .collect();
        let elements: Vec<Element> = elements.into_iter().collect();
        let entries = table.entries_within(&elements).map_err(Failure::input)?;
        let diagram = PhaseDiagram::from_computed(&entries).map_err(Failure::input)?;
        Ok(Stability { potential, diagram, reference: table.reference(), relaxation })
    }
}

impl Stability {
    /// Name of the competing phases with their checksum.
    pub fn reference(&self) -> &str {
        &self.reference
    }

    /// Model, hash and, where structures are relaxed, the settings.
    pub fn protocol(&self) -> String {
        let energies = self.potential.hull_protocol();
        match &self.relaxation {
            None => format!("{energies}, energy as given"),
            Some(options) => {
                format!("{energies}, relaxed to {} eV/Å in at most {} steps", options.fmax, options.steps)
            }
        }
    }

    /// Energy and place of one crystal.
    ///
    /// # Errors
    /// When it has no energy, or an element has no reference.
    pub fn place(&self, crystal: &Crystal) -> Result<Placed, String> {
        let atoms = crystal.sites.len() as f64;
        let (energy, relaxation) = match &self.relaxation {
            None => (self.energy(crystal)?, None),
            Some(options) => {
                let relaxation = relax_one(crystal, self.potential.as_ref(), options)?;
                let prediction = relaxation.prediction.as_ref();
                let energy = prediction.ok_or("the relaxed structure has no energy")?.energy;
                (energy, Some(relaxation))
            }
        };
        let ledger = self.potential.ledger(relaxation.as_ref().map_or(crystal, |relaxed| &relaxed.crystal));
        let energy_per_atom = (energy + ledger.total()) / atoms;
        let placement = self
            .diagram
            .energy_above_hull(&crystal.composition(), energy_per_atom, Exclude::Nothing)
            .map_err(|error| error.to_string())?;
        Ok(Placed { energy_per_atom, ledger, placement, relaxation })
    }

    fn energy(&self, crystal: &Crystal) -> Result<f64, String> {
        possible(crystal)?;
        let prediction = self.potential.evaluate(&[crystal], Want::ENERGY).pop();
        let prediction = prediction.ok_or_else(|| format!("{} gave no result", self.potential.name()))?;
        Ok(prediction.map_err(|error| error.to_string())?.energy)
    }
}

//! Energies above the hull of structures.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::datasets::metastability::{Window, window_of};
use crate::datasets::precursors::{read_precursors, shipped_precursors};
use crate::fitness::corrections::Ledger;
use crate::fitness::hull::{
    Exclude, PhaseDiagram, Placement, PrecursorError, Precursors, Reaction, inverse_hull_energy,
};
use crate::fitness::potential::{Potential, Want};
use crate::fitness::relax::{Guards, RelaxOptions, Relaxation, enthalpy};
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
    /// What reactions start from: `--precursors` for common reagents, `--precursors=FILE` for the formulas in a file
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true, default_missing_value = "shipped")]
    pub precursors: Option<PathBuf>,
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
    /// Pressure (GPa) of the enthalpies of the hull; 0 for energies.
    pressure: f64,
    precursors: Option<Precursors>,
    relaxation: Option<RelaxOptions>,
}

/// One structure on the hull.
pub struct Placed {
    /// Energy (eV/atom), with the corrections of `ledger`.
    pub energy_per_atom: f64,
    /// Enthalpy (eV/atom) that was placed; the energy without pressure.
    pub enthalpy_per_atom: f64,
    /// What was added to the potential's energy.
    pub ledger: Ledger,
    /// Where it lies.
    pub placement: Placement,
    /// Energy relative to the hull of all other compositions (eV/atom), where there are others.
    pub inverse_hull_energy: Option<f64>,
    /// What is known of the metastability of this kind of chemistry; nothing under pressure.
    pub window: Option<&'static Window>,
    /// The cheapest reaction, where precursors are named.
    pub reaction: Option<Result<Reaction, PrecursorError>>,
    /// How the structure was relaxed, if it was.
    pub relaxation: Option<Relaxation>,
}

impl StabilityArguments {
    /// Loads the model and the competing phases for all elements of the inputs, and precursors when they are named or
    /// `reactions` are wanted.
    pub fn load(&self, inputs: &[Input], reactions: bool, global: &Global) -> Result<Stability, Failure> {
        let options = self.settings.options()?;
        let potential = self.model.load(global)?;
        let table = open_for(&self.reference, potential.as_ref(), self.settings.pressure, "--reference")?;
        let table = table.get();
        let pressure = table.header().pressure;
        let guards = Guards::at_pressure(pressure);
        let relaxation = self.relax.then_some(RelaxOptions { pressure, guards, ..options });
        let elements: BTreeSet<Element> = inputs
            .iter()
            .filter_map(|input| input.record.as_ref().ok())
            .flat_map(|record| record.crystal.composition().elements().collect::<Vec<_>>())
            .collect();
        let elements: Vec<Element> = elements.into_iter().collect();
        let entries = table.entries_within(&elements).map_err(Failure::input)?;
        let diagram = PhaseDiagram::from_computed(&entries).map_err(Failure::input)?;
        let shipped = reactions.then(|| PathBuf::from("shipped"));
        let precursors = match self.precursors.as_ref().or(shipped.as_ref()) {
            None => None,
            Some(name) if name == Path::new("shipped") => {
                Some(Precursors::new(shipped_precursors(), "shipped list", table).map_err(Failure::input)?)
            }
            Some(file) => {
                let list = read_precursors(file).map_err(Failure::input)?;
                let found = Precursors::new(&list, &file.display().to_string(), table);
                let found = found.map_err(|error| Failure::input(format!("--{error}")))?;
                if let [_, ..] = found.unknown() {
                    let unknown = found.unknown().join(", ");
                    return Err(Failure::input(format!(
                        "--precursors: found no energies of {unknown}, expected formulas that the reference holds"
                    )));
                }
                Some(found)
            }
        };
        Ok(Stability { potential, diagram, reference: table.reference(), pressure, precursors, relaxation })
    }
}

impl Stability {
    /// Name of the competing phases with their checksum.
    pub fn reference(&self) -> &str {
        &self.reference
    }

    /// What energies of reaction depend on, where there are precursors.
    pub fn reactions(&self) -> Option<String> {
        self.precursors.as_ref().map(Precursors::protocol)
    }

    /// The competing phases of all elements of the inputs.
    pub fn diagram(&self) -> &PhaseDiagram {
        &self.diagram
    }

    /// Pressure (GPa) of the hull; above 0 it is one of enthalpies.
    pub fn pressure(&self) -> f64 {
        self.pressure
    }

    /// Model, hash and, where structures are relaxed, the settings.
    pub fn protocol(&self) -> String {
        let energies = self.potential.hull_protocol();
        let way = match &self.relaxation {
            None => "energy as given".to_owned(),
            Some(options) => {
                format!("relaxed to {} eV/Å in at most {} steps", options.fmax, options.steps)
            }
        };
        match self.pressure {
            0.0 => format!("{energies}, {way}"),
            pressure => format!("{energies}, {way}, enthalpy at {pressure} GPa"),
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
        let last = relaxation.as_ref().map_or(crystal, |relaxed| &relaxed.crystal);
        let ledger = self.potential.ledger(last);
        let energy = energy + ledger.total();
        let enthalpy_per_atom = enthalpy(energy, last.lattice.volume(), self.pressure) / atoms;
        let placement = self
            .diagram
            .energy_above_hull(&crystal.composition(), enthalpy_per_atom, Exclude::Nothing)
            .map_err(|error| error.to_string())?;
        let composition = crystal.composition();
        Ok(Placed {
            energy_per_atom: energy / atoms,
            enthalpy_per_atom,
            ledger,
            placement,
            inverse_hull_energy: inverse_hull_energy(&self.diagram, &composition, enthalpy_per_atom),
            // The windows are those of crystals known without pressure.
            window: window_of(&composition).filter(|_| self.pressure == 0.0),
            reaction: self.precursors.as_ref().map(|one| one.reaction(&composition, enthalpy_per_atom)),
            relaxation,
        })
    }

    fn energy(&self, crystal: &Crystal) -> Result<f64, String> {
        possible(crystal)?;
        let prediction = self.potential.evaluate(&[crystal], Want::ENERGY).pop();
        let prediction = prediction.ok_or_else(|| format!("{} gave no result", self.potential.name()))?;
        Ok(prediction.map_err(|error| error.to_string())?.energy)
    }
}

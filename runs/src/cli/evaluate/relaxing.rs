//! How structures are relaxed and where their energies are placed.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::Args;

use super::super::Global;
use super::super::failure::Failure;
use super::super::potential::ModelArgument;
use super::super::reference;
use crate::cache::{Cache, DEFAULT_MEMORY};
use crate::crystals::Table;
use crate::evaluation::{Hull, Relaxer, SampleSet};
use crate::fitness::potential::Potential;
use crate::fitness::relax::RelaxOptions;
use crate::representations::Element;

/// Structures that go to libtorch together.
const TORCH_BATCH: usize = 32;

/// How structures are relaxed.
#[derive(Args)]
#[command(next_help_heading = "Options of --protocol sun, and of conditions with energy_above_hull")]
pub struct RelaxingArguments {
    #[command(flatten)]
    model: ModelArgument,
    /// Converged when no generalised force (atoms and cell) is larger (eV/Å)
    #[arg(long, value_name = "F", default_value_t = 0.1)]
    fmax: f64,
    /// Most steps; a structure that needs more counts as unstable
    #[arg(long, value_name = "N", default_value_t = 200)]
    steps: usize,
    /// Competing phases: a table by `druse data reference` with the same model, or `shipped`
    #[arg(long, value_name = "FILE", default_value = "shipped")]
    hull: PathBuf,
    /// Keep relaxations in this folder, so that a stopped evaluation goes on where it was
    #[arg(long, value_name = "DIR")]
    cache: Option<PathBuf>,
}

impl RelaxingArguments {
    /// Loads the model and opens the cache.
    pub fn relaxer(&self, global: &Global) -> Result<Relaxer, Failure> {
        if !(self.fmax.is_finite() && self.fmax > 0.0) {
            let found = self.fmax;
            return Err(Failure::input(format!("--fmax: found {found}, expected a number above 0 (eV/Å)")));
        }
        let options = RelaxOptions { fmax: self.fmax, steps: self.steps, ..RelaxOptions::default() };
        let cache = match &self.cache {
            Some(folder) => {
                std::fs::create_dir_all(folder).map_err(|error| Failure::write(folder, &error))?;
                Cache::shared(DEFAULT_MEMORY, &folder.join("relaxations.sqlite")).map_err(Failure::input)?
            }
            None => Cache::default(),
        };
        let batch = if self.model.is_native() { 1 } else { TORCH_BATCH };
        Ok(Relaxer::new(self.model.load(global)?, options, batch, cache))
    }

    /// The hull of all elements of the sets.
    pub fn hull(&self, sets: &[&SampleSet], potential: &dyn Potential) -> Result<Hull, Failure> {
        let elements: BTreeSet<Element> = sets
            .iter()
            .flat_map(|set| set.crystals())
            .flat_map(|crystal| crystal.composition().elements().collect::<Vec<_>>())
            .collect();
        let elements: Vec<Element> = elements.into_iter().collect();
        let table = reference::open(&self.hull, potential.name())?;
        Hull::new(table.get(), &elements, potential)
            .map_err(|error| Failure::input(format!("--hull: {error}")))
    }

    /// The reference energies.
    pub fn table(&self) -> Result<Table, Failure> {
        reference::open(&self.hull, self.model.name())
    }

    /// The folder of what is kept.
    pub fn folder(&self) -> Option<&Path> {
        self.cache.as_deref()
    }
}

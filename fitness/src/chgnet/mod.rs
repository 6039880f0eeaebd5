//! CHGNet: a graph neural network potential with charge information.
//!
//! An implementation of its own of the network of Deng et al., Nature Machine Intelligence 5, 1031
//! (2023), for the published weights 0.3.0 (PBE/PBE+U with the corrections of the Materials Project)
//! and r2SCAN. It runs on the processor, on one thread per call, with no other library: matrix
//! products and the reverse pass are written by hand (see `reverse` and the crate's `kernels`). Energies already hold
//! the MP2020 corrections: compare them with corrected entries and never correct them again.
//!
//! What is promised: a crystal's result is the same bits whatever else is in the call and whatever
//! the number of threads, on the same kind of processor and build.

mod basis;
mod gated;
mod graph;
mod network;
mod orbits;
mod parameters;
mod reverse;
#[cfg(test)]
pub(crate) mod tests;
#[cfg(feature = "torch")]
pub mod torch;

use std::path::Path;
use std::sync::Mutex;

use druse_representations::Crystal;
use druse_representations::symmetry::CellSymmetry;

use crate::potential::{Potential, PotentialError, Prediction, Want};
use crate::weights::{self, Published, WeightsError, hash};
use graph::Graph;
pub use network::AtomFeatures;
use network::{Outcome, Workspace};
use parameters::Parameters;

/// Published sets of weights.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ChgnetKind {
    /// Version 0.3.0: PBE and PBE+U with MP2020 corrections.
    #[default]
    V030,
    /// The same network transferred to r2SCAN.
    R2scan,
}

impl ChgnetKind {
    /// Name in campaign files and results.
    pub fn name(self) -> &'static str {
        match self {
            Self::V030 => "chgnet-0.3.0",
            Self::R2scan => "chgnet-r2scan",
        }
    }

    fn weights(self) -> Published {
        let (file, sha256) = match self {
            Self::V030 => (
                "chgnet_0.3.0.safetensors",
                "3c4d91923e31931d2d79e65697bb4fa1987102997ed285f33f53d1d0079a6457",
            ),
            Self::R2scan => (
                "chgnet_r2scan.safetensors",
                "fe5d84e4bf5fc738397a090e84300f93c20a592eec6596b2535abc63860b7a81",
            ),
        };
        Published { file, sha256 }
    }
}

/// Why CHGNet cannot be loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChgnetError {
    /// The file is absent or damaged.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// The file holds no complete model.
    #[error("the file is no CHGNet model: {0}")]
    Damaged(String),
    /// The weights belong to another architecture.
    #[error("the model has {name} = {found}, but only {expected} is covered")]
    Architecture {
        /// Name of the setting.
        name: &'static str,
        /// Its value.
        found: String,
        /// Value that is covered.
        expected: &'static str,
    },
    /// The device refused the weights.
    #[error("the device cannot take the model: {0}")]
    Device(String),
}

/// A CHGNet model, ready to predict; may be shared by threads.
pub struct Chgnet {
    name: String,
    hash: String,
    parameters: Parameters<f32>,
    /// Memory of finished calls for the next ones.
    workspaces: Mutex<Vec<Workspace<f32>>>,
}

impl Chgnet {
    /// Loads published weights from the folder of models (see [`crate::weights::folders`]).
    ///
    /// # Errors
    /// When the weights are absent or damaged.
    pub fn load(kind: ChgnetKind) -> Result<Self, ChgnetError> {
        Self::from_bytes(&kind.weights().read()?, kind.name())
    }

    /// Loads weights of one's own, in the format and with the architecture of 0.3.0, under a name of
    /// one's own.
    ///
    /// # Errors
    /// When the file cannot be read or holds something else.
    pub fn from_file(path: &Path, name: &str) -> Result<Self, ChgnetError> {
        Self::from_bytes(&weights::read(path)?, name)
    }

    fn from_bytes(bytes: &[u8], name: &str) -> Result<Self, ChgnetError> {
        Ok(Self {
            name: name.to_owned(),
            hash: hash(bytes),
            parameters: Parameters::from_safetensors(bytes)?,
            workspaces: Mutex::default(),
        })
    }

    /// Energies and what else is wanted, one result per crystal, in order; on the calling thread.
    ///
    /// An energy alone costs about a third of energy, forces and stress.
    pub fn predict(&self, crystals: &[&Crystal], want: Want) -> Vec<Result<Prediction, PotentialError>> {
        let symmetries: Vec<CellSymmetry> =
            crystals.iter().map(|crystal| CellSymmetry::trivial(crystal.sites.len())).collect();
        let items: Vec<_> = crystals.iter().copied().zip(&symmetries).collect();
        self.predict_symmetric(&items, want)
    }

    /// The same for crystals of known symmetry, on one atom, bond and angle of each orbit: the same network, so the same results up to
    /// rounding, for as much less work as there are fewer of them. Forces and stress have the symmetry to the last bits.
    pub fn predict_symmetric(
        &self,
        items: &[(&Crystal, &CellSymmetry)],
        want: Want,
    ) -> Vec<Result<Prediction, PotentialError>> {
        let mut work = self.pool().pop().unwrap_or_default();
        let predictions = items
            .iter()
            .map(|(crystal, symmetry)| self.predict_one(crystal, symmetry, want, &mut work))
            .collect();
        self.pool().push(work);
        predictions
    }

    /// What the network sees in crystals, whatever it thinks of their energies: mean and standard deviation over the atoms of the
    /// features after the third and the fourth layer, 256 numbers each. Costs as much as an energy.
    pub fn describe(&self, items: &[(&Crystal, &CellSymmetry)]) -> Vec<Result<Vec<f64>, PotentialError>> {
        let mut work = self.pool().pop().unwrap_or_default();
        let descriptions = items
            .iter()
            .map(|(crystal, symmetry)| {
                Ok(self.parameters.describe(&Graph::up_to::<f32>(symmetry, crystal)?, &mut work))
            })
            .collect();
        self.pool().push(work);
        descriptions
    }

    /// The atoms of a crystal as the network sees them before it makes energies of them, one of each orbit. Costs as much as an energy.
    ///
    /// # Errors
    /// As of an energy.
    pub fn atoms(
        &self,
        crystal: &Crystal,
        symmetry: &CellSymmetry,
    ) -> Result<Vec<AtomFeatures>, PotentialError> {
        let mut work = self.pool().pop().unwrap_or_default();
        let atoms =
            Graph::up_to::<f32>(symmetry, crystal).map(|graph| self.parameters.atoms(&graph, &mut work));
        self.pool().push(work);
        atoms
    }

    /// The memory pool. A thread that panicked while it held the lock has left a whole vector.
    fn pool(&self) -> std::sync::MutexGuard<'_, Vec<Workspace<f32>>> {
        self.workspaces.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn predict_one(
        &self,
        crystal: &Crystal,
        symmetry: &CellSymmetry,
        want: Want,
        work: &mut Workspace<f32>,
    ) -> Result<Prediction, PotentialError> {
        let graph = Graph::up_to::<f32>(symmetry, crystal)?;
        let outcome = self.parameters.evaluate(&graph, want.forces || want.stress, want.magmoms, work);
        let mut prediction = outcome.prediction(graph.volume, want)?;
        prediction.symmetrise(crystal, symmetry);
        Ok(prediction)
    }
}

impl Outcome {
    /// What was wanted of it, for a cell of this volume (Å^3).
    fn prediction(self, volume: f64, want: Want) -> Result<Prediction, PotentialError> {
        Prediction::new(self.energy, self.gradient, self.magmoms, volume, want)
    }
}

impl Potential for Chgnet {
    fn name(&self) -> &str {
        &self.name
    }

    fn protocol(&self) -> String {
        format!("{} sha256:{} f32", self.name, &self.hash[..16])
    }

    fn weights_hash(&self) -> Option<&str> {
        Some(&self.hash)
    }

    fn evaluate(&self, crystals: &[&Crystal], want: Want) -> Vec<Result<Prediction, PotentialError>> {
        self.predict(crystals, want)
    }

    fn evaluate_symmetric(
        &self,
        items: &[(&Crystal, &CellSymmetry)],
        want: Want,
    ) -> Vec<Result<Prediction, PotentialError>> {
        self.predict_symmetric(items, want)
    }
}

//! Potentials of the NequIP family: messages between atoms that turn with the crystal.
//!
//! An implementation of its own of the architecture of S. Batzner et al., Nature Communications 13, 2453 (2022), for the weights of
//! Nequix (T. Koker et al., arXiv:2508.16067; MIT). It runs on the processor, on one thread per call, with no other library.
//! Energies of Nequix are raw PBE(+U): compare them with the hull of corrected entries only after the MP2020 corrections.
//!
//! Three things make it cheap. Weights of messages depend on the distance alone, so they and their derivatives are computed once
//! for each different distance. Messages are computed around one site of each orbit of the crystal's symmetry, and what
//! the other sites send is turned from what the one sends. And the inner loop runs over channels, with the coupling of each edge put
//! together before.

mod convolution;
mod coupling;
mod graph;
mod harmonics;
mod network;
mod parameters;
mod radial;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use druse_representations::Crystal;
use druse_representations::symmetry::CellSymmetry;

use crate::chgnet::hash;
use crate::potential::{Potential, PotentialError, Prediction, Want};
use graph::Graph;
use network::Outcome;
use parameters::Parameters;

/// Why a network cannot be loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NequipError {
    /// The file cannot be read.
    #[error("cannot read {}: {source}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Reason.
        source: std::io::Error,
    },
    /// The file holds no complete model.
    #[error("the file is no Nequix model: {0}")]
    Damaged(String),
    /// The weights belong to another architecture.
    #[error("the model has {name} = {found}; covered: {expected}")]
    Architecture {
        /// Name of the setting.
        name: &'static str,
        /// What the file says.
        found: String,
        /// What is covered.
        expected: &'static str,
    },
}

/// A potential of the NequIP family with weights of Nequix.
pub struct Nequip {
    name: String,
    hash: String,
    parameters: Parameters<f32>,
}

impl Nequip {
    /// Loads a safetensors file of Nequix, under a name of one's own: tensors `layers.N.linear_1.0e`, `layers.N.linear_2.1o`,
    /// `layers.N.skip.0e`, `layers.N.norm.0e`, `layers.N.radial_mlp.K`, `atom_energies` and `readout`, with the configuration of the model as JSON
    /// under `config` in the header.
    ///
    /// # Errors
    /// When the file cannot be read or holds something else.
    pub fn from_file(path: &Path, name: &str) -> Result<Self, NequipError> {
        let bytes = std::fs::read(path)
            .map_err(|source| NequipError::Unreadable { path: path.to_owned(), source })?;
        let parameters = Parameters::from_nequix(&bytes)?;
        Ok(Self { name: name.to_owned(), hash: hash(&bytes), parameters })
    }

    fn predict(
        &self,
        crystal: &Crystal,
        symmetry: &CellSymmetry,
        want: Want,
    ) -> Result<Prediction, PotentialError> {
        let graph = Graph::new(crystal, symmetry, self.parameters.basis.cutoff)?;
        let species = self.parameters.species_of(&graph, crystal)?;
        let outcome = self.parameters.evaluate(&graph, &species, want.forces || want.stress);
        let mut prediction = outcome.prediction(graph.volume, want)?;
        prediction.symmetrise(crystal, symmetry);
        Ok(prediction)
    }
}

impl<T> Parameters<T> {
    /// Index of the species of each orbit.
    fn species_of(&self, graph: &Graph, crystal: &Crystal) -> Result<Vec<usize>, PotentialError> {
        let elements = crystal.elements()?;
        let find = |(number, &site): (&u8, &usize)| {
            self.species.iter().position(|z| z == number).ok_or(PotentialError::UnknownElement {
                site,
                element: elements[site].symbol(),
                potential: "this model",
                covered: "the elements that it was trained on",
            })
        };
        graph.numbers.iter().zip(&graph.representatives).map(find).collect()
    }
}

impl Outcome {
    /// What was wanted of it, for a cell of this volume (Å^3).
    fn prediction(self, volume: f64, want: Want) -> Result<Prediction, PotentialError> {
        Prediction::new(self.energy, self.gradient, None, volume, want)
    }
}

impl Potential for Nequip {
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
        let one =
            |crystal: &&Crystal| self.predict(crystal, &CellSymmetry::trivial(crystal.sites.len()), want);
        crystals.iter().map(one).collect()
    }

    fn evaluate_symmetric(
        &self,
        items: &[(&Crystal, &CellSymmetry)],
        want: Want,
    ) -> Vec<Result<Prediction, PotentialError>> {
        items.iter().map(|(crystal, symmetry)| self.predict(crystal, symmetry, want)).collect()
    }
}

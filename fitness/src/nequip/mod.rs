//! Potentials of the NequIP family: messages between atoms that turn with the crystal.
//!
//! An implementation of its own of the architecture of S. Batzner et al., Nature Communications 13, 2453 (2022), for the weights of
//! SevenNet (Y. Park et al., JCTC 20, 4857 (2024); MIT) and of Nequix (T. Koker et al., arXiv:2508.16067; MIT). It runs on the
//! processor, on one thread per call, with no other library. Energies are raw PBE(+U); on a hull they stand with the MP2020 corrections.
//!
//! What the two do differently is in `nequix` and `sevennet`, which read their files; what a layer does is the same.
//!
//! Three things make it cheap. Weights of messages depend on the distance alone, so they and their derivatives are computed once
//! for each different distance. Messages are computed around one site of each orbit of the crystal's symmetry, and what
//! the other sites send is turned from what the one sends. And the inner loop runs over channels, with the coupling of each edge put
//! together before.

mod convolution;
mod coupling;
mod file;
mod graph;
mod harmonics;
mod nequix;
mod network;
mod norm;
mod parameters;
mod radial;
mod sevennet;
#[cfg(test)]
mod tests;

use std::path::Path;

use druse_representations::Crystal;
use druse_representations::symmetry::CellSymmetry;

use crate::corrections::{Ledger, MP2020, mp2020};
use crate::kernels::Real;
use crate::potential::{Potential, PotentialError, Prediction, Want};
use crate::weights::{self, Published, WeightsError, hash};
use file::File;
use graph::Graph;
use network::Outcome;
use parameters::Parameters;

/// Why a network cannot be loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NequipError {
    /// The file is absent or damaged.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// The file holds no complete model.
    #[error("the file is no model of Nequix or SevenNet: {0}")]
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

/// Published weights that `make setup` brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SevenNetKind {
    /// SevenNet-0 of 11 July 2024, orders up to 2; trained on MPtrj.
    Zero,
    /// SevenNet-l3i5, orders up to 3; trained on MPtrj. Finer, and twice as slow.
    L3i5,
}

impl SevenNetKind {
    /// Name in campaign files and results.
    pub fn name(self) -> &'static str {
        match self {
            Self::Zero => "sevennet-0",
            Self::L3i5 => "sevennet-l3i5",
        }
    }

    fn weights(self) -> Published {
        let (file, sha256) = match self {
            Self::Zero => {
                ("sevennet_0.safetensors", "fd3b4d93458ef3610146b932d3c11b787b5a152ae39afc02cf46ce6a3b308326")
            }
            Self::L3i5 => (
                "sevennet_l3i5.safetensors",
                "1c8cfdd2c15388c86cdfc937ec1785a61be6db817694ce0330fd231e5e751244",
            ),
        };
        Published { file, sha256 }
    }
}

/// A potential of the NequIP family.
pub struct Nequip {
    name: String,
    hash: String,
    parameters: Parameters<f32>,
}

impl Nequip {
    /// Loads published weights from the folder of models (see [`crate::weights::folders`]).
    ///
    /// # Errors
    /// When the weights are absent or damaged.
    pub fn load(kind: SevenNetKind) -> Result<Self, NequipError> {
        Self::from_bytes(&kind.weights().read()?, kind.name())
    }

    /// Loads a safetensors file, under a name of one's own: one of Nequix (tensors `layers.N.linear_1.0e`,
    /// `layers.N.linear_2.1o`, `layers.N.skip.0e`, `layers.N.norm.0e`, `layers.N.radial_mlp.K`, `atom_energies` and `readout`, with the
    /// configuration of the model as JSON under `config` in the header), or one of SevenNet as `make setup` converts it.
    ///
    /// # Errors
    /// When the file cannot be read or holds something else.
    pub fn from_file(path: &Path, name: &str) -> Result<Self, NequipError> {
        Self::from_bytes(&weights::read(path)?, name)
    }

    fn from_bytes(bytes: &[u8], name: &str) -> Result<Self, NequipError> {
        Ok(Self { name: name.to_owned(), hash: hash(bytes), parameters: Parameters::from_bytes(bytes)? })
    }
}

impl<T: Real> Parameters<T> {
    fn from_bytes(bytes: &[u8]) -> Result<Self, NequipError> {
        let file = File::open(bytes)?;
        if file.is_sevennet() { Self::from_sevennet(&file) } else { Self::from_nequix(&file) }
    }

    fn predict(
        &self,
        crystal: &Crystal,
        symmetry: &CellSymmetry,
        want: Want,
    ) -> Result<Prediction, PotentialError> {
        // Without parity only what is turned, not what is mirrored, has the features of its original.
        let proper = (!self.parity).then(|| symmetry.proper());
        let graph = Graph::new(crystal, proper.as_ref().unwrap_or(symmetry), self.basis.cutoff)?;
        let species = self.species_of(&graph, crystal)?;
        let outcome = self.evaluate(&graph, &species, want.forces || want.stress);
        let mut prediction = outcome.prediction(graph.volume, want)?;
        prediction.symmetrise(crystal, symmetry);
        Ok(prediction)
    }

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

    fn scheme(&self) -> Option<&'static str> {
        Some(MP2020)
    }

    fn ledger(&self, crystal: &Crystal) -> Ledger {
        mp2020(crystal)
    }

    fn evaluate(&self, crystals: &[&Crystal], want: Want) -> Vec<Result<Prediction, PotentialError>> {
        let one = |crystal: &&Crystal| {
            self.parameters.predict(crystal, &CellSymmetry::trivial(crystal.sites.len()), want)
        };
        crystals.iter().map(one).collect()
    }

    fn evaluate_symmetric(
        &self,
        items: &[(&Crystal, &CellSymmetry)],
        want: Want,
    ) -> Vec<Result<Prediction, PotentialError>> {
        items.iter().map(|(crystal, symmetry)| self.parameters.predict(crystal, symmetry, want)).collect()
    }
}

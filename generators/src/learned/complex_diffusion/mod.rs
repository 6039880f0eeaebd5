//! Positions of a ligand around a metal, next to ligands that stay where they are.
//!
//! The graph of the ligand is given, by an autoencoder of ligands or by hand, so its atoms, donors and charge are what was
//! asked for; where its atoms are is drawn here. Atoms flow (flow matching, Lipman et al., arXiv:2210.02747) from noise that hangs
//! together like the ligand and is tied to the free sites (a harmonic prior as in EigenFold, Jing et al., arXiv:2304.02198) to
//! positions, all of the ligand at once, seeing the metal, the sites and whatever stands around them. Hydrogens with one neighbour
//! are left to geometry: [`Vacancy::finish`](druse_fitness::assembly::Vacancy::finish) adds them and puts bonds and angles right.
//!
//! Different from LigandDiff (Jin & Merz, J. Chem. Theory Comput. 2024, 20, 4377), which draws elements along with positions and
//! perceives bonds afterwards: here bonds, donors and number of atoms are drawn first, as a graph, and never lost.
//!
//! The network learns from ligands around their metals; what stands around them is made up of other ligands of the batch, turned
//! until they leave each other room.

mod batch;
mod config;
mod crowd;
mod learner;
mod network;
mod noise;
mod sampler;
mod skeleton;
#[cfg(test)]
mod tests;

pub use config::ComplexDiffusionConfig;
pub use learner::ComplexDiffusion;
pub use sampler::{ComplexDiffusionSampler, Placement, PlacementError};
pub use skeleton::Skeleton;

/// Kind of the model in files.
pub const KIND: &str = "complex-diffusion";

type Point = druse_representations::nalgebra::Vector3<f64>;

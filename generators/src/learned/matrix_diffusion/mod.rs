//! Matrix diffusion: cell, fractional coordinates and elements of crystals without regard to symmetry.
//!
//! Two networks, trained together. That of compositions reveals the elements of a crystal one by
//! one, each with its number of atoms (masked diffusion). That of structures moves a cell and coordinates on the torus from noise to a
//! crystal (flow matching), given the elements that are known; noise of coordinates, cell and elements is
//! independent, so the same weights predict structures of a formula, complete a part, and generate anew.
//! Neither looks at symmetry; samples that end beside a symmetric structure are put into it.
//!
//! After the joint diffusions of DiffCSP (Jiao et al., arXiv:2309.04475) and MatterGen (Zeni et al.,
//! arXiv:2312.03687) and the flow of FlowMM (Miller et al., arXiv:2406.04713); different from them in the
//! network (messages along periodic edges, equivariant), in the alignment of noise and crystals, and in
//! drawing the composition first.

mod composition;
mod config;
mod learner;
mod network;
mod noising;
mod sampler;
mod state;
#[cfg(test)]
mod tests;

pub use config::MatrixDiffusionConfig;
pub use learner::MatrixDiffusion;
pub use noising::Example;
pub use sampler::MatrixDiffusionSampler;

/// Kind of the model in files.
pub const KIND: &str = "matrix-diffusion";

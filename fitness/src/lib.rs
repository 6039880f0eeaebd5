//! How good a design is: objectives, potentials, relaxation, the convex hull and Pareto tools.

pub mod assembly;
pub mod chgnet;
pub mod conformance;
pub mod corrections;
pub mod cpu;
pub mod hull;
mod kernels;
pub mod nequip;
pub mod objective;
pub mod objectives;
pub mod pareto;
pub mod potential;
pub mod potentials;
pub mod process;
pub mod relax;
#[cfg(feature = "torch")]
pub mod torchscript;
pub mod training_distance;
pub mod weights;
pub mod xtb;

pub use objective::{
    Goal, Needs, Objective, ObjectiveError, Properties, Tier, TierKind, TierOutcome, property,
};
pub use potential::{Potential, PotentialError, Prediction, Want};

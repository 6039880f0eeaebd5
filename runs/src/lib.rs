//! druse: inverse design of inorganic crystals and transition-metal complexes.
//!
//! A campaign goes one way: a [generator](generators::Generator) proposes designs, [tiers](fitness::Tier)
//! in order of cost refine or reject them, [objectives](fitness::Objective) judge them, a
//! [novelty reference](validation::NoveltyReference) tells what is known, and the [`store`] keeps
//! all of it. [`engine::run`] drives it; [`campaign::run`] does so for a campaign file, in a folder;
//! [`Program`] is the command line around all of that.

pub mod benchmark;
pub mod bill;
pub mod bundle;
pub mod cache;
pub mod campaign;
mod cli;
pub mod complexes;
pub mod config;
pub mod constraints;
pub mod crystals;
pub mod domain;
pub mod engine;
pub mod evaluation;
pub mod feedback;
pub mod funnel;
pub mod goal;
mod learned;
pub mod ledger;
#[cfg(test)]
mod made_up;
pub mod plugins;
mod program;
mod programs;
pub mod report;
pub mod screens;
pub mod setup;
pub mod slurm;
pub mod store;
pub mod summary;
#[cfg(feature = "torch")]
pub mod training;
pub mod trust;
pub mod units;
pub mod warm_start;

pub use plugins::{Plugins, objective};
pub use program::Program;

pub use druse_datasets as datasets;
pub use druse_fitness as fitness;
pub use druse_generators as generators;
pub use druse_representations as representations;
pub use druse_validation as validation;

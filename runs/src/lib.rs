//! druse: inverse design of inorganic crystals and transition-metal complexes.
//!
//! A campaign goes one way: a [generator](generators::Generator) proposes designs, [tiers](fitness::Tier)
//! in order of cost refine or reject them, [objectives](fitness::Objective) judge them, a
//! [novelty reference](validation::NoveltyReference) tells what is known, and the [`store`] keeps
//! all of it. [`engine::run`] drives it; [`campaign::run`] does so for a campaign file, in a folder.

pub mod benchmark;
pub mod campaign;
pub mod complexes;
pub mod config;
pub mod crystals;
pub mod domain;
pub mod engine;
pub mod goal;
pub mod ledger;
mod programs;
pub mod report;
pub mod setup;
pub mod store;
pub mod summary;

pub use druse_datasets as datasets;
pub use druse_fitness as fitness;
pub use druse_generators as generators;
pub use druse_representations as representations;
pub use druse_validation as validation;

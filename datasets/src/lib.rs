//! Where designs come from: importers, splits, element tables and reference energies.

pub mod elements;
pub mod entries;
pub mod import;
pub mod prototypes;
pub mod reference;
pub mod split;

//! Where designs come from: importers, splits, element tables, reference energies and ligands.

pub mod bytes;
pub mod elements;
pub mod entries;
pub mod fragments;
pub mod import;
pub mod installed;
pub mod ligands;
pub mod prototypes;
pub mod reference;
pub mod split;

//! Where designs come from: importers, splits, element tables, reference energies and ligands.

/// The data card of everything in this crate that was measured or computed: sources, licences, checks, limits.
/// Markdown.
pub const CARD: &str = include_str!("../data/README.md");

pub mod bytes;
pub mod elements;
pub mod entries;
pub mod fragments;
pub mod import;
pub mod installed;
pub mod ligands;
pub mod metastability;
pub mod precursors;
pub mod prototypes;
pub mod reference;
pub mod split;

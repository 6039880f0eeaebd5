//! `druse data ...`

mod elements;
mod import;
mod info;
mod prototypes;
mod reference;
mod split;
mod truth;

use clap::Subcommand;

use super::Global;
use super::failure::Failure;

#[derive(Subcommand)]
pub enum Command {
    /// Read structures into a folder with their provenance
    Import(import::Arguments),
    /// Tell what files of structures or reference energies hold
    Info(info::Arguments),
    /// Split structures into training, validation and test sets
    Split(split::Arguments),
    /// Show the tables of element data with their sources
    Elements(elements::Arguments),
    /// List the known structure types
    Prototypes(prototypes::Arguments),
    /// Compute the energies of known structures: a reference for the hull and for novelty
    Reference(reference::Arguments),
    /// Make a table of a space of complexes that was labelled to the last one: for druse evaluate
    Truth(truth::Arguments),
}

pub fn run(command: &Command, global: &Global) -> Result<(), Failure> {
    match command {
        Command::Import(arguments) => import::run(arguments, global),
        Command::Info(arguments) => info::run(arguments, global),
        Command::Split(arguments) => split::run(arguments, global),
        Command::Elements(arguments) => elements::run(arguments, global),
        Command::Prototypes(arguments) => prototypes::run(arguments, global),
        Command::Reference(arguments) => reference::run(arguments, global),
        Command::Truth(arguments) => truth::run(arguments, global),
    }
}

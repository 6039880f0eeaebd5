//! `druse data ...`

mod elements;

use clap::Subcommand;

use super::Global;
use super::failure::Failure;

#[derive(Subcommand)]
pub enum Command {
    /// Show the tables of element data with their sources
    Elements(elements::Arguments),
}

pub fn run(command: &Command, global: &Global) -> Result<(), Failure> {
    match command {
        Command::Elements(arguments) => elements::run(arguments, global),
    }
}

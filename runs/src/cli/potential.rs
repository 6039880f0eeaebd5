//! The potential named on the command line, and structures that it can take.

use clap::{Args, ValueEnum};
use druse::fitness::chgnet::{Chgnet, ChgnetKind};
use druse::representations::Crystal;
use druse::validation::checks::{CheckLimits, check};

use super::failure::Failure;

/// Potentials by name.
#[derive(Clone, Copy, ValueEnum)]
pub enum Model {
    /// CHGNet 0.3.0: PBE and PBE+U with the corrections of the Materials Project
    #[value(name = "chgnet-0.3.0")]
    Chgnet030,
    /// CHGNet transferred to r2SCAN
    #[value(name = "chgnet-r2scan")]
    ChgnetR2scan,
}

/// `--model`
#[derive(Args)]
pub struct ModelArgument {
    /// Potential
    #[arg(long, value_name = "NAME", value_enum, default_value = "chgnet-0.3.0")]
    pub model: Model,
}

impl ModelArgument {
    /// Loads the weights.
    ///
    /// # Errors
    /// When they are absent or damaged.
    pub fn load(&self) -> Result<Chgnet, Failure> {
        let kind = match self.model {
            Model::Chgnet030 => ChgnetKind::V030,
            Model::ChgnetR2scan => ChgnetKind::R2scan,
        };
        Chgnet::load(kind).map_err(Failure::other)
    }
}

/// Refuses what no potential can say anything about: disorder, and atoms on top of each other.
pub fn possible(crystal: &Crystal) -> Result<(), String> {
    crystal.elements().map_err(|error| error.to_string())?;
    let violations: Vec<String> =
        check(crystal, &CheckLimits::CDVAE).iter().map(ToString::to_string).collect();
    if violations.is_empty() { Ok(()) } else { Err(violations.join("; ")) }
}

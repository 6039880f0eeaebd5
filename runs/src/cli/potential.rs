//! The potential named on the command line, and structures that it can take.

use crate::fitness::chgnet::ChgnetKind;
use crate::fitness::potential::Potential;
use crate::fitness::potentials::{LoadError, load};
use crate::representations::Crystal;
use crate::validation::checks::{CheckLimits, check};
use clap::{Args, ValueEnum};

use super::failure::Failure;

/// Potentials by name.
#[derive(Clone, Copy, ValueEnum)]
enum Model {
    /// CHGNet 0.3.0: PBE and PBE+U with the corrections of the Materials Project
    #[value(name = "chgnet-0.3.0")]
    Chgnet030,
    /// CHGNet transferred to r2SCAN
    #[value(name = "chgnet-r2scan")]
    ChgnetR2scan,
}

/// `--model` and `--device`
#[derive(Args)]
pub struct ModelArgument {
    /// Potential
    #[arg(long, value_name = "NAME", value_enum, default_value = "chgnet-0.3.0")]
    model: Model,
    /// Where it runs: cpu, or through libtorch torch-cpu, cuda or cuda:N
    #[arg(long, value_name = "NAME", default_value = "cpu")]
    device: String,
}

impl ModelArgument {
    /// Whether it runs in our own code on the processor, where batches gain nothing.
    pub fn is_native(&self) -> bool {
        self.device == "cpu"
    }

    /// Loads the weights.
    ///
    /// # Errors
    /// When they are absent or damaged, or there is no such device.
    pub fn load(&self) -> Result<Box<dyn Potential>, Failure> {
        let kind = match self.model {
            Model::Chgnet030 => ChgnetKind::V030,
            Model::ChgnetR2scan => ChgnetKind::R2scan,
        };
        load(kind.name(), &self.device).map_err(|error| match error {
            LoadError::Chgnet(_) => Failure::other(error),
            _ => Failure::input(format!("--device: {error}")),
        })
    }
}

/// Refuses what no potential can say anything about: disorder, and atoms on top of each other.
pub fn possible(crystal: &Crystal) -> Result<(), String> {
    crystal.elements().map_err(|error| error.to_string())?;
    let violations: Vec<String> =
        check(crystal, &CheckLimits::CDVAE).iter().map(ToString::to_string).collect();
    if violations.is_empty() { Ok(()) } else { Err(violations.join("; ")) }
}

//! The potential named on the command line, and structures that it can take.

use crate::fitness::potential::Potential;
use crate::fitness::potentials::LoadError;
use crate::representations::Crystal;
use crate::validation::checks::{CheckLimits, check};
use clap::Args;

use super::Global;
use super::failure::Failure;
use crate::setup::SetupError;

/// `--model` and `--device`
#[derive(Args)]
pub struct ModelArgument {
    /// Potential: chgnet-0.3.0 (PBE and PBE+U with the MP2020 corrections of the Materials Project), chgnet-r2scan, sevennet-0,
    /// sevennet-l3i5 (finer and slower; raw PBE and PBE+U, corrected where they stand on a hull), the weights of Nequix as a
    /// .safetensors file (as SevenNet), or a TorchScript module as a .pt file
    #[arg(long, value_name = "NAME|FILE", default_value = "chgnet-0.3.0")]
    model: String,
    /// Where it runs: cpu, or through libtorch torch-cpu, cuda or cuda:N
    #[arg(long, value_name = "NAME", default_value = "cpu")]
    device: String,
}

impl ModelArgument {
    /// The name as it was given.
    pub fn name(&self) -> &str {
        &self.model
    }

    /// Whether it runs in our own code on the processor, where batches gain nothing.
    pub fn is_native(&self) -> bool {
        self.device == "cpu"
    }

    /// Loads the weights.
    ///
    /// # Errors
    /// When they are absent or damaged, or there is no such device.
    pub fn load(&self, global: &Global) -> Result<Box<dyn Potential>, Failure> {
        global.plugins.load_potential(&self.model, &self.device).map_err(|error| match error {
            SetupError::Potential(error) if error.is_absent() => Failure::other(error),
            SetupError::Potential(error) if error.is_device() => Failure::input(format!("--device: {error}")),
            SetupError::Potential(LoadError::UnknownPotential { .. }) => {
                Failure::input(format!("--model: {error}"))
            }
            error => Failure::input(format!("--model {}: {error}", self.model)),
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

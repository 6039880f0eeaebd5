//! The potentials of this crate by name.

use crate::chgnet::{Chgnet, ChgnetError, ChgnetKind};
use crate::potential::Potential;

/// Names that [`load`] takes.
pub const NAMES: [&str; 2] = ["chgnet-0.3.0", "chgnet-r2scan"];

/// Why a potential cannot be loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// No potential of this name.
    #[error("unknown potential '{0}'; known: {names}", names = NAMES.join(", "))]
    UnknownPotential(String),
    /// No device of this name.
    #[error("unknown device '{0}'; known: cpu, torch-cpu, cuda, cuda:N with N = 0, 1, …")]
    UnknownDevice(String),
    /// The device needs libtorch, which this build is without.
    #[error(
        "device '{0}' needs libtorch, which this build is without; use cpu, or build with the feature 'torch'"
    )]
    WithoutTorch(String),
    /// The device is not there.
    #[cfg(feature = "torch")]
    #[error(transparent)]
    Device(#[from] crate::chgnet::torch::DeviceError),
    /// Its weights are absent or damaged.
    #[error(transparent)]
    Chgnet(#[from] ChgnetError),
}

/// Loads the potential `name`, one of [`NAMES`], to run on `device`.
///
/// | device | runs on |
/// |---|---|
/// | `cpu` | the processor; the fastest there |
/// | `torch-cpu` | the processor, through libtorch; to check the other |
/// | `cuda`, `cuda:N` | a GPU, through libtorch |
///
/// # Errors
/// On unknown names, devices that this build or machine is without, and absent or damaged weights.
pub fn load(name: &str, device: &str) -> Result<Box<dyn Potential>, LoadError> {
    let kinds = [ChgnetKind::V030, ChgnetKind::R2scan];
    let kind = kinds.into_iter().find(|kind| kind.name() == name);
    let kind = kind.ok_or_else(|| LoadError::UnknownPotential(name.to_owned()))?;
    match device {
        "cpu" => Ok(Box::new(Chgnet::load(kind)?)),
        _ if ["torch-cpu", "cuda"].contains(&device) || device.starts_with("cuda:") => on_torch(kind, device),
        _ => Err(LoadError::UnknownDevice(device.to_owned())),
    }
}

#[cfg(feature = "torch")]
fn on_torch(kind: ChgnetKind, device: &str) -> Result<Box<dyn Potential>, LoadError> {
    use crate::chgnet::torch::{self, TorchChgnet};
    Ok(Box::new(TorchChgnet::load(kind, torch::device(device.trim_start_matches("torch-"))?)?))
}

#[cfg(not(feature = "torch"))]
fn on_torch(_: ChgnetKind, device: &str) -> Result<Box<dyn Potential>, LoadError> {
    Err(LoadError::WithoutTorch(device.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(name: &str, device: &str) -> String {
        load(name, device).err().map(|error| error.to_string()).unwrap_or_default()
    }

    #[test]
    fn unknown_names_list_the_known_ones() {
        assert_eq!(
            refusal("m3gnet", "cpu"),
            "unknown potential 'm3gnet'; known: chgnet-0.3.0, chgnet-r2scan"
        );
        for device in ["gpu", "", "cud"] {
            assert!(refusal("chgnet-0.3.0", device).contains("known: cpu, torch-cpu, cuda"), "{device}");
        }
    }

    #[test]
    fn every_name_loads() {
        let devices: &[&str] = if cfg!(feature = "torch") { &["cpu", "torch-cpu"] } else { &["cpu"] };
        for (name, device) in NAMES.iter().flat_map(|name| devices.iter().map(move |device| (name, device))) {
            match load(name, device) {
                Ok(potential) => {
                    assert_eq!(potential.name(), *name);
                    assert_eq!(potential.protocol().contains("libtorch cpu"), *device == "torch-cpu");
                }
                Err(LoadError::Chgnet(error @ ChgnetError::Absent { .. })) => println!("skipped: {error}"),
                Err(error) => panic!("{error}"),
            }
        }
    }

    #[cfg(not(feature = "torch"))]
    #[test]
    fn says_what_is_missing_without_libtorch() {
        for device in ["torch-cpu", "cuda:1"] {
            assert!(matches!(load("chgnet-0.3.0", device), Err(LoadError::WithoutTorch(d)) if d == device));
        }
    }
}

//! The potentials of this crate by name.

use std::path::Path;

use crate::chgnet::{Chgnet, ChgnetError, ChgnetKind};
use crate::nequip::{Nequip, NequipError, SevenNetKind};
use crate::potential::Potential;

/// Names that [`load`] takes beside files.
pub const NAMES: [&str; 4] = ["chgnet-0.3.0", "chgnet-r2scan", "sevennet-0", "sevennet-l3i5"];

/// Why a potential cannot be loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// No potential of this name.
    #[error("unknown potential '{0}'; known: {names}, or a .safetensors file of Nequix or SevenNet", names = NAMES.join(", "))]
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
    /// The file of weights cannot be used.
    #[error(transparent)]
    Nequip(#[from] NequipError),
    /// A device that the potential does not run on.
    #[error("{potential} runs on the device cpu only, not on '{device}'")]
    CpuOnly {
        /// Name of the potential.
        potential: String,
        /// What was asked for.
        device: String,
    },
}

/// Loads the potential `name`, one of [`NAMES`] or the path of a .safetensors file of Nequix (see [`Nequip::from_file`]), to run on
/// `device`. A file, and SevenNet, run on `cpu` only; a file under its name without the ending.
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
    let on_cpu = |load: &dyn Fn() -> Result<Nequip, NequipError>| -> Result<Box<dyn Potential>, LoadError> {
        match device {
            "cpu" => Ok(Box::new(load()?)),
            _ => Err(LoadError::CpuOnly { potential: name.to_owned(), device: device.to_owned() }),
        }
    };
    let file = Path::new(name);
    if let (Some(stem), Some("safetensors")) =
        (file.file_stem().and_then(|stem| stem.to_str()), file.extension().and_then(|ending| ending.to_str()))
    {
        return on_cpu(&|| Nequip::from_file(file, stem));
    }
    let kinds = [SevenNetKind::Zero, SevenNetKind::L3i5];
    if let Some(kind) = kinds.into_iter().find(|kind| kind.name() == name) {
        return on_cpu(&|| Nequip::load(kind));
    }
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
    use crate::weights::WeightsError;

    fn refusal(name: &str, device: &str) -> String {
        load(name, device).err().map(|error| error.to_string()).unwrap_or_default()
    }

    #[test]
    fn unknown_names_list_the_known_ones() {
        assert_eq!(
            refusal("m3gnet", "cpu"),
            "unknown potential 'm3gnet'; known: chgnet-0.3.0, chgnet-r2scan, sevennet-0, sevennet-l3i5, or a .safetensors \
             file of Nequix or SevenNet"
        );
        for device in ["gpu", "", "cud"] {
            assert!(refusal("chgnet-0.3.0", device).contains("known: cpu, torch-cpu, cuda"), "{device}");
        }
    }

    #[test]
    fn files_are_read_on_the_processor() {
        assert!(
            refusal("there/is/none.safetensors", "cpu").starts_with("cannot read there/is/none.safetensors")
        );
        assert_eq!(
            refusal("mine.safetensors", "cuda"),
            "mine.safetensors runs on the device cpu only, not on 'cuda'"
        );
    }

    #[test]
    fn every_name_loads() {
        let both = NAMES.iter().flat_map(|name| ["cpu", "torch-cpu"].map(|device| (name, device)));
        for (name, device) in both {
            if device == "torch-cpu" && !(cfg!(feature = "torch") && name.starts_with("chgnet")) {
                continue;
            }
            match load(name, device) {
                Ok(potential) => {
                    assert_eq!(potential.name(), *name);
                    assert_eq!(potential.protocol().contains("libtorch cpu"), device == "torch-cpu");
                }
                Err(
                    LoadError::Chgnet(ChgnetError::Weights(error @ WeightsError::Absent { .. }))
                    | LoadError::Nequip(NequipError::Weights(error @ WeightsError::Absent { .. })),
                ) => println!("skipped: {error}"),
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

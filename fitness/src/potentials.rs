//! The potentials of this crate by name.

use std::path::Path;

use crate::chgnet::{Chgnet, ChgnetError, ChgnetKind};
use crate::nequip::{Nequip, NequipError, SevenNetKind};
use crate::potential::Potential;
use crate::weights::WeightsError;

/// Names that [`load`] takes beside files.
pub const NAMES: [&str; 4] = ["chgnet-0.3.0", "chgnet-r2scan", "sevennet-0", "sevennet-l3i5"];

/// Endings of files that [`load`] takes.
pub const ENDINGS: [&str; 2] = ["safetensors", "pt"];

/// Why a potential cannot be loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// No potential of this name.
    #[error(
        "unknown potential '{name}'; known: {known}, a .safetensors file of Nequix or SevenNet, or a .pt file of TorchScript",
        known = .known.join(", ")
    )]
    UnknownPotential {
        /// The name.
        name: String,
        /// Names that are known.
        known: Vec<String>,
    },
    /// No device of this name.
    #[error("unknown device '{0}'; known: cpu, torch-cpu, cuda, cuda:N with N = 0, 1, …")]
    UnknownDevice(String),
    /// The device needs libtorch, which this build is without.
    #[error(
        "device '{0}' needs libtorch, which this build is without; use cpu, or build with the feature 'torch'"
    )]
    WithoutTorch(String),
    /// A module needs libtorch, which this build is without.
    #[error(
        "a TorchScript module needs libtorch, which this build is without; build with the feature 'torch'"
    )]
    ModuleWithoutTorch,
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
    /// The module cannot be used.
    #[cfg(feature = "torch")]
    #[error(transparent)]
    TorchScript(#[from] crate::torchscript::TorchScriptError),
    /// A device that the potential does not run on.
    #[error("{potential} runs on the device cpu only, not on '{device}'")]
    CpuOnly {
        /// Name of the potential.
        potential: String,
        /// What was asked for.
        device: String,
    },
}

impl LoadError {
    /// Whether weights that `make setup` brings are absent, so that another name or file is not what helps.
    pub fn is_absent(&self) -> bool {
        matches!(
            self,
            Self::Chgnet(ChgnetError::Weights(WeightsError::Absent(_)))
                | Self::Nequip(NequipError::Weights(WeightsError::Absent(_)))
        )
    }

    /// Whether the device is at fault, or what this build can do on it.
    pub fn is_device(&self) -> bool {
        #[cfg(feature = "torch")]
        if matches!(self, Self::Device(_)) {
            return true;
        }
        matches!(self, Self::UnknownDevice(_) | Self::WithoutTorch(_) | Self::CpuOnly { .. })
    }
}

/// The stem of a file that [`load`] takes, and its ending; `None` for the name of a potential.
pub fn file(name: &str) -> Option<(&str, &str)> {
    let path = Path::new(name);
    let (stem, ending) = (path.file_stem()?.to_str()?, path.extension()?.to_str()?);
    ENDINGS.contains(&ending).then_some((stem, ending))
}

/// Loads the potential `name`, to run on `device`: one of [`NAMES`], or the path of a file. A file is known by its name without the ending.
///
/// | file | |
/// |---|---|
/// | `.safetensors` | weights of Nequix, see [`Nequip::from_file`] |
/// | `.pt` | a TorchScript module, see `torchscript` |
///
/// | device | runs on |
/// |---|---|
/// | `cpu` | the processor; the fastest there |
/// | `torch-cpu` | the processor, through libtorch; to check CHGNet, and for modules the same as `cpu` |
/// | `cuda`, `cuda:N` | a GPU, through libtorch; CHGNet and modules only |
///
/// # Errors
/// On unknown names, devices that this build or machine is without, and absent or damaged weights.
pub fn load(name: &str, device: &str) -> Result<Box<dyn Potential>, LoadError> {
    let through_torch = ["torch-cpu", "cuda"].contains(&device) || device.starts_with("cuda:");
    if device != "cpu" && !through_torch {
        return Err(LoadError::UnknownDevice(device.to_owned()));
    }
    let on_cpu = |load: &dyn Fn() -> Result<Nequip, NequipError>| -> Result<Box<dyn Potential>, LoadError> {
        match device {
            "cpu" => Ok(Box::new(load()?)),
            _ => Err(LoadError::CpuOnly { potential: name.to_owned(), device: device.to_owned() }),
        }
    };
    match file(name) {
        Some((stem, "pt")) => return module(Path::new(name), stem, device),
        Some((stem, _)) => return on_cpu(&|| Nequip::from_file(Path::new(name), stem)),
        None => {}
    }
    let kinds = [SevenNetKind::Zero, SevenNetKind::L3i5];
    if let Some(kind) = kinds.into_iter().find(|kind| kind.name() == name) {
        return on_cpu(&|| Nequip::load(kind));
    }
    let kinds = [ChgnetKind::V030, ChgnetKind::R2scan];
    let unknown =
        || LoadError::UnknownPotential { name: name.to_owned(), known: NAMES.map(str::to_owned).to_vec() };
    let kind = kinds.into_iter().find(|kind| kind.name() == name).ok_or_else(unknown)?;
    if through_torch { on_torch(kind, device) } else { Ok(Box::new(Chgnet::load(kind)?)) }
}

#[cfg(feature = "torch")]
fn module(path: &Path, name: &str, device: &str) -> Result<Box<dyn Potential>, LoadError> {
    let device = crate::chgnet::torch::device(device.trim_start_matches("torch-"))?;
    Ok(Box::new(crate::torchscript::TorchScript::from_file(path, name, device)?))
}

#[cfg(not(feature = "torch"))]
fn module(_: &Path, _: &str, _: &str) -> Result<Box<dyn Potential>, LoadError> {
    Err(LoadError::ModuleWithoutTorch)
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
            "unknown potential 'm3gnet'; known: chgnet-0.3.0, chgnet-r2scan, sevennet-0, sevennet-l3i5, a .safetensors \
             file of Nequix or SevenNet, or a .pt file of TorchScript"
        );
        for device in ["gpu", "", "cud"] {
            for name in ["chgnet-0.3.0", "sevennet-0", "mine.safetensors", "mine.pt"] {
                assert!(refusal(name, device).contains("known: cpu, torch-cpu, cuda"), "{name} {device}");
            }
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
                Err(error) if error.is_absent() => println!("skipped: {error}"),
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
        assert!(refusal("mine.pt", "cpu").starts_with("a TorchScript module needs libtorch"));
    }
}

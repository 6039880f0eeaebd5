//! Devices and threads of libtorch.

use std::sync::OnceLock;

use tch::{Cuda, Device};

/// Why a device cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DeviceError {
    /// No such word.
    #[error("unknown device '{0}'; known: cpu, cuda, cuda:N with N = 0, 1, …")]
    Unknown(String),
    /// The device is not there.
    #[error(
        "device '{wanted}' is not available: libtorch sees {found} CUDA devices; a GPU needs a libtorch with \
         CUDA in LIBTORCH when druse is built, and its driver"
    )]
    Absent {
        /// The device.
        wanted: String,
        /// Number of CUDA devices.
        found: usize,
    },
}

/// The device of this name: `cpu`, `cuda` (the first GPU) or `cuda:N`.
///
/// # Errors
/// On other words and on devices that this machine or build does not have.
pub fn device(name: &str) -> Result<Device, DeviceError> {
    let unknown = || DeviceError::Unknown(name.to_owned());
    let number: usize = match name.split_once(':') {
        None if name == "cpu" => return Ok(Device::Cpu),
        None if name == "cuda" => 0,
        Some(("cuda", number)) if number.bytes().all(|b| b.is_ascii_digit()) => {
            number.parse().map_err(|_| unknown())?
        }
        _ => return Err(unknown()),
    };
    let found = if Cuda::is_available() { usize::try_from(Cuda::device_count()).unwrap_or(0) } else { 0 };
    if number < found {
        Ok(Device::Cuda(number))
    } else {
        Err(DeviceError::Absent { wanted: name.to_owned(), found })
    }
}

/// The device's name, as [`device`] takes it.
pub fn device_name(device: Device) -> String {
    match device {
        Device::Cuda(number) => format!("cuda:{number}"),
        other => format!("{other:?}").to_lowercase(),
    }
}

/// Makes libtorch compute on the calling thread alone; only the first call does something.
///
/// Programs parallelise over candidates. The own threads of libtorch would spin against that, and
/// their number would change sums. Call it before anything else that uses libtorch;
/// [`TorchChgnet::load`](super::TorchChgnet::load) does.
pub fn single_threaded() {
    static ONCE: OnceLock<()> = OnceLock::new();
    ONCE.get_or_init(|| {
        tch::set_num_threads(1);
        tch::set_num_interop_threads(1);
    });
}

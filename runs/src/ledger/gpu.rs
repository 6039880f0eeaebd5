//! Energy counters of NVIDIA GPUs, by NVIDIA's management library where it is installed. Written after its
//! documentation and untested: the machines of the developers have no GPU.

use nvml_wrapper::Nvml;

/// The GPUs of this machine that count their energy (Volta and newer).
pub(super) struct Gpus {
    nvml: Nvml,
    /// Index and last reading (mJ since the driver was loaded).
    counters: Vec<(u32, u64)>,
}

impl Gpus {
    /// `None` without the library, or without a GPU that counts.
    pub(super) fn find() -> Option<Self> {
        let nvml = Nvml::init().ok()?;
        let count = nvml.device_count().ok()?;
        let counters: Vec<(u32, u64)> =
            (0..count).filter_map(|index| Some((index, reading(&nvml, index)?))).collect();
        (!counters.is_empty()).then_some(Self { nvml, counters })
    }

    /// Joules of all of them since the last reading, by all processes; `None` when one of them does not
    /// answer any more.
    pub(super) fn lap(&mut self) -> Option<f64> {
        let mut millijoules = 0;
        for (index, last) in &mut self.counters {
            let now = reading(&self.nvml, *index)?;
            // A driver that was loaded anew starts from zero.
            millijoules += now.checked_sub(*last).unwrap_or(now);
            *last = now;
        }
        Some(millijoules as f64 * 1e-3)
    }
}

fn reading(nvml: &Nvml, index: u32) -> Option<u64> {
    nvml.device_by_index(index).ok()?.total_energy_consumption().ok()
}

//! The energy bill: joules measured where processor and GPU tell them, otherwise estimated from CPU
//! time, and always declared as the one or the other.
//!
//! Processors of Intel and AMD tell by RAPL, which Linux shows below `/sys/class/powercap`; since 2020 only
//! root may read it. `chmod a+r /sys/class/powercap/intel-rapl*/energy_uj
//! /sys/class/powercap/intel-rapl*/intel-rapl*/energy_uj` allows everybody until the next start, a rule
//! for udev or tmpfiles.d with the same effect for good. (The counters are fine enough to
//! betray secrets of other programs, which is why they are closed: CVE-2020-8694.) NVIDIA's GPUs tell by
//! NVML to everybody. Both count all processes of the machine, idle cores included.

mod gpu;

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use druse_fitness::cpu;
use serde::{Deserialize, Serialize};

use gpu::Gpus;

/// Watts assumed for one busy core where nothing is measured: a server package of 200-280 W over
/// 64 cores with memory and losses gives 4-6 W, a laptop core 8-15 W; 10 W lies between.
pub const ASSUMED_WATTS_PER_CORE: f64 = 10.0;

/// Joules of a kilowatt hour.
pub const JOULES_PER_KWH: f64 = 3.6e6;

/// Grams of CO2 equivalent per kWh: the mean of the world's electricity in 2024 (Ember, Global
/// Electricity Review 2025). A campaign may state another one.
pub const WORLD_GRAMS_PER_KWH: f64 = 473.0;

/// How a number of joules was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Basis {
    /// Read from the processor's energy counters (RAPL): whole packages and their memory, all processes.
    Measured,
    /// CPU seconds of this process and of the programs it ran, times [`ASSUMED_WATTS_PER_CORE`].
    Estimated,
    /// As [`Self::Measured`], and GPUs read from theirs (NVML).
    MeasuredWithGpu,
    /// The processor as [`Self::Estimated`], and GPUs read from their energy counters (NVML).
    EstimatedWithGpu,
}

impl Basis {
    const ALL: [Self; 4] = [Self::Measured, Self::Estimated, Self::MeasuredWithGpu, Self::EstimatedWithGpu];

    fn of(processor_measured: bool, gpu_measured: bool) -> Self {
        match (processor_measured, gpu_measured) {
            (true, false) => Self::Measured,
            (false, false) => Self::Estimated,
            (true, true) => Self::MeasuredWithGpu,
            (false, true) => Self::EstimatedWithGpu,
        }
    }

    /// Name as stored.
    pub fn name(self) -> &'static str {
        match self {
            Self::Measured => "measured",
            Self::Estimated => "estimated",
            Self::MeasuredWithGpu => "measured_with_gpu",
            Self::EstimatedWithGpu => "estimated_with_gpu",
        }
    }

    /// The basis with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|basis| basis.name() == name)
    }

    /// Whether the processor's share was read from its counters.
    pub fn processor_is_measured(self) -> bool {
        matches!(self, Self::Measured | Self::MeasuredWithGpu)
    }

    /// Whether a share of GPUs is in it, read from their counters.
    pub fn gpu_is_measured(self) -> bool {
        matches!(self, Self::MeasuredWithGpu | Self::EstimatedWithGpu)
    }

    /// Basis of the sum of two numbers: measured only where both are.
    pub fn and(self, other: Self) -> Self {
        Self::of(
            self.processor_is_measured() && other.processor_is_measured(),
            self.gpu_is_measured() || other.gpu_is_measured(),
        )
    }

    /// What was measured and what was estimated, with the assumptions.
    pub fn words(self) -> String {
        let processor = if self.processor_is_measured() {
            "measured by the processor, all processes".to_owned()
        } else {
            format!("estimate: CPU time x {ASSUMED_WATTS_PER_CORE} W")
        };
        match self.gpu_is_measured() {
            true => format!("processor: {processor}; GPU: measured by NVML, all processes"),
            false => processor,
        }
    }
}

/// Energy used over a time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Energy {
    /// Joules.
    pub joules: f64,
    /// How they were found.
    pub basis: Basis,
}

impl Energy {
    /// With the CPU seconds of other processes, whose energy is estimated: counters of a machine that
    /// several workers share would be counted by each of them.
    pub(crate) fn and_cpu_seconds(self, seconds: f64) -> Self {
        match seconds > 0.0 {
            true => Self {
                joules: self.joules + seconds * ASSUMED_WATTS_PER_CORE,
                basis: self.basis.and(Basis::Estimated),
            },
            false => self,
        }
    }
}

impl fmt::Display for Energy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2} Wh ({})", self.joules / 3600.0, self.basis.words())
    }
}

/// Reads the energy used since the last reading.
pub struct Meter {
    counters: Vec<Counter>,
    gpus: Option<Gpus>,
    cpu: Duration,
}

struct Counter {
    path: PathBuf,
    range: u64,
    last: u64,
}

impl Meter {
    /// Starts to count.
    pub fn start() -> Self {
        Self { counters: counters(Path::new("/sys/class/powercap")), gpus: Gpus::find(), cpu: cpu_time() }
    }

    /// Energy since the start or the last call.
    pub fn lap(&mut self) -> Energy {
        let now = cpu_time();
        let cpu = now.saturating_sub(self.cpu).as_secs_f64();
        self.cpu = now;
        let mut microjoules = 0;
        for counter in &mut self.counters {
            let Some(value) = number(&counter.path) else {
                self.counters.clear();
                break;
            };
            // The counters wrap around.
            microjoules += if value >= counter.last {
                value - counter.last
            } else {
                value + counter.range.saturating_sub(counter.last)
            };
            counter.last = value;
        }
        let gpu = self.gpus.as_mut().and_then(Gpus::lap);
        if gpu.is_none() {
            self.gpus = None;
        }
        let measured = !self.counters.is_empty();
        let processor = if measured { microjoules as f64 * 1e-6 } else { cpu * ASSUMED_WATTS_PER_CORE };
        Energy { joules: processor + gpu.unwrap_or(0.0), basis: Basis::of(measured, gpu.is_some()) }
    }
}

/// Counters of whole packages (`intel-rapl:0` on processors of Intel and AMD) and of their memory, which
/// the package's leaves out. Not those of cores, which the package's holds, nor of the whole platform
/// (`psys`), nor the second way to read the same package (`intel-rapl-mmio:0`).
fn counters(folder: &Path) -> Vec<Counter> {
    let zones = |folder: &Path, wanted: fn(&str) -> bool| -> Vec<PathBuf> {
        let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
        let mut zones: Vec<PathBuf> = entries
            .flatten()
            .filter(|entry| entry.file_name().to_string_lossy().starts_with("intel-rapl:"))
            .map(|entry| entry.path())
            .filter(|zone| fs::read_to_string(zone.join("name")).is_ok_and(|name| wanted(name.trim())))
            .collect();
        zones.sort();
        zones
    };
    let packages = zones(folder, |name| name.starts_with("package"));
    let memory = packages.iter().flat_map(|package| zones(package, |name| name == "dram"));
    let all: Vec<PathBuf> = packages.iter().cloned().chain(memory).collect();
    let counter = |zone: &PathBuf| {
        let path = zone.join("energy_uj");
        let range = number(&zone.join("max_energy_range_uj"))?;
        Some(Counter { last: number(&path)?, path, range })
    };
    // A part of the counters would be less than the whole without saying so.
    all.iter().map(counter).collect::<Option<_>>().unwrap_or_default()
}

fn number(path: &Path) -> Option<u64> {
    fs::read_to_string(path).ok()?.trim().parse().ok()
}

/// CPU time of this process and of the programs it ran, user and system; zero where the system does
/// not tell.
pub(crate) fn cpu_time() -> Duration {
    let own = cpu::process_seconds(std::process::id()).unwrap_or(0.0);
    Duration::from_secs_f64((own + cpu::running_seconds()).max(0.0))
}

/// CPU seconds of this thread and of the programs that it ran.
pub fn thread_cpu_seconds() -> f64 {
    cpu::thread_seconds()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meter(folder: &Path) -> Meter {
        Meter { counters: counters(folder), gpus: None, cpu: cpu_time() }
    }

    fn zone(path: &Path, name: &str, value: &str) {
        fs::create_dir(path).unwrap();
        for (file, text) in [("name", name), ("energy_uj", value), ("max_energy_range_uj", "1000")] {
            fs::write(path.join(file), text).unwrap();
        }
    }

    #[test]
    fn packages_and_memory_count_once_and_wrap_around() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        zone(&at("intel-rapl:0"), "package-0\n", "900");
        zone(&at("intel-rapl:0/intel-rapl:0:0"), "core\n", "5");
        zone(&at("intel-rapl:0/intel-rapl:0:1"), "dram\n", "10");
        zone(&at("intel-rapl:1"), "psys\n", "7");
        zone(&at("intel-rapl-mmio:0"), "package-0\n", "900");
        let mut meter = meter(folder.path());
        assert_eq!(meter.counters.len(), 2);
        fs::write(at("intel-rapl:0/energy_uj"), "150").unwrap();
        fs::write(at("intel-rapl:0/intel-rapl:0:1/energy_uj"), "30").unwrap();
        let energy = meter.lap();
        assert_eq!(energy.basis, Basis::Measured);
        assert!((energy.joules - 270e-6).abs() < 1e-12);
        // A counter that is closed: then nothing is measured rather than a part.
        fs::remove_file(at("intel-rapl:0/intel-rapl:0:1/energy_uj")).unwrap();
        assert_eq!(meter.lap().basis, Basis::Estimated);
        assert!(counters(folder.path()).is_empty());
    }

    #[test]
    fn without_counters_the_estimate_follows_cpu_time() {
        let mut meter = meter(Path::new("/no/such/folder"));
        let mut x = 1.0_f64;
        let start = cpu_time();
        while cpu_time() - start < Duration::from_millis(50) {
            x = (x * 1.000_1).sqrt() + 1.0;
        }
        assert!(x > 0.0);
        let energy = meter.lap();
        assert_eq!(energy.basis, Basis::Estimated);
        assert!(energy.joules >= 0.05 * ASSUMED_WATTS_PER_CORE);
    }

    #[test]
    fn a_sum_is_measured_where_all_of_it_was() {
        for basis in Basis::ALL {
            assert_eq!(Basis::from_name(basis.name()), Some(basis));
            assert_eq!(basis.and(basis), basis);
        }
        assert_eq!(Basis::Measured.and(Basis::Estimated), Basis::Estimated);
        assert_eq!(Basis::MeasuredWithGpu.and(Basis::Estimated), Basis::EstimatedWithGpu);
        let energy = Energy { joules: 3600.0, basis: Basis::EstimatedWithGpu };
        let words = "1.00 Wh (processor: estimate: CPU time x 10 W; GPU: measured by NVML, all processes)";
        assert_eq!(energy.to_string(), words);
    }
}

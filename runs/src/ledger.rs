//! The energy bill: joules measured where the processor tells them, otherwise estimated from CPU
//! time, and always declared as the one or the other.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

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
pub enum Basis {
    /// Read from the processor's energy counters (RAPL): whole packages, all processes.
    Measured,
    /// CPU seconds of this process and of the programs it ran, times [`ASSUMED_WATTS_PER_CORE`].
    Estimated,
}

impl Basis {
    /// Name as stored.
    pub fn name(self) -> &'static str {
        match self {
            Self::Measured => "measured",
            Self::Estimated => "estimated",
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

impl fmt::Display for Energy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let watt_hours = self.joules / 3600.0;
        match self.basis {
            Basis::Measured => write!(f, "{watt_hours:.2} Wh (measured by the processor, all processes)"),
            Basis::Estimated => {
                write!(f, "{watt_hours:.2} Wh (estimate: CPU time x {ASSUMED_WATTS_PER_CORE} W)")
            }
        }
    }
}

/// Reads the energy used since the last reading.
pub struct Meter {
    counters: Vec<Counter>,
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
        Self { counters: counters(Path::new("/sys/class/powercap")), cpu: cpu_time() }
    }

    /// Energy since the start or the last call.
    pub fn lap(&mut self) -> Energy {
        let now = cpu_time();
        let cpu = now.saturating_sub(self.cpu);
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
        if self.counters.is_empty() {
            Energy { joules: cpu.as_secs_f64() * ASSUMED_WATTS_PER_CORE, basis: Basis::Estimated }
        } else {
            Energy { joules: microjoules as f64 * 1e-6, basis: Basis::Measured }
        }
    }
}

/// Counters of whole packages (`intel-rapl:0`), not of their parts (`intel-rapl:0:1`).
fn counters(folder: &Path) -> Vec<Counter> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut counters: Vec<Counter> = entries
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().matches(':').count() == 1)
        .filter_map(|entry| {
            let path = entry.path().join("energy_uj");
            let range = number(&entry.path().join("max_energy_range_uj"))?;
            Some(Counter { last: number(&path)?, path, range })
        })
        .collect();
    counters.sort_by(|x, y| x.path.cmp(&y.path));
    counters
}

fn number(path: &Path) -> Option<u64> {
    fs::read_to_string(path).ok()?.trim().parse().ok()
}

/// CPU time of this process and of the programs it ran, user and system; zero where the system does
/// not tell.
fn cpu_time() -> Duration {
    /// `sysconf(_SC_CLK_TCK)` on every Linux that Rust supports.
    const TICKS_PER_SECOND: f64 = 100.0;
    let Ok(text) = fs::read_to_string("/proc/self/stat") else { return Duration::ZERO };
    // The second field, the program's name in brackets, may hold spaces.
    let after_name = text.rsplit(')').next().unwrap_or_default();
    let ticks: f64 =
        after_name.split_whitespace().skip(11).take(4).filter_map(|field| field.parse::<f64>().ok()).sum();
    Duration::from_secs_f64(ticks / TICKS_PER_SECOND)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn package_counters_wrap_around() {
        let folder = tempfile::tempdir().unwrap();
        for (name, value) in [("intel-rapl:0", "900"), ("intel-rapl:0:0", "5")] {
            let path = folder.path().join(name);
            fs::create_dir(&path).unwrap();
            fs::write(path.join("energy_uj"), value).unwrap();
            fs::write(path.join("max_energy_range_uj"), "1000").unwrap();
        }
        let mut meter = Meter { counters: counters(folder.path()), cpu: Duration::ZERO };
        assert_eq!(meter.counters.len(), 1);
        fs::write(folder.path().join("intel-rapl:0/energy_uj"), "150").unwrap();
        let energy = meter.lap();
        assert_eq!(energy.basis, Basis::Measured);
        assert!((energy.joules - 250e-6).abs() < 1e-12);
    }

    #[test]
    fn without_counters_the_estimate_follows_cpu_time() {
        let mut meter = Meter { counters: Vec::new(), cpu: cpu_time() };
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
}

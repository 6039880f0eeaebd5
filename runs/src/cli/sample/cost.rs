//! What it takes to draw samples.

use std::time::Instant;

use crate::ledger::{Energy, Meter};
use serde_json::{Value, json};

use super::Origin;

/// What sampling costs.
pub(super) struct Cost {
    start: Instant,
    meter: Meter,
    seconds: f64,
    energy: Option<Energy>,
}

impl Cost {
    /// Begins to count.
    pub(super) fn start() -> Self {
        Self { start: Instant::now(), meter: Meter::start(), seconds: 0.0, energy: None }
    }

    /// Ends counting.
    pub(super) fn stop(&mut self) {
        (self.seconds, self.energy) = (self.start.elapsed().as_secs_f64(), Some(self.meter.lap()));
    }

    /// Per second and joules each.
    fn each(&self, count: usize) -> (f64, f64) {
        let joules = self.energy.as_ref().map_or(0.0, |energy| energy.joules);
        (count as f64 / self.seconds.max(1e-9), if count > 0 { joules / count as f64 } else { 0.0 })
    }

    /// The cost of `count` samples in words.
    pub(super) fn words(&self, count: usize) -> String {
        let (per_second, joules) = self.each(count);
        let basis = self.energy.as_ref().map_or_else(String::new, |energy| energy.basis.words());
        format!("{:.1} s, {per_second:.1} per second, {joules:.2} J each ({basis})", self.seconds)
    }

    /// A report with what it cost to make `count` samples.
    pub(super) fn and(&self, mut told: Value, count: usize, origin: &Origin<'_>, kind: &str) -> Value {
        let (per_second, joules) = self.each(count);
        let cost = json!({
            "seconds": self.seconds,
            "per_second": per_second,
            "joules_each": joules,
            "joules_basis": self.energy.as_ref().map(|energy| energy.basis.name()),
            "seed": origin.seed,
            "model": origin.name,
            "kind": kind,
            "model_sha256": origin.sha256,
        });
        if let (Value::Object(told), Value::Object(cost)) = (&mut told, cost) {
            told.extend(cost);
        }
        told
    }
}

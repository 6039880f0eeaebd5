//! Steps of a campaign as columns: what was reached, and what it took so far.

use serde_json::{Value, json};

use crate::ledger::JOULES_PER_KWH;
use crate::report::numbers::{rounded, significant};
use crate::store::StepRow;

/// Evaluated candidates, size of the front, hypervolume, hours and kWh after each step; `volumes` take
/// the place of the campaign's own hypervolumes.
pub fn of(steps: &[StepRow], volumes: Option<&[Option<f64>]>) -> Value {
    let sums = |of: fn(&StepRow) -> f64, scale: f64| -> Vec<Value> {
        let mut sum = 0.0;
        let mut add = |step| {
            sum += of(step);
            significant(sum / scale)
        };
        steps.iter().map(&mut add).collect()
    };
    let own: Vec<Option<f64>> = steps.iter().map(|step| step.hypervolume).collect();
    let volumes = volumes.unwrap_or(&own).iter();
    json!({
        "evaluated": steps.iter().map(|step| step.evaluated).collect::<Vec<_>>(),
        "front": steps.iter().map(|step| step.front).collect::<Vec<_>>(),
        "hypervolume": volumes.map(|volume| volume.map(|volume| rounded(volume, 6))).collect::<Vec<_>>(),
        "hours": sums(|step| step.seconds, 3600.0),
        "kwh": sums(|step| step.energy.joules, JOULES_PER_KWH),
    })
}

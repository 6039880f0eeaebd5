//! Measured values in the place of predictions: in the front, the violation of limits, the hypervolume
//! and in what the generator learns.
//!
//! The store keeps predictions and measurements apart. A measurement that is told while no engine runs
//! waits; the engine takes all of them over before its next step, in one transaction with the state of the
//! generator that learnt from them, so that a campaign that is stopped then goes on to the same end.

use std::collections::{BTreeMap, BTreeSet};

use druse_generators::Evaluated;
use druse_representations::Design;

use super::pipeline::{Limit, Pipeline};
use super::{EngineError, costs, restore_generator};
use crate::store::{CandidateRow, Measured, MeasurementRow, Status, Store, StoreError};

/// Measured values by candidate.
#[derive(Debug, Default)]
pub(crate) struct Measurements(BTreeMap<u64, Vec<MeasurementRow>>);

impl Measurements {
    /// Those that the campaign has taken over.
    pub(super) fn taken(store: &Store) -> Result<Self, StoreError> {
        Ok(Self::group(store.measurements()?.into_iter().filter(|row| row.step.is_some())))
    }

    /// All, also those that the campaign will take over before its next step.
    pub(crate) fn all(store: &Store) -> Result<Self, StoreError> {
        Ok(Self::group(store.measurements()?))
    }

    fn group(rows: impl IntoIterator<Item = MeasurementRow>) -> Self {
        let mut groups: BTreeMap<u64, Vec<MeasurementRow>> = BTreeMap::new();
        for row in rows {
            groups.entry(row.number).or_default().push(row);
        }
        Self(groups)
    }

    /// Puts the measured values of a candidate into its row and judges it by `limits` anew.
    pub(crate) fn put_into(&self, row: &mut CandidateRow, objectives: &[&str], limits: &[Limit]) {
        let Some(measured) = self.0.get(&row.number).filter(|_| row.status == Status::Evaluated) else {
            return;
        };
        for MeasurementRow { name, value, source, .. } in measured {
            let mut predicted = None;
            // An objective may be a property of the same name at the same time.
            if !objectives.contains(&name.as_str()) || row.properties.contains_key(name) {
                predicted = row.properties.insert(name.clone(), *value);
            }
            if objectives.contains(&name.as_str()) {
                predicted = row.objectives.insert(name.clone(), *value);
            }
            let source = source.clone();
            row.measured.insert(name.clone(), Measured { value: *value, predicted, source });
        }
        row.violation = Some(limits.iter().map(|l| l.violation(&row.properties, &row.objectives)).sum());
    }
}

/// Lets the generator learn from measured values that it does not know yet and records that. Returns
/// how many there were.
pub(super) fn take<D: Design>(pipeline: &mut Pipeline<D>, store: &mut Store) -> Result<usize, EngineError> {
    let all = store.measurements()?;
    let open: Vec<u64> = all.iter().filter(|row| row.step.is_none()).map(|row| row.number).collect();
    if open.is_empty() {
        return Ok(0);
    }
    restore_generator(pipeline, store)?;
    let measurements = Measurements::group(all);
    let mut corrected = Vec::new();
    for &number in &BTreeSet::from_iter(open.iter().copied()) {
        let Some(mut row) = store.candidate(number)? else { continue };
        measurements.put_into(&mut row, &pipeline.objective_names(), &pipeline.evaluation.limits);
        corrected.push(Evaluated {
            number: row.number,
            design: row.design()?,
            costs: Some(costs(pipeline, &row)),
            violation: row.violation.unwrap_or(0.0),
        });
    }
    pipeline.generator.learn(&corrected);
    let journal = pipeline.generator.journal();
    store.take_measurements(store.steps()?.len() as u64, &pipeline.generator.state(), &journal)?;
    Ok(open.len())
}

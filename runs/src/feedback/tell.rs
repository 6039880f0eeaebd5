//! Measured values for a campaign: checked as a whole, then stored as a whole.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Serialize;

use super::comparison::{Comparison, Comparisons};
use super::{FeedbackError, results};
use crate::campaign::{self, CampaignError};
use crate::engine::ObjectiveInfo;
use crate::plugins::Plugins;
use crate::store::{CandidateRow, MeasurementRow, Status, Store};

/// A measured value.
#[derive(Clone, Debug, PartialEq)]
pub struct Measurement {
    /// Candidate number.
    pub candidate: u64,
    /// Name of an objective of the campaign or of a property that its tiers write.
    pub name: String,
    /// Value.
    pub value: f64,
    /// Its unit, to be compared with the campaign's; `None` for nothing to compare.
    pub unit: Option<String>,
    /// Who measured it, in free words.
    pub source: String,
}

impl Measurement {
    /// A value in the campaign's unit.
    pub fn new(candidate: u64, name: impl Into<String>, value: f64, source: impl Into<String>) -> Self {
        Self { candidate, name: name.into(), value, unit: None, source: source.into() }
    }
}

/// What became of measured values.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Told {
    /// Values that are new.
    pub new: usize,
    /// Values that replaced others.
    pub replaced: usize,
    /// Values that were known already.
    pub known: usize,
    /// Candidates with a new value.
    pub candidates: usize,
    /// Predictions held against all that is measured now.
    pub comparisons: Vec<Comparison>,
}

/// A measured value and where it stands.
pub(super) struct Entry {
    pub(super) place: String,
    pub(super) measurement: Measurement,
}

/// Names and units that the campaign knows.
pub(super) struct Known {
    objectives: Vec<ObjectiveInfo>,
    properties: BTreeSet<String>,
    /// Numbers, ascending, with what became of them.
    candidates: Vec<(u64, Status)>,
}

impl Known {
    fn add(&mut self, row: &CandidateRow) {
        self.candidates.push((row.number, row.status));
        for name in row.properties.keys().filter(|name| !self.properties.contains(*name)).collect::<Vec<_>>()
        {
            self.properties.insert(name.clone());
        }
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.properties.contains(name) || self.objectives.iter().any(|objective| objective.name == name)
    }

    pub(super) fn check_name(&self, name: &str) -> Result<(), String> {
        if self.has(name) {
            return Ok(());
        }
        let objectives: Vec<&str> = self.objectives.iter().map(|objective| objective.name.as_str()).collect();
        let properties: Vec<&str> = self.properties.iter().map(String::as_str).collect();
        let or = if properties.is_empty() { String::new() } else { format!("; {}", properties.join(", ")) };
        Err(format!(
            "found the name '{name}', expected an objective or a property of the campaign: {}{or}",
            objectives.join(", ")
        ))
    }

    pub(super) fn check_unit(&self, name: &str, unit: Option<&str>) -> Result<(), String> {
        let objective = self.objectives.iter().find(|objective| objective.name == name);
        match (unit, objective) {
            (Some(unit), Some(objective)) if unit != objective.unit => {
                Err(format!("{name}: found the unit '{unit}', expected '{}'", objective.unit))
            }
            (Some(unit), None) => Err(format!(
                "{name}: found the unit '{unit}', expected none: the store knows the units of objectives only"
            )),
            _ => Ok(()),
        }
    }
}

/// Gives measured values to the campaign in `directory`, which may name these plug-ins. They take the place of predictions at once wherever it
/// is looked at, and before its next step where it learns. Either all are stored or none.
///
/// A value that differs from one told before is a mistake unless `replace` is set; then the last one counts.
///
/// # Errors
/// When an engine runs the campaign, and with every mistake in the values.
pub fn tell(
    directory: &Path,
    plugins: &Plugins,
    values: &[Measurement],
    replace: bool,
) -> Result<Told, FeedbackError> {
    let place = |(index, measurement): (usize, &Measurement)| Entry {
        place: format!("measurement {}", index + 1),
        measurement: measurement.clone(),
    };
    let entries = values.iter().enumerate().map(place).collect();
    store(directory, plugins, replace, |_| Ok((entries, Vec::new())))
}

/// The same with the values of a [table](super::results).
///
/// # Errors
/// As [`tell`], and when the file is no such table.
pub fn tell_file(
    directory: &Path,
    plugins: &Plugins,
    file: &Path,
    replace: bool,
) -> Result<Told, FeedbackError> {
    store(directory, plugins, replace, |known| results::read(file, known))
}

fn store(
    directory: &Path,
    plugins: &Plugins,
    replace: bool,
    entries: impl FnOnce(&Known) -> Result<(Vec<Entry>, Vec<String>), FeedbackError>,
) -> Result<Told, FeedbackError> {
    let mut store = Store::open(directory).map_err(CampaignError::from)?;
    let campaign = campaign::load(directory, plugins)?;
    let objectives = campaign::objectives(&store).map_err(CampaignError::from)?;
    let mut known = Known { objectives, properties: BTreeSet::new(), candidates: Vec::new() };
    store.for_each_candidate(|row| -> Result<(), CampaignError> {
        known.add(&row);
        Ok(())
    })?;
    let (entries, mut mistakes) = entries(&known)?;
    let before: BTreeMap<(u64, String), f64> = store
        .measurements()
        .map_err(CampaignError::from)?
        .into_iter()
        .map(|row| ((row.number, row.name), row.value))
        .collect();
    let mut told: BTreeMap<(u64, String), (f64, String)> = BTreeMap::new();
    for Entry { place, measurement } in entries {
        let mistake = check(&measurement, &known).err().or_else(|| {
            let key = (measurement.candidate, measurement.name.clone());
            let earlier = told.get(&key).map(|(value, _)| *value).or_else(|| before.get(&key).copied());
            earlier.filter(|&value| value != measurement.value && !replace).map(|value| {
                format!(
                    "{} of candidate {}: found {}, expected {value} as told before (--replace to replace it)",
                    measurement.name, measurement.candidate, measurement.value
                )
            })
        });
        match mistake {
            Some(mistake) => mistakes.push(format!("{place}: {mistake}")),
            None => {
                let Measurement { candidate, name, value, source, .. } = measurement;
                told.insert((candidate, name), (value, source));
            }
        }
    }
    if !mistakes.is_empty() {
        return Err(FeedbackError::Mistakes(mistakes));
    }
    let total = told.len();
    told.retain(|key, (value, _)| before.get(key) != Some(value));
    let replaced = told.keys().filter(|key| before.contains_key(key)).count();
    let candidates: BTreeSet<u64> = told.keys().map(|(number, _)| *number).collect();
    let values: Vec<MeasurementRow> = told
        .into_iter()
        .map(|((number, name), (value, source))| MeasurementRow { number, name, value, source, step: None })
        .collect();
    store.record_measurements(&values).map_err(CampaignError::from)?;
    let mut comparisons = Comparisons::default();
    campaign::for_each_candidate(&store, &campaign, |row| -> Result<(), CampaignError> {
        comparisons.add(&row);
        Ok(())
    })?;
    Ok(Told {
        new: values.len() - replaced,
        replaced,
        known: total - values.len(),
        candidates: candidates.len(),
        comparisons: comparisons.finish(&known.objectives),
    })
}

/// What is wrong with a value by itself.
fn check(measurement: &Measurement, known: &Known) -> Result<(), String> {
    let Measurement { candidate, name, value, unit, .. } = measurement;
    let found = known.candidates.binary_search_by_key(candidate, |(number, _)| *number);
    let (_, status) = found.map(|place| known.candidates[place]).map_err(|_| {
        let last = known.candidates.last();
        let last = last.map_or("there is none".to_owned(), |(number, _)| format!("0 to {number}"));
        format!("candidate: found {candidate}, expected the number of a candidate ({last})")
    })?;
    if status != Status::Evaluated {
        return Err(format!(
            "candidate: found {candidate}, which is {} (druse show DIR --candidate {candidate}), expected one \
             that is evaluated",
            status.name()
        ));
    }
    known.check_name(name)?;
    known.check_unit(name, unit.as_deref())?;
    if !value.is_finite() {
        return Err(format!("{name}: found {value}, expected a finite number"));
    }
    Ok(())
}

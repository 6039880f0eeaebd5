//! A campaign that was done again, held against the one of its bundle: number by number, without tolerance.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::Path;

use serde::Serialize;
use serde_json::Value;

use super::archive::{Checksums, Failed};
use super::{Bundle, BundleError, CANDIDATES, RESULTS, results};
use crate::config::Campaign;
use crate::store::{CandidateRow, Store};

/// Something that is not as it was where the campaign was run before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Change {
    /// What it is.
    pub what: String,
    /// As it is here.
    pub found: String,
    /// As it was.
    pub expected: String,
}

/// A field in which candidates differ.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct FieldChange {
    /// Name, such as `objectives.density`.
    pub field: String,
    /// Candidates that differ in it.
    pub candidates: u64,
    /// The first of them.
    pub first: u64,
    /// Largest difference between two numbers in it; `None` where something else than numbers differs.
    pub largest: Option<f64>,
}

/// The first field of the first candidate that differs: what comes after it may follow from it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct FirstChange {
    /// Candidate.
    pub candidate: u64,
    /// Step in which it was proposed.
    pub step: u64,
    /// Field.
    pub field: String,
    /// As it is now.
    pub found: Value,
    /// As it was.
    pub expected: Value,
}

/// What came out of doing a campaign again.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Report {
    /// Whether every candidate and every file of the results is the same.
    pub same: bool,
    /// What is not as it was where the campaign was run before.
    pub changes: Vec<Change>,
    /// Candidates of the bundle.
    pub candidates: u64,
    /// Candidates that are there again and differ.
    pub different: u64,
    /// Candidates that are not there again.
    pub missing: u64,
    /// Candidates that were not there before.
    pub extra: u64,
    /// Where it begins.
    pub first: Option<FirstChange>,
    /// By field.
    pub fields: Vec<FieldChange>,
    /// Files of the results.
    pub files: usize,
    /// Files that differ.
    pub different_files: Vec<String>,
}

/// Holds the campaign in a folder against the results of a bundle.
pub(super) fn compare(
    bundle: &mut Bundle,
    directory: &Path,
    campaign: &Campaign,
    changes: Vec<Change>,
) -> Result<Report, BundleError> {
    let mut sums = Checksums::default();
    results::write(directory, campaign, &mut sums).map_err(|error| match error {
        Failed::Input(error) => *error,
        Failed::Output(source) => BundleError::Write { path: directory.to_owned(), source },
    })?;
    let before: BTreeMap<&String, &String> =
        bundle.members.sums.iter().filter(|(name, _)| name.starts_with(RESULTS)).collect();
    let names = before.keys().copied().chain(sums.0.keys().filter(|name| !before.contains_key(name)));
    let different_files: Vec<String> =
        names.filter(|name| sums.0.get(*name) != before.get(name).copied()).cloned().collect();
    let files = before.len();
    let mut tally = Tally::default();
    candidates(bundle, &Store::read(directory)?, &mut tally)?;
    let Tally { candidates, different, missing, extra, first, fields } = tally;
    Ok(Report {
        same: different_files.is_empty() && different + missing + extra == 0,
        changes,
        candidates,
        different,
        missing,
        extra,
        first,
        fields: fields.into_values().collect(),
        files,
        different_files,
    })
}

#[derive(Default)]
struct Tally {
    candidates: u64,
    different: u64,
    missing: u64,
    extra: u64,
    first: Option<FirstChange>,
    fields: BTreeMap<String, FieldChange>,
}

/// Goes through both lists of candidates side by side; both are in order of number without gaps.
fn candidates(bundle: &mut Bundle, store: &Store, tally: &mut Tally) -> Result<(), BundleError> {
    let path = bundle.path().to_owned();
    let damaged = |line: u64, error: &dyn std::fmt::Display| BundleError::Damaged {
        path: path.clone(),
        reason: format!("{CANDIDATES}, line {line}: {error}"),
    };
    let mut lines = BufReader::new(bundle.members.member(CANDIDATES)?).lines();
    store.for_each_candidate(|row: CandidateRow| -> Result<(), BundleError> {
        let Some(line) = lines.next() else {
            tally.extra += 1;
            return Ok(());
        };
        tally.candidates += 1;
        let line = line.map_err(|error| damaged(tally.candidates, &error))?;
        let found = serde_json::to_string(&row).map_err(|error| damaged(tally.candidates, &error))?;
        if line != found {
            let expected = serde_json::from_str(&line).map_err(|error| damaged(tally.candidates, &error))?;
            let found = serde_json::from_str(&found).map_err(|error| damaged(tally.candidates, &error))?;
            tally.add((row.number, row.step), &found, &expected);
        }
        Ok(())
    })?;
    for line in lines {
        line.map_err(|error| damaged(tally.candidates, &error))?;
        tally.candidates += 1;
        tally.missing += 1;
    }
    Ok(())
}

impl Tally {
    fn add(&mut self, (candidate, step): (u64, u64), found: &Value, expected: &Value) {
        let fields = differences(found, expected);
        if fields.is_empty() {
            return;
        }
        self.different += 1;
        for (field, found, expected) in fields {
            let gap = gap(found, expected);
            let known = self.fields.entry(field.clone()).or_insert_with(|| FieldChange {
                field: field.clone(),
                candidates: 0,
                first: candidate,
                largest: Some(0.0),
            });
            known.candidates += 1;
            known.largest = known.largest.zip(gap).map(|(largest, gap)| largest.max(gap));
            self.first.get_or_insert_with(|| FirstChange {
                candidate,
                step,
                field,
                found: found.clone(),
                expected: expected.clone(),
            });
        }
    }
}

/// Fields of two candidates that differ; those of properties and objectives one by one.
fn differences<'a>(found: &'a Value, expected: &'a Value) -> Vec<(String, &'a Value, &'a Value)> {
    const NOTHING: &Value = &Value::Null;
    let mut fields = Vec::new();
    let (Some(one), Some(other)) = (found.as_object(), expected.as_object()) else { return fields };
    for name in one.keys().chain(other.keys().filter(|name| !one.contains_key(*name))) {
        let (found, expected) = (one.get(name).unwrap_or(NOTHING), other.get(name).unwrap_or(NOTHING));
        if found == expected {
            continue;
        }
        if ["properties", "objectives"].contains(&name.as_str()) {
            let inner = differences(found, expected).into_iter();
            fields.extend(inner.map(|(key, found, expected)| (format!("{name}.{key}"), found, expected)));
        } else {
            fields.push((name.clone(), found, expected));
        }
    }
    fields
}

/// Largest difference between the numbers of two values of the same shape; `None` when anything else differs.
fn gap(found: &Value, expected: &Value) -> Option<f64> {
    match (found, expected) {
        (Value::Number(one), Value::Number(other)) => Some((one.as_f64()? - other.as_f64()?).abs()),
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            let mut gaps = one.iter().zip(other).map(|(one, other)| gap(one, other));
            gaps.try_fold(0.0, |largest: f64, gap| Some(largest.max(gap?)))
        }
        (Value::Object(one), Value::Object(other)) if one.keys().eq(other.keys()) => {
            let mut gaps = one.values().zip(other.values()).map(|(one, other)| gap(one, other));
            gaps.try_fold(0.0, |largest: f64, gap| Some(largest.max(gap?)))
        }
        _ => (found == expected).then_some(0.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn differences_are_told_by_field_with_their_size() {
        let row = |density: f64, x: f64, status: &str| {
            json!({ "number": 3, "status": status, "objectives": { "density": density, "price": 2.0 },
                    "design": { "sites": [{ "frac": [0.0, x] }] } })
        };
        let mut tally = Tally::default();
        tally.add((3, 0), &row(1.0, 0.5, "evaluated"), &row(1.0, 0.5, "evaluated"));
        assert_eq!(tally.different, 0);
        tally.add((4, 1), &row(1.5, 0.25, "evaluated"), &row(1.0, 0.5, "evaluated"));
        tally.add((5, 1), &row(3.0, 0.5, "rejected"), &row(1.0, 0.5, "evaluated"));
        let told: Vec<(&str, u64, u64, Option<f64>)> = tally
            .fields
            .values()
            .map(|field| (field.field.as_str(), field.candidates, field.first, field.largest))
            .collect();
        assert_eq!(
            told,
            [("design", 1, 4, Some(0.25)), ("objectives.density", 2, 4, Some(2.0)), ("status", 1, 5, None)]
        );
        let first = tally.first.unwrap();
        assert_eq!((first.candidate, first.step, first.field.as_str()), (4, 1, "objectives.density"));
        assert_eq!((first.found, first.expected), (json!(1.5), json!(1.0)));
    }

    #[test]
    fn what_is_there_only_once_differs() {
        let (one, other) =
            (json!({ "properties": { "a": 1.0 } }), json!({ "properties": {}, "violation": 0.0 }));
        let fields: Vec<String> = differences(&one, &other).into_iter().map(|(field, ..)| field).collect();
        assert_eq!(fields, ["properties.a", "violation"]);
        assert_eq!(gap(&json!(1.0), &json!(null)), None);
    }
}

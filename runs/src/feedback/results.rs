//! Tables of measured values.
//!
//! Two forms, told apart by their headings. Wide, one row for each candidate, empty cells for what is not
//! measured; a unit in the heading must be the campaign's:
//!
//! ```text
//! candidate,energy_above_hull (eV/atom),density,source
//! 17,0.031,,PBE
//! ```
//!
//! Long, one row for each value:
//!
//! ```text
//! candidate,name,value,source
//! 17,energy_above_hull,0.031,PBE
//! ```
//!
//! The column `source` is optional; columns `file`, `formula` and `note` and lines that start with `#` are
//! left alone.

use std::path::Path;

use csv::{ReaderBuilder, StringRecord, Trim};

use super::FeedbackError;
use super::tell::{Entry, Known, Measurement};

const CANDIDATE: &str = "candidate";
const SOURCE: &str = "source";
/// Columns that nothing is read from.
const LEFT_ALONE: [&str; 3] = ["file", "formula", "note"];

/// What a column holds.
enum Column {
    Candidate,
    Source,
    /// Values of this name, in this unit.
    Values(String, Option<String>),
    Name,
    Value,
    Unit,
    LeftAlone,
}

/// The values in a file, and what is wrong with it, line by line.
pub(super) fn read(path: &Path, known: &Known) -> Result<(Vec<Entry>, Vec<String>), FeedbackError> {
    let unreadable = |source| FeedbackError::Unreadable { path: path.to_owned(), source };
    let bytes = std::fs::read(path).map_err(unreadable)?;
    let mut reader = ReaderBuilder::new().trim(Trim::All).comment(Some(b'#')).from_reader(bytes.as_slice());
    let table =
        |error: csv::Error| FeedbackError::NoTable { path: path.to_owned(), reason: error.to_string() };
    let headings = reader.headers().map_err(table)?.clone();
    let columns = columns(&headings, known)
        .map_err(|reason| FeedbackError::NoTable { path: path.to_owned(), reason })?;
    let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let (mut entries, mut mistakes) = (Vec::new(), Vec::new());
    for record in reader.records() {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                mistakes.push(error.to_string());
                continue;
            }
        };
        let line = record.position().map_or(0, csv::Position::line);
        match row(&record, &columns, &file) {
            Ok(measurements) => {
                let place = format!("line {line}");
                entries.extend(
                    measurements.into_iter().map(|measurement| Entry { place: place.clone(), measurement }),
                );
            }
            Err(mistake) => mistakes.push(format!("line {line}: {mistake}")),
        }
    }
    if entries.is_empty() && mistakes.is_empty() {
        mistakes.push("found no value, expected one or more".to_owned());
    }
    Ok((entries, mistakes))
}

fn columns(headings: &StringRecord, known: &Known) -> Result<Vec<Column>, String> {
    let has = |name: &str| headings.iter().any(|heading| heading == name);
    if !has(CANDIDATE) {
        let found: Vec<&str> = headings.iter().collect();
        return Err(format!("found the columns {}, expected one named candidate", found.join(", ")));
    }
    if let Some(twice) = headings
        .iter()
        .enumerate()
        .find_map(|(i, heading)| headings.iter().take(i).any(|earlier| earlier == heading).then_some(heading))
    {
        return Err(format!("found the column '{twice}' twice"));
    }
    let long = has("name") && has("value");
    let column = |heading: &str| match heading {
        CANDIDATE => Column::Candidate,
        SOURCE => Column::Source,
        "name" if long => Column::Name,
        "value" if long => Column::Value,
        "unit" if long => Column::Unit,
        heading if LEFT_ALONE.contains(&heading) || long => Column::LeftAlone,
        heading => {
            let split = heading.strip_suffix(')').and_then(|heading| heading.rsplit_once(" ("));
            match split.filter(|_| !known.has(heading)) {
                Some((name, unit)) => Column::Values(name.to_owned(), Some(unit.to_owned())),
                None => Column::Values(heading.to_owned(), None),
            }
        }
    };
    let columns: Vec<Column> = headings.iter().map(column).collect();
    for column in &columns {
        if let Column::Values(name, unit) = column {
            known.check_name(name)?;
            known.check_unit(name, unit.as_deref())?;
        }
    }
    Ok(columns)
}

fn row(record: &StringRecord, columns: &[Column], file: &str) -> Result<Vec<Measurement>, String> {
    let cells = || columns.iter().zip(record.iter());
    let cell = |wanted: fn(&Column) -> bool| {
        cells().find(|(column, _)| wanted(column)).map(|(_, cell)| cell).filter(|cell| !cell.is_empty())
    };
    let candidate = cell(|column| matches!(column, Column::Candidate)).unwrap_or_default();
    let candidate: u64 = candidate
        .parse()
        .map_err(|_| format!("candidate: found '{candidate}', expected the number of a candidate"))?;
    let source = cell(|column| matches!(column, Column::Source)).unwrap_or(file).to_owned();
    let unit = cell(|column| matches!(column, Column::Unit)).map(str::to_owned);
    let name = cell(|column| matches!(column, Column::Name)).unwrap_or_default();
    let measurement = |name: &str, unit: &Option<String>, text: &str| match text.parse::<f64>() {
        Ok(value) => Ok(Measurement {
            candidate,
            name: name.to_owned(),
            value,
            unit: unit.clone(),
            source: source.clone(),
        }),
        Err(_) => Err(format!("{name}: found '{text}', expected a number")),
    };
    let mut measurements = Vec::new();
    for (column, text) in cells() {
        match column {
            Column::Values(name, unit) if !text.is_empty() => {
                measurements.push(measurement(name, unit, text)?);
            }
            Column::Value => measurements.push(measurement(name, &unit, text)?),
            _ => {}
        }
    }
    Ok(measurements)
}

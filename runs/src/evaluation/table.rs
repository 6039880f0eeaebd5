//! Evaluations of several sets in one table, one row for each set.

use super::{Evaluation, Metric, StampError};

/// A column: a figure of the evaluations and how it is shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// Header in one line.
    pub title: String,
    /// Name of the figure.
    pub metric: String,
    /// Whether it is a share that is shown in %.
    pub percent: bool,
    /// Decimals.
    pub decimals: usize,
}

impl Column {
    /// A share in %.
    pub fn percent(title: &str, metric: impl Into<String>) -> Self {
        Self { title: title.to_owned(), metric: metric.into(), percent: true, decimals: 1 }
    }

    /// A number.
    pub fn number(title: &str, metric: impl Into<String>, decimals: usize) -> Self {
        Self { title: title.to_owned(), metric: metric.into(), percent: false, decimals }
    }

    /// The title in short lines below each other, broken at spaces and hyphens.
    pub fn header(&self) -> String {
        const WIDTH: usize = 10;
        let mut lines: Vec<String> = Vec::new();
        for word in self.title.split(' ') {
            for (number, part) in word.split_inclusive('-').enumerate() {
                let gap = usize::from(number == 0);
                match lines.last_mut() {
                    Some(line) if line.chars().count() + gap + part.chars().count() <= WIDTH => {
                        line.push_str(if number == 0 { " " } else { "" });
                        line.push_str(part);
                    }
                    _ => lines.push(part.to_owned()),
                }
            }
        }
        lines.join("\n")
    }

    fn shown(&self, value: f64) -> String {
        let value = if self.percent { 100.0 * value } else { value };
        let text = format!("{value:.*}", self.decimals);
        // No negative zeros.
        if text.bytes().all(|byte| matches!(byte, b'-' | b'0' | b'.')) {
            return text.trim_start_matches('-').to_owned();
        }
        text
    }

    /// The value of a figure; `-` for none.
    pub fn value(&self, metric: Option<&Metric>) -> String {
        metric.and_then(|metric| metric.value).map_or_else(|| "-".to_owned(), |value| self.shown(value))
    }

    /// The value with its interval, where it has one.
    pub fn with_interval(&self, metric: Option<&Metric>) -> String {
        let value = self.value(metric);
        match metric.and_then(|metric| metric.interval) {
            Some(interval) => {
                format!("{value} ({} to {})", self.shown(interval.low), self.shown(interval.high))
            }
            None => value,
        }
    }
}

/// Whether all evaluations may stand in one table.
///
/// # Errors
/// When the stamp of one differs from that of the first.
pub fn check_alike(evaluations: &[Evaluation]) -> Result<(), StampError> {
    let Some((first, others)) = evaluations.split_first() else { return Ok(()) };
    for other in others {
        let differences = first.stamp.differences(&other.stamp);
        if !differences.is_empty() {
            let (first, second) = (first.name.clone(), other.name.clone());
            return Err(StampError { first, second, differences });
        }
    }
    Ok(())
}

/// Columns that have a value in one of the evaluations.
pub fn filled(columns: Vec<Column>, evaluations: &[Evaluation]) -> Vec<Column> {
    let has_value = |column: &Column| {
        evaluations.iter().any(|one| one.metric(&column.metric).is_some_and(|metric| metric.value.is_some()))
    };
    columns.into_iter().filter(has_value).collect()
}

/// The cells below the headers: name and size of the set, then the columns.
pub fn cells(columns: &[Column], evaluations: &[Evaluation]) -> Vec<Vec<String>> {
    let row = |one: &Evaluation| {
        let values = columns.iter().map(|column| column.value(one.metric(&column.metric)));
        [one.name.clone(), one.structures.len().to_string()].into_iter().chain(values).collect()
    };
    evaluations.iter().map(row).collect()
}

/// A table in Markdown, shares and medians with their intervals.
pub fn markdown(columns: &[Column], evaluations: &[Evaluation]) -> String {
    let escaped = |text: &str| text.replace('|', "\\|");
    let headers = columns.iter().map(|column| {
        let unit = if column.percent { ", %" } else { "" };
        format!("{}{unit}", column.title)
    });
    let header: Vec<String> = ["set".to_owned(), "n".to_owned()].into_iter().chain(headers).collect();
    let mut text = format!("| {} |\n|---{}|\n", header.join(" | "), "|---:".repeat(header.len() - 1));
    for one in evaluations {
        let values = columns.iter().map(|column| column.with_interval(one.metric(&column.metric)));
        let cells: Vec<String> =
            [escaped(&one.name), one.structures.len().to_string()].into_iter().chain(values).collect();
        text.push_str(&format!("| {} |\n", cells.join(" | ")));
    }
    text
}

/// All figures of all sets as CSV, one line for each: set, metric, value, low, high, numerator,
/// denominator, unit.
///
/// # Errors
/// When the text cannot be written, which memory never refuses.
pub fn figures_csv(evaluations: &[Evaluation]) -> Result<Vec<u8>, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(["set", "metric", "value", "low", "high", "numerator", "denominator", "unit"])?;
    let text = |value: Option<f64>| value.map(|value| value.to_string()).unwrap_or_default();
    for one in evaluations {
        for metric in &one.metrics {
            let interval = |end: fn(&druse_validation::metrics::Interval) -> f64| {
                text(metric.interval.as_ref().map(end))
            };
            writer.write_record([
                &one.name,
                &metric.name,
                &text(metric.value),
                &interval(|interval| interval.low),
                &interval(|interval| interval.high),
                &metric.numerator.map(|count| count.to_string()).unwrap_or_default(),
                &metric.denominator.to_string(),
                &metric.unit,
            ])?;
        }
    }
    writer.into_inner().map_err(|error| error.into_error().into())
}

/// All structures of all sets as CSV, one line for each.
///
/// # Errors
/// As [`figures_csv`].
pub fn structures_csv(evaluations: &[Evaluation]) -> Result<Vec<u8>, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let mut header: Vec<&str> = Vec::new();
    for key in evaluations.iter().flat_map(|one| one.structures.first()).flat_map(|row| row.keys()) {
        if !header.contains(&key.as_str()) {
            header.push(key);
        }
    }
    writer.write_record(std::iter::once("set").chain(header.iter().copied()))?;
    for one in evaluations {
        for row in &one.structures {
            let cell = |key: &&str| match row.get(*key) {
                None | Some(serde_json::Value::Null) => String::new(),
                Some(serde_json::Value::String(text)) => text.clone(),
                Some(other) => other.to_string(),
            };
            let cells = header.iter().map(cell);
            writer.write_record(std::iter::once(one.name.clone()).chain(cells))?;
        }
    }
    writer.into_inner().map_err(|error| error.into_error().into())
}

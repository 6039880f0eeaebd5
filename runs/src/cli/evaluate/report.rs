//! What all protocols on sets of structures write.

use std::path::Path;

use serde_json::json;

use super::super::Global;
use super::super::failure::Failure;
use super::super::output;
use super::super::table::{table, wrapped};
use super::SetArguments;
use crate::evaluation::table::{Column, cells, check_alike, figures_csv, filled, markdown, structures_csv};
use crate::evaluation::{Evaluation, FORMAT};

/// Width of the lines below a table.
const WIDTH: usize = 100;

/// Refuses what could only fail after hours.
pub fn check(arguments: &SetArguments) -> Result<(), Failure> {
    match &arguments.table {
        Some(path) if ending(path) != "md" && ending(path) != "csv" => Err(Failure::input(format!(
            "--table: found the file name '{}', expected one that ends in .md or .csv",
            path.display()
        ))),
        _ => Ok(()),
    }
}

fn ending(path: &Path) -> String {
    path.extension().and_then(|ending| ending.to_str()).unwrap_or_default().to_lowercase()
}

/// Prints the table and writes evaluations everywhere that was asked for.
pub fn write(
    evaluations: &[Evaluation],
    columns: Vec<Column>,
    arguments: &SetArguments,
    global: &Global,
) -> Result<(), Failure> {
    let columns = filled(columns, evaluations);
    write_files(evaluations, columns.clone(), arguments, global)?;
    if !global.json_on_stdout() {
        output::print(&text(&columns, evaluations))?;
    }
    Ok(())
}

/// Writes evaluations everywhere that was asked for; `columns` make the table.
pub fn write_files(
    evaluations: &[Evaluation],
    columns: Vec<Column>,
    arguments: &SetArguments,
    global: &Global,
) -> Result<(), Failure> {
    if let Err(error) = check_alike(evaluations) {
        if !arguments.force {
            return Err(Failure::input(error));
        }
        global.note(&format!(
            "put together by --force though evaluated unlike each other ('{}' and '{}'):\n{}",
            error.first,
            error.second,
            error.differences.join("\n")
        ));
    }
    let csv = |error: csv::Error| Failure::other(format!("cannot write CSV: {error}"));
    if let Some(path) = &arguments.csv {
        output::write_file(path, &structures_csv(evaluations).map_err(csv)?)?;
    }
    if let Some(path) = &arguments.table {
        let bytes = match ending(path).as_str() {
            "md" => markdown(&columns, evaluations).into_bytes(),
            _ => figures_csv(evaluations).map_err(csv)?,
        };
        output::write_file(path, &bytes)?;
    }
    global.write_json(&json!({ "format": FORMAT, "evaluations": evaluations }))
}

/// Columns that fit beside each other, in order.
fn parts<'a>(columns: &'a [Column], evaluations: &[Evaluation]) -> Vec<&'a [Column]> {
    let fits =
        |part: &[Column]| table_of(part, evaluations).lines().all(|line| line.chars().count() <= WIDTH);
    let mut parts = Vec::new();
    let mut rest = columns;
    while !rest.is_empty() {
        let count = (1..=rest.len()).rev().find(|&count| fits(&rest[..count])).unwrap_or(1);
        let (part, others) = rest.split_at(count);
        parts.push(part);
        rest = others;
    }
    parts
}

fn table_of(columns: &[Column], evaluations: &[Evaluation]) -> String {
    let titles: Vec<String> = columns.iter().map(Column::header).collect();
    let header: Vec<&str> = ["set", "n"].into_iter().chain(titles.iter().map(String::as_str)).collect();
    table(&header, &cells(columns, evaluations))
}

/// The table, the failures, and what the figures rest on.
pub fn text(columns: &[Column], evaluations: &[Evaluation]) -> String {
    let mut text = String::new();
    for part in parts(columns, evaluations) {
        text.push_str(&table_of(part, evaluations));
        text.push('\n');
    }
    if let [only] = evaluations {
        let rows: Vec<Vec<String>> = only
            .metrics
            .iter()
            .filter(|metric| metric.value.is_some())
            .map(|metric| {
                let percent = metric.unit == "share";
                let decimals = match metric.unit.as_str() {
                    "share" => 1,
                    "count" => 0,
                    _ => 4,
                };
                let column = Column { title: String::new(), metric: metric.name.clone(), percent, decimals };
                let unit = if percent { "%" } else { metric.unit.as_str() };
                vec![
                    metric.name.replace('_', " "),
                    column.value(Some(metric)),
                    unit.to_owned(),
                    column
                        .with_interval(Some(metric))
                        .split_once(' ')
                        .map_or("", |(_, ends)| ends)
                        .to_owned(),
                    metric.numerator.filter(|_| percent).map_or(String::new(), |count| count.to_string()),
                    metric.denominator.to_string(),
                ]
            })
            .collect();
        text.push_str(&table(&["figure", "value", "", "95 % interval", "count", "of"], &rows));
    }
    for one in evaluations.iter().filter(|one| !one.failures.is_empty()) {
        let failures: Vec<String> =
            one.failures.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
        text.push_str(&wrapped(&format!("\nfailed of {}: {}", one.name, failures.join(", ")), WIDTH));
    }
    if let Some(first) = evaluations.first() {
        text.push('\n');
        for (key, value) in first.stamp.parts() {
            text.push_str(&wrapped(&format!("{key}: {}", value.replace('\n', "; ")), WIDTH));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::evaluation::sun::columns;
    use crate::evaluation::{Metric, Stamp};
    use crate::validation::metrics::Share;
    use serde_json::Map;

    fn evaluation(name: &str, stable: usize) -> Evaluation {
        let share = |name: &str, count| Metric::share(name, Share { count, of: 200 });
        let mut stamp = Stamp::default();
        stamp.set("protocol", "sun 1");
        stamp.set("relaxation", "FIRE to 0.1 eV/Å");
        Evaluation {
            name: name.to_owned(),
            set: Map::new(),
            stamp,
            seed: 0,
            metrics: vec![
                share("valid", 190),
                share("stable_0.1", stable),
                share("sun_leak_safe_0.1", stable / 2),
                Metric::quantile("rmsd_median", "Å", &[0.1, 0.2, 0.4], 0, 0.5),
                Metric::count("formulas", 150, 200),
            ],
            failures: BTreeMap::from([("clash".to_owned(), 7)]),
            structures: vec![Map::new(); 200],
        }
    }

    #[test]
    fn the_table_of_two_sets() {
        let evaluations = [evaluation("DiffCSP", 120), evaluation("random crystals", 9)];
        insta::assert_snapshot!(text(&filled(columns(), &evaluations), &evaluations));
    }

    #[test]
    fn one_set_with_all_its_figures() {
        let evaluations = [evaluation("DiffCSP", 120)];
        insta::assert_snapshot!(text(&filled(columns(), &evaluations), &evaluations));
    }

    #[test]
    fn the_table_in_markdown() {
        let evaluations = [evaluation("a|b", 120), evaluation("random crystals", 9)];
        insta::assert_snapshot!(markdown(&filled(columns(), &evaluations), &evaluations));
    }
}

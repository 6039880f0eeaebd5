//! `druse data elements`

use std::path::PathBuf;

use crate::datasets::elements::{ElementTable, oxidation_states};
use crate::representations::Element;
use clap::Args;
use serde_json::{Map, Value, json};

use crate::cli::failure::Failure;
use crate::cli::table::{number, table};
use crate::cli::{Global, output};

#[derive(Args)]
pub struct Arguments {
    /// Symbols of the elements to show; all when absent
    elements: Vec<Element>,
    /// Also read columns from this CSV file (header `element,NAME,...`); may be repeated
    #[arg(long, value_name = "FILE")]
    csv: Vec<PathBuf>,
    /// Show these columns only
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    columns: Vec<String>,
}

pub fn run(arguments: &Arguments, global: &Global) -> Result<(), Failure> {
    let mut data = ElementTable::shipped().clone();
    for file in &arguments.csv {
        data = data.with_csv(file).map_err(Failure::input)?;
    }
    let known: Vec<&str> = data.columns().iter().map(|column| column.name.as_str()).collect();
    if let Some(unknown) = arguments.columns.iter().find(|name| !known.contains(&name.as_str())) {
        return Err(Failure::input(format!(
            "found column '{unknown}', expected one of {}",
            known.join(", ")
        )));
    }
    let wanted = |name: &str| arguments.columns.is_empty() || arguments.columns.iter().any(|c| c == name);
    let columns: Vec<_> = data.columns().iter().filter(|column| wanted(&column.name)).collect();
    let elements: Vec<Element> =
        if arguments.elements.is_empty() { Element::all().collect() } else { arguments.elements.clone() };
    if !global.json_on_stdout() {
        output::print(&describe(&data, &columns, &elements))?;
    }
    let results = elements.iter().map(|&element| {
        let mut object = Map::new();
        object.insert("id".into(), json!(element.symbol()));
        object.insert("atomic_number".into(), json!(element.atomic_number()));
        object.insert("oxidation_states".into(), json!(oxidation_states(element).common()));
        for column in &columns {
            object.insert(column.name.clone(), json!(data.get(&column.name, element)));
        }
        Value::Object(object)
    });
    global.write_json(&results.collect())
}

fn describe(
    data: &ElementTable,
    columns: &[&crate::datasets::elements::Column],
    elements: &[Element],
) -> String {
    // A table of all columns is wider than a terminal, so each column is one line of the table.
    let mut text = String::new();
    if elements.len() <= 8 {
        let mut header = vec!["column", "unit"];
        header.extend(elements.iter().map(|element| element.symbol()));
        let rows: Vec<Vec<String>> = columns
            .iter()
            .map(|column| {
                let values = elements.iter().map(|&e| data.get(&column.name, e));
                let cells = values.map(|v| v.map_or("-".to_owned(), |v| v.to_string()));
                [column.name.clone(), column.unit.clone()].into_iter().chain(cells).collect()
            })
            .collect();
        text.push_str(&table(&header, &rows));
    } else {
        let rows: Vec<Vec<String>> = columns
            .iter()
            .map(|column| {
                let known = elements.iter().filter(|&&e| data.get(&column.name, e).is_some()).count();
                vec![column.name.clone(), column.unit.clone(), number(Some(known as f64), 0)]
            })
            .collect();
        text.push_str(&table(&["column", "unit", "elements known"], &rows));
        text.push_str("\nName up to 8 elements to see their values, or take --json.\n");
    }
    text.push_str("\nSources\n");
    for column in columns {
        let year = &column.year;
        let year = if column.source.contains(year.as_str()) { String::new() } else { format!(" ({year})") };
        text.push_str(&format!("  {}: {}{year}\n", column.name, column.source));
    }
    text
}

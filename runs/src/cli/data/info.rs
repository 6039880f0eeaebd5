//! `druse data info`

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use crate::datasets::reference::ReferenceTable;
use crate::representations::{Composition, Element};
use clap::Args;
use serde_json::{Value, json};

use crate::cli::failure::Failure;
use crate::cli::reference;
use crate::cli::structures::Files;
use crate::cli::{Global, output};

#[derive(Args)]
pub struct Arguments {
    #[command(flatten)]
    files: Option<Files>,
    /// Tell about a table of reference energies instead: a file, or `shipped` (CHGNet's)
    #[arg(long, value_name = "FILE", conflicts_with = "files", required_unless_present = "files")]
    reference: Option<PathBuf>,
}

pub fn run(arguments: &Arguments, global: &Global) -> Result<(), Failure> {
    let facts = match (&arguments.reference, &arguments.files) {
        (Some(name), _) => table_facts(reference::open(name, "chgnet-0.3.0")?.get()),
        (None, Some(files)) => structure_facts(files)?,
        (None, None) => Vec::new(),
    };
    if !global.json_on_stdout() {
        let text: String = facts.iter().map(|(key, value)| format!("{key:<16} {}\n", plain(value))).collect();
        output::print(&text)?;
    }
    let object: serde_json::Map<String, Value> =
        facts.into_iter().map(|(key, value)| (key.replace(' ', "_"), value)).collect();
    global.write_json(&Value::Object(object))
}

type Facts = Vec<(&'static str, Value)>;

/// A fact on one line.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(" "),
        Value::Object(counts) => {
            counts.iter().map(|(key, n)| format!("{key} {}", plain(n))).collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    }
}

fn structure_facts(files: &Files) -> Result<Facts, Failure> {
    let inputs = files.read()?;
    let mut formulas = BTreeSet::new();
    let mut elements: BTreeSet<Element> = BTreeSet::new();
    let mut by_element_count: BTreeMap<String, usize> = BTreeMap::new();
    let mut sites = Vec::new();
    let mut failures = Vec::new();
    let mut disordered = 0;
    let mut properties: BTreeMap<String, usize> = BTreeMap::new();
    for input in &inputs {
        let record = match &input.record {
            Ok(record) => record,
            Err(error) => {
                failures.push((input.id.clone(), error.clone()));
                continue;
            }
        };
        let composition: Composition = record.crystal.composition();
        formulas.insert(composition.reduced_formula());
        elements.extend(composition.elements());
        *by_element_count.entry(composition.element_count().to_string()).or_default() += 1;
        sites.push(record.crystal.sites.len());
        disordered += usize::from(!record.crystal.is_ordered());
        for name in record.properties.keys() {
            *properties.entry(name.clone()).or_default() += 1;
        }
    }
    sites.sort_unstable();
    let quantile = |share: f64| sites.get((share * sites.len().saturating_sub(1) as f64).round() as usize);
    let mut facts = vec![
        ("structures", json!(sites.len())),
        ("formulas", json!(formulas.len())),
        ("disordered", json!(disordered)),
        ("sites", json!({ "min": quantile(0.0), "median": quantile(0.5), "max": quantile(1.0) })),
        ("by elements", json!(by_element_count)),
        ("elements", elements.iter().map(|element| json!(element)).collect()),
        ("properties", json!(properties)),
        ("failed", json!(failures.len())),
    ];
    for (id, error) in &failures {
        eprintln!("{id}: {error}");
    }
    let failures: Vec<Value> =
        failures.iter().map(|(id, error)| json!({ "id": id, "error": error })).collect();
    if sites.is_empty() {
        return Err(Failure::input(format!("all {} structures failed", inputs.len())));
    }
    if !failures.is_empty() {
        facts.push(("failures", Value::Array(failures)));
    }
    Ok(facts)
}

fn table_facts(table: &ReferenceTable) -> Facts {
    let header = table.header();
    let formulas: BTreeSet<&str> = table.rows().map(|row| row.formula).collect();
    vec![
        ("reference", json!(table.reference())),
        ("model", json!(header.model)),
        ("model hash", json!(header.model_hash)),
        ("quantity", json!(header.quantity())),
        ("protocol", json!(header.protocol)),
        ("source", json!(header.source)),
        ("licence", json!(header.licence)),
        ("date", json!(header.date)),
        ("sha256", json!(table.checksum())),
        ("rows", json!(table.len())),
        ("formulas", json!(formulas.len())),
    ]
}

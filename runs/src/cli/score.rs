//! `druse score`

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use druse::datasets::elements::ElementTable;
use druse::fitness::objectives::{crystal_objective_with, known};
use druse::fitness::{Goal, Objective, Properties};
use druse::representations::Crystal;
use serde_json::{Map, Value, json};

use super::Global;
use super::failure::Failure;
use super::results::{Outcome, Results, shown};
use super::structures::Files;

#[derive(Args)]
#[command(after_help = objectives_help())]
pub struct Arguments {
    #[command(flatten)]
    files: Files,
    /// Names of the objectives, separated by commas
    #[arg(long, value_name = "NAMES", value_delimiter = ',', required = true)]
    objectives: Vec<String>,
    /// Element data of your own: a CSV file (header `element,NAME,...`) whose columns replace or
    /// add to the shipped ones; an added column is an objective too
    #[arg(long, value_name = "FILE")]
    elements: Option<PathBuf>,
}

type CrystalObjective = Box<dyn Objective<Crystal>>;

pub fn run(arguments: &Arguments, global: &Global) -> Result<(), Failure> {
    let mut elements = ElementTable::shipped().clone();
    if let Some(file) = &arguments.elements {
        elements = elements.with_csv(file).map_err(Failure::input)?;
    }
    let elements = Arc::new(elements);
    let objectives: Vec<CrystalObjective> = arguments
        .objectives
        .iter()
        .map(|name| crystal_objective_with(name, &elements).map_err(Failure::input))
        .collect::<Result<_, _>>()?;
    let mut results = Results::default();
    for input in arguments.files.read()? {
        let outcome = input.record.and_then(|record| score(&record.crystal, &objectives));
        results.push(input.id, outcome);
    }
    let names: Vec<&str> = objectives.iter().map(|objective| objective.name()).collect();
    let header: Vec<&str> = ["formula"].iter().chain(&names).copied().collect();
    results.finish(global, &header, |values| {
        let formula = values["formula"].as_str().unwrap_or_default().to_owned();
        let cells = names.iter().map(|name| shown(values, name, 4));
        std::iter::once(formula).chain(cells).collect()
    })
}

/// The values of all objectives; those without a value are `null`, with the reason in `errors`.
fn score(crystal: &Crystal, objectives: &[CrystalObjective]) -> Outcome {
    let mut values = Map::new();
    let mut errors = Map::new();
    let mut units = Map::new();
    values.insert("formula".to_owned(), json!(crystal.composition().reduced_formula()));
    for objective in objectives {
        let name = objective.name().to_owned();
        units.insert(name.clone(), json!(objective.unit()));
        match objective.evaluate(crystal, &Properties::new()) {
            Ok(value) => values.insert(name, json!(value)),
            Err(error) => {
                errors.insert(name.clone(), json!(error.to_string()));
                values.insert(name, Value::Null)
            }
        };
    }
    if errors.len() == objectives.len() {
        let reasons: Vec<&str> = errors.values().filter_map(Value::as_str).collect();
        return Err(reasons.join("; "));
    }
    values.insert("units".to_owned(), units.into());
    if !errors.is_empty() {
        values.insert("errors".to_owned(), errors.into());
    }
    Ok(values)
}

fn objectives_help() -> String {
    let mut text = String::from("Objectives:\n");
    for objective in known() {
        let goal = match objective.goal {
            Goal::Minimise => "low".to_owned(),
            Goal::Maximise => "high".to_owned(),
            Goal::Target(value) => format!("near {value}"),
        };
        text.push_str(&format!(
            "  {} ({}, {goal} is good)\n      {}\n",
            objective.name, objective.unit, objective.description
        ));
    }
    text
}

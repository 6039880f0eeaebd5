//! `druse evaluate --protocol conditions`

use super::super::Global;
use super::super::failure::Failure;
use super::super::output;
use super::super::progress::Progress;
use super::super::table::table;
use super::{Arguments, report};
use crate::evaluation::conditions::{Conditions, ENERGY, Values, requested};
use crate::evaluation::table::{Column, cells};
use crate::evaluation::{Evaluation, SampleSet, Source};

pub fn run(sources: Vec<Source>, arguments: &Arguments, global: &Global) -> Result<(), Failure> {
    let sets: Vec<SampleSet> = sources
        .into_iter()
        .map(|source| match source {
            Source::Set(set) => Ok(*set),
            Source::Done(evaluation) => Err(Failure::input(format!(
                "--protocol conditions: found the evaluation '{}', expected structures",
                evaluation.name
            ))),
        })
        .collect::<Result<_, _>>()?;
    let properties = arguments.distributions.properties();
    let relaxer = properties
        .iter()
        .any(|name| name == ENERGY)
        .then(|| arguments.relaxing.relaxer(global))
        .transpose()?;
    let all: Vec<&SampleSet> = sets.iter().collect();
    let hull =
        relaxer.as_ref().map(|relaxer| arguments.relaxing.hull(&all, relaxer.potential())).transpose()?;
    let conditions = Conditions {
        properties: &properties,
        energies: relaxer.as_ref().zip(hull.as_ref()),
        symprec: arguments.sets.symprec,
        seed: arguments.seed(global),
    };
    let mut values: Vec<Values> = Vec::new();
    for set in &sets {
        let progress = Progress::start(global, "relaxations", set.members.len());
        values.push(conditions.values(set, &|| progress.step()).map_err(Failure::input)?);
        progress.finish();
    }
    let Some(unconditional) = sets.first().zip(values.first()) else { return Ok(()) };
    let evaluations: Vec<Evaluation> = sets
        .iter()
        .zip(&values)
        .map(|(set, values)| conditions.evaluate(set, values, unconditional))
        .collect();
    if !global.json_on_stdout() {
        for property in &properties {
            output::print(&format!("{property}\n{}\n", of_property(property, &evaluations)))?;
        }
    }
    let columns = properties.iter().flat_map(|property| Conditions::columns(property)).collect();
    report::write_files(&evaluations, columns, &arguments.sets, global)
}

/// The table of one property: what was requested, and what came.
fn of_property(property: &str, evaluations: &[Evaluation]) -> String {
    let columns = Conditions::columns(property);
    let titles: Vec<String> = columns.iter().map(Column::header).collect();
    let header: Vec<&str> =
        ["set", "requested", "n"].into_iter().chain(titles.iter().map(String::as_str)).collect();
    let rows: Vec<Vec<String>> = cells(&columns, evaluations)
        .into_iter()
        .zip(evaluations)
        .map(|(mut row, evaluation)| {
            row.insert(1, requested(evaluation));
            row
        })
        .collect();
    table(&header, &rows)
}

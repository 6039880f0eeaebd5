//! `druse evaluate --protocol tmc-pareto`: searches of complexes on a labelled space.

use std::path::PathBuf;

use crate::benchmark::{Band, Report, TruthTable, contestants, report, shipped};
use clap::Args;
use serde_json::json;

use super::super::Global;
use super::super::failure::Failure;
use super::super::output;
use super::super::table::table;

/// Settings of the searches.
#[derive(Args)]
#[command(next_help_heading = "Options of --protocol tmc-pareto")]
#[group(id = "tmc_pareto")]
pub struct Settings {
    /// Seeds for each search, 1 to this number
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    seeds: u64,
    /// Distinct evaluations for each search, as a share of the space
    #[arg(long, value_name = "X", default_value_t = 0.1)]
    share: f64,
    /// Members of the population
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u16).range(2..))]
    population: u16,
    /// Candidates that are evaluated before a search learns from them
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..))]
    generation: u16,
}

/// Version of the protocol: what is counted and how it is scaled.
const TMC_PARETO: &str = "tmc-pareto 1: objectives scaled to the values of the whole space (0 best, 1 worst), \
    reference point at the worst corner, hypervolume over that of the true front; failed complexes count as \
    evaluated; median and quartiles over seeds";

/// Compares all searches on the space of a file, or on one that comes with druse.
pub fn run(files: &[PathBuf], arguments: &Settings, global: &Global) -> Result<(), Failure> {
    let [file] = files else {
        return Err(Failure::input(format!(
            "--protocol tmc-pareto: found {} files, expected one space",
            files.len()
        )));
    };
    let truth = match file.exists() {
        true => TruthTable::read(file),
        false => shipped(&file.to_string_lossy()),
    }
    .map_err(Failure::input)?;
    if !(arguments.share > 0.0 && arguments.share <= 1.0) {
        return Err(Failure::input(format!(
            "--share: found {}, expected a number from 0 to 1",
            arguments.share
        )));
    }
    let evaluations = ((truth.len() as f64 * arguments.share).round() as usize).max(1);
    let reports: Vec<Report> = contestants(arguments.population.into())
        .iter()
        .map(|contestant| {
            report(&truth, contestant, arguments.seeds, evaluations, arguments.generation.into())
        })
        .collect::<Result<_, _>>()
        .map_err(Failure::input)?;
    if !global.json_on_stdout() {
        output::print(&text(&truth, &reports, arguments, evaluations))?;
    }
    let objectives: Vec<&str> = truth.objectives().iter().map(|objective| objective.name.as_str()).collect();
    global.write_json(&json!({
        "protocol": TMC_PARETO,
        "space": truth.name(),
        "complexes": truth.len(),
        "failed": truth.failed(),
        "true_front": truth.front().len(),
        "objectives": objectives,
        "truth": truth.protocol(),
        "seeds": arguments.seeds,
        "population": arguments.population,
        "generation": arguments.generation,
        "evaluations": evaluations,
        "searches": reports,
    }))
}

fn text(truth: &TruthTable, reports: &[Report], arguments: &Settings, evaluations: usize) -> String {
    let objectives: Vec<&str> = truth.objectives().iter().map(|objective| objective.name.as_str()).collect();
    let mut text = format!(
        "{}: {} complexes, {} of them failed; true Pareto front of {} in {}\n\n",
        truth.name(),
        truth.len(),
        truth.failed(),
        truth.front().len(),
        objectives.join(" and "),
    );
    let percent = |x: f64| format!("{:.1}", 100.0 * x);
    let band = |band: Band| format!("{} - {}", percent(band.low), percent(band.high));
    let rows: Vec<Vec<String>> = reports
        .iter()
        .map(|report| {
            let mut row = vec![report.name.to_owned(), percent(report.share.median), band(report.share)];
            row.extend(
                report
                    .evaluations_to
                    .values()
                    .map(|count| count.map_or("-".to_owned(), |n| format!("{n:.0}"))),
            );
            row
        })
        .collect();
    let to: Vec<String> = reports
        .first()
        .map(|report| report.evaluations_to.keys().map(|share| format!("evaluations\nto {share}")).collect())
        .unwrap_or_default();
    let mut header = vec!["search", "hypervolume\n% of the true", "quartiles"];
    header.extend(to.iter().map(String::as_str));
    text += &table(&header, &rows);
    text + &format!(
        "\nafter {evaluations} distinct evaluations ({:.0} % of the space), {} seeds, population {}, generation {}\n{TMC_PARETO}\n",
        100.0 * arguments.share,
        arguments.seeds,
        arguments.population,
        arguments.generation,
    )
}

//! `druse evaluate --protocol sun`

use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args;
use rayon::prelude::*;

use super::super::Global;
use super::super::failure::Failure;
use super::super::known::open;
use super::super::output;
use super::super::progress::Progress;
use super::{Arguments, report};
use crate::crystals::Table;
use crate::evaluation::sun::{JudgeError, Sun, columns};
use crate::evaluation::{Evaluation, SampleSet, Source};
use crate::validation::audit::{Audit, Matchers};
use crate::validation::index::Index;
use crate::validation::metrics::symmetry::SymmetryStatistics;

/// Settings of the protocol.
#[derive(Args)]
#[command(next_help_heading = "Options of --protocol sun")]
#[group(id = "sun")]
pub struct Settings {
    /// Whose space groups and Wyckoff templates the structures are compared with: an exact index or
    /// structures. When absent, the space groups of the competing phases, and no templates
    #[arg(long, value_name = "REF")]
    symmetry: Option<PathBuf>,
}

pub fn run(sources: Vec<Source>, arguments: &Arguments, global: &Global) -> Result<(), Failure> {
    let evaluations = match sources.iter().any(|source| matches!(source, Source::Set(_))) {
        true => evaluate(sources, arguments, global)?,
        // Nothing is left to compute, so neither model nor references are needed.
        false => sources.into_iter().filter_map(Source::done).collect(),
    };
    report::write(&evaluations, columns(), &arguments.sets, global)
}

fn evaluate(
    sources: Vec<Source>,
    arguments: &Arguments,
    global: &Global,
) -> Result<Vec<Evaluation>, Failure> {
    let relaxer = arguments.relaxing.relaxer(global)?;
    let sets: Vec<&SampleSet> = sources
        .iter()
        .filter_map(|source| match source {
            Source::Set(set) => Some(set.as_ref()),
            Source::Done(_) => None,
        })
        .collect();
    let hull = arguments.relaxing.hull(&sets, relaxer.potential())?;
    let (training, references) = arguments.known.load(global)?;
    let (statistics, statistics_name) = statistics(arguments, global)?;
    let audit = Audit::new(Matchers::usual().map_err(Failure::other)?, training, references);
    let indexes: Vec<&Index> = audit.indexes().collect();
    // One set without coordinates, and pymatgen's matcher cannot tell what is novel.
    let all_exact = indexes.iter().all(|index| index.is_exact());
    let sun = Sun {
        relaxer: &relaxer,
        hull: &hull,
        audit: &audit,
        exact: if all_exact { &indexes } else { &[] },
        statistics: &statistics,
        statistics_name: &statistics_name,
        symprec: arguments.sets.symprec,
        seed: arguments.seed(global),
    };
    let mut evaluations: Vec<Evaluation> = Vec::new();
    for source in sources {
        match source {
            Source::Done(evaluation) => evaluations.push(*evaluation),
            Source::Set(set) => {
                let start = Instant::now();
                let progress = Progress::start(global, "relaxations", set.crystals().count());
                let evaluation = sun.evaluate(&set, &|| progress.step()).map_err(failure)?;
                progress.finish();
                let (seconds, count) = (start.elapsed().as_secs_f64(), set.members.len());
                let rate = count as f64 / seconds;
                global.note(&format!(
                    "{}: {count} structures in {seconds:.1} s, {rate:.1} per second",
                    set.name
                ));
                evaluations.push(evaluation);
            }
        }
    }
    Ok(evaluations)
}

fn failure(error: JudgeError) -> Failure {
    match error {
        JudgeError::Cache(_) => Failure::input(format!("--cache: {error}")),
        _ => Failure::other(error),
    }
}

/// Space groups and templates of the reference, with its name. Those of an index are kept beside the
/// relaxations.
fn statistics(arguments: &Arguments, global: &Global) -> Result<(SymmetryStatistics, String), Failure> {
    let Some(path) = &arguments.sun.symmetry else {
        let table = arguments.relaxing.table()?;
        return Ok(of_table(&table));
    };
    let known = open(path, global)?;
    let index = known.index();
    if !index.is_exact() {
        return Err(Failure::input("--symmetry: found an index of invariants, expected one with structures"));
    }
    let symprec = arguments.sets.symprec;
    let sets: Vec<String> = known.infos().map(|info| info.stamp()).collect();
    let name = format!("{}, symprec {symprec} Å", sets.join("; "));
    let kept = arguments.relaxing.folder().map(|folder| {
        let digits = index.sha256().get(..16).unwrap_or(index.sha256());
        folder.join(format!("symmetry-{digits}-{symprec}.json"))
    });
    if let Some(statistics) = kept.as_deref().and_then(read_kept) {
        return Ok((statistics, name));
    }
    let progress = Progress::start(global, "reference structures", index.len());
    let numbers = 0..index.len() as u32;
    let statistics = numbers
        .into_par_iter()
        .map(|number| {
            let crystal = index.entry(number).and_then(|entry| entry.crystal());
            progress.step();
            SymmetryStatistics::of(crystal.as_slice(), symprec)
        })
        .reduce(SymmetryStatistics::default, SymmetryStatistics::and);
    progress.finish();
    if let Some(path) = kept {
        let text = serde_json::to_vec(&statistics).map_err(Failure::other)?;
        output::write_file(&path, &text)?;
    }
    Ok((statistics, name))
}

/// What an earlier evaluation found, if that can be read.
fn read_kept(path: &Path) -> Option<SymmetryStatistics> {
    serde_json::from_slice(&std::fs::read(path).ok()?).ok()
}

fn of_table(table: &Table) -> (SymmetryStatistics, String) {
    let mut statistics = SymmetryStatistics::default();
    for row in table.get().rows() {
        match row.space_group {
            Some(group) => *statistics.space_groups.entry(group).or_insert(0) += 1,
            None => statistics.failed += 1,
        }
    }
    (statistics, format!("competing phases: {}", table.get().reference()))
}

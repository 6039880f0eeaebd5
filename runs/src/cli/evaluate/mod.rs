//! `druse evaluate`: figures by fixed protocols, one file for each.

mod cdvae;
mod conditions;
#[cfg(feature = "torch")]
mod estimates;
mod prediction;
mod relaxing;
mod report;
mod sun;
mod tmc;
mod tmc_pareto;

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::Global;
use super::failure::Failure;
use super::known::KnownArguments;
use crate::evaluation::{SampleSet, SetError, Source, read_sets};

#[derive(Args)]
pub struct Arguments {
    /// What to evaluate. Generated structures: files, folders or archives, each of them one set and one
    /// row of the table; a list of sets (.toml); or earlier evaluations (.json, as --json writes them),
    /// which are not computed again. For tmc-pareto a labelled space: a file by `druse data truth`, or
    /// one that comes with druse (pd-square-planar, octahedral-chelates)
    #[arg(required = true, value_name = "FILES")]
    files: Vec<PathBuf>,
    /// How it is evaluated
    #[arg(long, value_name = "NAME", value_enum)]
    protocol: Protocol,
    #[command(flatten)]
    sets: SetArguments,
    #[command(flatten)]
    known: KnownArguments,
    #[command(flatten)]
    relaxing: relaxing::RelaxingArguments,
    #[command(flatten)]
    sun: sun::Settings,
    #[command(flatten)]
    distributions: DistributionArguments,
    #[cfg(feature = "torch")]
    #[command(flatten)]
    estimates: estimates::Settings,
    #[command(flatten)]
    tmc: tmc::Settings,
    #[command(flatten)]
    tmc_pareto: tmc_pareto::Settings,
}

/// Which structures, and where the results go.
#[derive(Args)]
#[command(next_help_heading = "Options for generated structures")]
pub struct SetArguments {
    /// Take the first N structures of each set
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    first: Option<u32>,
    /// Write every structure with all its verdicts and reasons to this file
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    /// Write the table to this file: .md with intervals, .csv with every figure
    #[arg(long, value_name = "FILE")]
    table: Option<PathBuf>,
    /// Put evaluations together that were not made alike; tells what differs
    #[arg(long)]
    force: bool,
    /// Tolerance of the search for symmetry (Å)
    #[arg(long, value_name = "X", default_value_t = crate::validation::metrics::symmetry::SYMPREC)]
    symprec: f64,
}

/// Whose distributions are compared.
#[derive(Args)]
#[command(next_help_heading = "Options of --protocol cdvae, conditions and prediction")]
pub struct DistributionArguments {
    /// Structures that were held out: what the distributions of cdvae are compared with, what was to be met
    /// by predictions
    #[arg(long, value_name = "FILE")]
    test: Option<PathBuf>,
    /// Properties to compare: density, volume_per_atom, elements, atoms, or a number that the files give;
    /// for conditions also energy_above_hull (after relaxation) and space_group=N. May be repeated;
    /// density and elements when absent
    #[arg(long, value_name = "NAME", num_args = 1..)]
    property: Vec<String>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Protocol {
    /// Stable, unique and novel after relaxation, symmetry, diversity and displacement
    Sun,
    /// Validity, and distances of distributions to a test set
    Cdvae,
    /// Whether a requested value moves the distribution: sets beside the first one, which nothing was
    /// requested for
    Conditions,
    /// Whether structures are the known ones that they were made for (`druse sample --formulas` or
    /// --reconstruct): match rates and distances
    Prediction,
    /// What a model says of properties (`druse train crystal-properties`) beside labels that it has not seen: errors, areas under
    /// ROC curves, calibration
    #[cfg(feature = "torch")]
    Estimates,
    /// Ligands (tables of SMILES) and complexes (XYZ): valid, new, and as asked. --train and --reference
    /// name tables of ligands here, or `library`
    Tmc,
    /// Searches of complexes on a labelled space: share of the true hypervolume against distinct evaluations
    TmcPareto,
}

pub fn run(arguments: &Arguments, global: &Global) -> Result<(), Failure> {
    match arguments.protocol {
        Protocol::TmcPareto => tmc_pareto::run(&arguments.files, &arguments.tmc_pareto, global),
        Protocol::Tmc => tmc::run(&arguments.files, arguments, global),
        Protocol::Sun => sun::run(arguments.sources()?, arguments, global),
        Protocol::Cdvae => cdvae::run(arguments.sources()?, arguments, global),
        Protocol::Conditions => conditions::run(arguments.sources()?, arguments, global),
        Protocol::Prediction => prediction::run(arguments.sources()?, arguments, global),
        #[cfg(feature = "torch")]
        Protocol::Estimates => estimates::run(arguments.sources()?, arguments, global),
    }
}

fn of_set(error: SetError) -> Failure {
    Failure::input(error)
}

impl Arguments {
    /// Checks the options and reads the sets.
    fn sources(&self) -> Result<Vec<Source>, Failure> {
        if !(self.sets.symprec > 0.0 && self.sets.symprec.is_finite()) {
            let found = self.sets.symprec;
            return Err(Failure::input(format!("--symprec: found {found}, expected a number above 0 (Å)")));
        }
        report::check(&self.sets)?;
        read_sets(&self.files, self.sets.first.map(|first| first as usize)).map_err(of_set)
    }

    /// Seed of the bootstrap.
    fn seed(&self, global: &Global) -> u64 {
        global.seed.unwrap_or(0)
    }
}

impl DistributionArguments {
    /// The structures of --test.
    fn test(&self) -> Result<Option<Box<SampleSet>>, Failure> {
        let Some(path) = &self.test else { return Ok(None) };
        match read_sets(std::slice::from_ref(path), None).map_err(of_set)?.pop() {
            Some(Source::Set(set)) => Ok(Some(set)),
            _ => Err(Failure::input("--test: found evaluations, expected structures")),
        }
    }

    /// The properties, the usual ones when none is named.
    fn properties(&self) -> Vec<String> {
        if self.property.is_empty() {
            return ["density", "elements"].map(str::to_owned).to_vec();
        }
        self.property.clone()
    }
}

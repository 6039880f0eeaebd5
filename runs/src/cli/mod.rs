//! Arguments, and one file per command.

mod ask;
mod assemble;
mod audit;
mod bill;
mod bundle;
mod constraints;
mod data;
mod date;
mod energy;
mod evaluate;
mod export;
mod failure;
mod funnel;
mod hull;
mod index;
mod known;
mod ligand_space;
mod ligands;
mod matcher;
mod matching;
mod output;
mod potential;
mod progress;
mod reference;
mod relax;
mod report;
mod reproduce;
mod results;
mod run;
#[cfg(feature = "torch")]
mod sample;
mod schema;
mod score;
mod show;
mod stability;
mod structures;
mod summary;
mod symmetry;
mod table;
mod tell;
#[cfg(feature = "torch")]
mod train;
mod values;
mod watch;
#[cfg(feature = "torch")]
mod weights;
mod worker;

use std::path::PathBuf;
use std::process::ExitCode;

use failure::Failure;

use clap::{ArgAction, Args, CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::plugins::Plugins;

/// Inverse design of inorganic crystals and transition-metal complexes: propose, relax, rank, and
/// prove what is new.
#[derive(Parser)]
#[command(name = "druse", version, max_term_width = 100, propagate_version = true)]
#[command(after_help = "Exit codes: 0 done, 2 bad usage or input, 1 anything else.")]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// Options of every command.
#[derive(Args)]
#[command(next_help_heading = "Options of every command")]
struct Global {
    /// Threads to use; all cores when absent. Results do not depend on it
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// Seed of all random numbers; replaces the one in a campaign file
    // TOML ends at 2^63 - 1.
    #[arg(long, global = true, value_name = "S", value_parser = clap::value_parser!(u64).range(..=i64::MAX as u64))]
    seed: Option<u64>,
    /// Write machine-readable results to this file, or to standard output with `-`
    #[arg(long, global = true, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Say more; twice for everything
    #[arg(short, long, global = true, action = ArgAction::Count, conflicts_with = "quiet")]
    verbose: u8,
    /// Say nothing but results and errors
    #[arg(short, long, global = true)]
    quiet: bool,
    /// Parts of the user's own
    #[arg(skip)]
    plugins: Plugins,
}

#[derive(Subcommand)]
enum Command {
    /// Run a campaign: propose, relax, rank, and write the Pareto front
    Run(run::RunArguments),
    /// Continue a campaign that was stopped
    Resume(run::ResumeArguments),
    /// Evaluate one unit of work of a campaign, as launchers start it
    Worker(worker::Arguments),
    /// Look at a campaign, running or done
    Show(show::Arguments),
    /// Write a campaign as a page for people, or compare campaigns
    Report(report::Arguments),
    /// Take the structures out of a campaign
    Export(export::Arguments),
    /// Pack a campaign into one file that can be passed on
    Bundle(bundle::Arguments),
    /// Do the campaign of a bundle again and report every difference
    Reproduce(reproduce::Arguments),
    /// Choose the candidates that deserve an expensive judgement next
    Ask(ask::Arguments),
    /// Give measured values to a campaign
    Tell(tell::Arguments),
    /// Energy, forces, stress and magnetic moments by a potential
    Energy(energy::Arguments),
    /// Relax cell and positions with a potential
    Relax(relax::Arguments),
    /// Energy above the convex hull
    Hull(hull::Arguments),
    /// Values of objectives
    Score(score::Arguments),
    /// Tell what is known of structures: duplicates, variants, structure types; and how many are unique
    Audit(audit::Arguments),
    /// Compare structures
    Match(matching::Arguments),
    /// Make indexes of known structures and look at them
    #[command(subcommand)]
    Index(index::Command),
    /// Space group, Wyckoff positions and standardised cells
    Symmetry(symmetry::Arguments),
    /// Compare searches, or measure results, by a fixed protocol
    Evaluate(Box<evaluate::Arguments>),
    /// Train a generator of crystals
    #[cfg(feature = "torch")]
    Train(Box<train::Arguments>),
    /// Sample crystals or ligands from a trained generator
    #[cfg(feature = "torch")]
    Sample(Box<sample::Arguments>),
    /// Build complexes in space
    Assemble(assemble::Arguments),
    /// Search the library of ligands
    Ligands(ligands::Arguments),
    /// Look at, convert, split and prepare data
    #[command(subcommand)]
    Data(data::Command),
    /// Print the JSON schema of campaign files
    Schema(schema::Arguments),
}

/// Reads the arguments, runs the command, reports a failure.
pub fn main(plugins: Plugins) -> ExitCode {
    if let Err(error) = plugins.check() {
        return Failure::other(error).report();
    }
    let matches = command(&plugins).get_matches();
    let mut cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    cli.global.plugins = plugins;
    match dispatch(&cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

/// The command line with what plug-ins add to it.
fn command(plugins: &Plugins) -> clap::Command {
    let mut command = Cli::command();
    if let Some((name, version)) = plugins.origin() {
        command = command.name(name).bin_name(name).version(version);
    }
    command
        .mut_subcommand("score", |score| score.after_help(score::help(plugins)))
        .mut_subcommand("match", |command| matcher::with_plugins(command, plugins))
        .mut_subcommand("audit", |command| matcher::with_plugins(command, plugins))
}

fn dispatch(cli: &Cli) -> Result<(), Failure> {
    cli.global.start_threads(match &cli.command {
        Command::Worker(_) => worker::allocated_threads(),
        _ => None,
    })?;
    match &cli.command {
        Command::Run(arguments) => run::run(arguments, &cli.global),
        Command::Resume(arguments) => run::resume(arguments, &cli.global),
        Command::Worker(arguments) => worker::run(arguments, &cli.global),
        Command::Show(arguments) => show::run(arguments, &cli.global),
        Command::Report(arguments) => report::run(arguments, &cli.global),
        Command::Export(arguments) => export::run(arguments, &cli.global),
        Command::Bundle(arguments) => bundle::run(arguments, &cli.global),
        Command::Reproduce(arguments) => reproduce::run(arguments, &cli.global),
        Command::Ask(arguments) => ask::run(arguments, &cli.global),
        Command::Tell(arguments) => tell::run(arguments, &cli.global),
        Command::Energy(arguments) => energy::run(arguments, &cli.global),
        Command::Relax(arguments) => relax::run(arguments, &cli.global),
        Command::Hull(arguments) => hull::run(arguments, &cli.global),
        Command::Score(arguments) => score::run(arguments, &cli.global),
        Command::Audit(arguments) => audit::run(arguments, &cli.global),
        Command::Match(arguments) => matching::run(arguments, &cli.global),
        Command::Symmetry(arguments) => symmetry::run(arguments, &cli.global),
        Command::Evaluate(arguments) => evaluate::run(arguments, &cli.global),
        #[cfg(feature = "torch")]
        Command::Train(arguments) => train::run(arguments, &cli.global),
        #[cfg(feature = "torch")]
        Command::Sample(arguments) => sample::run(arguments, &cli.global),
        Command::Assemble(arguments) => assemble::run(arguments, &cli.global),
        Command::Ligands(arguments) => ligands::run(arguments, &cli.global),
        Command::Index(command) => index::run(command, &cli.global),
        Command::Data(command) => data::run(command, &cli.global),
        Command::Schema(arguments) => schema::run(arguments, &cli.global),
    }
}

impl Global {
    /// Starts as many threads as are asked for, or else as `allocated` says.
    fn start_threads(&self, allocated: Option<u16>) -> Result<(), Failure> {
        let threads = self.threads.or(allocated).map_or(0, usize::from);
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        pool.build_global().map_err(|error| Failure::other(format!("cannot start threads: {error}")))
    }

    /// Name of the program, for commands that people are told to type.
    fn program(&self) -> &'static str {
        self.plugins.origin().map_or("druse", |(name, _)| name)
    }

    /// A remark for people, on standard error.
    fn note(&self, text: &str) {
        if !self.quiet {
            eprintln!("{text}");
        }
    }
}

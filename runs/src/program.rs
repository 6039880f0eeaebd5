//! The command line as a value, so that a program of the user's can add to it.

use std::process::ExitCode;

use druse_fitness::{Objective, Potential, Tier};
use druse_generators::{Breeder, Generator};
use druse_validation::matching::Matcher;

use crate::cli;
use crate::plugins::{AnyError, Kind, Plugins, Setting};

/// The command line of druse with parts of the user's own. A whole program:
///
/// ```no_run
/// use druse::fitness::Goal;
/// use druse::representations::Crystal;
///
/// fn main() -> std::process::ExitCode {
///     let volume = druse::objective("volume_per_atom", Goal::Minimise, "Å^3", |crystal: &Crystal, _| {
///         Ok(crystal.lattice.volume() / crystal.sites.len() as f64)
///     });
///     druse::Program::new().objective(volume).main()
/// }
/// ```
///
/// It has all commands: it runs and resumes campaigns that name the parts, scores files with `--objectives
/// volume_per_atom`, and is the worker that a cluster starts.
#[derive(Clone, Debug, Default)]
pub struct Program {
    plugins: Plugins,
}

impl Program {
    /// druse as it comes.
    pub fn new() -> Self {
        Self::default()
    }

    /// Under a name and version of its own, see [`Plugins::of`]:
    /// `.of(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"))`.
    pub fn of(self, name: &'static str, version: &'static str) -> Self {
        Self { plugins: self.plugins.of(name, version) }
    }

    /// See [`Plugins::objective`].
    pub fn objective<D: Kind>(self, objective: impl Objective<D> + 'static) -> Self {
        Self { plugins: self.plugins.objective(objective) }
    }

    /// See [`Plugins::tier`].
    pub fn tier<D: Kind>(self, tier: impl Tier<D> + 'static) -> Self {
        Self { plugins: self.plugins.tier(tier) }
    }

    /// See [`Plugins::potential`].
    pub fn potential<P, F>(self, name: impl Into<String>, make: F) -> Self
    where
        P: Potential + 'static,
        F: Fn(&str) -> Result<P, AnyError> + Send + Sync + 'static,
    {
        Self { plugins: self.plugins.potential(name, make) }
    }

    /// See [`Plugins::generator`].
    pub fn generator<D, G, F>(self, name: impl Into<String>, make: F) -> Self
    where
        D: Kind,
        G: Generator<D> + 'static,
        F: Fn(&Setting<D>) -> Result<G, AnyError> + Send + Sync + 'static,
    {
        Self { plugins: self.plugins.generator(name, make) }
    }

    /// See [`Plugins::representation`].
    pub fn representation<D, B, F>(self, name: impl Into<String>, make: F) -> Self
    where
        D: Kind,
        B: Breeder<Design = D> + 'static,
        F: Fn(&Setting<D>) -> Result<B, AnyError> + Send + Sync + 'static,
    {
        Self { plugins: self.plugins.representation(name, make) }
    }

    /// See [`Plugins::matcher`].
    pub fn matcher(self, matcher: impl Matcher + 'static) -> Self {
        Self { plugins: self.plugins.matcher(matcher) }
    }

    /// Reads the arguments of the process, runs the command and reports a failure.
    pub fn main(self) -> ExitCode {
        cli::main(self.plugins)
    }
}

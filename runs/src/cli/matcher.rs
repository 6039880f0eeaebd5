//! The matcher named on the command line.

use std::sync::Arc;

use crate::validation::audit::DEFAULT_MATCHER;
use crate::validation::matching::{self, Matcher, NAMES, Overrides};
use clap::builder::PossibleValuesParser;
use clap::{Args, Command, ValueEnum};

use super::failure::Failure;
use crate::plugins::Plugins;

/// Which matcher compares structures, and how.
#[derive(Args)]
pub struct MatcherArguments {
    /// Matcher; leak-safe when absent, or pymatgen when one of its tolerances is given
    #[arg(long, value_name = "NAME", value_parser = PossibleValuesParser::new(NAMES))]
    matcher: Option<String>,
    #[command(flatten)]
    pymatgen: PymatgenArguments,
}

/// Tolerances and switches of `StructureMatcher`.
#[derive(Args)]
#[command(next_help_heading = "Options of --matcher pymatgen")]
struct PymatgenArguments {
    /// Settings that published figures use; what follows changes them
    #[arg(long, value_enum)]
    preset: Option<Preset>,
    /// Tolerance of lengths, as a share; 0.2 when absent
    #[arg(long, value_name = "X")]
    ltol: Option<f64>,
    /// Tolerance of sites in units of (V/N)^(1/3); 0.3 when absent
    #[arg(long, value_name = "X")]
    stol: Option<f64>,
    /// Tolerance of angles (degrees); 5 when absent
    #[arg(long, value_name = "X")]
    angle_tol: Option<f64>,
    /// Compare cells as they are instead of primitive ones
    #[arg(long)]
    no_primitive: bool,
    /// Do not make volumes equal first
    #[arg(long)]
    no_scale: bool,
    /// Repeat the smaller cell to the size of the larger one
    #[arg(long)]
    supercell: bool,
    /// Let one structure hold sites that the other has not
    #[arg(long)]
    subset: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Preset {
    /// Match rate and rms of CDVAE and its successors
    Cdvae,
    /// Distance before and after relaxation of MatterGen
    Rmsd,
}

impl MatcherArguments {
    /// Makes the matcher.
    pub fn load(&self, plugins: &Plugins) -> Result<Box<dyn Matcher>, Failure> {
        let switches = &self.pymatgen;
        let overrides = switches.overrides();
        let given = self.matcher.as_deref();
        let own = plugins.matchers().iter().find(|matcher| given == Some(matcher.name()));
        if let Some(own) = own {
            if overrides != Overrides::default() || switches.preset.is_some() {
                let name = own.name();
                return Err(Failure::input(format!(
                    "--matcher: found {name} beside a setting of pymatgen, expected {name} alone"
                )));
            }
            return Ok(Box::new(Arc::clone(own)));
        }
        let name = match (&self.matcher, switches.preset) {
            (Some(name), None) => name.as_str(),
            (None, None) if overrides == Overrides::default() => DEFAULT_MATCHER,
            (None, None) => PYMATGEN,
            (None, Some(preset)) => preset.name(),
            (Some(name), Some(preset)) if name == PYMATGEN => preset.name(),
            (Some(name), Some(_)) => {
                return Err(Failure::input(format!(
                    "--preset: found --matcher {name} beside it, expected --matcher {PYMATGEN} or none"
                )));
            }
        };
        matching::matcher(name, &overrides).map_err(Failure::input)
    }
}

/// A command that knows the matchers of the user's too.
pub fn with_plugins(command: Command, plugins: &Plugins) -> Command {
    let own = plugins.matchers().iter().map(|matcher| matcher.name());
    let names: Vec<&'static str> = NAMES.iter().copied().chain(own).collect();
    command.mut_arg("matcher", |argument| argument.value_parser(PossibleValuesParser::new(names)))
}

const PYMATGEN: &str = "pymatgen";

impl Preset {
    fn name(self) -> &'static str {
        match self {
            Self::Cdvae => "pymatgen-cdvae",
            Self::Rmsd => "pymatgen-rmsd",
        }
    }
}

impl PymatgenArguments {
    fn overrides(&self) -> Overrides {
        Overrides {
            length: self.ltol,
            site: self.stol,
            angle: self.angle_tol,
            primitive: self.no_primitive.then_some(false),
            scale: self.no_scale.then_some(false),
            supercell: self.supercell.then_some(true),
            subset: self.subset.then_some(true),
        }
    }
}

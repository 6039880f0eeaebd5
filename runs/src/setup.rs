//! What campaigns of all domains take from their file in the same way, and why one cannot start.

use std::io;
use std::path::PathBuf;

use druse_datasets::import::ImportError;
use druse_datasets::ligands::LibraryError;
use druse_datasets::reference::ReferenceError;
use druse_fitness::hull::{HullError, PrecursorError};
use druse_fitness::objectives::{ComplexObjectiveError, UnknownName};
use druse_fitness::potentials::LoadError;
use druse_fitness::process::ClientError;
use druse_fitness::training_distance::KnownAtomsError;
use druse_fitness::xtb::XtbError;
use druse_generators::RegistryError;
use druse_representations::Element;
use druse_representations::complex::ComplexTextError;
use druse_representations::composition::FormulaError;
use druse_validation::index::IndexError;
use druse_validation::matching::UnknownMatcher;

use crate::cache::CacheError;
use crate::config::{Campaign, FilterSpec, LimitSpec};
use crate::engine::{Filter, Funnel, Limit, Settings};

/// Proposals per candidate of the budget before a campaign gives up.
const PROPOSALS_PER_CANDIDATE: u64 = 20;

/// Why the parts of a campaign cannot be put together.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SetupError {
    /// The shipped reference energies are wanted of a potential without.
    #[error(
        "no reference energies of {0} come with druse: make a table by `druse data reference` and name it"
    )]
    NothingShipped(String),
    /// The shipped index is wanted and this build has none.
    #[error("this build of druse carries no index of known structures; name one of your own in [novelty]")]
    NoIndexShipped,
    /// Known structures cannot be used.
    #[error("novelty.reference: {0}")]
    Known(#[from] IndexError),
    /// A file of known structures holds none that can be compared.
    #[error("novelty.reference: '{}': {reason}", path.display())]
    NothingKnown {
        /// File.
        path: PathBuf,
        /// What was found.
        reason: String,
    },
    /// A matcher that the audit needs is absent.
    #[error(transparent)]
    Matcher(#[from] UnknownMatcher),
    /// A reference table cannot be read.
    #[error(transparent)]
    Reference(#[from] ReferenceError),
    /// Reference energies by another model than the campaign's.
    #[error(
        "{key}: found energies of {found}, expected energies of {expected}: unlike models cannot be compared"
    )]
    UnlikeModels {
        /// What names the table.
        key: &'static str,
        /// Model of the table.
        found: String,
        /// The campaign's potential.
        expected: String,
    },
    /// Reference energies at another pressure than that of the relaxations.
    #[error(
        "{key}: found {found}, expected {expected}: crystals and what they compete with must be under the same pressure; make the table \
         by `druse data reference FILES… --relax{option}`, or relax at {pressure} GPa"
    )]
    UnlikePressures {
        /// What names the table.
        key: &'static str,
        /// What the table holds.
        found: String,
        /// What was wanted.
        expected: String,
        /// Option that makes such a table.
        option: String,
        /// Pressure of the table (GPa).
        pressure: f64,
    },
    /// Elements without a reference energy have no formation energies.
    #[error("{key}: found no energies of the elements {}, expected one of every element in space.elements", symbols(.elements))]
    MissingElements {
        /// What names the table.
        key: &'static str,
        /// The elements.
        elements: Vec<Element>,
    },
    /// The competing phases make no phase diagram.
    #[error(transparent)]
    Hull(#[from] HullError),
    /// The precursors make no reactions.
    #[error("hull.{0}")]
    Precursors(#[from] PrecursorError),
    /// A precursor is no formula.
    #[error("hull.precursors: {0}")]
    PrecursorFormula(#[source] FormulaError),
    /// Precursors without a reference energy.
    #[error("hull.precursors: found no energies of {0}, expected formulas that the reference holds")]
    UnknownPrecursors(String),
    /// The potential cannot be loaded.
    #[error(transparent)]
    Potential(#[from] LoadError),
    /// The summary of known structures cannot be used.
    #[error(transparent)]
    KnownAtoms(#[from] KnownAtomsError),
    /// A generator cannot be made.
    #[error(transparent)]
    Generator(#[from] RegistryError),
    /// An objective cannot be made.
    #[error(transparent)]
    Objective(#[from] UnknownName),
    /// An objective for complexes cannot be made.
    #[error(transparent)]
    ComplexObjective(#[from] ComplexObjectiveError),
    /// The library of ligands cannot be used.
    #[error(transparent)]
    Library(#[from] LibraryError),
    /// A ligand that is not built in.
    #[error("ligands.builtin: found '{0}', expected the name of a built-in ligand")]
    UnknownLigand(String),
    /// A file of ligands cannot be read.
    #[error(transparent)]
    Ligands(#[from] ImportError),
    /// A file of known complexes cannot be read.
    #[error("novelty.reference: cannot read '{}': {source}", path.display())]
    UnreadableComplexes {
        /// File.
        path: PathBuf,
        /// Reason.
        source: io::Error,
    },
    /// A line that is no complex.
    #[error("{}:{line}: {reason}", path.display())]
    NotAComplex {
        /// File.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// What is wrong.
        reason: Box<ComplexTextError>,
    },
    /// The complex whose metal is to be replaced is none.
    #[error("complexes.replace: {0}")]
    Replace(#[from] ComplexTextError),
    /// xtb cannot be used.
    #[error(transparent)]
    Xtb(#[from] XtbError),
    /// A program of the user's cannot be used.
    #[error(transparent)]
    Program(#[from] ClientError),
    /// The file of shared evaluations cannot be used.
    #[error(transparent)]
    Cache(#[from] CacheError),
    /// A plug-in cannot be made.
    #[error("the plug-in {part} cannot be used: {reason}")]
    Part {
        /// What it is and its name.
        part: String,
        /// Reason.
        reason: String,
    },
    /// A trained model cannot be used as the campaign asks.
    #[error("the {kind} model cannot be used: {reason}")]
    Model {
        /// Kind of the model.
        kind: String,
        /// Reason.
        reason: String,
    },
    /// The campaign is of another domain.
    #[error("found a campaign of domain '{found}' where another was expected")]
    OtherDomain {
        /// Domain found.
        found: &'static str,
    },
}

impl SetupError {
    /// Whether another campaign file or other arguments would help; otherwise the machine is at
    /// fault, for instance for want of weights.
    pub fn is_input(&self) -> bool {
        match self {
            Self::Potential(error) => !error.is_absent(),
            _ => {
                !matches!(self, Self::NoIndexShipped | Self::KnownAtoms(_) | Self::Library(_) | Self::Xtb(_))
            }
        }
    }
}

fn symbols(elements: &[Element]) -> String {
    elements.iter().map(|element| element.symbol()).collect::<Vec<_>>().join(", ")
}

/// The limits of a campaign for the engine.
pub(crate) fn limits(campaign: &Campaign) -> Vec<Limit> {
    campaign.limits.iter().map(limit).collect()
}

fn limit(spec: &LimitSpec) -> Limit {
    Limit { name: spec.name.clone(), min: spec.min, max: spec.max }
}

/// The filters of a campaign for the engine.
pub(crate) fn filters(campaign: &Campaign) -> Funnel {
    let filter = |spec: &FilterSpec| Filter { limit: limit(&spec.limit), audit: spec.audit };
    Funnel {
        seed: campaign.seed,
        filters: campaign.funnel.filters.iter().map(filter).collect(),
        audit: campaign.funnel.audit,
    }
}

/// The sizes of a campaign for the engine.
pub(crate) fn settings(campaign: &Campaign) -> Settings {
    Settings {
        budget: campaign.budget,
        population: campaign.population,
        max_proposals: campaign.budget.saturating_mul(PROPOSALS_PER_CANDIDATE),
        budgets: campaign.budgets,
        pause: None,
    }
}

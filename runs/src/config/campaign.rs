//! A checked campaign: the only form that runs.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use druse_datasets::bytes::hexadecimal;
use druse_datasets::ligands::Query;
use druse_fitness::Goal;
use druse_fitness::process::ProgramSpec;
use druse_fitness::xtb::XtbOptions;
use druse_generators::{DesignSpace, GeneticOptions, LigandLimits, Selection, SpinRule};
use druse_representations::{Complex, Crystal, Design, Element, Geometry};
use druse_validation::{CheckLimits, Verdict};
use serde::Serialize;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::executor::{ExecutorKind, FilesSpec, SlurmSpec};
use super::file::{CampaignConfig, ConditionSetting, is_default};
use super::filter::FunnelSpec;
use crate::cache::CacheSpec;
use crate::engine::Budgets;
use crate::plugins::Plugins;
use crate::trust::TrustLimits;
use crate::warm_start::WarmStartSpec;

/// A campaign whose settings were checked against each other. Made by
/// [`CampaignConfig::check`](super::CampaignConfig::check) only.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Campaign {
    /// Name in reports.
    pub name: String,
    /// Seed of every random number.
    pub seed: u64,
    /// What is designed, and how it is evaluated.
    pub domain: Domain,
    /// Number of candidates to evaluate.
    pub budget: u64,
    /// What else may end the campaign.
    #[serde(skip_serializing_if = "is_unlimited")]
    pub budgets: Budgets,
    /// Grams of CO2 equivalent per kWh; no result depends on it.
    #[serde(skip)]
    pub grams_co2_per_kwh: f64,
    /// Number of candidates per generation.
    pub population: usize,
    /// Designs that are proposed before all others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warm_start: Option<WarmStartSpec>,
    /// What proposes designs; never empty.
    pub generators: Vec<GeneratorSpec>,
    /// Tiers of the user's and their places in the funnel; names are distinct.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tiers: Vec<TierSpec>,
    /// What is wanted; never empty, names are distinct.
    pub objectives: Vec<ObjectiveSpec>,
    /// Limits on objectives and properties.
    pub limits: Vec<LimitSpec>,
    /// Limits that candidates must keep to go on.
    #[serde(skip_serializing_if = "FunnelSpec::is_default")]
    pub funnel: FunnelSpec,
    /// What counts as known.
    pub novelty: Reference,
    /// Who evaluates candidates; no result depends on it.
    #[serde(skip)]
    pub executor: ExecutorKind,
    /// How units of work are submitted to Slurm; no result depends on it.
    #[serde(skip)]
    pub slurm: SlurmSpec,
    /// What happens to units that anybody may evaluate; no result depends on it.
    #[serde(skip)]
    pub files: FilesSpec,
    /// Where evaluations are kept beside the campaign's own store.
    #[serde(skip)]
    pub cache: CacheSpec,
    /// Folder asked for in the file.
    #[serde(skip)]
    pub directory: Option<PathBuf>,
    /// The plug-ins that it was checked against and runs with.
    #[serde(skip)]
    pub plugins: Plugins,
}

/// Whether a campaign may go on to its last candidate whatever that costs.
fn is_unlimited(budgets: &Budgets) -> bool {
    *budgets == Budgets::default()
}

/// Kind of design with its settings.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Domain {
    /// Inorganic crystals.
    Crystal(Box<CrystalSpec>),
    /// Transition-metal complexes.
    Complex(Box<ComplexSpec>),
}

impl Domain {
    /// Name in campaign files.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Crystal(_) => Crystal::DOMAIN,
            Self::Complex(_) => Complex::DOMAIN,
        }
    }
}

/// Settings of a campaign of crystals.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct CrystalSpec {
    /// The crystals that are allowed.
    pub space: DesignSpace,
    /// Relaxation; `None` when no energies are wanted.
    pub relax: Option<RelaxSpec>,
    /// A second potential; `None` when one opinion is enough.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub second_opinion: Option<SecondOpinionSpec>,
    /// Limits beyond which a relaxed crystal is flagged.
    #[serde(skip_serializing_if = "is_default")]
    pub trust: TrustLimits,
    /// Cheap checks that come before any energy.
    pub checks: CheckLimits,
    /// Competing phases; used when an objective needs the hull.
    pub hull: Reference,
    /// Formulas of the precursors at hand; `None` for those that come with druse.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub precursors: Option<Vec<String>>,
    /// Verdicts of the audit whose crystals are rejected; ascending.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reject: Vec<Verdict>,
}

/// Settings of a campaign of complexes; see
/// [`ComplexSpace`](druse_generators::ComplexSpace) for what the constraints mean.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ComplexSpec {
    /// What stands in for metals, geometries and charge that are not given.
    pub preset: Option<Preset>,
    /// Allowed metals with their oxidation states; those of the preset when empty.
    pub metals: Vec<(Element, Vec<i32>)>,
    /// Allowed polyhedra; those of the preset when empty.
    pub geometries: Vec<Geometry>,
    /// Where ligands come from.
    pub ligands: LigandSources,
    /// Smallest and largest total charge; that of the preset when absent.
    pub charge: Option<[i32; 2]>,
    /// Allowed numbers of valence electrons; empty for any.
    pub electrons: Vec<u32>,
    /// Fewest and most atoms.
    pub atoms: [usize; 2],
    /// Allowed elements of donors; empty for any.
    pub donors: Vec<Element>,
    /// Allowed denticities; empty for any.
    pub denticities: Vec<usize>,
    /// Most different ligands in one complex.
    pub most_distinct: usize,
    /// Names of ligands that every complex contains.
    pub required: Vec<String>,
    /// Multiplicity of proposals.
    pub spin: SpinRule,
    /// Lets ligands evolve within these limits.
    pub evolve: Option<LigandLimits>,
    /// Optimisation; `None` when complexes are assembled only.
    pub xtb: Option<XtbSpec>,
}

/// A common task.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Preset {
    /// Complexes that may absorb and emit light ([`druse_generators::chromophores`]).
    Chromophores,
    /// Abundant metals in the place of the metal of this complex, a whole-complex string
    /// ([`druse_generators::noble_by_abundant`]).
    Replace(String),
}

/// Where ligands come from: the union of all.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct LigandSources {
    /// Names of built-in ligands.
    pub builtin: Vec<String>,
    /// A choice from the library.
    pub library: Option<LibraryChoice>,
    /// Files with ligands.
    pub files: Vec<Reference>,
}

/// The most frequent ligands of the library that a query finds.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct LibraryChoice {
    /// Which are wanted.
    pub query: Query,
    /// How many at most.
    pub most: usize,
}

/// Optimisation by xtb.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct XtbSpec {
    /// What the tier does.
    pub options: XtbOptions,
    /// Seconds after which a run is given up.
    pub timeout: u64,
}

/// One generator and its share of the proposals.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct GeneratorSpec {
    /// Name in the registry of generators.
    pub kind: String,
    /// Share of the proposals relative to the others.
    pub weight: f64,
    /// Settings of the genetic algorithms; defaults for the others.
    pub options: GeneticOptions,
    /// The representation that it works on; that of druse when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub representation: Option<String>,
    /// What the file says to a plug-in.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub settings: Map<String, Value>,
    /// The program that proposes, for the kind `process`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub program: Option<ProgramSetting>,
    /// The trained model, for the kinds `diffusion` and `vae`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub learned: Option<LearnedSpec>,
}

/// A trained model and what is asked of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct LearnedSpec {
    /// The weights.
    pub model: ModelSpec,
    /// What conditions shall be, by column.
    pub conditions: BTreeMap<String, ConditionSetting>,
    /// Strength of guidance by the conditions.
    pub guidance: f64,
    /// Below 1 what is likely is preferred.
    pub temperature: f64,
    /// Steps of the sampler; the model's own number when absent.
    pub steps: Option<usize>,
    /// Samples of which one is proposed.
    pub best_of: usize,
    /// Whether formulas that the model was trained on are left out.
    pub unseen: bool,
    /// Whether the model learns on from what survives.
    pub fine_tune: bool,
}

/// Weights by what they are, wherever they lie: a campaign with other weights is another campaign.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ModelSpec {
    /// Kind of the model, for instance `symmetry-diffusion`.
    pub kind: String,
    /// The file, by its absolute path; the weights that come with druse when absent.
    #[serde(skip)]
    pub path: Option<PathBuf>,
    /// SHA-256 of the weights, in hexadecimal digits.
    pub sha256: String,
}

/// A program of the user's.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ProgramSetting {
    /// The program and its arguments; never empty.
    pub command: Vec<Word>,
    /// Seconds that one answer may take.
    pub timeout: f64,
    /// How often one thing is asked before it counts as failed.
    pub attempts: u32,
}

/// A word of a command.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Word {
    /// Taken as it is.
    Text(String),
    /// A file beside the campaign file: part of the campaign with its contents.
    File(Reference),
}

impl ProgramSetting {
    /// The words as they are run and written down; files by their absolute paths.
    pub fn words(&self) -> impl Iterator<Item = String> + '_ {
        self.command.iter().map(|word| match word {
            Word::Text(text) => text.clone(),
            Word::File(file) => file.path().map_or_else(String::new, |path| path.display().to_string()),
        })
    }

    /// SHA-256, in hexadecimal digits, of the command with the contents of its files.
    pub fn digest(&self) -> String {
        // Plain text: serialising it cannot fail.
        hexadecimal(Sha256::digest(serde_json::to_vec(&self.command).unwrap_or_default()))
    }

    /// How to run it.
    pub fn spec(&self) -> ProgramSpec {
        ProgramSpec {
            timeout: Duration::from_secs_f64(self.timeout),
            attempts: self.attempts,
            ..ProgramSpec::new(self.words())
        }
    }
}

impl GeneratorSpec {
    /// Whether this is one of the genetic algorithms, for which the options matter.
    pub fn is_genetic(&self) -> bool {
        Selection::from_name(&self.kind).is_some()
    }
}

/// A tier of the user's.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct TierSpec {
    /// Name that it is registered with.
    pub name: String,
    /// Tier that it comes after, empty for the first place; the last place when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

/// Relaxation by a potential.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct RelaxSpec {
    /// The potential.
    pub model: PotentialSpec,
    /// Largest generalised force at the end (eV/Å).
    pub fmax: f64,
    /// Most steps.
    pub steps: usize,
    /// Tolerance within which the symmetry is found that is kept (Å); 0 lets it break.
    pub symprec: f64,
    /// Whether a crystal that is at rest only because of its symmetry goes on without.
    #[serde(skip_serializing_if = "is_default")]
    pub leave_saddles: bool,
    /// External pressure (GPa); above 0 the hull is one of enthalpies.
    #[serde(skip_serializing_if = "is_default")]
    pub pressure: f64,
}

/// A potential by its name, or a file by what it holds, wherever it lies: a campaign with another file is another campaign.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum PotentialSpec {
    /// A potential of druse or of the user's program.
    Named(String),
    /// Weights or a module of the user's.
    File {
        /// Name of the file without its ending, which is the name of the potential.
        name: String,
        /// Absolute path.
        #[serde(skip)]
        path: PathBuf,
        /// SHA-256 of its contents, in hexadecimal digits.
        sha256: String,
    },
}

impl PotentialSpec {
    /// Name of the potential in results.
    pub fn name(&self) -> &str {
        match self {
            Self::Named(name) | Self::File { name, .. } => name,
        }
    }
}

/// As campaign files have it and loaders take it: the name, or the path.
impl fmt::Display for PotentialSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Named(name) => f.write_str(name),
            Self::File { path, .. } => path.display().fmt(f),
        }
    }
}

/// A second potential for crystals near the hull.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct SecondOpinionSpec {
    /// The potential.
    pub model: PotentialSpec,
    /// Asked for crystals at most so far above the first hull (eV/atom).
    pub below: f64,
    /// Its competing phases.
    pub reference: Reference,
}

/// One objective.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ObjectiveSpec {
    /// Name in the registry of objectives.
    pub name: String,
    /// Replaces the objective's own goal.
    pub goal: Option<Goal>,
    /// What evaluates it when it is none of the registry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub program: Option<ProgramObjective>,
}

/// An objective that a program of the user's evaluates; the spec beside it gives the goal.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ProgramObjective {
    /// The program.
    pub program: ProgramSetting,
    /// Unit of the value.
    pub unit: String,
}

/// A limit; at least one of its ends is given.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct LimitSpec {
    /// Name of an objective or property.
    pub name: String,
    /// Smallest value allowed.
    pub min: Option<f64>,
    /// Largest value allowed.
    pub max: Option<f64>,
}

/// Where reference data come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reference {
    /// The table that comes with the product.
    Shipped,
    /// A file of the user's.
    File {
        /// Absolute path.
        #[serde(skip)]
        path: PathBuf,
        /// SHA-256 of its contents, in hexadecimal digits.
        sha256: String,
    },
}

impl Reference {
    /// The file, unless the reference is the shipped one.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Shipped => None,
            Self::File { path, .. } => Some(path),
        }
    }
}

impl Campaign {
    /// SHA-256, in hexadecimal digits, of everything that results depend on: all settings but the
    /// output folder, and the contents of reference files rather than their paths.
    pub fn hash(&self) -> String {
        // Serialising plain structs with string keys into memory cannot fail.
        let text = serde_json::to_vec(self).unwrap_or_default();
        hexadecimal(Sha256::digest(text))
    }

    /// The campaign as the text of a campaign file that leaves nothing to defaults; reading it
    /// gives an equal campaign. The designs of a warm start stand in a file of their own beside it
    /// ([`crate::warm_start::FILE`]), for the caller to write.
    ///
    /// # Errors
    /// When a number is not one that TOML can hold, such as a seed above 2^63 - 1.
    pub fn to_toml(&self) -> Result<String, toml::ser::Error> {
        toml::to_string(&CampaignConfig::from(self))
    }
}

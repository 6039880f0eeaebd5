//! A checked campaign: the only form that runs.

use std::path::{Path, PathBuf};

use druse_fitness::Goal;
use druse_generators::{DesignSpace, GeneticOptions};
use druse_representations::Element;
use druse_validation::CheckLimits;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::file::{
    CampaignConfig, CampaignSection, ChecksSection, GeneratorSection, GoalSetting, HullSection, LimitSection,
    NoveltySection, ObjectiveSection, OutputSection, RelaxSection, SpaceGroups, SpaceSection,
};

/// A campaign whose settings were checked against each other. Made by
/// [`CampaignConfig::check`](super::CampaignConfig::check) only.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Campaign {
    /// Name in reports.
    pub name: String,
    /// Seed of every random number.
    pub seed: u64,
    /// What is designed.
    pub domain: Domain,
    /// Number of candidates to evaluate.
    pub budget: u64,
    /// Number of candidates per generation.
    pub population: usize,
    /// The crystals that are allowed.
    pub space: DesignSpace,
    /// What proposes designs; never empty.
    pub generators: Vec<GeneratorSpec>,
    /// Relaxation; `None` when no energies are wanted.
    pub relax: Option<RelaxSpec>,
    /// What is wanted; never empty, names are distinct.
    pub objectives: Vec<ObjectiveSpec>,
    /// Limits on objectives and properties.
    pub limits: Vec<LimitSpec>,
    /// Cheap checks that come before any energy.
    pub checks: CheckLimits,
    /// What counts as known.
    pub novelty: Reference,
    /// Competing phases; used when an objective needs the hull.
    pub hull: Reference,
    /// Folder asked for in the file.
    #[serde(skip)]
    pub directory: Option<PathBuf>,
}

/// Kind of design.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Domain {
    /// Inorganic crystals.
    Crystal,
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
}

impl GeneratorSpec {
    /// Whether this is one of the genetic algorithms, for which the options matter.
    pub fn is_genetic(&self) -> bool {
        matches!(self.kind.as_str(), "nsga2" | "nsga3")
    }
}

/// Relaxation by a potential.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct RelaxSpec {
    /// Name of the model.
    pub model: String,
    /// Largest generalised force at the end (eV/Å).
    pub fmax: f64,
    /// Most steps.
    pub steps: usize,
}

/// One objective.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ObjectiveSpec {
    /// Name in the registry of objectives.
    pub name: String,
    /// Replaces the objective's own goal.
    pub goal: Option<Goal>,
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
        hexadecimal(&Sha256::digest(text))
    }

    /// The campaign as the text of a campaign file that leaves nothing to defaults; reading it
    /// gives an equal campaign.
    ///
    /// # Errors
    /// When a number is not one that TOML can hold, such as a seed above 2^63 - 1.
    pub fn to_toml(&self) -> Result<String, toml::ser::Error> {
        toml::to_string(&CampaignConfig::from(self))
    }
}

fn generator_section(spec: &GeneratorSpec) -> GeneratorSection {
    let section = GeneratorSection {
        kind: Some(spec.kind.clone()),
        weight: Some(spec.weight),
        ..GeneratorSection::default()
    };
    if !spec.is_genetic() {
        return section;
    }
    GeneratorSection {
        initial: Some(spec.options.initial as u64),
        prototypes: Some(spec.options.prototypes),
        newcomers: Some(spec.options.newcomers),
        symprec: Some(spec.options.symprec),
        ..section
    }
}

/// The file that this campaign would be written as: nothing left to defaults, reference files by
/// absolute paths.
impl From<&Campaign> for CampaignConfig {
    fn from(campaign: &Campaign) -> Self {
        let range = |range: [usize; 2]| Some(range.map(|n| n as u64));
        let reference = |reference: &Reference| match reference {
            Reference::Shipped => Some("shipped".to_owned()),
            Reference::File { path, .. } => Some(path.display().to_string()),
        };
        let space = &campaign.space;
        let symbols = |elements: &[Element]| elements.iter().map(Element::to_string).collect::<Vec<_>>();
        Self {
            campaign: CampaignSection {
                name: Some(campaign.name.clone()),
                seed: Some(campaign.seed),
                domain: Some("crystal".to_owned()),
                budget: Some(campaign.budget),
                population: Some(campaign.population as u64),
            },
            space: SpaceSection {
                elements: Some(symbols(&space.elements)),
                elements_per_design: range(space.element_count),
                atoms: range(space.atoms),
                space_groups: Some(if space.space_groups.len() == 230 {
                    SpaceGroups::All
                } else {
                    SpaceGroups::Numbers(space.space_groups.iter().copied().map(u64::from).collect())
                }),
                required: Some(symbols(&space.required)),
                excluded: Some(space.excluded.iter().map(|set| symbols(set)).collect()),
                charge_neutral: Some(space.charge.is_some()),
                metals_alone: space.charge.map(|rules| rules.metals_pass),
            },
            generator: campaign.generators.iter().map(generator_section).collect(),
            relax: campaign.relax.as_ref().map(|spec| RelaxSection {
                model: Some(spec.model.clone()),
                fmax: Some(spec.fmax),
                steps: Some(spec.steps as u64),
            }),
            objective: campaign
                .objectives
                .iter()
                .map(|spec| ObjectiveSection {
                    name: Some(spec.name.clone()),
                    goal: spec.goal.map(|goal| match goal {
                        Goal::Minimise => GoalSetting::Minimise,
                        Goal::Maximise => GoalSetting::Maximise,
                        Goal::Target(value) => GoalSetting::Target(value),
                    }),
                })
                .collect(),
            limit: campaign
                .limits
                .iter()
                .map(|spec| LimitSection { name: Some(spec.name.clone()), min: spec.min, max: spec.max })
                .collect(),
            checks: ChecksSection {
                min_distance: Some(campaign.checks.min_distance),
                min_distance_ratio: Some(campaign.checks.min_distance_ratio),
                volume_per_atom: Some(campaign.checks.volume_per_atom),
                density: Some(campaign.checks.density),
                cell_length: Some(campaign.checks.cell_length),
                cell_angle: Some(campaign.checks.cell_angle),
            },
            novelty: NoveltySection { reference: reference(&campaign.novelty) },
            hull: HullSection { reference: reference(&campaign.hull) },
            output: OutputSection {
                directory: campaign.directory.as_ref().map(|path| path.display().to_string()),
            },
        }
    }
}

/// Lower-case hexadecimal digits of `bytes`.
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

//! The campaign file as written: every key optional here, unknown keys refused.

mod cache;
mod complexes;
mod filter;
mod slurm;
mod tiers;
mod warm_start;
mod words;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use cache::CacheSection;
pub use complexes::{ComplexesSection, LibrarySection, LigandNames, LigandsSection, XtbSection};
pub use filter::{FilterSection, FunnelSection};
pub use slurm::{FilesSection, SlurmSection};
pub use tiers::TierSection;
pub use warm_start::WarmStartSection;
pub use words::{ConditionSetting, GoalSetting, SpaceGroups};

/// A campaign: what to search, how, and for what.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CampaignConfig {
    /// Name, size and seed.
    pub campaign: CampaignSection,
    /// What may end the campaign beside its number of candidates.
    #[serde(skip_serializing_if = "is_default")]
    pub budget: BudgetSection,
    /// How energy is accounted for.
    #[serde(skip_serializing_if = "is_default")]
    pub ledger: LedgerSection,
    /// Where evaluations are kept beside the campaign's own store.
    #[serde(skip_serializing_if = "is_default")]
    pub cache: CacheSection,
    /// The crystals that are allowed.
    #[serde(skip_serializing_if = "is_default")]
    pub space: SpaceSection,
    /// The complexes that are allowed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub complexes: Option<ComplexesSection>,
    /// Complexes: where ligands come from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ligands: Option<LigandsSection>,
    /// Designs that are proposed before all others.
    #[serde(skip_serializing_if = "is_default")]
    pub warm_start: WarmStartSection,
    /// What proposes designs; several share the proposals by weight. NSGA-III when absent.
    pub generator: Vec<GeneratorSection>,
    /// Tiers of a program of yours and their places in the funnel.
    #[serde(skip_serializing_if = "is_default")]
    pub tier: Vec<TierSection>,
    /// Relaxation by a potential; without this table no energies are computed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub relax: Option<RelaxSection>,
    /// A second potential for crystals near the hull; without this table there is one opinion only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub second_opinion: Option<SecondOpinionSection>,
    /// Limits beyond which a relaxed crystal is flagged, and so not called stable.
    #[serde(skip_serializing_if = "is_default")]
    pub trust: TrustSection,
    /// Complexes: optimisation by xtb; without this table they are assembled only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub xtb: Option<XtbSection>,
    /// What is wanted; at least one.
    pub objective: Vec<ObjectiveSection>,
    /// Limits on objectives and properties: candidates outside rank behind all others.
    pub limit: Vec<LimitSection>,
    /// Filters on objectives and properties: candidates outside go no further.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub filter: Vec<FilterSection>,
    /// How the checks of the funnel are audited.
    #[serde(skip_serializing_if = "is_default")]
    pub funnel: FunnelSection,
    /// Cheap checks that come before any energy.
    #[serde(skip_serializing_if = "is_default")]
    pub checks: ChecksSection,
    /// What counts as known.
    pub novelty: NoveltySection,
    /// Competing phases for the energy above the hull.
    #[serde(skip_serializing_if = "is_default")]
    pub hull: HullSection,
    /// How units of work are submitted to Slurm.
    #[serde(skip_serializing_if = "is_default")]
    pub slurm: SlurmSection,
    /// What happens to units of work that anybody may evaluate.
    #[serde(skip_serializing_if = "is_default")]
    pub files: FilesSection,
    /// Where results go.
    pub output: OutputSection,
}

/// Whether a table says nothing, and need not be written.
pub(super) fn is_default<T: Default + PartialEq>(section: &T) -> bool {
    *section == T::default()
}

/// `[campaign]`
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CampaignSection {
    /// Name in reports: letters, digits, `-`, `_` and `.`. Required.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(required)]
    pub name: Option<String>,
    /// Seed of every random number of the campaign; 0 when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// What is designed; `crystal` when absent.
    #[schemars(extend("enum" = ["crystal", "complex"]))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    /// Number of candidates to evaluate. Required.
    #[schemars(range(min = 1))]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(required)]
    pub budget: Option<u64>,
    /// Number of candidates per generation; 40 when absent.
    #[schemars(range(min = 2))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub population: Option<u64>,
    /// Who evaluates candidates: the threads of this process (`local`, when absent), jobs of a
    /// cluster (`slurm`), or whoever takes the units of work from the folder (`files`). No result
    /// depends on it.
    #[schemars(extend("enum" = ["local", "slurm", "files"]))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub executor: Option<String>,
}

/// `[budget]`: no limit where a key is absent
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct BudgetSection {
    /// Candidates that may go through the funnel, whatever becomes of them there: those that are rejected or
    /// fail cost time as well. `campaign.budget` counts the ones that come out evaluated.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub max_evaluations: Option<u64>,
    /// Wall time of all steps (hours).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_wall: Option<f64>,
    /// Energy (kWh), measured or estimated as the ledger says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_kwh: Option<f64>,
    /// Smallest growth of the hypervolume, relative to what it is, per kWh over the last five steps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_gain_per_kwh: Option<f64>,
}

/// `[ledger]`
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LedgerSection {
    /// Grams of CO2 equivalent per kWh of the electricity used; 473 when absent, the mean of the world
    /// in 2024 (Ember, Global Electricity Review 2025).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grams_co2_per_kwh: Option<f64>,
}

/// `[space]` of crystals
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SpaceSection {
    /// Symbols of the elements to build from. Required.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(required)]
    pub elements: Option<Vec<String>>,
    /// Fewest and most different elements in one crystal; `[2, 4]` when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub elements_per_design: Option<[u64; 2]>,
    /// Fewest and most atoms in the primitive cell; `[1, 20]` when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub atoms: Option<[u64; 2]>,
    /// `"all"` (when absent) or a list of numbers of the International Tables, 1 to 230.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub space_groups: Option<SpaceGroups>,
    /// Elements that every crystal contains; none when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub required: Option<Vec<String>>,
    /// Sets of elements that must not occur together; none when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub excluded: Option<Vec<Vec<String>>>,
    /// Whether common oxidation states must be able to balance; true when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub charge_neutral: Option<bool>,
    /// Whether compositions of metals alone count as neutral; true when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metals_alone: Option<bool>,
}

/// One `[[generator]]`
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct GeneratorSection {
    /// Algorithm, or a kind that a program of yours registers. Required.
    #[schemars(extend("enum" = ["nsga2", "nsga3", "pl_moga", "weighted_sum", "random", "substitution", "diffusion", "vae", "process"]))]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(required)]
    pub kind: Option<String>,
    /// Share of the proposals relative to the other generators; 1 when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight: Option<f64>,
    /// Genetic algorithms: proposals of the first generation; the generator's share of
    /// `campaign.population` when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub initial: Option<u64>,
    /// Genetic algorithms on crystals: share of known structure types with other elements among
    /// candidates without parents, 0 to 1; the rest is random. 0.6 when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 1))]
    pub prototypes: Option<f64>,
    /// Genetic algorithms: share of candidates without parents after the first generation, 0 to 1;
    /// 0.15 when absent. PL-MOGA has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 1))]
    pub newcomers: Option<f64>,
    /// Genetic algorithms on crystals: distance (Å) within which sites of relaxed crystals count as
    /// equivalent; 0.05 when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub symprec: Option<f64>,
    /// weighted_sum: weights of the objectives in their order; 1 for those past its end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weights: Option<Vec<f64>>,
    /// Genetic algorithms: scales of the lighthouse in the order of the objectives, 0 for none:
    /// candidates worse than the median by more than this factor rank behind all others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lighthouse: Option<Vec<f64>>,
    /// Genetic algorithms: children made for each candidate, of which a surrogate that learns from all evaluated designs
    /// chooses one; 1 for no surrogate. It knows what complexes consist of; of crystals the elements and the
    /// energy above hull of the proposal as it is. When absent, 20 for nsga2 and nsga3 on complexes, 1 for the others.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub screen: Option<u64>,
    /// Genetic algorithms, random search, diffusion and vae: how designs are written down and varied.
    /// Crystals: `symmetry` (when absent), `matrix`, and for genetic algorithms `latent`, the latents of an
    /// autoencoder. Complexes: `ligand_graph`, and for genetic algorithms `latent`, the latents of ligands. Genetic algorithms and random search also work on one that a
    /// program of yours registers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub representation: Option<String>,
    /// diffusion, vae, representation `latent`: `"shipped"` (when absent) or a file written by `druse train`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// diffusion, vae: what conditions of the model shall be, such as `{ e_hull = [0.0, 0.05], band_gap = 1.5 }`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conditions: Option<BTreeMap<String, ConditionSetting>>,
    /// diffusion, vae: how much conditions count, 0 not at all, 1 as learnt, more exaggerates; 1 when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub guidance: Option<f64>,
    /// diffusion, vae: 1 (when absent) samples what was learnt, less prefers what is likely.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    /// diffusion, vae: steps of the sampler; the model's own number when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub steps: Option<u64>,
    /// diffusion, vae: samples of which one is proposed, that which the model itself takes to be best by predicted
    /// energy above hull or likelihood; 1 when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub best_of: Option<u64>,
    /// diffusion, vae: whether crystals of a formula that the model was trained on are left out; false when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unseen: Option<bool>,
    /// diffusion, vae: whether the model learns on from what survives; true when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fine_tune: Option<bool>,
    /// Options of a generator or representation that a program of yours registers.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<serde_json::Map<String, serde_json::Value>>")]
    pub options: Option<toml::Table>,
    /// process: the program that proposes, with its arguments, such as `["python3", "propose.py"]`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<Vec<String>>,
    /// process: seconds that one answer may take; 60 when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout: Option<f64>,
    /// process: how often one thing is asked before it counts as failed; 2 when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub attempts: Option<u64>,
}

/// What may name a potential.
fn potentials() -> serde_json::Value {
    let names = druse_fitness::potentials::NAMES;
    let endings = druse_fitness::potentials::ENDINGS.join("|");
    serde_json::json!([{ "enum": names }, { "pattern": format!("\\\\.({endings})$") }])
}

/// `[relax]`
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RelaxSection {
    /// Potential; `chgnet-0.3.0` when absent. A name, or a file: weights of Nequix (`.safetensors`) or a TorchScript
    /// module (`.pt`).
    #[schemars(extend("anyOf" = potentials()))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Largest generalised force of a relaxed structure (eV/Å); 0.1 when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fmax: Option<f64>,
    /// Most steps; 200 when absent.
    #[schemars(range(min = 1))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub steps: Option<u64>,
    /// The symmetry of a proposal is found within this tolerance (Å), made exact and kept; 0 lets it break; 0.01 when absent.
    #[schemars(range(min = 0))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub symprec: Option<f64>,
    /// Whether a crystal that is at rest only because of its symmetry goes on without; no when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub leave_saddles: Option<bool>,
    /// External pressure (GPa); 0 when absent. Above 0 crystals are compared by their enthalpies, and `hull.reference` must be a table
    /// by `druse data reference --relax --pressure` at the same pressure.
    #[schemars(range(min = 0))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pressure: Option<f64>,
}

/// `[second_opinion]`
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SecondOpinionSection {
    /// Potential, a name or a file as in `[relax]`; `sevennet-l3i5` when absent.
    #[schemars(extend("anyOf" = potentials()))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Asked for crystals at most so far above the first potential's hull (eV/atom); 0.15 when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub below: Option<f64>,
    /// Its competing phases: `"shipped"` (when absent; for chgnet-0.3.0 and sevennet-l3i5) or a table by `druse data reference` with the same model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
}

/// `[trust]`: energies of crystals beyond these limits are not believed; `inf` (of `min_distance_ratio`, 0) lets all pass.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TrustSection {
    /// Largest force on an atom at the end of the relaxation (eV/Å); 1 when absent.
    #[schemars(range(min = 0))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_force: Option<f64>,
    /// Smallest distance as a share of the sum of covalent radii; 0.6 when absent.
    #[schemars(range(min = 0))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_distance_ratio: Option<f64>,
    /// Largest magnetic moment as a share of the largest spin moment of such an atom; 1.1 when absent.
    #[schemars(range(min = 0))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_moment_ratio: Option<f64>,
    /// Largest energy below the hull of known phases (eV/atom); 0.5 when absent.
    #[schemars(range(min = 0))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub below_hull: Option<f64>,
}

/// One `[[objective]]`
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ObjectiveSection {
    /// Name of the objective. Required.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(required)]
    pub name: Option<String>,
    /// `"minimise"`, `"maximise"` or `{ target = value }`; the objective's own goal when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub goal: Option<GoalSetting>,
    /// `"process"` for an objective that a program of yours evaluates; one that druse knows when absent.
    #[serde(skip_serializing_if = "Option::is_none", rename = "type")]
    #[schemars(extend("enum" = ["process"]))]
    pub kind: Option<String>,
    /// process: the program with its arguments, such as `["python3", "volume.py"]`. Words that name
    /// files beside the campaign file are found wherever druse runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<Vec<String>>,
    /// process: unit of the value; `1` when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// process: seconds that one answer may take; 60 when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout: Option<f64>,
    /// process: how often one thing is asked before it counts as failed; 2 when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub attempts: Option<u64>,
}

/// One `[[limit]]`
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LimitSection {
    /// Name of an objective, or of a property that the relaxation writes. Required.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(required)]
    pub name: Option<String>,
    /// Smallest value allowed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    /// Largest value allowed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
}

/// `[checks]`: what is absent has the default of [`CheckLimits`](druse_validation::CheckLimits)
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ChecksSection {
    /// Smallest distance between two atoms (Å); 0.5 when absent, as in CDVAE (Xie et al. 2022).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_distance: Option<f64>,
    /// Smallest distance as a share of the sum of covalent radii; 0.5 when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_distance_ratio: Option<f64>,
    /// Smallest and largest volume per atom (Å^3).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub volume_per_atom: Option<[f64; 2]>,
    /// Smallest and largest mass density (g/cm^3).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub density: Option<[f64; 2]>,
    /// Shortest and longest cell vector (Å).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cell_length: Option<[f64; 2]>,
    /// Smallest and largest cell angle (degrees).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cell_angle: Option<[f64; 2]>,
}

/// `[novelty]`
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct NoveltySection {
    /// `"shipped"` (when absent) or a file with what is known. Crystals: an index written by
    /// `druse index build`, or structures. Complexes: one whole-complex string per line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// Crystals: verdicts of the audit whose crystals are rejected, for instance
    /// `["exact_duplicate", "supercell_or_setting", "near_duplicate"]`; none when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("items" = { "enum": ["exact_duplicate", "supercell_or_setting", "near_duplicate",
        "ordered_variant", "same_solid_solution_other_ratio", "known_prototype", "known_composition", "new"] }))]
    pub reject: Option<Vec<String>>,
}

/// `[hull]`
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct HullSection {
    /// `"shipped"` (when absent) or a reference table written by `druse data reference` with the
    /// same model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// What `reaction_energy` starts from: `"shipped"` (when absent), formulas such as `["Li2CO3", "Co3O4"]`, or a file
    /// of formulas.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub precursors: Option<PrecursorSetting>,
}

/// A single word, or a list of formulas.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum PrecursorSetting {
    /// `"shipped"` or a file.
    Word(String),
    /// Formulas.
    Formulas(Vec<String>),
}

/// `[output]`
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct OutputSection {
    /// Folder of the campaign, relative to where the command runs; `--out` comes first. The name
    /// of the campaign when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub directory: Option<String>,
}

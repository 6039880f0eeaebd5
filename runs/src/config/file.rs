//! The campaign file as written: every key optional here, unknown keys refused.

use std::collections::BTreeMap;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{SerializeMap, Serializer};
use serde::{Deserialize, Serialize};

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
    /// The crystals that are allowed.
    #[serde(skip_serializing_if = "is_default")]
    pub space: SpaceSection,
    /// The complexes that are allowed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub complexes: Option<ComplexesSection>,
    /// Complexes: where ligands come from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ligands: Option<LigandsSection>,
    /// What proposes designs; several share the proposals by weight. NSGA-III when absent.
    pub generator: Vec<GeneratorSection>,
    /// Relaxation by a potential; without this table no energies are computed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub relax: Option<RelaxSection>,
    /// Complexes: optimisation by xtb; without this table they are assembled only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub xtb: Option<XtbSection>,
    /// What is wanted; at least one.
    pub objective: Vec<ObjectiveSection>,
    /// Limits on objectives and properties: candidates outside rank behind all others.
    pub limit: Vec<LimitSection>,
    /// Cheap checks that come before any energy.
    #[serde(skip_serializing_if = "is_default")]
    pub checks: ChecksSection,
    /// What counts as known.
    pub novelty: NoveltySection,
    /// Competing phases for the energy above the hull.
    #[serde(skip_serializing_if = "is_default")]
    pub hull: HullSection,
    /// Where results go.
    pub output: OutputSection,
}

/// Whether a table says nothing, and need not be written.
fn is_default<T: Default + PartialEq>(section: &T) -> bool {
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
}

/// `[budget]`: no limit where a key is absent
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct BudgetSection {
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

/// `"all"` or a list of space-group numbers.
#[derive(Clone, Debug, PartialEq)]
pub enum SpaceGroups {
    /// All 230.
    All,
    /// These numbers.
    Numbers(Vec<u64>),
}

/// One `[[generator]]`
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct GeneratorSection {
    /// Algorithm. Required.
    #[schemars(extend("enum" = ["nsga2", "nsga3", "pl_moga", "weighted_sum", "random", "substitution", "process"]))]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(required)]
    pub kind: Option<String>,
    /// Share of the proposals relative to the other generators; 1 when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight: Option<f64>,
    /// Genetic algorithms: proposals of the first generation; `campaign.population` when absent.
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
    /// Genetic algorithms on complexes: children made for each candidate, of which a surrogate that
    /// learns from all evaluated complexes chooses one; 1 for no surrogate. When absent, 20 for nsga2
    /// and nsga3, 1 for the others.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub screen: Option<u64>,
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

/// `[complexes]`
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ComplexesSection {
    /// A common task that sets metals, geometries and charge: `"chromophores"` (metals and ligands of
    /// complexes that absorb and emit light). What is given beside it comes first.
    #[schemars(extend("enum" = ["chromophores"]))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preset: Option<String>,
    /// A complex of a noble metal as whole-complex string: abundant metals take its place, with its
    /// charge, number of sites, and its ligands beside those of `[ligands]`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replace: Option<String>,
    /// Metals with their allowed oxidation states, such as `{ Fe = [2, 3], Ni = [2] }`. Required
    /// unless a preset gives them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metals: Option<BTreeMap<String, Vec<i64>>>,
    /// Coordination polyhedra by name or IUPAC symbol, such as `octahedral` or `SP-4`. Required
    /// unless a preset gives them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub geometries: Option<Vec<String>>,
    /// Smallest and largest total charge; `[-1, 1]`, or that of the preset, when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub charge: Option<[i64; 2]>,
    /// Allowed numbers of valence electrons, such as `[16, 18]`; any when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub electrons: Option<Vec<u64>>,
    /// Fewest and most atoms, the metal and hydrogens included; `[1, 120]` when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub atoms: Option<[u64; 2]>,
    /// Allowed elements of donor atoms; any when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub donors: Option<Vec<String>>,
    /// Allowed denticities; any when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub denticities: Option<Vec<u64>>,
    /// Most different ligands in one complex; 4 when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub most_distinct: Option<u64>,
    /// Names of ligands that every complex contains; none when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub required: Option<Vec<String>>,
    /// Spin multiplicity of proposals: `"lowest"` (when absent), `"highest"` or `"any"`.
    #[schemars(extend("enum" = ["lowest", "highest", "any"]))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spin: Option<String>,
    /// Whether ligands themselves evolve, atom by atom; false when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evolve_ligands: Option<bool>,
}

/// `[ligands]`: the union of what its keys name; the built-in ligands when the table is absent
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LigandsSection {
    /// `"all"` built-in ligands, or a list of their names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub builtin: Option<LigandNames>,
    /// Ligands of the library of crystal structures, the most frequent first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub library: Option<LibrarySection>,
    /// Tables of ligands: CSV with SMILES, or XYZ with charge and donors in the comment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub files: Option<Vec<String>>,
}

/// `[ligands.library]`
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LibrarySection {
    /// How many at most. Required.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(required)]
    pub most: Option<u64>,
    /// Allowed denticities; any when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub denticities: Option<Vec<u64>>,
    /// Allowed elements of donors; any when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub donors: Option<Vec<String>>,
    /// Allowed charges; any when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub charges: Option<Vec<i64>>,
    /// Most atoms, hydrogens included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub atoms: Option<u64>,
    /// Metals of which one must have been seen with the ligand; any when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metals: Option<Vec<String>>,
    /// Fewest occurrences in crystals; 1 when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub occurrences: Option<u64>,
}

/// `"all"` or a list of names.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum LigandNames {
    /// A single word.
    Word(String),
    /// Names.
    Names(Vec<String>),
}

/// `[xtb]`
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct XtbSection {
    /// How tightly geometries are optimised with GFN2-xTB: `"crude"`, `"normal"` (when absent) or
    /// `"tight"`.
    #[schemars(extend("enum" = ["crude", "normal", "tight"]))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<String>,
    /// Whether GFN-FF removes clashes first; false when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub force_field: Option<bool>,
    /// Whether the spin states that a 3d complex may have are compared; true when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spin_states: Option<bool>,
    /// Whether the fractional occupation density marks doubtful complexes; false when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fod: Option<bool>,
    /// Solvent of the ALPB model; gas phase when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub solvent: Option<String>,
    /// Seconds after which a run of xtb is given up; 600 when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub timeout: Option<u64>,
}

/// `[relax]`
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RelaxSection {
    /// Potential; `chgnet-0.3.0` when absent.
    #[schemars(extend("enum" = ["chgnet-0.3.0", "chgnet-r2scan"]))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Largest generalised force of a relaxed structure (eV/Å); 0.1 when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fmax: Option<f64>,
    /// Most steps; 200 when absent.
    #[schemars(range(min = 1))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub steps: Option<u64>,
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

/// A goal that replaces the objective's own.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum GoalSetting {
    /// Smaller is better.
    Minimise,
    /// Larger is better.
    Maximise,
    /// Nearer to this value is better.
    Target(f64),
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

impl Serialize for SpaceGroups {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::All => serializer.serialize_str("all"),
            Self::Numbers(numbers) => numbers.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for SpaceGroups {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Groups;
        impl<'de> Visitor<'de> for Groups {
            type Value = SpaceGroups;
            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("\"all\" or a list of space-group numbers from 1 to 230")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<SpaceGroups, E> {
                match text {
                    "all" => Ok(SpaceGroups::All),
                    _ => Err(E::invalid_value(de::Unexpected::Str(text), &self)),
                }
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<SpaceGroups, A::Error> {
                let mut numbers = Vec::new();
                while let Some(number) = items.next_element()? {
                    numbers.push(number);
                }
                Ok(SpaceGroups::Numbers(numbers))
            }
        }
        deserializer.deserialize_any(Groups)
    }
}

impl JsonSchema for SpaceGroups {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "SpaceGroups".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [
            { "const": "all" },
            { "type": "array", "items": { "type": "integer", "minimum": 1, "maximum": 230 } },
        ] })
    }
}

impl Serialize for GoalSetting {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Minimise => serializer.serialize_str("minimise"),
            Self::Maximise => serializer.serialize_str("maximise"),
            Self::Target(value) => {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry("target", value)?;
                map.end()
            }
        }
    }
}

impl<'de> Deserialize<'de> for GoalSetting {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Goal;
        impl<'de> Visitor<'de> for Goal {
            type Value = GoalSetting;
            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("\"minimise\", \"maximise\" or { target = a number }")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<GoalSetting, E> {
                match text {
                    "minimise" | "minimize" => Ok(GoalSetting::Minimise),
                    "maximise" | "maximize" => Ok(GoalSetting::Maximise),
                    _ => Err(E::invalid_value(de::Unexpected::Str(text), &self)),
                }
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<GoalSetting, A::Error> {
                let mut target = None;
                while let Some(key) = map.next_key::<String>()? {
                    if key != "target" {
                        let found = format!("a table with '{key}'");
                        return Err(de::Error::invalid_value(de::Unexpected::Other(&found), &self));
                    }
                    target = Some(map.next_value()?);
                }
                target.map(GoalSetting::Target).ok_or_else(|| {
                    de::Error::invalid_value(de::Unexpected::Other("a table without 'target'"), &self)
                })
            }
        }
        deserializer.deserialize_any(Goal)
    }
}

impl JsonSchema for GoalSetting {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Goal".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [
            { "enum": ["minimise", "maximise"] },
            {
                "type": "object",
                "properties": { "target": { "type": "number" } },
                "required": ["target"],
                "additionalProperties": false,
            },
        ] })
    }
}

//! The campaign file as written: every key optional here, unknown keys refused.

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
    /// The designs that are allowed.
    pub space: SpaceSection,
    /// What proposes designs; several share the proposals by weight. NSGA-III when absent.
    pub generator: Vec<GeneratorSection>,
    /// Relaxation by a potential; without this table no energies are computed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub relax: Option<RelaxSection>,
    /// What is wanted; at least one.
    pub objective: Vec<ObjectiveSection>,
    /// Limits on objectives and properties: candidates outside rank behind all others.
    pub limit: Vec<LimitSection>,
    /// Cheap checks that come before any energy.
    pub checks: ChecksSection,
    /// What counts as known.
    pub novelty: NoveltySection,
    /// Competing phases for the energy above the hull.
    pub hull: HullSection,
    /// Where results go.
    pub output: OutputSection,
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
    #[schemars(extend("enum" = ["crystal"]))]
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
    #[schemars(extend("enum" = ["nsga2", "nsga3", "random", "substitution"]))]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(required)]
    pub kind: Option<String>,
    /// Share of the proposals relative to the other generators; 1 when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight: Option<f64>,
    /// nsga2 and nsga3: proposals of the first generation; `campaign.population` when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub initial: Option<u64>,
    /// nsga2 and nsga3: share of known structure types with other elements among candidates
    /// without parents, 0 to 1; the rest is random. 0.6 when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 1))]
    pub prototypes: Option<f64>,
    /// nsga2 and nsga3: share of candidates without parents after the first generation, 0 to 1;
    /// 0.15 when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 1))]
    pub newcomers: Option<f64>,
    /// nsga2 and nsga3: distance (Å) within which sites of relaxed crystals count as equivalent;
    /// 0.05 when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub symprec: Option<f64>,
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
    /// `"shipped"` (when absent) or a reference table written by `druse data reference`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
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

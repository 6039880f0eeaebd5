//! Sections of the campaign file about complexes: `[complexes]`, `[ligands]` and `[xtb]`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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

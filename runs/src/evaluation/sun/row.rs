//! What is found about one structure.

use serde::Serialize;
use serde_json::{Map, Value};

/// Verdicts and numbers of one structure; `None` where there is nothing to tell.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Row {
    /// Id by its file.
    pub id: String,
    /// Reduced formula.
    pub formula: Option<String>,
    /// Chemical system.
    pub chemical_system: Option<String>,
    /// Sites of the cell.
    pub sites: Option<usize>,
    /// Why it could not be read.
    pub unreadable: Option<String>,
    /// Whether it is structurally valid.
    pub structure_valid: bool,
    /// Why not.
    pub structure_fault: Option<String>,
    /// Whether its composition is valid.
    pub composition_valid: bool,
    /// By what, or why not.
    pub composition_reason: Option<String>,
    /// Space group as given.
    pub space_group: Option<u8>,
    /// Wyckoff template as given.
    pub template: Option<String>,
    /// Whether the reference has this template; `None` without a template or reference.
    pub template_known: Option<bool>,
    /// How relaxation ended.
    pub relaxation: Option<String>,
    /// Whether it converged.
    pub converged: bool,
    /// Steps.
    pub steps: Option<usize>,
    /// Space group of the relaxed structure.
    pub relaxed_space_group: Option<u8>,
    /// Distance (Å) between the structure as given and relaxed.
    pub rmsd: Option<f64>,
    /// Energy (eV/atom) of the relaxed structure.
    pub energy_per_atom: Option<f64>,
    /// Energy above the hull (eV/atom) of the relaxed structure.
    pub energy_above_hull: Option<f64>,
    /// Why there is none.
    pub no_hull: Option<String>,
    /// Why its energy is not to be trusted; `None` when nothing speaks against it.
    pub flags: Option<String>,
    /// Whether it is compared with others at all.
    pub comparable: bool,
    /// Whether it matches none of those before it (`mattergen_ordered`).
    pub unique: bool,
    /// Number of the first structure of its group (`leak_safe`), from 0.
    pub group: Option<usize>,
    /// Verdict of the audit.
    pub verdict: Option<String>,
    /// Whether the audit leaves it novel.
    pub novel_leak_safe: bool,
    /// Where it was found: `training`, `reference` or `none`.
    pub found_in: Option<String>,
    /// Nearest known structure.
    pub nearest: Option<String>,
    /// Distance to it, units of (V/N)^(1/3).
    pub distance: Option<f64>,
    /// Whether pymatgen's matcher finds no known structure; `None` when that cannot be told.
    pub novel_mattergen_ordered: Option<bool>,
    /// The known structure that it finds.
    pub matched: Option<String>,
    /// CPU seconds of the relaxation.
    pub cpu_seconds: Option<f64>,
}

impl Row {
    /// Whether it is converged, not flagged and at most `limit` (eV/atom) above the hull.
    pub fn is_stable(&self, limit: f64) -> bool {
        self.converged && self.flags.is_none() && self.energy_above_hull.is_some_and(|energy| energy <= limit)
    }

    /// Whether the relaxed structure has another space group than P1.
    pub fn is_symmetric(&self) -> bool {
        self.relaxed_space_group.is_some_and(|group| group != 1)
    }

    /// The row as a JSON object.
    pub fn to_map(&self) -> Map<String, Value> {
        match serde_json::to_value(self) {
            Ok(Value::Object(map)) => map,
            _ => Map::new(),
        }
    }
}

//! The results of an audit, in the form that tables, JSON and pages are made of.

use druse_representations::{Crystal, Element, Site};
use serde::ser::{SerializeMap, SerializeStruct};
use serde::{Deserialize, Serialize, Serializer};

use super::verdict::Verdict;
use crate::matching::{Family, Mapping};

/// All that an audit found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AuditReport {
    /// Name of the matcher that decides about duplicates.
    pub matcher: String,
    /// All matchers, tolerances and thresholds that the verdicts depend on, one line for each.
    pub protocol: String,
    /// What counts as known.
    pub references: Vec<SetInfo>,
    /// What the generator was trained on; empty when nobody said.
    pub training: Vec<SetInfo>,
    /// Number of structures of every verdict, from most to least known; those without a verdict
    /// (errors) are not counted.
    pub counts: Vec<(Verdict, usize)>,
    /// Repetitions among the structures themselves.
    pub unique: UniquenessInfo,
    /// One row for each structure, in the order of the input.
    pub rows: Vec<AuditRow>,
}

/// A set of known structures.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SetInfo {
    /// Name: file or source.
    pub name: String,
    /// Number of structures.
    pub structures: usize,
    /// SHA-256 of the index, in hexadecimal digits.
    pub sha256: String,
    /// Whether coordinates are there; otherwise verdicts rest on invariants.
    pub exact: bool,
}

impl SetInfo {
    /// Name, size and the start of the checksum, for stamps.
    pub fn stamp(&self) -> String {
        let kind = if self.exact { "structures" } else { "structures by invariants" };
        let digits = self.sha256.get(..12).unwrap_or(&self.sha256);
        format!("{} ({} {kind}, sha256 {digits})", self.name, self.structures)
    }
}

/// How many different structures the audited ones are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct UniquenessInfo {
    /// Connected groups of structures that the matcher calls the same; independent of order.
    pub groups: usize,
    /// Structures that match none of those kept before them, in the order of the input: the number
    /// that greedy grouping gives.
    pub greedy: usize,
    /// Structures that were compared.
    pub of: usize,
}

/// Where a known structure was found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FoundIn {
    /// Among the training structures.
    Training,
    /// In the reference only.
    Reference,
    /// Nowhere.
    #[default]
    None,
}

/// What is known of one structure.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct AuditRow {
    /// Id by its file.
    pub id: String,
    /// Reduced formula.
    pub formula: String,
    /// Number of sites.
    pub sites: usize,
    /// Why there is no verdict.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The verdict; `None` for a structure that cannot be compared.
    pub verdict: Option<Verdict>,
    /// In which kind of set the structure (or its relative) was found.
    pub found_in: FoundIn,
    /// Id of the nearest known structure: the one that the verdict rests on.
    pub nearest_id: Option<String>,
    /// Name of its set.
    pub nearest_set: Option<String>,
    /// Its reduced formula.
    pub nearest_formula: Option<String>,
    /// Distance to it in units of (V/N)^(1/3): earth mover's distance of pointwise distance
    /// distributions, resolved by element where the elements agree, with those that share sites taken
    /// for one; distance of invariants where the reference has no coordinates.
    pub distance: Option<f64>,
    /// Root mean square distance of mapped sites, in units of (V/N)^(1/3).
    pub rms: Option<f64>,
    /// Largest distance of mapped sites, in the same unit.
    pub max_dist: Option<f64>,
    /// Volume per site of the known structure divided by that of this one.
    pub volume_ratio: Option<f64>,
    /// Largest principal strain between the mapped lattices at equal volume.
    pub strain: Option<f64>,
    /// Protocol of the matcher that gave the verdict; empty when none was asked.
    pub matcher: String,
    /// Reference with the start of its checksum.
    pub reference: String,
    /// Group of equal structures within the audit: number of its first member, from 0.
    pub group: Option<usize>,
    /// What proves the verdict.
    pub evidence: Evidence,
    /// The structure, as in JSON lines.
    #[serde(serialize_with = "json_lines")]
    pub structure: Option<Crystal>,
    /// The nearest known structure, where its coordinates are known.
    #[serde(serialize_with = "json_lines")]
    pub nearest_structure: Option<Crystal>,
}

/// What proves a verdict.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Evidence {
    /// Which site stands for which.
    pub mapping: Option<Mapping>,
    /// Elements of the structure with those of the known one in their place.
    pub elements: Vec<(Element, Element)>,
    /// Elements that share sites, and their shares.
    pub family: Option<Family>,
    /// The two are mirror images of each other and not the same otherwise.
    pub mirror_image_only: Option<bool>,
    /// Whether coordinates were compared; otherwise invariants only.
    pub exact: bool,
    /// The evidence in words.
    pub words: String,
}

/// A crystal in the form of JSON lines: rows of `lattice` are vectors (Å).
fn json_lines<S: Serializer>(crystal: &Option<Crystal>, serializer: S) -> Result<S::Ok, S::Error> {
    let Some(crystal) = crystal else { return serializer.serialize_none() };
    let mut fields = serializer.serialize_struct("Structure", 3)?;
    fields.serialize_field("lattice", &crystal.lattice.rows())?;
    fields.serialize_field("species", &crystal.sites.iter().map(Species).collect::<Vec<_>>())?;
    let frac: Vec<[f64; 3]> = crystal.sites.iter().map(|site| site.frac.into()).collect();
    fields.serialize_field("frac", &frac)?;
    fields.end()
}

/// An element, or elements with their shares.
struct Species<'a>(&'a Site);

impl Serialize for Species<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.is_ordered() {
            return self.0.occupants[0].element.serialize(serializer);
        }
        let mut shares = serializer.serialize_map(Some(self.0.occupants.len()))?;
        for occupant in &self.0.occupants {
            shares.serialize_entry(&occupant.element, &occupant.occupancy)?;
        }
        shares.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use druse_representations::Lattice;
    use druse_representations::crystal::Occupant;
    use serde_json::json;

    #[test]
    fn structures_are_written_as_json_lines() {
        let [na, k, cl] = ["Na", "K", "Cl"].map(|symbol| symbol.parse().unwrap());
        let mut crystal = Crystal::ordered(Lattice::cubic(4.0), [(na, [0.0; 3]), (cl, [0.5; 3])]);
        crystal.sites[0].occupants = [na, k].map(|element| Occupant { element, occupancy: 0.5 }).to_vec();
        let row = AuditRow { structure: Some(crystal), ..AuditRow::default() };
        let written = serde_json::to_value(row).unwrap();
        assert_eq!(
            written["structure"],
            json!({
                "lattice": [[4.0, 0.0, 0.0], [0.0, 4.0, 0.0], [0.0, 0.0, 4.0]],
                "species": [{ "Na": 0.5, "K": 0.5 }, "Cl"],
                "frac": [[0.0, 0.0, 0.0], [0.5, 0.5, 0.5]],
            })
        );
        assert_eq!(written["nearest_structure"], json!(null));
        assert_eq!(written["found_in"], json!("none"));
    }
}

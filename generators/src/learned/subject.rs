//! What models learn from.

use druse_representations::io::Record;
use druse_representations::symmetry::analyse;
use druse_representations::{Crystal, Element, Ligand};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

/// Tolerance (Å) with which the space group is found.
const SYMPREC: f64 = 0.01;

/// A structure with its labels: a crystal ([`Record`]) or a ligand ([`LigandEntry`]).
pub trait Subject: Send + Sync {
    /// Columns that are computed from the structure itself.
    const BUILT_IN: &'static [&'static str];

    /// Those among them that are sets of elements.
    const SETS: &'static [&'static str];

    /// Name within its data.
    fn id(&self) -> &str;

    /// Value of a column: computed from the structure, or as its file gives it. Sets of elements are no values.
    fn value(&self, column: &str) -> Option<Value>;

    /// Elements of a column of [`Self::SETS`], ascending.
    fn set(&self, column: &str) -> Vec<Element>;

    /// What it is made of, for telling whether a model was trained on it: [`crystal_key`] of a crystal, the drawing of a
    /// ligand.
    fn composition_key(&self) -> String;

    /// Feeds everything that a training depends on.
    fn digest(&self, hasher: &mut Sha256);
}

impl Subject for Record {
    const BUILT_IN: &'static [&'static str] =
        &["elements", "space_group", "atoms", "density", "volume_per_atom"];
    const SETS: &'static [&'static str] = &["elements"];

    fn id(&self) -> &str {
        &self.id
    }

    fn value(&self, column: &str) -> Option<Value> {
        let crystal = &self.crystal;
        let own = match column {
            "space_group" => analyse(crystal, SYMPREC).ok().map(|found| found.number.into()),
            "atoms" => Some(crystal.sites.len().into()),
            "density" => Some(crystal.density().into()),
            "volume_per_atom" => Some((crystal.lattice.volume() / crystal.sites.len() as f64).into()),
            _ => None,
        };
        own.or_else(|| self.properties.get(column).cloned()).filter(|value: &Value| !value.is_null())
    }

    fn set(&self, _: &str) -> Vec<Element> {
        sorted(self.crystal.composition().elements())
    }

    fn composition_key(&self) -> String {
        crystal_key(&self.crystal)
    }

    fn digest(&self, hasher: &mut Sha256) {
        hasher.update(self.id.as_bytes());
        let numbers = self.crystal.lattice.matrix().iter().copied();
        let sites = &self.crystal.sites;
        let positions = sites.iter().flat_map(|site| site.frac.iter().copied());
        numbers.chain(positions).for_each(|x: f64| hasher.update(x.to_le_bytes()));
        let occupants = sites.iter().flat_map(|site| &site.occupants);
        for occupant in occupants {
            hasher.update([occupant.element.atomic_number()]);
            hasher.update(occupant.occupancy.to_le_bytes());
        }
        properties(&self.properties, hasher);
    }
}

/// By what a model remembers a crystal: its reduced formula.
pub fn crystal_key(crystal: &Crystal) -> String {
    crystal.composition().reduced_formula()
}

/// Column of the metal (its symbol) that the positions of a ligand are around.
pub const METAL: &str = "metal";

/// A ligand with its labels.
#[derive(Clone, Debug)]
pub struct LigandEntry {
    /// The ligand; its name is the id.
    pub ligand: Ligand,
    /// Labels by column.
    pub properties: Map<String, Value>,
}

impl LigandEntry {
    /// A ligand without labels.
    pub fn new(ligand: Ligand) -> Self {
        Self { ligand, properties: Map::new() }
    }
}

impl Subject for LigandEntry {
    const BUILT_IN: &'static [&'static str] =
        &["denticity", "charge", "donors", "atoms", "heavy_atoms", "elements"];
    const SETS: &'static [&'static str] = &["donors", "elements"];

    fn id(&self) -> &str {
        &self.ligand.name
    }

    fn value(&self, column: &str) -> Option<Value> {
        let ligand = &self.ligand;
        let own = match column {
            "denticity" => Some(ligand.denticity().into()),
            "charge" => Some(ligand.charge().into()),
            "atoms" => Some(ligand.graph.node_count().into()),
            "heavy_atoms" => Some(ligand.elements().filter(|e| e.atomic_number() > 1).count().into()),
            _ => None,
        };
        own.or_else(|| self.properties.get(column).cloned()).filter(|value: &Value| !value.is_null())
    }

    fn set(&self, column: &str) -> Vec<Element> {
        let elements: Vec<Element> = self.ligand.elements().collect();
        if column == "donors" {
            sorted(self.ligand.donors.iter().flatten().map(|&atom| elements[atom]))
        } else {
            sorted(elements.into_iter())
        }
    }

    fn composition_key(&self) -> String {
        self.ligand.to_smiles()
    }

    fn digest(&self, hasher: &mut Sha256) {
        hasher.update(self.ligand.name.as_bytes());
        // The drawing, not the numbers of the atoms nor a geometry.
        hasher.update(self.ligand.to_smiles());
        properties(&self.properties, hasher);
    }
}

fn properties(properties: &Map<String, Value>, hasher: &mut Sha256) {
    properties.iter().for_each(|(name, value)| hasher.update(format!("{name}={value}\n")));
}

fn sorted(elements: impl Iterator<Item = Element>) -> Vec<Element> {
    let mut elements: Vec<Element> = elements.collect();
    elements.sort_unstable();
    elements.dedup();
    elements
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_of_ligands_are_those_of_their_graphs() {
        let glycinate = LigandEntry::new(Ligand::from_smiles("[NH2:1]CC(=O)[O-:2] gly").unwrap());
        let number = |column: &str| glycinate.value(column).and_then(|value| value.as_i64());
        let found = ["denticity", "charge", "atoms", "heavy_atoms", "gap"].map(number);
        assert_eq!(found, [Some(2), Some(-1), Some(9), Some(5), None]);
        let symbols = |column: &str| glycinate.set(column).iter().map(|e| e.symbol()).collect::<Vec<_>>();
        assert_eq!((symbols("donors"), symbols("elements")), (vec!["N", "O"], vec!["H", "C", "N", "O"]));
    }
}

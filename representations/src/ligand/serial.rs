//! Ligands as compact JSON: `{"name", "atoms": [["N", 0], ...], "bonds": [[0, 1, 1], ...],
//! "donors": [[0], ...], "positions": [[x, y, z], ...]}`; `positions` is left out when unknown.

use petgraph::graph::{NodeIndex, UnGraph};
use petgraph::visit::EdgeRef;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::error::LigandError;
use super::{Atom, BondOrder, Ligand};
use crate::element::Element;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    #[serde(default)]
    name: String,
    atoms: Vec<(Element, i8)>,
    bonds: Vec<(usize, usize, BondOrder)>,
    donors: Vec<Vec<usize>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    positions: Option<Vec<[f64; 3]>>,
}

impl From<&Ligand> for Record {
    fn from(ligand: &Ligand) -> Self {
        Self {
            name: ligand.name.clone(),
            atoms: ligand.graph.node_weights().map(|atom| (atom.element, atom.formal_charge)).collect(),
            bonds: ligand
                .graph
                .edge_references()
                .map(|edge| (edge.source().index(), edge.target().index(), *edge.weight()))
                .collect(),
            donors: ligand.donors.clone(),
            positions: ligand.positions.clone(),
        }
    }
}

impl TryFrom<Record> for Ligand {
    type Error = LigandError;

    fn try_from(record: Record) -> Result<Self, LigandError> {
        let atoms = record.atoms.len();
        if atoms == 0 {
            return Err(LigandError::NoAtom);
        }
        let mut graph = UnGraph::with_capacity(atoms, record.bonds.len());
        for (element, formal_charge) in record.atoms {
            graph.add_node(Atom { element, formal_charge });
        }
        for (bond, (from, to, order)) in record.bonds.into_iter().enumerate() {
            if from >= atoms || to >= atoms {
                return Err(LigandError::BondOutOfRange { bond, from, to, last: atoms - 1 });
            }
            graph.add_edge(NodeIndex::new(from), NodeIndex::new(to), order);
        }
        let ligand = Self::new(record.name, graph, record.donors)?;
        match record.positions {
            Some(positions) => ligand.with_positions(positions),
            None => Ok(ligand),
        }
    }
}

impl Serialize for Ligand {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Record::from(self).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Ligand {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::try_from(Record::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

impl BondOrder {
    /// Number of this order in files: 1, 2, 3, 12 for aromatic (as in RDKit and MetaLig), 0 for unknown.
    pub fn code(self) -> u8 {
        match self {
            Self::Single => 1,
            Self::Double => 2,
            Self::Triple => 3,
            Self::Aromatic => 12,
            Self::Unknown => 0,
        }
    }

    /// The order with this number, see [`BondOrder::code`].
    pub fn from_code(code: u8) -> Option<Self> {
        [Self::Single, Self::Double, Self::Triple, Self::Aromatic, Self::Unknown]
            .into_iter()
            .find(|order| order.code() == code)
    }
}

/// A number that is no bond order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("unknown bond order {0}; expected 1, 2, 3, 12 (aromatic) or 0 (unknown)")]
pub struct UnknownBondOrder(pub u8);

impl TryFrom<u8> for BondOrder {
    type Error = UnknownBondOrder;

    fn try_from(code: u8) -> Result<Self, UnknownBondOrder> {
        Self::from_code(code).ok_or(UnknownBondOrder(code))
    }
}

impl From<BondOrder> for u8 {
    fn from(order: BondOrder) -> Self {
        order.code()
    }
}

/// Ligands are equal when they are written the same: names, atoms, bonds, donors and positions in
/// the same order. Chemical identity is another question, see [`Ligand::canonical`].
impl PartialEq for Ligand {
    fn eq(&self, other: &Self) -> bool {
        let bonds = |ligand: &Self| -> Vec<(NodeIndex, NodeIndex, BondOrder)> {
            ligand
                .graph
                .edge_references()
                .map(|edge| (edge.source(), edge.target(), *edge.weight()))
                .collect()
        };
        self.name == other.name
            && self.donors == other.donors
            && self.positions == other.positions
            && self.graph.node_weights().eq(other.graph.node_weights())
            && bonds(self) == bonds(other)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::graph;
    use super::*;

    fn hydroxide() -> Ligand {
        let mut graph = graph("O H", &[(0, 1)]);
        graph[NodeIndex::new(0)].formal_charge = -1;
        Ligand::new("OH", graph, vec![vec![0]]).unwrap()
    }

    #[test]
    fn json_is_compact_and_reads_back_the_same() {
        let plain = hydroxide();
        let text = serde_json::to_string(&plain).unwrap();
        assert_eq!(text, r#"{"name":"OH","atoms":[["O",-1],["H",0]],"bonds":[[0,1,1]],"donors":[[0]]}"#);
        assert_eq!(serde_json::from_str::<Ligand>(&text).unwrap(), plain);

        let shaped = plain.with_positions(vec![[0.0, 0.1 + 0.2, 1.0 / 3.0], [1e-17, -2.5, 3.0]]).unwrap();
        let text = serde_json::to_string(&shaped).unwrap();
        assert_eq!(serde_json::from_str::<Ligand>(&text).unwrap(), shaped);
    }

    #[test]
    fn bad_json_says_what_was_expected() {
        let error = |text: &str| serde_json::from_str::<Ligand>(text).unwrap_err().to_string();
        let atoms = r#""atoms":[["N",0],["C",0]]"#;
        for (text, expected) in [
            (
                format!(r#"{{{atoms},"bonds":[[0,2,1]],"donors":[[0]]}}"#),
                "bond 0 joins atoms 0 and 2; expected indices",
            ),
            (
                format!(r#"{{{atoms},"bonds":[[0,1,4]],"donors":[[0]]}}"#),
                "unknown bond order 4; expected 1, 2, 3",
            ),
            (format!(r#"{{{atoms},"bonds":[],"donors":[[0]]}}"#), "2 separate parts"),
            (format!(r#"{{{atoms},"bonds":[[0,1,1]],"donors":[]}}"#), "no donor"),
            (
                format!(r#"{{{atoms},"bonds":[[0,1,1]],"donors":[[0]],"positions":[[0,0,0]]}}"#),
                "1 positions; expected",
            ),
            (r#"{"atoms":[],"bonds":[],"donors":[[0]]}"#.to_owned(), "no atom"),
        ] {
            assert!(error(&text).contains(expected), "{}", error(&text));
        }
    }
}

//! From a drawing to a ligand: hydrogens added, metal taken out, donors named.

use std::collections::BTreeMap;

use petgraph::graph::{EdgeIndex, NodeIndex, UnGraph};
use petgraph::visit::EdgeRef;

use super::error::{SmilesError, Unexpected};
use super::hydrogens::implied;
use super::lexer::BondSymbol;
use super::metal::Metal;
use super::parser::{Drawn, DrawnBond, parse};
use crate::element::Element;
use crate::ligand::topology::ring_bonds;
use crate::ligand::{Atom, BondOrder, Ligand, LigandError};

/// Who says which atoms bind.
#[derive(Clone, Copy)]
pub(super) enum Donors<'a> {
    /// Atom maps or the metal in the text.
    InText,
    /// Indices of atoms as written, hydrogens not counted.
    Indices(&'a [Vec<usize>]),
}

pub(super) fn read(input: &str, donors: Donors<'_>) -> Result<Ligand, SmilesError> {
    // A title may follow after white space.
    let trimmed = input.trim();
    let (text, title) = match trimmed.split_once(char::is_whitespace) {
        Some((text, title)) => (text, title.trim()),
        None => (trimmed, trimmed),
    };
    let refuse = |problem: LigandError| SmilesError::NoLigand { text: text.to_owned(), problem };
    let drawn = parse(text).map_err(|error| error.in_text(text))?;
    let mapped = drawn.atoms.iter().any(|atom| atom.token.map > 0);
    let metal = match donors {
        Donors::InText => Metal::find(text, &drawn, mapped).map_err(|error| error.in_text(text))?,
        Donors::Indices(_) => {
            refuse_arrows(text, &drawn).map_err(|error| error.in_text(text))?;
            Metal::absent(&drawn)
        }
    };
    let molecule = Molecule::build(&drawn, &metal);
    let groups = match donors {
        Donors::Indices(indices) => molecule.by_index(&drawn, indices).map_err(refuse)?,
        Donors::InText if mapped => {
            molecule.by_map(text, &drawn, &metal).map_err(|error| error.in_text(text))?
        }
        Donors::InText => molecule.by_metal(&metal),
    };
    if let Some(at) = drawn.dot.filter(|_| !molecule.is_connected()) {
        let error = Unexpected::character(text, at, "one connected molecule");
        return Err(error.in_text(text));
    }
    Ligand::new(title, molecule.graph, groups).map_err(refuse)
}

fn refuse_arrows(text: &str, drawn: &Drawn) -> Result<(), Unexpected> {
    match drawn.bonds.iter().find(|bond| bond.symbol == Some(BondSymbol::Forward)) {
        Some(bond) => Err(Unexpected::character(text, bond.at, "no arrow, as the donors are given by index")),
        None => Ok(()),
    }
}

struct Molecule {
    graph: UnGraph<Atom, BondOrder>,
    /// Node of each drawn atom; `None` for the metal.
    node: Vec<Option<usize>>,
}

impl Molecule {
    fn build(drawn: &Drawn, metal: &Metal) -> Self {
        let mut graph: UnGraph<Atom, BondOrder> = UnGraph::default();
        let node: Vec<Option<usize>> = drawn
            .atoms
            .iter()
            .enumerate()
            .map(|(index, atom)| {
                let formal_charge = atom.token.charge.saturating_add(metal.charge[index]);
                let weight = Atom { element: atom.token.element, formal_charge };
                (!metal.is_metal[index]).then(|| graph.add_node(weight).index())
            })
            .collect();
        let mut unwritten = Vec::new();
        let mut orders: Vec<Vec<BondOrder>> = vec![Vec::new(); drawn.atoms.len()];
        for bond in &drawn.bonds {
            let Some(order) = order_of(drawn, bond) else { continue };
            orders[bond.from].push(order);
            orders[bond.to].push(order);
            if let (Some(from), Some(to)) = (node[bond.from], node[bond.to]) {
                let edge = graph.add_edge(NodeIndex::new(from), NodeIndex::new(to), order);
                if order == BondOrder::Aromatic && bond.symbol.is_none() {
                    unwritten.push(edge);
                }
            }
        }
        // Two aromatic atoms next to each other in different rings, as in biphenyl.
        let in_ring = ring_bonds(&graph);
        for edge in unwritten {
            if !in_ring[edge.index()] {
                graph[edge] = BondOrder::Single;
            }
        }
        let mut molecule = Self { graph, node };
        for (index, atom) in drawn.atoms.iter().enumerate() {
            let token = atom.token;
            let count = token
                .hydrogens
                .unwrap_or_else(|| implied(token.element, token.aromatic, orders[index].iter().copied()));
            molecule.add_hydrogens(index, count);
        }
        molecule
    }

    fn add_hydrogens(&mut self, index: usize, count: u8) {
        let Some((hydrogen, node)) = Element::from_atomic_number(1).zip(self.node[index]) else { return };
        for _ in 0..count {
            let new = self.graph.add_node(Atom { element: hydrogen, formal_charge: 0 });
            self.graph.add_edge(NodeIndex::new(node), new, BondOrder::Single);
        }
    }

    fn is_connected(&self) -> bool {
        petgraph::algo::connected_components(&self.graph) == 1
    }

    /// Donors by the number of the atom among those written, hydrogens left out unless there is
    /// nothing else.
    fn by_index(&self, drawn: &Drawn, indices: &[Vec<usize>]) -> Result<Vec<Vec<usize>>, LigandError> {
        let is_hydrogen = |atom: usize| drawn.atoms[atom].token.element.atomic_number() == 1;
        let all = 0..drawn.atoms.len();
        let only_hydrogen = all.clone().all(is_hydrogen);
        let counted: Vec<usize> = all.filter(|&atom| only_hydrogen || !is_hydrogen(atom)).collect();
        let find = |donor: usize, index: usize| {
            let node = counted.get(index).and_then(|&atom| self.node[atom]);
            node.ok_or(LigandError::DonorOutOfRange {
                donor,
                atom: index,
                last: counted.len().saturating_sub(1),
            })
        };
        indices
            .iter()
            .enumerate()
            .map(|(donor, group)| group.iter().map(|&index| find(donor, index)).collect())
            .collect()
    }

    /// Donors by atom maps, in the order of their numbers. If the metal is drawn too, it must be
    /// bonded to the same atoms.
    fn by_map(&self, text: &str, drawn: &Drawn, metal: &Metal) -> Result<Vec<Vec<usize>>, Unexpected> {
        let mut groups: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        for (index, atom) in drawn.atoms.iter().enumerate() {
            let bound = metal.donors.contains(&index);
            match (self.node[index], atom.token.map) {
                (Some(_), 0) if bound => {
                    return Err(Unexpected::character(
                        text,
                        atom.at,
                        "an atom map on each atom bonded to the metal, or on none",
                    ));
                }
                (Some(_), map) if map > 0 && !metal.donors.is_empty() && !bound => {
                    return Err(Unexpected::character(
                        text,
                        atom.at,
                        "atom maps only on atoms bonded to the metal",
                    ));
                }
                (Some(node), map) if map > 0 => groups.entry(map).or_default().push(node),
                _ => {}
            }
        }
        Ok(groups.into_values().collect())
    }

    /// Donors by bonds to the metal, in the order of the text; donor atoms with a common π system
    /// bind face on, as one group.
    fn by_metal(&self, metal: &Metal) -> Vec<Vec<usize>> {
        let atoms: Vec<usize> = metal.donors.iter().filter_map(|&atom| self.node[atom]).collect();
        let mut groups: Vec<Vec<usize>> = Vec::new();
        let mut seen = vec![false; self.graph.node_count()];
        for &atom in &atoms {
            if std::mem::replace(&mut seen[atom], true) {
                continue;
            }
            let mut group = vec![atom];
            let mut next = 0;
            while let Some(&member) = group.get(next) {
                next += 1;
                for edge in
                    self.graph.edges(NodeIndex::new(member)).filter(|edge| self.shares_electrons(edge.id()))
                {
                    let other = edge.target().index();
                    if atoms.contains(&other) && !std::mem::replace(&mut seen[other], true) {
                        group.push(other);
                    }
                }
            }
            groups.push(group);
        }
        groups
    }

    /// Whether two donor atoms with this bond bind as one: two carbons (alkenes, allyl, rings), or
    /// atoms with a multiple bond. Two silyl or amine donors side by side do not.
    fn shares_electrons(&self, bond: EdgeIndex) -> bool {
        let carbons = self.graph.edge_endpoints(bond).is_some_and(|(from, to)| {
            [from, to].into_iter().all(|end| self.graph[end].element.atomic_number() == 6)
        });
        carbons || self.graph[bond] != BondOrder::Single
    }
}

/// Order of a drawn bond; `None` for an arrow, which takes no valence.
fn order_of(drawn: &Drawn, bond: &DrawnBond) -> Option<BondOrder> {
    let aromatic = |atom: usize| drawn.atoms[atom].token.aromatic;
    match bond.symbol {
        None if aromatic(bond.from) && aromatic(bond.to) => Some(BondOrder::Aromatic),
        None | Some(BondSymbol::Single) => Some(BondOrder::Single),
        Some(BondSymbol::Double) => Some(BondOrder::Double),
        Some(BondSymbol::Triple) => Some(BondOrder::Triple),
        Some(BondSymbol::Aromatic) => Some(BondOrder::Aromatic),
        Some(BondSymbol::Unknown) => Some(BondOrder::Unknown),
        Some(BondSymbol::Forward | BondSymbol::Backward) => None,
    }
}

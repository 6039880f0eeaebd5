//! Ligands as SMILES: canonical, with the donors as atom maps.

use std::fmt::Write;

use petgraph::graph::{EdgeIndex, NodeIndex};
use petgraph::visit::EdgeRef;

use super::hydrogens::implied;
use crate::ligand::topology::ring_bonds;
use crate::ligand::{BondOrder, Ligand};

/// The text of a ligand; reads back to the same graph and donors.
pub(super) fn write(ligand: &Ligand) -> String {
    let mut writer = Writer::new(ligand);
    writer.span();
    writer.text()
}

struct Writer<'a> {
    ligand: &'a Ligand,
    /// Hydrogens folded into each atom; `None` for those hydrogens themselves.
    hydrogens: Vec<Option<u8>>,
    /// Place of each atom in the canonical order.
    rank: Vec<usize>,
    start: usize,
    aromatic: Vec<bool>,
    in_ring: Vec<bool>,
    /// Atom map, 0 for none.
    map: Vec<usize>,
    /// The spanning tree: next atoms of each atom, and bonds that close rings at both ends.
    children: Vec<Vec<(usize, EdgeIndex)>>,
    openings: Vec<Vec<EdgeIndex>>,
    closings: Vec<Vec<EdgeIndex>>,
}

/// An atom on the way of the depth-first search, and its bonds that are still to be looked at.
struct Visit {
    atom: usize,
    parent: Option<EdgeIndex>,
    bonds: std::vec::IntoIter<(usize, EdgeIndex)>,
}

/// Steps that are still to be written, the next one last.
enum Step {
    Atom(usize, Option<EdgeIndex>),
    Open,
    Close,
}

impl<'a> Writer<'a> {
    fn new(ligand: &'a Ligand) -> Self {
        let count = ligand.graph.node_count();
        let mut map = vec![0; count];
        for (donor, members) in ligand.donors.iter().enumerate() {
            members.iter().for_each(|&atom| map[atom] = donor + 1);
        }
        let hydrogens = fold_hydrogens(ligand, &map);
        let order = ligand.drawing_order();
        let mut rank = vec![0; count];
        for (place, &atom) in order.iter().enumerate() {
            rank[atom] = place;
        }
        let start = order.iter().copied().find(|&atom| hydrogens[atom].is_some()).unwrap_or(0);
        let aromatic = ligand
            .graph
            .node_indices()
            .map(|atom| {
                matches!(
                    ligand.graph[atom].element.symbol(),
                    "B" | "C" | "N" | "O" | "P" | "S" | "Se" | "As" | "Te"
                ) && ligand.graph.edges(atom).any(|edge| *edge.weight() == BondOrder::Aromatic)
            })
            .collect();
        Self {
            ligand,
            hydrogens,
            rank,
            start,
            aromatic,
            in_ring: ring_bonds(&ligand.graph),
            map,
            children: vec![Vec::new(); count],
            openings: vec![Vec::new(); count],
            closings: vec![Vec::new(); count],
        }
    }

    /// Bonds of an atom to atoms that are written, by rank of the other atom.
    fn bonds(&self, atom: usize) -> Vec<(usize, EdgeIndex)> {
        let mut bonds: Vec<(usize, EdgeIndex)> = self
            .ligand
            .graph
            .edges(NodeIndex::new(atom))
            .map(|edge| (edge.target().index(), edge.id()))
            .filter(|(other, _)| self.hydrogens[*other].is_some())
            .collect();
        bonds.sort_by_key(|(other, _)| self.rank[*other]);
        bonds
    }

    /// Depth first from the start, lowest rank first.
    fn span(&mut self) {
        let mut place = vec![usize::MAX; self.rank.len()];
        let mut visited = 0;
        place[self.start] = visited;
        let mut stack =
            vec![Visit { atom: self.start, parent: None, bonds: self.bonds(self.start).into_iter() }];
        while let Some(Visit { atom, parent, bonds }) = stack.last_mut() {
            let (atom, parent) = (*atom, *parent);
            let Some((other, bond)) = bonds.next() else {
                stack.pop();
                continue;
            };
            if Some(bond) == parent {
                continue;
            }
            if place[other] == usize::MAX {
                visited += 1;
                place[other] = visited;
                self.children[atom].push((other, bond));
                stack.push(Visit { atom: other, parent: Some(bond), bonds: self.bonds(other).into_iter() });
            } else if place[other] < place[atom] {
                self.openings[other].push(bond);
                self.closings[atom].push(bond);
            }
        }
    }

    fn text(&self) -> String {
        let mut text = String::new();
        let mut numbers: Vec<Option<EdgeIndex>> = Vec::new();
        let mut steps = vec![Step::Atom(self.start, None)];
        while let Some(step) = steps.pop() {
            match step {
                Step::Open => text.push('('),
                Step::Close => text.push(')'),
                Step::Atom(atom, bond) => {
                    if let Some(bond) = bond {
                        text.push_str(self.symbol(bond));
                    }
                    self.push_atom(&mut text, atom);
                    self.push_rings(&mut text, atom, &mut numbers);
                    let children = &self.children[atom];
                    for (index, &(child, bond)) in children.iter().enumerate().rev() {
                        let branch = index + 1 < children.len();
                        if branch {
                            steps.push(Step::Close);
                        }
                        steps.push(Step::Atom(child, Some(bond)));
                        if branch {
                            steps.push(Step::Open);
                        }
                    }
                }
            }
        }
        text
    }

    /// Ring numbers at an atom: those that end here become free for those that start.
    fn push_rings(&self, text: &mut String, atom: usize, numbers: &mut Vec<Option<EdgeIndex>>) {
        let mut freed = Vec::new();
        for &bond in &self.closings[atom] {
            if let Some(slot) = numbers.iter().position(|open| *open == Some(bond)) {
                push_number(text, slot + 1);
                freed.push(slot);
            }
        }
        freed.into_iter().for_each(|slot| numbers[slot] = None);
        for &bond in &self.openings[atom] {
            let slot = numbers.iter().position(Option::is_none).unwrap_or_else(|| {
                numbers.push(None);
                numbers.len() - 1
            });
            numbers[slot] = Some(bond);
            text.push_str(self.symbol(bond));
            push_number(text, slot + 1);
        }
    }

    fn symbol(&self, bond: EdgeIndex) -> &'static str {
        let ends = self.ligand.graph.edge_endpoints(bond);
        let aromatic =
            ends.is_some_and(|(from, to)| self.aromatic[from.index()] && self.aromatic[to.index()]);
        match self.ligand.graph[bond] {
            BondOrder::Single if aromatic => "-",
            BondOrder::Single => "",
            BondOrder::Double => "=",
            BondOrder::Triple => "#",
            BondOrder::Aromatic if aromatic && self.in_ring[bond.index()] => "",
            BondOrder::Aromatic => ":",
            BondOrder::Unknown => "~",
        }
    }

    fn push_atom(&self, text: &mut String, atom: usize) {
        let node = NodeIndex::new(atom);
        let weight = self.ligand.graph[node];
        let hydrogens = self.hydrogens[atom].unwrap_or(0);
        let symbol = weight.element.symbol();
        let symbol = if self.aromatic[atom] { symbol.to_ascii_lowercase() } else { symbol.to_owned() };
        let organic = matches!(
            symbol.as_str(),
            "B" | "C" | "N" | "O" | "P" | "S" | "F" | "Cl" | "Br" | "I" | "b" | "c" | "n" | "o" | "p" | "s"
        );
        let orders = || {
            let written =
                self.ligand.graph.edges(node).filter(|edge| self.hydrogens[edge.target().index()].is_some());
            written.map(|edge| *edge.weight())
        };
        let plain = organic && weight.formal_charge == 0 && self.map[atom] == 0;
        if plain && implied(weight.element, self.aromatic[atom], orders()) == hydrogens {
            text.push_str(&symbol);
            return;
        }
        text.push('[');
        text.push_str(&symbol);
        match hydrogens {
            0 => {}
            1 => text.push('H'),
            count => push(text, format_args!("H{count}")),
        }
        match weight.formal_charge {
            0 => {}
            1 => text.push('+'),
            -1 => text.push('-'),
            charge => push(text, format_args!("{charge:+}")),
        }
        if self.map[atom] > 0 {
            push(text, format_args!(":{}", self.map[atom]));
        }
        text.push(']');
    }
}

/// Writing to a string cannot fail.
fn push(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    let _ = text.write_fmt(arguments);
}

fn push_number(text: &mut String, number: usize) {
    match number {
        1..=9 => push(text, format_args!("{number}")),
        10..=99 => push(text, format_args!("%{number}")),
        _ => push(text, format_args!("%({number})")),
    }
}

/// Hydrogens that are only a number: neutral, bonded once and singly to another element, no donor,
/// and not more than nine at an atom.
fn fold_hydrogens(ligand: &Ligand, map: &[usize]) -> Vec<Option<u8>> {
    let graph = &ligand.graph;
    let mut counts = vec![Some(0_u8); graph.node_count()];
    for atom in graph.node_indices() {
        let weight = graph[atom];
        if weight.element.atomic_number() != 1 || weight.formal_charge != 0 || map[atom.index()] > 0 {
            continue;
        }
        let mut edges = graph.edges(atom);
        let (Some(edge), None) = (edges.next(), edges.next()) else { continue };
        let parent = edge.target();
        let folds = *edge.weight() == BondOrder::Single && graph[parent].element.atomic_number() != 1;
        if let (true, Some(count)) = (folds, counts[parent.index()].filter(|count| *count < 9)) {
            counts[parent.index()] = Some(count + 1);
            counts[atom.index()] = None;
        }
    }
    counts
}

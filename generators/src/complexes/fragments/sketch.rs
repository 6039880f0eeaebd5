//! A ligand graph that is being changed.

use druse_representations::{Atom, BondOrder, Element, Ligand};
use petgraph::graph::{NodeIndex, UnGraph};
use petgraph::visit::EdgeRef;

/// Atoms, bonds and donors by number; numbers stay until [`Sketch::ligand`], so that removed atoms
/// leave gaps.
#[derive(Clone, Debug)]
pub(super) struct Sketch {
    atoms: Vec<Option<Atom>>,
    bonds: Vec<(usize, usize, BondOrder)>,
    donors: Vec<Vec<usize>>,
}

impl Sketch {
    pub(super) fn new(ligand: &Ligand) -> Self {
        let graph = &ligand.graph;
        Self {
            atoms: graph.node_weights().copied().map(Some).collect(),
            bonds: graph
                .edge_references()
                .map(|edge| (edge.source().index(), edge.target().index(), *edge.weight()))
                .collect(),
            donors: ligand.donors.clone(),
        }
    }

    /// Atoms that are there, with their numbers.
    pub(super) fn atoms(&self) -> impl Iterator<Item = (usize, Atom)> + '_ {
        self.atoms.iter().enumerate().filter_map(|(i, atom)| Some((i, (*atom)?)))
    }

    pub(super) fn bonds(&self) -> &[(usize, usize, BondOrder)] {
        &self.bonds
    }

    /// Symbol of an atom; empty when it was removed.
    pub(super) fn symbol(&self, atom: usize) -> &'static str {
        self.atoms[atom].map_or("", |atom| atom.element.symbol())
    }

    pub(super) fn charge(&self, atom: usize) -> i8 {
        self.atoms[atom].map_or(0, |atom| atom.formal_charge)
    }

    /// Neighbours with the order of the bond.
    pub(super) fn neighbours(&self, atom: usize) -> Vec<(usize, BondOrder)> {
        self.bonds
            .iter()
            .filter_map(|&(a, b, order)| match (a == atom, b == atom) {
                (true, _) => Some((b, order)),
                (_, true) => Some((a, order)),
                _ => None,
            })
            .collect()
    }

    pub(super) fn is_donor(&self, atom: usize) -> bool {
        self.donors.iter().any(|donor| donor.contains(&atom))
    }

    /// Whether an atom binds by itself and not as one of a haptic group.
    pub(super) fn is_kappa_donor(&self, atom: usize) -> bool {
        self.donors.iter().any(|donor| donor == &[atom])
    }

    pub(super) fn donors(&self) -> &[Vec<usize>] {
        &self.donors
    }

    pub(super) fn set_element(&mut self, atom: usize, element: Element) {
        if let Some(atom) = &mut self.atoms[atom] {
            atom.element = element;
        }
    }

    pub(super) fn add_atom(&mut self, atom: Atom) -> usize {
        self.atoms.push(Some(atom));
        self.atoms.len() - 1
    }

    pub(super) fn add_bond(&mut self, from: usize, to: usize, order: BondOrder) {
        self.bonds.push((from, to, order));
    }

    /// Removes an atom and its bonds.
    pub(super) fn remove_atom(&mut self, atom: usize) {
        self.atoms[atom] = None;
        self.bonds.retain(|&(a, b, _)| a != atom && b != atom);
    }

    pub(super) fn remove_bond(&mut self, from: usize, to: usize) {
        self.bonds.retain(|&(a, b, _)| (a, b) != (from, to) && (b, a) != (from, to));
    }

    /// Atoms that can be reached from `start` without the bond to `barrier`; `None` when `barrier` is
    /// among them, so that the bond is part of a ring.
    pub(super) fn beyond(&self, barrier: usize, start: usize) -> Option<Vec<usize>> {
        let mut seen = vec![false; self.atoms.len()];
        seen[start] = true;
        let mut found = vec![start];
        let mut next = 0;
        while let Some(&atom) = found.get(next) {
            next += 1;
            for (other, _) in self.neighbours(atom) {
                if (atom, other) == (start, barrier) || seen[other] {
                    continue;
                }
                if other == barrier {
                    return None;
                }
                seen[other] = true;
                found.push(other);
            }
        }
        Some(found)
    }

    /// The ligand, if this is one.
    pub(super) fn ligand(self, name: &str) -> Option<Ligand> {
        let mut graph = UnGraph::default();
        let places: Vec<Option<NodeIndex>> =
            self.atoms.iter().map(|atom| atom.map(|atom| graph.add_node(atom))).collect();
        for (from, to, order) in self.bonds {
            graph.add_edge(places[from]?, places[to]?, order);
        }
        let donor = |donor: Vec<usize>| -> Option<Vec<usize>> {
            donor.into_iter().map(|atom| places[atom].map(NodeIndex::index)).collect()
        };
        let donors = self.donors.into_iter().map(donor).collect::<Option<_>>()?;
        Ligand::new(name, graph, donors).ok()
    }
}

/// An element that is known to exist.
pub(super) fn element(symbol: &str) -> Option<Element> {
    Element::from_symbol(symbol)
}

//! Questions about the graph of a ligand: hydrogens, rings, rotatable bonds, paths.

use std::collections::VecDeque;

use petgraph::algo::bridges;
use petgraph::graph::{EdgeIndex, NodeIndex, UnGraph};
use petgraph::visit::EdgeRef;

use super::{Atom, BondOrder, Ligand};

/// Whether each bond is part of a ring, in the order of the edges.
pub(super) fn ring_bonds(graph: &UnGraph<Atom, BondOrder>) -> Vec<bool> {
    let mut in_ring = vec![true; graph.edge_count()];
    for bridge in bridges(graph) {
        in_ring[bridge.id().index()] = false;
    }
    in_ring
}

impl Ligand {
    /// Atoms bonded to an atom, in ascending order; none when there is no such atom.
    pub fn neighbours(&self, atom: usize) -> Vec<usize> {
        let mut neighbours: Vec<usize> =
            self.graph.neighbors(NodeIndex::new(atom)).map(NodeIndex::index).collect();
        neighbours.sort_unstable();
        neighbours
    }

    /// Number of hydrogens bonded to an atom.
    pub fn hydrogens(&self, atom: usize) -> usize {
        let neighbours = self.graph.neighbors(NodeIndex::new(atom));
        neighbours.filter(|&other| self.graph[other].element.atomic_number() == 1).count()
    }

    /// Whether each bond is part of a ring, in the order of the edges of the graph. The metal is not
    /// part of the graph, so chelate rings do not count.
    pub fn ring_bonds(&self) -> Vec<bool> {
        ring_bonds(&self.graph)
    }

    /// Whether each atom is part of a ring.
    pub fn ring_atoms(&self) -> Vec<bool> {
        let mut in_ring = vec![false; self.graph.node_count()];
        for (edge, _) in self.graph.edge_references().zip(self.ring_bonds()).filter(|(_, ring)| *ring) {
            in_ring[edge.source().index()] = true;
            in_ring[edge.target().index()] = true;
        }
        in_ring
    }

    /// Single bonds outside rings whose ends both have another neighbour that is not hydrogen, or
    /// bind to the metal; turning about them changes the shape. In the order of the edges.
    pub fn rotatable_bonds(&self) -> Vec<EdgeIndex> {
        let donors: Vec<usize> = self.donors.iter().flatten().copied().collect();
        let turns = |atom: NodeIndex| {
            let heavy = self.graph.neighbors(atom).filter(|&n| self.graph[n].element.atomic_number() != 1);
            heavy.count() > 1 || donors.contains(&atom.index())
        };
        let is_hydrogen = |atom: NodeIndex| self.graph[atom].element.atomic_number() == 1;
        self.graph
            .edge_references()
            .zip(self.ring_bonds())
            .filter(|(edge, ring)| {
                !ring
                    && *edge.weight() == BondOrder::Single
                    && [edge.source(), edge.target()].into_iter().all(|end| turns(end) && !is_hydrogen(end))
            })
            .map(|(edge, _)| edge.id())
            .collect()
    }

    /// The atoms on a shortest way along bonds, both ends included; `None` when there is no way or
    /// no such atom. Of several, the one through atoms of low index.
    pub fn shortest_path(&self, from: usize, to: usize) -> Option<Vec<usize>> {
        let count = self.graph.node_count();
        if from >= count || to >= count {
            return None;
        }
        // From the far end, so that each atom knows the next one on its way.
        let mut next = vec![usize::MAX; count];
        next[to] = to;
        let mut open = VecDeque::from([to]);
        while let Some(atom) = open.pop_front() {
            for other in self.neighbours(atom) {
                if next[other] == usize::MAX {
                    next[other] = atom;
                    open.push_back(other);
                }
            }
        }
        if next[from] == usize::MAX {
            return None;
        }
        let mut path = vec![from];
        let mut atom = from;
        while atom != to {
            atom = next[atom];
            path.push(atom);
        }
        Some(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ligand(smiles: &str) -> Ligand {
        Ligand::from_smiles(smiles).unwrap()
    }

    #[test]
    fn rings_and_hydrogens() {
        let toluidine = ligand("Cc1ccccc1[NH2:1]");
        let heavy: Vec<bool> = toluidine.ring_atoms()[..8].to_vec();
        assert_eq!(heavy, [false, true, true, true, true, true, true, false]);
        assert_eq!(toluidine.ring_bonds().iter().filter(|ring| **ring).count(), 6);
        let hydrogens: Vec<usize> = (0..8).map(|atom| toluidine.hydrogens(atom)).collect();
        assert_eq!(hydrogens, [3, 0, 1, 1, 1, 1, 0, 2]);
    }

    #[test]
    fn rotatable_bonds_are_single_acyclic_and_inside() {
        let count = |smiles: &str| ligand(smiles).rotatable_bonds().len();
        assert_eq!(count("[NH2:1]CC[NH2:2]"), 3);
        assert_eq!(count("CC[NH2:1]"), 1);
        assert_eq!(count("C[NH2:1]"), 0);
        assert_eq!(count("c1ccccc1[P:1](c1ccccc1)c1ccccc1"), 3);
        assert_eq!(count("[NH2:1]C1CCCCC1[NH2:2]"), 2);
        assert_eq!(count("CC#[N:1]"), 0);
    }

    #[test]
    fn shortest_paths() {
        let ligand = ligand("[NH2:1]CCCC[NH2:2]");
        assert_eq!(ligand.shortest_path(0, 5), Some(vec![0, 1, 2, 3, 4, 5]));
        assert_eq!(ligand.shortest_path(2, 2), Some(vec![2]));
        assert_eq!(ligand.shortest_path(0, 99), None);
    }
}

//! Small graphs for the tests of this folder.

use petgraph::graph::{NodeIndex, UnGraph};
use rand::RngExt;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::{Atom, BondOrder, Ligand};
use crate::element::Element;

pub(super) fn element(symbol: &str) -> Element {
    symbol.parse().unwrap()
}

/// A graph of neutral atoms and single bonds.
pub(super) fn graph(symbols: &str, bonds: &[(usize, usize)]) -> UnGraph<Atom, BondOrder> {
    let mut graph = UnGraph::default();
    for symbol in symbols.split(' ') {
        graph.add_node(Atom { element: element(symbol), formal_charge: 0 });
    }
    for &(from, to) in bonds {
        graph.add_edge(NodeIndex::new(from), NodeIndex::new(to), BondOrder::Single);
    }
    graph
}

/// The same ligand with atoms, bonds and ends of bonds in random order; the donors keep their order.
/// Also the new index of each old atom.
pub(super) fn shuffled(ligand: &Ligand, rng: &mut ChaCha8Rng) -> (Ligand, Vec<usize>) {
    let count = ligand.graph.node_count();
    let mut old: Vec<usize> = (0..count).collect();
    old.shuffle(rng);
    let mut new = vec![0; count];
    for (index, &atom) in old.iter().enumerate() {
        new[atom] = index;
    }
    let mut graph = UnGraph::default();
    for &atom in &old {
        graph.add_node(ligand.graph[NodeIndex::new(atom)]);
    }
    let mut bonds: Vec<_> = ligand.graph.edge_indices().collect();
    bonds.shuffle(rng);
    for bond in bonds {
        let (from, to) = ligand.graph.edge_endpoints(bond).unwrap();
        let mut ends = [NodeIndex::new(new[from.index()]), NodeIndex::new(new[to.index()])];
        if rng.random::<bool>() {
            ends.swap(0, 1);
        }
        graph.add_edge(ends[0], ends[1], ligand.graph[bond]);
    }
    let donors = ligand.donors.iter().map(|donor| donor.iter().map(|&atom| new[atom]).collect()).collect();
    (Ligand::new(ligand.name.clone(), graph, donors).unwrap(), new)
}

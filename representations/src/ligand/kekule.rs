//! Which atoms of an aromatic system have a double bond in a Kekulé structure.
//!
//! A Kekulé structure is a matching: each atom that wants a double bond gets one partner. Its size
//! comes from Gabow's algorithm; which atoms go without, where not all can have one, is a matter of
//! chemistry (the nitrogen of pyrrolide, the carbon of a carbene) and decided by the caller.

use petgraph::algo::maximum_matching;
use petgraph::graph::{NodeIndex, UnGraph};

use super::{Atom, BondOrder};

/// The aromatic bonds of a molecule.
pub(super) struct Aromatic {
    bonds: Vec<(usize, usize)>,
    atoms: usize,
}

impl Aromatic {
    pub(super) fn new(graph: &UnGraph<Atom, BondOrder>) -> Self {
        let bonds = graph
            .edge_indices()
            .filter(|&bond| graph[bond] == BondOrder::Aromatic)
            .filter_map(|bond| graph.edge_endpoints(bond))
            .map(|(from, to)| (from.index(), to.index()))
            .collect();
        Self { bonds, atoms: graph.node_count() }
    }

    /// The most double bonds that can stand between the atoms that want one.
    pub(super) fn pairs(&self, wants: &[bool]) -> usize {
        let mut graph: UnGraph<(), ()> = UnGraph::with_capacity(self.atoms, self.bonds.len());
        (0..self.atoms).for_each(|_| {
            graph.add_node(());
        });
        for &(from, to) in self.bonds.iter().filter(|(from, to)| wants[*from] && wants[*to]) {
            graph.add_edge(NodeIndex::new(from), NodeIndex::new(to), ());
        }
        maximum_matching(&graph).len()
    }

    /// Takes the wish for a double bond from as few atoms as possible, so that the others can all
    /// have one. Of the possible choices, atoms early in `order` go without.
    pub(super) fn settle(&self, wants: &mut [bool], order: &[usize]) {
        let pairs = self.pairs(wants);
        let mut wanting = wants.iter().filter(|wish| **wish).count();
        for &atom in order {
            if wanting == 2 * pairs {
                return;
            }
            if !wants[atom] {
                continue;
            }
            wants[atom] = false;
            if self.pairs(wants) == pairs {
                wanting -= 1;
            } else {
                wants[atom] = true;
            }
        }
    }
}

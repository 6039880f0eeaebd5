//! The part of a ligand that can have cycles. Trees of atoms that hang on the rest (hydrogens,
//! methyl groups, CF3, alkyl chains) have a canonical code of their own (A. V. Aho, J. E. Hopcroft,
//! J. D. Ullman, *The Design and Analysis of Computer Algorithms*, 1974, example 3.2), so they are
//! folded into the label of the atom they hang on. The donors are extra vertices, joined to their
//! atoms, that are never folded.

use petgraph::visit::EdgeRef;

use super::graph::ColouredGraph;
use crate::ligand::{BondOrder, Ligand};

/// What makes two atoms, two bonds or two donors different.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Detail {
    /// Elements and bonds only.
    Molecule,
    /// Elements, bonds, and which atoms bind together: what a ligand is.
    Ligand,
    /// Also bond orders, formal charges and the order of the donors: how a ligand is drawn.
    Drawing,
}

/// What a vertex of the core stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Vertex {
    Atom(usize),
    Donor(usize),
}

/// The core of a ligand as a graph with coloured vertices.
pub(super) struct Core {
    pub(super) graph: ColouredGraph,
    pub(super) vertices: Vec<Vertex>,
    /// Label of each vertex; vertices have the same colour exactly when their labels are equal.
    pub(super) labels: Vec<Vec<u8>>,
    /// Atoms that were folded into each atom, in the order of their codes.
    pub(super) folded: Vec<Vec<usize>>,
}

impl Core {
    pub(super) fn new(ligand: &Ligand, detail: Detail) -> Self {
        let atoms = ligand.graph.node_count();
        let donors = if detail == Detail::Molecule { 0 } else { ligand.donors.len() };
        let mut neighbours: Vec<Vec<(usize, u8)>> = vec![Vec::new(); atoms + donors];
        let mut join = |a: usize, b: usize, colour: u8| {
            neighbours[a].push((b, colour));
            neighbours[b].push((a, colour));
        };
        for edge in ligand.graph.edge_references() {
            let colour = if detail == Detail::Drawing { colour_of(*edge.weight()) } else { 0 };
            join(edge.source().index(), edge.target().index(), colour);
        }
        for (donor, members) in ligand.donors.iter().enumerate().take(donors) {
            members.iter().for_each(|&atom| join(atoms + donor, atom, 0));
        }
        let mut tree = Tree::new(ligand, detail, neighbours);
        tree.fold();
        tree.into_core(detail)
    }
}

fn colour_of(order: BondOrder) -> u8 {
    match order {
        BondOrder::Single => 0,
        BondOrder::Double => 1,
        BondOrder::Triple => 2,
        BondOrder::Aromatic => 3,
        BondOrder::Unknown => 4,
    }
}

/// Work space: what hangs on each atom so far.
struct Tree {
    atoms: usize,
    neighbours: Vec<Vec<(usize, u8)>>,
    degree: Vec<usize>,
    gone: Vec<bool>,
    /// Atoms of donors stay, and with them all that lies between two of them.
    fixed: Vec<bool>,
    own: Vec<Vec<u8>>,
    hanging: Vec<Vec<(Vec<u8>, usize)>>,
}

impl Tree {
    fn new(ligand: &Ligand, detail: Detail, neighbours: Vec<Vec<(usize, u8)>>) -> Self {
        let atoms = ligand.graph.node_count();
        let own = ligand
            .graph
            .node_weights()
            .map(|atom| match detail {
                Detail::Drawing => vec![atom.element.atomic_number(), atom.formal_charge.cast_unsigned()],
                Detail::Molecule | Detail::Ligand => vec![atom.element.atomic_number()],
            })
            .collect();
        let fixed =
            (0..atoms).map(|atom| neighbours[atom].iter().any(|&(other, _)| other >= atoms)).collect();
        Self {
            atoms,
            fixed,
            degree: neighbours.iter().map(Vec::len).collect(),
            gone: vec![false; atoms],
            own,
            hanging: vec![Vec::new(); atoms],
            neighbours,
        }
    }

    /// Takes all leaves away, round by round. A graph that is nothing but a tree ends at its centre,
    /// one atom or two that are bonded to each other.
    fn fold(&mut self) {
        let mut left = self.neighbours.len();
        let mut leaves: Vec<usize> =
            (0..self.atoms).filter(|&atom| self.degree[atom] == 1 && !self.fixed[atom]).collect();
        while !leaves.is_empty() && leaves.len() < left {
            left -= leaves.len();
            let mut next = Vec::new();
            for &leaf in &leaves {
                self.gone[leaf] = true;
            }
            for leaf in leaves {
                let Some((parent, colour)) =
                    self.neighbours[leaf].iter().copied().find(|&(other, _)| !self.gone[other])
                else {
                    continue;
                };
                let code = self.code(leaf, Some(colour));
                self.hanging[parent].push((code, leaf));
                self.degree[parent] -= 1;
                if self.degree[parent] == 1 && !self.fixed[parent] {
                    next.push(parent);
                }
            }
            // An atom that lost two neighbours in this round passed through 1 on the way to 0.
            next.retain(|&atom| self.degree[atom] == 1);
            leaves = next;
        }
    }

    /// Code of the tree below an atom, with the colour of the bond that it hangs on.
    fn code(&mut self, atom: usize, bond: Option<u8>) -> Vec<u8> {
        self.hanging[atom].sort();
        // Brackets cannot be mistaken for data: each level states its lengths.
        let mut code = self.own[atom].clone();
        code.push(bond.map_or(0, |colour| colour + 1));
        code.extend((self.hanging[atom].len() as u32).to_be_bytes());
        for (child, _) in &self.hanging[atom] {
            code.extend(child);
        }
        code
    }

    fn into_core(mut self, detail: Detail) -> Core {
        let total = self.neighbours.len();
        let kept: Vec<usize> = (0..total).filter(|&v| v >= self.atoms || !self.gone[v]).collect();
        let mut place = vec![usize::MAX; total];
        for (index, &vertex) in kept.iter().enumerate() {
            place[vertex] = index;
        }
        let mut labels = Vec::with_capacity(kept.len());
        let mut vertices = Vec::with_capacity(kept.len());
        for &vertex in &kept {
            if vertex < self.atoms {
                labels.push(self.code(vertex, None));
                vertices.push(Vertex::Atom(vertex));
            } else {
                let donor = vertex - self.atoms;
                // No atom has the atomic number 0.
                let mut label = vec![0];
                if detail == Detail::Drawing {
                    label.extend((donor as u32).to_be_bytes());
                }
                labels.push(label);
                vertices.push(Vertex::Donor(donor));
            }
        }
        let edges = kept
            .iter()
            .map(|&vertex| {
                self.neighbours[vertex]
                    .iter()
                    .filter(|&&(other, _)| place[other] != usize::MAX)
                    .map(|&(other, colour)| (place[other] as u32, colour))
                    .collect()
            })
            .collect();
        for hanging in &mut self.hanging {
            hanging.sort();
        }
        let folded =
            self.hanging.into_iter().map(|list| list.into_iter().map(|(_, atom)| atom).collect()).collect();
        Core { graph: ColouredGraph::new(&labels, edges), vertices, labels, folded }
    }
}

impl Core {
    /// All atoms of the ligand: those of the core in the given order of its vertices, each followed
    /// by what hangs on it.
    pub(super) fn all_atoms(&self, order: &[u32]) -> Vec<usize> {
        let mut atoms = Vec::with_capacity(self.folded.len());
        let mut open: Vec<usize> = Vec::new();
        for &vertex in order {
            if let Vertex::Atom(atom) = self.vertices[vertex as usize] {
                open.push(atom);
            }
            while let Some(atom) = open.pop() {
                atoms.push(atom);
                open.extend(self.folded[atom].iter().rev());
            }
        }
        atoms
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::graph;
    use super::*;

    fn kept(ligand: &Ligand, detail: Detail) -> Vec<Vertex> {
        Core::new(ligand, detail).vertices
    }

    #[test]
    fn trees_are_folded_up_to_the_donors() {
        // N(CH3)3 with N as donor: the donor and the nitrogen stay.
        let amine = graph("N C C C H", &[(0, 1), (0, 2), (0, 3), (1, 4)]);
        let ligand = Ligand::new("", amine, vec![vec![0]]).unwrap();
        assert_eq!(kept(&ligand, Detail::Ligand), [Vertex::Atom(0), Vertex::Donor(0)]);
        // Without the donor the tree ends at its centre, here the bond N-C.
        assert_eq!(kept(&ligand, Detail::Molecule), [Vertex::Atom(0), Vertex::Atom(1)]);
    }

    #[test]
    fn a_chain_folds_to_its_middle() {
        let chain = graph("C C C C C", &[(0, 1), (1, 2), (2, 3), (3, 4)]);
        let ligand = Ligand::new("", chain, vec![vec![0]]).unwrap();
        assert_eq!(kept(&ligand, Detail::Molecule), [Vertex::Atom(2)]);
        assert_eq!(kept(&ligand, Detail::Ligand), [Vertex::Atom(0), Vertex::Donor(0)]);
        let pincer = Ligand { donors: vec![vec![0], vec![4]], ..ligand };
        assert_eq!(kept(&pincer, Detail::Ligand).len(), 7);
    }
}

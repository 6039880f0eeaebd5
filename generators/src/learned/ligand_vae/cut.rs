//! Cutting ligands into pieces.

use std::collections::BTreeMap;

use druse_representations::Ligand;
use druse_representations::ligand::BondOrder;
use petgraph::graph::NodeIndex;
use petgraph::unionfind::UnionFind;
use petgraph::visit::EdgeRef;

use super::piece::{Piece, PieceAtom};

/// A ligand cut into pieces that single bonds join.
#[derive(Clone, Debug)]
pub(super) struct Cut {
    /// Pieces.
    pub(super) pieces: Vec<Piece>,
    /// For each piece the atoms of the ligand that its atoms are.
    pub(super) atoms: Vec<Vec<usize>>,
    /// Of each piece, the bonds to others: own atom, other piece, its atom.
    pub(super) bonds: Vec<Vec<(usize, usize, usize)>>,
}

impl Cut {
    /// Cuts a ligand at every single bond outside of rings, but not between neighbours of opposite charge nor within a donor. Ring
    /// systems that are not `known` are cut at their single bonds, too. A hydrogen at the end of a single bond is no piece.
    pub(super) fn new(ligand: &Ligand, known: impl Fn(&Piece) -> bool) -> Self {
        let plan = Plan::new(ligand);
        let whole = plan.cut(&plan.bonds(false));
        let strange: Vec<bool> = whole.pieces.iter().map(|piece| !known(piece)).collect();
        if !strange.contains(&true) {
            return whole;
        }
        let mut of = vec![usize::MAX; plan.donor.len()];
        for (number, atoms) in whole.atoms.iter().enumerate() {
            atoms.iter().for_each(|&atom| of[atom] = number);
        }
        let bonds: Vec<(usize, usize, bool)> = plan
            .bonds(true)
            .into_iter()
            .zip(plan.bonds(false))
            .map(|(fine, coarse)| if strange[of[fine.0]] && of[fine.0] == of[fine.1] { fine } else { coarse })
            .collect();
        plan.cut(&bonds)
    }

    /// The ligand as one piece, and the atoms that those of the piece are.
    pub(super) fn whole(ligand: &Ligand) -> Option<(Piece, Vec<usize>)> {
        let plan = Plan::new(ligand);
        let bonds: Vec<(usize, usize, bool)> =
            plan.bonds(false).into_iter().map(|(a, b, _)| (a, b, true)).collect();
        let mut whole = plan.cut(&bonds);
        Some((whole.pieces.pop()?, whole.atoms.pop()?))
    }
}

/// What is known of the atoms of a ligand before it is cut.
struct Plan<'a> {
    ligand: &'a Ligand,
    /// Number of the donor of each atom from 1; 0 for none.
    donor: Vec<u8>,
    /// Hydrogens that are counted rather than drawn.
    implied: Vec<bool>,
}

impl<'a> Plan<'a> {
    fn new(ligand: &'a Ligand) -> Self {
        let graph = &ligand.graph;
        let mut donor = vec![0u8; graph.node_count()];
        for (number, site) in ligand.donors.iter().enumerate() {
            site.iter().for_each(|&atom| donor[atom] = u8::try_from(number + 1).unwrap_or(u8::MAX));
        }
        let is_hydrogen = |atom: NodeIndex| graph[atom].element.atomic_number() == 1;
        let implied = graph.node_indices().map(|atom| {
            let mut edges = graph.edges(atom);
            let (Some(edge), None) = (edges.next(), edges.next()) else { return false };
            is_hydrogen(atom)
                && donor[atom.index()] == 0
                && graph[atom].formal_charge == 0
                && *edge.weight() == BondOrder::Single
                && !is_hydrogen(edge.target())
        });
        Self { ligand, implied: implied.collect(), donor }
    }

    /// All bonds but those to implied hydrogens, with whether they stay; `rings` cuts those of rings, too.
    fn bonds(&self, rings: bool) -> Vec<(usize, usize, bool)> {
        let graph = &self.ligand.graph;
        let charge = |atom: usize| i32::from(graph[NodeIndex::new(atom)].formal_charge);
        graph
            .edge_references()
            .zip(self.ligand.ring_bonds())
            .map(|(edge, in_ring)| (edge.source().index(), edge.target().index(), *edge.weight(), in_ring))
            .filter(|&(a, b, ..)| !self.implied[a] && !self.implied[b])
            .map(|(a, b, order, in_ring)| {
                let stays = in_ring && !rings
                    || order != BondOrder::Single
                    || charge(a) * charge(b) < 0
                    || self.donor[a] != 0 && self.donor[a] == self.donor[b];
                (a, b, stays)
            })
            .collect()
    }

    fn cut(&self, bonds: &[(usize, usize, bool)]) -> Cut {
        let graph = &self.ligand.graph;
        let mut together = UnionFind::<usize>::new(graph.node_count());
        bonds.iter().filter(|bond| bond.2).for_each(|&(a, b, _)| {
            together.union(a, b);
        });
        let mut members: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for atom in (0..graph.node_count()).filter(|&atom| !self.implied[atom]) {
            members.entry(together.find(atom)).or_default().push(atom);
        }
        let atoms: Vec<Vec<usize>> = members.into_values().collect();
        let mut place = vec![(usize::MAX, usize::MAX); graph.node_count()];
        for (number, atoms) in atoms.iter().enumerate() {
            atoms.iter().enumerate().for_each(|(k, &atom)| place[atom] = (number, k));
        }
        let mut pieces: Vec<Piece> = atoms.iter().map(|atoms| self.piece(atoms, &place)).collect();
        let mut between = vec![Vec::new(); pieces.len()];
        // A single bond between atoms that are joined otherwise stays within the piece.
        for &(a, b, _) in bonds.iter().filter(|&&(a, b, _)| place[a].0 != place[b].0) {
            pieces[place[a].0].atoms[place[a].1].free += 1;
            pieces[place[b].0].atoms[place[b].1].free += 1;
            between[place[a].0].push((place[a].1, place[b].0, place[b].1));
            between[place[b].0].push((place[b].1, place[a].0, place[a].1));
        }
        Cut { pieces, atoms, bonds: between }
    }

    /// The piece of these atoms; of its free bonds only those to hydrogen.
    fn piece(&self, members: &[usize], place: &[(usize, usize)]) -> Piece {
        let graph = &self.ligand.graph;
        let mut numbers: Vec<u8> = Vec::new();
        let mut bonds = Vec::new();
        let mut atoms = Vec::with_capacity(members.len());
        for &atom in members {
            let mut free = 0;
            for edge in graph.edges(NodeIndex::new(atom)) {
                let other = edge.target().index();
                if self.implied[other] {
                    free += 1;
                } else if place[other].0 == place[atom].0 && place[atom].1 < place[other].1 {
                    bonds.push((place[atom].1, place[other].1, *edge.weight()));
                }
            }
            let donor = match self.donor[atom] {
                0 => 0,
                number => {
                    let known = numbers.iter().position(|known| *known == number);
                    let own = known.unwrap_or_else(|| {
                        numbers.push(number);
                        numbers.len() - 1
                    });
                    own as u8 + 1
                }
            };
            let node = graph[NodeIndex::new(atom)];
            atoms.push(PieceAtom { element: node.element, charge: node.formal_charge, donor, free });
        }
        bonds.sort_unstable();
        Piece { atoms, bonds }
    }
}

//! Who is bonded to whom in a ligand, which rings there are, and which bonds turn freely.

use std::collections::BTreeSet;

use druse_representations::{BondOrder, Element, Ligand};

/// Largest ring that is looked for; larger ones put no strain on their angles.
const LARGEST_RING: usize = 8;

/// Adjacency of a ligand, with the metal as one more atom where asked.
pub(super) struct Topology {
    pub(super) elements: Vec<Element>,
    pub(super) neighbours: Vec<Vec<(usize, BondOrder)>>,
    /// Donor that the atom belongs to.
    pub(super) donor_of: Vec<Option<usize>>,
    /// Whether the donor that the atom belongs to is haptic.
    pub(super) haptic: Vec<bool>,
    /// Smallest rings through each bond, up to [`LARGEST_RING`] atoms, each as a closed walk.
    pub(super) rings: Vec<Vec<usize>>,
}

impl Topology {
    pub(super) fn new(ligand: &Ligand) -> Self {
        let count = ligand.graph.node_count();
        let mut neighbours = vec![Vec::new(); count];
        for edge in ligand.graph.edge_indices() {
            if let Some((a, b)) = ligand.graph.edge_endpoints(edge) {
                let order = ligand.graph[edge];
                neighbours[a.index()].push((b.index(), order));
                neighbours[b.index()].push((a.index(), order));
            }
        }
        for list in &mut neighbours {
            list.sort_unstable();
        }
        let mut donor_of = vec![None; count];
        let mut haptic = vec![false; count];
        for (donor, group) in ligand.donors.iter().enumerate() {
            for &atom in group {
                donor_of[atom] = Some(donor);
                haptic[atom] = group.len() > 1;
            }
        }
        let mut topology =
            Self { elements: ligand.elements().collect(), neighbours, donor_of, haptic, rings: Vec::new() };
        topology.rings = topology.smallest_rings();
        topology
    }

    pub(super) fn len(&self) -> usize {
        self.elements.len()
    }

    pub(super) fn is_hydrogen(&self, atom: usize) -> bool {
        self.elements[atom].atomic_number() == 1
    }

    pub(super) fn order(&self, a: usize, b: usize) -> Option<BondOrder> {
        self.neighbours[a].iter().find(|(other, _)| *other == b).map(|(_, order)| *order)
    }

    /// Number of bonds between an atom and all others, up to `limit`; `u8::MAX` beyond.
    pub(super) fn bonds_from(&self, atom: usize, limit: u8) -> Vec<u8> {
        let mut distance = vec![u8::MAX; self.len()];
        distance[atom] = 0;
        let mut front = vec![atom];
        for step in 1..=limit {
            let mut next = Vec::new();
            for &i in &front {
                for &(j, _) in &self.neighbours[i] {
                    if distance[j] == u8::MAX {
                        distance[j] = step;
                        next.push(j);
                    }
                }
            }
            front = next;
        }
        distance
    }

    /// The smallest ring that holds the angle a-centre-b.
    pub(super) fn ring_of_angle(&self, a: usize, centre: usize, b: usize) -> Option<&Vec<usize>> {
        self.rings
            .iter()
            .filter(|ring| [a, centre, b].iter().all(|atom| ring.contains(atom)))
            .min_by_key(|ring| ring.len())
    }

    /// The smallest ring through an atom.
    pub(super) fn ring_of_atom(&self, atom: usize) -> Option<&Vec<usize>> {
        self.rings.iter().filter(|ring| ring.contains(&atom)).min_by_key(|ring| ring.len())
    }

    fn smallest_rings(&self) -> Vec<Vec<usize>> {
        let mut seen = BTreeSet::new();
        let mut rings = Vec::new();
        for a in 0..self.len() {
            for &(b, _) in &self.neighbours[a] {
                if a < b
                    && let Some(ring) = self.path_around(a, b)
                {
                    let mut key = ring.clone();
                    key.sort_unstable();
                    if seen.insert(key) {
                        rings.push(ring);
                    }
                }
            }
        }
        rings
    }

    /// Shortest way from one end of a bond to the other without the bond.
    fn path_around(&self, a: usize, b: usize) -> Option<Vec<usize>> {
        let mut from = vec![usize::MAX; self.len()];
        from[a] = a;
        let mut front = vec![a];
        for _ in 1..LARGEST_RING {
            let mut next = Vec::new();
            for &i in &front {
                for &(j, _) in &self.neighbours[i] {
                    if from[j] != usize::MAX || (i == a && j == b) {
                        continue;
                    }
                    from[j] = i;
                    if j == b {
                        let mut path = vec![b];
                        let mut at = b;
                        while at != a {
                            at = from[at];
                            path.push(at);
                        }
                        return Some(path);
                    }
                    next.push(j);
                }
            }
            front = next;
        }
        None
    }

    /// Bonds that turn freely: single, outside rings, those through the metal included. Each with
    /// the atoms that move when the metal's side stays.
    pub(super) fn free_bonds(&self) -> Vec<FreeBond> {
        let mut bonds = Vec::new();
        for a in 0..self.len() {
            for &(b, order) in &self.neighbours[a] {
                let turns = order == BondOrder::Single && self.neighbours[b].len() > 1;
                if turns && let Some(moving) = self.far_side(a, b) {
                    bonds.push(FreeBond { near: a, far: b, moving });
                }
            }
        }
        bonds
    }

    /// The atoms beyond `b` as seen from `a`, without `b`; `None` when they lead back to `a` or to the
    /// metal.
    fn far_side(&self, a: usize, b: usize) -> Option<Vec<usize>> {
        if self.donor_of[b].is_some() {
            return None;
        }
        let mut seen = vec![false; self.len()];
        seen[b] = true;
        let mut stack = vec![b];
        let mut side = Vec::new();
        while let Some(i) = stack.pop() {
            for &(j, _) in &self.neighbours[i] {
                if j == a {
                    if i == b {
                        continue;
                    }
                    return None;
                }
                if !seen[j] {
                    if self.donor_of[j].is_some() {
                        return None;
                    }
                    seen[j] = true;
                    side.push(j);
                    stack.push(j);
                }
            }
        }
        side.sort_unstable();
        Some(side)
    }
}

/// A bond that turns freely.
pub(super) struct FreeBond {
    /// End on the side of the metal.
    pub(super) near: usize,
    /// Other end.
    pub(super) far: usize,
    /// Atoms beyond the other end.
    pub(super) moving: Vec<usize>,
}

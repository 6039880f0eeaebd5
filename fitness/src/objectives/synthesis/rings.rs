//! Ring systems that are hard to make: spiro atoms, bridgeheads, macrocycles.
//!
//! All counts follow from the graph alone, so the numbers of the atoms make no difference. Rings are
//! the relevant cycles (P. Vismara, Electron. J. Combin. 4, R9 (1997)): those that are no sum of
//! shorter ones. Unlike a smallest set of smallest rings they are unique.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use druse_representations::{Atom, BondOrder};
use petgraph::graph::UnGraph;
use petgraph::visit::EdgeRef;

/// Atoms of the largest ring that is no macrocycle, as in Ertl and Schuffenhauer's paper.
const LARGEST_RING: usize = 8;

/// Features of the rings of a molecule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RingFeatures {
    /// Atoms whose rings have nothing but the atom in common.
    pub spiro: usize,
    /// Atoms where two rings of up to eight atoms part that share two bonds or more.
    pub bridgeheads: usize,
    /// Rings of more than eight atoms (of any smallest set of rings).
    pub macrocycles: usize,
}

impl RingFeatures {
    /// Features of a molecular graph.
    pub fn of(graph: &UnGraph<Atom, BondOrder>) -> Self {
        let rings = RingBonds::new(graph);
        let independent = rings.independent();
        if independent == 0 {
            return Self::default();
        }
        let mut space = CycleSpace::new(rings.bonds);
        let mut relevant: Vec<Vec<usize>> = Vec::new();
        for length in 3..=LARGEST_RING {
            if space.rank() == independent {
                break;
            }
            let mut found = rings.cycles(length);
            found.retain(|cycle| !space.contains(cycle));
            found.iter().for_each(|cycle| space.add(cycle));
            relevant.extend(found);
        }
        Self {
            spiro: rings.spiro(),
            bridgeheads: rings.bridgeheads(&relevant),
            macrocycles: independent - space.rank(),
        }
    }
}

/// The bonds that are part of rings, numbered from 0.
struct RingBonds {
    /// Neighbours of each atom as (atom, bond).
    neighbours: Vec<Vec<(usize, usize)>>,
    /// Ends of each bond.
    ends: Vec<(usize, usize)>,
    /// Number of bonds.
    bonds: usize,
}

impl RingBonds {
    fn new(graph: &UnGraph<Atom, BondOrder>) -> Self {
        let bridges: BTreeSet<_> = petgraph::algo::bridges(graph).map(|bond| bond.id()).collect();
        let mut neighbours = vec![Vec::new(); graph.node_count()];
        let mut ends = Vec::new();
        for bond in graph.edge_references().filter(|bond| !bridges.contains(&bond.id())) {
            let (a, b) = (bond.source().index(), bond.target().index());
            neighbours[a].push((b, ends.len()));
            neighbours[b].push((a, ends.len()));
            ends.push((a, b));
        }
        Self { neighbours, bonds: ends.len(), ends }
    }

    /// Number of independent rings: bonds - atoms + parts.
    fn independent(&self) -> usize {
        let mut sets = petgraph::unionfind::UnionFind::new(self.neighbours.len());
        self.ends.iter().filter(|&&(a, b)| !sets.union(a, b)).count()
    }

    /// All rings of this many atoms, each as its bonds in ascending order.
    fn cycles(&self, length: usize) -> Vec<Vec<usize>> {
        let mut found = BTreeSet::new();
        for start in 0..self.neighbours.len() {
            let distances = self.distances(start, length / 2);
            let mut search = CycleSearch { rings: self, start, length, distances, found: &mut found };
            search.extend(start, &mut vec![start], &mut Vec::new());
        }
        found.into_iter().collect()
    }

    /// Bonds from `start` to each atom that is no more than `limit` away.
    fn distances(&self, start: usize, limit: usize) -> BTreeMap<usize, usize> {
        let mut distances = BTreeMap::from([(start, 0)]);
        let mut queue = VecDeque::from([(start, 0)]);
        while let Some((atom, distance)) = queue.pop_front() {
            for &(next, _) in &self.neighbours[atom] {
                if distance < limit && !distances.contains_key(&next) {
                    distances.insert(next, distance + 1);
                    queue.push_back((next, distance + 1));
                }
            }
        }
        distances
    }

    /// Atoms that hold ring systems together which fall apart without them.
    fn spiro(&self) -> usize {
        let falls_apart = |&atom: &usize| {
            let neighbours = &self.neighbours[atom];
            if neighbours.len() < 4 {
                return false;
            }
            let mut reached = BTreeSet::from([neighbours[0].0]);
            let mut open = vec![neighbours[0].0];
            while let Some(place) = open.pop() {
                for &(next, _) in &self.neighbours[place] {
                    if next != atom && reached.insert(next) {
                        open.push(next);
                    }
                }
            }
            neighbours.iter().any(|(other, _)| !reached.contains(other))
        };
        (0..self.neighbours.len()).filter(falls_apart).count()
    }

    /// Ends of the paths of two bonds or more that pairs of rings share.
    fn bridgeheads(&self, rings: &[Vec<usize>]) -> usize {
        let mut heads = BTreeSet::new();
        for (index, first) in rings.iter().enumerate() {
            for second in &rings[..index] {
                let shared: Vec<usize> =
                    first.iter().filter(|bond| second.binary_search(bond).is_ok()).copied().collect();
                if shared.len() < 2 {
                    continue;
                }
                let mut times: BTreeMap<usize, usize> = BTreeMap::new();
                for (a, b) in shared.iter().map(|&bond| self.ends[bond]) {
                    *times.entry(a).or_default() += 1;
                    *times.entry(b).or_default() += 1;
                }
                heads.extend(times.into_iter().filter(|&(_, count)| count == 1).map(|(atom, _)| atom));
            }
        }
        heads.len()
    }
}

/// Depth-first search for the rings through one atom and atoms of larger numbers.
struct CycleSearch<'a> {
    rings: &'a RingBonds,
    start: usize,
    length: usize,
    distances: BTreeMap<usize, usize>,
    found: &'a mut BTreeSet<Vec<usize>>,
}

impl CycleSearch<'_> {
    fn extend(&mut self, atom: usize, path: &mut Vec<usize>, bonds: &mut Vec<usize>) {
        for &(next, bond) in &self.rings.neighbours[atom] {
            if next == self.start && path.len() == self.length {
                let mut ring = bonds.clone();
                ring.push(bond);
                ring.sort_unstable();
                self.found.insert(ring);
            }
            let left = self.length - path.len();
            let reachable = self.distances.get(&next).is_some_and(|&distance| distance <= left);
            if next > self.start && left > 0 && reachable && !path.contains(&next) {
                path.push(next);
                bonds.push(bond);
                self.extend(next, path, bonds);
                path.pop();
                bonds.pop();
            }
        }
    }
}

/// Sums of rings, as vectors over the field of two elements in echelon form.
struct CycleSpace {
    words: usize,
    /// Rows by their lowest bond.
    rows: BTreeMap<usize, Vec<u64>>,
}

impl CycleSpace {
    fn new(bonds: usize) -> Self {
        Self { words: bonds.div_ceil(64), rows: BTreeMap::new() }
    }

    fn rank(&self) -> usize {
        self.rows.len()
    }

    fn contains(&self, ring: &[usize]) -> bool {
        self.reduce(ring).is_none()
    }

    fn add(&mut self, ring: &[usize]) {
        if let Some((lowest, row)) = self.reduce(ring) {
            self.rows.insert(lowest, row);
        }
    }

    /// What the rows leave of a ring, with its lowest bond; `None` when it is a sum of them.
    fn reduce(&self, ring: &[usize]) -> Option<(usize, Vec<u64>)> {
        let mut vector = vec![0_u64; self.words];
        ring.iter().for_each(|bond| vector[bond / 64] |= 1 << (bond % 64));
        loop {
            let word = vector.iter().position(|&word| word != 0)?;
            let lowest = 64 * word + vector[word].trailing_zeros() as usize;
            let Some(row) = self.rows.get(&lowest) else { return Some((lowest, vector)) };
            vector.iter_mut().zip(row).for_each(|(bits, other)| *bits ^= other);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Carbon atoms with these bonds.
    fn features(bonds: &[(u32, u32)]) -> (usize, usize, usize) {
        let carbon = Atom { element: "C".parse().unwrap(), formal_charge: 0 };
        let mut graph = UnGraph::default();
        let atoms = bonds.iter().map(|&(a, b)| a.max(b)).max().unwrap() + 1;
        (0..atoms).for_each(|_| {
            graph.add_node(carbon);
        });
        bonds.iter().for_each(|&(a, b)| {
            graph.add_edge(a.into(), b.into(), BondOrder::Single);
        });
        let RingFeatures { spiro, bridgeheads, macrocycles } = RingFeatures::of(&graph);
        (spiro, bridgeheads, macrocycles)
    }

    fn ring(first: u32, size: u32) -> Vec<(u32, u32)> {
        (0..size).map(|i| (first + i, first + (i + 1) % size)).collect()
    }

    #[test]
    fn textbook_ring_systems() {
        let with = |mut bonds: Vec<(u32, u32)>, more: &[(u32, u32)]| {
            bonds.extend(more);
            features(&bonds)
        };
        assert_eq!(features(&[(0, 1), (1, 2)]), (0, 0, 0));
        assert_eq!(features(&ring(0, 6)), (0, 0, 0));
        // Naphthalene, biphenyl.
        assert_eq!(with(ring(0, 10), &[(0, 5)]), (0, 0, 0));
        assert_eq!(with([ring(0, 6), ring(6, 6)].concat(), &[(0, 6)]), (0, 0, 0));
        // Spiro[4.4]nonane: a second ring through atom 0.
        assert_eq!(with(ring(0, 5), &[(0, 5), (5, 6), (6, 7), (7, 8), (8, 0)]), (1, 0, 0));
        // Norbornane: a bridge of one atom over cyclohexane; 2.2.2: a bridge of two.
        assert_eq!(with(ring(0, 6), &[(0, 6), (6, 3)]), (0, 2, 0));
        assert_eq!(with(ring(0, 6), &[(0, 6), (6, 7), (7, 3)]), (0, 2, 0));
        // Adamantane: bridgeheads 0, 2, 4 of a six-ring and 6, with CH2 between.
        assert_eq!(with(ring(0, 6), &[(0, 7), (2, 8), (4, 9), (7, 6), (8, 6), (9, 6)]), (0, 4, 0));
        // Cubane shares single bonds only; crown-sized rings.
        let cube = [ring(0, 4), ring(4, 4), vec![(0, 4), (1, 5), (2, 6), (3, 7)]].concat();
        assert_eq!(features(&cube), (0, 0, 0));
        assert_eq!(features(&ring(0, 8)), (0, 0, 0));
        assert_eq!(features(&ring(0, 18)), (0, 0, 1));
        // Porphine: a ring of 16 inner atoms, every fourth group of three closed by two outer carbons.
        let pyrroles = (0..4).flat_map(|k| {
            let (a, b, outer) = (4 * k, 4 * k + 2, 16 + 2 * k);
            [(a, outer), (outer, outer + 1), (outer + 1, b)]
        });
        assert_eq!(with(ring(0, 16), &pyrroles.collect::<Vec<_>>()), (0, 0, 1));
    }

    #[test]
    fn numbering_makes_no_difference() {
        let adamantane = [ring(0, 6), vec![(0, 7), (2, 8), (4, 9), (7, 6), (8, 6), (9, 6)]].concat();
        for turn in 0..10 {
            let turned: Vec<_> =
                adamantane.iter().rev().map(|&(a, b)| ((7 * b + turn) % 10, (7 * a + turn) % 10)).collect();
            assert_eq!(features(&turned), features(&adamantane));
        }
    }

    /// An icosahedron has hundreds of rings of up to eight bonds; triangles span them all.
    #[test]
    fn cages_are_quick() {
        let upper = (1..6).flat_map(|i| [(0, i), (i, i % 5 + 1)]);
        let lower = (1..6).flat_map(|i| [(11, i + 5), (i + 5, i % 5 + 6)]);
        let middle = (1..6).flat_map(|i| [(i, i + 5), (i, i % 5 + 6)]);
        assert_eq!(features(&upper.chain(lower).chain(middle).collect::<Vec<_>>()), (0, 0, 0));
    }
}

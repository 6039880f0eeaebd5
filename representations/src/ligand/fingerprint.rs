//! Circular fragments of ligands: what is around each atom, out to two bonds.
//!
//! Extended-connectivity fingerprints (D. Rogers, M. Hahn, J. Chem. Inf. Model. 50, 742 (2010)) with an
//! invariant of their own. An atom of the skeleton (every atom except hydrogens with one neighbour) starts as
//! (atomic number, skeleton neighbours, hydrogens, in a ring or not, and, unless donors are left out, the size
//! of the donor that it belongs to). Each round it takes in the sorted numbers of its neighbours.
//! Orders of bonds and formal charges are left out, as in the identity of ligands
//! ([`Ligand::canonical`]): the hydrogens and neighbours of an atom say as much, and no drawing of
//! an aromatic ring or a carboxylate differs from another.

use std::collections::{BTreeMap, BTreeSet};

use petgraph::graph::NodeIndex;
use petgraph::visit::EdgeRef;

use super::Ligand;

/// Changes when the fingerprints of unchanged ligands do.
pub const FINGERPRINT_VERSION: u32 = 1;

/// Bonds between the centre and the edge of the largest fragments.
const RADIUS: u32 = 2;

/// The circular fragments of a ligand with the number of times that each occurs.
///
/// The same for all ways to number the atoms and to draw the bonds. Fragments are told apart by a
/// 32-bit hash that is the same on every machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fingerprint {
    /// Fragment and count, by ascending fragment.
    counts: Vec<(u32, u32)>,
    total: u32,
}

impl Fingerprint {
    /// Fragments of a ligand, in which atoms that bind to the metal differ from others.
    pub fn of(ligand: &Ligand) -> Self {
        Self::from_fragments(Skeleton::new(ligand, true).fragments())
    }

    /// Fragments of the molecule alone; the donors make no difference.
    pub fn of_molecule(ligand: &Ligand) -> Self {
        Self::from_fragments(Skeleton::new(ligand, false).fragments())
    }

    fn from_fragments(fragments: Vec<u32>) -> Self {
        let mut counts: BTreeMap<u32, u32> = BTreeMap::new();
        for &fragment in &fragments {
            *counts.entry(fragment).or_default() += 1;
        }
        Self { counts: counts.into_iter().collect(), total: fragments.len() as u32 }
    }

    /// Fragments with their counts, by ascending fragment.
    pub fn counts(&self) -> &[(u32, u32)] {
        &self.counts
    }

    /// Number of fragments, each as often as it occurs.
    pub fn total(&self) -> u32 {
        self.total
    }

    /// Similarity from 0 to 1 (Tanimoto's coefficient of the counts): fragments in common over
    /// fragments of either. Equal ligands have 1; ligands with 1 are nearly always equal.
    pub fn tanimoto(&self, other: &Self) -> f64 {
        let (mut common, mut rest) = (0, other.counts.as_slice());
        for &(fragment, count) in &self.counts {
            let skip = rest.partition_point(|&(known, _)| known < fragment);
            rest = &rest[skip..];
            if let Some(&(known, others)) = rest.first()
                && known == fragment
            {
                common += count.min(others);
            }
        }
        similarity(common, self.total, other.total)
    }
}

/// Tanimoto's coefficient of two fingerprints with so many fragments, `common` of them in both.
pub fn similarity(common: u32, first: u32, second: u32) -> f64 {
    match first + second - common {
        0 => 1.0,
        either => f64::from(common) / f64::from(either),
    }
}

/// The atoms that fragments are centred at, and their bonds.
struct Skeleton {
    invariants: Vec<u32>,
    /// Neighbours of each atom as (atom, bond).
    neighbours: Vec<Vec<(usize, u32)>>,
}

impl Skeleton {
    fn new(ligand: &Ligand, donors: bool) -> Self {
        let graph = &ligand.graph;
        let mut donor_size = vec![0; graph.node_count()];
        for donor in ligand.donors.iter().filter(|_| donors) {
            for &atom in donor {
                donor_size[atom] = donor.len() as u32;
            }
        }
        let is_hydrogen = |node: NodeIndex| graph[node].element.atomic_number() == 1;
        // The hydrogens of H2 and hydride are atoms in their own right.
        let only_hydrogen = graph.node_indices().all(is_hydrogen);
        let in_skeleton = |node: NodeIndex| {
            only_hydrogen
                || !is_hydrogen(node)
                || donor_size[node.index()] > 0
                || graph.neighbors(node).count() != 1
        };
        let mut place = vec![None; graph.node_count()];
        let atoms: Vec<_> = graph.node_indices().filter(|&node| in_skeleton(node)).collect();
        for (index, node) in atoms.iter().enumerate() {
            place[node.index()] = Some(index);
        }
        let bridges: BTreeSet<_> = petgraph::algo::bridges(graph).map(|bond| bond.id()).collect();
        let mut neighbours = vec![Vec::new(); atoms.len()];
        let mut invariants = Vec::with_capacity(atoms.len());
        for (index, &node) in atoms.iter().enumerate() {
            let mut hydrogens = 0;
            let mut in_ring = false;
            for bond in graph.edges(node) {
                in_ring |= !bridges.contains(&bond.id());
                match place[bond.target().index()] {
                    Some(neighbour) => neighbours[index].push((neighbour, bond.id().index() as u32)),
                    None => hydrogens += 1,
                }
            }
            invariants.push(hash([
                graph[node].element.atomic_number().into(),
                neighbours[index].len() as u32,
                hydrogens,
                in_ring.into(),
                donor_size[node.index()],
            ]));
        }
        Self { invariants, neighbours }
    }

    /// The fragments of all atoms and radii. A fragment with the same bonds as a smaller one, or as
    /// one of the same radius with a smaller number, is left out.
    fn fragments(&self) -> Vec<u32> {
        let count = self.invariants.len();
        let mut numbers = self.invariants.clone();
        let mut fragments = numbers.clone();
        let mut bonds: Vec<Vec<u32>> = vec![Vec::new(); count];
        let mut seen: BTreeSet<Vec<u32>> = BTreeSet::from([Vec::new()]);
        for round in 1..=RADIUS {
            let grown: Vec<Vec<u32>> = (0..count)
                .map(|atom| {
                    let mut all = bonds[atom].clone();
                    for &(neighbour, bond) in &self.neighbours[atom] {
                        all.push(bond);
                        all.extend(&bonds[neighbour]);
                    }
                    all.sort_unstable();
                    all.dedup();
                    all
                })
                .collect();
            let next: Vec<u32> = (0..count)
                .map(|atom| {
                    let mut around: Vec<u32> =
                        self.neighbours[atom].iter().map(|&(neighbour, _)| numbers[neighbour]).collect();
                    around.sort_unstable();
                    hash([round, numbers[atom]].into_iter().chain(around))
                })
                .collect();
            (bonds, numbers) = (grown, next);
            let mut order: Vec<usize> = (0..count).collect();
            order.sort_by_key(|&atom| numbers[atom]);
            fragments.extend(
                order.into_iter().filter(|&atom| seen.insert(bonds[atom].clone())).map(|atom| numbers[atom]),
            );
        }
        fragments
    }
}

/// FNV-1a over the bytes of the words, least significant first, with the last mixing steps of MurmurHash3.
fn hash(words: impl IntoIterator<Item = u32>) -> u32 {
    let bytes = words.into_iter().flat_map(u32::to_le_bytes);
    let mut hash =
        bytes.fold(0x811c_9dc5, |hash: u32, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    hash = (hash ^ (hash >> 16)).wrapping_mul(0x85eb_ca6b);
    hash = (hash ^ (hash >> 13)).wrapping_mul(0xc2b2_ae35);
    hash ^ (hash >> 16)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::super::BondOrder;
    use super::super::testing::{graph, shuffled};
    use super::*;

    fn ligand(symbols: &str, bonds: &[(usize, usize)], donors: &[usize]) -> Ligand {
        let donors = donors.iter().map(|&donor| vec![donor]).collect();
        Ligand::new("", graph(symbols, bonds), donors).unwrap()
    }

    const RING: [(usize, usize); 6] = [(0, 1), (1, 2), (2, 3), (3, 4), (4, 5), (5, 0)];

    /// Pyridine with its five hydrogens.
    fn pyridine() -> Ligand {
        let hydrogens = [(1, 6), (2, 7), (3, 8), (4, 9), (5, 10)];
        ligand("N C C C C C H H H H H", &[&RING[..], &hydrogens].concat(), &[0])
    }

    #[test]
    fn fragments_of_pyridine_by_hand() {
        // Radius 0: N and five CH. Radius 1: N, two ortho, three others. Radius 2: N, ortho, meta, para.
        let mut counts: Vec<u32> =
            Fingerprint::of(&pyridine()).counts().iter().map(|&(_, count)| count).collect();
        counts.sort_unstable();
        assert_eq!(counts, [1, 1, 1, 1, 2, 2, 2, 3, 5]);
        assert_eq!(Fingerprint::of(&pyridine()).total(), 18);
    }

    #[test]
    fn donors_count_where_they_should() {
        let first = ligand("N C C N", &[(0, 1), (1, 2), (2, 3)], &[0]);
        let both = ligand("N C C N", &[(0, 1), (1, 2), (2, 3)], &[0, 3]);
        assert_eq!(Fingerprint::of_molecule(&first), Fingerprint::of_molecule(&both));
        let similarity = Fingerprint::of(&first).tanimoto(&Fingerprint::of(&both));
        assert!((0.1..0.9).contains(&similarity), "{similarity}");
    }

    #[test]
    fn drawings_do_not_count_but_hydrogens_do() {
        let plain = pyridine();
        let mut drawn = plain.clone();
        drawn.graph.edge_weights_mut().for_each(|order| *order = BondOrder::Aromatic);
        assert_eq!(Fingerprint::of(&plain), Fingerprint::of(&drawn));
        let bare = ligand("N C C C C C", &RING, &[0]);
        assert!(Fingerprint::of(&plain).tanimoto(&Fingerprint::of(&bare)) < 0.3);
        // A ring is no chain.
        let chain = ligand("C C C C", &[(0, 1), (1, 2), (2, 3)], &[0]);
        let square = ligand("C C C C", &[(0, 1), (1, 2), (2, 3), (3, 0)], &[0]);
        assert!(Fingerprint::of(&chain).tanimoto(&Fingerprint::of(&square)) < 0.1);
    }

    #[test]
    fn small_ligands_have_fragments() {
        for (symbols, bonds) in [("H", &[][..]), ("H H", &[(0, 1)]), ("Cl", &[]), ("C O", &[(0, 1)])] {
            let fingerprint = Fingerprint::of(&ligand(symbols, bonds, &[0]));
            assert!(fingerprint.total() > 0, "{symbols}");
            assert_eq!(fingerprint.tanimoto(&fingerprint), 1.0);
        }
        assert_eq!(Fingerprint::of(&ligand("C O", &[(0, 1)], &[0])).total(), 3);
    }

    /// Written into files: must not change without a new version.
    #[test]
    fn hashes_are_stable() {
        let chloride = Fingerprint::of_molecule(&ligand("Cl", &[], &[0]));
        assert_eq!(chloride.counts(), [(hash([17, 0, 0, 0, 0]), 1)]);
        assert_eq!((FINGERPRINT_VERSION, hash([17, 0, 0, 0, 0])), (1, 465_001_031));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn numbering_makes_no_difference(seed in any::<u64>()) {
            let bonds = [&RING[..], &[(0, 6), (6, 7), (7, 8), (8, 6), (3, 9), (9, 10), (10, 11), (1, 12)]].concat();
            let ligand = ligand("N C C P C C C O C N H H H", &bonds, &[0, 3]);
            let (other, _) = shuffled(&ligand, &mut ChaCha8Rng::seed_from_u64(seed));
            prop_assert_eq!(Fingerprint::of(&ligand), Fingerprint::of(&other));
            prop_assert_eq!(Fingerprint::of_molecule(&ligand), Fingerprint::of_molecule(&other));
        }
    }
}

use petgraph::algo::is_isomorphic_matching;
use petgraph::graph::{NodeIndex, UnGraph};
use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::super::testing::{graph, shuffled};
use super::*;

/// The graph with donors as vertices of their own, labelled by `order` or all alike. An exact test of
/// equality (VF2) that shares nothing with the canonical form.
fn with_donors(ligand: &Ligand, order: Option<&[usize]>) -> UnGraph<(u8, usize), ()> {
    let mut graph = ligand.graph.map(|_, atom| (atom.element.atomic_number(), 0), |_, _| ());
    for (donor, members) in ligand.donors.iter().enumerate() {
        let label = order.map_or(0, |order| order.iter().position(|&other| other == donor).unwrap());
        let vertex = graph.add_node((0, label));
        members.iter().for_each(|&atom| {
            graph.add_edge(vertex, NodeIndex::new(atom), ());
        });
    }
    graph
}

fn same(a: &UnGraph<(u8, usize), ()>, b: &UnGraph<(u8, usize), ()>) -> bool {
    is_isomorphic_matching(a, b, |x, y| x == y, |_, _| true)
}

fn permutations(n: usize) -> Vec<Vec<usize>> {
    if n == 0 {
        return vec![Vec::new()];
    }
    let shorter = permutations(n - 1);
    (0..n)
        .flat_map(|at| {
            shorter.iter().map(move |order| {
                let mut order = order.clone();
                order.insert(at, n - 1);
                order
            })
        })
        .collect()
}

/// Everything that the canonical form promises, checked by other means.
fn check_promises(ligand: &Ligand, rng: &mut ChaCha8Rng) -> CanonicalLigand {
    let canonical = ligand.canonical();
    let reference = with_donors(ligand, Some(&canonical.donor_orders[0]));
    let mut expected: Vec<Vec<usize>> = permutations(ligand.denticity())
        .into_iter()
        .filter(|order| same(&reference, &with_donors(ligand, Some(order))))
        .collect();
    expected.sort();
    assert_eq!(canonical.donor_orders, expected);
    for _ in 0..3 {
        let (mut other, _) = shuffled(ligand, rng);
        let again = other.canonical();
        assert_eq!((&again.key, &again.donor_orders), (&canonical.key, &canonical.donor_orders));
        assert_eq!(other.connectivity_key(), ligand.connectivity_key());
        // Donors in another order: the same key, and orders that describe the same thing.
        other.donors.rotate_left(1);
        let turned = other.canonical();
        assert_eq!(turned.key, canonical.key);
        let n = ligand.denticity();
        let mut back: Vec<Vec<usize>> = turned
            .donor_orders
            .iter()
            .map(|order| order.iter().map(|&donor| (donor + 1) % n).collect())
            .collect();
        back.sort();
        assert_eq!(back, canonical.donor_orders);
    }
    canonical
}

fn rng() -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(3)
}

fn ring(count: usize) -> Vec<(usize, usize)> {
    (0..count).map(|i| (i, (i + 1) % count)).collect()
}

fn symbols(symbol: &str, count: usize) -> String {
    vec![symbol; count].join(" ")
}

#[test]
fn both_orders_of_a_symmetric_bidentate_are_equal() {
    let en = graph("N C C N H H", &[(0, 1), (1, 2), (2, 3), (0, 4), (3, 5)]);
    let en = Ligand::new("en", en, vec![vec![0], vec![3]]).unwrap();
    assert_eq!(check_promises(&en, &mut rng()).donor_orders, [[0, 1], [1, 0]]);
    let lopsided = Ligand { donors: vec![vec![0], vec![2]], ..en.clone() };
    assert_eq!(check_promises(&lopsided, &mut rng()).donor_orders.len(), 1);
    assert_ne!(lopsided.canonical().key, en.canonical().key);
    assert_eq!(lopsided.connectivity_key(), en.connectivity_key());
}

#[test]
fn bond_orders_and_places_of_charges_do_not_count_but_the_total_does() {
    let mut acetate = graph("C C O O", &[(0, 1), (1, 2), (1, 3)]);
    acetate[NodeIndex::new(2)].formal_charge = -1;
    let acetate = Ligand::new("acetate", acetate, vec![vec![2], vec![3]]).unwrap();
    let mut other = acetate.clone();
    other.graph[NodeIndex::new(2)].formal_charge = 0;
    assert_ne!(other.canonical().key, acetate.canonical().key);
    other.graph[NodeIndex::new(3)].formal_charge = -1;
    other.graph.edge_weights_mut().for_each(|order| *order = crate::ligand::BondOrder::Aromatic);
    assert_eq!(other.canonical(), acetate.canonical());
    assert_eq!(acetate.canonical().donor_orders.len(), 2);
}

#[test]
fn grouping_of_donors_counts() {
    let butadiene = graph("C C C C", &[(0, 1), (1, 2), (2, 3)]);
    let pair = Ligand::new("", butadiene.clone(), vec![vec![0, 1], vec![2, 3]]).unwrap();
    let four = Ligand::new("", butadiene.clone(), vec![vec![0, 1, 2, 3]]).unwrap();
    let each = Ligand::new("", butadiene, vec![vec![0], vec![1], vec![2], vec![3]]).unwrap();
    let keys = [pair, four, each].map(|ligand| check_promises(&ligand, &mut rng()).key);
    assert!(keys[0] != keys[1] && keys[1] != keys[2] && keys[0] != keys[2]);
}

#[test]
fn a_hydride_and_dihydrogen_are_ligands() {
    let hydride = Ligand::new("", graph("H", &[]), vec![vec![0]]).unwrap();
    let dihydrogen = Ligand::new("", graph("H H", &[(0, 1)]), vec![vec![0, 1]]).unwrap();
    assert_ne!(check_promises(&hydride, &mut rng()).key, check_promises(&dihydrogen, &mut rng()).key);
}

/// Regular cages: refinement alone does not tell one atom from another.
#[test]
fn cages() {
    let cube: Vec<(usize, usize)> =
        (0..8).flat_map(|i| [1, 2, 4].map(move |bit| (i, i ^ bit))).filter(|(i, j)| i < j).collect();
    let cube = Ligand::new("", graph(&symbols("C", 8), &cube), vec![vec![0], vec![7]]).unwrap();
    assert_eq!(check_promises(&cube, &mut rng()).donor_orders.len(), 2);
    // Two triangles and a hexagon have the same degrees everywhere.
    let prism = [(0, 1), (1, 2), (2, 0), (3, 4), (4, 5), (5, 3), (0, 3), (1, 4), (2, 5)];
    let bipartite: Vec<(usize, usize)> = (0..3).flat_map(|i| (3..6).map(move |j| (i, j))).collect();
    let prism = Ligand::new("", graph(&symbols("C", 6), &prism), vec![vec![0]]).unwrap();
    let bipartite = Ligand::new("", graph(&symbols("C", 6), &bipartite), vec![vec![0]]).unwrap();
    assert_ne!(prism.connectivity_key(), bipartite.connectivity_key());
    let crown =
        Ligand::new("", graph(&symbols("S", 6), &ring(6)), (0..6).map(|i| vec![i]).collect()).unwrap();
    assert_eq!(check_promises(&crown, &mut rng()).donor_orders.len(), 12);
}

/// C60 as the truncated icosahedron: its atoms are the directed edges of the icosahedron.
#[test]
fn buckminsterfullerene() {
    let golden = (1.0 + 5f64.sqrt()) / 2.0;
    let mut corners: Vec<[f64; 3]> = Vec::new();
    for (a, b) in [(1.0, golden), (1.0, -golden), (-1.0, golden), (-1.0, -golden)] {
        corners.extend([[0.0, a, b], [a, b, 0.0], [b, 0.0, a]]);
    }
    let near = |i: usize, j: usize| {
        let square: f64 = (0..3).map(|k| (corners[i][k] - corners[j][k]).powi(2)).sum();
        i != j && square < 4.1
    };
    let atoms: Vec<(usize, usize)> =
        (0..12).flat_map(|i| (0..12).map(move |j| (i, j))).filter(|&(i, j)| near(i, j)).collect();
    let mut bonds = Vec::new();
    for (a, &(i, j)) in atoms.iter().enumerate() {
        for (b, &(k, l)) in atoms.iter().enumerate().skip(a + 1) {
            if (i, j) == (l, k) || (i == k && near(j, l)) {
                bonds.push((a, b));
            }
        }
    }
    assert_eq!((atoms.len(), bonds.len()), (60, 90));
    let one = Ligand::new("", graph(&symbols("C", 60), &bonds), vec![vec![0]]).unwrap();
    let mut rng = rng();
    for detail in [Detail::Molecule, Detail::Ligand] {
        let core = Core::new(&one, detail);
        let found = search(&core.graph);
        assert!(found.visited < 100, "{} branches", found.visited);
        // One orbit: the generators move the first atom everywhere, unless it is the donor.
        if detail == Detail::Molecule {
            let mut orbit = std::collections::BTreeSet::from([0_u32]);
            loop {
                let next: std::collections::BTreeSet<u32> = orbit
                    .iter()
                    .flat_map(|&v| found.generators.iter().map(move |generator| generator[v as usize]))
                    .chain(orbit.iter().copied())
                    .collect();
                if next == orbit {
                    break;
                }
                orbit = next;
            }
            assert_eq!(orbit.len(), 60);
        }
    }
    let (other, _) = shuffled(&one, &mut rng);
    assert_eq!(other.canonical(), one.canonical());
    // Every atom is like every other.
    let moved = Ligand { donors: vec![vec![17]], ..one.clone() };
    assert_eq!(moved.canonical(), one.canonical());
    // The two kinds of bonds are not.
    let mut edge_keys: Vec<String> = bonds
        .iter()
        .map(|&(a, b)| Ligand { donors: vec![vec![a, b]], ..one.clone() }.canonical().key)
        .collect();
    edge_keys.sort();
    edge_keys.dedup();
    assert_eq!(edge_keys.len(), 2);
}

/// A random connected graph of few elements, with random donors.
fn random_ligand(seed: u64) -> Ligand {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let atoms = rng.random_range(1..12);
    let elements: Vec<&str> = (0..atoms).map(|_| ["C", "C", "C", "N"][rng.random_range(0..4)]).collect();
    let mut bonds: Vec<(usize, usize)> = (1..atoms).map(|atom| (rng.random_range(0..atom), atom)).collect();
    for _ in 0..rng.random_range(0..4) {
        let (a, b) = (rng.random_range(0..atoms), rng.random_range(0..atoms));
        let bond = (a.min(b), a.max(b));
        if a != b && !bonds.contains(&bond) {
            bonds.push(bond);
        }
    }
    let mut donors: Vec<Vec<usize>> = Vec::new();
    let mut taken = vec![false; atoms];
    for _ in 0..rng.random_range(1..5) {
        let atom = rng.random_range(0..atoms);
        let mut donor = vec![atom];
        if let Some(&(a, b)) =
            bonds.iter().find(|(a, b)| *a == atom || *b == atom).filter(|_| rng.random::<bool>())
        {
            donor = vec![a, b];
        }
        if donor.iter().all(|&atom| !taken[atom]) {
            donor.iter().for_each(|&atom| taken[atom] = true);
            donors.push(donor);
        }
    }
    Ligand::new("", graph(&elements.join(" "), &bonds), donors).unwrap()
}

proptest! {
    #[test]
    fn numbering_makes_no_difference(seed in any::<u64>()) {
        let ligand = random_ligand(seed);
        check_promises(&ligand, &mut ChaCha8Rng::seed_from_u64(seed));
    }
}

/// Keys of small random ligands are equal exactly when an exact test finds them isomorphic.
#[test]
fn keys_agree_with_isomorphism() {
    let mut rng = rng();
    let mut equal = 0;
    for _ in 0..40 {
        let ligands: Vec<Ligand> = (0..40)
            .map(|_| {
                let cycle = rng.random_range(4..7_usize);
                let mut bonds = ring(cycle);
                bonds.push((0, rng.random_range(2..cycle - 1)));
                bonds.push((rng.random_range(0..cycle), cycle));
                let donors = vec![vec![rng.random_range(0..cycle)], vec![cycle]];
                Ligand::new("", graph(&symbols("C", cycle + 1), &bonds), donors).unwrap()
            })
            .collect();
        let keys: Vec<String> = ligands.iter().map(|ligand| ligand.canonical().key).collect();
        for i in 0..ligands.len() {
            for j in 0..i {
                let truth = same(&with_donors(&ligands[i], None), &with_donors(&ligands[j], None));
                assert_eq!(keys[i] == keys[j], truth);
                equal += usize::from(truth);
            }
        }
    }
    assert!(equal > 100, "{equal}");
}

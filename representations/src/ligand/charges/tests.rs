use proptest::prelude::*;

use super::super::testing::graph;
use super::*;

fn charges(graph: &UnGraph<Atom, BondOrder>) -> Vec<i8> {
    graph.node_weights().map(|atom| atom.formal_charge).collect()
}

/// A graph with orders as numbers, its charges assigned.
fn assigned(symbols: &str, bonds: &[(usize, usize, u8)], donors: &[Vec<usize>], total: i32) -> Vec<i8> {
    let mut graph = graph(symbols, &[]);
    for &(from, to, code) in bonds {
        graph.add_edge(NodeIndex::new(from), NodeIndex::new(to), BondOrder::from_code(code).unwrap());
    }
    assign_formal_charges(&mut graph, donors, total);
    charges(&graph)
}

#[test]
fn small_ligands() {
    // Carbon monoxide, cyanide, thiocyanate by N, azide, nitrite by N, NO+, water, hydride.
    assert_eq!(assigned("C O", &[(0, 1, 3)], &[vec![0]], 0), [-1, 1]);
    assert_eq!(assigned("C N", &[(0, 1, 3)], &[vec![0]], -1), [-1, 0]);
    assert_eq!(assigned("S C N", &[(0, 1, 1), (1, 2, 3)], &[vec![0]], -1), [-1, 0, 0]);
    assert_eq!(assigned("N N N", &[(0, 1, 2), (1, 2, 2)], &[vec![0]], -1), [-1, 1, -1]);
    assert_eq!(assigned("N O O", &[(0, 1, 2), (0, 2, 1)], &[vec![0]], -1), [0, 0, -1]);
    assert_eq!(assigned("N O", &[(0, 1, 3)], &[vec![0]], 1), [0, 1]);
    assert_eq!(assigned("O H H", &[(0, 1, 1), (0, 2, 1)], &[vec![0]], 0), [0, 0, 0]);
    assert_eq!(assigned("H", &[], &[vec![0]], -1), [-1]);
}

#[test]
fn charges_inside_a_neutral_ligand() {
    // Nitro group, phosphonium ylide, tetrafluoroborate.
    let nitro = [(0, 1, 1), (0, 2, 2), (0, 3, 1), (1, 4, 1), (1, 5, 1), (1, 6, 1)];
    assert_eq!(assigned("N C O O H H H", &nitro, &[vec![3]], 0), [1, 0, 0, -1, 0, 0, 0]);
    let ylide = [(0, 1, 1), (1, 2, 1), (1, 3, 1), (0, 4, 1), (0, 5, 1), (0, 6, 1)];
    assert_eq!(assigned("P C H H H H H", &ylide, &[vec![1]], 0), [1, -1, 0, 0, 0, 0, 0]);
    let borate = [(0, 1, 1), (0, 2, 1), (0, 3, 1), (0, 4, 1)];
    assert_eq!(assigned("B F F F F", &borate, &[vec![1]], -1), [-1, 0, 0, 0, 0]);
}

fn ring(symbols: &str, substituted: &[usize], donor: usize, total: i32) -> Vec<i8> {
    let count = symbols.split(' ').count();
    let mut bonds: Vec<(usize, usize, u8)> = (0..count).map(|i| (i, (i + 1) % count, 12)).collect();
    let mut symbols = symbols.to_owned();
    for (index, &atom) in substituted.iter().enumerate() {
        symbols.push_str(" H");
        bonds.push((atom, count + index, 1));
    }
    let mut charges = assigned(&symbols, &bonds, &[vec![donor]], total);
    assert!(charges.split_off(count).iter().all(|charge| *charge == 0));
    charges
}

#[test]
fn aromatic_rings() {
    assert_eq!(ring("N C C C C C", &[1, 2, 3, 4, 5], 0, 0), [0; 6]);
    // Phenyl, pyrrolide, cyclopentadienyl.
    assert_eq!(ring("C C C C C C", &[1, 2, 3, 4, 5], 0, -1), [-1, 0, 0, 0, 0, 0]);
    assert_eq!(ring("C C N C C", &[0, 1, 3, 4], 2, -1), [0, 0, -1, 0, 0]);
    assert_eq!(ring("C C C C C", &[0, 1, 2, 3, 4], 3, -1), [0, 0, 0, -1, 0]);
    // Imidazole; imidazol-2-ylidene (neutral carbene); its mesoionic isomer; pyridinium.
    assert_eq!(ring("N C N C C", &[0, 1, 3, 4], 2, 0), [0; 5]);
    assert_eq!(ring("N C N C C", &[0, 2, 3, 4], 1, 0), [0; 5]);
    let mesoionic = ring("N C N C C", &[0, 1, 2, 3], 4, 0);
    assert_eq!(mesoionic.iter().filter(|charge| **charge == 1).count(), 1);
    assert_eq!(mesoionic[4], -1);
    assert_eq!(ring("N C C C C C", &[0, 1, 2, 3, 4, 5], 0, 1), [1, 0, 0, 0, 0, 0]);
}

#[test]
fn the_rest_goes_to_the_donors() {
    // A bis(alkoxide) that is said to be neutral, as after oxidation to the diketone.
    let bonds = [(0, 1, 1), (1, 2, 1), (2, 3, 1), (1, 4, 1), (1, 5, 1), (2, 6, 1), (2, 7, 1)];
    let donors = [vec![0], vec![3]];
    assert_eq!(assigned("O C C O H H H H", &bonds, &donors, -2), [-1, 0, 0, -1, 0, 0, 0, 0]);
    assert_eq!(assigned("O C C O H H H H", &bonds, &donors, -1), [0, 0, 0, -1, 0, 0, 0, 0]);
    assert_eq!(assigned("O C C O H H H H", &bonds, &donors, 1), [1, 0, 0, 0, 0, 0, 0, 0]);
    // Unknown orders say nothing about charges.
    assert_eq!(assigned("C C N", &[(0, 1, 0), (1, 2, 0)], &[vec![2]], -1), [0, 0, -1]);
}

proptest! {
    #[test]
    fn the_sum_is_always_the_total(
        atoms in prop::collection::vec(prop::sample::select(vec!["H", "B", "C", "N", "O", "P", "S", "Cl", "Fe"]), 1..12),
        bonds in prop::collection::vec((0..12usize, 0..12usize, prop::sample::select(vec![0u8, 1, 2, 3, 12])), 0..20),
        donor in 0..12usize,
        total in -30..30i32,
    ) {
        let mut graph = graph(&atoms.join(" "), &[]);
        for (from, to, code) in bonds {
            let (from, to) = (NodeIndex::new(from % atoms.len()), NodeIndex::new(to % atoms.len()));
            if from != to && graph.find_edge(from, to).is_none() {
                graph.add_edge(from, to, BondOrder::from_code(code).unwrap());
            }
        }
        let expected = {
            let mut twice = graph.clone();
            assign_formal_charges(&mut twice, &[vec![donor % atoms.len()]], total);
            assign_formal_charges(&mut twice, &[vec![donor % atoms.len()]], total);
            charges(&twice)
        };
        assign_formal_charges(&mut graph, &[vec![donor % atoms.len()]], total);
        prop_assert_eq!(charges(&graph), expected);
        let sum: i32 = graph.node_weights().map(|atom| i32::from(atom.formal_charge)).sum();
        prop_assert_eq!(sum, total);
    }
}

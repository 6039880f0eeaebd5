//! Ligands for tests, written as atoms and bonds.

use druse_representations::{Atom, BondOrder, Element, Ligand};
use petgraph::graph::{NodeIndex, UnGraph};

pub(super) fn el(symbol: &str) -> Element {
    symbol.parse().unwrap()
}

/// Heavy atoms (`N`, `O-`, `O+`), bonds (`0-1` single, `=` double, `#` triple, `:` aromatic) and
/// donors; hydrogens are added up to the usual valence and come last.
pub(super) fn ligand(name: &str, atoms: &str, bonds: &str, donors: &[&[usize]]) -> Ligand {
    let mut graph = UnGraph::default();
    let mut free = Vec::new();
    for atom in atoms.split_whitespace() {
        let symbol = atom.trim_end_matches(['+', '-']);
        let formal_charge = if atom.ends_with('+') { 1 } else { -i8::from(atom.ends_with('-')) };
        let (valence, sign) = match symbol {
            "H" | "Cl" => (1.0, 1.0),
            "O" | "S" => (2.0, 1.0),
            "N" | "P" => (3.0, 1.0),
            _ => (4.0, -1.0),
        };
        let charge = f64::from(formal_charge);
        free.push(valence + if sign > 0.0 { charge } else { -charge.abs() });
        graph.add_node(Atom { element: el(symbol), formal_charge });
    }
    for bond in bonds.split_whitespace() {
        let at = bond.find(['-', '=', '#', ':']).unwrap();
        let (a, b): (usize, usize) = (bond[..at].parse().unwrap(), bond[at + 1..].parse().unwrap());
        let (order, electrons) = match &bond[at..=at] {
            "-" => (BondOrder::Single, 1.0),
            "=" => (BondOrder::Double, 2.0),
            "#" => (BondOrder::Triple, 3.0),
            _ => (BondOrder::Aromatic, 1.5),
        };
        graph.add_edge(NodeIndex::new(a), NodeIndex::new(b), order);
        free[a] -= electrons;
        free[b] -= electrons;
    }
    for (atom, free) in free.into_iter().enumerate() {
        for _ in 0..free.max(0.0).floor() as usize {
            let hydrogen = graph.add_node(Atom { element: el("H"), formal_charge: 0 });
            graph.add_edge(NodeIndex::new(atom), hydrogen, BondOrder::Single);
        }
    }
    Ligand::new(name, graph, donors.iter().map(|donor| donor.to_vec()).collect()).unwrap()
}

/// Bonds of a ring of atoms from `first` to `last`.
pub(super) fn ring(first: usize, last: usize) -> String {
    (first..=last).map(|a| format!("{a}:{} ", if a == last { first } else { a + 1 })).collect()
}

pub(super) fn common(name: &str) -> Ligand {
    let phenyl = |from: usize, to: usize| format!("{from}-{to} {}", ring(to, to + 5));
    let c = |count: usize| "C ".repeat(count);
    match name {
        "water" => ligand(name, "O", "", &[&[0]]),
        "ammonia" => ligand(name, "N", "", &[&[0]]),
        "chloride" => ligand(name, "Cl-", "", &[&[0]]),
        "carbonyl" => ligand(name, "C- O+", "0#1", &[&[0]]),
        "cyanide" => ligand(name, "C- N", "0#1", &[&[0]]),
        "thiocyanate-N" => ligand(name, "N- C S", "0=1 1=2", &[&[0]]),
        "thiocyanate-S" => ligand(name, "S- C N", "0-1 1#2", &[&[0]]),
        "pyr" => ligand(name, "N C C C C C", &ring(0, 5), &[&[0]]),
        "pph3" => {
            let bonds = phenyl(0, 1) + &phenyl(0, 7) + &phenyl(0, 13);
            ligand(name, &format!("P {}", c(18)), &bonds, &[&[0]])
        }
        "pme3" => ligand(name, "P C C C", "0-1 0-2 0-3", &[&[0]]),
        "bipy" => {
            ligand(name, "N C C C C C N C C C C C", &(ring(0, 5) + &ring(6, 11) + "5-7"), &[&[0], &[6]])
        }
        "phen" => {
            // Outer rings N0-C4,C5 and N6-C10,C11; the middle ring closes over C12 and C13.
            let bonds = ring(0, 5) + &ring(6, 11) + "5:7 4:12 12:13 13:8";
            ligand(name, "N C C C C C N C C C C C C C", &bonds, &[&[0], &[6]])
        }
        "en" => ligand(name, "N C C N", "0-1 1-2 2-3", &[&[0], &[3]]),
        "dien" => ligand(name, "N C C N C C N", "0-1 1-2 2-3 3-4 4-5 5-6", &[&[0], &[3], &[6]]),
        "acac" => ligand(name, "O C C C O- C C", "0=1 1-2 2=3 3-4 1-5 3-6", &[&[0], &[4]]),
        "dppe" => {
            let bonds =
                "0-1 1-2 2-3 ".to_owned() + &phenyl(0, 4) + &phenyl(0, 10) + &phenyl(3, 16) + &phenyl(3, 22);
            ligand(name, &format!("P C C P {}", c(24)), &bonds, &[&[0], &[3]])
        }
        "terpy" => {
            let bonds = ring(0, 5) + &ring(6, 11) + &ring(12, 17) + "5-7 11-13";
            ligand(name, "N C C C C C N C C C C C N C C C C C", &bonds, &[&[0], &[6], &[12]])
        }
        "edta" => {
            let arms: String = [(0, 4), (0, 8), (3, 12), (3, 16)]
                .map(|(n, c)| format!("{n}-{c} {c}-{} {}-{} {}={} ", c + 1, c + 1, c + 2, c + 1, c + 3))
                .concat();
            let atoms = format!("N C C N {}", "C C O- O ".repeat(4));
            ligand(name, &atoms, &format!("0-1 1-2 2-3 {arms}"), &[&[0], &[3], &[6], &[10], &[14], &[18]])
        }
        "cp" => ligand(name, "C- C C C C", "0-1 1=2 2-3 3=4 4-0", &[&[0, 1, 2, 3, 4]]),
        "benzene" => ligand(name, &c(6), &ring(0, 5), &[&[0, 1, 2, 3, 4, 5]]),
        "ethylene" => ligand(name, "C C", "0=1", &[&[0, 1]]),
        "cod" => ligand(name, &c(8), "0=1 1-2 2-3 3-4 4=5 5-6 6-7 7-0", &[&[0, 1], &[4, 5]]),
        "porphyrin" => {
            // Four pyrroles N, Ca, Cb, Cb, Ca in turn, then the four bridges.
            let mut bonds = String::new();
            for k in 0..4 {
                bonds += &ring(5 * k, 5 * k + 4);
                bonds += &format!("{}:{} {}:{} ", 5 * k + 4, 20 + k, 20 + k, (5 * k + 6) % 20);
            }
            ligand(name, &("N C C C C ".repeat(4) + &c(4)), &bonds, &[&[0], &[5], &[10], &[15]])
        }
        other => panic!("no ligand {other}"),
    }
}

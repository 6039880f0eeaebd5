//! Small ligands for the tests of this folder.

use petgraph::graph::UnGraph;

use crate::ligand::{Atom, BondOrder, Ligand};

use super::{Complex, ComplexError, Geometry, PlacedLigand};

fn atom(symbol: &str, formal_charge: i8) -> Atom {
    Atom { element: symbol.parse().unwrap(), formal_charge }
}

/// A single atom that binds.
pub(super) fn ligand(symbol: &str, charge: i8) -> Ligand {
    let mut graph = UnGraph::default();
    graph.add_node(atom(symbol, charge));
    Ligand { name: symbol.into(), graph, donors: vec![vec![0]], positions: None }
}

/// Two bonded atoms that bind both.
pub(super) fn chelate(first: &str, second: &str) -> Ligand {
    chain(&[first, second])
}

/// A chain of atoms that bind all.
pub(super) fn chain(symbols: &[&str]) -> Ligand {
    let mut graph = UnGraph::default();
    let nodes: Vec<_> = symbols.iter().map(|symbol| graph.add_node(atom(symbol, 0))).collect();
    for pair in nodes.windows(2) {
        graph.add_edge(pair[0], pair[1], BondOrder::Single);
    }
    let donors = (0..symbols.len()).map(|index| vec![index]).collect();
    Ligand { name: symbols.concat(), graph, donors, positions: None }
}

/// A complex of ligands with their sites.
pub(super) fn complex(
    metal: &str,
    oxidation_state: i32,
    multiplicity: u32,
    geometry: Geometry,
    placed: &[(&Ligand, Vec<usize>)],
) -> Result<Complex, ComplexError> {
    let place = |(ligand, sites): &(&Ligand, Vec<usize>)| PlacedLigand {
        ligand: (*ligand).clone(),
        sites: sites.clone(),
    };
    let ligands = placed.iter().map(place).collect();
    Complex::new(metal.parse().unwrap(), oxidation_state, multiplicity, geometry, ligands)
}

/// Covalent radii (Å) of a few elements (Cordero et al., Dalton Trans. 2832 (2008)).
pub(super) fn radius(element: crate::element::Element) -> Option<f64> {
    let table = [("H", 0.31), ("B", 0.84), ("C", 0.76), ("N", 0.71), ("O", 0.66), ("Cl", 1.02), ("Ag", 1.45)];
    table.into_iter().find(|(symbol, _)| *symbol == element.symbol()).map(|(_, radius)| radius)
}

//! Small complexes for the tests of this crate.

use druse_representations::{Atom, BondOrder, Complex, Geometry, Ligand, PlacedLigand};
use petgraph::graph::UnGraph;

/// A single atom that binds.
pub fn single(symbol: &str, charge: i8) -> Ligand {
    let mut graph = UnGraph::default();
    graph.add_node(Atom { element: symbol.parse().unwrap(), formal_charge: charge });
    Ligand::new(symbol, graph, vec![vec![0]]).unwrap()
}

/// A chain of atoms, one letter each, that binds with the first.
pub fn chain(symbols: &str, charge: i8) -> Ligand {
    let mut graph = UnGraph::default();
    let mut last = None;
    for symbol in symbols.chars() {
        let formal_charge = if last.is_none() { charge } else { 0 };
        let atom = graph.add_node(Atom { element: symbol.to_string().parse().unwrap(), formal_charge });
        if let Some(last) = last.replace(atom) {
            graph.add_edge(last, atom, BondOrder::Single);
        }
    }
    Ligand::new(symbols, graph, vec![vec![0]]).unwrap()
}

/// A complex of ligands with their sites, in the lowest multiplicity that its electrons allow.
pub fn complex(
    metal: &str,
    oxidation_state: i32,
    geometry: Geometry,
    placed: &[(&Ligand, Vec<usize>)],
) -> Complex {
    let place = |(ligand, sites): &(&Ligand, Vec<usize>)| PlacedLigand {
        ligand: (*ligand).clone(),
        sites: sites.clone(),
    };
    let ligands: Vec<PlacedLigand> = placed.iter().map(place).collect();
    let metal = metal.parse().unwrap();
    [1, 2]
        .into_iter()
        .find_map(|spin| Complex::new(metal, oxidation_state, spin, geometry, ligands.clone()).ok())
        .unwrap()
}

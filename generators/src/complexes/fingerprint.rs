//! How alike two ligands are, cheaply.

use druse_representations::Ligand;
use petgraph::graph::NodeIndex;

use crate::breeding::fnv1a;

/// Environments up to this many bonds wide count.
const RADIUS: usize = 2;
/// Words of 64 bits.
const WORDS: usize = 8;

/// Hashed circular environments of the heavy atoms (Rogers and Hahn, J. Chem. Inf. Model. 50, 742
/// (2010)), where donors differ from other atoms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fingerprint([u64; WORDS]);

impl Fingerprint {
    pub(crate) fn new(ligand: &Ligand) -> Self {
        let mut bits = [0; WORDS];
        for round in 0..=RADIUS {
            for (atom, code) in environments(ligand, round).into_iter().enumerate() {
                let element = ligand.graph[NodeIndex::new(atom)].element;
                // A lone hydrogen is a hydride; the others are part of their neighbours.
                if element.atomic_number() > 1 || ligand.graph.node_count() == 1 {
                    let bit = code as usize % (64 * WORDS);
                    bits[bit / 64] |= 1 << (bit % 64);
                }
            }
        }
        Self(bits)
    }

    /// 1 - Tanimoto similarity: 0 for equal fingerprints, 1 for such that share nothing.
    pub(crate) fn distance(&self, other: &Self) -> f64 {
        let count = |f: &dyn Fn(u64, u64) -> u64| -> u32 {
            self.0.iter().zip(&other.0).map(|(&a, &b)| f(a, b).count_ones()).sum()
        };
        let either = count(&|a, b| a | b);
        if either == 0 { 0.0 } else { 1.0 - f64::from(count(&|a, b| a & b)) / f64::from(either) }
    }
}

/// A code of each atom that depends on what lies within `radius` bonds: elements, charges, donors and
/// connections. Atoms that no symmetry tells apart have equal codes.
pub(crate) fn environments(ligand: &Ligand, radius: usize) -> Vec<u64> {
    let graph = &ligand.graph;
    let mut is_donor = vec![0_u8; graph.node_count()];
    for donor in &ligand.donors {
        donor.iter().for_each(|&atom| is_donor[atom] = if donor.len() == 1 { 1 } else { 2 });
    }
    let mut codes: Vec<u64> = graph
        .node_indices()
        .map(|node| {
            let atom = graph[node];
            let degree = graph.neighbors(node).count() as u8;
            let charge = atom.formal_charge.to_le_bytes()[0];
            fnv1a(&[atom.element.atomic_number(), degree, charge, is_donor[node.index()]])
        })
        .collect();
    for _ in 0..radius {
        codes = graph
            .node_indices()
            .map(|node| {
                let mut around: Vec<u64> = graph.neighbors(node).map(|next| codes[next.index()]).collect();
                around.sort_unstable();
                let own = codes[node.index()].to_le_bytes();
                let bytes: Vec<u8> =
                    own.into_iter().chain(around.iter().flat_map(|c| c.to_le_bytes())).collect();
                fnv1a(&bytes)
            })
            .collect();
    }
    codes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::complexes::testing::ligand;

    #[test]
    fn like_ligands_are_near() {
        let print = |name| Fingerprint::new(&ligand(name));
        let near = print("PMe3").distance(&print("PEt3"));
        assert_eq!(print("PMe3").distance(&print("PMe3")), 0.0);
        assert!(near > 0.0 && near < print("PMe3").distance(&print("NH3")));
        assert!(print("Cl").distance(&print("CO")) > 0.9);
    }

    #[test]
    fn equivalent_atoms_have_equal_codes() {
        let codes = environments(&ligand("PMe3"), 6);
        let mut different = codes.clone();
        different.sort_unstable();
        different.dedup();
        assert_eq!(different.len(), 3); // P, C and H
    }
}

//! Which atoms of a ligand are alike.

use druse_representations::Ligand;

use crate::breeding::fnv1a;

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
    fn equivalent_atoms_have_equal_codes() {
        let codes = environments(&ligand("PMe3"), 6);
        let mut different = codes.clone();
        different.sort_unstable();
        different.dedup();
        assert_eq!(different.len(), 3); // P, C and H
    }
}

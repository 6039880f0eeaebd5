//! Identity of ligands.
//!
//! Two ligands are the same when their graphs are: elements and bonds (hydrogens are atoms, the
//! orders of the bonds do not count), the atoms that bind to the metal and how they are grouped, and
//! the total charge. Resonance forms, Kekulé structures and misplaced formal charges therefore make
//! no difference.

mod core;
mod graph;
mod search;

use std::collections::BTreeSet;

use sha2::{Digest, Sha256};

use self::core::{Core, Detail, Vertex};
use self::search::search;
use super::Ligand;

/// What remains of a ligand when its atoms have no numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CanonicalLigand {
    /// The same for all ways to number the atoms and to order the donors of one ligand; 16
    /// hexadecimal digits of a SHA-256.
    pub key: String,
    /// All orders of the donors that cannot be told apart: if the donors are labelled 1 to n in any
    /// of these orders, the labelled graphs are equal. Ascending, so the first is the
    /// reference; as many as the symmetry of the graph allows, for instance both orders of
    /// ethylenediamine and one of glycinate. Mirror images count as equal here.
    pub donor_orders: Vec<Vec<usize>>,
}

impl Ligand {
    /// The canonical form of this ligand.
    pub fn canonical(&self) -> CanonicalLigand {
        let core = Core::new(self, Detail::Ligand);
        let found = search(&core.graph);
        let mut reference = Vec::new();
        let mut vertex_of = vec![0; self.donors.len()];
        for &vertex in &found.order {
            if let Vertex::Donor(donor) = core.vertices[vertex as usize] {
                reference.push(donor);
                vertex_of[donor] = vertex as usize;
            }
        }
        let images: BTreeSet<Vec<usize>> = found
            .generators
            .iter()
            .map(|generator| {
                let image = |donor: &usize| match core.vertices[generator[vertex_of[*donor]] as usize] {
                    Vertex::Donor(image) => image,
                    // A donor has a label that no atom has.
                    Vertex::Atom(_) => *donor,
                };
                (0..self.donors.len()).map(|donor| image(&donor)).collect()
            })
            .collect();
        let mut orders = BTreeSet::from([reference.clone()]);
        let mut open = vec![reference];
        while let Some(order) = open.pop() {
            for image in &images {
                let next: Vec<usize> = order.iter().map(|&donor| image[donor]).collect();
                if orders.insert(next.clone()) {
                    open.push(next);
                }
            }
        }
        CanonicalLigand {
            key: self.key(&core, &found.order, &found.edges),
            donor_orders: orders.into_iter().collect(),
        }
    }

    /// Key of the molecule alone: the same for ligands that differ in their donors only.
    pub fn connectivity_key(&self) -> String {
        let core = Core::new(self, Detail::Molecule);
        let found = search(&core.graph);
        self.key(&core, &found.order, &found.edges)
    }

    /// The atoms in an order that does not depend on their numbers: those of two ligands of equal keys, one list beside the other,
    /// say which atom of one is which of the other.
    pub fn canonical_order(&self) -> Vec<usize> {
        let core = Core::new(self, Detail::Ligand);
        core.all_atoms(&search(&core.graph).order)
    }

    /// The atoms in an order that depends on the drawing (elements, bonds and their orders, formal
    /// charges, donors in their order) but not on the numbers of the atoms.
    pub(super) fn drawing_order(&self) -> Vec<usize> {
        let core = Core::new(self, Detail::Drawing);
        core.all_atoms(&search(&core.graph).order)
    }

    fn key(&self, core: &Core, order: &[u32], edges: &[u32]) -> String {
        let mut hasher = Sha256::new();
        hasher.update(self.charge().to_be_bytes());
        for &vertex in order {
            let label = &core.labels[vertex as usize];
            hasher.update((label.len() as u32).to_be_bytes());
            hasher.update(label);
        }
        for edge in edges {
            hasher.update(edge.to_be_bytes());
        }
        hasher.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    }
}

#[cfg(test)]
mod tests;

//! All bonds of a complex as one list.

use petgraph::visit::EdgeRef;

use crate::ligand::BondOrder;
use crate::molecule::Molecule;

use super::Complex;

/// What holds two atoms of a complex together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum BondKind {
    /// Inside a ligand.
    Covalent(BondOrder),
    /// From a donor atom to the metal; a haptic donor has one such bond for each of its atoms.
    Dative {
        /// The site that the donor takes.
        site: usize,
    },
}

/// A bond between two atoms of a complex; atom 0 is the metal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Bond {
    /// One atom.
    pub first: usize,
    /// The other atom; it has the larger number.
    pub second: usize,
    /// The kind of bond.
    pub kind: BondKind,
}

impl Complex {
    /// Number of the first atom of each ligand.
    pub fn offsets(&self) -> Vec<usize> {
        let mut next = 1;
        let mut offset = |count: usize| {
            next += count;
            next - count
        };
        self.ligands.iter().map(|placed| offset(placed.ligand.graph.node_count())).collect()
    }

    /// All bonds, sorted: those to the metal first.
    pub fn bonds(&self) -> Vec<Bond> {
        let mut bonds = Vec::new();
        for (placed, offset) in self.ligands.iter().zip(self.offsets()) {
            for (donor, &site) in placed.ligand.donors.iter().zip(&placed.sites) {
                let dative =
                    |&atom: &usize| Bond { first: 0, second: offset + atom, kind: BondKind::Dative { site } };
                bonds.extend(donor.iter().map(dative));
            }
            bonds.extend(placed.ligand.graph.edge_references().map(|edge| {
                let (a, b) = (edge.source().index() + offset, edge.target().index() + offset);
                Bond { first: a.min(b), second: a.max(b), kind: BondKind::Covalent(*edge.weight()) }
            }));
        }
        bonds.sort_unstable();
        bonds
    }

    /// The atoms in space, in the order of [`Complex::elements`]; `None` while there are no positions.
    pub fn molecule(&self) -> Option<Molecule> {
        let positions = self.positions.clone()?;
        Some(Molecule { elements: self.elements().collect(), positions })
    }
}

#[cfg(test)]
mod tests {
    use super::super::Geometry;
    use super::super::testing::{chelate, complex, ligand};
    use super::*;

    #[test]
    fn bonds_of_a_chelate_and_a_side_on_ligand() {
        let mut alkene = chelate("C", "C");
        alkene.donors = vec![vec![0, 1]];
        let placed = [(&chelate("N", "O"), vec![2, 0]), (&alkene, vec![1])];
        let complex = complex("Cu", 1, 2, Geometry::TrigonalPlanar, &placed).unwrap();
        let dative = |second, site| Bond { first: 0, second, kind: BondKind::Dative { site } };
        let single = |first, second| Bond { first, second, kind: BondKind::Covalent(BondOrder::Single) };
        let expected = [dative(1, 2), dative(2, 0), dative(3, 1), dative(4, 1), single(1, 2), single(3, 4)];
        assert_eq!(complex.bonds(), expected);
        assert_eq!(ligand("N", 0).denticity(), 1);
        assert!(complex.molecule().is_none());
    }
}

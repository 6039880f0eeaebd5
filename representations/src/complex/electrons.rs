//! Charge, electrons and spin of a complex.

use crate::composition::Composition;
use crate::element::Element;

use super::{Complex, Geometry};

impl Complex {
    /// Total charge: oxidation state plus the charges of the ligands.
    pub fn charge(&self) -> i32 {
        self.oxidation_state + self.ligands.iter().map(|placed| placed.ligand.charge()).sum::<i32>()
    }

    /// Number of electrons, core electrons included.
    pub fn electrons(&self) -> i64 {
        let nuclei: i64 = self.elements().map(|element| i64::from(element.atomic_number())).sum();
        nuclei - i64::from(self.charge())
    }

    /// Number of unpaired electrons.
    pub fn unpaired(&self) -> u32 {
        self.multiplicity.saturating_sub(1)
    }

    /// Electrons in the d shell of the metal: group number minus oxidation state, at most 10.
    pub fn d_electrons(&self) -> u32 {
        d_electrons(self.metal, self.oxidation_state)
    }

    /// Multiplicities worth computing, smallest first: the one of lowest energy is the ground state.
    ///
    /// One (low spin) for metals of the 4d and 5d rows and for square-planar d8; low and high spin
    /// for the others of the 3d row, where they differ. Low spin fills the levels of the crystal
    /// field of the polyhedron from below, with parallel spins inside a set of equal energy. Where
    /// open-shell ligands make the parity another, the smaller neighbour is taken.
    pub fn multiplicities(&self) -> Vec<u32> {
        let d = self.d_electrons();
        let low = low_spin(d, self.geometry);
        let high = d.min(10 - d);
        let one = self.metal.period() > 4 || (self.geometry == Geometry::SquarePlanar && d == 8);
        let even = self.electrons() % 2 == 0;
        let fit = |unpaired: u32| match unpaired.is_multiple_of(2) == even {
            true => unpaired + 1,
            // One pair fewer or, from a closed shell, one electron more.
            false => unpaired.checked_sub(1).unwrap_or(1) + 1,
        };
        let mut candidates = vec![fit(low)];
        if !one {
            candidates.push(fit(high));
        }
        candidates.sort_unstable();
        candidates.dedup();
        candidates
    }

    /// The elements of all atoms: the metal first, then the atoms of the ligands in order.
    pub fn elements(&self) -> impl Iterator<Item = Element> + '_ {
        std::iter::once(self.metal).chain(self.ligands.iter().flat_map(|placed| placed.ligand.elements()))
    }

    /// Number of atoms, the metal and all hydrogens included.
    pub fn atom_count(&self) -> usize {
        1 + self.ligands.iter().map(|placed| placed.ligand.graph.node_count()).sum::<usize>()
    }

    /// Atoms of each element.
    pub fn composition(&self) -> Composition {
        self.elements().map(|element| (element, 1.0)).collect()
    }
}

fn d_electrons(metal: Element, oxidation_state: i32) -> u32 {
    (i32::from(metal.group()) - oxidation_state).clamp(0, 10).unsigned_abs()
}

/// Unpaired electrons of `d` electrons that fill the sets of a crystal field from below (order and
/// degeneracy: J. E. Huheey, E. A. Keiter, R. L. Keiter, *Inorganic Chemistry*, 4th ed., table 11.5).
fn low_spin(d: u32, geometry: Geometry) -> u32 {
    let sets: &[u32] = match geometry {
        Geometry::Tetrahedral => &[2, 3],
        Geometry::Octahedral => &[3, 2],
        Geometry::SquarePlanar => &[2, 1, 1, 1],
        Geometry::SquarePyramidal => &[2, 1, 1, 1],
        Geometry::Linear | Geometry::TrigonalBipyramidal | Geometry::PentagonalBipyramidal => &[2, 2, 1],
        Geometry::TrigonalPlanar => &[2, 1, 2],
        Geometry::TrigonalPrismatic => &[1, 2, 2],
    };
    let mut left = d;
    for &size in sets {
        if left <= 2 * size {
            return left.min(2 * size - left);
        }
        left -= 2 * size;
    }
    0
}

#[cfg(test)]
mod tests {
    use super::super::testing::{complex, ligand};
    use super::*;

    fn octahedral(metal: &str, state: i32) -> Complex {
        // Ne atoms stand for closed-shell neutral ligands.
        let inert = ligand("Ne", 0);
        let placed: Vec<_> = (0..6).map(|site| (&inert, vec![site])).collect();
        (1..3).find_map(|spin| complex(metal, state, spin, Geometry::Octahedral, &placed).ok()).unwrap()
    }

    /// Textbook: octahedral d1 to d9, low and high spin.
    #[test]
    fn octahedral_spins() {
        let spins = ["Sc", "Ti", "V", "Cr", "Mn", "Fe", "Co", "Ni", "Cu", "Zn"]
            .map(|metal| octahedral(metal, 2).multiplicities());
        let expected: [&[u32]; 10] = [&[2], &[3], &[4], &[3, 5], &[2, 6], &[1, 5], &[2, 4], &[3], &[2], &[1]];
        assert_eq!(spins, expected);
        assert_eq!(octahedral("Ru", 2).multiplicities(), [1]);
        assert_eq!(octahedral("Mo", 3).multiplicities(), [4]);
    }

    #[test]
    fn square_planar_d8_is_low_spin() {
        let inert = ligand("Ne", 0);
        let placed: Vec<_> = (0..4).map(|site| (&inert, vec![site])).collect();
        let nickel = |geometry| complex("Ni", 2, 1, geometry, &placed).unwrap().multiplicities();
        assert_eq!(nickel(Geometry::SquarePlanar), [1]);
        assert_eq!(nickel(Geometry::Tetrahedral), [3]);
        let cobalt = complex("Co", 2, 2, Geometry::SquarePlanar, &placed).unwrap();
        assert_eq!(cobalt.multiplicities(), [2, 4]);
    }

    #[test]
    fn an_open_shell_ligand_changes_the_parity() {
        let (inert, radical) = (ligand("Ne", 0), ligand("H", 0));
        let mut placed: Vec<_> = (0..5).map(|site| (&inert, vec![site])).collect();
        placed.push((&radical, vec![5]));
        let iron = complex("Fe", 2, 2, Geometry::Octahedral, &placed).unwrap();
        assert_eq!(iron.multiplicities(), [2, 4]);
    }

    #[test]
    fn electrons_of_ferrocyanide() {
        // [Fe(CN)6]4-: 26 + 6 x 13 + 4.
        let mut cyanide = ligand("C", -1);
        let nitrogen =
            cyanide.graph.add_node(crate::ligand::Atom { element: "N".parse().unwrap(), formal_charge: 0 });
        cyanide.graph.add_edge(0.into(), nitrogen, crate::ligand::BondOrder::Triple);
        let placed: Vec<_> = (0..6).map(|site| (&cyanide, vec![site])).collect();
        let complex = complex("Fe", 2, 1, Geometry::Octahedral, &placed).unwrap();
        assert_eq!((complex.charge(), complex.electrons(), complex.atom_count()), (-4, 108, 13));
        assert_eq!(complex.composition().to_string(), "FeC6N6");
    }
}

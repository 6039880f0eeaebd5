//! Groups that take the place of hydrogen.

use druse_representations::{Atom, BondOrder};

use super::sketch::{Sketch, element};

/// Heavy atoms (symbol, formal charge, hydrogens), the first of them attached, and bonds between
/// them.
pub(super) struct Substituent {
    atoms: &'static [(&'static str, i8, usize)],
    bonds: &'static [(usize, usize, BondOrder)],
    /// Relative frequency: what most libraries of ligands hold most of.
    pub(super) weight: u32,
}

use BondOrder::{Aromatic, Double, Single, Triple};

/// Methyl, fluoro, chloro, trifluoromethyl, methoxy, dimethylamino, cyano, nitro, phenyl, tert-butyl,
/// trimethylsilyl, hydroxy, isopropyl.
pub(super) const SUBSTITUENTS: [Substituent; 13] = [
    Substituent { atoms: &[("C", 0, 3)], bonds: &[], weight: 20 },
    Substituent { atoms: &[("F", 0, 0)], bonds: &[], weight: 12 },
    Substituent { atoms: &[("Cl", 0, 0)], bonds: &[], weight: 8 },
    Substituent {
        atoms: &[("C", 0, 0), ("F", 0, 0), ("F", 0, 0), ("F", 0, 0)],
        bonds: &[(0, 1, Single), (0, 2, Single), (0, 3, Single)],
        weight: 10,
    },
    Substituent { atoms: &[("O", 0, 0), ("C", 0, 3)], bonds: &[(0, 1, Single)], weight: 10 },
    Substituent {
        atoms: &[("N", 0, 0), ("C", 0, 3), ("C", 0, 3)],
        bonds: &[(0, 1, Single), (0, 2, Single)],
        weight: 8,
    },
    Substituent { atoms: &[("C", 0, 0), ("N", 0, 0)], bonds: &[(0, 1, Triple)], weight: 6 },
    Substituent {
        atoms: &[("N", 1, 0), ("O", 0, 0), ("O", -1, 0)],
        bonds: &[(0, 1, Double), (0, 2, Single)],
        weight: 4,
    },
    Substituent {
        atoms: &[("C", 0, 0), ("C", 0, 1), ("C", 0, 1), ("C", 0, 1), ("C", 0, 1), ("C", 0, 1)],
        bonds: &[
            (0, 1, Aromatic),
            (1, 2, Aromatic),
            (2, 3, Aromatic),
            (3, 4, Aromatic),
            (4, 5, Aromatic),
            (5, 0, Aromatic),
        ],
        weight: 8,
    },
    Substituent {
        atoms: &[("C", 0, 0), ("C", 0, 3), ("C", 0, 3), ("C", 0, 3)],
        bonds: &[(0, 1, Single), (0, 2, Single), (0, 3, Single)],
        weight: 6,
    },
    Substituent {
        atoms: &[("Si", 0, 0), ("C", 0, 3), ("C", 0, 3), ("C", 0, 3)],
        bonds: &[(0, 1, Single), (0, 2, Single), (0, 3, Single)],
        weight: 3,
    },
    Substituent { atoms: &[("O", 0, 1)], bonds: &[], weight: 4 },
    Substituent {
        atoms: &[("C", 0, 1), ("C", 0, 3), ("C", 0, 3)],
        bonds: &[(0, 1, Single), (0, 2, Single)],
        weight: 6,
    },
];

impl Substituent {
    /// Puts the group in the place of `hydrogen`, which hangs on `carrier`.
    pub(super) fn attach(&self, sketch: &mut Sketch, carrier: usize, hydrogen: usize) -> Option<()> {
        sketch.remove_atom(hydrogen);
        let mut places = Vec::with_capacity(self.atoms.len());
        for &(symbol, formal_charge, hydrogens) in self.atoms {
            let place = sketch.add_atom(Atom { element: element(symbol)?, formal_charge });
            for _ in 0..hydrogens {
                add_hydrogen(sketch, place)?;
            }
            places.push(place);
        }
        for &(from, to, order) in self.bonds {
            sketch.add_bond(places[from], places[to], order);
        }
        sketch.add_bond(carrier, *places.first()?, Single);
        Some(())
    }
}

/// A hydrogen atom on `carrier`.
pub(super) fn add_hydrogen(sketch: &mut Sketch, carrier: usize) -> Option<()> {
    let hydrogen = sketch.add_atom(Atom { element: element("H")?, formal_charge: 0 });
    sketch.add_bond(carrier, hydrogen, Single);
    Some(())
}

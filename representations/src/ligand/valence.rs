//! Valences of the elements, and whether the atoms of a ligand keep to them.
//!
//! The usual valences are those of OpenSMILES; an atom with a charge has the valences of the element
//! with as many electrons (N+ those of C, O- those of F).

use petgraph::graph::NodeIndex;

use super::{BondOrder, Ligand};
use crate::element::Element;

/// An atom with an impossible number of bonds.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("atom {atom} ({element}, charge {charge:+}) has a valence of {found}; expected {expected}")]
pub struct ValenceError {
    /// The atom.
    pub atom: usize,
    /// Its element.
    pub element: Element,
    /// Its formal charge.
    pub charge: i8,
    /// Sum of its bond orders.
    pub found: u8,
    /// What would be possible.
    pub expected: String,
}

/// Usual valences of an element with a formal charge, ascending. Empty for elements without rules
/// (metals, noble gases) and for charges that leave no common valence.
pub fn valences(element: Element, charge: i8) -> &'static [u8] {
    let z = element.atomic_number();
    if z == 1 {
        return if charge == 0 { &[1] } else { &[0] };
    }
    let group = match element.group() {
        group @ 13..=17 => group.cast_signed(),
        _ => return &[],
    };
    let heavy = element.period() > 2;
    // Valence electrons with the charge.
    match group.saturating_sub(charge) {
        11 => &[1],
        12 => &[2],
        13 => &[3],
        14 => &[4],
        15 if heavy => &[3, 5],
        15 => &[3],
        16 if heavy => &[2, 4, 6],
        16 => &[2],
        17 if heavy => &[1, 3, 5, 7],
        17 => &[1],
        18 => &[0],
        _ => &[],
    }
}

/// Sum of the orders of some bonds, rounded up: aromatic bonds count one each, and one more for the
/// double bond that an aromatic atom takes part in when it has room for it. Unknown bonds count one.
pub(super) fn order_sum(orders: impl Iterator<Item = BondOrder>) -> u8 {
    orders.fold(0_u8, |sum, order| {
        sum.saturating_add(match order {
            BondOrder::Single | BondOrder::Aromatic | BondOrder::Unknown => 1,
            BondOrder::Double => 2,
            BondOrder::Triple => 3,
        })
    })
}

impl Ligand {
    /// Whether each atom has a possible valence. Atoms with a bond of unknown order are passed over.
    /// An aromatic atom may have a double bond or none. A donor may have fewer bonds than usual,
    /// because it has the metal as partner: carbenes, nitrenes, and atoms whose charge was put there
    /// to make up a total.
    ///
    /// # Errors
    /// The first atom that has too many bonds, or, when it is no donor, too few.
    pub fn check_valence(&self) -> Result<(), ValenceError> {
        let mut donor = vec![false; self.graph.node_count()];
        for &atom in self.donors.iter().flatten() {
            donor[atom] = true;
        }
        for node in self.graph.node_indices() {
            let orders = || self.graph.edges(node).map(|edge| *edge.weight());
            if orders().any(|order| order == BondOrder::Unknown) {
                continue;
            }
            let sum = order_sum(orders());
            let aromatic = orders().any(|order| order == BondOrder::Aromatic);
            if !self.is_possible(node, sum, aromatic, donor[node.index()]) {
                let atom = self.graph[node];
                let allowed = valences(atom.element, atom.formal_charge);
                let list: Vec<String> = allowed.iter().map(u8::to_string).collect();
                return Err(ValenceError {
                    atom: node.index(),
                    element: atom.element,
                    charge: atom.formal_charge,
                    found: sum.saturating_add(u8::from(aromatic)),
                    expected: if list.is_empty() { "another charge".to_owned() } else { list.join(" or ") },
                });
            }
        }
        Ok(())
    }

    fn is_possible(&self, node: NodeIndex, sum: u8, aromatic: bool, donor: bool) -> bool {
        let atom = self.graph[node];
        if !matches!(atom.element.group(), 13..=17) && atom.element.atomic_number() != 1 {
            return true;
        }
        let allowed = valences(atom.element, atom.formal_charge);
        let fits = |valence: u8| {
            allowed.contains(&valence) || donor && allowed.last().is_some_and(|most| valence <= *most)
        };
        fits(sum) || aromatic && fits(sum.saturating_add(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(symbol: &str, charge: i8) -> &'static [u8] {
        valences(symbol.parse().unwrap(), charge)
    }

    #[test]
    fn usual_valences() {
        assert_eq!(of("C", 0), [4]);
        assert_eq!(of("C", 1), [3]);
        assert_eq!(of("C", -1), [3]);
        assert_eq!(of("N", 0), [3]);
        assert_eq!(of("N", 1), [4]);
        assert_eq!(of("O", -1), [1]);
        assert_eq!(of("B", -1), [4]);
        assert_eq!(of("P", 0), [3, 5]);
        assert_eq!(of("P", 1), [4]);
        assert_eq!(of("S", 0), [2, 4, 6]);
        assert_eq!(of("F", -1), [0]);
        assert_eq!(of("Cl", 0), [1, 3, 5, 7]);
        assert!(of("Fe", 2).is_empty());
    }

    #[test]
    fn ligands_of_the_textbook_are_possible() {
        for smiles in [
            "[C-:1]#[O+]",
            "[C-:1]#[N+]C",
            "[N:1]#[O+]",
            "[N-:1]=O",
            "[C:1]1N(C)C=CN1C",
            "[c-:1]1ccccc1",
            "[cH-:1]1[cH:1][cH:1][cH:1][cH:1]1",
            "[P:1](C)(C)C",
            "[O-:1]C(=O)c1ccc[n:2]1C",
            "C[S:1](C)=O",
            "[S-:1]c1ccccc1",
            "[N-:1]=[N+]=[N-]",
            "[F:1][B-](F)(F)F",
            "[OH2:1]",
            "[H-:1]",
            "O=[N+]([O-:1])[O-]",
            "[O-:1]Cl(=O)(=O)=O",
            "[Cl-:1]",
            "[O-2:1]",
            "[N-3:1]",
        ] {
            let ligand = Ligand::from_smiles(smiles).unwrap();
            assert_eq!(ligand.check_valence(), Ok(()), "{smiles}");
        }
    }

    #[test]
    fn impossible_atoms_are_named() {
        let error = |smiles: &str| Ligand::from_smiles(smiles).unwrap().check_valence().unwrap_err();
        assert_eq!(
            error("C[N:1](C)(C)C").to_string(),
            "atom 1 (N, charge +0) has a valence of 4; expected 3"
        );
        assert_eq!(error("[N:1]C(C)(C)(C)C").atom, 1);
        assert_eq!(error("[NH2:1]C[CH]C").atom, 2);
    }
}

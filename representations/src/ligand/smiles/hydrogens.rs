//! Hydrogens that a SMILES atom without brackets implies.

use crate::element::Element;
use crate::ligand::BondOrder;
use crate::ligand::valence::{order_sum, valences};

/// Number of hydrogens that an atom outside brackets has, given its bonds: enough to reach the next
/// usual valence, none beyond the largest. An aromatic atom has a share in a double bond, and the
/// smallest valence only.
pub(super) fn implied(element: Element, aromatic: bool, orders: impl Iterator<Item = BondOrder>) -> u8 {
    let sum = order_sum(orders);
    let usual = valences(element, 0);
    if aromatic {
        return usual.first().map_or(0, |valence| valence.saturating_sub(sum.saturating_add(1)));
    }
    // Halogens outside brackets have one bond.
    let usual = if element.group() == 17 { &usual[..1] } else { usual };
    usual.iter().find(|valence| **valence >= sum).map_or(0, |valence| valence - sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn valence_model_of_opensmiles() {
        use BondOrder::{Aromatic, Double, Single, Triple};
        let count = |symbol: &str, aromatic, orders: &[BondOrder]| {
            implied(symbol.parse().unwrap(), aromatic, orders.iter().copied())
        };
        assert_eq!(count("C", false, &[]), 4);
        assert_eq!(count("C", false, &[Double, Single]), 1);
        assert_eq!(count("N", false, &[Triple]), 0);
        // N(=O)=O: five bonds are more than usual, so no hydrogen follows.
        assert_eq!(count("N", false, &[Single, Double, Double]), 0);
        assert_eq!(count("P", false, &[Single, Double]), 0);
        assert_eq!(count("P", false, &[Single, Single, Double]), 1);
        assert_eq!(count("S", false, &[Double, Single]), 1);
        assert_eq!(count("Cl", false, &[Single]), 0);
        assert_eq!(count("C", true, &[Aromatic, Aromatic]), 1);
        assert_eq!(count("C", true, &[Aromatic, Aromatic, Aromatic]), 0);
        assert_eq!(count("C", true, &[Aromatic, Aromatic, Double]), 0);
        assert_eq!(count("N", true, &[Aromatic, Aromatic]), 0);
        assert_eq!(count("O", true, &[Aromatic, Aromatic]), 0);
        assert_eq!(count("S", true, &[Aromatic, Aromatic]), 0);
        assert_eq!(count("B", true, &[Aromatic, Aromatic]), 0);
    }
}

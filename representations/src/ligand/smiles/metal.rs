//! The metal in a SMILES string: which atoms stand for it, and which atoms bind to it.
//!
//! Two placeholders come from the ligand VAE of tmcinvdes (JACS Au 2025, doi 10.1021/jacsau.5c00242):
//! `[Li]<-N` marks a neutral donor, `[Be]` one that binds by a covalent bond, `->[Ir]<-` closes the
//! chelate ring of a bidentate ligand; `->[Ir]<-[Be]=C` is both.

use super::error::Unexpected;
use super::lexer::BondSymbol;
use super::parser::{Drawn, DrawnBond};
use crate::element::Element;

const LITHIUM: u8 = 3;
const BERYLLIUM: u8 = 4;

/// The metal taken out of a drawing.
pub(super) struct Metal {
    /// Whether each drawn atom stands for the metal.
    pub(super) is_metal: Vec<bool>,
    /// Atoms bonded to the metal, in the order of the text.
    pub(super) donors: Vec<usize>,
    /// What each atom's charge changes by when its bonds to the metal go.
    pub(super) charge: Vec<i8>,
}

impl Metal {
    /// A drawing in which every atom belongs to the ligand.
    pub(super) fn absent(drawn: &Drawn) -> Self {
        let atoms = drawn.atoms.len();
        Self { is_metal: vec![false; atoms], donors: Vec::new(), charge: vec![0; atoms] }
    }

    /// Finds the metal: the atom that arrows point to, a placeholder, an atom of a metal that is bonded
    /// to nothing, or else the only transition metal. Where atom maps say what binds (`mapped`), the
    /// last rule is not needed, and placeholders count only next to an arrow.
    pub(super) fn find(text: &str, drawn: &Drawn, mapped: bool) -> Result<Self, Unexpected> {
        let mut metal = Self::absent(drawn);
        let element = |atom: usize| drawn.atoms[atom].token.element;
        for bond in &drawn.bonds {
            if bond.symbol == Some(BondSymbol::Forward) {
                if !can_stand_for_metal(element(bond.to)) {
                    return Err(expected_at(
                        text,
                        bond.at,
                        "an arrow that points to a metal, [Li], [Be] or [Ir]",
                    ));
                }
                metal.is_metal[bond.to] = true;
                let chained = element(bond.from).atomic_number() == BERYLLIUM;
                metal.is_metal[bond.from] |= chained;
            }
        }
        for atom in 0..drawn.atoms.len() {
            let bonded = drawn.bonds.iter().any(|bond| bond.from == atom || bond.to == atom);
            let placeholder = matches!(element(atom).atomic_number(), LITHIUM | BERYLLIUM) && !mapped;
            let lone = !bonded && drawn.atoms.len() > 1 && can_stand_for_metal(element(atom));
            metal.is_metal[atom] |= placeholder || lone;
        }
        if !mapped && !metal.is_metal.contains(&true) {
            let mut candidates =
                (0..drawn.atoms.len()).filter(|&atom| (3..=12).contains(&element(atom).group()));
            if let (Some(only), None) = (candidates.next(), candidates.next()) {
                metal.is_metal[only] = true;
            }
        }
        metal.take_out(text, drawn)?;
        Ok(metal)
    }

    fn take_out(&mut self, text: &str, drawn: &Drawn) -> Result<(), Unexpected> {
        let placeholders: Vec<usize> = (0..drawn.atoms.len()).filter(|&atom| self.is_metal[atom]).collect();
        let element = |atom: usize| drawn.atoms[atom].token.element;
        // Beryllium that hands its electrons on is a mark at the donor, not a second metal.
        let is_mark = |atom: usize| {
            element(atom).atomic_number() == BERYLLIUM
                && drawn
                    .bonds
                    .iter()
                    .any(|bond| bond.from == atom && bond.symbol == Some(BondSymbol::Forward))
        };
        if let Some(second) = placeholders.iter().copied().filter(|&atom| !is_mark(atom)).nth(1) {
            return Err(expected_at(text, drawn.atoms[second].at, "one metal only"));
        }
        let mut bound: Vec<usize> = Vec::new();
        for bond in &drawn.bonds {
            let (metal, donor) = match (self.is_metal[bond.from], self.is_metal[bond.to]) {
                (true, false) => (bond.from, bond.to),
                (false, true) => (bond.to, bond.from),
                _ => continue,
            };
            bound.push(donor);
            let covalent = covalent_order(bond);
            if covalent > 0 && element(metal).atomic_number() == LITHIUM {
                return Err(expected_at(
                    text,
                    bond.at,
                    "'[Li]<-' (lithium stands for a metal with a neutral donor)",
                ));
            }
            self.charge[donor] -= charge_share(element(donor), covalent);
        }
        bound.sort_unstable();
        bound.dedup();
        self.donors = bound;
        Ok(())
    }
}

fn expected_at(text: &str, at: usize, expected: &'static str) -> Unexpected {
    Unexpected::character(text, at, expected)
}

/// Order of a bond to the metal that is not an arrow.
fn covalent_order(bond: &DrawnBond) -> i8 {
    match bond.symbol {
        None | Some(BondSymbol::Single) => 1,
        Some(BondSymbol::Double) => 2,
        Some(BondSymbol::Triple) => 3,
        Some(BondSymbol::Aromatic | BondSymbol::Unknown | BondSymbol::Forward | BondSymbol::Backward) => 0,
    }
}

/// Electrons that the donor keeps of a covalent bond to the metal, less those it brought. A carbene
/// (also a silylene) takes both bonds back as one lone pair and stays neutral.
fn charge_share(donor: Element, order: i8) -> i8 {
    if donor.group() == 14 && order >= 2 { order - 2 } else { order }
}

/// Metals, and the two light elements that are used as placeholders.
fn can_stand_for_metal(element: Element) -> bool {
    matches!(element.atomic_number(), LITHIUM | BERYLLIUM)
        || (3..=12).contains(&element.group())
        || matches!(element.symbol(), "Al" | "Ga" | "In" | "Tl" | "Sn" | "Pb" | "Bi")
}

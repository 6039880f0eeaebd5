//! The corrections of the Materials Project of 2020.
//!
//! Values are those of table 2 of A. Wang et al., Scientific Reports 11, 15496 (2021), to the digit with pymatgen's
//! `MP2020Compatibility.yaml`. Whether an element is an anion follows pymatgen, but for its guess of oxidation states: that one moves
//! with pymatgen's version, ours with [`OXIDATION_STATES_VERSION`](druse_datasets::elements::OXIDATION_STATES_VERSION).

use druse_datasets::elements::electronegativity;
use druse_representations::{Composition, Crystal, Element};

use super::anions::{Oxygen, is_anion, oxygen, sulphur_is_anion};
use super::{Correction, Ledger};

/// Name of the scheme.
pub const MP2020: &str = "MP2020";

/// Energy (eV) per atom of an anion.
const ANIONS: [(&str, f64); 11] = [
    ("S", -0.503),
    ("F", -0.462),
    ("Cl", -0.614),
    ("Br", -0.534),
    ("I", -0.379),
    ("N", -0.361),
    ("Se", -0.472),
    ("Si", 0.071),
    ("Sb", -0.192),
    ("Te", -0.422),
    ("H", -0.179),
];

/// Energy (eV) per atom of a metal that is computed with U in oxides and fluorides.
const WITH_U: [(&str, f64); 8] = [
    ("V", -1.7),
    ("Cr", -1.999),
    ("Mn", -1.668),
    ("Fe", -2.256),
    ("Co", -1.638),
    ("Ni", -2.541),
    ("Mo", -3.202),
    ("W", -4.438),
];

/// What a raw energy of the Materials Project's kind (PBE, with U for some metals in oxides and fluorides) of this crystal needs.
pub fn mp2020(crystal: &Crystal) -> Ledger {
    ledger(&crystal.composition(), oxygen(crystal), sulphur_is_anion(crystal))
}

/// The same where the structure is unknown: oxygen counts as oxide, sulphur as an anion.
pub fn mp2020_of_composition(composition: &Composition) -> Ledger {
    ledger(composition, Oxygen::Oxide, true)
}

fn ledger(composition: &Composition, oxygen: Oxygen, sulphur: bool) -> Ledger {
    if composition.elements().count() < 2 {
        return Ledger::default();
    }
    let element = |symbol: &str| Element::from_symbol(symbol).filter(|&e| composition.amount(e) > 0.0);
    let mut corrections = Vec::new();
    let mut add = |name: String, per_atom: f64, element: Element| {
        corrections.push(Correction { name, per_atom, atoms: composition.amount(element) });
    };
    if let Some(o) = element("O") {
        add(format!("O as {}", oxygen.name()), oxygen.correction(), o);
    }
    for (symbol, per_atom) in ANIONS {
        let Some(element) = element(symbol) else { continue };
        let anion = if symbol == "S" { sulphur } else { is_anion(element, composition) };
        if anion {
            add(format!("{symbol} as anion"), per_atom, element);
        }
    }
    let most = composition
        .elements()
        .filter_map(|e| Some((e, electronegativity(e)?)))
        .max_by(|a, b| a.1.total_cmp(&b.1));
    if most.is_some_and(|(e, _)| ["O", "F"].contains(&e.symbol())) {
        for (symbol, per_atom) in WITH_U {
            if let Some(element) = element(symbol) {
                add(format!("{symbol} with U"), per_atom, element);
            }
        }
    }
    Ledger(corrections)
}

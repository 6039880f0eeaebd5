//! How far above the hull known crystals of a kind of chemistry are: windows of metastability.
//!
//! After Sun et al., Sci. Adv. 2, e1600225 (2016): of crystals that were made and are not the ground state of
//! their composition, the median and the 90th percentile of the energy above hull. The numbers are druse's own;
//! `datasets/data/README.md` says how they were computed.

use std::sync::LazyLock;

use druse_representations::{Composition, Element};
use serde::{Deserialize, Serialize};

/// A kind of chemistry, told by the elements alone. The first that fits, in the order below.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Chemistry {
    /// One element.
    Element,
    /// O and H: hydroxides, hydrates, acids.
    Hydroxide,
    /// O and a halogen.
    Oxyhalide,
    /// O and one of C, N, P, S, As, Se, Te: carbonates, nitrates, phosphates, sulphates.
    OxoSalt,
    /// O otherwise, borates and silicates among them.
    Oxide,
    /// C with H or N: cyanides, organic salts.
    Organic,
    /// F.
    Fluoride,
    /// Cl, Br or I.
    Halide,
    /// N.
    Nitride,
    /// S.
    Sulfide,
    /// Se.
    Selenide,
    /// Te.
    Telluride,
    /// C.
    Carbide,
    /// H.
    Hydride,
    /// P.
    Phosphide,
    /// As.
    Arsenide,
    /// B, Si, Ge, Sb or Bi.
    Metalloid,
    /// Metals only.
    Intermetallic,
}

impl Chemistry {
    /// The chemistry of a composition.
    pub fn of(composition: &Composition) -> Self {
        let elements: Vec<&str> =
            composition.iter().filter(|&(_, x)| x > 0.0).map(|(e, _)| Element::symbol(e)).collect();
        let has = |any: &[&str]| elements.iter().any(|element| any.contains(element));
        if elements.len() < 2 {
            return Self::Element;
        }
        if has(&["O"]) {
            return if has(&["H"]) {
                Self::Hydroxide
            } else if has(&["F", "Cl", "Br", "I"]) {
                Self::Oxyhalide
            } else if has(&["C", "N", "P", "S", "As", "Se", "Te"]) {
                Self::OxoSalt
            } else {
                Self::Oxide
            };
        }
        if has(&["C"]) && has(&["H", "N"]) {
            return Self::Organic;
        }
        [
            (Self::Fluoride, &["F"][..]),
            (Self::Halide, &["Cl", "Br", "I"]),
            (Self::Nitride, &["N"]),
            (Self::Sulfide, &["S"]),
            (Self::Selenide, &["Se"]),
            (Self::Telluride, &["Te"]),
            (Self::Carbide, &["C"]),
            (Self::Hydride, &["H"]),
            (Self::Phosphide, &["P"]),
            (Self::Arsenide, &["As"]),
            (Self::Metalloid, &["B", "Si", "Ge", "Sb", "Bi"]),
        ]
        .into_iter()
        .find(|(_, anions)| has(anions))
        .map_or(Self::Intermetallic, |(kind, _)| kind)
    }
}

/// How far above the hull known crystals that are no ground state lie.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Window {
    /// Kind of chemistry.
    pub chemistry: Chemistry,
    /// Known crystals in all.
    pub known: usize,
    /// Those more than 0.5 eV/atom above the hull, taken for wrong entries and left out below.
    pub left_out: usize,
    /// Other ones above the hull.
    pub metastable: usize,
    /// Median energy above hull of these (eV/atom).
    pub median: f64,
    /// 90th percentile of these (eV/atom).
    pub percentile_90: f64,
}

static WINDOWS: LazyLock<Vec<Window>> = LazyLock::new(|| {
    // A part of the program that a test reads, so failing here is a bug.
    let text = include_str!("../data/metastability_windows.csv");
    let mut reader = csv::ReaderBuilder::new().comment(Some(b'#')).from_reader(text.as_bytes());
    reader.deserialize().collect::<Result<_, _>>().expect("data/metastability_windows.csv is well formed")
});

/// The windows of all kinds of chemistry.
pub fn windows() -> &'static [Window] {
    &WINDOWS
}

/// The window of the chemistry of a composition.
pub fn window_of(composition: &Composition) -> Option<&'static Window> {
    let chemistry = Chemistry::of(composition);
    WINDOWS.iter().find(|window| window.chemistry == chemistry)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(formula: &str) -> Chemistry {
        Chemistry::of(&formula.parse().unwrap())
    }

    #[test]
    fn kinds_of_chemistry() {
        for (formula, expected) in [
            ("O2", Chemistry::Element),
            ("Ca(OH)2", Chemistry::Hydroxide),
            ("BiOCl", Chemistry::Oxyhalide),
            ("LiFePO4", Chemistry::OxoSalt),
            ("CaCO3", Chemistry::OxoSalt),
            ("LiCoO2", Chemistry::Oxide),
            ("Mg2SiO4", Chemistry::Oxide),
            ("KCN", Chemistry::Organic),
            ("K2NaAlF6", Chemistry::Fluoride),
            ("CsPbI3", Chemistry::Halide),
            ("TaN", Chemistry::Nitride),
            ("Cu2ZnSnS4", Chemistry::Sulfide),
            ("Bi2Se3", Chemistry::Selenide),
            ("GeTe", Chemistry::Telluride),
            ("Ti3SiC2", Chemistry::Carbide),
            ("MgH2", Chemistry::Hydride),
            ("GaP", Chemistry::Phosphide),
            ("GaAs", Chemistry::Arsenide),
            ("MgB2", Chemistry::Metalloid),
            ("Ni3Al", Chemistry::Intermetallic),
        ] {
            assert_eq!(kind(formula), expected, "{formula}");
        }
    }

    #[test]
    fn every_kind_has_a_window() {
        assert_eq!(windows().len(), 18);
        for window in windows() {
            assert!(0.0 < window.median && window.median < window.percentile_90, "{window:?}");
            assert!(window.percentile_90 < 0.5 && window.metastable > 90, "{window:?}");
            assert!(window.left_out + window.metastable < window.known, "{window:?}");
        }
        let window = |formula: &str| window_of(&formula.parse().unwrap()).unwrap().percentile_90;
        assert_eq!((window("LiCoO2"), window("NaCl"), window("Mg3N2")), (0.1804, 0.0877, 0.3558));
    }
}

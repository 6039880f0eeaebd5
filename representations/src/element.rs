//! The chemical elements: symbols and standard atomic weights.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A chemical element, stored as its atomic number (1 = H ... 118 = Og).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Element(u8);

/// A text that names no element.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown element '{0}': expected a symbol such as Na or Fe")]
pub struct UnknownElement(pub String);

impl Element {
    /// Largest atomic number known to this table.
    pub const MAX_ATOMIC_NUMBER: u8 = 118;

    /// The element with this atomic number, if there is one.
    pub fn from_atomic_number(z: u8) -> Option<Self> {
        (1..=Self::MAX_ATOMIC_NUMBER).contains(&z).then_some(Self(z))
    }

    /// The element with this symbol; letter case is ignored, `D` and `T` are read as hydrogen.
    pub fn from_symbol(symbol: &str) -> Option<Self> {
        if symbol.eq_ignore_ascii_case("D") || symbol.eq_ignore_ascii_case("T") {
            return Some(Self(1));
        }
        SYMBOLS.iter().position(|known| known.eq_ignore_ascii_case(symbol)).map(|index| Self(index as u8 + 1))
    }

    /// All elements in order of atomic number.
    pub fn all() -> impl Iterator<Item = Self> {
        (1..=Self::MAX_ATOMIC_NUMBER).map(Self)
    }

    /// Atomic number Z.
    pub fn atomic_number(self) -> u8 {
        self.0
    }

    /// Symbol, for instance `Na`.
    pub fn symbol(self) -> &'static str {
        SYMBOLS[self.0 as usize - 1]
    }

    /// Standard atomic weight in g/mol (IUPAC 2021, abridged; mass number of the longest-lived
    /// isotope where there is no stable one).
    pub fn mass(self) -> f64 {
        MASSES[self.0 as usize - 1]
    }

    /// Row of the periodic table, 1 to 7.
    pub fn period(self) -> u8 {
        match self.0 {
            1..=2 => 1,
            3..=10 => 2,
            11..=18 => 3,
            19..=36 => 4,
            37..=54 => 5,
            55..=86 => 6,
            _ => 7,
        }
    }

    /// Column of the periodic table, 1 to 18; lanthanoids and actinoids count as column 3.
    pub fn group(self) -> u8 {
        match self.0 {
            1 => 1,
            2 => 18,
            z @ 3..=4 => z - 2,
            z @ 5..=10 => z + 8,
            z @ 11..=12 => z - 10,
            z @ 13..=18 => z,
            z @ 19..=36 => z - 18,
            z @ 37..=54 => z - 36,
            z @ 55..=56 => z - 54,
            57..=71 => 3,
            z @ 72..=86 => z - 68,
            z @ 87..=88 => z - 86,
            89..=103 => 3,
            z => z - 100,
        }
    }
}

impl fmt::Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.symbol())
    }
}

impl fmt::Debug for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.symbol())
    }
}

impl FromStr for Element {
    type Err = UnknownElement;
    fn from_str(text: &str) -> Result<Self, UnknownElement> {
        Self::from_symbol(text).ok_or_else(|| UnknownElement(text.to_owned()))
    }
}

impl TryFrom<String> for Element {
    type Error = UnknownElement;
    fn try_from(text: String) -> Result<Self, UnknownElement> {
        text.parse()
    }
}

impl From<Element> for String {
    fn from(element: Element) -> Self {
        element.symbol().to_owned()
    }
}

#[rustfmt::skip]
const SYMBOLS: [&str; 118] = [
    "H", "He", "Li", "Be", "B", "C", "N", "O", "F", "Ne", "Na", "Mg", "Al", "Si", "P", "S", "Cl", "Ar",
    "K", "Ca", "Sc", "Ti", "V", "Cr", "Mn", "Fe", "Co", "Ni", "Cu", "Zn", "Ga", "Ge", "As", "Se", "Br", "Kr",
    "Rb", "Sr", "Y", "Zr", "Nb", "Mo", "Tc", "Ru", "Rh", "Pd", "Ag", "Cd", "In", "Sn", "Sb", "Te", "I", "Xe",
    "Cs", "Ba", "La", "Ce", "Pr", "Nd", "Pm", "Sm", "Eu", "Gd", "Tb", "Dy", "Ho", "Er", "Tm", "Yb", "Lu",
    "Hf", "Ta", "W", "Re", "Os", "Ir", "Pt", "Au", "Hg", "Tl", "Pb", "Bi", "Po", "At", "Rn",
    "Fr", "Ra", "Ac", "Th", "Pa", "U", "Np", "Pu", "Am", "Cm", "Bk", "Cf", "Es", "Fm", "Md", "No", "Lr",
    "Rf", "Db", "Sg", "Bh", "Hs", "Mt", "Ds", "Rg", "Cn", "Nh", "Fl", "Mc", "Lv", "Ts", "Og",
];

#[rustfmt::skip]
const MASSES: [f64; 118] = [
    1.008, 4.0026, 6.94, 9.0122, 10.81, 12.011, 14.007, 15.999, 18.998, 20.180,
    22.990, 24.305, 26.982, 28.085, 30.974, 32.06, 35.45, 39.95,
    39.098, 40.078, 44.956, 47.867, 50.942, 51.996, 54.938, 55.845, 58.933, 58.693, 63.546, 65.38,
    69.723, 72.630, 74.922, 78.971, 79.904, 83.798,
    85.468, 87.62, 88.906, 91.224, 92.906, 95.95, 97.0, 101.07, 102.91, 106.42, 107.87, 112.41,
    114.82, 118.71, 121.76, 127.60, 126.90, 131.29,
    132.91, 137.33, 138.91, 140.12, 140.91, 144.24, 145.0, 150.36, 151.96, 157.25, 158.93, 162.50, 164.93, 167.26, 168.93, 173.05, 174.97,
    178.49, 180.95, 183.84, 186.21, 190.23, 192.22, 195.08, 196.97, 200.59, 204.38, 207.2, 208.98, 209.0, 210.0, 222.0,
    223.0, 226.0, 227.0, 232.04, 231.04, 238.03, 237.0, 244.0, 243.0, 247.0, 247.0, 251.0, 252.0, 257.0, 258.0, 259.0, 262.0,
    267.0, 268.0, 269.0, 270.0, 269.0, 277.0, 281.0, 282.0, 285.0, 286.0, 290.0, 290.0, 293.0, 294.0, 294.0,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symbols_round_trip() {
        for element in Element::all() {
            assert_eq!(Element::from_symbol(element.symbol()), Some(element));
        }
        assert_eq!("fe".parse::<Element>().unwrap().atomic_number(), 26);
        assert!("Xx".parse::<Element>().is_err());
    }

    #[test]
    fn periodic_table_positions() {
        let place = |symbol: &str| {
            let element: Element = symbol.parse().unwrap();
            (element.period(), element.group())
        };
        assert_eq!(place("H"), (1, 1));
        assert_eq!(place("O"), (2, 16));
        assert_eq!(place("Cl"), (3, 17));
        assert_eq!(place("Fe"), (4, 8));
        assert_eq!(place("La"), (6, 3));
        assert_eq!(place("Hf"), (6, 4));
        assert_eq!(place("Pb"), (6, 14));
        assert_eq!(place("U"), (7, 3));
    }
}

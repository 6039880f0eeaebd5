//! The atoms of a complex as one line of text for the pages of reports.
//!
//! ```text
//! elements;positions;bonds;charge;multiplicity;whole-complex string
//! Fe C2 O2;....;....;0;1;...
//! ```
//!
//! Elements come in the order of the atoms with how often they follow one another. A position is three
//! times four digits of base 64 ([`DIGITS`]): the coordinate in units of 1e-5 Å, 2^23 added. A bond is twice two
//! digits, the numbers of its atoms, and a letter: `d` to the metal, `1`, `2` and `3` by the order, `a` for
//! an aromatic one, `u` where the order is not known.

use druse_representations::complex::{Bond, BondKind};
use druse_representations::ligand::BondOrder;
use druse_representations::{Complex, Element};

/// Digits of base 64, from 0 to 63.
pub const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Units of coordinates in 1 Å.
const UNITS: f64 = 1e5;
/// What is added to coordinates, in units: half of what four digits hold.
const ZERO: f64 = 8_388_608.0;

/// The text; `None` while the complex is not built, or is larger than the text can hold.
pub fn of(complex: &Complex) -> Option<String> {
    let positions = complex.positions.as_ref()?;
    let mut places = String::with_capacity(12 * positions.len());
    for &x in positions.iter().flatten() {
        places += &digits::<4>((x * UNITS + ZERO).round())?;
    }
    let mut bonds = String::new();
    for Bond { first, second, kind } in complex.bonds() {
        bonds += &digits::<2>(first as f64)?;
        bonds += &digits::<2>(second as f64)?;
        bonds.push(letter(kind));
    }
    let elements = elements(complex.elements());
    Some(format!("{elements};{places};{bonds};{};{};{complex}", complex.charge(), complex.multiplicity))
}

fn letter(kind: BondKind) -> char {
    match kind {
        BondKind::Dative { .. } => 'd',
        BondKind::Covalent(BondOrder::Single) => '1',
        BondKind::Covalent(BondOrder::Double) => '2',
        BondKind::Covalent(BondOrder::Triple) => '3',
        BondKind::Covalent(BondOrder::Aromatic) => 'a',
        BondKind::Covalent(BondOrder::Unknown) => 'u',
    }
}

/// A whole number with `N` digits; `None` when it has more.
fn digits<const N: usize>(number: f64) -> Option<String> {
    if !(0.0..64f64.powi(N as i32)).contains(&number) {
        return None;
    }
    let number = number as usize;
    let digit = |place: usize| char::from(DIGITS[(number >> (6 * (N - 1 - place))) & 63]);
    Some((0..N).map(digit).collect())
}

fn elements(all: impl Iterator<Item = Element>) -> String {
    let mut runs: Vec<(Element, usize)> = Vec::new();
    for element in all {
        match runs.last_mut() {
            Some((last, count)) if *last == element => *count += 1,
            _ => runs.push((element, 1)),
        }
    }
    let run = |(element, count): (Element, usize)| match count {
        1 => element.to_string(),
        _ => format!("{element}{count}"),
    };
    runs.into_iter().map(run).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_a_fixed_length() {
        assert_eq!(digits::<4>(ZERO).unwrap(), "gAAA");
        assert_eq!(digits::<4>(1.5 * UNITS + ZERO).unwrap(), "gknw");
        assert_eq!(digits::<2>(65.0).unwrap(), "BB");
        assert_eq!(digits::<2>(4096.0), None);
        assert_eq!(digits::<4>(-1.0), None);
        assert_eq!(digits::<4>(f64::NAN), None);
    }

    #[test]
    fn elements_come_in_runs() {
        let atoms = ["Fe", "C", "C", "O", "C"].map(|symbol| symbol.parse().unwrap());
        assert_eq!(elements(atoms.into_iter()), "Fe C2 O C");
    }
}

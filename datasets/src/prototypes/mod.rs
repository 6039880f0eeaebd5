//! Common structure types of inorganic crystals, typed from the literature.
//!
//! Each [`Prototype`] gives the archetype compound, its space group, conventional cell and occupied
//! Wyckoff positions in the standard settings of [`druse_representations::wyckoff`] (unique axis b,
//! hexagonal axes, origin choice 2). A structure type is used by putting other elements on its
//! orbits and rescaling its cell.
//!
//! Sources: the author and year beside each entry; "Wyckoff 1963" is R. W. G. Wyckoff, *Crystal
//! Structures*, 2nd ed. (1963-1968), "Villars & Calvert 1991" is *Pearson's Handbook of
//! Crystallographic Data for Intermetallic Phases*, 2nd ed. Parameters are rounded, and coordinates
//! are moved to the standard setting where the source uses another one. Names follow the mineral
//! or the archetype.

mod binary_ab;
mod binary_ab2;
mod binary_ab3;
mod binary_other;
mod elemental;
mod ternary_metals;
mod ternary_oxides;
mod ternary_salts;

use std::sync::LazyLock;

use druse_representations::Element;
use druse_representations::symmetry::{Orbit, SymmetryCode};

/// A structure type with its archetype.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Prototype {
    /// Name, unique in the library, for instance `rocksalt`.
    pub name: &'static str,
    /// Formula of the archetype.
    pub formula: &'static str,
    /// Strukturbericht symbol, where the type has one.
    pub strukturbericht: Option<&'static str>,
    /// Pearson symbol, for instance `cF8`: lattice type and atoms in the conventional cell.
    pub pearson: &'static str,
    /// Space group number.
    pub space_group: u8,
    /// Conventional cell of the archetype `[a, b, c, alpha, beta, gamma]` (Å, degrees).
    pub cell: [f64; 6],
    /// Occupied positions: element of the archetype, Wyckoff letter, free parameters.
    pub orbits: &'static [(&'static str, char, &'static [f64])],
    /// Where the numbers come from.
    pub source: &'static str,
}

impl Prototype {
    /// The archetype as a symmetry code.
    pub fn code(&self) -> SymmetryCode {
        let orbits = self
            .orbits
            .iter()
            .map(|&(symbol, letter, free)| Orbit { element: element(symbol), letter, free: free.to_vec() })
            .collect();
        SymmetryCode { space_group: self.space_group, cell: self.cell, orbits }
    }

    /// Elements of the archetype in the order of their first orbit.
    pub fn elements(&self) -> Vec<Element> {
        let mut elements = Vec::new();
        for &(symbol, _, _) in self.orbits {
            let element = element(symbol);
            if !elements.contains(&element) {
                elements.push(element);
            }
        }
        elements
    }
}

fn element(symbol: &str) -> Element {
    // The tables are part of the program and a test reads all of them.
    Element::from_symbol(symbol).expect("prototype tables hold element symbols")
}

static ALL: LazyLock<Vec<Prototype>> = LazyLock::new(|| {
    [
        elemental::TABLE,
        binary_ab::TABLE,
        binary_ab2::TABLE,
        binary_ab3::TABLE,
        binary_other::TABLE,
        ternary_oxides::TABLE,
        ternary_salts::TABLE,
        ternary_metals::TABLE,
    ]
    .concat()
});

/// All structure types, in a fixed order.
pub fn prototypes() -> &'static [Prototype] {
    &ALL
}

/// The structure type with this name.
pub fn prototype(name: &str) -> Option<&'static Prototype> {
    ALL.iter().find(|prototype| prototype.name == name)
}

const fn cubic(a: f64) -> [f64; 6] {
    [a, a, a, 90.0, 90.0, 90.0]
}

const fn tetragonal(a: f64, c: f64) -> [f64; 6] {
    [a, a, c, 90.0, 90.0, 90.0]
}

const fn hexagonal(a: f64, c: f64) -> [f64; 6] {
    [a, a, c, 90.0, 90.0, 120.0]
}

const fn orthorhombic(a: f64, b: f64, c: f64) -> [f64; 6] {
    [a, b, c, 90.0, 90.0, 90.0]
}

const fn monoclinic(a: f64, b: f64, c: f64, beta: f64) -> [f64; 6] {
    [a, b, c, 90.0, beta, 90.0]
}

#[cfg(test)]
mod tests;

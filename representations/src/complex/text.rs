//! A complex as one line without blanks.
//!
//! ```text
//! Pt(II)|SP-4|m1|{[Cl-:1]}@0|{[Cl-:1]}@1|{[NH3:1]}@2|{[NH3:1]}@3          cisplatin
//! Fe(II)|L-2|m1|{[cH:1]1[cH:1][cH:1][cH:1][cH-:1]1}@0|{...}@1             ferrocene
//! ```
//!
//! Grammar (EBNF, ISO 14977):
//!
//! ```text
//! complex   = metal, "(", oxidation, ")", "|", geometry, "|m", integer, { "|", ligand } ;
//! metal     = element symbol ;
//! oxidation = "0" | [ "-" ], roman | [ "+" | "-" ], integer ;
//! geometry  = polyhedral symbol, as "SP-4" | name, as "square_planar" ;
//! ligand    = "{", smiles, "}@", site, { ",", site } ;
//! site      = integer ;
//! ```
//!
//! `m` is followed by the spin multiplicity. `smiles` marks its donors by atom maps, `:1` for the first,
//! the same map on each atom of a haptic donor (see [`Ligand::from_smiles`]). The sites, counted from
//! 0 as in [`Geometry::sites`], belong to the donors in the order of their maps, so the isomer is part
//! of the text. Names and positions are not.
//!
//! Writing is canonical: complexes of equal [`identity`](Complex::identity) give equal texts, provided
//! that bond orders and places of formal charges agree. Reading gives the identity back.

use std::fmt;
use std::str::FromStr;

use crate::element::{Element, UnknownElement};
use crate::ligand::{CanonicalLigand, Ligand, SmilesError};

use super::arrangement::Seat;
use super::identity::arrange;
use super::{Complex, ComplexError, Geometry, PlacedLigand, UnknownGeometry};

/// A text that describes no complex.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ComplexTextError {
    /// A part is missing or has another form.
    #[error("part {part} of the complex is '{found}'; expected {expected}")]
    Form {
        /// Number of the part, from 1; parts are separated by `|`.
        part: usize,
        /// The part.
        found: String,
        /// What it should be.
        expected: &'static str,
    },
    /// No element.
    #[error("part 1 of the complex: {0}")]
    Metal(#[from] UnknownElement),
    /// No polyhedron.
    #[error("part 2 of the complex: {0}")]
    Geometry(#[from] UnknownGeometry),
    /// A ligand that cannot be read.
    #[error("part {part} of the complex: {problem}")]
    Ligand {
        /// Number of the part, from 1.
        part: usize,
        /// What is wrong with the SMILES.
        #[source]
        problem: Box<SmilesError>,
    },
    /// Parts that do not fit together.
    #[error(transparent)]
    Complex(#[from] ComplexError),
}

const ROMAN: [&str; 13] = ["0", "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII"];

impl fmt::Display for Complex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.oxidation_state;
        let sign = if state < 0 { "-" } else { "" };
        match ROMAN.get(state.unsigned_abs() as usize) {
            Some(roman) => write!(f, "{}({sign}{roman})", self.metal)?,
            None => write!(f, "{}({state})", self.metal)?,
        }
        write!(f, "|{}|m{}", self.geometry.symbol(), self.multiplicity)?;
        f.write_str(&self.ligand_text())
    }
}

impl Complex {
    /// The ligands in canonical order. The identity does not see bond orders, so of all arrangements
    /// that look the same to it (acetylacetonate either way round) the smallest text is taken.
    fn ligand_text(&self) -> String {
        let forms = self.canonical_ligands();
        let smiles: Vec<Vec<String>> = self
            .ligands
            .iter()
            .zip(&forms)
            .map(|(placed, form)| in_all_orders(&placed.ligand, form))
            .collect();
        let part = |seat: &Seat<&str>| {
            let sites: Vec<String> = seat.sites.iter().map(usize::to_string).collect();
            format!("|{{{}}}@{}", smiles[seat.guest][seat.order], sites.join(","))
        };
        let equal = arrange(self.geometry.rotations(), &self.ligands, &forms).seats;
        equal.iter().map(|seats| seats.iter().map(part).collect::<String>()).min().unwrap_or_default()
    }
}

/// SMILES of a ligand with its donors in each of the equivalent orders.
fn in_all_orders(ligand: &Ligand, form: &CanonicalLigand) -> Vec<String> {
    let smiles = |order: &Vec<usize>| {
        let mut ligand = ligand.clone();
        ligand.donors = order.iter().map(|&donor| ligand.donors[donor].clone()).collect();
        ligand.to_smiles()
    };
    form.donor_orders.iter().map(smiles).collect()
}

impl FromStr for Complex {
    type Err = ComplexTextError;

    fn from_str(text: &str) -> Result<Self, ComplexTextError> {
        let parts: Vec<&str> = text.trim().split('|').collect();
        let form = |part: usize, expected: &'static str| {
            let found = parts.get(part - 1).map_or("missing", |found| found);
            ComplexTextError::Form { part, found: found.chars().take(80).collect(), expected }
        };
        let head = || form(1, "a metal with its oxidation state, such as Pd(II), Fe(-II) or Co(+3)");
        let (metal, state) =
            parts[0].strip_suffix(')').and_then(|head| head.split_once('(')).ok_or_else(head)?;
        let metal: Element = metal.parse()?;
        let oxidation_state = oxidation_state(state).ok_or_else(head)?;
        let geometry = parts.get(1).ok_or_else(|| form(2, "a geometry such as SP-4 or square_planar"))?;
        let geometry: Geometry = geometry.parse()?;
        let multiplicity = parts.get(2).and_then(|part| part.strip_prefix('m')).and_then(|m| m.parse().ok());
        let multiplicity = multiplicity.ok_or_else(|| form(3, "m and the spin multiplicity, such as m1"))?;
        let ligand = |(index, text): (usize, &&str)| {
            let broken = || form(index + 1, "a ligand {SMILES}@sites, such as {[NH3:1]}@2");
            let (smiles, sites) =
                text.strip_prefix('{').and_then(|rest| rest.rsplit_once("}@")).ok_or_else(broken)?;
            let sites = sites.split(',').map(|site| site.parse().map_err(|_| broken()));
            let sites: Vec<usize> = sites.collect::<Result<_, _>>()?;
            let ligand = Ligand::from_smiles(smiles).map_err(|problem| ComplexTextError::Ligand {
                part: index + 1,
                problem: Box::new(problem),
            })?;
            Ok(PlacedLigand { ligand, sites })
        };
        let ligands: Result<Vec<PlacedLigand>, ComplexTextError> =
            parts.iter().enumerate().skip(3).map(ligand).collect();
        Ok(Self::new(metal, oxidation_state, multiplicity, geometry, ligands?)?)
    }
}

/// Reads `0`, `II`, `-II`, `+2`, `2` and `-2`.
fn oxidation_state(text: &str) -> Option<i32> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    if let Some(value) = ROMAN.iter().position(|roman| *roman == digits) {
        return Some(sign * value as i32);
    }
    let number: i32 = digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())??;
    Some(sign * number)
}

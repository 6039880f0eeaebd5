//! Chemical compositions and formulas.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::element::Element;

/// Amounts of elements (atoms per cell or per formula unit), ordered by atomic number.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Composition(BTreeMap<Element, f64>);

/// A text that is no chemical formula.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("cannot read the formula '{formula}': {reason}")]
pub struct FormulaError {
    /// The text as given.
    pub formula: String,
    /// What is wrong with it.
    pub reason: String,
}

impl Composition {
    /// The empty composition.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds `amount` atoms of `element`.
    pub fn add(&mut self, element: Element, amount: f64) {
        *self.0.entry(element).or_insert(0.0) += amount;
    }

    /// Amount of `element`, 0 when it is absent.
    pub fn amount(&self, element: Element) -> f64 {
        self.0.get(&element).copied().unwrap_or(0.0)
    }

    /// Elements and amounts by atomic number.
    pub fn iter(&self) -> impl Iterator<Item = (Element, f64)> + '_ {
        self.0.iter().map(|(&element, &amount)| (element, amount))
    }

    /// The elements by atomic number.
    pub fn elements(&self) -> impl Iterator<Item = Element> + '_ {
        self.0.keys().copied()
    }

    /// Number of different elements.
    pub fn element_count(&self) -> usize {
        self.0.len()
    }

    /// Number of atoms.
    pub fn atom_count(&self) -> f64 {
        self.0.values().sum()
    }

    /// Atomic fraction of `element`.
    pub fn fraction(&self, element: Element) -> f64 {
        self.amount(element) / self.atom_count()
    }

    /// Mass in g/mol of the amounts given.
    pub fn mass(&self) -> f64 {
        self.iter().map(|(element, amount)| element.mass() * amount).sum()
    }

    /// The composition with its amounts divided by their greatest common divisor where all of them
    /// are whole numbers (to 1e-6); otherwise the atomic fractions, rounded to 1e-6.
    pub fn reduced(&self) -> Self {
        match self.integer_amounts() {
            Some(amounts) => {
                let divisor = amounts.values().copied().fold(0, gcd).max(1);
                Self(amounts.into_iter().map(|(e, n)| (e, (n / divisor) as f64)).collect())
            }
            None => {
                let total = self.atom_count();
                Self(self.iter().map(|(e, x)| (e, (x / total * 1e6).round() / 1e6)).collect())
            }
        }
    }

    /// Number of formula units of `reduced()` in this composition, 1 when amounts are fractional.
    pub fn formula_units(&self) -> u64 {
        self.integer_amounts().map_or(1, |amounts| amounts.values().copied().fold(0, gcd).max(1))
    }

    /// Amounts as integers when all of them are whole to 1e-6.
    pub fn integer_amounts(&self) -> Option<BTreeMap<Element, u64>> {
        self.iter()
            .map(|(element, x)| {
                ((x - x.round()).abs() < 1e-6 && x >= 0.0).then_some((element, x.round() as u64))
            })
            .collect()
    }

    /// Formula of `reduced()` with the less electronegative elements first (Hill-like order of
    /// inorganic chemistry), for instance `MgAl2O4`.
    pub fn reduced_formula(&self) -> String {
        self.reduced().to_string()
    }

    /// Formula in Hill's order: C, then H, then the others by symbol; all by symbol without C. For
    /// instance `C10H8N2`.
    pub fn hill_formula(&self) -> String {
        let carbon = self.elements().any(|element| element.symbol() == "C");
        let mut items: Vec<(Element, f64)> = self.iter().collect();
        items.sort_by_key(|&(element, _)| match element.symbol() {
            "C" => (0, ""),
            "H" if carbon => (1, ""),
            symbol => (2, symbol),
        });
        items.iter().map(|&(element, amount)| format!("{element}{}", amount_text(amount))).collect()
    }

    /// Letters for amounts in ascending order, for instance `AB2C4`.
    pub fn anonymous_formula(&self) -> String {
        let mut amounts: Vec<f64> = self.reduced().0.into_values().collect();
        amounts.sort_by(f64::total_cmp);
        let letter = |index: usize| char::from(b'A' + (index % 26) as u8);
        amounts.iter().enumerate().map(|(i, &x)| format!("{}{}", letter(i), amount_text(x))).collect()
    }

    /// Symbols in alphabetical order joined by `-`, for instance `Al-Mg-O`.
    pub fn chemical_system(&self) -> String {
        let mut symbols: Vec<&str> = self.elements().map(Element::symbol).collect();
        symbols.sort_unstable();
        symbols.join("-")
    }
}

impl FromIterator<(Element, f64)> for Composition {
    fn from_iter<I: IntoIterator<Item = (Element, f64)>>(items: I) -> Self {
        let mut composition = Self::new();
        for (element, amount) in items {
            composition.add(element, amount);
        }
        composition
    }
}

/// Place of an element in a formula: groups from left to right of the periodic table as in the
/// IUPAC sequence (roughly ascending electronegativity); H before the chalcogens.
fn formula_rank(element: Element) -> (u8, i16) {
    let z = i16::from(element.atomic_number());
    match element.atomic_number() {
        1 => (15, 0),
        8 => (18, 0),
        9 => (19, 0),
        _ => match element.group() {
            18 => (0, -z),
            group @ 1..=15 => {
                (if group == 15 { 14 } else { group.min(14) }, if group == 15 { 200 - z } else { -z })
            }
            16 => (16, -z),
            _ => (17, 200 - z),
        },
    }
}

impl fmt::Display for Composition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut items: Vec<(Element, f64)> = self.iter().collect();
        items.sort_by_key(|&(element, _)| formula_rank(element));
        let text: String = items.iter().map(|&(e, x)| format!("{e}{}", amount_text(x))).collect();
        f.pad(&text)
    }
}

/// Amount as written in a formula: nothing for 1, otherwise up to 6 decimals without zeros.
fn amount_text(x: f64) -> String {
    if (x - 1.0).abs() < 1e-9 {
        return String::new();
    }
    let text = format!("{x:.6}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

impl FromStr for Composition {
    type Err = FormulaError;

    /// Reads formulas such as `Ca(OH)2`, `Li0.5CoO2` or `Ca1 O2 H2`.
    fn from_str(text: &str) -> Result<Self, FormulaError> {
        let error = |reason: String| FormulaError { formula: text.to_owned(), reason };
        let mut stack = vec![Self::new()];
        let mut chars = text.chars().peekable();
        while let Some(&c) = chars.peek() {
            match c {
                ' ' => {
                    chars.next();
                }
                '(' | '[' => {
                    chars.next();
                    stack.push(Self::new());
                }
                ')' | ']' => {
                    chars.next();
                    let amount = read_amount(&mut chars).map_err(error)?;
                    let inner = stack.pop().unwrap_or_default();
                    let outer =
                        stack.last_mut().ok_or_else(|| error("a bracket closes that never opened".into()))?;
                    for (element, x) in inner.iter() {
                        outer.add(element, x * amount);
                    }
                }
                c if c.is_ascii_uppercase() => {
                    let mut symbol = String::from(c);
                    chars.next();
                    if let Some(&next) = chars.peek()
                        && next.is_ascii_lowercase()
                    {
                        symbol.push(next);
                        chars.next();
                    }
                    let element: Element =
                        symbol.parse().map_err(|e: crate::element::UnknownElement| error(e.to_string()))?;
                    let amount = read_amount(&mut chars).map_err(error)?;
                    if let Some(top) = stack.last_mut() {
                        top.add(element, amount);
                    }
                }
                other => return Err(error(format!("unexpected character '{other}'"))),
            }
        }
        match (stack.pop(), stack.is_empty()) {
            (Some(composition), true) if composition.element_count() > 0 => Ok(composition),
            (Some(_), true) => Err(error("no element".into())),
            _ => Err(error("a bracket is not closed".into())),
        }
    }
}

fn read_amount(chars: &mut std::iter::Peekable<std::str::Chars>) -> Result<f64, String> {
    let mut digits = String::new();
    while let Some(&c) = chars.peek() {
        if c.is_ascii_digit() || c == '.' {
            digits.push(c);
            chars.next();
        } else {
            break;
        }
    }
    if digits.is_empty() {
        Ok(1.0)
    } else {
        digits.parse().map_err(|_| format!("'{digits}' is not a number"))
    }
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_read_and_reduce() {
        let formula = |text: &str| text.parse::<Composition>().unwrap().reduced_formula();
        assert_eq!(formula("Mg2Al4O8"), "MgAl2O4");
        assert_eq!(formula("O2Ti1"), "TiO2");
        assert_eq!(formula("Ca(OH)2"), "CaH2O2");
        assert_eq!(formula("Cl1 Na1"), "NaCl");
        assert_eq!(formula("Fe4(SiO4)2"), "Fe2SiO4");
    }

    #[test]
    fn anonymous_and_system() {
        let spinel: Composition = "MgAl2O4".parse().unwrap();
        assert_eq!(spinel.anonymous_formula(), "AB2C4");
        assert_eq!(spinel.chemical_system(), "Al-Mg-O");
        assert_eq!(spinel.hill_formula(), "Al2MgO4");
        assert_eq!("N2BrH8C10".parse::<Composition>().unwrap().hill_formula(), "C10H8BrN2");
    }

    #[test]
    fn broken_formulas_are_refused() {
        for text in ["", "Xx2", "Ca(OH", "NaCl)", "na", "Na1.2.3"] {
            assert!(text.parse::<Composition>().is_err(), "{text}");
        }
    }
}

//! From plain numbers to a checked [`Crystal`].

use nalgebra::Vector3;

use crate::crystal::{Crystal, FULL_OCCUPANCY_TOLERANCE, Occupant, Site};
use crate::element::{Element, UnknownElement};
use crate::lattice::{ImpossibleCell, Lattice};

use super::error::Problem;

/// Largest sum of occupancies at one place that still counts as a rounding or refinement error and
/// is scaled to 1.
pub const OCCUPANCY_LIMIT: f64 = 1.05;

/// A lattice from its rows (Å).
pub(crate) fn lattice_from_rows(rows: [[f64; 3]; 3]) -> Result<Lattice, Problem> {
    let lattice = Lattice::from_rows(rows);
    let [a, b, c] = lattice.lengths();
    let fine = rows.iter().flatten().all(|x| x.is_finite())
        && lattice.volume() > 1e-5 * a * b * c
        && lattice.volume().is_finite();
    if fine { Ok(lattice) } else { Err(Problem::FlatLattice(rows)) }
}

/// A lattice from lengths (Å) and angles (degrees).
pub(crate) fn lattice_from_parameters(cell: [f64; 6]) -> Result<Lattice, Problem> {
    let lattice = Lattice::from_parameters(cell)?;
    let volume = lattice.volume();
    if volume.is_finite() && volume > 0.0 { Ok(lattice) } else { Err(ImpossibleCell(cell).into()) }
}

/// A site from the elements at one place; `None` when all occupancies are 0.
///
/// Equal elements are added up, small overfilling is scaled (see [`OCCUPANCY_LIMIT`]).
pub(crate) fn site(
    label: &dyn Fn() -> String,
    shares: impl IntoIterator<Item = (Element, f64)>,
    frac: [f64; 3],
) -> Result<Option<Site>, Problem> {
    if let Some(axis) = frac.iter().position(|x| !x.is_finite()) {
        let what = format!("coordinate {} of site {}", ["x", "y", "z"][axis], label());
        return Err(Problem::NotANumber { what, found: frac[axis].to_string() });
    }
    let mut occupants: Vec<Occupant> = Vec::with_capacity(1);
    for (element, occupancy) in shares {
        if !(0.0..=OCCUPANCY_LIMIT).contains(&occupancy) {
            return Err(Problem::Occupancy { site: label(), found: occupancy });
        }
        match occupants.iter_mut().find(|known| known.element == element) {
            Some(known) => known.occupancy += occupancy,
            None if occupancy > 0.0 => occupants.push(Occupant { element, occupancy }),
            None => (),
        }
    }
    let sum: f64 = occupants.iter().map(|o| o.occupancy).sum();
    if sum > OCCUPANCY_LIMIT {
        return Err(Problem::Overfull { site: label(), sum, limit: OCCUPANCY_LIMIT });
    }
    if sum > 1.0 - FULL_OCCUPANCY_TOLERANCE {
        for occupant in &mut occupants {
            occupant.occupancy /= sum;
        }
    }
    Ok((!occupants.is_empty()).then(|| Site { occupants, frac: Vector3::from(frac) }))
}

/// A crystal with at least one site.
pub(crate) fn crystal(lattice: Lattice, sites: Vec<Site>) -> Result<Crystal, Problem> {
    if sites.is_empty() { Err(Problem::Empty) } else { Ok(Crystal { lattice, sites }) }
}

/// The element that a species text names: `Fe`, `Fe3+`, `O2-`, `Cl-`, `D`.
pub(crate) fn element(text: &str) -> Result<Element, UnknownElement> {
    let unknown = || UnknownElement(text.to_owned());
    let letters = text.len() - text.trim_start_matches(|c: char| c.is_ascii_alphabetic()).len();
    let (symbol, rest) = text.split_at(letters);
    let charge = rest.chars().all(|c| c.is_ascii_digit() || matches!(c, '+' | '-' | '.'));
    if !charge {
        return Err(unknown());
    }
    Element::from_symbol(symbol).ok_or_else(unknown)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shares(parts: &[(&str, f64)]) -> Result<Option<Site>, Problem> {
        let parts: Vec<_> = parts.iter().map(|&(s, x)| (s.parse().unwrap(), x)).collect();
        site(&|| "X".to_owned(), parts, [0.0; 3])
    }

    #[test]
    fn occupancies_are_checked_and_scaled() {
        let total = |parts: &[(&str, f64)]| -> f64 {
            shares(parts).unwrap().unwrap().occupants.iter().map(|o| o.occupancy).sum()
        };
        assert_eq!(total(&[("Fe", 0.7), ("Co", 0.2)]), 0.8999999999999999);
        assert!((total(&[("Fe", 0.333), ("Co", 0.333), ("Ni", 0.333)]) - 0.999).abs() < 1e-12);
        assert!((total(&[("Fe", 0.72), ("Co", 0.3)]) - 1.0).abs() < 1e-12);
        assert_eq!(total(&[("Fe", 0.999)]), 0.999);
        assert_eq!(shares(&[("Fe", 0.0)]), Ok(None));
        assert!(matches!(shares(&[("Fe", 0.87), ("Co", 0.24)]), Err(Problem::Overfull { .. })));
        assert!(matches!(shares(&[("Fe", -0.1)]), Err(Problem::Occupancy { .. })));
        assert!(matches!(shares(&[("Fe", f64::NAN)]), Err(Problem::Occupancy { .. })));
        assert_eq!(shares(&[("Fe", 0.5), ("Fe", 0.5)]).unwrap().unwrap().occupants.len(), 1);
    }

    #[test]
    fn species_texts() {
        for (text, symbol) in [("Fe3+", "Fe"), ("O2-", "O"), ("Na+", "Na"), ("D", "H"), ("Cl", "Cl")] {
            assert_eq!(element(text).unwrap().symbol(), symbol);
        }
        for text in ["", "X", "Fe_pv", "3", "Fe O"] {
            assert!(element(text).is_err(), "{text}");
        }
    }

    #[test]
    fn flat_lattices_are_refused() {
        assert!(lattice_from_rows([[1.0, 0.0, 0.0], [2.0, 0.0, 0.0], [0.0, 0.0, 3.0]]).is_err());
        assert!(lattice_from_rows([[f64::INFINITY, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 3.0]]).is_err());
        assert!(lattice_from_rows([[0.0; 3]; 3]).is_err());
        assert!(lattice_from_parameters([1e200, 1e200, 1.0, 90.0, 90.0, 90.0]).is_err());
        assert!(lattice_from_parameters([1e-200, 1e-200, 1.0, 90.0, 90.0, 90.0]).is_err());
    }
}

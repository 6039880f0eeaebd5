//! Effective ionic radii of Shannon, Acta Cryst. A 32, 751 (1976).

use std::sync::LazyLock;

use druse_representations::Element;
use serde::{Deserialize, Serialize};

/// Shape of the coordination where Shannon tells more than the number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Geometry {
    /// Planar square.
    Square,
    /// Pyramid with the ion at its top.
    Pyramid,
}

/// Spin state of a transition-metal ion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Spin {
    /// High spin.
    High,
    /// Low spin.
    Low,
}

/// One ion in one coordination.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct IonicRadius {
    /// Element.
    pub element: Element,
    /// Charge of the ion (e).
    pub charge: i8,
    /// Coordination number.
    pub coordination: u8,
    /// Shape of the coordination, where given.
    pub geometry: Option<Geometry>,
    /// Spin state, where given.
    pub spin: Option<Spin>,
    /// Effective ionic radius (Å, relative to 1.40 Å for O2- in sixfold coordination). Shannon's
    /// crystal radius is 0.14 Å larger for cations and smaller for anions.
    pub radius: f64,
}

static RADII: LazyLock<Vec<IonicRadius>> = LazyLock::new(|| {
    // The file is part of the program and a test reads it, so failing here is a bug.
    csv::Reader::from_reader(include_str!("../../data/ionic_radii.csv").as_bytes())
        .deserialize()
        .collect::<Result<_, _>>()
        .expect("data/ionic_radii.csv is well formed")
});

/// All radii known for an element, by charge and coordination.
pub fn ionic_radii(element: Element) -> &'static [IonicRadius] {
    let start = RADII.partition_point(|r| r.element < element);
    let end = RADII.partition_point(|r| r.element <= element);
    &RADII[start..end]
}

/// Radius (Å) of an ion: the one for `coordination`, otherwise the nearest coordination number that
/// is known (the smaller of two as near). Of several entries the high-spin one and the one without
/// a special geometry come first. `None` for a charge without radius.
pub fn ionic_radius(element: Element, charge: i8, coordination: u8) -> Option<f64> {
    ionic_radii(element)
        .iter()
        .filter(|r| r.charge == charge)
        .min_by_key(|r| {
            let away = r.coordination.abs_diff(coordination);
            (away, r.coordination, r.geometry.is_some(), r.spin == Some(Spin::Low))
        })
        .map(|r| r.radius)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn el(symbol: &str) -> Element {
        symbol.parse().unwrap()
    }

    #[test]
    fn radii_of_shannon() {
        assert_eq!(ionic_radius(el("O"), -2, 6), Some(1.40));
        assert_eq!(ionic_radius(el("Na"), 1, 6), Some(1.02));
        assert_eq!(ionic_radius(el("Fe"), 3, 6), Some(0.645)); // high spin
        assert_eq!(ionic_radius(el("Fe"), 2, 4), Some(0.63)); // tetrahedral before square
        assert_eq!(ionic_radius(el("Mg"), 2, 7), Some(0.72)); // nearest: 6 before 8
        assert_eq!(ionic_radius(el("Mg"), 3, 6), None);
        assert_eq!(ionic_radius(el("Ce"), 4, 10), Some(1.07));
        assert!(ionic_radii(el("He")).is_empty());
    }

    #[test]
    fn table_is_sorted() {
        assert_eq!(RADII.len(), 492);
        assert!(RADII.windows(2).all(|w| (w[0].element, w[0].charge) <= (w[1].element, w[1].charge)));
        assert!(RADII.iter().all(|r| r.radius.abs() < 3.0));
    }
}

//! Crystals: a lattice and sites, each with one or more partly occupying elements.

use nalgebra::Vector3;
use serde::{Deserialize, Serialize};

use crate::composition::Composition;
use crate::element::Element;
use crate::lattice::Lattice;

/// Occupancies that differ from 1 by less than this count as full.
pub const FULL_OCCUPANCY_TOLERANCE: f64 = 1e-6;

/// An element on a site with its share of it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Occupant {
    /// The element.
    pub element: Element,
    /// Share of the site, above 0 and at most 1.
    pub occupancy: f64,
}

/// A site of a crystal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Site {
    /// Who sits here; one entry with occupancy 1 on an ordered site. Shares may add up to less
    /// than 1 (vacancies).
    pub occupants: Vec<Occupant>,
    /// Fractional coordinates; not wrapped.
    pub frac: Vector3<f64>,
}

impl Site {
    /// A site fully occupied by `element`.
    pub fn ordered(element: Element, frac: Vector3<f64>) -> Self {
        Self { occupants: vec![Occupant { element, occupancy: 1.0 }], frac }
    }

    /// Whether exactly one element occupies the site fully.
    pub fn is_ordered(&self) -> bool {
        self.occupants.len() == 1 && (self.occupants[0].occupancy - 1.0).abs() < FULL_OCCUPANCY_TOLERANCE
    }

    /// The element with the largest share; `None` on a site without occupants.
    pub fn main_element(&self) -> Option<Element> {
        self.occupants
            .iter()
            .max_by(|x, y| x.occupancy.total_cmp(&y.occupancy).then(y.element.cmp(&x.element)))
            .map(|occupant| occupant.element)
    }
}

/// A crystal: lattice and sites of one cell.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Crystal {
    /// Lattice; rows are vectors (Å).
    pub lattice: Lattice,
    /// Sites of the cell.
    pub sites: Vec<Site>,
}

/// A crystal with partial occupancies where an ordered one is needed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("site {site} is disordered; this calculation needs one element per site with occupancy 1")]
pub struct DisorderedSite {
    /// Index of the first disordered site, from 0.
    pub site: usize,
}

impl Crystal {
    /// A crystal of fully occupied sites.
    pub fn ordered(lattice: Lattice, atoms: impl IntoIterator<Item = (Element, [f64; 3])>) -> Self {
        let sites = atoms.into_iter().map(|(element, x)| Site::ordered(element, Vector3::from(x))).collect();
        Self { lattice, sites }
    }

    /// Whether every site holds one element with occupancy 1.
    pub fn is_ordered(&self) -> bool {
        self.sites.iter().all(Site::is_ordered)
    }

    /// The element of every site.
    ///
    /// # Errors
    /// Names the first disordered site.
    pub fn elements(&self) -> Result<Vec<Element>, DisorderedSite> {
        self.sites
            .iter()
            .enumerate()
            .map(
                |(site, s)| {
                    if s.is_ordered() { Ok(s.occupants[0].element) } else { Err(DisorderedSite { site }) }
                },
            )
            .collect()
    }

    /// Fractional coordinates of every site.
    pub fn fractional(&self) -> Vec<Vector3<f64>> {
        self.sites.iter().map(|site| site.frac).collect()
    }

    /// Cartesian positions of every site (Å).
    pub fn cartesian(&self) -> Vec<Vector3<f64>> {
        self.sites.iter().map(|site| self.lattice.to_cartesian(&site.frac)).collect()
    }

    /// Atoms of each element in the cell, weighted by occupancy.
    pub fn composition(&self) -> Composition {
        self.sites.iter().flat_map(|site| site.occupants.iter().map(|o| (o.element, o.occupancy))).collect()
    }

    /// Mass density in g/cm^3.
    pub fn density(&self) -> f64 {
        const GRAMS_PER_CM3: f64 = 1.660_539_066_60; // 1 u/Å^3 in g/cm^3 (CODATA 2018)
        self.composition().mass() / self.lattice.volume() * GRAMS_PER_CM3
    }

    /// The same crystal with all fractional coordinates in [0, 1).
    pub fn wrapped(mut self) -> Self {
        for site in &mut self.sites {
            site.frac = site.frac.map(wrap);
        }
        self
    }
}

/// `x` modulo 1 in [0, 1).
pub fn wrap(x: f64) -> f64 {
    let y = x - x.floor();
    if y >= 1.0 { 0.0 } else { y }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rock_salt_density() {
        let (na, cl) = ("Na".parse().unwrap(), "Cl".parse().unwrap());
        let primitive = Lattice::from_rows([[0.0, 2.82, 2.82], [2.82, 0.0, 2.82], [2.82, 2.82, 0.0]]);
        let salt = Crystal::ordered(primitive, [(na, [0.0; 3]), (cl, [0.5; 3])]);
        assert!((salt.density() - 2.164).abs() < 0.01); // CRC Handbook: 2.17 g/cm^3
        assert_eq!(salt.composition().reduced_formula(), "NaCl");
    }

    #[test]
    fn wrapping_stays_below_one() {
        assert_eq!(wrap(-1e-20), 0.0);
        assert_eq!(wrap(1.25), 0.25);
        assert_eq!(wrap(-0.25), 0.75);
    }

    #[test]
    fn disorder_is_seen() {
        let mut site = Site::ordered("Fe".parse().unwrap(), Vector3::zeros());
        assert!(site.is_ordered());
        site.occupants[0].occupancy = 0.5;
        let crystal = Crystal { lattice: Lattice::cubic(3.0), sites: vec![site] };
        assert_eq!(crystal.elements(), Err(DisorderedSite { site: 0 }));
    }
}

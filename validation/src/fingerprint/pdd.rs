//! Pointwise distance distributions that know the elements and not the volume.

use druse_representations::{Crystal, Element};

use super::error::FingerprintError;
use super::nearest::Search;
use super::orbits::Orbits;
use super::points::{Occupancy, Points, occupancies, site_shares};
use super::rows::{MERGE_TOLERANCE, Rows, earth_movers};

/// Pointwise distance distributions, element by element, in units of (V/N)^(1/3).
///
/// For every site: the distances to its 100 nearest sites of any element, and to its 20 nearest of each
/// element. The rows of each element are a distribution of their own, so that weight moves between
/// like centres only. All is divided by the cube root of the volume per atom; [`Self::volume_ratio`]
/// stands beside.
///
/// The same for every cell, supercell, origin, order of sites and orientation, for a mirror image, and
/// at every volume. Continuous: see [`Self::distance`]. Zero does not strictly prove two crystals
/// equal, but it is zero for no substitution or exchange of elements that changes the distances
/// between any of the elements.
///
/// # Disorder
/// Every occupant of a site is an atom with its occupancy as weight: it has a row of its own, with
/// this weight, and counts with it as a neighbour. The i-th distance is then the mean distance of the
/// i-th whole atom that the nearest occupants add up to; for ordered crystals that is the distance of
/// the i-th neighbour. Occupants of one site are not neighbours of each other. N is the sum of all
/// occupancies. Continuous in the occupancies too, as long as no element vanishes.
#[derive(Clone, Debug, PartialEq)]
pub struct Pdd {
    /// (V/N)^(1/3) (Å).
    unit: f64,
    /// The elements in ascending order with their rows, whose weights add up to the share of the element.
    elements: Vec<(Element, Rows)>,
}

impl Pdd {
    /// Nearest neighbours of any element.
    pub const NEIGHBOURS: usize = 100;
    /// Nearest neighbours of each element.
    pub const NEIGHBOURS_OF_ELEMENT: usize = 20;

    /// Distribution of a crystal.
    ///
    /// # Errors
    /// Without sites, for empty sites, cells without volume, bad coordinates and extremely stretched cells.
    pub fn of(crystal: &Crystal) -> Result<Self, FingerprintError> {
        Self::grouped(crystal, &[])
    }

    /// The same with the elements of each group taken for one element, the first of the group: ordered
    /// and disordered variants of one crystal are near when the elements that share sites are a
    /// group.
    ///
    /// # Errors
    /// As [`Self::of`].
    pub fn grouped(crystal: &Crystal, groups: &[Vec<Element>]) -> Result<Self, FingerprintError> {
        let label = |element: Element| {
            groups.iter().find(|group| group.contains(&element)).map_or(element, |group| group[0])
        };
        let points = Points::of(crystal)?;
        let occupancies = occupancies(crystal, label)?;
        let table = Table::new(&points, &occupancies, Self::NEIGHBOURS, Self::NEIGHBOURS_OF_ELEMENT)?;
        let total: f64 = occupancies.iter().map(|occupancy| occupancy.share).sum();
        let unit = (points.volume / total).cbrt();
        let rows_of = |&element: &Element| {
            let rows: Vec<(&[f32], f64)> =
                table.rows_of(element, &occupancies).map(|(row, weight)| (row, weight / total)).collect();
            let mut rows = Rows::merged(&rows, table.width, MERGE_TOLERANCE);
            rows.values.iter_mut().for_each(|distance| *distance /= unit as f32);
            (element, rows)
        };
        Ok(Self { unit, elements: table.elements.iter().map(rows_of).collect() })
    }

    /// The elements in ascending order, one for each group.
    pub fn elements(&self) -> impl Iterator<Item = Element> {
        self.elements.iter().map(|(element, _)| *element)
    }

    /// Earth mover's distance in units of (V/N)^(1/3): the least mean, over the atoms, of the largest
    /// difference of any two distances, over all ways to move the rows of each element of one crystal onto
    /// those of the same element of the other. `None` when the elements differ.
    ///
    /// When no atom moves by more than e (Å) in an unchanged lattice it changes by at most
    /// 2e (N/V)^(1/3) (and the 2e-4 Å of merging). Elements in different ratios: the rows of each
    /// element are compared as shares of that element, and count with the mean of its two shares of
    /// the atoms.
    pub fn distance(&self, other: &Self) -> Option<f64> {
        if !self.elements().eq(other.elements()) {
            return None;
        }
        let mut distance = 0.0;
        for ((_, x), (_, y)) in self.elements.iter().zip(&other.elements) {
            let weight = (x.weights.iter().sum::<f64>() + y.weights.iter().sum::<f64>()) / 2.0;
            distance += weight * earth_movers(&[x], &[y], x.width);
        }
        Some(distance)
    }

    /// The same with the elements forgotten: all rows are alike and only the distances to the 100
    /// nearest sites of any element count.
    pub fn blind_distance(&self, other: &Self) -> f64 {
        earth_movers(&self.rows(), &other.rows(), Self::NEIGHBOURS)
    }

    /// The rows of each element, in ascending order of the elements.
    pub(super) fn rows_of_elements(&self) -> impl Iterator<Item = &Rows> {
        self.elements.iter().map(|(_, rows)| rows)
    }

    fn rows(&self) -> Vec<&Rows> {
        self.elements.iter().map(|(_, rows)| rows).collect()
    }

    /// Volume per atom of the other divided by that of this one.
    pub fn volume_ratio(&self, other: &Self) -> f64 {
        (other.unit / self.unit).powi(3)
    }
}

/// For every orbit the distances to the nearest neighbours of any element, then of each element.
pub(super) struct Table {
    /// Elements in ascending order.
    pub elements: Vec<Element>,
    /// Length of a row.
    pub width: usize,
    orbits: Orbits,
    distances: Vec<f32>,
}

impl Table {
    /// `any` neighbours of any element and `each` of each element.
    pub fn new(
        points: &Points,
        occupancies: &[Occupancy],
        any: usize,
        each: usize,
    ) -> Result<Self, FingerprintError> {
        let mut elements: Vec<Element> = occupancies.iter().map(|occupancy| occupancy.element).collect();
        elements.sort_unstable();
        elements.dedup();
        let width = any + elements.len() * each;
        let orbits = Orbits::new(points, occupancies);
        let mut distances = vec![0.0_f32; orbits.representatives.len() * width];
        let mut search = Search::new(points, &orbits.representatives);
        let sources = search.sources(site_shares(points.len(), occupancies).into_iter().enumerate());
        search.nearest(&sources, any, &mut distances, width)?;
        for (number, &element) in elements.iter().enumerate() {
            let members = occupancies.iter().filter(|occupancy| occupancy.element == element);
            let sources = search.sources(members.map(|occupancy| (occupancy.site, occupancy.share)));
            search.nearest(&sources, each, &mut distances[any + number * each..], width)?;
        }
        drop(search);
        Ok(Self { elements, width, orbits, distances })
    }

    /// The rows of the orbits that hold an element, with the number of its atoms in each.
    pub fn rows_of(
        &self,
        element: Element,
        occupancies: &[Occupancy],
    ) -> impl Iterator<Item = (&[f32], f64)> {
        let weights = self.orbits.weights(occupancies.iter().filter(|o| o.element == element));
        self.distances.chunks_exact(self.width).zip(weights).filter(|(_, weight)| *weight > 0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fingerprint::testing::{any_crystal, any_setting, el, moved, shared};
    use druse_representations::{Lattice, Occupant, Site};
    use proptest::prelude::*;

    fn pdd(crystal: &Crystal) -> Pdd {
        Pdd::of(crystal).unwrap()
    }

    /// Caesium chloride in a doubled cell, in one of two orders.
    fn doubled(symbols: [&str; 4]) -> Crystal {
        let lattice = Lattice::from_parameters([4.0, 4.0, 8.0, 90.0, 90.0, 90.0]).unwrap();
        let places = [[0.0; 3], [0.5, 0.5, 0.25], [0.0, 0.0, 0.5], [0.5, 0.5, 0.75]];
        Crystal::ordered(lattice, symbols.map(el).into_iter().zip(places))
    }

    #[test]
    fn elements_count() {
        let [ordered, swapped] =
            [["Cs", "Cl", "Cs", "Cl"], ["Cs", "Cl", "Cl", "Cs"]].map(|s| pdd(&doubled(s)));
        assert!(ordered.distance(&swapped).unwrap() > 0.3);
        assert!(ordered.blind_distance(&swapped) < 1e-6);
        let bromide = pdd(&doubled(["Cs", "Br", "Cs", "Br"]));
        assert_eq!(ordered.distance(&bromide), None);
        assert!(ordered.blind_distance(&bromide) < 1e-6);
        let ratio = pdd(&doubled(["Cs", "Cl", "Cs", "Cs"]));
        let distance = ordered.distance(&ratio).unwrap();
        assert!(distance > 0.1 && (distance - ratio.distance(&ordered).unwrap()).abs() < 1e-9);
    }

    /// Rutile, P4_2/mnm, a = 4.594, c = 2.959, u = 0.305.
    fn rutile(u: f64) -> Crystal {
        let lattice = Lattice::from_parameters([4.594, 4.594, 2.959, 90.0, 90.0, 90.0]).unwrap();
        let oxygens = [[u, u, 0.0], [-u, -u, 0.0], [0.5 + u, 0.5 - u, 0.5], [0.5 - u, 0.5 + u, 0.5]];
        let titanium = [[0.0; 3], [0.5; 3]].map(|place| (el("Ti"), place));
        Crystal::ordered(lattice, titanium.into_iter().chain(oxygens.map(|place| (el("O"), place))))
    }

    #[test]
    fn graded() {
        let distance = |u: f64| pdd(&rutile(0.305)).distance(&pdd(&rutile(u))).unwrap();
        assert!(distance(0.305) == 0.0);
        assert!(distance(0.307) < 0.02 && distance(0.307) > 1e-4);
        assert!(distance(0.33) > 0.03);
    }

    #[test]
    fn volume_stands_beside() {
        let mut large = doubled(["Cs", "Cl", "Cs", "Cl"]);
        let small = pdd(&large);
        large.lattice = Lattice::from_matrix(large.lattice.matrix() * 1.2);
        assert!(small.distance(&pdd(&large)).unwrap() < 1e-6);
        assert!((small.volume_ratio(&pdd(&large)) - 1.728).abs() < 1e-9);
    }

    #[test]
    fn ordered_and_disordered_are_near_in_one_group() {
        let ordered = doubled(["Fe", "O", "Ni", "O"]);
        let mut mixed = ordered.clone();
        for site in [0, 2] {
            mixed.sites[site].occupants =
                ["Co", "Ni"].map(|symbol| Occupant { element: el(symbol), occupancy: 0.5 }).to_vec();
        }
        let groups = [vec![el("Fe"), el("Co"), el("Ni")]];
        let [x, y] = [&ordered, &mixed].map(|crystal| Pdd::grouped(crystal, &groups).unwrap());
        assert_eq!(x.elements().collect::<Vec<_>>(), [el("O"), el("Fe")]);
        assert!(x.distance(&y).unwrap() < 1e-6);
        assert_eq!(pdd(&ordered).distance(&pdd(&mixed)), None);
    }

    #[test]
    fn continuous_in_the_occupancies() {
        let crystal = doubled(["Fe", "O", "Fe", "O"]);
        let at = |share: f64| pdd(&shared(crystal.clone(), el("Ni"), share));
        let steps = [1e-2, 1e-4, 1e-6].map(|step| at(0.3).distance(&at(0.3 + step)).unwrap());
        assert!(steps[0] < 0.4 && steps[1] < 4e-3 && steps[2] < 4e-5, "{steps:?}");
        // A vacancy is not an atom.
        let mut vacant = crystal.clone();
        vacant.sites[1].occupants[0].occupancy = 1e-7;
        let mut without = crystal;
        without.sites.remove(1);
        assert!(pdd(&vacant).distance(&pdd(&without)).unwrap() < 1e-3);
    }

    #[test]
    fn coincident_atoms_are_no_error() {
        let mut twins = doubled(["Cs", "Cl", "Cs", "Cl"]);
        twins.sites.push(Site::ordered(el("Cl"), twins.sites[0].frac));
        assert!(pdd(&twins).distance(&pdd(&twins)) == Some(0.0));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn the_same_in_every_setting(crystal in any_crystal(), setting in any_setting(), scale in 0.7..1.5f64) {
            let mut other = setting.of(&crystal);
            other.lattice = Lattice::from_matrix(other.lattice.matrix() * scale);
            let (x, y) = (pdd(&crystal), pdd(&other));
            prop_assert!(x.distance(&y).unwrap() < 1e-4, "{:?}", x.distance(&y));
            prop_assert!(x.blind_distance(&y) < 1e-4);
        }

        #[test]
        fn continuous(
            crystal in any_crystal(),
            directions in prop::collection::vec(prop::array::uniform3(-1.0..1.0f64), 6),
            most in 0.0..0.3f64,
        ) {
            let (x, y) = (pdd(&crystal), pdd(&moved(&crystal, &directions, most)));
            let limit = (2.0 * most + 2e-4) / x.unit;
            prop_assert!(x.distance(&y).unwrap() <= limit);
            prop_assert!(x.blind_distance(&y) <= limit);
        }

        #[test]
        fn a_metric(crystals in prop::array::uniform3(any_crystal())) {
            let [x, y, z] = crystals.each_ref().map(pdd);
            let symmetric = |d: Option<f64>, e: Option<f64>| match (d, e) {
                (Some(d), Some(e)) => (d - e).abs() < 1e-9,
                (d, e) => d == e,
            };
            prop_assert!(symmetric(x.distance(&y), y.distance(&x)));
            prop_assert!(symmetric(Some(x.blind_distance(&y)), Some(y.blind_distance(&x))));
            prop_assert!(x.blind_distance(&z) <= x.blind_distance(&y) + y.blind_distance(&z) + 1e-9);
        }
    }
}

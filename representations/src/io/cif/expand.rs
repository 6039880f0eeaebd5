//! From asymmetric sites and symmetry operations to all sites of the cell.

use nalgebra::Vector3;

use crate::crystal::{Site, wrap};
use crate::element::Element;
use crate::lattice::Lattice;

use super::super::build;
use super::super::error::Fault;
use super::operation::SymmetryOperation;

/// A site as a CIF lists it.
#[derive(Clone, Debug)]
pub(crate) struct AsymmetricSite {
    pub(crate) label: String,
    pub(crate) element: Element,
    pub(crate) occupancy: f64,
    pub(crate) frac: Vector3<f64>,
    /// Digits behind the decimal point of the finest coordinate.
    pub(crate) decimals: usize,
    pub(crate) line: usize,
}

/// Sites of different rows nearer than this are one place (Å).
const SAME_PLACE: f64 = 0.01;

/// Images of a fully occupied site nearer than this are one atom on a special position that was
/// refined off it or given with too few digits (Å); below every bond length. Gemmi takes 0.4 Å.
const SAME_ATOM: f64 = 0.5;

/// Images of a partly occupied site are often true split positions: only rounding joins them, and
/// never beyond this distance (Å).
const LARGEST_ROUNDING: f64 = 0.3;

/// Distance of two points modulo lattice translations (Å), and the vector from `a` to the image
/// of `b`. Exact for the short distances that matter here.
fn separation(lattice: &Lattice, a: &Vector3<f64>, b: &Vector3<f64>) -> (f64, Vector3<f64>) {
    let difference = (b - a).map(|x| x - x.round());
    (lattice.to_cartesian(&difference).norm(), difference)
}

/// Positions of all images of a site; coinciding ones are joined at their mean, which is the
/// special position.
fn orbit(lattice: &Lattice, site: &AsymmetricSite, operations: &[SymmetryOperation]) -> Vec<Vector3<f64>> {
    let reach = if site.occupancy >= 0.999 {
        SAME_ATOM
    } else {
        let longest = lattice.lengths().into_iter().fold(0.0, f64::max);
        let rounding = 1.25 * longest * 10f64.powi(-(site.decimals.min(15) as i32));
        rounding.clamp(SAME_PLACE, LARGEST_ROUNDING)
    };
    // First image, sum of the differences to it, number of images.
    let mut places: Vec<(Vector3<f64>, Vector3<f64>, f64)> = Vec::new();
    for operation in operations {
        let image = operation.apply(&site.frac);
        let known = places.iter_mut().find_map(|place| {
            let (distance, difference) = separation(lattice, &place.0, &image);
            (distance < reach).then_some((place, difference))
        });
        match known {
            Some((place, difference)) => {
                place.1 += difference;
                place.2 += 1.0;
            }
            None => places.push((image, Vector3::zeros(), 1.0)),
        }
    }
    places.into_iter().map(|(first, sum, count)| (first + sum / count).map(tidy)).collect()
}

/// `x` in [0, 1) with rounding errors at 0 removed.
fn tidy(x: f64) -> f64 {
    let y = wrap(x);
    if y.min(1.0 - y) < 1e-10 { 0.0 } else { y }
}

/// All sites of the cell; several species on one place become one site.
pub(crate) fn expand(
    lattice: &Lattice,
    asymmetric: &[AsymmetricSite],
    operations: &[SymmetryOperation],
) -> Result<Vec<Site>, Fault> {
    struct Place {
        frac: Vector3<f64>,
        rows: Vec<usize>,
    }
    let mut places: Vec<Place> = Vec::new();
    for (row, site) in asymmetric.iter().enumerate() {
        let earlier = places.len();
        for frac in orbit(lattice, site, operations) {
            let known =
                places[..earlier].iter_mut().find(|p| separation(lattice, &p.frac, &frac).0 < SAME_PLACE);
            match known {
                Some(place) => place.rows.push(row),
                None => places.push(Place { frac, rows: vec![row] }),
            }
        }
    }
    let mut sites = Vec::with_capacity(places.len());
    for place in places {
        let members = || place.rows.iter().map(|&row| &asymmetric[row]);
        let label = || members().map(|site| site.label.as_str()).collect::<Vec<_>>().join(" + ");
        let shares = members().map(|site| (site.element, site.occupancy));
        let line = asymmetric[place.rows[0]].line;
        sites.extend(
            build::site(&label, shares, place.frac.into()).map_err(|problem| Fault::at(line, problem))?,
        );
    }
    Ok(sites)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site(symbol: &str, occupancy: f64, frac: [f64; 3], decimals: usize) -> AsymmetricSite {
        let element = symbol.parse().unwrap();
        AsymmetricSite { label: symbol.into(), element, occupancy, frac: frac.into(), decimals, line: 1 }
    }

    fn threefold() -> Vec<SymmetryOperation> {
        ["x,y,z", "-y,x-y,z", "-x+y,-x,z"].iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn rounded_special_positions_are_joined_and_exact() {
        let lattice = Lattice::from_parameters([30.0, 30.0, 7.0, 90.0, 90.0, 120.0]).unwrap();
        for occupancy in [1.0, 0.5] {
            let sites =
                expand(&lattice, &[site("Si", occupancy, [0.333, 0.667, 0.1], 3)], &threefold()).unwrap();
            assert_eq!(sites.len(), 1, "occupancy {occupancy}");
            assert!((sites[0].frac - Vector3::new(1.0 / 3.0, 2.0 / 3.0, 0.1)).norm() < 1e-12);
        }
    }

    #[test]
    fn split_positions_stay_apart_only_when_partly_occupied() {
        let lattice = Lattice::from_parameters([3.0, 3.0, 5.0, 90.0, 90.0, 120.0]).unwrap();
        let frac = [0.3569, 0.6431, 0.1];
        assert_eq!(expand(&lattice, &[site("H", 1.0, frac, 4)], &threefold()).unwrap().len(), 1);
        assert_eq!(expand(&lattice, &[site("H", 1.0 / 3.0, frac, 4)], &threefold()).unwrap().len(), 3);
    }

    #[test]
    fn species_of_one_place_share_a_site() {
        let lattice = Lattice::cubic(4.0);
        let identity = [SymmetryOperation::identity()];
        let mix = [site("Fe", 0.7, [0.0, 0.0, 0.999_999], 6), site("Co", 0.3, [0.0; 3], 6)];
        let sites = expand(&lattice, &mix, &identity).unwrap();
        assert_eq!((sites.len(), sites[0].occupants.len()), (1, 2));
        let double = [site("Fe", 1.0, [0.0; 3], 6), site("Co", 1.0, [0.0; 3], 6)];
        let message = expand(&lattice, &double, &identity).unwrap_err().problem.to_string();
        assert!(message.contains("Fe + Co") && message.contains("2.0000"), "{message}");
    }
}

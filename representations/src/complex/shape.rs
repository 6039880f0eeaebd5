//! Continuous shape measures: how far donors are from an ideal polyhedron.
//!
//! M. Pinsky, D. Avnir, Inorg. Chem. 37, 5575 (1998):
//!
//! ```text
//! S = 100 min Σ |q_k - s R p_σ(k)|² / Σ |q_k - q_0|²
//! ```
//!
//! over permutations σ, rotations R and scales s > 0. The metal is one of the points, q_0 is their
//! centre. S is 0 for the ideal shape; up to about 1 the shape is hardly distorted, above 3 strongly.
//!
//! Donors count by their *directions* (unit vectors from the metal), so that bonds of unlike length
//! are no distortion. Ideal shapes are [`Geometry::sites`], except that the base of the square
//! pyramid is bent by 15 degrees away from its tip, as in real complexes.

use nalgebra::{Matrix3, Vector3};

use super::Geometry;

/// How donors fit on the sites of a polyhedron.
#[derive(Clone, Debug, PartialEq)]
pub struct ShapeFit {
    /// The polyhedron.
    pub geometry: Geometry,
    /// Continuous shape measure, 0 to 100.
    pub measure: f64,
    /// Site of each donor.
    pub sites: Vec<usize>,
}

/// The best fit on `geometry`; `None` when the number of directions is not its number of sites or a
/// direction is zero or not finite.
pub fn fit_shape(directions: &[[f64; 3]], geometry: Geometry) -> Option<ShapeFit> {
    fits(directions, geometry)?.into_iter().next()
}

/// The best fit over all polyhedra with as many sites as there are directions.
pub fn nearest_shape(directions: &[[f64; 3]]) -> Option<ShapeFit> {
    nearest_shapes(directions).into_iter().next()
}

/// All fits that are as good as the best one to 1e-6, over all polyhedra. In a symmetric complex
/// rounding would decide between them.
pub(super) fn nearest_shapes(directions: &[[f64; 3]]) -> Vec<ShapeFit> {
    let candidates = Geometry::with_sites(directions.len());
    keep_best(candidates.filter_map(|geometry| fits(directions, geometry)).flatten().collect())
}

fn keep_best(mut fits: Vec<ShapeFit>) -> Vec<ShapeFit> {
    let best = fits.iter().map(|fit| fit.measure).fold(f64::INFINITY, f64::min);
    fits.retain(|fit| fit.measure <= best + 1e-6);
    fits
}

fn fits(directions: &[[f64; 3]], geometry: Geometry) -> Option<Vec<ShapeFit>> {
    let count = geometry.site_count();
    let unit = |direction: &[f64; 3]| Vector3::from(*direction).try_normalize(1e-9);
    let found: Vec<Vector3<f64>> = directions.iter().map(unit).collect::<Option<_>>()?;
    if found.len() != count || found.iter().any(|q| !q.iter().all(|x| x.is_finite())) {
        return None;
    }
    let ideal = ideal(geometry);
    let centre = |points: &[Vector3<f64>]| points.iter().sum::<Vector3<f64>>() / (count + 1) as f64;
    let (q0, p0) = (centre(&found), centre(&ideal));
    let size = |points: &[Vector3<f64>], c: Vector3<f64>| {
        c.norm_squared() + points.iter().map(|point| (point - c).norm_squared()).sum::<f64>()
    };
    let (q_size, p_size) = (size(&found, q0), size(&ideal, p0));
    let metal = p0 * q0.transpose();
    let measure = |sites: &Vec<usize>| {
        let donors = sites.iter().zip(&found).map(|(&site, q)| (ideal[site] - p0) * (q - q0).transpose());
        let correlation: Matrix3<f64> = donors.sum::<Matrix3<f64>>() + metal;
        let overlap = best_overlap(&correlation).max(0.0);
        100.0 * (1.0 - overlap * overlap / (q_size * p_size)).clamp(0.0, 1.0)
    };
    let fit = |sites: Vec<usize>| ShapeFit { geometry, measure: measure(&sites), sites };
    Some(keep_best(distinct_orders(geometry).into_iter().map(fit).collect()))
}

/// Largest trace of `R C` over proper rotations R (W. Kabsch, Acta Cryst. A 32, 922 (1976)).
fn best_overlap(correlation: &Matrix3<f64>) -> f64 {
    let values = correlation.svd(false, false).singular_values;
    let smallest = if correlation.determinant() < 0.0 { -values[2] } else { values[2] };
    values[0] + values[1] + smallest
}

fn ideal(geometry: Geometry) -> Vec<Vector3<f64>> {
    let bend = |site: &[f64; 3]| match geometry {
        Geometry::SquarePyramidal if site[2] == 0.0 => {
            let (sin, cos) = 15f64.to_radians().sin_cos();
            Vector3::new(site[0] * cos, site[1] * cos, -sin)
        }
        _ => Vector3::from(*site),
    };
    geometry.sites().iter().map(bend).collect()
}

/// One permutation of the sites from each set that rotations make equal: the smallest of them.
fn distinct_orders(geometry: Geometry) -> Vec<Vec<usize>> {
    let mut orders = Vec::new();
    let mut order = Vec::new();
    let mut free = vec![true; geometry.site_count()];
    permute(&mut order, &mut free, &mut |order| {
        let smaller =
            |rotation: &Vec<usize>| order.iter().map(|&site| rotation[site]).lt(order.iter().copied());
        if !geometry.rotations().iter().any(smaller) {
            orders.push(order.to_vec());
        }
    });
    orders
}

fn permute(order: &mut Vec<usize>, free: &mut [bool], visit: &mut dyn FnMut(&[usize])) {
    if order.len() == free.len() {
        visit(order);
        return;
    }
    for site in 0..free.len() {
        if free[site] {
            free[site] = false;
            order.push(site);
            permute(order, free, visit);
            order.pop();
            free[site] = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use nalgebra::Rotation3;

    use super::*;

    fn measure(shape: Geometry, reference: Geometry) -> f64 {
        fit_shape(shape.sites(), reference).unwrap().measure
    }

    /// Pinsky and Avnir 1998 (tetrahedron and square: 33.33); S. Alvarez et al., New J. Chem. 26, 996
    /// (2002) (octahedron and trigonal prism: 16.74).
    #[test]
    fn published_measures() {
        use Geometry::{Octahedral, SquarePlanar, Tetrahedral, TrigonalPrismatic};
        assert!((measure(Tetrahedral, SquarePlanar) - 33.333).abs() < 1e-3);
        assert!((measure(SquarePlanar, Tetrahedral) - 33.333).abs() < 1e-3);
        assert!((measure(Octahedral, TrigonalPrismatic) - 16.737).abs() < 1e-3);
        assert!((measure(TrigonalPrismatic, Octahedral) - 16.737).abs() < 1e-3);
    }

    #[test]
    fn ideal_shapes_are_found_in_any_orientation_and_order() {
        let turn = Rotation3::from_euler_angles(0.4, -1.1, 2.3);
        for geometry in Geometry::ALL {
            let ideal = ideal(geometry);
            let turned: Vec<[f64; 3]> = ideal.iter().rev().map(|site| (turn * site * 2.1).into()).collect();
            let fit = nearest_shape(&turned).unwrap();
            assert_eq!(fit.geometry, geometry);
            assert!(fit.measure < 1e-9, "{geometry}: {}", fit.measure);
            // The sites are those of the reversed list, up to a proper rotation.
            let reversed: Vec<usize> = (0..fit.sites.len()).rev().collect();
            let same = |rotation: &Vec<usize>| {
                fit.sites.iter().zip(&reversed).all(|(&site, &other)| rotation[site] == other)
            };
            assert!(geometry.rotations().iter().any(same), "{geometry}: {:?}", fit.sites);
        }
    }

    #[test]
    fn handedness_is_kept() {
        let mirrored: Vec<[f64; 3]> =
            Geometry::Tetrahedral.sites().iter().map(|&[x, y, z]| [x, y, -z]).collect();
        let fit = fit_shape(&mirrored, Geometry::Tetrahedral).unwrap();
        let proper = |rotation: &Vec<usize>| *rotation == fit.sites;
        assert!(fit.measure < 1e-9 && !Geometry::Tetrahedral.rotations().iter().any(proper));
    }

    #[test]
    fn what_cannot_be_measured() {
        assert!(nearest_shape(&[[0.0, 0.0, 1.0]]).is_none());
        assert!(nearest_shape(&[[0.0, 0.0, 1.0], [0.0; 3]]).is_none());
        assert!(nearest_shape(&[[0.0, 0.0, 1.0], [f64::NAN, 0.0, 0.0]]).is_none());
        assert!(fit_shape(Geometry::Linear.sites(), Geometry::Octahedral).is_none());
    }

    #[test]
    fn orders_are_as_many_as_cosets() {
        for (geometry, count) in
            [(Geometry::Octahedral, 30), (Geometry::SquarePlanar, 3), (Geometry::PentagonalBipyramidal, 504)]
        {
            assert_eq!(distinct_orders(geometry).len(), count);
        }
    }
}

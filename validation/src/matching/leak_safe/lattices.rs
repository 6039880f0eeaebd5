//! All ways to lay one lattice on another within a limit of strain.

use druse_representations::nalgebra::{Matrix3, Vector3};

/// A sublattice of the first lattice that lies on the second.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::matching) struct LatticeMap {
    /// Vectors of the first lattice (rows, coefficients) that lie on the basis of the second.
    pub(in crate::matching) matrix: [[i32; 3]; 3],
    /// Largest principal logarithmic strain between the two (absolute).
    pub(in crate::matching) strain: f64,
    /// Whether the map keeps the hand.
    pub(in crate::matching) proper: bool,
}

/// Lattice points that are looked at for one pair of lattices; what lies beyond is left out. Cells of
/// usual shape need some hundreds.
const MOST_POINTS: usize = 200_000;

/// Triples of vectors that are looked at for one pair of lattices.
const MOST_TRIPLES: usize = 2_000_000;

/// All maps of strain up to `limit` of sublattices of `first` with index `ratio` on `second`, the
/// least strained first. Rows are vectors; the volume of `second` is `ratio` times that of `first`,
/// both are right-handed, and both bases are short (Niggli).
///
/// A map with principal stretches in [exp(-limit), exp(limit)] changes the length of no vector by more,
/// so looking for partners of the basis of `second` by length loses none, and the set of
/// maps found does not depend on the bases. The maps from `second` to `first` are the inverses.
pub(in crate::matching) fn lattice_maps(
    first: &Matrix3<f64>,
    second: &Matrix3<f64>,
    ratio: usize,
    limit: f64,
) -> Vec<LatticeMap> {
    let Some(inverse) = second.try_inverse() else { return Vec::new() };
    // A grain more, so that rounding does not decide at equal lengths.
    let high = (2.0 * limit).exp() * (1.0 + 1e-9);
    let low = 1.0 / high;
    let within = |found: f64, wanted: f64| found >= low * wanted && found <= high * wanted;
    let wanted = second * second.transpose();
    let pair = |i: usize, j: usize, sign: f64| wanted[(i, i)] + wanted[(j, j)] + sign * 2.0 * wanted[(i, j)];

    let candidates = points(first, &wanted, &within);
    let fits = |(p, i): (&Point, usize), (q, j): (&Point, usize)| {
        let (sum, product) = (p.squared + q.squared, 2.0 * p.place.dot(&q.place));
        within(sum + product, pair(i, j, 1.0)) && within(sum - product, pair(i, j, -1.0))
    };
    let mut maps = Vec::new();
    let mut triples = 0;
    for p in &candidates[0] {
        let thirds: Vec<&Point> = candidates[2].iter().filter(|w| fits((p, 0), (w, 2))).collect();
        if thirds.is_empty() {
            continue;
        }
        for q in candidates[1].iter().filter(|q| fits((p, 0), (q, 1))) {
            triples += thirds.len();
            if triples > MOST_TRIPLES {
                break;
            }
            for w in thirds.iter().filter(|w| fits((q, 1), (w, 2))) {
                let matrix = [p.numbers, q.numbers, w.numbers];
                let determinant = determinant(&matrix);
                if determinant.unsigned_abs() as usize != ratio {
                    continue;
                }
                let rows =
                    Matrix3::from_rows(&[p.place.transpose(), q.place.transpose(), w.place.transpose()]);
                let strain = strain(&(inverse * rows));
                if strain <= limit {
                    maps.push(LatticeMap { matrix, strain, proper: determinant > 0 });
                }
            }
        }
    }
    maps.sort_by(|x, y| x.strain.total_cmp(&y.strain).then(x.matrix.cmp(&y.matrix)));
    maps
}

struct Point {
    numbers: [i32; 3],
    place: Vector3<f64>,
    squared: f64,
}

/// For each vector of the second basis the points of the first lattice that are as long.
fn points(
    first: &Matrix3<f64>,
    wanted: &Matrix3<f64>,
    within: &impl Fn(f64, f64) -> bool,
) -> [Vec<Point>; 3] {
    let mut found = [Vec::new(), Vec::new(), Vec::new()];
    let Some(inverse) = first.try_inverse() else { return found };
    let longest = (0..3).map(|i| wanted[(i, i)]).fold(0.0, f64::max);
    let mut reach = longest.sqrt();
    // The longest vector that may still be a partner.
    while within(reach * reach * 1.02, longest) {
        reach *= 1.01;
    }
    reach *= 1.01;
    // Columns of the inverse are the reciprocal vectors; 1 / length is the spacing of planes.
    let most: [i32; 3] = std::array::from_fn(|i| (reach * inverse.column(i).norm()).floor().min(1e6) as i32);
    let mut count = 0;
    for i in -most[0]..=most[0] {
        for j in -most[1]..=most[1] {
            for k in -most[2]..=most[2] {
                count += 1;
                if count > MOST_POINTS {
                    return found;
                }
                let place = first.tr_mul(&Vector3::new(f64::from(i), f64::from(j), f64::from(k)));
                let squared = place.norm_squared();
                for (axis, list) in found.iter_mut().enumerate() {
                    if within(squared, wanted[(axis, axis)]) {
                        list.push(Point { numbers: [i, j, k], place, squared });
                    }
                }
            }
        }
    }
    found
}

pub(in crate::matching) fn determinant(m: &[[i32; 3]; 3]) -> i64 {
    let m = m.map(|row| row.map(i64::from));
    m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1]) - m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0])
        + m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0])
}

/// Largest absolute logarithm of the principal stretches of F.
fn strain(f: &Matrix3<f64>) -> f64 {
    let stretches = (f * f.transpose()).symmetric_eigenvalues();
    stretches.iter().map(|x| (0.5 * x.max(1e-300).ln()).abs()).fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cubic() -> Matrix3<f64> {
        Matrix3::identity()
    }

    #[test]
    fn a_cubic_lattice_has_48_maps_on_itself() {
        let maps = lattice_maps(&cubic(), &cubic(), 1, 0.1);
        assert_eq!(maps.len(), 48); // order of m-3m
        assert_eq!(maps.iter().filter(|map| map.proper).count(), 24);
        assert!(maps.iter().all(|map| map.strain < 1e-12));
    }

    #[test]
    fn doubled_cells_are_found_three_ways() {
        let double = Matrix3::from_diagonal(&Vector3::new(1.0, 1.0, 2.0));
        // 16 maps of the tetragonal lattice on itself for each of the three axes.
        assert_eq!(lattice_maps(&cubic(), &double, 2, 0.05).len(), 48);
        assert!(
            lattice_maps(&cubic(), &Matrix3::from_diagonal(&Vector3::new(1.0, 0.5, 2.0)), 1, 0.1).is_empty()
        );
    }

    proptest! {
        #[test]
        fn strains_are_found_both_ways(
            entries in prop::array::uniform9(-0.03..0.03f64),
            shape in prop::array::uniform3(1.0..1.6f64),
        ) {
            let a = Matrix3::from_diagonal(&Vector3::from(shape));
            let b = a * (Matrix3::identity() + Matrix3::from_row_slice(&entries));
            let (a, b) = (a / a.determinant().cbrt(), b / b.determinant().cbrt());
            let strains = |maps: Vec<LatticeMap>| maps.into_iter().map(|map| map.strain).collect::<Vec<_>>();
            let there = strains(lattice_maps(&a, &b, 1, 0.12));
            let back = strains(lattice_maps(&b, &a, 1, 0.12));
            prop_assert!(!there.is_empty());
            // Equal but for maps on the edge of the limit.
            let inner = |list: &[f64]| list.iter().filter(|s| **s < 0.1199).count();
            prop_assert_eq!(inner(&there), inner(&back));
            for (x, y) in there.iter().zip(&back) {
                prop_assert!((x - y).abs() < 1e-9);
            }
        }
    }
}

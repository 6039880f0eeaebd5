//! All ways to lay the vectors of one lattice on those of another within tolerances.

use druse_representations::nalgebra::{Matrix3, RowVector3};

use super::Search;
use super::average::Parameters;

/// Vectors of the moving lattice that lie on the basis of the target.
#[derive(Clone, Copy)]
pub(super) struct LatticeMap {
    /// Coefficients (rows) in the basis of the moving lattice.
    pub(super) matrix: Matrix3<i32>,
    /// The vectors (rows, Å).
    pub(super) rows: Matrix3<f64>,
}

/// Lattice points looked at before two lattices count as too unlike: cells that are 100 times longer
/// than wide stay far below.
pub(in super::super) const MAX_POINTS: f64 = 1e7;

struct Point {
    coefficients: RowVector3<i32>,
    place: RowVector3<f64>,
    length: f64,
}

/// Cosines of the angles within `tolerance` of `angle` (degrees).
fn window(angle: f64, tolerance: f64) -> (f64, f64) {
    let cosine = |x: f64| x.clamp(0.0, 180.0).to_radians().cos();
    // At the ends of the range nothing is cut off.
    let lowest = if angle + tolerance >= 180.0 { -2.0 } else { cosine(angle + tolerance) };
    let highest = if angle - tolerance <= 0.0 { 2.0 } else { cosine(angle - tolerance) };
    (lowest, highest)
}

/// Every map whose vectors differ from those of the `target` by no more than the tolerances and whose
/// cell holds `factor` cells of the `moving` lattice (rows are vectors); `None` when the lattices are
/// so unlike that looking for them takes more than the effort allowed.
pub(super) fn lattice_maps(
    moving: &Matrix3<f64>,
    target: &Parameters,
    what: &Search,
    factor: usize,
) -> Option<Vec<LatticeMap>> {
    let Search { tolerances, effort, .. } = what;
    let ratio = 1.0 + tolerances.length;
    let points = points(moving, target, ratio)?;
    let like = |length: f64| {
        let fits = move |point: &&Point| {
            let own = point.length / length;
            own < ratio && own > 1.0 / ratio
        };
        points.iter().filter(fits).collect::<Vec<_>>()
    };
    let [first, second, third] = target.lengths.map(like);
    let [alpha, beta, gamma] = target.angles.map(|angle| window(angle, tolerances.angle));
    let between = |u: &Point, v: &Point, (lowest, highest): (f64, f64)| {
        let product = u.place.dot(&v.place);
        let lengths = u.length * v.length;
        product >= lowest * lengths && product <= highest * lengths
    };
    let mut maps = Vec::new();
    let mut steps = 0;
    let mut beside: Vec<&Point> = Vec::with_capacity(third.len());
    for a in &first {
        beside.clear();
        beside.extend(third.iter().filter(|c| between(a, c, beta)));
        if beside.is_empty() {
            continue;
        }
        steps += (third.len() + second.len()) as u64;
        for b in second.iter().filter(|b| between(a, b, gamma)) {
            steps += beside.len() as u64;
            if steps > *effort {
                return None;
            }
            let normal = cross(a.coefficients, b.coefficients);
            for c in &beside {
                let det: i64 = (0..3).map(|i| normal[i] * i64::from(c.coefficients[i])).sum();
                if det.unsigned_abs() == factor as u64 && between(b, c, alpha) {
                    maps.push(LatticeMap {
                        matrix: Matrix3::from_rows(&[a.coefficients, b.coefficients, c.coefficients]),
                        rows: Matrix3::from_rows(&[a.place, b.place, c.place]),
                    });
                }
            }
        }
    }
    Some(maps)
}

/// Lattice vectors whose length is within `ratio` of that of some vector of the target; `None` when
/// there are more than [`MAX_POINTS`] to look at.
fn points(moving: &Matrix3<f64>, target: &Parameters, ratio: f64) -> Option<Vec<Point>> {
    let longest = target.lengths.into_iter().fold(0.0, f64::max) * ratio;
    let shortest = target.lengths.into_iter().fold(f64::INFINITY, f64::min) / ratio;
    let volume = moving.determinant().abs();
    let bound = |i: usize, j: usize| (longest * moving.row(i).cross(&moving.row(j)).norm() / volume).floor();
    let bounds = [bound(1, 2), bound(2, 0), bound(0, 1)];
    let count: f64 = bounds.iter().map(|bound| 2.0 * bound + 1.0).product();
    if count.is_nan() || count > MAX_POINTS {
        return None;
    }
    let [p, q, r] = bounds.map(|bound| bound as i32);
    let mut points = Vec::with_capacity(64);
    for i in -p..=p {
        let along_a = moving.row(0) * f64::from(i);
        for j in -q..=q {
            let along_b = along_a + moving.row(1) * f64::from(j);
            for k in -r..=r {
                let place = along_b + moving.row(2) * f64::from(k);
                let square = place.norm_squared();
                if square < longest * longest && square > shortest * shortest {
                    let length = square.sqrt();
                    points.push(Point { coefficients: RowVector3::new(i, j, k), place, length });
                }
            }
        }
    }
    Some(points)
}

fn cross(u: RowVector3<i32>, v: RowVector3<i32>) -> [i64; 3] {
    let [a, b, c] = [u[0], u[1], u[2]].map(i64::from);
    let [d, e, f] = [v[0], v[1], v[2]].map(i64::from);
    [b * f - c * e, c * d - a * f, a * e - b * d]
}

/// Points of the old lattice in the cell spanned by the rows of `matrix`, in coordinates of that cell.
pub(super) fn points_in_supercell(matrix: &Matrix3<i32>) -> Vec<[f64; 3]> {
    let m = matrix.map(i64::from);
    let cofactor = |i: usize, j: usize| {
        let ([a, b], [c, d]) = ([(i + 1) % 3, (i + 2) % 3], [(j + 1) % 3, (j + 2) % 3]);
        m[(a, c)] * m[(b, d)] - m[(a, d)] * m[(b, c)]
    };
    let det: i64 = (0..3).map(|j| m[(0, j)] * cofactor(0, j)).sum();
    let size = det.abs();
    let adjugate = Matrix3::from_fn(|i, j| cofactor(j, i) * det.signum());
    let range = |column: usize| {
        let entries = [m[(0, column)], m[(1, column)], m[(2, column)]];
        let low: i64 = entries.iter().filter(|&&x| x < 0).sum();
        let high: i64 = entries.iter().filter(|&&x| x > 0).sum();
        low..=high
    };
    let mut points = Vec::with_capacity(size as usize);
    for i in range(0) {
        for j in range(1) {
            for k in range(2) {
                // Coordinates times the size of the cell.
                let scaled: [i64; 3] = std::array::from_fn(|c| {
                    i * adjugate[(0, c)] + j * adjugate[(1, c)] + k * adjugate[(2, c)]
                });
                if scaled.iter().all(|x| (0..size).contains(x)) {
                    points.push(scaled.map(|x| x as f64 / size as f64));
                }
            }
        }
    }
    points
}

#[cfg(test)]
mod tests {
    use super::super::Tolerances;
    use super::*;

    #[test]
    fn cubic_lattice_maps_on_itself_in_48_ways() {
        let rows = Matrix3::from_diagonal_element(4.0);
        let what = Search::new(Tolerances { length: 0.2, site: 0.3, angle: 5.0 });
        let target = Parameters::of(&rows);
        let count = |factor| lattice_maps(&rows, &target, &what, factor).map_or(0, |maps| maps.len());
        assert_eq!(count(1), 48);
        assert_eq!(count(2), 0);
    }

    #[test]
    fn supercells_hold_as_many_points_as_their_determinant() {
        let matrix = Matrix3::new(2, 1, 0, -1, 1, 0, 0, 3, -2);
        let points = points_in_supercell(&matrix);
        assert_eq!(points.len(), 6);
        for x in points {
            let place = RowVector3::from(x) * matrix.map(f64::from);
            assert!(place.iter().all(|y| (y - y.round()).abs() < 1e-12), "{place}");
        }
    }
}

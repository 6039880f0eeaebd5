//! The Niggli cell, with the basis that pymatgen takes where several are equal.
//!
//! Lattices with symmetry have several bases with the Niggli metric. Which one is taken matters to
//! the search of the primitive cell, whose tolerance is a box along the axes: so the first basis in
//! the order of pymatgen's list of lattice points is taken here too.

use std::cmp::Reverse;

use druse_representations::Lattice;
use druse_representations::nalgebra::{Matrix3, RowVector3};
use druse_representations::reduction::{ReductionError, niggli, niggli_within};

use super::super::kernel::MAX_POINTS;
use super::super::pattern::Cell;
use super::{in_new_cell, unimodular_inverse};

/// Coordinates above this (Å) count as not negative in the order of lattice points.
const ZERO: f64 = -2e-8;
/// Two vectors may have an angle this far (degrees) from the one of the Niggli cell.
const ANGLE_TOLERANCE: f64 = 1.0;

/// A lattice vector: coefficients in the given basis, and Cartesian (Å).
#[derive(Clone, Copy)]
struct Point {
    coefficients: RowVector3<i32>,
    place: RowVector3<f64>,
    length: f64,
}

/// The cell in its Niggli basis, right-handed, with coordinates in [0, 1).
pub(in super::super) fn niggli_cell(cell: Cell) -> Result<Cell, ReductionError> {
    let (lattice, t) = niggli_basis(&cell.lattice)?;
    let inverse = unimodular_inverse(&t);
    let frac = cell.frac.iter().map(|x| in_new_cell(x, &inverse)).collect();
    Ok(Cell { lattice, kinds: cell.kinds, frac })
}

/// Niggli-reduced lattice and the integer matrix that leads to it.
fn niggli_basis(lattice: &Lattice) -> Result<(Lattice, Matrix3<i32>), ReductionError> {
    // pymatgen compares squares of lengths with this length; its search of equal bases takes the same
    // number as a relative tolerance.
    let tolerance = 1e-5 * lattice.volume().cbrt();
    let (reduced, t) = niggli_within(lattice, tolerance).or_else(|_| {
        // For vectors as short as the square root of the tolerance the comparisons mean nothing.
        niggli(lattice)
    })?;
    let points = points(&reduced, &t, tolerance);
    let (lengths, angles) = (reduced.lengths(), reduced.angles());
    let like = |length: f64| {
        let fits = move |point: &&Point| {
            point.length / length < 1.0 + tolerance && point.length / length > 1.0 / (1.0 + tolerance)
        };
        points.iter().filter(fits)
    };
    let angle_fits = |u: &Point, v: &Point, wanted: f64| {
        let cosine = (u.place.dot(&v.place) / (u.length * v.length)).clamp(-1.0, 1.0);
        (cosine.acos().to_degrees() - wanted).abs() <= ANGLE_TOLERANCE
    };
    let mut fallback = None;
    for a in like(lengths[0]) {
        for b in like(lengths[1]).filter(|b| angle_fits(a, b, angles[2])) {
            for c in like(lengths[2]).filter(|c| angle_fits(a, c, angles[1]) && angle_fits(b, c, angles[0])) {
                let basis = [a, b, c];
                let matrix = Matrix3::from_rows(&basis.map(|point| point.coefficients));
                match determinant(&matrix) {
                    0 => {}
                    det if det > 0 => return Ok(right_handed(basis, matrix)),
                    _ => fallback = fallback.or(Some((basis, matrix))),
                }
            }
        }
    }
    Ok(fallback.map_or((reduced, t), |(basis, matrix)| right_handed(basis, matrix)))
}

/// Lattice vectors up to the longest of the basis that have the length of one of its vectors, in the
/// order in which pymatgen lists them: by octant, then from the last to the first. None for needles,
/// whose basis is taken as it comes.
fn points(reduced: &Lattice, t: &Matrix3<i32>, tolerance: f64) -> Vec<Point> {
    let lengths = reduced.lengths();
    let longest = lengths.into_iter().fold(0.0, f64::max) * (1.0 + tolerance);
    let bounds = reduced.plane_spacings().map(|spacing| (longest / spacing).floor());
    if bounds.iter().map(|bound| 2.0 * bound + 1.0).product::<f64>() > MAX_POINTS {
        return Vec::new();
    }
    let [p, q, r] = bounds.map(|bound| bound as i32);
    let mut points = Vec::with_capacity(16);
    for i in -p..=p {
        for j in -q..=q {
            for k in -r..=r {
                let own = RowVector3::new(i, j, k);
                let place = own.map(f64::from) * reduced.matrix();
                let length = place.norm();
                if lengths.iter().any(|&wanted| (length / wanted - 1.0).abs() < 2.0 * tolerance) {
                    points.push(Point { coefficients: own * t, place, length });
                }
            }
        }
    }
    points.sort_by_key(|point| {
        let octant: [bool; 3] = std::array::from_fn(|k| point.place[k] >= ZERO);
        (octant, Reverse::<[i32; 3]>(point.coefficients.transpose().into()))
    });
    points
}

fn right_handed(basis: [&Point; 3], matrix: Matrix3<i32>) -> (Lattice, Matrix3<i32>) {
    let rows = Matrix3::from_rows(&basis.map(|point| point.place));
    if rows.determinant() < 0.0 {
        return (Lattice::from_matrix(-rows), -matrix);
    }
    (Lattice::from_matrix(rows), matrix)
}

fn determinant(m: &Matrix3<i32>) -> i32 {
    m[(0, 0)] * (m[(1, 1)] * m[(2, 2)] - m[(1, 2)] * m[(2, 1)])
        - m[(0, 1)] * (m[(1, 0)] * m[(2, 2)] - m[(1, 2)] * m[(2, 0)])
        + m[(0, 2)] * (m[(1, 0)] * m[(2, 1)] - m[(1, 1)] * m[(2, 0)])
}

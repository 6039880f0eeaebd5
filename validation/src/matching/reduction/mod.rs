//! Reduced cells as pymatgen's `StructureMatcher` takes them: the Niggli cell, then the smallest cell
//! that a tolerance of 0.25 Å allows.

mod niggli;
mod primitive;

use druse_representations::crystal::wrap;
use druse_representations::nalgebra::{Matrix3, Vector3};

pub(super) use niggli::niggli_cell;
pub(super) use primitive::primitive;

/// Inverse of an integer matrix of determinant 1 or -1.
pub(super) fn unimodular_inverse(m: &Matrix3<i32>) -> Matrix3<f64> {
    let cofactor = |i: usize, j: usize| {
        let ([a, b], [c, d]) = ([(i + 1) % 3, (i + 2) % 3], [(j + 1) % 3, (j + 2) % 3]);
        m[(a, c)] * m[(b, d)] - m[(a, d)] * m[(b, c)]
    };
    let det: i32 = (0..3).map(|j| m[(0, j)] * cofactor(0, j)).sum();
    Matrix3::from_fn(|i, j| f64::from(det * cofactor(j, i)))
}

/// Coordinates in the cell whose vectors are the rows of `t` in the old vectors, in [0, 1).
fn in_new_cell(frac: &Vector3<f64>, inverse: &Matrix3<f64>) -> Vector3<f64> {
    inverse.tr_mul(frac).map(wrap)
}

//! The lattice on which distances are measured: the mean of two mapped ones.

use druse_representations::nalgebra::{Matrix3, Vector3};

/// Lengths (Å) and angles (degrees) of three vectors.
#[derive(Clone, Copy, Debug)]
pub(super) struct Parameters {
    pub(super) lengths: [f64; 3],
    pub(super) angles: [f64; 3],
}

impl Parameters {
    pub(super) fn of(rows: &Matrix3<f64>) -> Self {
        let lengths: [f64; 3] = std::array::from_fn(|i| rows.row(i).norm());
        let angles = std::array::from_fn(|i| {
            let (j, k) = ((i + 1) % 3, (i + 2) % 3);
            let cosine = rows.row(j).dot(&rows.row(k)) / (lengths[j] * lengths[k]);
            cosine.clamp(-1.0, 1.0).acos().to_degrees()
        });
        Self { lengths, angles }
    }
}

/// A lattice with what the comparison of sites needs to know of it.
pub(super) struct Average {
    /// Rows are vectors (Å).
    rows: Matrix3<f64>,
    /// Volume (Å^3).
    pub(super) volume: f64,
    /// Inverse of the plane spacings (1/Å).
    pub(super) inverse_spacings: Vector3<f64>,
}

impl Average {
    /// Means of lengths and angles; `None` when no cell has these.
    pub(super) fn new(x: &Parameters, y: &Parameters) -> Option<Self> {
        let mean = |x: [f64; 3], y: [f64; 3]| -> [f64; 3] { std::array::from_fn(|i| (x[i] + y[i]) / 2.0) };
        let [a, b, c] = mean(x.lengths, y.lengths);
        let [ca, cb, cg] = mean(x.angles, y.angles).map(|angle| angle.to_radians().cos());
        let sg = (1.0 - cg * cg).sqrt();
        let cy = (ca - cb * cg) / sg;
        let cz = (1.0 - cb * cb - cy * cy).sqrt();
        let rows = Matrix3::new(a, 0.0, 0.0, b * cg, b * sg, 0.0, c * cb, c * cy, c * cz);
        let volume = a * b * sg * c * cz;
        (volume > 0.0).then(|| Self { rows, volume, inverse_spacings: inverse_spacings(&rows, volume) })
    }
}

fn inverse_spacings(rows: &Matrix3<f64>, volume: f64) -> Vector3<f64> {
    let face = |i: usize, j: usize| rows.row(i).cross(&rows.row(j)).norm();
    Vector3::new(face(1, 2), face(2, 0), face(0, 1)) / volume
}

/// A short basis of the average lattice, in which nearest images are found by rounding.
pub(super) struct Short {
    /// Rows are vectors (Å).
    pub(super) rows: Matrix3<f64>,
    /// Inverse of the plane spacings (1/Å).
    pub(super) inverse_spacings: Vector3<f64>,
    /// Coordinates in this basis are `to_short` times the old ones (columns).
    pub(super) to_short: Matrix3<f64>,
    /// Half of a lower bound of the length of all lattice vectors, squared (Å^2).
    unique: f64,
}

impl Short {
    pub(super) fn of(average: &Average) -> Self {
        let (rows, mapping) = lll(&average.rows);
        let to_short = super::super::reduction::unimodular_inverse(&mapping).transpose();
        // No lattice vector is shorter than the shortest of the orthogonalised basis.
        let (_, squares, _) = gram_schmidt(&rows);
        let inverse_spacings = inverse_spacings(&rows, average.volume);
        Self { rows, inverse_spacings, to_short, unique: squares.min() / 4.0 }
    }

    /// The shortest way (Å) that differs from `way` (rounded coordinates in this basis) by a lattice
    /// vector, and its square.
    pub(super) fn shortest(&self, way: &Vector3<f64>) -> (Vector3<f64>, f64) {
        let cartesian = self.rows.tr_mul(way);
        let square = cartesian.norm_squared();
        if square <= self.unique {
            return (cartesian, square);
        }
        let mut best = (cartesian, square);
        for i in [-1.0, 0.0, 1.0] {
            for j in [-1.0, 0.0, 1.0] {
                for k in [-1.0, 0.0, 1.0] {
                    let image = cartesian + self.rows.tr_mul(&Vector3::new(i, j, k));
                    let square = image.norm_squared();
                    if square < best.1 {
                        best = (image, square);
                    }
                }
            }
        }
        best
    }
}

/// Orthogonal vectors (rows), their squares, and the coefficients of the basis in them.
fn gram_schmidt(rows: &Matrix3<f64>) -> (Matrix3<f64>, Vector3<f64>, Matrix3<f64>) {
    let mut orthogonal = *rows;
    let mut squares = Vector3::zeros();
    let mut coefficients = Matrix3::identity();
    for i in 0..3 {
        for j in 0..i {
            coefficients[(i, j)] = rows.row(i).dot(&orthogonal.row(j)) / squares[j];
            let part = orthogonal.row(j) * coefficients[(i, j)];
            let rest = orthogonal.row(i) - part;
            orthogonal.set_row(i, &rest);
        }
        squares[i] = orthogonal.row(i).norm_squared();
    }
    (orthogonal, squares, coefficients)
}

/// Basis reduced after A. K. Lenstra, H. W. Lenstra and L. Lovász, Math. Ann. 261, 515-534 (1982),
/// with delta = 3/4, and its coefficients in the old one.
fn lll(rows: &Matrix3<f64>) -> (Matrix3<f64>, Matrix3<i32>) {
    let mut basis = *rows;
    let mut mapping = Matrix3::identity();
    let (_, mut squares, mut mu) = gram_schmidt(&basis);
    let mut k = 1;
    // Vectors of nearly reduced lattices: a few rounds do.
    for _ in 0..100 {
        for j in (0..k).rev() {
            let multiple = mu[(k, j)].round_ties_even();
            if multiple != 0.0 {
                let shorter = basis.row(k) - basis.row(j) * multiple;
                basis.set_row(k, &shorter);
                let combined = mapping.row(k) - mapping.row(j) * (multiple as i32);
                mapping.set_row(k, &combined);
                for i in 0..=j {
                    mu[(k, i)] -= multiple * mu[(j, i)];
                }
            }
        }
        if squares[k] >= (0.75 - mu[(k, k - 1)].powi(2)) * squares[k - 1] {
            k += 1;
            if k == 3 {
                break;
            }
        } else {
            basis.swap_rows(k, k - 1);
            mapping.swap_rows(k, k - 1);
            (_, squares, mu) = gram_schmidt(&basis);
            k = (k - 1).max(1);
        }
    }
    (basis, mapping)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn shortest_images_are_found(
            lengths in prop::array::uniform3(2.0..12.0f64),
            angles in prop::array::uniform3(60.0..120.0f64),
            way in prop::array::uniform3(-0.5..0.5f64),
        ) {
            let parameters = Parameters { lengths, angles };
            let Some(average) = Average::new(&parameters, &parameters) else { return Ok(()) };
            prop_assume!(average.volume > 0.2 * lengths.iter().product::<f64>());
            let again = Parameters::of(&average.rows);
            for i in 0..3 {
                prop_assert!((again.lengths[i] - lengths[i]).abs() < 1e-9);
                prop_assert!((again.angles[i] - angles[i]).abs() < 1e-6);
            }
            let short = Short::of(&average);
            let way = Vector3::from(way);
            let rounded = (short.to_short * way).map(|x| x - x.round());
            let (_, square) = short.shortest(&rounded);
            let mut least = f64::INFINITY;
            for code in 0..9_i32.pow(3) {
                let step = Vector3::new(code % 9, code / 9 % 9, code / 81).map(|x| f64::from(x - 4));
                least = least.min(average.rows.tr_mul(&(way + step)).norm_squared());
            }
            prop_assert!((square - least).abs() < 1e-9, "{square} {least}");
        }
    }
}

//! Lattices: three vectors, cell parameters and metric.
//!
//! Convention of the whole product: the **rows** of the lattice matrix are the vectors a, b, c in
//! Å, so `cartesian = fractional * matrix` with row vectors.

use nalgebra::{Matrix3, Vector3};
use serde::{Deserialize, Serialize};

/// A lattice whose rows are the vectors a, b, c (Å).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "[[f64; 3]; 3]", into = "[[f64; 3]; 3]")]
pub struct Lattice {
    matrix: Matrix3<f64>,
}

/// Cell parameters that span no volume.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[error(
    "impossible cell a={:.4} b={:.4} c={:.4} Å, alpha={:.3} beta={:.3} gamma={:.3}°: it spans no volume",
    .0[0], .0[1], .0[2], .0[3], .0[4], .0[5]
)]
pub struct ImpossibleCell(pub [f64; 6]);

impl Lattice {
    /// Lattice with these rows (Å).
    pub fn from_rows(rows: [[f64; 3]; 3]) -> Self {
        Self { matrix: Matrix3::from_fn(|i, j| rows[i][j]) }
    }

    /// Lattice with this matrix, rows are vectors (Å).
    pub fn from_matrix(matrix: Matrix3<f64>) -> Self {
        Self { matrix }
    }

    /// Lattice from lengths (Å) and angles (degrees) `[a, b, c, alpha, beta, gamma]`, oriented as
    /// is usual: a along x, b in the xy plane, c with positive z.
    ///
    /// # Errors
    /// When the six numbers span no volume.
    pub fn from_parameters(cell: [f64; 6]) -> Result<Self, ImpossibleCell> {
        let [a, b, c, alpha, beta, gamma] = cell;
        let cosine = |degrees: f64| if degrees == 90.0 { 0.0 } else { degrees.to_radians().cos() };
        let (ca, cb, cg) = (cosine(alpha), cosine(beta), cosine(gamma));
        let sg = (1.0 - cg * cg).sqrt();
        let cy = (ca - cb * cg) / sg;
        let cz_squared = 1.0 - cb * cb - cy * cy;
        let fine = a > 0.0 && b > 0.0 && c > 0.0 && sg > 1e-8 && cz_squared > 1e-10;
        if !fine || !cell.iter().all(|x| x.is_finite()) {
            return Err(ImpossibleCell(cell));
        }
        Ok(Self::from_rows([[a, 0.0, 0.0], [b * cg, b * sg, 0.0], [c * cb, c * cy, c * cz_squared.sqrt()]]))
    }

    /// Cubic lattice with edge `a` (Å).
    pub fn cubic(a: f64) -> Self {
        Self { matrix: Matrix3::from_diagonal_element(a) }
    }

    /// Matrix whose rows are the lattice vectors (Å).
    pub fn matrix(&self) -> &Matrix3<f64> {
        &self.matrix
    }

    /// Lattice vector `i` (Å).
    pub fn vector(&self, i: usize) -> Vector3<f64> {
        self.matrix.row(i).transpose()
    }

    /// Rows as plain arrays (Å).
    pub fn rows(&self) -> [[f64; 3]; 3] {
        std::array::from_fn(|i| std::array::from_fn(|j| self.matrix[(i, j)]))
    }

    /// Lengths of a, b, c (Å).
    pub fn lengths(&self) -> [f64; 3] {
        std::array::from_fn(|i| self.vector(i).norm())
    }

    /// Angles alpha, beta, gamma (degrees).
    pub fn angles(&self) -> [f64; 3] {
        std::array::from_fn(|i| {
            let (u, v) = (self.vector((i + 1) % 3), self.vector((i + 2) % 3));
            (u.dot(&v) / (u.norm() * v.norm())).clamp(-1.0, 1.0).acos().to_degrees()
        })
    }

    /// `[a, b, c, alpha, beta, gamma]` in Å and degrees.
    pub fn parameters(&self) -> [f64; 6] {
        let ([a, b, c], [alpha, beta, gamma]) = (self.lengths(), self.angles());
        [a, b, c, alpha, beta, gamma]
    }

    /// Volume of the cell (Å^3), never negative.
    pub fn volume(&self) -> f64 {
        self.matrix.determinant().abs()
    }

    /// Metric tensor G = M M^T (Å^2).
    pub fn metric(&self) -> Matrix3<f64> {
        self.matrix * self.matrix.transpose()
    }

    /// Distances between opposite faces of the cell, perpendicular to a, b and c (Å).
    pub fn plane_spacings(&self) -> [f64; 3] {
        std::array::from_fn(|i| {
            self.volume() / self.vector((i + 1) % 3).cross(&self.vector((i + 2) % 3)).norm()
        })
    }

    /// Cartesian position (Å) of fractional coordinates.
    pub fn to_cartesian(&self, frac: &Vector3<f64>) -> Vector3<f64> {
        self.matrix.tr_mul(frac)
    }

    /// Fractional coordinates of a Cartesian position (Å); `None` for a lattice without volume.
    pub fn to_fractional(&self, cartesian: &Vector3<f64>) -> Option<Vector3<f64>> {
        self.matrix.transpose().try_inverse().map(|inverse| inverse * cartesian)
    }

    /// The same shape scaled to `volume` (Å^3).
    pub fn scaled_to_volume(&self, volume: f64) -> Self {
        Self { matrix: self.matrix * (volume / self.volume()).cbrt() }
    }
}

impl From<[[f64; 3]; 3]> for Lattice {
    fn from(rows: [[f64; 3]; 3]) -> Self {
        Self::from_rows(rows)
    }
}

impl From<Lattice> for [[f64; 3]; 3] {
    fn from(lattice: Lattice) -> Self {
        lattice.rows()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn impossible_cells_are_refused() {
        assert!(Lattice::from_parameters([3.0, 3.0, 3.0, 150.0, 150.0, 150.0]).is_err());
        assert!(Lattice::from_parameters([0.0, 3.0, 3.0, 90.0, 90.0, 90.0]).is_err());
        assert!(Lattice::from_parameters([f64::NAN, 3.0, 3.0, 90.0, 90.0, 90.0]).is_err());
    }

    proptest! {
        #[test]
        fn parameters_round_trip(
            lengths in prop::array::uniform3(1.0..20.0f64),
            angles in prop::array::uniform3(60.0..110.0f64),
        ) {
            let cell = [lengths[0], lengths[1], lengths[2], angles[0], angles[1], angles[2]];
            let lattice = Lattice::from_parameters(cell).unwrap();
            for (got, want) in lattice.parameters().into_iter().zip(cell) {
                prop_assert!((got - want).abs() < 1e-8);
            }
            let frac = Vector3::new(0.1, -0.7, 2.3);
            let back = lattice.to_fractional(&lattice.to_cartesian(&frac)).unwrap();
            prop_assert!((back - frac).norm() < 1e-10);
        }
    }
}

//! The cell without its orientation.
//!
//! Rows of a lattice `L` are its vectors. The polar decomposition `L = exp(S) Q` splits off the
//! orientation `Q`; the symmetric
//!
//! ```text
//! S = log(L Lᵀ) / 2        trace S = ln(volume in Å^3)
//! ```
//!
//! is what is left: six numbers without bounds. Renaming and turning round the vectors by a signed
//! permutation `P` leads to `P S Pᵀ` and coordinates `P f`.

use druse_representations::Lattice;
use nalgebra::{Matrix3, Vector3};

/// Places of the six independent entries of a symmetric matrix.
pub const PLACES: [(usize, usize); 6] = [(0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1)];

/// `S` of a lattice; `None` for one without volume.
pub fn strain_of(lattice: &Lattice) -> Option<Matrix3<f64>> {
    let eigen = lattice.metric().symmetric_eigen();
    if !eigen.eigenvalues.iter().all(|x| x.is_finite() && *x > 0.0) {
        return None;
    }
    let logs = Matrix3::from_diagonal(&eigen.eigenvalues.map(|x| 0.5 * x.ln()));
    Some(eigen.eigenvectors * logs * eigen.eigenvectors.transpose())
}

/// The symmetric cell `exp(S)`; rows are vectors (Å).
pub fn cell_of(strain: &Matrix3<f64>) -> Matrix3<f64> {
    let eigen = strain.symmetric_eigen();
    let scales = Matrix3::from_diagonal(&eigen.eigenvalues.map(f64::exp));
    eigen.eigenvectors * scales * eigen.eigenvectors.transpose()
}

/// The part of a symmetric matrix without trace.
pub fn deviator(strain: &Matrix3<f64>) -> Matrix3<f64> {
    strain - Matrix3::identity() * (strain.trace() / 3.0)
}

/// The 24 signed permutations that act differently on a symmetric matrix (`P` and `-P` act alike).
pub fn signed_permutations() -> Vec<Matrix3<f64>> {
    let mut all = Vec::with_capacity(24);
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        for signs in [[1.0, 1.0, 1.0], [1.0, 1.0, -1.0], [1.0, -1.0, 1.0], [-1.0, 1.0, 1.0]] {
            all.push(Matrix3::from_fn(|i, j| if order[i] == j { signs[i] } else { 0.0 }));
        }
    }
    all
}

/// Fractional coordinates with every component moved by a whole number into [-1/2, 1/2].
pub fn shortest(difference: Vector3<f64>) -> Vector3<f64> {
    difference.map(|x| x - x.round())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strain_keeps_lengths_and_angles() {
        let cell = [3.1, 4.2, 5.3, 81.0, 95.0, 112.0];
        let lattice = Lattice::from_parameters(cell).unwrap();
        let strain = strain_of(&lattice).unwrap();
        assert!((strain.trace() - lattice.volume().ln()).abs() < 1e-10);
        let back = Lattice::from_matrix(cell_of(&strain)).parameters();
        cell.iter().zip(back).for_each(|(a, b)| assert!((a - b).abs() < 1e-9));
    }

    #[test]
    fn signed_permutations_rename_vectors() {
        let lattice = Lattice::from_parameters([3.1, 4.2, 5.3, 81.0, 95.0, 112.0]).unwrap();
        let strain = strain_of(&lattice).unwrap();
        let frac = Vector3::new(0.1, -0.3, 0.45);
        let length = |strain: &Matrix3<f64>, f: &Vector3<f64>| cell_of(strain).tr_mul(f).norm();
        let all = signed_permutations();
        assert_eq!(all.len(), 24);
        for p in all {
            let turned = p * strain * p.transpose();
            assert!((length(&strain, &frac) - length(&turned, &(p * frac))).abs() < 1e-10);
        }
    }
}

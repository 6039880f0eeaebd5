//! Supercells from integer matrices.

use nalgebra::{Matrix3, Vector3};

use crate::crystal::{Crystal, Site};
use crate::lattice::Lattice;
use crate::reduction::hermite::hermite;

/// Largest number of sites that [`supercell`] makes.
pub const MAX_SITES: usize = 1_000_000;

/// Why there is no such supercell.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SupercellError {
    /// The matrix has determinant 0.
    #[error("the supercell matrix {0:?} has determinant 0")]
    Singular([[i32; 3]; 3]),
    /// The supercell would be too large.
    #[error("the supercell matrix {matrix:?} gives {sites} sites; at most {MAX_SITES} are made")]
    TooLarge {
        /// The matrix.
        matrix: [[i32; 3]; 3],
        /// Number of sites it leads to.
        sites: u128,
    },
}

/// The crystal in the cell with vectors `matrix * (a, b, c)` (rows): `|det|` times the sites, copies
/// of each site together and in the order of the original, coordinates in [0, 1).
///
/// # Errors
/// For a singular matrix, and above [`MAX_SITES`] sites.
pub fn supercell(crystal: &Crystal, matrix: &Matrix3<i32>) -> Result<Crystal, SupercellError> {
    let rows: [[i32; 3]; 3] = std::array::from_fn(|i| std::array::from_fn(|j| matrix[(i, j)]));
    let singular = || SupercellError::Singular(rows);
    let wide = rows.map(|row| row.map(i128::from));
    let minor = |i: usize, j: usize| wide[1][i] * wide[2][j] - wide[1][j] * wide[2][i];
    let determinant = wide[0][0] * minor(1, 2) - wide[0][1] * minor(0, 2) + wide[0][2] * minor(0, 1);
    if determinant == 0 {
        return Err(singular());
    }
    let sites = determinant.unsigned_abs().saturating_mul(crystal.sites.len().max(1) as u128);
    if sites > MAX_SITES as u128 {
        return Err(SupercellError::TooLarge { matrix: rows, sites });
    }
    let basis = hermite(rows.iter().map(|row| row.map(i64::from)).collect()).ok_or_else(singular)?;
    let real = matrix.map(f64::from);
    let inverse = real.transpose().try_inverse().ok_or_else(singular)?;
    // One lattice point of the small cell for each residue class of the large one.
    let mut shifts = Vec::new();
    for i in 0..basis[0][0] {
        for j in 0..basis[1][1] {
            for k in 0..basis[2][2] {
                shifts.push(Vector3::new(i as f64, j as f64, k as f64));
            }
        }
    }
    let sites = crystal
        .sites
        .iter()
        .flat_map(|site| {
            shifts
                .iter()
                .map(|shift| Site { occupants: site.occupants.clone(), frac: inverse * (site.frac + shift) })
        })
        .collect();
    let lattice = Lattice::from_matrix(real * crystal.lattice.matrix());
    Ok(Crystal { lattice, sites }.wrapped())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shared_lattice_points_are_not_repeated() {
        let fe = "Fe".parse().unwrap();
        let iron = Crystal::ordered(Lattice::cubic(2.87), [(fe, [0.1, 0.2, 0.3])]);
        let matrix = Matrix3::new(1, 1, 0, -1, 1, 0, 0, 1, 3);
        let large = supercell(&iron, &matrix).unwrap();
        assert_eq!(large.sites.len(), 6);
        assert!((large.density() - iron.density()).abs() < 1e-9);
        // Back in the small cell all copies are the one site.
        for (k, site) in large.sites.iter().enumerate() {
            let x = matrix.map(f64::from).tr_mul(&site.frac) - iron.sites[0].frac;
            assert!(x.iter().all(|d| (d - d.round()).abs() < 1e-9), "{k} {x}");
            for other in &large.sites[..k] {
                let d = site.frac - other.frac;
                assert!(d.iter().any(|d| (d - d.round()).abs() > 1e-6));
            }
        }
    }

    #[test]
    fn impossible_matrices_are_refused() {
        let fe = "Fe".parse().unwrap();
        let iron = Crystal::ordered(Lattice::cubic(2.87), [(fe, [0.0; 3])]);
        let flat = Matrix3::new(1, 0, 0, 2, 0, 0, 0, 0, 1);
        assert!(matches!(supercell(&iron, &flat), Err(SupercellError::Singular(_))));
        let huge = Matrix3::from_diagonal_element(i32::MAX);
        assert!(matches!(supercell(&iron, &huge), Err(SupercellError::TooLarge { .. })));
    }
}

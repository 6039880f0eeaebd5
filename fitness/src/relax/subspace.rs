//! The directions in which a crystal can relax without losing its symmetry.

use druse_representations::Crystal;
use druse_representations::symmetry::CellSymmetry;
use nalgebra::{DMatrix, DVector, Matrix3, Vector3};

use super::options::CellFreedom;

/// What is left of a vector below this length is rounding.
const NOTHING: f64 = 1e-6;

/// An orthonormal basis of the displacements (one row an atom, Å, then three rows of the cell; see
/// [`Filter`](super::filter::Filter)) that keep a symmetry and the fixed parts of the cell: the free parameters of the
/// occupied positions, and the strains that the crystal system allows.
pub(super) struct Subspace {
    /// A column a direction, three numbers a row.
    basis: DMatrix<f64>,
}

impl Subspace {
    pub(super) fn new(crystal: &Crystal, symmetry: &CellSymmetry, freedom: CellFreedom) -> Self {
        let sites = crystal.sites.len();
        let rotations = symmetry.cartesian_rotations(&crystal.lattice);
        let mut columns: Vec<DVector<f64>> = Vec::new();
        for orbit in symmetry.orbits() {
            // Orbits share no site, so that their directions are orthogonal.
            let first = columns.len();
            for axis in 0..3 {
                let mut vectors = vec![Vector3::zeros(); sites];
                vectors[orbit.representative as usize][axis] = 1.0;
                symmetry.symmetrise_vectors(&rotations, &mut vectors);
                let flat = vectors.iter().flatten().copied().chain([0.0; 9]);
                push_orthogonal(&mut columns, first, DVector::from_iterator(3 * sites + 9, flat));
            }
        }
        let first = columns.len();
        for strain in strains(freedom) {
            let strain = symmetry.symmetrised_tensor(&rotations, &strain);
            let flat = std::iter::repeat_n(0.0, 3 * sites).chain(strain.iter().copied());
            push_orthogonal(&mut columns, first, DVector::from_iterator(3 * sites + 9, flat));
        }
        let basis = match columns.is_empty() {
            true => DMatrix::zeros(3 * sites + 9, 0),
            false => DMatrix::from_columns(&columns),
        };
        Self { basis }
    }

    /// Number of directions.
    #[cfg(test)]
    pub(super) fn dimension(&self) -> usize {
        self.basis.ncols()
    }

    /// Components of rows (forces or displacements) along the directions.
    pub(super) fn components(&self, rows: &[Vector3<f64>]) -> DVector<f64> {
        let flat = DVector::from_iterator(self.basis.nrows(), rows.iter().flatten().copied());
        self.basis.tr_mul(&flat)
    }

    /// Rows with these components.
    pub(super) fn rows(&self, components: &DVector<f64>) -> Vec<Vector3<f64>> {
        let flat = &self.basis * components;
        flat.as_slice().chunks_exact(3).map(Vector3::from_column_slice).collect()
    }

    /// The directions, as rows.
    pub(super) fn directions(&self) -> impl Iterator<Item = Vec<Vector3<f64>>> {
        let rows = |column: &[f64]| column.chunks_exact(3).map(Vector3::from_column_slice).collect();
        self.basis.column_iter().map(move |column| rows(column.as_slice()))
    }

    /// A quadratic form on rows, restricted to the directions.
    pub(super) fn restricted(&self, form: &DMatrix<f64>) -> DMatrix<f64> {
        self.basis.tr_mul(&(form * &self.basis))
    }
}

/// Adds what of `column` is orthogonal to the columns from `first` on.
fn push_orthogonal(columns: &mut Vec<DVector<f64>>, first: usize, column: DVector<f64>) {
    let new = orthogonal(column, &columns[first..], NOTHING);
    columns.extend(new);
}

/// What of a vector is orthogonal to the others (orthonormal), of length one; `None` where no more than `least` of it is left.
pub(super) fn orthogonal(
    mut vector: DVector<f64>,
    others: &[DVector<f64>],
    least: f64,
) -> Option<DVector<f64>> {
    // Twice is enough (W. Kahan; see Giraud et al., Numer. Math. 101, 87 (2005)).
    for _ in 0..2 {
        for other in others {
            vector -= other * other.dot(&vector);
        }
    }
    let length = vector.norm();
    (length > least).then(|| vector / length)
}

/// Strains that the cell is free to take.
fn strains(freedom: CellFreedom) -> Vec<Matrix3<f64>> {
    // xx, yy, zz, yz, xz, xy
    const PLACES: [[usize; 2]; 6] = [[0, 0], [1, 1], [2, 2], [1, 2], [0, 2], [0, 1]];
    let unit = |[i, j]: [usize; 2]| {
        let mut strain = Matrix3::zeros();
        strain[(i, j)] = 1.0;
        strain[(j, i)] = 1.0;
        strain
    };
    let all = PLACES.map(unit);
    match freedom {
        CellFreedom::Free => all.to_vec(),
        CellFreedom::Hydrostatic => vec![Matrix3::identity()],
        CellFreedom::ConstantVolume => {
            all.iter().map(|strain| strain - Matrix3::identity() * (strain.trace() / 3.0)).collect()
        }
        CellFreedom::Components(free) => {
            all.iter().zip(free).filter(|(_, free)| *free).map(|(strain, _)| *strain).collect()
        }
        CellFreedom::Fixed => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::relax::tests::rutile;

    #[test]
    fn directions_are_the_free_parameters() {
        // Rutile: a, c and u of oxygen.
        let (crystal, symmetry) = CellSymmetry::find(&rutile(4.594, 2.959, 0.305), 1e-3);
        let dimension =
            |freedom, symmetry: &CellSymmetry| Subspace::new(&crystal, symmetry, freedom).dimension();
        assert_eq!(dimension(CellFreedom::Free, &symmetry), 3);
        assert_eq!(dimension(CellFreedom::ConstantVolume, &symmetry), 2);
        assert_eq!(dimension(CellFreedom::Fixed, &symmetry), 1);
        let none = CellSymmetry::trivial(6);
        assert_eq!(dimension(CellFreedom::Free, &none), 24);
        assert_eq!(dimension(CellFreedom::Hydrostatic, &none), 19);
        let subspace = Subspace::new(&crystal, &symmetry, CellFreedom::Free);
        let rows = subspace.rows(&DVector::from_vec(vec![0.1, -0.2, 0.3]));
        let back = subspace.components(&rows);
        assert!((back - DVector::from_vec(vec![0.1, -0.2, 0.3])).norm() < 1e-12);
        // Oxygen moves along the diagonal, titanium not at all.
        assert!(rows[0].norm() < 1e-12 && (rows[2].x - rows[2].y).abs() < 1e-12 && rows[2].z.abs() < 1e-12);
    }
}

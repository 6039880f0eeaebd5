//! Whether a crystal at rest in its symmetry is at rest without it.
//!
//! Forces that keep a symmetry vanish on a saddle as they do in a valley: the perovskite with straight bonds, whose octahedra would
//! rather tilt, never leaves it. The direction of least curvature that breaks the symmetry is looked for with Davidson's method
//! (J. Comput. Phys. 17, 87 (1975)), the springs between near atoms for a preconditioner; each of its products with the second
//! derivative is a difference of forces, so one call of the potential.

use nalgebra::{Cholesky, DMatrix, DVector, Dyn, SymmetricEigen, Vector3};

use super::subspace::{Subspace, orthogonal};
use super::walker::largest_row;

/// Longest row (Å) of a displacement whose forces tell a curvature.
const REACH: f64 = 0.02;
/// Curvature (eV/Å^2) below which a direction leads down: above the rounding of single precision and the third derivative.
const DOWNHILL: f64 = -0.1;
/// Most products for one crystal, and how near (eV/Å^2) the residual must be for fewer.
const PRODUCTS: usize = 10;
const RESIDUAL: f64 = 0.2;
/// Share of a direction below which nothing of it is left after the others were taken out.
const NOTHING: f64 = 1e-6;

/// A search under way.
pub(super) struct Softest {
    /// All directions that the cell and the atoms have without the symmetry.
    all: Subspace,
    /// Those that keep it, and the translations, in components of `all`: a column each, orthonormal.
    apart: DMatrix<f64>,
    springs: Cholesky<f64, Dyn>,
    /// Gradient where the search stands.
    gradient: DVector<f64>,
    /// Orthonormal directions so far and their products with the second derivative; of the last direction not yet.
    directions: Vec<DVector<f64>>,
    products: Vec<DVector<f64>>,
}

/// What a product told.
pub(super) enum Found {
    /// Not enough.
    Nothing,
    /// No direction leads down.
    Valley,
    /// This one does (rows, the longest of them 1).
    Downhill(Vec<Vector3<f64>>),
}

impl Softest {
    /// A search from a point with these forces (rows), where `kept` are the directions that keep its symmetry, `all` those without
    /// it, and `curvature` is a guess of the second derivative (rows); `None` where no direction breaks the symmetry.
    pub(super) fn new(
        all: Subspace,
        kept: &Subspace,
        forces: &[Vector3<f64>],
        curvature: &DMatrix<f64>,
    ) -> Option<Self> {
        let atoms = forces.len() - 3;
        let translation = |axis: usize| {
            let mut rows = vec![Vector3::zeros(); atoms + 3];
            rows[..atoms].iter_mut().for_each(|row| row[axis] = 1.0);
            rows
        };
        let mut apart: Vec<DVector<f64>> = Vec::new();
        for rows in kept.directions().chain((0..3).map(translation)) {
            if let Some(column) = new_beside(all.components(&rows), &apart) {
                apart.push(column);
            }
        }
        let mut search = Self {
            gradient: -all.components(forces),
            springs: all.restricted(curvature).cholesky()?,
            apart: DMatrix::from_columns(&apart),
            directions: Vec::new(),
            products: Vec::new(),
            all,
        };
        // Any direction will do that is soft and has no symmetry: one of a fixed sequence without a pattern.
        let noise = (1..=search.gradient.len()).map(|k| (k as f64 * 0.618_033_988_749_895).fract() - 0.5);
        let start = DVector::from_iterator(search.gradient.len(), noise);
        let start = search.springs.solve(&start);
        search.add(start).then_some(search)
    }

    /// The displacement (rows, Å) whose forces are wanted next.
    pub(super) fn asks(&self) -> Vec<Vector3<f64>> {
        let mut rows = self.all.rows(&self.directions[self.directions.len() - 1]);
        let scale = REACH / largest_row(rows.iter().copied());
        rows.iter_mut().for_each(|row| *row *= scale);
        rows
    }

    /// Takes in the forces (rows) of the displacement that was asked for.
    pub(super) fn take(&mut self, forces: &[Vector3<f64>]) -> Found {
        let last = &self.directions[self.directions.len() - 1];
        let length = REACH / largest_row(self.all.rows(last).into_iter());
        let product = (-self.all.components(forces) - &self.gradient) / length;
        self.products.push(self.without_apart(product));
        let (curvature, weights) = self.lowest();
        let direction = combined(&self.directions, &weights);
        if curvature < DOWNHILL {
            let mut rows = self.all.rows(&direction);
            let longest = largest_row(rows.iter().copied());
            rows.iter_mut().for_each(|row| *row /= longest);
            return Found::Downhill(rows);
        }
        let residual = combined(&self.products, &weights) - curvature * direction;
        let enough = residual.norm() < RESIDUAL || self.products.len() == PRODUCTS;
        let next = self.springs.solve(&residual);
        if enough || !self.add(next) { Found::Valley } else { Found::Nothing }
    }

    /// The least curvature among the directions so far, and the weights of the direction that has it.
    fn lowest(&self) -> (f64, DVector<f64>) {
        let count = self.products.len();
        let form = DMatrix::from_fn(count, count, |i, j| {
            0.5 * (self.directions[i].dot(&self.products[j]) + self.directions[j].dot(&self.products[i]))
        });
        let eigen = SymmetricEigen::new(form);
        let (lowest, curvature) = eigen.eigenvalues.argmin();
        (curvature, eigen.eigenvectors.column(lowest).into_owned())
    }

    /// Adds what is new of a direction; whether anything was.
    fn add(&mut self, direction: DVector<f64>) -> bool {
        let direction = self.without_apart(direction);
        let new = new_beside(direction, &self.directions);
        new.map(|direction| self.directions.push(direction)).is_some()
    }

    fn without_apart(&self, vector: DVector<f64>) -> DVector<f64> {
        let components = self.apart.tr_mul(&vector);
        vector - &self.apart * components
    }
}

/// What of a vector is new beside the others (orthonormal), of length one; `None` where nothing is.
fn new_beside(vector: DVector<f64>, others: &[DVector<f64>]) -> Option<DVector<f64>> {
    let least = NOTHING * vector.norm();
    orthogonal(vector, others, least)
}

fn combined(vectors: &[DVector<f64>], weights: &DVector<f64>) -> DVector<f64> {
    let zero = DVector::zeros(vectors[0].len());
    vectors.iter().zip(weights.iter()).fold(zero, |sum, (vector, weight)| sum + vector * *weight)
}

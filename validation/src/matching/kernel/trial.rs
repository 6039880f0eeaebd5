//! One mapping of sites that a search came across.

use druse_representations::nalgebra::{Matrix3, SymmetricEigen, Vector3};

use super::lattices::LatticeMap;

/// A mapping of all sites, seen while searching: cheap to judge, [`Self::alignment`] keeps it.
pub struct Trial<'a> {
    pub(super) map: &'a LatticeMap,
    /// Rows of the lattice that `map` was laid on, in the scale of the search.
    pub(super) target: &'a Matrix3<f64>,
    /// Which crystal's lattice points were searched.
    pub(super) first_moves: bool,
    /// Whether the rows of the assignment are sites of the first crystal.
    pub(super) rows_are_first: bool,
    /// How many sites of the moving side stand for one of its cell.
    pub(super) factor: usize,
    /// Column of each row.
    pub(super) columns: &'a [usize],
    /// Distance of each pair.
    pub(super) distances: &'a [f64],
    /// Translation added to the rows (fractional, in the target's basis).
    pub(super) translation: Vector3<f64>,
    /// Length that distances are measured in (Å): (V/N)^(1/3) of the mean lattice.
    pub(super) unit: f64,
}

/// A mapping of two crystals.
#[derive(Clone, Debug, PartialEq)]
pub struct Alignment {
    /// Root mean square distance of the pairs, units of (V/N)^(1/3).
    pub rms: f64,
    /// That unit (Å), of the mean of the two mapped lattices, in the scale of the search.
    pub unit: f64,
    /// Largest distance of the pairs, in the same unit.
    pub largest: f64,
    /// Distance of each pair, in the same unit.
    pub distances: Vec<f64>,
    /// Pairs of sites: index in the first's cell, index in the second's cell. When one cell is
    /// repeated its sites stand in several pairs.
    pub sites: Vec<(usize, usize)>,
    /// Vectors of one lattice (rows: coefficients in its cell) that lie on those of the other.
    pub lattice: [[i32; 3]; 3],
    /// Whether `lattice` holds vectors of the first that lie on the second's cell (else the reverse).
    pub of_first: bool,
    /// Translation to be added to the coordinates of the second, fractional in the basis that both
    /// share: the rows of `lattice`, and the cell of the other crystal.
    pub translation: [f64; 3],
    /// Largest principal strain (absolute) between the mapped lattices at equal volume.
    pub strain: f64,
}

impl Trial<'_> {
    /// Root mean square distance of the pairs, units of (V/N)^(1/3).
    pub fn rms(&self) -> f64 {
        let squares: f64 = self.distances.iter().map(|d| d * d).sum();
        (squares / self.distances.len() as f64).sqrt()
    }

    /// Largest distance of the pairs, in the same unit.
    pub fn largest(&self) -> f64 {
        self.distances.iter().copied().fold(0.0, f64::max)
    }

    /// The mapping, to keep.
    pub fn alignment(&self) -> Alignment {
        let sites = self.columns.iter().enumerate().map(|(row, &column)| {
            let (first, second) = if self.rows_are_first { (row, column) } else { (column, row) };
            if self.first_moves { (first / self.factor, second) } else { (first, second / self.factor) }
        });
        let towards_second = if self.rows_are_first { -self.translation } else { self.translation };
        let m = &self.map.matrix;
        Alignment {
            rms: self.rms(),
            unit: self.unit,
            largest: self.largest(),
            distances: self.distances.to_vec(),
            sites: sites.collect(),
            lattice: std::array::from_fn(|i| std::array::from_fn(|j| m[(i, j)])),
            of_first: self.first_moves,
            translation: towards_second.map(|x| x - x.round()).into(),
            strain: principal_strain(&self.map.rows, self.target),
        }
    }
}

/// Largest deviation from 1 of the principal stretches that turn one basis (rows) into the other, at
/// equal volume.
fn principal_strain(from: &Matrix3<f64>, to: &Matrix3<f64>) -> f64 {
    let Some(inverse) = from.try_inverse() else { return f64::INFINITY };
    let deformation = inverse * to;
    let squares = SymmetricEigen::new(deformation.transpose() * deformation).eigenvalues;
    let stretches = squares.map(|x| x.max(0.0).sqrt());
    let mean = stretches.product().cbrt();
    stretches.iter().map(|stretch| (stretch / mean - 1.0).abs()).fold(0.0, f64::max)
}

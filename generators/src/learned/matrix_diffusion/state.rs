//! Crystals on their way from noise, and batches of them as tensors.

use druse_representations::nalgebra::{Matrix3, Vector3};
use tch::Tensor;

use crate::learned::matrix::strain::{PLACES, cell_of, deviator};
use crate::learned::matrix::surroundings::Surroundings;
use crate::learned::nets::elements::radius;
use crate::learned::nets::{Edges, Groups, outer};

/// Copies of a cell next to it, one of each opposite pair.
pub const CELL_VECTORS: i64 = 13;

/// A crystal with noise.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// Logarithm of the symmetric cell.
    pub strain: Matrix3<f64>,
    /// Fractional coordinates.
    pub frac: Vec<Vector3<f64>>,
    /// Atomic numbers, 0 where hidden.
    pub elements: Vec<u8>,
    /// Noise of each atom's coordinates, 0 none to 1 nothing else.
    pub noise: Vec<f64>,
    /// Noise of the cell.
    pub cell_noise: f64,
}

/// The network's view of some crystals, atoms one after the other. `B` crystals, `M` atoms, `k` neighbours.
#[derive(Debug)]
pub struct Batch {
    /// Atoms of each crystal.
    pub groups: Groups,
    /// Atomic numbers, `[M]`.
    pub elements: Tensor,
    /// Noise of the coordinates, `[M]`.
    pub noise: Tensor,
    /// Noise of the cells, `[B]`.
    pub cell_noise: Tensor,
    /// Neighbours.
    pub edges: Edges,
    /// Distances (Å), `[M, k, 1]`.
    pub distance: Tensor,
    /// Distances in sums of covalent radii, `[M, k, 1]`.
    pub ratio: Tensor,
    /// Logarithms of the lengths of the cell's 13 shortest translations over `(V/N)^(1/3)`, `[B, 13, 1]`.
    pub cell_length: Tensor,
    /// Their traceless outer products, `[B, 13, 6]`.
    pub cell_outer: Tensor,
    /// Traceless part of the strain, `[B, 6]`.
    pub deviator: Tensor,
    /// Logarithm of the volume per atom (Å^3), `[B, 1]`.
    pub volume: Tensor,
}

/// Edge of a cube with the volume of one atom (Å).
pub fn length_scale(strain: &Matrix3<f64>, atoms: usize) -> f64 {
    ((strain.trace() - (atoms as f64).ln()) / 3.0).exp()
}

/// A symmetric matrix as six numbers in Mandel's notation: off-diagonal entries times the root of 2, so
/// that the product of two rows is that of the matrices.
pub fn mandel(matrix: &Matrix3<f64>) -> [f64; 6] {
    std::array::from_fn(|p| {
        let (i, j) = PLACES[p];
        if i == j { matrix[(i, j)] } else { matrix[(i, j)] * std::f64::consts::SQRT_2 }
    })
}

/// The matrix of six numbers in Mandel's notation.
pub fn from_mandel(row: &[f64]) -> Matrix3<f64> {
    let mut matrix = Matrix3::zeros();
    for (&(i, j), &x) in PLACES.iter().zip(row) {
        let x = if i == j { x } else { x / std::f64::consts::SQRT_2 };
        matrix[(i, j)] = x;
        matrix[(j, i)] = x;
    }
    matrix
}

impl Batch {
    /// From these crystals, each atom with `k` neighbours.
    pub fn new(states: &[State], k: usize) -> Self {
        let (mut owner, mut elements, mut noise) = (Vec::new(), Vec::new(), Vec::new());
        let (mut neighbour, mut direction, mut outers) = (Vec::new(), Vec::new(), Vec::new());
        let (mut distance, mut ratio, mut weight) = (Vec::new(), Vec::new(), Vec::new());
        let (mut cell_length, mut cell_outer, mut deviators) = (Vec::new(), Vec::new(), Vec::new());
        let (mut atoms, mut volume) = (Vec::new(), Vec::new());
        for (place, state) in states.iter().enumerate() {
            let n = state.frac.len();
            let first = owner.len() as i64;
            let cell = cell_of(&state.strain);
            let around = Surroundings::of(&cell, &state.frac, k);
            for i in 0..n {
                for e in i * k..(i + 1) * k {
                    let other = around.neighbour[e] as usize;
                    neighbour.push(first + other as i64);
                    direction.extend(around.direction[e]);
                    outers.extend(outer(around.direction[e]));
                    let sum = radius(state.elements[i]) + radius(state.elements[other]);
                    ratio.push(around.distance[e] / sum as f32);
                }
            }
            distance.extend(around.distance);
            weight.extend(around.weight);
            owner.extend(std::iter::repeat_n(place as i64, n));
            elements.extend(state.elements.iter().map(|&z| i64::from(z)));
            noise.extend(state.noise.iter().map(|&s| s as f32));
            let scale = length_scale(&state.strain, n);
            for v in half_star(&cell) {
                let length = v.norm().max(1e-6);
                cell_length.push((length / scale).ln() as f32);
                let unit = v / length;
                cell_outer.extend(outer([unit.x as f32, unit.y as f32, unit.z as f32]));
            }
            deviators.extend(mandel(&deviator(&state.strain)).map(|x| x as f32));
            atoms.push(n as f32);
            volume.push((3.0 * scale.ln()) as f32);
        }
        let (m, b, k) = (owner.len() as i64, states.len() as i64, k as i64);
        let cell_noise: Vec<f32> = states.iter().map(|state| state.cell_noise as f32).collect();
        Self {
            groups: Groups {
                owner: Tensor::from_slice(&owner),
                atoms: Tensor::from_slice(&atoms).view([b, 1]),
            },
            elements: Tensor::from_slice(&elements),
            noise: Tensor::from_slice(&noise),
            cell_noise: Tensor::from_slice(&cell_noise),
            edges: Edges {
                neighbour: Tensor::from_slice(&neighbour),
                direction: Tensor::from_slice(&direction).view([m, k, 3]),
                outer: Tensor::from_slice(&outers).view([m, k, 6]),
                weight: Tensor::from_slice(&weight).view([m, k, 1]),
            },
            distance: Tensor::from_slice(&distance).view([m, k, 1]),
            ratio: Tensor::from_slice(&ratio).view([m, k, 1]),
            cell_length: Tensor::from_slice(&cell_length).view([b, CELL_VECTORS, 1]),
            cell_outer: Tensor::from_slice(&cell_outer).view([b, CELL_VECTORS, 6]),
            deviator: Tensor::from_slice(&deviators).view([b, 6]),
            volume: Tensor::from_slice(&volume).view([b, 1]),
        }
    }
}

/// The 13 translations to copies next to the cell, one of each opposite pair (Cartesian).
fn half_star(cell: &Matrix3<f64>) -> Vec<Vector3<f64>> {
    let mut all = Vec::with_capacity(CELL_VECTORS as usize);
    for x in -1i32..=1 {
        for y in -1..=1 {
            for z in -1..=1 {
                if (x, y, z) > (0, 0, 0) {
                    all.push(cell.tr_mul(&Vector3::new(f64::from(x), f64::from(y), f64::from(z))));
                }
            }
        }
    }
    all
}

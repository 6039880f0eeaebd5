//! The nearest neighbours of every atom, as arrays of fixed width.
//!
//! Every atom sees its `k` nearest neighbours, periodic copies counted one by one, its own included.
//! Their weight falls smoothly to zero at the distance of neighbour `k + 1`, so that a shell of equal
//! distances is never cut in two: an atom at a centre of symmetry keeps a symmetric surrounding, and
//! nothing jumps when neighbours change places.

use nalgebra::{Matrix3, Vector3};

use super::strain::shortest;

/// Planes of a cell that are closer than this (Å) are passed twice on the way to neighbours.
const THIN: f64 = 3.5;

/// Neighbours of the atoms of one cell: entry `i * k + e` is neighbour `e` of atom `i`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Surroundings {
    /// Index of the neighbour in the cell.
    pub neighbour: Vec<u32>,
    /// Direction of the neighbour, a unit vector (Cartesian).
    pub direction: Vec<[f32; 3]>,
    /// Distance (Å).
    pub distance: Vec<f32>,
    /// Weight, 1 near to 0 at the distance of the first neighbour that is left out.
    pub weight: Vec<f32>,
}

impl Surroundings {
    /// The `k` nearest neighbours in a cell (rows are vectors, Å) that is not very skew. `k` is at most
    /// 26 for one atom and the width of the arrays always.
    pub fn of(cell: &Matrix3<f64>, frac: &[Vector3<f64>], k: usize) -> Self {
        let mut found = Self::default();
        let images = images(cell);
        let mut near: Vec<(f64, u32, Vector3<f64>)> = Vec::with_capacity(frac.len() * images.len());
        for (i, centre) in frac.iter().enumerate() {
            near.clear();
            for (j, other) in frac.iter().enumerate() {
                let way = cell.tr_mul(&shortest(other - centre));
                for (image, home) in &images {
                    if i == j && *home {
                        continue;
                    }
                    let d = way + image;
                    near.push((d.norm_squared(), j as u32, d));
                }
            }
            let last = k.min(near.len() - 1);
            near.select_nth_unstable_by(last, |a, b| a.0.total_cmp(&b.0));
            let reach = near[last].0.sqrt().max(1e-6);
            for e in 0..k {
                let Some((squared, j, d)) = near.get(e) else {
                    found.push(i as u32, [0.0; 3], 0.0, 0.0);
                    continue;
                };
                let distance = squared.sqrt();
                let unit = d / distance.max(1e-6);
                let weight = envelope(distance / reach);
                found.push(*j, [unit.x as f32, unit.y as f32, unit.z as f32], distance as f32, weight as f32);
            }
        }
        found
    }

    fn push(&mut self, neighbour: u32, direction: [f32; 3], distance: f32, weight: f32) {
        self.neighbour.push(neighbour);
        self.direction.push(direction);
        self.distance.push(distance);
        self.weight.push(weight);
    }
}

/// Lattice vectors (Cartesian) of the copies that are looked at, and whether it is the cell itself.
fn images(cell: &Matrix3<f64>) -> Vec<(Vector3<f64>, bool)> {
    let volume = cell.determinant().abs();
    let reach: [i32; 3] = std::array::from_fn(|i| {
        let (a, b) = (cell.row((i + 1) % 3), cell.row((i + 2) % 3));
        if volume / a.cross(&b).norm() < THIN { 2 } else { 1 }
    });
    let mut images = Vec::new();
    for x in -reach[0]..=reach[0] {
        for y in -reach[1]..=reach[1] {
            for z in -reach[2]..=reach[2] {
                let n = Vector3::new(f64::from(x), f64::from(y), f64::from(z));
                images.push((cell.tr_mul(&n), x == 0 && y == 0 && z == 0));
            }
        }
    }
    images
}

/// 1 at 0 to 0 at 1 with two continuous derivatives: `1 - 28 x^6 + 48 x^7 - 21 x^8` (Gasteiger et al.,
/// arXiv:2003.03123).
fn envelope(x: f64) -> f64 {
    if x >= 1.0 {
        return 0.0;
    }
    let six = x.powi(6);
    1.0 - six * (28.0 - 48.0 * x + 21.0 * x * x)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shells_are_not_cut() {
        // Face-centred cubic: 12 neighbours, then 6: the 16 nearest cannot hold the second shell.
        let (h, a) = (0.5, 4.0);
        let cell = Matrix3::new(0.0, h, h, h, 0.0, h, h, h, 0.0) * a;
        let found = Surroundings::of(&cell, &[Vector3::new(0.3, 0.2, 0.9)], 16);
        assert_eq!(found.neighbour.len(), 16);
        let counted = found.weight.iter().filter(|w| **w > 1e-6).count();
        assert_eq!(counted, 12);
        for axis in 0..3 {
            let sum: f32 = (0..16).map(|e| found.weight[e] * found.direction[e][axis]).sum();
            assert!(sum.abs() < 1e-5);
        }
    }

    #[test]
    fn distances_are_those_of_the_neighbour_list() {
        use druse_representations::{Lattice, Neighbours};
        let lattice = Lattice::from_parameters([3.2, 4.0, 5.5, 80.0, 95.0, 105.0]).unwrap();
        let frac = [Vector3::new(0.1, 0.2, 0.3), Vector3::new(0.6, 0.8, 0.9), Vector3::new(0.4, 0.1, 0.7)];
        let found = Surroundings::of(lattice.matrix(), &frac, 12);
        let list = Neighbours::of_points(&lattice, &frac, 8.0).unwrap();
        for i in 0..3 {
            let mut want: Vec<f64> = list.around(i).map(|e| list.distance[e]).collect();
            want.sort_by(f64::total_cmp);
            let mut got: Vec<f32> = found.distance[12 * i..12 * i + 12].to_vec();
            got.sort_by(f32::total_cmp);
            got.iter().zip(&want).for_each(|(a, b)| assert!((f64::from(*a) - b).abs() < 1e-4));
        }
    }
}

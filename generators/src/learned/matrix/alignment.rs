//! Which of its equal copies a crystal is shown as.
//!
//! A crystal is the same whatever its origin, the order of atoms of one element, and the names of its
//! cell vectors. Showing the copy that lies nearest to the noise that it is mixed with leaves the
//! distribution of crystals as it is and makes the ways from noise to crystal shorter and straighter
//! (equivariant optimal transport: Klein et al., arXiv:2306.15030; Song et al., arXiv:2312.07168).

use nalgebra::{Matrix3, Vector3};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::strain::{shortest, signed_permutations};

/// Origins that are tried.
const ORIGINS: usize = 4;

/// The signed permutation `P` for which `P strain Pᵀ` is nearest to `target`.
pub fn nearest_setting(strain: &Matrix3<f64>, target: &Matrix3<f64>) -> Matrix3<f64> {
    let mut best = (f64::INFINITY, Matrix3::identity());
    for p in signed_permutations() {
        let distance = (p * strain * p.transpose() - target).norm_squared();
        if distance < best.0 {
            best = (distance, p);
        }
    }
    best.1
}

/// Displacements (fractional) from each point of `noise` to its atom in the nearest copy of a crystal:
/// atoms of one class exchange places, and the origin is free unless `pinned`. `classes` belong to the
/// points of both, in order; pinned points (`stay`) keep their own atoms. Without pinned origin the mean displacement is zero.
pub fn displacements(
    noise: &[Vector3<f64>],
    atoms: &[Vector3<f64>],
    classes: &[u32],
    stay: &[bool],
    pinned: bool,
    metric: &Matrix3<f64>,
    rng: &mut ChaCha8Rng,
) -> Vec<Vector3<f64>> {
    let n = noise.len();
    let mut best: Option<(f64, Vec<Vector3<f64>>)> = None;
    let origins = if pinned { 1 } else { ORIGINS };
    for _ in 0..origins {
        let shift = if pinned {
            Vector3::zeros()
        } else {
            // An origin that puts one atom where it shall be.
            noise[rng.random_range(0..n)] - atoms[rng.random_range(0..n)]
        };
        let way = |i: usize, j: usize| shortest(atoms[j] + shift - noise[i]);
        let mut moves = vec![Vector3::zeros(); n];
        let mut done = vec![false; n];
        for i in 0..n {
            if done[i] {
                continue;
            }
            if stay[i] {
                moves[i] = way(i, i);
                continue;
            }
            let members: Vec<usize> = (i..n).filter(|&j| classes[j] == classes[i] && !stay[j]).collect();
            members.iter().for_each(|&j| done[j] = true);
            let cost: Vec<Vec<f64>> = members
                .iter()
                .map(|&a| members.iter().map(|&b| way(a, b)).map(|d| d.dot(&(metric * d))).collect())
                .collect();
            for (a, b) in cheapest(&cost).into_iter().enumerate() {
                moves[members[a]] = way(members[a], members[b]);
            }
        }
        if !pinned {
            let mean = moves.iter().sum::<Vector3<f64>>() / n as f64;
            moves.iter_mut().for_each(|d| *d -= mean);
        }
        let total: f64 = moves.iter().map(|d| d.dot(&(metric * d))).sum();
        if best.as_ref().is_none_or(|(least, _)| total < *least) {
            best = Some((total, moves));
        }
    }
    best.map(|(_, moves)| moves).unwrap_or_default()
}

/// The assignment of rows to columns of a square matrix with the least sum: for each row its column.
/// Shortest augmenting paths (Jonker and Volgenant, Computing 38, 325 (1987)), without their start-up.
pub fn cheapest(cost: &[Vec<f64>]) -> Vec<usize> {
    let n = cost.len();
    // Column 0 of the arrays is a start that belongs to no matrix column.
    let mut potential = (vec![0.0; n + 1], vec![0.0; n + 1]);
    let mut row_of = vec![0usize; n + 1];
    for row in 1..=n {
        row_of[0] = row;
        let mut column = 0;
        let mut least = vec![f64::INFINITY; n + 1];
        let mut from = vec![0usize; n + 1];
        let mut used = vec![false; n + 1];
        while row_of[column] != 0 {
            used[column] = true;
            let current = row_of[column];
            let (mut step, mut next) = (f64::INFINITY, 0);
            for j in (1..=n).filter(|&j| !used[j]) {
                let reduced = cost[current - 1][j - 1] - potential.0[current] - potential.1[j];
                if reduced < least[j] {
                    (least[j], from[j]) = (reduced, column);
                }
                if least[j] < step || next == 0 {
                    (step, next) = (least[j], j);
                }
            }
            for j in 0..=n {
                if used[j] {
                    potential.0[row_of[j]] += step;
                    potential.1[j] -= step;
                } else {
                    least[j] -= step;
                }
            }
            column = next;
        }
        while column != 0 {
            row_of[column] = row_of[from[column]];
            column = from[column];
        }
    }
    let mut columns = vec![0; n];
    (1..=n).for_each(|j| columns[row_of[j] - 1] = j - 1);
    columns
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::stream;

    #[test]
    fn assignments_are_cheapest() {
        let mut rng = stream(1, 2);
        for _ in 0..50 {
            let cost: Vec<Vec<f64>> = (0..5).map(|_| (0..5).map(|_| rng.random::<f64>()).collect()).collect();
            let found: f64 = cheapest(&cost).iter().enumerate().map(|(i, &j)| cost[i][j]).sum();
            // All 120 orders, by Heap's way of counting in factorials.
            let best = (0..120usize)
                .map(|mut code| {
                    let mut left: Vec<usize> = (0..5).collect();
                    (0..5)
                        .map(|i| {
                            let column = left.remove(code % left.len());
                            code /= left.len() + 1;
                            cost[i][column]
                        })
                        .sum::<f64>()
                })
                .fold(f64::INFINITY, f64::min);
            assert!((found - best).abs() < 1e-12);
        }
    }

    #[test]
    fn a_moved_and_reordered_copy_is_recognised() {
        let mut rng = stream(3, 4);
        let mut point = || Vector3::from_fn(|_, _| rng.random::<f64>());
        let atoms: Vec<Vector3<f64>> = (0..6).map(|_| point()).collect();
        let shift = point();
        let order = [1, 2, 0, 5, 4, 3];
        let noise: Vec<Vector3<f64>> = order.iter().map(|&j| atoms[j] + shift).collect();
        let classes = [8, 8, 8, 3, 3, 3];
        let metric = Matrix3::from_diagonal(&Vector3::new(9.0, 16.0, 25.0));
        // One origin in six fits, each try finds it with this chance: many tries.
        let best = (0..20)
            .map(|_| displacements(&noise, &atoms, &classes, &[false; 6], false, &metric, &mut rng))
            .map(|moves| moves.iter().map(|d| d.norm()).sum::<f64>())
            .fold(f64::INFINITY, f64::min);
        assert!(best < 1e-12, "{best}");
        let pinned = displacements(&noise, &noise, &classes, &[true; 6], true, &metric, &mut rng);
        assert!(pinned.iter().all(|d| d.norm() < 1e-15));
    }
}

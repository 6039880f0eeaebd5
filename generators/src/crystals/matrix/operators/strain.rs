//! Strained cells and waves of atoms.

use druse_representations::crystal::wrap;
use druse_representations::{Lattice, MatrixCode};
use nalgebra::Matrix3;
use rand::{Rng, RngExt};
use rand_distr::StandardNormal;

/// Standard deviations of the strains; one is drawn for each child.
const STRAIN: std::ops::Range<f64> = 0.02..0.2;
/// Amplitudes (Å) of waves.
const AMPLITUDE: std::ops::Range<f64> = 0.2..1.0;
/// Most periods of a wave in the cell.
const PERIODS: u32 = 2;
/// Probability that a rippled cell is strained as well.
const BOTH: f64 = 0.5;

/// The cell under a symmetric strain of normally distributed elements, its volume restored (Glass, Oganov
/// and Hansen, Comput. Phys. Commun. 175, 713 (2006)).
pub(super) fn strain<R: Rng + ?Sized>(code: &MatrixCode, rng: &mut R) -> MatrixCode {
    let size = rng.random_range(STRAIN);
    let mut tensor = Matrix3::identity();
    for i in 0..3 {
        for j in i..3 {
            let normal: f64 = rng.sample(StandardNormal);
            // The off-diagonal strains are halves of the shears.
            let value = size * if i == j { normal } else { 0.5 * normal };
            tensor[(i, j)] += value;
            if i != j {
                tensor[(j, i)] += value;
            }
        }
    }
    let lattice =
        Lattice::from_matrix(code.lattice.matrix() * tensor).scaled_to_volume(code.lattice.volume());
    MatrixCode { lattice, ..code.clone() }
}

/// Atoms displaced along one vector by a standing wave along the two others, and often a strained cell
/// (Lonie and Zurek, Comput. Phys. Commun. 182, 372 (2011)):
///
/// ```text
/// dz = rho cos(2 pi mu x + theta) cos(2 pi eta y + phi)
/// ```
pub(super) fn ripple<R: Rng + ?Sized>(code: &MatrixCode, rng: &mut R) -> MatrixCode {
    let mut child = if rng.random::<f64>() < BOTH { strain(code, rng) } else { code.clone() };
    let axis = rng.random_range(0..3);
    let amplitude = rng.random_range(AMPLITUDE) / child.lattice.lengths()[axis];
    let mut wave = || (rng.random_range(1..=PERIODS), rng.random::<f64>());
    let waves = [wave(), wave()];
    for x in &mut child.frac {
        let mut displacement = amplitude;
        for (step, (periods, phase)) in waves.iter().enumerate() {
            let along = x[(axis + 1 + step) % 3];
            displacement *= (std::f64::consts::TAU * (f64::from(*periods) * along + phase)).cos();
        }
        x[axis] = wrap(x[axis] + displacement);
    }
    child
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::stream;
    use druse_datasets::prototypes::prototype;

    #[test]
    fn volume_and_atoms_stay() {
        let code = MatrixCode::as_told(&prototype("spinel").unwrap().code().to_primitive().unwrap()).unwrap();
        for number in 0..50 {
            let mut rng = stream(3, number);
            for child in [strain(&code, &mut rng), ripple(&code, &mut rng)] {
                assert!((child.lattice.volume() / code.lattice.volume() - 1.0).abs() < 1e-9);
                assert_eq!(child.species, code.species);
                assert_ne!(child, code);
            }
        }
    }

    #[test]
    fn ripples_move_atoms_along_one_vector_by_an_angstrom_at_most() {
        let code = MatrixCode::as_told(&prototype("spinel").unwrap().code().to_primitive().unwrap()).unwrap();
        for number in 0..50 {
            let child = ripple(&code, &mut stream(9, number));
            let moved = |k: usize| {
                let far = |(x, y): (&[f64; 3], &[f64; 3])| {
                    let d = x[k] - y[k];
                    (d - d.round()).abs() * child.lattice.lengths()[k]
                };
                child.frac.iter().zip(&code.frac).map(far).fold(0.0, f64::max)
            };
            let far = [moved(0), moved(1), moved(2)];
            assert!(far.iter().all(|&d| d < 1.0 + 1e-9));
            assert!(far.iter().filter(|&&d| d > 1e-9).count() <= 1, "{far:?}");
        }
    }
}

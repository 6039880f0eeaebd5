//! Crystals as examples, and how noise is mixed in.
//!
//! Straight ways from noise (amount 1) to the crystal (amount 0), as in flow matching on the torus
//! (Miller et al., arXiv:2406.04713): coordinates `x = x_crystal - s d`, where `d` is the shortest way
//! from a uniform point to the atom; the strain `S = S_crystal + s (S_noise - S_crystal)`. Coordinates,
//! cell and elements have amounts of their own, so that one network predicts structures of given
//! elements, fills in a part, or does all at once.

use druse_representations::nalgebra::{Matrix3, Vector3};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use super::MatrixDiffusionConfig;
use super::state::{State, length_scale};
use crate::learned::matrix::alignment::{displacements, nearest_setting};
use crate::learned::matrix::strain::{cell_of, deviator};

/// Velocities of atoms are counted in this times the length scale, which makes them about 1.
pub const VELOCITY: f64 = 0.4;
/// Mean and standard deviation of ln(V/N in Å^3) in noise; 2.95 and 0.59 among the Niggli cells of 2,500
/// structures of the Materials Project.
const VOLUME: (f64, f64) = (2.95, 0.5);
/// Standard deviations of the entries of the strain's traceless part in noise; 0.28 on and 0.15 off the
/// diagonal among the same cells.
const SHAPE: (f64, f64) = (0.25, 0.15);
/// Mean squares of the strain's velocity: traceless part and trace (Mandel's notation).
pub const STRAIN_SQUARES: (f64, f64) = (0.4, 0.2);

/// A crystal to learn from: Niggli cell, primitive.
#[derive(Clone, Debug, PartialEq)]
pub struct Example {
    /// Logarithm of the symmetric cell.
    pub strain: Matrix3<f64>,
    /// Fractional coordinates.
    pub frac: Vec<Vector3<f64>>,
    /// Atomic numbers.
    pub elements: Vec<u8>,
    /// Space group, for balancing.
    pub space_group: u8,
}

impl Example {
    /// The crystal itself, without noise.
    pub fn clean(&self) -> State {
        let Self { strain, frac, elements, .. } = self.clone();
        State { strain, noise: vec![0.0; frac.len()], frac, elements, cell_noise: 0.0 }
    }
}

/// An example with noise, and the way back.
#[derive(Clone, Debug, PartialEq)]
pub struct Noised {
    /// What the network sees.
    pub state: State,
    /// Velocity of the atoms, Cartesian, in [`VELOCITY`] times the length scale of the state.
    pub velocity: Vec<Vector3<f64>>,
    /// Velocity of the strain.
    pub strain: Matrix3<f64>,
}

/// What an example is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lesson {
    /// Structure of known elements.
    Structure,
    /// Structure with some elements hidden.
    Joint,
    /// Properties of the crystal itself.
    Clean,
}

/// A strain of pure noise.
pub fn strain_noise(atoms: usize, rng: &mut ChaCha8Rng) -> Matrix3<f64> {
    let mut normal = || -> f64 { StandardNormal.sample(rng) };
    let mut shape = Matrix3::zeros();
    for (i, j) in crate::learned::matrix::strain::PLACES {
        let x = normal() * if i == j { SHAPE.0 } else { SHAPE.1 };
        shape[(i, j)] = x;
        shape[(j, i)] = x;
    }
    let volume = VOLUME.0 + VOLUME.1 * normal() + (atoms as f64).ln();
    deviator(&shape) + Matrix3::identity() * (volume / 3.0)
}

/// A point of the torus.
pub fn point(rng: &mut ChaCha8Rng) -> Vector3<f64> {
    Vector3::from_fn(|_, _| rng.random::<f64>())
}

/// An amount of noise: mostly even from the least to 1, some of it even in the logarithm, some 1. Below some
/// hundredths atoms are in their places but for what a relaxation mends at once, so little is spent there.
fn amount(least: f64, rng: &mut ChaCha8Rng) -> f64 {
    let u: f64 = rng.random();
    match rng.random::<f64>() {
        x if x < 0.05 => 1.0,
        x if x < 0.75 => least + (1.0 - least) * u,
        _ => least.powf(u),
    }
}

/// Mixes noise into an example.
pub fn noised(
    example: &Example,
    lesson: Lesson,
    config: &MatrixDiffusionConfig,
    rng: &mut ChaCha8Rng,
) -> Noised {
    let n = example.frac.len();
    let mut elements = example.elements.clone();
    let (mut atoms_noise, mut cell_noise) = (0.0, 0.0);
    let mut stay = vec![false; n];
    if lesson != Lesson::Clean {
        atoms_noise = amount(config.least_noise, rng);
        cell_noise = atoms_noise;
        match rng.random::<f64>() {
            x if x < 0.08 => cell_noise = 0.0,
            x if x < 0.3 => cell_noise = amount(config.least_noise, rng),
            // Some atoms stay where they are.
            x if x < 0.4 && n > 1 => {
                let share: f64 = rng.random();
                stay.iter_mut().for_each(|stays| *stays = rng.random::<f64>() < share);
                let moves = rng.random_range(0..n);
                stay[moves] = false;
            }
            _ => {}
        }
        if lesson == Lesson::Joint {
            let share: f64 = rng.random();
            elements.iter_mut().for_each(|z| {
                if rng.random::<f64>() < share {
                    *z = 0;
                }
            });
            let hidden = rng.random_range(0..n);
            elements[hidden] = 0;
        }
    }
    let pinned = stay.iter().any(|stays| *stays);
    let base = strain_noise(n, rng);
    // With some atoms in place the names of the cell vectors are given too.
    let setting = if config.align && cell_noise > 0.0 {
        nearest_setting(&example.strain, &base)
    } else {
        Matrix3::identity()
    };
    let target = setting * example.strain * setting.transpose();
    let atoms: Vec<Vector3<f64>> = example.frac.iter().map(|f| setting * f).collect();
    let strain_velocity = target - base;
    let strain = target - strain_velocity * cell_noise;
    let start: Vec<Vector3<f64>> = (0..n).map(|i| if stay[i] { atoms[i] } else { point(rng) }).collect();
    let classes: Vec<u32> = if config.align {
        example.elements.iter().map(|&z| u32::from(z)).collect()
    } else {
        (0..n as u32).collect()
    };
    let cell = cell_of(&target);
    let moves = displacements(&start, &atoms, &classes, &stay, pinned, &(cell * cell.transpose()), rng);
    let noise: Vec<f64> = stay.iter().map(|&stays| if stays { 0.0 } else { atoms_noise }).collect();
    let frac = (0..n).map(|i| start[i] + moves[i] * (1.0 - noise[i])).collect();
    let noisy = cell_of(&strain);
    let unit = VELOCITY * length_scale(&strain, n);
    let velocity = moves.iter().map(|d| noisy.tr_mul(d) / unit).collect();
    Noised { state: State { strain, frac, elements, noise, cell_noise }, velocity, strain: strain_velocity }
}

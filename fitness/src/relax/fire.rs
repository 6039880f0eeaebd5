//! FIRE: the fast inertial relaxation engine (Bitzek et al., Phys. Rev. Lett. 97, 170201 (2006)),
//! with the order of operations and constants of ASE.

use druse_representations::nalgebra::Vector3;

const TIME_STEP: f64 = 0.1;
const LARGEST_TIME_STEP: f64 = 1.0;
const STEPS_BEFORE_GROWTH: u32 = 5;
const GROWTH: f64 = 1.1;
const SHRINKAGE: f64 = 0.5;
const MIXING: f64 = 0.1;
const MIXING_DECAY: f64 = 0.99;
/// Longest move of all variables together (Å).
const LONGEST_MOVE: f64 = 0.2;

/// State of the optimiser for one crystal.
pub(super) struct Fire {
    /// Empty before the first step.
    velocity: Vec<Vector3<f64>>,
    time_step: f64,
    mixing: f64,
    downhill: u32,
}

impl Fire {
    pub(super) fn new() -> Self {
        Self { velocity: Vec::new(), time_step: TIME_STEP, mixing: MIXING, downhill: 0 }
    }

    /// The next move (Å) under these forces (eV/Å).
    pub(super) fn step(&mut self, forces: &[Vector3<f64>]) -> Vec<Vector3<f64>> {
        if self.velocity.is_empty() {
            self.velocity = vec![Vector3::zeros(); forces.len()];
        } else {
            self.steer(forces);
        }
        for (v, f) in self.velocity.iter_mut().zip(forces) {
            *v += self.time_step * f;
        }
        let mut step: Vec<Vector3<f64>> = self.velocity.iter().map(|v| self.time_step * v).collect();
        let length = norm(&step);
        if length > LONGEST_MOVE {
            for row in &mut step {
                *row *= LONGEST_MOVE / length;
            }
        }
        step
    }

    fn steer(&mut self, forces: &[Vector3<f64>]) {
        let power: f64 = forces.iter().zip(&self.velocity).map(|(f, v)| f.dot(v)).sum();
        if power > 0.0 {
            let ratio = norm(&self.velocity) / norm(forces);
            for (v, f) in self.velocity.iter_mut().zip(forces) {
                *v = (1.0 - self.mixing) * *v + self.mixing * ratio * f;
            }
            if self.downhill > STEPS_BEFORE_GROWTH {
                self.time_step = (self.time_step * GROWTH).min(LARGEST_TIME_STEP);
                self.mixing *= MIXING_DECAY;
            }
            self.downhill += 1;
        } else {
            self.velocity.fill(Vector3::zeros());
            self.mixing = MIXING;
            self.time_step *= SHRINKAGE;
            self.downhill = 0;
        }
    }
}

fn norm(rows: &[Vector3<f64>]) -> f64 {
    rows.iter().map(Vector3::norm_squared).sum::<f64>().sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_bottom_of_an_uneven_valley() {
        let stiffness = Vector3::new(1.0, 10.0, 3.0);
        let mut x = vec![Vector3::new(1.0, -0.5, 2.0)];
        let mut fire = Fire::new();
        let mut steps = 0;
        loop {
            let force = -x[0].component_mul(&stiffness);
            if force.norm() < 1e-6 {
                break;
            }
            x[0] += fire.step(&[force])[0];
            steps += 1;
            assert!(steps < 500, "no convergence: {x:?}");
        }
        assert!(x[0].norm() < 1e-6);
    }

    #[test]
    fn no_move_is_longer_than_the_limit() {
        let mut fire = Fire::new();
        let forces = vec![Vector3::new(1e6, 0.0, 0.0); 4];
        assert!((norm(&fire.step(&forces)) - LONGEST_MOVE).abs() < 1e-12);
    }
}

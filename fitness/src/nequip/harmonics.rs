//! Real spherical harmonics up to l = 3, their gradients, and the matrices that turn them.
//!
//! Basis, order and norm are those of e3nn (M. Geiger and T. Smidt, arXiv:2207.09453): y is the polar axis, and the squares of
//! one l sum to 2 l + 1.

use std::ops::{Add, Mul, Sub};

use druse_representations::nalgebra::{DMatrix, Matrix3, Vector3};

/// Highest order.
pub const LMAX: usize = 3;
/// Components of all orders.
pub const COMPONENTS: usize = (LMAX + 1) * (LMAX + 1);

/// A number and its gradient.
#[derive(Clone, Copy)]
struct Dual {
    value: f64,
    gradient: Vector3<f64>,
}

impl Add for Dual {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self { value: self.value + other.value, gradient: self.gradient + other.gradient }
    }
}

impl Sub for Dual {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self { value: self.value - other.value, gradient: self.gradient - other.gradient }
    }
}

impl Mul for Dual {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        Self {
            value: self.value * other.value,
            gradient: self.gradient * other.value + other.gradient * self.value,
        }
    }
}

impl Mul<Dual> for f64 {
    type Output = Dual;
    fn mul(self, other: Dual) -> Dual {
        Dual { value: self * other.value, gradient: other.gradient * self }
    }
}

/// Harmonics of the direction of a vector, all orders one after another, and their gradients with respect to the vector.
pub fn harmonics(vector: &Vector3<f64>) -> ([f64; COMPONENTS], [Vector3<f64>; COMPONENTS]) {
    let length = vector.norm();
    let unit = vector / length;
    let variable = |k: usize| Dual { value: unit[k], gradient: Vector3::ith(k, 1.0) };
    let [x, y, z] = [variable(0), variable(1), variable(2)];
    let one = Dual { value: 1.0, gradient: Vector3::zeros() };
    let root = f64::sqrt;
    let (xz, yy) = (x * x + z * z, y * y);
    let (first, last) = (root(3.0) * (x * z), root(0.75) * (z * z - x * x));
    let four = 4.0 * yy - xz;
    let second = [first, root(3.0) * (x * y), yy - 0.5 * xz, root(3.0) * (y * z), last];
    let third = [
        root(5.0 / 6.0) * (first * z + last * x),
        root(5.0) * (first * y),
        root(3.0 / 8.0) * (four * x),
        0.5 * (y * (2.0 * yy - 3.0 * xz)),
        root(3.0 / 8.0) * (four * z),
        root(5.0) * (last * y),
        root(5.0 / 6.0) * (last * z - first * x),
    ];
    let scaled = |l: usize, all: &[Dual]| -> Vec<Dual> {
        all.iter().map(|&dual| root((2 * l + 1) as f64) * dual).collect()
    };
    let all = [vec![one], scaled(1, &[x, y, z]), scaled(2, &second), scaled(3, &third)].concat();
    // Of the polynomials' gradients, what is along the vector does not count: directions have no length.
    let across = |gradient: Vector3<f64>| (gradient - unit * unit.dot(&gradient)) / length;
    (std::array::from_fn(|k| all[k].value), std::array::from_fn(|k| across(all[k].gradient)))
}

/// The matrices D of each order with `Y(R v) = D Y(v)`, for rotations with or without inversion.
pub fn turning(rotation: &Matrix3<f64>) -> [DMatrix<f64>; LMAX + 1] {
    // Directions in general position: more of them than components.
    let directions: Vec<Vector3<f64>> = (0..12)
        .map(|k| {
            let t = f64::from(k);
            Vector3::new((1.3 * t).sin() + 0.2, (2.1 * t + 0.4).cos(), (0.7 * t * t).sin() + 0.1)
        })
        .collect();
    std::array::from_fn(|l| {
        let columns = |turn: &Matrix3<f64>| {
            let all: Vec<_> = directions.iter().map(|direction| harmonics(&(turn * direction)).0).collect();
            DMatrix::from_fn(2 * l + 1, all.len(), |m, k| all[k][l * l + m])
        };
        let (before, after) = (columns(&Matrix3::identity()), columns(rotation));
        let square = (&before * before.transpose()).try_inverse();
        after * before.transpose() * square.expect("the directions span all components")
    })
}

#[cfg(test)]
mod tests {
    use druse_representations::nalgebra::Rotation3;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn squares_sum_to_the_number_of_components(v in prop::array::uniform3(-3.0..3.0f64)) {
            let v = Vector3::from(v);
            prop_assume!(v.norm() > 0.1);
            let (y, _) = harmonics(&v);
            for l in 0..=LMAX {
                let sum: f64 = y[l * l..(l + 1) * (l + 1)].iter().map(|y| y * y).sum();
                prop_assert!((sum - (2 * l + 1) as f64).abs() < 1e-12);
            }
        }

        #[test]
        fn gradients_are_differences(v in prop::array::uniform3(-3.0..3.0f64), axis in 0..3usize) {
            let v = Vector3::from(v);
            prop_assume!(v.norm() > 0.5);
            let h = Vector3::ith(axis, 1e-5);
            let (above, below, (_, gradients)) = (harmonics(&(v + h)).0, harmonics(&(v - h)).0, harmonics(&v));
            for k in 0..COMPONENTS {
                prop_assert!(((above[k] - below[k]) / 2e-5 - gradients[k][axis]).abs() < 1e-7);
            }
        }

        #[test]
        fn turning_matrices_turn(angles in prop::array::uniform3(-3.0..3.0f64), invert: bool, v in prop::array::uniform3(-3.0..3.0f64)) {
            let v = Vector3::from(v);
            prop_assume!(v.norm() > 0.1);
            let rotation = Rotation3::from_euler_angles(angles[0], angles[1], angles[2]).into_inner();
            let rotation = if invert { -rotation } else { rotation };
            let (before, after) = (harmonics(&v).0, harmonics(&(rotation * v)).0);
            for (l, d) in turning(&rotation).iter().enumerate() {
                for m in 0..2 * l + 1 {
                    let turned: f64 = (0..2 * l + 1).map(|k| d[(m, k)] * before[l * l + k]).sum();
                    prop_assert!((turned - after[l * l + m]).abs() < 1e-10);
                }
            }
        }
    }
}

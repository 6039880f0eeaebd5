//! The norm of Nequix: features divided by the root of their mean square.

use super::network::{Features, rows};
use crate::kernels::Real;

/// Added to the mean square.
const EPSILON: f64 = 1e-12;

/// Factors of each channel after the division, by order.
pub struct Norm<T>(pub Vec<Vec<T>>);

impl<T: Real> Norm<T> {
    /// The inverse root of the mean square of each orbit.
    pub fn inverse_roots(&self, x: &Features<T>, orbits: usize) -> Vec<T> {
        let mean = |orbit: usize| {
            let of_order = |(l, x): (usize, &Vec<T>)| {
                let range = rows(2 * l + 1, self.0[l].len(), orbit);
                x[range].iter().map(|x| x.to_f64() * x.to_f64()).sum::<f64>() * self.share(l)
            };
            x.iter().enumerate().map(of_order).sum::<f64>()
        };
        (0..orbits).map(|orbit| T::from_f64((mean(orbit) + EPSILON).sqrt().recip())).collect()
    }

    /// What the square of a number of this order adds to the mean square.
    fn share(&self, l: usize) -> f64 {
        let components = (2 * l + 1) as f64;
        1.0 / (components * components * self.0.len() as f64)
    }

    /// Features after the norm.
    pub fn forward(&self, x: &Features<T>, inverse: &[T]) -> Features<T> {
        let of_order = |(l, x): (usize, &Vec<T>)| {
            let gains = &self.0[l];
            let rows = x.chunks_exact(gains.len()).enumerate();
            let scaled = rows.flat_map(|(row, x)| {
                let inverse = inverse[row / (2 * l + 1)];
                x.iter().zip(gains).map(move |(&x, &gain)| x * gain * inverse)
            });
            scaled.collect()
        };
        x.iter().enumerate().map(of_order).collect()
    }

    /// From derivatives with respect to features after the norm to those with respect to the features `x` before it.
    pub fn reverse(&self, x: &Features<T>, inverse: &[T], mut gradient: Features<T>) -> Features<T> {
        for (orbit, &inverse) in inverse.iter().enumerate() {
            let mut along = 0.0;
            for (l, gradient) in gradient.iter().enumerate() {
                let range = rows(2 * l + 1, self.0[l].len(), orbit);
                let pairs = x[l][range.clone()].iter().zip(&gradient[range]);
                let gains = self.0[l].iter().cycle();
                along += pairs.zip(gains).map(|((x, g), gain)| (*x * *g * *gain).to_f64()).sum::<f64>();
            }
            let root = inverse.to_f64();
            for (l, gradient) in gradient.iter_mut().enumerate() {
                let factor = T::from_f64(-along * root * root * root * self.share(l));
                let range = rows(2 * l + 1, self.0[l].len(), orbit);
                let pairs = gradient[range.clone()].iter_mut().zip(&x[l][range]);
                for ((g, x), gain) in pairs.zip(self.0[l].iter().cycle()) {
                    *g = *g * *gain * inverse + *x * factor;
                }
            }
        }
        gradient
    }
}

//! Weights of the messages as functions of the distance.
//!
//! They depend on nothing but the distance, so that they and their derivative are computed once for each different one, and
//! nothing has to go back through their network.

use crate::kernels::{COLUMNS, Matrix, Real, Rows, Start, multiply, silu};

/// Bessel functions of a basis.
pub const FUNCTIONS: usize = 8;

/// How the basis falls to zero at the cut-off.
#[derive(Clone, Copy, Debug)]
pub enum Envelope {
    /// The polynomial of J. Gasteiger et al. (ICLR 2020) with this exponent.
    Polynomial {
        /// p.
        exponent: f64,
    },
    /// The switching function of X-PLOR: one up to a distance.
    Xplor {
        /// Å.
        on: f64,
    },
}

impl Envelope {
    /// Value and derivative (1/Å) at a distance within the cut-off (both Å).
    fn at(self, r: f64, cutoff: f64) -> [f64; 2] {
        match self {
            Self::Polynomial { exponent: p } => {
                let x = r / cutoff;
                let [a, b, c] = [(p + 1.0) * (p + 2.0) / 2.0, p * (p + 2.0), p * (p + 1.0) / 2.0];
                let slope = -x.powf(p - 1.0) * (a * p - x * (b * (p + 1.0) - x * c * (p + 2.0))) / cutoff;
                [1.0 - x.powf(p) * (a - x * (b - x * c)), slope]
            }
            Self::Xplor { on } if r < on => [1.0, 0.0],
            Self::Xplor { on } => {
                let [r2, on2, off2] = [r * r, on * on, cutoff * cutoff];
                let (left, other) = (off2 - r2, off2 + 2.0 * r2 - 3.0 * on2);
                let scale = (off2 - on2).powi(-3);
                [left * left * other * scale, 4.0 * r * left * (left - other) * scale]
            }
        }
    }
}

/// The radial basis: functions sin(f r) / r (Bessel; J. Gasteiger et al., ICLR 2020) within an envelope.
#[derive(Clone, Debug)]
pub struct Basis {
    /// Cut-off (Å).
    pub cutoff: f64,
    /// Frequencies f (1/Å).
    pub frequencies: [f64; FUNCTIONS],
    /// How it ends.
    pub envelope: Envelope,
}

/// Frequencies of functions that are zero at the cut-off (Å).
pub fn bessel(cutoff: f64) -> [f64; FUNCTIONS] {
    std::array::from_fn(|k| (k + 1) as f64 * std::f64::consts::PI / cutoff)
}

impl Basis {
    /// Values and derivatives (1/Å) at a distance (Å).
    pub fn at(&self, r: f64) -> [[f64; FUNCTIONS]; 2] {
        if r >= self.cutoff {
            return [[0.0; FUNCTIONS]; 2];
        }
        let [envelope, slope] = self.envelope.at(r, self.cutoff);
        let functions = self.frequencies.map(|f| {
            let (sin, cos) = (f * r).sin_cos();
            let (value, derivative) = (sin / r, f * cos / r - sin / (r * r));
            let scale = 2.0 / self.cutoff;
            [scale * value * envelope, scale * (derivative * envelope + value * slope)]
        });
        [functions.map(|[value, _]| value), functions.map(|[_, derivative]| derivative)]
    }
}

/// The number at (input, output) of a layer.
pub type Value<'a> = Box<dyn Fn(usize, usize) -> f64 + 'a>;

/// A network from the basis to the weights of all paths: linear layers without biases, SiLU between them.
pub struct Radial<T> {
    layers: Vec<(usize, Matrix<T>)>,
}

/// Weights of all paths at some distances and their derivatives, a row each.
#[derive(Default)]
pub struct Weights<T> {
    /// Weights; rows of [`Radial::width`].
    pub values: Vec<T>,
    /// Derivatives (1/Å).
    pub slopes: Vec<T>,
}

impl<T: Real> Radial<T> {
    /// From layers as (outputs, value at (input, output)); the first takes [`FUNCTIONS`], each other the outputs of that before.
    pub fn new(layers: &[(usize, Value<'_>)]) -> Self {
        let mut inputs = FUNCTIONS;
        let mut made = Vec::new();
        for (outputs, value) in layers {
            debug_assert!(outputs.is_multiple_of(COLUMNS));
            made.push((*outputs, Matrix::new(inputs, *outputs, value)));
            inputs = *outputs;
        }
        Self { layers: made }
    }

    /// Weights in all.
    pub fn width(&self) -> usize {
        self.layers.last().map_or(0, |layer| layer.0)
    }

    /// Weights at distances of which the basis is given, a row of values and one of derivatives each.
    pub fn at(&self, basis: &[[[f64; FUNCTIONS]; 2]]) -> Weights<T> {
        let rows = basis.len();
        let flat =
            |part: usize| -> Vec<T> { basis.iter().flat_map(|both| both[part].map(T::from_f64)).collect() };
        let (mut values, mut slopes, mut inputs) = (flat(0), flat(1), FUNCTIONS);
        for (place, (outputs, matrix)) in self.layers.iter().enumerate() {
            let through = |x: &[T]| {
                let mut out = vec![T::ZERO; rows * outputs];
                multiply(rows, Rows { data: x, stride: inputs }, matrix, Start::Zero, &mut out, *outputs);
                out
            };
            (values, slopes) = (through(&values), through(&slopes));
            if place + 1 < self.layers.len() {
                let mut steep = vec![T::ZERO; values.len()];
                silu(&mut values, &mut steep);
                for (slope, steep) in slopes.iter_mut().zip(&steep) {
                    *slope *= *steep;
                }
            }
            inputs = *outputs;
        }
        Weights { values, slopes }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derivatives_of_the_basis_are_differences() {
        for envelope in [Envelope::Polynomial { exponent: 6.0 }, Envelope::Xplor { on: 4.5 }] {
            let basis = Basis { cutoff: 6.0, frequencies: bessel(6.0), envelope };
            for r in [0.8, 2.1, 4.7, 5.9] {
                let (above, below, [_, slopes]) = (basis.at(r + 1e-5)[0], basis.at(r - 1e-5)[0], basis.at(r));
                for k in 0..FUNCTIONS {
                    assert!(((above[k] - below[k]) / 2e-5 - slopes[k]).abs() < 1e-8, "{r} {k}");
                }
            }
            assert_eq!(basis.at(6.0), [[0.0; FUNCTIONS]; 2]);
        }
    }
}

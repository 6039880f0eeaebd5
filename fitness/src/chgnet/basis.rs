//! Radial and angular bases with their derivatives.

use std::f64::consts::{FRAC_1_SQRT_2, PI};

use crate::kernels::Real;

/// Learned frequencies in a radial basis, and in an angular one twice as many functions plus one.
pub const RADIAL: usize = 31;
/// Angular frequencies.
pub const ANGULAR: usize = 15;
/// Functions in a basis, padded with a zero to a round number.
pub const FUNCTIONS: usize = 32;
/// Exponent of the cut-off envelope.
const P: f64 = 8.0;

/// Cut-off envelope at `x = r/cutoff` and its derivative with respect to `x`.
///
/// ```text
/// 1 - (p+1)(p+2)/2 x^p + p(p+2) x^(p+1) - p(p+1)/2 x^(p+2),  p = 8;  0 from x = 1 on
/// ```
///
/// (Gasteiger et al., "Directional message passing", ICLR 2020.)
///
/// The value is added up in `T`: near the cut-off large terms cancel, and in f32 what is left is
/// rounding that the original's forces contain. The slope cancels less and stays in f64.
pub fn envelope<T: Real>(x: f64) -> (f64, f64) {
    if x >= 1.0 {
        return (0.0, 0.0);
    }
    let (a, b, c) = (-(P + 1.0) * (P + 2.0) / 2.0, P * (P + 2.0), -P * (P + 1.0) / 2.0);
    let x = T::from_f64(x).to_f64();
    let power = x.powi(7);
    let term = |factor: f64, power: f64| T::from_f64(factor) * T::from_f64(power);
    let value = T::ONE + term(a, power * x) + term(b, power * x * x) + term(c, power * x * x * x);
    (value.to_f64(), power * (P * a + x * ((P + 1.0) * b + x * (P + 2.0) * c)))
}

/// Calls `put(k, B_k, dB_k/dr)` for the functions `B_k(r) = envelope sqrt(2/cutoff) sin(f_k r/cutoff)/r`,
/// with the envelope's rounding in `T`.
pub fn radial<T: Real>(
    r: f64,
    cutoff: f64,
    frequencies: &[f64; RADIAL],
    mut put: impl FnMut(usize, f64, f64),
) {
    let x = r / cutoff;
    let (envelope, slope) = envelope::<T>(x);
    let scale = (2.0 / cutoff).sqrt() / r;
    for (k, &f) in frequencies.iter().enumerate() {
        let (sin, cos) = (f * x).sin_cos();
        let value = envelope * scale * sin;
        let derivative = scale * (slope * sin + envelope * f * cos) / cutoff - value / r;
        put(k, value, derivative);
    }
}

/// Calls `put(k, A_k, dA_k/dtheta)` for `[1/sqrt(2), sin(w theta), cos(w theta)] / sqrt(pi)`.
pub fn angular(theta: f64, frequencies: &[f64; ANGULAR], mut put: impl FnMut(usize, f64, f64)) {
    let scale = 1.0 / PI.sqrt();
    put(0, FRAC_1_SQRT_2 * scale, 0.0);
    for (k, &w) in frequencies.iter().enumerate() {
        let (sin, cos) = (w * theta).sin_cos();
        put(1 + k, sin * scale, w * cos * scale);
        put(1 + ANGULAR + k, cos * scale, -w * sin * scale);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derivatives_are_those_of_the_values() {
        let frequencies: [f64; RADIAL] = std::array::from_fn(|k| PI * (k + 1) as f64);
        let angular_frequencies: [f64; ANGULAR] = std::array::from_fn(|k| (k + 1) as f64);
        let h = 1e-5;
        for r in [0.7, 2.1, 4.4, 5.9, 6.0, 6.1] {
            let at = |r: f64| {
                let mut out = [(0.0, 0.0); RADIAL];
                radial::<f64>(r, 6.0, &frequencies, |k, value, derivative| out[k] = (value, derivative));
                out
            };
            let (low, middle, high) = (at(r - h), at(r), at(r + h));
            for k in 0..RADIAL {
                let numeric = (high[k].0 - low[k].0) / (2.0 * h);
                assert!((numeric - middle[k].1).abs() < 1e-4 * (1.0 + numeric.abs()), "r={r} k={k}");
            }
        }
        for theta in [0.01, 1.0, 3.0] {
            let at = |theta: f64| {
                let mut out = [(0.0, 0.0); 2 * ANGULAR + 1];
                angular(theta, &angular_frequencies, |k, value, derivative| out[k] = (value, derivative));
                out
            };
            let (low, middle, high) = (at(theta - h), at(theta), at(theta + h));
            for k in 0..=2 * ANGULAR {
                assert!(((high[k].0 - low[k].0) / (2.0 * h) - middle[k].1).abs() < 1e-6);
            }
        }
    }

    #[test]
    fn envelope_is_smooth_at_the_cutoff() {
        assert_eq!(envelope::<f64>(0.0), (1.0, 0.0));
        let (value, slope) = envelope::<f64>(1.0 - 1e-6);
        assert!(value.abs() < 1e-12 && slope.abs() < 1e-8);
        for x in [0.2, 0.9, 0.99, 0.999] {
            assert!((envelope::<f32>(x).0 - envelope::<f64>(x).0).abs() < 2e-5);
        }
    }
}

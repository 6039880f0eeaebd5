//! Fit of a logistic regression.

use druse_fitness::objectives::disorder::Logistic;
use nalgebra::{DMatrix, DVector};

/// Weight of the squared coefficients of standardised features in the penalty: a prior of width 1.
const RIDGE: f64 = 1.0;
/// Newton steps; it converges in less than ten.
const STEPS: usize = 50;

/// The coefficients of the largest penalised likelihood (Newton's method; features are standardised for the penalty,
/// which the intercept is free of).
pub fn fitted<const N: usize>(rows: &[([f64; N], bool)]) -> Logistic<N> {
    let count = rows.len() as f64;
    let mean: [f64; N] = std::array::from_fn(|k| rows.iter().map(|(x, _)| x[k]).sum::<f64>() / count);
    let width: [f64; N] = std::array::from_fn(|k| {
        let variance = rows.iter().map(|(x, _)| (x[k] - mean[k]).powi(2)).sum::<f64>() / count;
        variance.sqrt().max(1e-9)
    });
    let mut beta = DVector::<f64>::zeros(N + 1);
    for _ in 0..STEPS {
        let mut slope = DVector::<f64>::zeros(N + 1);
        let mut curvature = DMatrix::<f64>::zeros(N + 1, N + 1);
        for k in 1..=N {
            slope[k] = -RIDGE * beta[k];
            curvature[(k, k)] = RIDGE;
        }
        for (x, shares) in rows {
            let standardised = |k: usize| (x[k] - mean[k]) / width[k];
            let z = DVector::from_fn(N + 1, |k, _| if k == 0 { 1.0 } else { standardised(k - 1) });
            let p = 1.0 / (1.0 + (-z.dot(&beta)).exp());
            slope += &z * (f64::from(u8::from(*shares)) - p);
            curvature += &z * z.transpose() * (p * (1.0 - p));
        }
        let Some(step) = curvature.cholesky().map(|c| c.solve(&slope)) else { break };
        beta += &step;
        if step.amax() < 1e-10 {
            break;
        }
    }
    let weights: [f64; N] = std::array::from_fn(|k| beta[k + 1] / width[k]);
    let intercept = beta[0] - weights.iter().zip(mean).map(|(w, m)| w * m).sum::<f64>();
    Logistic { intercept, weights }
}

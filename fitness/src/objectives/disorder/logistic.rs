//! Logistic regression on a handful of features.

/// `P = 1 / (1 + exp(-(intercept + sum_k weights_k x_k)))`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Logistic<const N: usize> {
    /// Log odds where all features are 0.
    pub intercept: f64,
    /// Change of the log odds per unit of each feature.
    pub weights: [f64; N],
}

impl<const N: usize> Logistic<N> {
    /// Log odds.
    pub fn log_odds(&self, features: &[f64; N]) -> f64 {
        self.intercept + self.weights.iter().zip(features).map(|(w, x)| w * x).sum::<f64>()
    }

    /// Probability.
    pub fn probability(&self, features: &[f64; N]) -> f64 {
        1.0 / (1.0 + (-self.log_odds(features)).exp())
    }
}

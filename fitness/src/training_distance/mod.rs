//! How far a crystal is from what a potential was trained on.
//!
//! CHGNet turns each atom and its surroundings into 64 numbers before it makes an energy of them. Where these numbers are unlike those
//! of any atom that it has seen, its energy is an extrapolation. [`KnownAtoms`] keeps mean and covariance of the features for each
//! element over known structures; an atom's distance is that of Mahalanobis,
//!
//! ```text
//! d = sqrt((x - m)ᵀ C⁻¹ (x - m))
//! ```
//!
//! and that of a crystal the largest of its atoms', divided by what 95 % of other known structures stay below (Lee et al., NeurIPS
//! 2018, use it to tell pictures that a network does not know). Covariances of elements are drawn towards the mean of all elements, the
//! more the fewer atoms there are: `C = (S + 64 P) / (n + 64)` with the sum `S` of outer products of `n` atoms and the pooled covariance
//! `P`.
//!
//! The summary that comes with druse stands in `fitness/data/`, whose data card says how it was made and what the distance was found to
//! tell.

mod known;
mod summary;
#[cfg(test)]
mod tests;
mod tier;

pub use known::{Distance, KnownAtoms, KnownAtomsError};
pub use summary::Summary;
pub use tier::TrainingDistanceTier;

/// Numbers of an atom.
const WIDTH: usize = 64;
/// Numbers of the lower half of a matrix.
const HALF: usize = WIDTH * (WIDTH + 1) / 2;

//! Figures of merit of generated crystals that follow from the crystals alone: validity, distances of
//! distributions, symmetry, displacement on relaxation, and the intervals that belong to every figure.
//!
//! | file | subject |
//! |---|---|
//! | [`validity`] | structural and compositional validity in the manner of CDVAE |
//! | [`distributions`] | Wasserstein and total-variation distances, chi-squared |
//! | [`interval`] | 95 % intervals: Wilson for shares, bootstrap for everything else |
//! | [`displacement`] | how far atoms are from where a relaxation put them |
//! | [`symmetry`] | space group and Wyckoff template |
//! | [`coverage`] | whether every kind of test structure is generated, by our own invariants |

pub mod coverage;
pub mod displacement;
pub mod distributions;
pub mod interval;
pub mod symmetry;
pub mod validity;

pub use interval::{Interval, Share, bootstrap, bootstrap_around, quantile};

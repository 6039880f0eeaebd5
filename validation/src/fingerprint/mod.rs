//! Continuous fingerprints of crystals: how far two crystals are apart, not only whether they match.
//!
//! | | knows elements | unit | use |
//! |---|---|---|---|
//! | [`PlainPdd`] | no | Å | comparable with published pointwise distance distributions |
//! | [`Pdd`] | yes | (V/N)^(1/3) | the distance that an audit reports |
//! | [`Outline`] | yes | (V/N)^(1/3) | lower bound of [`Pdd`]'s distance |
//! | [`Invariants`] | yes | (V/N)^(1/3) | few numbers: order of candidates, indexes without coordinates |
//!
//! None of them can leave out candidates of a matcher without loss: matches of pymatgen's tolerances
//! can be far apart in any of these distances, and polymorphs near.

mod error;
mod invariants;
mod nearest;
mod orbits;
mod outline;
mod pdd;
mod plain;
mod points;
mod quantised;
mod rows;
#[cfg(test)]
mod testing;
mod transport;

pub use error::FingerprintError;
pub use invariants::Invariants;
pub use outline::Outline;
pub use pdd::Pdd;
pub use plain::PlainPdd;

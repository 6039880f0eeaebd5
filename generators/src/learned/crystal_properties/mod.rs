//! Properties of crystals: networks that read them off what CHGNet sees.
//!
//! CHGNet learnt energies, forces and moments of 1.5 million structures; its features of an atom and its surroundings serve other
//! properties as well, of which there are far fewer labels. Their means over the atoms go with composition and symmetry
//! ([`features()`]) into a few small perceptrons, each with a mind of its own (Lakshminarayanan et al., NeurIPS 2017): the mean is
//! the estimate, their spread and the error that they expect of themselves are its doubt.
//!
//! Whatever column is a condition of the training becomes a property ([`CrystalProperties`]): columns of numbers, of positive
//! numbers over orders of magnitude (`logarithmic`), and of yes and no (0 and 1), which become probabilities. [`PropertyTier`]
//! writes them in campaigns.

mod config;
mod estimate;
mod features;
mod model;
mod readings;
#[cfg(test)]
mod tests;
mod tier;

pub use config::CrystalPropertiesConfig;
pub use estimate::{Estimate, PropertyModel};
pub use features::{FEATURES, features};
pub use model::CrystalProperties;
pub use tier::PropertyTier;

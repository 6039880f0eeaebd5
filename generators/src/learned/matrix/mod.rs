//! Crystals as matrices for learned models: cell, fractional coordinates, elements.
//!
//! * [`strain`]: the cell without its orientation, as the logarithm of its symmetric form;
//! * [`alignment`]: which of its equal copies a crystal is shown as, so that it lies near a given noise;
//! * [`surroundings`]: the nearest neighbours of every atom as arrays of fixed width.

pub mod alignment;
pub mod strain;
pub mod surroundings;

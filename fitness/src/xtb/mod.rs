//! The semiempirical program xtb as a child process: energies, geometries and properties of
//! molecules, with every trap of the program turned into a [`Failure`].
//!
//! Each run has one thread, a fresh folder that is removed afterwards, a process group of its own
//! and a time limit; parallel work is over molecules. xtb reports success after optimisations that
//! did not converge, for electron parities that cannot be, and for atoms on top of each other:
//! [`Job::check`] looks before, [`Xtb::run`] after.
//!
//! Reproducibility: with one thread xtb 6.5.1 repeats its results bit for bit on one machine (a
//! test does so). Its OpenBLAS chooses kernels by processor, so other machines differ in the last
//! digits; tiers store rounded values.

pub mod checks;
mod document;
mod failure;
mod files;
mod fod;
mod job;
mod ladder;
mod process;
mod program;
mod result;
mod spin;
#[cfg(test)]
mod tests;
mod tier;

pub use failure::{Failure, XtbError};
pub use fod::{STATIC_CORRELATION, StaticCorrelation};
pub use job::{CLASH, Job, LAST_ELEMENT, Level, Method, Task};
pub use ladder::{Attempt, Rung};
pub use program::Xtb;
pub use result::{ANGSTROM_PER_BOHR, DEBYE_PER_E_BOHR, EV_PER_HARTREE, XtbResult};
pub use spin::spin_polarization;
pub use tier::{XtbOptions, XtbTier};

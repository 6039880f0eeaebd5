//! The convex hull of formation energies: is a phase stable, and if not, what does it fall into?
//!
//! A composition on the hull has no mixture of other phases with a lower energy. The hull energy at
//! a composition is a linear programme (Akbarzadeh, Ozoliņš and Wolverton, Adv. Mater. 19, 3233
//! (2007), without the entropy of gases):
//!
//! ```text
//! minimise  sum_i x_i E_i   subject to   sum_i x_i f_ij = f_j for every element j,   x_i >= 0
//! ```
//!
//! with `E_i` the energy per atom of phase i, `f_ij` its atomic fraction of element j, `f_j` that of
//! the composition asked about, and `x_i` the amount of phase i as a fraction of atoms. It is solved
//! in exactly the elements of the composition, so the number of elements of the whole set does not
//! matter.
//!
//! ```
//! use druse_fitness::hull::{Exclude, PhaseDiagram, PhaseEntry};
//!
//! let entry = |formula: &str, energy_per_atom: f64| PhaseEntry {
//!     id: formula.to_owned(),
//!     composition: formula.parse().unwrap(),
//!     energy_per_atom,
//! };
//! let diagram = PhaseDiagram::new([entry("Li", 0.0), entry("O2", 0.0), entry("Li2O", -2.0)]).unwrap();
//! let peroxide = diagram.energy_above_hull(&"Li2O2".parse().unwrap(), -1.4, Exclude::Nothing).unwrap();
//! // Hull at Li0.5 O0.5: three quarters of the atoms as Li2O, one quarter as O2.
//! assert!((peroxide.energy_above_hull - 0.1).abs() < 1e-12);
//! assert_eq!(peroxide.decomposition[0].id, "Li2O");
//! assert!((peroxide.decomposition[0].amount - 0.75).abs() < 1e-12);
//! ```

mod diagram;
mod precursors;
mod second_opinion;
mod sensitivity;
mod simplex;
mod standing;
mod system;
#[cfg(test)]
mod tests;
mod tier;

pub use diagram::{Component, Exclude, HullError, PhaseDiagram, PhaseEntry, Placement, ZERO_TOLERANCE};
pub use precursors::{PrecursorError, Precursors, Reaction, Term};
pub use second_opinion::SecondOpinion;
pub use sensitivity::{Known, Support};
pub use standing::{Standing, inverse_hull_energy, metastability};
pub use tier::HullTier;

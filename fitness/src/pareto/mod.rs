//! Multi-objective selection: who dominates whom, who survives, who mates, and how good a front is.
//!
//! Everything works on costs (to be minimised; see [`Goal::cost`](crate::Goal::cost)) and
//! constraint violations, so it serves any kind of design:
//!
//! - `costs: &[Vec<f64>]`, one vector per candidate, all of the same length;
//! - `violations: &[f64]`, one number per candidate, 0 when it is feasible; candidates past the end
//!   of the slice are feasible, so `&[]` means no constraints.
//!
//! A feasible candidate dominates an infeasible one, and of two infeasible ones the smaller
//! violation dominates (Deb et al., IEEE Trans. Evol. Comput. 6, 182 (2002)). A candidate with NaN
//! among its costs is worse than any other. Results depend on nothing but the arguments; ties go to
//! the lower index, or to the random generator that is passed in.

mod crowding;
mod directions;
mod dominance;
mod hypervolume;
mod minimise;
mod normalise;
mod nsga2;
mod nsga3;
mod operators;
pub mod problems;

pub use crowding::crowding_distance;
pub use directions::{das_dennis, two_layers};
pub use dominance::{dominates, fronts};
pub use hypervolume::hypervolume;
pub use minimise::{Evaluation, Individual, Selection, Settings, VectorProblem, minimise};
pub use nsga2::{Standing, binary_tournaments, rank_and_crowding};
pub use nsga3::{Niche, ReferenceDirections};
pub use operators::{PolynomialMutation, SimulatedBinaryCrossover};

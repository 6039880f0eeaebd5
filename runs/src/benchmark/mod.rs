//! Benchmarks of searches on spaces that were labelled to the last complex, so that the true Pareto
//! front is known.
//!
//! [`TruthTable`] holds a space and what every complex of it is worth; [`trace`] lets a generator
//! search it and records how much of the true hypervolume it has after each evaluation.

mod search;
mod truth;

pub use search::{Band, Contestant, Report, Trace, contestants, evaluations_to, report, trace};
pub use truth::{Scale, TruthError, TruthRow, TruthTable, shipped};

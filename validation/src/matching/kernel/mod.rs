//! The search that all matchers share: all mappings of one lattice on the other within tolerances,
//! and for each of them the translations that carry one site of a rare kind on its partners; the rest
//! of the sites is paired by linear assignment. The steps and tolerances are those of pymatgen's
//! `StructureMatcher` (S. P. Ong et al., Comput. Mater. Sci. 68, 314-319 (2013)), so that a matcher
//! built on it can decide the same.
//!
//! The search is exhaustive, and the caller decides when it has seen enough: [`search`] shows every
//! [`Trial`] to a closure.

mod allowed;
pub(super) mod assignment;
mod average;
mod lattices;
mod search;
mod trial;

use std::ops::ControlFlow;

use super::pattern::Cell;

pub use allowed::Allowed;
pub(super) use lattices::MAX_POINTS;
pub use search::{Outcome, search};
pub use trial::{Alignment, Trial};

/// How far lattices and sites may be apart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tolerances {
    /// Largest ratio of the lengths of mapped vectors, less 1.
    pub length: f64,
    /// Largest distance of sites in units of (V/N)^(1/3).
    pub site: f64,
    /// Largest difference of the angles of mapped lattices (degrees).
    pub angle: f64,
}

/// Which of two cells is repeated, and how many times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Supercell {
    /// The first, so many times; 1 compares the cells as they are, looking for the lattice of the
    /// second among the points of the first's.
    First(usize),
    /// The second.
    Second(usize),
}

/// What is searched.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Search {
    /// Tolerances. `site` sets the reach within which partners are looked for (twice of it along each
    /// normal of the cell); what distance is good enough is the caller's.
    pub tolerances: Tolerances,
    /// Which cell is repeated.
    pub supercell: Supercell,
    /// Whether both lattices are scaled to the same volume first.
    pub scale: bool,
    /// Whether sites of the larger crystal may be left without partners.
    pub subset: bool,
    /// Largest number of elementary steps (pairs of sites or lattice vectors looked at), so that no
    /// pair of crystals can hold up a run: the search then ends as [`Outcome::Unfinished`], with what
    /// was seen so far. The count does not depend on the machine.
    pub effort: u64,
}

/// Steps after which a search ends unfinished unless told otherwise: some ten seconds, which pairs of
/// usual crystals (up to some 200 sites) do not need.
pub const EFFORT: u64 = 2_000_000_000;

impl Search {
    /// Cells as they are, scaled to one volume, every site with a partner.
    pub fn new(tolerances: Tolerances) -> Self {
        Self { tolerances, supercell: Supercell::First(1), scale: true, subset: false, effort: EFFORT }
    }
}

/// Whether any mapping has its largest distance below `limit`, units of (V/N)^(1/3).
pub fn any_within(first: &Cell, second: &Cell, allowed: &Allowed, what: &Search, limit: f64) -> bool {
    let outcome = search(first, second, allowed, what, |trial| {
        if trial.largest() < limit { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    outcome == Outcome::Stopped
}

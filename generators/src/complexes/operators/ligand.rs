//! Other ligands, or the same ones elsewhere.

use std::sync::Arc;

use rand::{Rng, RngExt};

use crate::complexes::plan::Plan;
use crate::complexes::workbench::Workbench;

const TRIALS: usize = 16;
/// Probability that all copies of a ligand are replaced together.
const ALL_COPIES: f64 = 0.5;
/// Probability that a second ligand is replaced.
const SECOND: f64 = 0.3;

/// Two different ligands of one denticity change places.
pub(super) fn exchange<R: Rng + ?Sized>(mut plan: Plan, rng: &mut R) -> Option<Plan> {
    for _ in 0..TRIALS {
        let (i, j) = (rng.random_range(0..plan.seats.len()), rng.random_range(0..plan.seats.len()));
        let (a, b) = (&plan.seats[i].part, &plan.seats[j].part);
        if a.denticity() == b.denticity() && a.key != b.key {
            let (a, b) = (Arc::clone(a), Arc::clone(b));
            (plan.seats[i].part, plan.seats[j].part) = (b, a);
            return Some(plan);
        }
    }
    None
}

/// All ligands are placed anew.
pub(super) fn isomer<R: Rng + ?Sized>(mut plan: Plan, rng: &mut R) -> Option<Plan> {
    plan.rearrange(rng)?;
    Some(plan)
}

/// A ligand, or all its copies, is replaced by a similar one of the pool.
pub(super) fn similar<R: Rng + ?Sized>(bench: &Workbench, mut plan: Plan, rng: &mut R) -> Option<Plan> {
    let which = rng.random_range(0..plan.seats.len());
    let old = Arc::clone(&plan.seats[which].part);
    let new = bench.similar(&old, rng)?;
    let all = rng.random::<f64>() < ALL_COPIES;
    for (index, seat) in plan.seats.iter_mut().enumerate() {
        if index == which || (all && seat.part.key == old.key) {
            seat.part = Arc::clone(&new);
        }
    }
    bench.mend(plan, rng)
}

/// One or two ligands go, and any others, perhaps of other denticity, take their sites.
pub(super) fn replace<R: Rng + ?Sized>(bench: &Workbench, mut plan: Plan, rng: &mut R) -> Option<Plan> {
    let times = if rng.random::<f64>() < SECOND { 2 } else { 1 };
    for _ in 0..times.min(plan.seats.len()) {
        plan.seats.remove(rng.random_range(0..plan.seats.len()));
    }
    let mut plan = bench.fill(plan, rng)?;
    // Those that stay keep their sites where the new ones fit into the gaps.
    let free: Vec<usize> = (0..plan.frame.geometry.site_count())
        .filter(|site| !plan.seats.iter().any(|seat| seat.sites.contains(site)))
        .collect();
    let new: Vec<_> = plan.seats.iter().filter(|s| s.sites.is_empty()).map(|s| Arc::clone(&s.part)).collect();
    if let Some(places) = crate::complexes::placing::place(plan.frame.geometry, &new, &free, rng) {
        for (seat, sites) in plan.seats.iter_mut().filter(|seat| seat.sites.is_empty()).zip(places) {
            seat.sites = sites;
        }
    }
    Some(plan)
}

//! Two parents.

use std::sync::Arc;

use rand::seq::{IndexedRandom, SliceRandom};
use rand::{Rng, RngExt};

use crate::complexes::plan::{Frame, Plan, Seat};
use crate::complexes::workbench::Workbench;

/// Uniform crossover of two complexes of one polyhedron: the second is turned at random, then each
/// set of sites on which both have whole ligands comes from either. The metal, with its oxidation
/// state, comes from either too. `None` for different polyhedra.
pub(super) fn mix<R: Rng + ?Sized>(
    bench: &Workbench,
    first: Plan,
    second: &Plan,
    rng: &mut R,
) -> Option<Plan> {
    if first.frame.geometry != second.frame.geometry {
        return None;
    }
    let turn = first.frame.geometry.rotations().choose(rng)?;
    let mut plan = first;
    let metal = if rng.random() { second.frame } else { plan.frame };
    plan.seats = cross(&plan, second, turn, rng);
    plan.frame = metal;
    bench.mend(plan, rng)
}

/// Ligands of two complexes whose sites are numbered alike after a turn of the second.
fn cross<R: Rng + ?Sized>(first: &Plan, second: &Plan, turn: &[usize], rng: &mut R) -> Vec<Seat> {
    let turned = second.seats.iter().map(|seat| Seat {
        part: Arc::clone(&seat.part),
        sites: seat.sites.iter().map(|&site| turn[site]).collect(),
    });
    let turned: Vec<Seat> = turned.collect();
    // Sites that a ligand of either parent holds together belong to one block.
    let mut block: Vec<usize> = (0..turn.len()).collect();
    for seat in first.seats.iter().chain(&turned) {
        for pair in seat.sites.windows(2) {
            let (old, new) = (block[pair[0]], block[pair[1]]);
            block.iter_mut().filter(|b| **b == old).for_each(|b| *b = new);
        }
    }
    let from_second: Vec<bool> = block.iter().map(|_| rng.random()).collect();
    let chosen = |seat: &Seat, second: bool| {
        seat.sites.first().is_some_and(|&site| from_second[block[site]] == second)
    };
    let kept = first.seats.iter().filter(|seat| chosen(seat, false));
    kept.chain(turned.iter().filter(|seat| chosen(seat, true))).cloned().collect()
}

/// The ligands of the first parent around the metal of the second.
pub(super) fn graft<R: Rng + ?Sized>(
    bench: &Workbench,
    mut first: Plan,
    second: &Plan,
    rng: &mut R,
) -> Option<Plan> {
    let frame = Frame { geometry: first.frame.geometry, ..second.frame };
    if frame == first.frame || !bench.frames.contains(&frame) {
        return None;
    }
    first.frame = frame;
    bench.mend(first, rng)
}

/// PL-MOGA's way (Strandgaard et al., 2024): uniform crossover with probability 1/2 for each gene,
/// each gene redrawn with probability 1/2, two genes exchanged with probability 1/2. The metal with
/// its oxidation state is a gene where there are several. Sums out of range are not mended.
pub(super) fn uniform<R: Rng + ?Sized>(
    bench: &Workbench,
    mut first: Plan,
    second: &Plan,
    rng: &mut R,
) -> Option<Plan> {
    let identity: Vec<usize> = (0..first.frame.geometry.site_count()).collect();
    if first.frame.geometry == second.frame.geometry {
        first.seats = cross(&first, second, &identity, rng);
        if rng.random() {
            first.frame = second.frame;
        }
    }
    for seat in &mut first.seats {
        if rng.random() {
            seat.part = bench.any(seat.part.denticity(), rng)?;
        }
    }
    let here = first.frame.geometry;
    let frames: Vec<Frame> = bench.frames.iter().copied().filter(|frame| frame.geometry == here).collect();
    if frames.len() > 1 && rng.random() {
        first.frame = *frames.choose(rng)?;
    }
    if rng.random() {
        let mut order: Vec<usize> = (0..first.seats.len()).collect();
        order.shuffle(rng);
        if let [i, j, ..] = order[..]
            && first.seats[i].part.denticity() == first.seats[j].part.denticity()
        {
            let (a, b) = (Arc::clone(&first.seats[i].part), Arc::clone(&first.seats[j].part));
            (first.seats[i].part, first.seats[j].part) = (b, a);
        }
    }
    bench.adds_up(first.frame, first.ligand_charge(), first.ligand_electrons()).then_some(first)
}

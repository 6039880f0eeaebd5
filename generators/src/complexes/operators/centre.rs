//! Another metal, oxidation state, polyhedron or spin.

use rand::Rng;
use rand::seq::{IndexedRandom, SliceRandom};

use crate::complexes::plan::{Frame, Plan};
use crate::complexes::workbench::Workbench;

/// Another metal on the same sites; its oxidation state suits the ligands where one does, otherwise
/// a ligand is exchanged.
pub(super) fn metal<R: Rng + ?Sized>(bench: &Workbench, plan: Plan, rng: &mut R) -> Option<Plan> {
    let old = plan.frame;
    refit(bench, plan, |frame| frame.metal != old.metal && frame.geometry == old.geometry, rng)
}

/// Another oxidation state of the same metal.
pub(super) fn oxidation<R: Rng + ?Sized>(bench: &Workbench, plan: Plan, rng: &mut R) -> Option<Plan> {
    let old = plan.frame;
    let other = |frame: &Frame| {
        frame.metal == old.metal
            && frame.geometry == old.geometry
            && frame.oxidation_state != old.oxidation_state
    };
    refit(bench, plan, other, rng)
}

/// A random frame of those wanted, preferably one that the ligands suit.
fn refit<R: Rng + ?Sized>(
    bench: &Workbench,
    mut plan: Plan,
    wanted: impl Fn(&Frame) -> bool,
    rng: &mut R,
) -> Option<Plan> {
    let (charge, electrons) = (plan.ligand_charge(), plan.ligand_electrons());
    let frames: Vec<Frame> = bench.frames.iter().copied().filter(wanted).collect();
    let suited: Vec<Frame> =
        frames.iter().copied().filter(|&frame| bench.adds_up(frame, charge, electrons)).collect();
    plan.frame = *suited.choose(rng).or_else(|| frames.choose(rng))?;
    bench.mend(plan, rng)
}

/// Another polyhedron. Ligands that are too many go, missing ones come; the rest is placed anew.
pub(super) fn geometry<R: Rng + ?Sized>(bench: &Workbench, mut plan: Plan, rng: &mut R) -> Option<Plan> {
    let old = plan.frame;
    let frames: Vec<Frame> = bench
        .frames
        .iter()
        .copied()
        .filter(|frame| frame.metal == old.metal && frame.geometry != old.geometry)
        .collect();
    // The oxidation state stays where it can.
    let same: Vec<Frame> =
        frames.iter().copied().filter(|frame| frame.oxidation_state == old.oxidation_state).collect();
    plan.frame = *same.choose(rng).or_else(|| frames.choose(rng))?;
    let sites = plan.frame.geometry.site_count();
    let taken = |plan: &Plan| -> usize { plan.seats.iter().map(|seat| seat.part.denticity()).sum() };
    plan.seats.shuffle(rng);
    while taken(&plan) > sites {
        plan.seats.pop();
    }
    let mut plan = if taken(&plan) < sites { bench.fill(plan, rng)? } else { bench.mend(plan, rng)? };
    plan.rearrange(rng)?;
    Some(plan)
}

/// One more or one fewer pair of unpaired electrons.
pub(super) fn spin<R: Rng + ?Sized>(mut plan: Plan, rng: &mut R) -> Option<Plan> {
    let choice: Vec<u32> =
        plan.complex().multiplicities().into_iter().filter(|&m| m != plan.multiplicity).collect();
    plan.multiplicity = *choice.choose(rng)?;
    Some(plan)
}

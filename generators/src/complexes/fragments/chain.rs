//! Longer and shorter chains between donors.

use druse_representations::{Atom, BondOrder};
use rand::seq::IndexedRandom;
use rand::{Rng, RngExt};

use super::sketch::{Sketch, element};
use super::substituents::add_hydrogen;

/// Fewest and most bonds between two donors of a chelate: rings of 4 to 7.
const CHELATE: [usize; 2] = [2, 5];

/// The chain between two donors grows or shrinks by one CH2. Bonds in rings stay.
pub(super) fn change<R: Rng + ?Sized>(sketch: &mut Sketch, rng: &mut R) -> Option<()> {
    if rng.random() { grow(sketch, rng) } else { shrink(sketch, rng) }
}

/// Whether a bond is the only link between some donors and the others.
fn links(sketch: &Sketch, from: usize, to: usize) -> bool {
    let Some(beyond) = sketch.beyond(from, to) else { return false };
    let there = sketch.donors().iter().filter(|donor| donor.iter().any(|atom| beyond.contains(atom))).count();
    (1..sketch.donors().len()).contains(&there)
}

fn grow<R: Rng + ?Sized>(sketch: &mut Sketch, rng: &mut R) -> Option<()> {
    let bonds: Vec<(usize, usize)> = sketch
        .bonds()
        .iter()
        .filter(|bond| bond.2 == BondOrder::Single)
        .map(|&(from, to, _)| (from, to))
        .filter(|&(from, to)| sketch.symbol(from) != "H" && sketch.symbol(to) != "H")
        .filter(|&(from, to)| links(sketch, from, to))
        .collect();
    let &(from, to) = bonds.choose(rng)?;
    sketch.remove_bond(from, to);
    let carbon = sketch.add_atom(Atom { element: element("C")?, formal_charge: 0 });
    sketch.add_bond(from, carbon, BondOrder::Single);
    sketch.add_bond(carbon, to, BondOrder::Single);
    add_hydrogen(sketch, carbon)?;
    add_hydrogen(sketch, carbon)?;
    proper(sketch)
}

fn shrink<R: Rng + ?Sized>(sketch: &mut Sketch, rng: &mut R) -> Option<()> {
    let candidate = |atom: usize| -> Option<(usize, [usize; 2], [usize; 2])> {
        let neighbours = sketch.neighbours(atom);
        let single = neighbours.iter().all(|&(_, order)| order == BondOrder::Single);
        if sketch.symbol(atom) != "C" || sketch.is_donor(atom) || sketch.charge(atom) != 0 || !single {
            return None;
        }
        let (hydrogens, heavy): (Vec<usize>, Vec<usize>) =
            neighbours.into_iter().map(|(other, _)| other).partition(|&other| sketch.symbol(other) == "H");
        let (&[h1, h2], &[from, to]) = (&hydrogens[..], &heavy[..]) else { return None };
        let carbon = sketch.symbol(from) == "C" || sketch.symbol(to) == "C";
        (carbon && links(sketch, from, atom)).then_some((atom, [h1, h2], [from, to]))
    };
    let candidates: Vec<_> = sketch.atoms().filter_map(|(atom, _)| candidate(atom)).collect();
    let &(atom, hydrogens, [from, to]) = candidates.choose(rng)?;
    hydrogens.into_iter().chain([atom]).for_each(|atom| sketch.remove_atom(atom));
    sketch.add_bond(from, to, BondOrder::Single);
    proper(sketch)
}

/// Whether donors that follow each other are still in rings of a possible size.
fn proper(sketch: &Sketch) -> Option<()> {
    let ligand = sketch.clone().ligand("")?;
    let nearest = |i: usize| {
        let others = (0..ligand.donors.len()).filter(|&j| j != i);
        others
            .filter_map(|j| crate::complexes::part::distance(&ligand, &ligand.donors[i], &ligand.donors[j]))
            .min()
    };
    (0..ligand.donors.len())
        .all(|i| nearest(i).is_some_and(|bonds| (CHELATE[0]..=CHELATE[1]).contains(&bonds)))
        .then_some(())
}

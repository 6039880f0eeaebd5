//! Parts of a ligand that hang on one bond and hold no donor.

use druse_representations::BondOrder;
use rand::Rng;
use rand::seq::IndexedRandom;

use super::sketch::Sketch;
use super::substituents::add_hydrogen;

/// Most heavy atoms of an arm.
const LARGEST: usize = 14;

/// An arm: everything beyond the bond from `base` to `root`.
struct Arm {
    base: usize,
    root: usize,
    atoms: Vec<usize>,
}

/// All arms of heavy atoms.
fn arms(sketch: &Sketch) -> Vec<Arm> {
    let directed = sketch.bonds().iter().filter(|bond| bond.2 == BondOrder::Single);
    directed
        .flat_map(|&(a, b, _)| [(a, b), (b, a)])
        .filter(|&(base, root)| sketch.symbol(root) != "H" && sketch.symbol(base) != "H")
        .filter_map(|(base, root)| Some(Arm { base, root, atoms: sketch.beyond(base, root)? }))
        .filter(|arm| !arm.atoms.iter().any(|&atom| sketch.is_donor(atom)))
        .filter(|arm| arm.atoms.iter().filter(|&&atom| sketch.symbol(atom) != "H").count() <= LARGEST)
        .collect()
}

fn charge(sketch: &Sketch, arm: &Arm) -> i32 {
    arm.atoms.iter().map(|&atom| i32::from(sketch.charge(atom))).sum()
}

/// Puts a hydrogen atom in the place of a neutral arm on carbon.
pub(super) fn strip<R: Rng + ?Sized>(sketch: &mut Sketch, rng: &mut R) -> Option<()> {
    let mut arms = arms(sketch);
    arms.retain(|arm| {
        sketch.symbol(arm.base) == "C" && !sketch.is_kappa_donor(arm.base) && charge(sketch, arm) == 0
    });
    let arm = arms.choose(rng)?;
    arm.atoms.iter().for_each(|&atom| sketch.remove_atom(atom));
    add_hydrogen(sketch, arm.base)
}

/// Puts an arm of `other` in the place of an own one of the same charge.
pub(super) fn exchange<R: Rng + ?Sized>(sketch: &mut Sketch, other: &Sketch, rng: &mut R) -> Option<()> {
    let (mine, theirs) = (arms(sketch), arms(other));
    let old = mine.choose(rng)?;
    let fits = |arm: &&Arm| {
        charge(other, arm) == charge(sketch, old) && bondable(sketch.symbol(old.base), other.symbol(arm.root))
    };
    let fitting: Vec<&Arm> = theirs.iter().filter(fits).collect();
    let new = fitting.choose(rng)?;
    old.atoms.iter().for_each(|&atom| sketch.remove_atom(atom));
    let mut places = vec![None; other.atoms().last()?.0 + 1];
    for (number, atom) in other.atoms().filter(|(number, _)| new.atoms.contains(number)) {
        places[number] = Some(sketch.add_atom(atom));
    }
    for &(from, to, order) in other.bonds() {
        if let (Some(from), Some(to)) = (places[from], places[to]) {
            sketch.add_bond(from, to, order);
        }
    }
    sketch.add_bond(old.base, places[new.root]?, BondOrder::Single);
    Some(())
}

/// Whether a bond between two elements is common enough: one end is carbon, or silicon on oxygen or
/// nitrogen, or phosphorus on oxygen or nitrogen.
fn bondable(a: &str, b: &str) -> bool {
    let polar = |x: &str, y: &str| matches!(x, "Si" | "P" | "B") && matches!(y, "O" | "N");
    a == "C" || b == "C" || polar(a, b) || polar(b, a)
}

//! One element in the place of another with the same valence.

use druse_representations::BondOrder;
use rand::Rng;
use rand::seq::IndexedRandom;

use super::sketch::{Sketch, element};
use super::substituents::add_hydrogen;

/// Whether two bonds of a ring atom leave it as unsaturated as an atom of pyridine.
fn pyridine_like(orders: [BondOrder; 2]) -> bool {
    use BondOrder::{Aromatic, Double, Single};
    matches!(orders, [Aromatic, Aromatic] | [Single, Double] | [Double, Single])
}

/// CH in an unsaturated ring becomes N, or N becomes CH. No bonds between nitrogen atoms are made.
pub(super) fn aza<R: Rng + ?Sized>(sketch: &mut Sketch, rng: &mut R) -> Option<()> {
    let candidate = |atom: usize| -> Option<(usize, Option<usize>)> {
        let symbol = sketch.symbol(atom);
        if !matches!(symbol, "C" | "N") || sketch.is_donor(atom) || sketch.charge(atom) != 0 {
            return None;
        }
        let (hydrogens, heavy): (Vec<_>, Vec<_>) =
            sketch.neighbours(atom).into_iter().partition(|&(other, _)| sketch.symbol(other) == "H");
        let &[(first, one), (second, two)] = &heavy[..] else { return None };
        if !pyridine_like([one, two]) || sketch.beyond(atom, first).is_some() {
            return None;
        }
        match (symbol, &hydrogens[..]) {
            ("C", &[(hydrogen, _)]) => {
                let carbons = [first, second].iter().all(|&other| sketch.symbol(other) == "C");
                carbons.then_some((atom, Some(hydrogen)))
            }
            ("N", []) => Some((atom, None)),
            _ => None,
        }
    };
    let candidates: Vec<(usize, Option<usize>)> =
        sketch.atoms().filter_map(|(atom, _)| candidate(atom)).collect();
    let &(atom, hydrogen) = candidates.choose(rng)?;
    match hydrogen {
        Some(hydrogen) => {
            sketch.remove_atom(hydrogen);
            sketch.set_element(atom, element("N")?);
        }
        None => {
            sketch.set_element(atom, element("C")?);
            add_hydrogen(sketch, atom)?;
        }
    }
    Some(())
}

/// An atom becomes another of its group: O and S, N and P, F, Cl and Br, C and Si (sp3), where it has
/// nothing but the bonds of the lighter one, and its neighbours are carbon or hydrogen.
pub(super) fn swap<R: Rng + ?Sized>(sketch: &mut Sketch, rng: &mut R) -> Option<()> {
    let choices = |atom: usize| -> &'static [&'static str] {
        let neighbours = sketch.neighbours(atom);
        let plain = |&(other, _): &(usize, BondOrder)| matches!(sketch.symbol(other), "C" | "H");
        if sketch.is_donor(atom) || sketch.charge(atom) != 0 || !neighbours.iter().all(plain) {
            return &[];
        }
        let orders: Vec<BondOrder> = neighbours.iter().map(|&(_, order)| order).collect();
        let single = orders.iter().all(|&order| order == BondOrder::Single);
        match (sketch.symbol(atom), orders.len(), single) {
            ("O", 2, true) => &["S"],
            ("S", 2, true) => &["O"],
            ("O", 1, false) if orders == [BondOrder::Double] => &["S"],
            ("S", 1, false) if orders == [BondOrder::Double] => &["O"],
            ("N", 3, true) => &["P"],
            ("P", 3, true) => &["N"],
            ("F", 1, true) => &["Cl", "Br"],
            ("Cl", 1, true) => &["F", "Br"],
            ("Br", 1, true) => &["F", "Cl"],
            ("C", 4, true) => &["Si"],
            ("Si", 4, true) => &["C"],
            _ => &[],
        }
    };
    let all: Vec<(usize, &'static str)> = sketch
        .atoms()
        .flat_map(|(atom, _)| choices(atom).iter().map(move |&symbol| (atom, symbol)))
        // Carbon is everywhere; silicon shall stay rare.
        .filter(|&(atom, symbol)| {
            symbol != "Si" || sketch.neighbours(atom).iter().all(|&(n, _)| sketch.symbol(n) == "C")
        })
        .collect();
    let &(atom, symbol) = all.choose(rng)?;
    sketch.set_element(atom, element(symbol)?);
    Some(())
}

//! From the atoms that two slices bring along to a wanted composition.

use druse_datasets::elements::electronegativity;
use druse_representations::{Composition, Element, Lattice};
use nalgebra::Vector3;
use rand::Rng;

use crate::crystals::building::{Contacts, Filling};
use crate::crystals::matrix::packing::roomiest;

/// Draws of the place of an atom that no parent has left.
const DRAWS: usize = 24;

/// An element and its fractional coordinates.
pub(super) type Atom = (Element, [f64; 3]);

/// Makes the composition of `atoms` that of `wanted`, exactly: atoms that are too many become those that
/// are missing, the most alike first; then the most crowded of what is still too many are removed, and
/// what is still missing is taken from `spare`, the atoms that were cut away, where there is most room,
/// or put into a free place. `None` when `wanted` holds no whole numbers.
pub(super) fn repair<R: Rng + ?Sized>(
    atoms: &mut Vec<Atom>,
    mut spare: Vec<Atom>,
    wanted: &Composition,
    lattice: &Lattice,
    rng: &mut R,
) -> Option<()> {
    let mut missing: Vec<Element> = Vec::new();
    for (element, amount) in wanted.iter() {
        if amount.fract() != 0.0 {
            return None;
        }
        let there = atoms.iter().filter(|atom| atom.0 == element).count();
        missing.extend(std::iter::repeat_n(element, (amount as usize).saturating_sub(there)));
    }
    let too_many = |atoms: &[Atom], place: usize| {
        let element = atoms[place].0;
        atoms.iter().filter(|atom| atom.0 == element).count() as f64 > wanted.amount(element)
    };
    // Most crowded first, so that both what becomes another element and what goes is what is in the way.
    loop {
        let crowded = crowded_first(atoms, lattice);
        let Some(place) = crowded.into_iter().find(|&place| too_many(atoms, place)) else { break };
        let alike = |element: Element| {
            let value = |e| electronegativity(e).unwrap_or(2.0);
            (value(element) - value(atoms[place].0)).abs()
        };
        let nearest = (0..missing.len())
            .min_by(|&i, &j| alike(missing[i]).total_cmp(&alike(missing[j])).then(i.cmp(&j)));
        match nearest {
            Some(i) => atoms[place].0 = missing.remove(i),
            None => {
                atoms.remove(place);
            }
        }
    }
    let contacts = Contacts::of(wanted);
    for element in missing {
        let kind = contacts.index(element)?;
        let mut filling = Filling::new(*lattice, &contacts);
        for (other, place) in atoms.iter() {
            filling.add(Vector3::from(*place), contacts.index(*other)?);
        }
        let room = |atom: &Atom| filling.ratio_at(Vector3::from(atom.1), kind);
        let left = (0..spare.len())
            .filter(|&i| spare[i].0 == element)
            .max_by(|&i, &j| room(&spare[i]).total_cmp(&room(&spare[j])).then(j.cmp(&i)));
        let place = match left {
            Some(i) => spare.remove(i).1,
            None => roomiest(&filling, kind, DRAWS, rng).into(),
        };
        atoms.push((element, place));
    }
    Some(())
}

/// Places of atoms, those nearest to another atom first.
fn crowded_first(atoms: &[Atom], lattice: &Lattice) -> Vec<usize> {
    let composition: Composition = atoms.iter().map(|atom| (atom.0, 1.0)).collect();
    let contacts = Contacts::of(&composition);
    let filling = Filling::new(*lattice, &contacts);
    let distance = |i: usize| {
        let others = (0..atoms.len()).filter(|&j| j != i);
        others
            .map(|j| filling.way(&Vector3::from(atoms[i].1), &Vector3::from(atoms[j].1)).norm())
            .fold(f64::INFINITY, f64::min)
    };
    let distances: Vec<f64> = (0..atoms.len()).map(distance).collect();
    let mut order: Vec<usize> = (0..atoms.len()).collect();
    order.sort_by(|&i, &j| distances[i].total_cmp(&distances[j]).then(i.cmp(&j)));
    order
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::stream;
    use rand::RngExt;

    #[test]
    fn any_wanted_composition_is_reached() {
        let elements: Vec<Element> = "Na Mg O F".split(' ').map(|s| s.parse().unwrap()).collect();
        for number in 0..200 {
            let mut rng = stream(2, number);
            let mut draw = |most: usize| -> Vec<Atom> {
                (0..rng.random_range(1..=most))
                    .map(|_| {
                        let element = elements[rng.random_range(0..elements.len())];
                        (element, std::array::from_fn(|_| rng.random::<f64>()))
                    })
                    .collect()
            };
            let (mut atoms, spare, wanted) = (draw(12), draw(12), draw(12));
            let wanted: Composition = wanted.iter().map(|atom| (atom.0, 1.0)).collect();
            repair(&mut atoms, spare, &wanted, &Lattice::cubic(6.0), &mut rng).unwrap();
            let found: Composition = atoms.iter().map(|atom| (atom.0, 1.0)).collect();
            assert_eq!(found, wanted);
        }
    }
}

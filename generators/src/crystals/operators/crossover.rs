//! Two parents.

use std::collections::BTreeMap;

use druse_datasets::elements::electronegativity;
use druse_representations::symmetry::{Orbit, SymmetryCode};
use druse_representations::{Composition, Element};
use rand::{Rng, RngExt};

use crate::crystals::building::Workshop;

const TRIALS: usize = 32;

/// Mixes the orbits of two crystals of one space group in the cell of the first; the space group is
/// kept by construction. `None` for different space groups.
pub(super) fn mix<R: Rng + ?Sized>(
    workshop: &Workshop,
    first: &SymmetryCode,
    second: &SymmetryCode,
    rng: &mut R,
) -> Option<SymmetryCode> {
    if first.space_group != second.space_group || first == second {
        return None;
    }
    for _ in 0..TRIALS {
        let mut orbits: Vec<Orbit> = Vec::new();
        for orbit in first.orbits.iter().chain(&second.orbits) {
            let clash = orbit.free.is_empty() && orbits.iter().any(|other| other.letter == orbit.letter);
            if rng.random() && !clash {
                orbits.push(orbit.clone());
            }
        }
        let child = SymmetryCode { orbits, ..first.clone() };
        let [fewest, most] = workshop.space.atoms;
        if (fewest..=most).contains(&child.primitive_atom_count())
            && workshop.chemistry.sensible(&workshop.space, &child.composition())
        {
            return Some(child);
        }
    }
    None
}

/// The structure of the first parent with the elements of the second, in order of
/// electronegativity: anions replace anions, and the most electropositive cation its like.
pub(super) fn graft(
    workshop: &Workshop,
    structure: &SymmetryCode,
    elements: &SymmetryCode,
) -> Option<SymmetryCode> {
    let counterparts = counterparts(&structure.composition(), &elements.composition())?;
    let mut child = structure.clone();
    for orbit in &mut child.orbits {
        orbit.element = *counterparts.get(&orbit.element)?;
    }
    workshop.chemistry.sensible(&workshop.space, &child.composition()).then_some(child)
}

/// For each element of one composition that of another which plays its role, in order of
/// electronegativity; `None` when they hold the same elements.
pub(in crate::crystals) fn counterparts(
    of: &Composition,
    among: &Composition,
) -> Option<BTreeMap<Element, Element>> {
    let (old, new) = (by_electronegativity(of), by_electronegativity(among));
    if old == new {
        return None;
    }
    // Both ends are kept where the numbers of elements differ.
    let place =
        |rank: usize| (rank * (new.len() - 1) + (old.len() - 1) / 2).checked_div(old.len() - 1).unwrap_or(0);
    Some(old.iter().enumerate().map(|(rank, &element)| (element, new[place(rank)])).collect())
}

fn by_electronegativity(composition: &Composition) -> Vec<Element> {
    let mut elements: Vec<Element> = composition.elements().collect();
    let value = |&e: &Element| electronegativity(e).unwrap_or(0.0);
    elements.sort_by(|a, b| value(a).total_cmp(&value(b)).then(a.cmp(b)));
    elements
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crystals::space::DesignSpace;
    use crate::stream::stream;
    use druse_datasets::prototypes::prototype;

    fn workshop(symbols: &str) -> Workshop {
        let elements = symbols.split(' ').map(|s| s.parse().unwrap());
        Workshop::new(&DesignSpace::new(elements)).unwrap()
    }

    #[test]
    fn grafting_keeps_roles() {
        let code = |name| prototype(name).unwrap().code();
        let workshop = workshop("Ca F Ti O Na Cl Sr Li Mg Al");
        let child = graft(&workshop, &code("rutile"), &code("fluorite")).unwrap();
        assert_eq!(child.composition().reduced_formula(), "CaF2");
        assert_eq!(child.space_group, 136);
        assert_eq!(graft(&workshop, &code("rutile"), &code("rocksalt")), None); // NaCl2
        let child = graft(&workshop, &code("spinel"), &code("perovskite-cubic")).unwrap();
        assert_eq!(child.composition().reduced_formula(), "SrTi2O4");
    }

    #[test]
    fn mixing_stays_in_the_space_group() {
        let code = |name| prototype(name).unwrap().code();
        let workshop = workshop("Ca F K Na Al Li O");
        let (fluorite, elpasolite) = (code("fluorite"), code("elpasolite"));
        let mut found = 0;
        for number in 0..50 {
            if let Some(child) = mix(&workshop, &fluorite, &elpasolite, &mut stream(0, number)) {
                found += 1;
                assert_eq!(child.space_group, 225);
                assert!(child.is_valid());
            }
        }
        assert!(found > 20, "{found}");
        assert_eq!(mix(&workshop, &fluorite, &code("rutile"), &mut stream(0, 0)), None);
    }
}

//! Down to subgroups: some atoms of an element become another element.

use druse_representations::symmetry::{SymmetryCode, SymmetryRepresentation};
use druse_representations::{Crystal, Element, Representation, Site};
use nalgebra::{Matrix3, Vector3};
use rand::seq::{IndexedRandom, SliceRandom};
use rand::{Rng, RngExt};

use crate::crystals::building::Workshop;

const TRIALS: usize = 16;
/// Probability to double the cell first, where it may be that large: subgroups with another lattice.
const DOUBLE: f64 = 0.4;

/// Replaces one atom or half of the atoms of an element in the primitive cell, or in a doubled one.
/// What symmetry remains is a subgroup of the parent's.
pub(super) fn decorate<R: Rng + ?Sized>(
    workshop: &Workshop,
    code: &SymmetryCode,
    rng: &mut R,
) -> Option<SymmetryCode> {
    let mut crystal = code.to_primitive().ok()?;
    if 2 * crystal.sites.len() <= workshop.space.atoms[1] && rng.random::<f64>() < DOUBLE {
        crystal = doubled(&crystal, rng.random_range(0..3));
    }
    let elements = crystal.elements().ok()?;
    for _ in 0..TRIALS {
        let old = *elements.choose(rng)?;
        let mut places: Vec<usize> = (0..elements.len()).filter(|&i| elements[i] == old).collect();
        if places.len() < 2 {
            continue;
        }
        places.shuffle(rng);
        let count = if rng.random() { 1 } else { places.len() / 2 };
        let present: Vec<Element> = code.composition().elements().collect();
        let new = if rng.random() {
            workshop.chemistry.replacement(&workshop.space, old, rng)?
        } else {
            *present.choose(rng)?
        };
        let mut child = crystal.clone();
        for &i in &places[..count] {
            child.sites[i] = Site::ordered(new, child.sites[i].frac);
        }
        if new != old && workshop.chemistry.sensible(&workshop.space, &child.composition()) {
            return SymmetryRepresentation::default().encode(&child).ok();
        }
    }
    None
}

/// Two cells side by side along one vector.
fn doubled(crystal: &Crystal, axis: usize) -> Crystal {
    let mut scale = Vector3::repeat(1.0);
    scale[axis] = 2.0;
    let lattice = druse_representations::Lattice::from_matrix(
        Matrix3::from_diagonal(&scale) * crystal.lattice.matrix(),
    );
    let copy = |shift: f64| {
        crystal.sites.iter().map(move |site| {
            let mut frac = site.frac;
            frac[axis] = (frac[axis] + shift) / 2.0;
            Site { occupants: site.occupants.clone(), frac }
        })
    };
    Crystal { lattice, sites: copy(0.0).chain(copy(1.0)).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crystals::space::DesignSpace;
    use crate::stream::stream;
    use druse_datasets::prototypes::prototype;

    #[test]
    fn doubling_keeps_the_crystal() {
        let code = prototype("rutile").unwrap().code();
        for axis in 0..3 {
            let large = doubled(&code.to_primitive().unwrap(), axis);
            let again = SymmetryRepresentation::default().encode(&large).unwrap();
            assert_eq!(again.primitive_atom_count(), 6);
            assert_eq!(again.fingerprint(), code.fingerprint());
        }
    }

    #[test]
    fn decorated_crystals_have_lower_symmetry() {
        let elements = "Na K Cl Br".split(' ').map(|s| s.parse().unwrap());
        let workshop = Workshop::new(&DesignSpace::new(elements)).unwrap();
        let code = prototype("rocksalt").unwrap().code();
        let mut groups = std::collections::BTreeSet::new();
        for number in 0..60 {
            if let Some(child) = decorate(&workshop, &code, &mut stream(0, number)) {
                assert!(child.composition().element_count() == 3, "{:?}", child.composition());
                groups.insert(child.space_group);
            }
        }
        assert!(!groups.is_empty() && !groups.contains(&225), "{groups:?}");
    }
}

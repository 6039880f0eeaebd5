//! From the end of the flow to a crystal that may be shown.

use druse_representations::nalgebra::Matrix3;
use druse_representations::reduction::niggli_crystal;
use druse_representations::{Crystal, Element, Lattice, Neighbours, Representation, SymmetryRepresentation};

use super::super::noising::Example;
use super::super::state::State;
use super::plan::Plan;
use crate::breeding::Constraints;
use crate::learned::matrix::strain::{cell_of, strain_of};
use crate::learned::nets::elements::radius;

/// Tolerances (Å) of the symmetry that a structure is given, the loosest first: samplers end a little beside
/// the symmetric structures that they mean.
const TOLERANCES: [f64; 3] = [0.2, 0.1, 0.05];
/// Volumes may change by this share when a structure is made symmetric.
const VOLUME_CHANGE: f64 = 0.05;
/// Atoms are never nearer than this share of the sum of their covalent radii.
const CONTACT: f64 = 0.5;

/// The crystal of a state, made symmetric where it nearly is; `None` when it breaks a constraint or atoms
/// are impossibly near.
pub fn finish(plan: &Plan, state: &State) -> Option<Crystal> {
    let crystal = crystal_of(plan, state);
    if !contacts_are_possible(&crystal) {
        return None;
    }
    if plan.fixed.is_some() {
        return plan.space.check_design(&crystal).is_ok().then_some(crystal);
    }
    let symmetric = TOLERANCES.iter().filter_map(|&tolerance| symmetric(&crystal, tolerance));
    symmetric
        .chain(std::iter::once(crystal.clone()))
        .filter_map(|crystal| niggli_crystal(&crystal).ok())
        .find(|crystal| contacts_are_possible(crystal) && plan.space.check_design(crystal).is_ok())
}

/// A crystal as the network sees it when it is finished.
pub fn clean_state(crystal: &Crystal) -> Option<State> {
    let reduced = niggli_crystal(crystal).ok()?;
    let elements: Vec<u8> = reduced.elements().ok()?.iter().map(|e| e.atomic_number()).collect();
    let strain = strain_of(&reduced.lattice)?;
    Some(Example { strain, frac: reduced.fractional(), elements, space_group: 1 }.clean())
}

fn crystal_of(plan: &Plan, state: &State) -> Crystal {
    let mut lattice = Lattice::from_matrix(cell_of(&state.strain));
    let mut reduction = Matrix3::identity();
    if let Some(fixed) = plan.fixed.as_ref().filter(|fixed| fixed.strain.is_some()) {
        lattice = fixed.crystal.lattice;
        reduction = fixed.reduction;
    }
    let elements = state.elements.iter().filter_map(|&z| Element::from_atomic_number(z));
    let atoms = elements.zip(&state.frac).map(|(element, f)| {
        let f = reduction.tr_mul(f);
        (element, [f.x, f.y, f.z])
    });
    let mut crystal = Crystal::ordered(lattice, atoms).wrapped();
    if let Some(fixed) = &plan.fixed {
        let sites = crystal.sites.iter_mut().zip(&fixed.crystal.sites);
        sites.for_each(|(site, given)| *site = given.clone());
    }
    crystal
}

/// The crystal with the symmetry that it has within a tolerance; `None` when it would become another.
fn symmetric(crystal: &Crystal, tolerance: f64) -> Option<Crystal> {
    let representation = SymmetryRepresentation::new(tolerance);
    let code = representation.encode(crystal).ok()?;
    if code.space_group == 1 || code.primitive_atom_count() != crystal.sites.len() {
        return None;
    }
    let made = representation.decode(&code).ok()?;
    let change = made.lattice.volume() / crystal.lattice.volume() - 1.0;
    (change.abs() <= VOLUME_CHANGE).then_some(made)
}

fn contacts_are_possible(crystal: &Crystal) -> bool {
    let Ok(elements) = crystal.elements() else { return false };
    let radii: Vec<f64> = elements.iter().map(|element| radius(element.atomic_number())).collect();
    let widest = radii.iter().copied().fold(0.0, f64::max);
    let Ok(pairs) = Neighbours::within(crystal, (2.0 * widest * CONTACT).max(0.5)) else { return false };
    pairs.iter().all(|(i, j, _, distance)| distance >= (CONTACT * (radii[i] + radii[j])).max(0.5))
}

//! Known structure types with other elements on their sites.

use druse_datasets::prototypes::prototypes;
use druse_representations::Element;
use druse_representations::symmetry::SymmetryCode;
use rand::seq::IndexedRandom;
use rand::{Rng, RngExt};

use crate::crystals::building::{Draft, Workshop, relative_volume};
use crate::crystals::space::DesignSpace;

/// Draws of elements for one structure type.
const DRAWS: usize = 16;
/// Probability that inequivalent sites of one element of the archetype may get different elements.
const SPLIT: f64 = 0.2;

/// A structure type that fits a design space.
#[derive(Clone, Debug)]
pub(crate) struct Template {
    code: SymmetryCode,
    /// Volume relative to what the archetype's composition needs.
    volume: f64,
}

/// Structure types whose size and space group fit the design space.
pub(crate) fn templates(space: &DesignSpace) -> Vec<Template> {
    prototypes()
        .iter()
        .filter(|prototype| space.space_groups.contains(&prototype.space_group))
        .map(|prototype| prototype.code())
        .filter(|code| (space.atoms[0]..=space.atoms[1]).contains(&code.primitive_atom_count()))
        .filter(|code| code.orbits.len() >= space.element_count[0].max(space.required.len()))
        .map(|code| Template { volume: relative_volume(&code), code })
        .collect()
}

/// One attempt at ion substitution into a structure type, aware of oxidation states and of chemical
/// similarity (compare Hautier et al., Inorg. Chem. 50, 656 (2011)).
pub(crate) fn substituted_draft<R: Rng + ?Sized>(
    workshop: &Workshop,
    templates: &[Template],
    rng: &mut R,
) -> Option<Draft> {
    let template = templates.choose(rng)?;
    let (space, chemistry) = (&workshop.space, &workshop.chemistry);
    let mut code = template.code.clone();
    let split = rng.random::<f64>() < SPLIT;
    // Orbits with the same slot get the same element.
    let mut slots: Vec<Element> = Vec::new();
    let mut slot_of = Vec::with_capacity(code.orbits.len());
    for orbit in &template.code.orbits {
        let known = slots.iter().position(|&e| e == orbit.element).filter(|_| !split);
        slot_of.push(known.unwrap_or(slots.len()));
        if known.is_none() {
            slots.push(orbit.element);
        }
    }
    for _ in 0..DRAWS {
        let mut elements: Vec<Element> =
            slots.iter().map(|&e| chemistry.stand_in(space, e, rng)).collect::<Option<_>>()?;
        for &required in &space.required {
            if !elements.contains(&required) {
                let free: Vec<usize> =
                    (0..elements.len()).filter(|&i| !space.required.contains(&elements[i])).collect();
                elements[*free.choose(rng)?] = required;
            }
        }
        for (orbit, &slot) in code.orbits.iter_mut().zip(&slot_of) {
            orbit.element = elements[slot];
        }
        if chemistry.sensible(space, &code.composition()) {
            let volume = template.volume;
            return Some(Draft { code, volume, operator: "prototype", parents: 0 });
        }
    }
    None
}

//! Numbers of the decoder as a crystal.

use druse_representations::neighbours::min_distance;
use druse_representations::symmetry::SymmetryRepresentation;
use druse_representations::{Crystal, Element, Lattice, Representation};

use super::batch::cell_from;
use crate::crystals::DesignSpace;

/// Angles (degrees) that decoded cells keep to.
const ANGLES: [f64; 2] = [20.0, 160.0];
/// Smallest distance (Å) of two atoms; as in CDVAE (Xie et al., ICLR 2022).
const SMALLEST_DISTANCE: f64 = 0.5;

/// The crystal of a scaled cell and fractional coordinates; `None` for a cell without volume.
pub(super) fn crystal(
    kinds: &[(Element, usize)],
    scaled: [f64; 6],
    frac: impl Iterator<Item = [f64; 3]>,
) -> Option<Crystal> {
    let atoms = kinds.iter().map(|(_, n)| n).sum();
    let mut cell = cell_from(scaled, atoms);
    cell[3..].iter_mut().for_each(|angle| *angle = angle.clamp(ANGLES[0], ANGLES[1]));
    let lattice = Lattice::from_parameters(cell).ok()?;
    let elements = kinds.iter().flat_map(|&(element, n)| std::iter::repeat_n(element, n));
    Some(Crystal::ordered(lattice, elements.zip(frac)))
}

/// The crystal idealised to the symmetry found with the first tolerance (Å) that keeps its atoms apart and,
/// where there is a space, within it; as decoded when none does and that is allowed.
pub(super) fn snapped(crystal: Crystal, tolerances: &[f64], space: Option<&DesignSpace>) -> Option<Crystal> {
    let ideal = tolerances.iter().find_map(|&tolerance| {
        let representation = SymmetryRepresentation::new(tolerance);
        let code = representation.encode(&crystal).ok()?;
        if code.space_group == 1 {
            return None;
        }
        let ideal = representation.decode(&code).ok()?;
        // Atoms may not have merged, and the primitive cell must be the one that was asked for.
        (ideal.sites.len() == crystal.sites.len() && fits(&ideal, space)).then_some(ideal)
    });
    ideal.or_else(|| fits(&crystal, space).then_some(crystal))
}

fn fits(crystal: &Crystal, space: Option<&DesignSpace>) -> bool {
    use crate::breeding::Constraints;
    match space {
        Some(space) => space.check_design(crystal).is_ok(),
        None => matches!(min_distance(crystal), Ok(Some(distance)) if distance >= SMALLEST_DISTANCE),
    }
}

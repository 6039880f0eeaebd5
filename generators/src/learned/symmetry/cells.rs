//! Cells as numbers of order one.

use druse_representations::symmetry::{CrystalSystem, SymmetryCode};
use druse_representations::{Composition, Lattice};

use crate::crystals::building::estimated_volume;

/// Terms that describe a cell: volume, b/a, c/a, alpha, beta, gamma.
pub const CELL_TERMS: usize = 6;

/// Logarithms of volume and of edge ratios, and angles (degrees), are divided by these, so that terms are of order one.
const UNITS: [f64; CELL_TERMS] = [0.2, 0.5, 0.5, 15.0, 15.0, 15.0];

/// The terms that the crystal system leaves free, in ascending order; the others are 0.
pub fn free_cell_terms(system: CrystalSystem) -> &'static [usize] {
    match system {
        CrystalSystem::Triclinic => &[0, 1, 2, 3, 4, 5],
        CrystalSystem::Monoclinic => &[0, 1, 2, 4],
        CrystalSystem::Orthorhombic => &[0, 1, 2],
        CrystalSystem::Tetragonal | CrystalSystem::Trigonal | CrystalSystem::Hexagonal => &[0, 2],
        CrystalSystem::Cubic => &[0],
    }
}

/// The terms of a code's cell: logarithm of the volume of the primitive cell relative to what its atoms need
/// ([`estimated_volume`]), logarithms of b/a and c/a, angles from 90° (gamma from 120° where that is its
/// fixed value), each in its unit. Terms that the system fixes are 0. `None` for an impossible cell.
pub fn cell_terms(code: &SymmetryCode) -> Option<[f64; CELL_TERMS]> {
    let (system, group) = (code.system().ok()?, code.group().ok()?);
    let volume = Lattice::from_parameters(code.cell).ok()?.volume() / group.centring_order() as f64;
    let [a, b, c, alpha, beta, gamma] = code.cell;
    let all = [
        (volume / estimated_volume(&code.composition())).ln(),
        (b / a).ln(),
        (c / a).ln(),
        alpha - 90.0,
        beta - 90.0,
        gamma - 90.0,
    ];
    let mut terms = [0.0; CELL_TERMS];
    for &k in free_cell_terms(system) {
        terms[k] = all[k] / UNITS[k];
    }
    terms.iter().all(|x| x.is_finite()).then_some(terms)
}

/// The conventional cell with these terms; `None` when the angles span no cell or a number is out of all reason.
pub fn cell_from_terms(group: u8, composition: &Composition, terms: &[f64; CELL_TERMS]) -> Option<[f64; 6]> {
    let system = CrystalSystem::of(group)?;
    let centring = druse_representations::wyckoff::space_group(group)?.centring_order() as f64;
    let term = |k: usize| if free_cell_terms(system).contains(&k) { terms[k] * UNITS[k] } else { 0.0 };
    let shape = [1.0, term(1).exp(), term(2).exp(), 90.0 + term(3), 90.0 + term(4), 90.0 + term(5)];
    let sensible = shape[..3].iter().all(|x| (0.02..50.0).contains(x))
        && shape[3..].iter().all(|x| (20.0..160.0).contains(x));
    if !sensible || term(0).abs() > 3.0 {
        return None;
    }
    let mut cell = system.constrain(shape);
    let volume = Lattice::from_parameters(cell).ok()?.volume();
    let scale = (estimated_volume(composition) * term(0).exp() * centring / volume).cbrt();
    cell[..3].iter_mut().for_each(|edge| *edge *= scale);
    scale.is_finite().then_some(cell)
}

#[cfg(test)]
mod tests {
    use super::*;
    use druse_datasets::prototypes::prototypes;

    #[test]
    fn cells_come_back_from_their_terms() {
        for prototype in prototypes() {
            let code = prototype.code();
            let terms = cell_terms(&code).unwrap();
            assert!(terms.iter().all(|x| x.abs() < 12.0), "{}: {terms:?}", prototype.name);
            let cell = cell_from_terms(code.space_group, &code.composition(), &terms).unwrap();
            for (x, y) in cell.iter().zip(code.cell) {
                assert!((x - y).abs() < 1e-9 * y, "{}: {cell:?} {:?}", prototype.name, code.cell);
            }
        }
    }
}

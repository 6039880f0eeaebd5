//! Whether a complex is physically possible, before and after relaxation.

use std::fmt;

use druse_datasets::elements::covalent_radius;
use druse_representations::Complex;
use druse_representations::complex::{
    Changes, CompareError, ComplexError, Flaw, validate, validate_distances,
};

/// One thing that is wrong with a complex. The text starts with a short kind and has the numbers.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ComplexViolation {
    /// Parts that do not fit together: metal, sites, charge, electrons and spin.
    Parts(ComplexError),
    /// There are no positions.
    NotBuilt,
    /// Positions that cannot be: a lost or an additional donor, atoms too close.
    Coordinates(Flaw),
    /// Bonds that are not those of the graph.
    Changed(Changes),
    /// The bonds cannot be found.
    NotCompared(CompareError),
}

impl From<Flaw> for ComplexViolation {
    fn from(flaw: Flaw) -> Self {
        Self::Coordinates(flaw)
    }
}

impl ComplexViolation {
    /// Short name of the kind, the first words of the text.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Parts(ComplexError::Charge { .. } | ComplexError::Multiplicity { .. }) => "electrons",
            Self::Parts(ComplexError::OxidationState { .. } | ComplexError::NotATransitionMetal(_)) => {
                "metal"
            }
            Self::Parts(ComplexError::Positions { .. } | ComplexError::BadPosition { .. }) => "positions",
            Self::Parts(_) => "sites",
            Self::NotBuilt => "not built",
            Self::Coordinates(Flaw::TooClose { .. }) => "clash",
            Self::Coordinates(Flaw::LostDonor { .. } | Flaw::ExtraNeighbour { .. }) => "coordination",
            Self::Coordinates(Flaw::NoRadius(_)) => "no radius",
            Self::Coordinates(_) => "positions",
            Self::Changed(changes) if !changes.left_metal.is_empty() || !changes.came_to_metal.is_empty() => {
                "coordination changed"
            }
            Self::Changed(_) => "ligand changed",
            Self::NotCompared(_) => "not compared",
        }
    }
}

impl fmt::Display for ComplexViolation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.kind())?;
        match self {
            Self::Parts(error) => error.fmt(f),
            Self::NotBuilt => f.write_str("the complex has no positions"),
            Self::Coordinates(flaw) => flaw.fmt(f),
            Self::Changed(changes) => changes.fmt(f),
            Self::NotCompared(error) => error.fmt(f),
        }
    }
}

/// What is wrong with a complex as it was built; empty for one that passes. Parts that do not fit
/// together leave nothing to measure, and of the flaws of the coordinates the first is named.
///
/// A complex is valid when metal, sites, charge and electrons fit together
/// ([`Complex::check`]), the metal has exactly the donors that were asked for, no pair of atoms is
/// nearer than 0.75 times the sum of their covalent radii (Cordero et al. 2008; 0.65 times for the
/// metal and its donors, which may have multiple bonds) and no two unbonded hydrogens are nearer than
/// 1.3 Å ([`validate()`]). Of 291 computed geometries of known complexes 284 pass; the others
/// have one long bond to the metal.
pub fn check_complex(complex: &Complex) -> Vec<ComplexViolation> {
    let measure = |positions: &[[f64; 3]]| validate(complex, positions, &covalent_radius);
    check_parts(complex).and_then(|positions| Ok(measure(positions)?)).err().into_iter().collect()
}

/// What is wrong with a complex after a relaxation: parts, clashes, and every bond that differs from
/// the graph ([`Complex::changes`]).
///
/// In place of the distances of donors in [`check_complex`] the bonds themselves are found anew:
/// relaxed bonds may be longer than built ones, and a donor that has left shows in the changes.
pub fn check_relaxed_complex(complex: &Complex) -> Vec<ComplexViolation> {
    let positions = match check_parts(complex) {
        Ok(positions) => positions,
        Err(violation) => return vec![violation],
    };
    let clash = validate_distances(complex, positions, &covalent_radius).map_err(ComplexViolation::from);
    let change = match complex.changes(positions, &covalent_radius) {
        Ok(changes) if changes.is_empty() => Ok(()),
        Ok(changes) => Err(ComplexViolation::Changed(changes)),
        Err(error) => Err(ComplexViolation::NotCompared(error)),
    };
    [clash, change].into_iter().filter_map(Result::err).collect()
}

/// The positions of a complex whose parts fit together.
fn check_parts(complex: &Complex) -> Result<&[[f64; 3]], ComplexViolation> {
    complex.check().map_err(ComplexViolation::Parts)?;
    complex.positions.as_deref().ok_or(ComplexViolation::NotBuilt)
}

#[cfg(test)]
mod tests {
    use druse_representations::Geometry;

    use super::*;
    use crate::testing::{chain, complex, single};

    /// trans-PdCl2(NC)2 without hydrogens, N-C pointing away from the metal.
    fn palladium() -> Complex {
        let (cl, nc) = (&single("Cl", -1), &chain("NC", 0));
        let placed = [(cl, vec![0]), (nc, vec![1]), (cl, vec![2]), (nc, vec![3])];
        let positions = vec![
            [0.0; 3],
            [2.3, 0.0, 0.0],
            [0.0, 2.05, 0.0],
            [0.0, 3.2, 0.0],
            [-2.3, 0.0, 0.0],
            [0.0, -2.05, 0.0],
            [0.0, -3.2, 0.0],
        ];
        complex("Pd", 2, Geometry::SquarePlanar, &placed).with_positions(positions).unwrap()
    }

    fn reasons(violations: &[ComplexViolation]) -> Vec<String> {
        violations.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_sound_complex_passes() {
        assert_eq!(reasons(&check_complex(&palladium())), Vec::<String>::new());
        assert_eq!(reasons(&check_relaxed_complex(&palladium())), Vec::<String>::new());
        let graph = Complex { positions: None, ..palladium() };
        assert_eq!(reasons(&check_complex(&graph)), ["not built: the complex has no positions"]);
    }

    #[test]
    fn parts_are_checked_first() {
        let odd = Complex { multiplicity: 2, ..palladium() };
        let found = check_complex(&odd);
        assert_eq!(found[0].kind(), "electrons");
        assert!(reasons(&found)[0].starts_with("electrons: multiplicity 2 with "), "{found:?}");
        let mut taken = palladium();
        taken.ligands[1].sites = vec![0];
        assert_eq!(check_relaxed_complex(&taken)[0].kind(), "sites");
        let mut short = palladium();
        short.positions.as_mut().unwrap().pop();
        assert_eq!(check_complex(&short)[0].kind(), "positions");
    }

    #[test]
    fn clashes_and_lost_donors() {
        let moved = |atom: usize, place: [f64; 3]| {
            let mut complex = palladium();
            complex.positions.as_mut().unwrap()[atom] = place;
            complex
        };
        let near = moved(6, [0.0, -2.6, 0.0]);
        assert_eq!(check_complex(&near)[0].kind(), "clash");
        assert!(reasons(&check_relaxed_complex(&near))[0].starts_with("clash: "));
        let lost = moved(1, [3.6, 0.0, 0.0]);
        assert!(reasons(&check_complex(&lost))[0].starts_with("coordination: donor 0 of ligand 0 is lost"));
        let found = reasons(&check_relaxed_complex(&lost));
        assert_eq!(found, ["coordination changed: donors left the metal: 1"]);
        let broken = moved(3, [0.0, 4.5, 0.0]);
        assert!(check_complex(&broken).is_empty());
        assert_eq!(reasons(&check_relaxed_complex(&broken)), ["ligand changed: bonds broke: 2-3"]);
    }
}

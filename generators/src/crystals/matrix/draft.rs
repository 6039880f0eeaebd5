//! The way of a matrix code to a crystal that can be proposed.

use druse_representations::symmetry::SymmetryRepresentation;
use druse_representations::{Crystal, MatrixCode, MatrixRepresentation, Representation};

use crate::breeding::{Breeder, Sprout};
use crate::crystals::building::{
    Contacts, MENDABLE, VOLUME_RANGE, Workshop, closest_approach, estimated_volume, key, separate,
};

/// Tolerance (Å) of the symmetry search, that of the check of hard constraints.
const SYMPREC: f64 = 0.01;

/// A crystal on its way to be proposed.
#[derive(Clone, Debug)]
pub(super) struct MatrixDraft {
    pub(super) code: MatrixCode,
    /// Wanted volume relative to [`estimated_volume`].
    pub(super) volume: f64,
    pub(super) operator: &'static str,
    /// How many parents contributed.
    pub(super) parents: usize,
}

impl MatrixDraft {
    /// A draft that became a crystal within the space: scaled to its volume, atoms that are too near
    /// pushed apart, its cell primitive and reduced. `None` when it is outside, or its atoms stay too near.
    pub(super) fn sprout<B>(self, workshop: &Workshop) -> Option<Sprout<B>>
    where
        B: Breeder<Design = Crystal, Genome = MatrixCode>,
    {
        let Self { mut code, volume, operator, parents } = self;
        let (space, composition) = (&workshop.space, code.composition());
        // Cheap checks first. A primitive cell that is smaller than drafted shows up below.
        if code.atom_count() > space.atoms[1]
            || !code.is_valid()
            || !workshop.chemistry.sensible(space, &composition)
        {
            return None;
        }
        let wanted = volume.clamp(VOLUME_RANGE[0], VOLUME_RANGE[1]) * estimated_volume(&composition);
        code.lattice = code.lattice.scaled_to_volume(wanted);
        let contacts = Contacts::of(&composition);
        let mut ratio = closest_approach(&code.to_crystal(), &contacts);
        if ratio < MENDABLE {
            separate(&mut code, &contacts);
            ratio = closest_approach(&code.to_crystal(), &contacts);
        }
        if ratio.is_nan() || ratio < MENDABLE {
            return None;
        }
        if ratio < 1.0 {
            code.lattice = code.lattice.scaled_to_volume(wanted / ratio.powi(3));
        }
        let genome = MatrixRepresentation::default().encode(&code.to_crystal()).ok()?;
        let design = genome.to_crystal();
        let symmetric = SymmetryRepresentation::new(SYMPREC).encode(&design).ok()?;
        if symmetric.primitive_atom_count() != genome.atom_count() {
            return None;
        }
        space.check_code(&symmetric).ok()?;
        Some(Sprout { key: key(&symmetric)?, genome, design, operator, parents })
    }
}

/// Volume of a code relative to what its composition needs.
pub(super) fn relative_volume(code: &MatrixCode) -> f64 {
    code.lattice.volume() / estimated_volume(&code.composition())
}

//! The way of a draft to a crystal that can be proposed.

use druse_representations::symmetry::{SymmetryCode, SymmetryRepresentation};
use druse_representations::{Crystal, Representation};

use super::key::key;
use super::{Chemistry, Contacts, closest_approach, estimated_volume};
use crate::breeding::{Breeder, Sprout};
use crate::crystals::space::{DesignSpace, SpaceError};

/// Smallest ratio of distance to contact that is mended by making the cell larger; the volume then
/// grows by at most a third.
pub(crate) const MENDABLE: f64 = 0.91;
/// Tolerance (Å) of the symmetry search on decoded drafts.
const SYMPREC: f64 = 0.01;
/// Range of the volume relative to [`estimated_volume`].
pub(crate) const VOLUME_RANGE: [f64; 2] = [0.75, 1.5];

/// A crystal on its way to be proposed.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub(crate) code: SymmetryCode,
    /// Wanted volume relative to [`estimated_volume`].
    pub(crate) volume: f64,
    pub(crate) operator: &'static str,
    /// How many parents contributed.
    pub(crate) parents: usize,
}

/// Design space and chemistry.
#[derive(Clone, Debug)]
pub(crate) struct Workshop {
    pub(crate) space: DesignSpace,
    pub(crate) chemistry: Chemistry,
}

impl Workshop {
    pub(crate) fn new(space: &DesignSpace) -> Result<Self, SpaceError> {
        space.check()?;
        let mut space = space.clone();
        for list in [&mut space.elements, &mut space.required] {
            list.sort_unstable();
            list.dedup();
        }
        space.space_groups.sort_unstable();
        space.space_groups.dedup();
        let chemistry = Chemistry::new(&space);
        Ok(Self { space, chemistry })
    }

    /// A draft that became a crystal within the space.
    pub(crate) fn sprout<B>(&self, draft: &Draft) -> Option<Sprout<B>>
    where
        B: Breeder<Design = Crystal, Genome = SymmetryCode>,
    {
        let (genome, design) = self.finish(&draft.code, draft.volume)?;
        let key = key(&genome)?;
        Some(Sprout { genome, design, key, operator: draft.operator, parents: draft.parents })
    }

    /// Scales a draft to its volume, mends contacts that are slightly too short, and looks at what
    /// crystal it really is: symmetry may be higher and the primitive cell smaller than drafted.
    /// `None` when it is outside the space or its atoms are too near.
    fn finish(&self, draft: &SymmetryCode, volume: f64) -> Option<(SymmetryCode, Crystal)> {
        let composition = draft.composition();
        // Cheap checks first. A primitive cell that is smaller than drafted shows up below.
        if draft.primitive_atom_count() > self.space.atoms[1]
            || !self.chemistry.sensible(&self.space, &composition)
        {
            return None;
        }
        let mut crystal = draft.to_primitive().ok()?;
        let drafted = crystal.lattice.volume();
        let wanted = volume.clamp(VOLUME_RANGE[0], VOLUME_RANGE[1]) * estimated_volume(&composition);
        crystal.lattice = crystal.lattice.scaled_to_volume(wanted);
        let ratio = closest_approach(&crystal, &Contacts::of(&composition));
        if ratio.is_nan() || ratio < MENDABLE {
            return None;
        }
        let wanted = if ratio < 1.0 { wanted / ratio.powi(3) } else { wanted };
        let factor = (wanted / drafted).cbrt();
        crystal.lattice = crystal.lattice.scaled_to_volume(wanted);
        let representation = SymmetryRepresentation::new(SYMPREC);
        let code = if representation.tells_all(draft, &crystal).ok()? {
            let mut code = draft.clone();
            code.cell[..3].iter_mut().for_each(|length| *length *= factor);
            code.sort_orbits();
            code
        } else {
            representation.encode(&crystal).ok()?
        };
        self.space.check_code(&code).ok()?;
        let crystal = representation.decode(&code).ok()?;
        Some((code, crystal))
    }

    /// The last check, on the crystal itself.
    pub(crate) fn holds(&self, code: &SymmetryCode, crystal: &Crystal) -> bool {
        let [fewest, most] = self.space.atoms;
        self.space.check_composition(&crystal.composition()).is_ok()
            && (fewest..=most).contains(&crystal.sites.len())
            && self.space.space_groups.contains(&code.space_group)
    }
}

/// Volume of a code relative to what its composition needs; 1 for an impossible one.
pub(crate) fn relative_volume(code: &SymmetryCode) -> f64 {
    code.to_primitive().map_or(1.0, |c| c.lattice.volume() / estimated_volume(&c.composition()))
}

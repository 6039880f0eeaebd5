//! The way of a draft to a proposal, the same for all crystal generators.

use druse_representations::symmetry::{SymmetryCode, SymmetryRepresentation};
use druse_representations::{Crystal, Representation};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};

use super::ledger::{Ledger, key};
use super::{Chemistry, Contacts, closest_approach, estimated_volume};
use crate::generator::{GeneratorError, Lineage, Proposal};
use crate::space::{DesignSpace, SpaceError};
use crate::stream::stream;

/// Trials for one candidate before a generator gives up.
const TRIALS: usize = 400;
/// Smallest ratio of distance to contact that is mended by making the cell larger; the volume then
/// grows by at most a third.
pub(crate) const MENDABLE: f64 = 0.91;
/// Tolerance (Å) of the symmetry search on decoded drafts.
const SYMPREC: f64 = 0.01;
/// Range of the volume relative to [`estimated_volume`].
const VOLUME_RANGE: [f64; 2] = [0.75, 1.5];

/// A crystal on its way to be proposed.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub(crate) code: SymmetryCode,
    /// Wanted volume relative to [`estimated_volume`].
    pub(crate) volume: f64,
    pub(crate) operator: &'static str,
    /// Numbers of the parent candidates.
    pub(crate) parents: Vec<u64>,
}

/// Design space, chemistry and the record of proposals of one generator.
#[derive(Clone, Debug)]
pub(crate) struct Workshop {
    pub(crate) name: &'static str,
    pub(crate) seed: u64,
    pub(crate) space: DesignSpace,
    pub(crate) chemistry: Chemistry,
    pub(crate) ledger: Ledger,
}

impl Workshop {
    pub(crate) fn new(name: &'static str, space: &DesignSpace, seed: u64) -> Result<Self, SpaceError> {
        space.check()?;
        let mut space = space.clone();
        for list in [&mut space.elements, &mut space.required] {
            list.sort_unstable();
            list.dedup();
        }
        space.space_groups.sort_unstable();
        space.space_groups.dedup();
        let chemistry = Chemistry::new(&space);
        Ok(Self { name, seed, space, chemistry, ledger: Ledger::default() })
    }

    /// Up to `n` proposals from the drafts of `make`, which is called with the candidate number and
    /// its random stream until a draft passes.
    pub(crate) fn propose(
        &mut self,
        first: u64,
        n: usize,
        mut make: impl FnMut(&Self, u64, &mut ChaCha8Rng) -> Option<Draft>,
    ) -> Result<Vec<(Proposal<Crystal>, SymmetryCode)>, GeneratorError> {
        let mut proposals = Vec::with_capacity(n);
        for number in first..first.saturating_add(n as u64) {
            let mut rng = stream(self.seed, number);
            let Some(found) = (0..TRIALS).find_map(|_| {
                let draft = make(self, number, &mut rng)?;
                let (code, crystal) = self.finish(&draft.code, draft.volume)?;
                let key = key(&code).filter(|key| !self.ledger.seen.contains(key))?;
                Some((draft, code, crystal, key))
            }) else {
                break;
            };
            let (draft, code, crystal, key) = found;
            self.ledger.seen.insert(key);
            if !self.holds(&code, &crystal) {
                self.ledger.violations += 1;
                break;
            }
            let lineage = Lineage {
                generator: self.name.to_owned(),
                operator: draft.operator.to_owned(),
                parents: draft.parents,
            };
            proposals.push((Proposal { number, design: crystal, lineage }, code));
        }
        if proposals.is_empty() && n > 0 {
            return Err(GeneratorError::Impossible {
                generator: self.name.to_owned(),
                reason: format!(
                    "{TRIALS} trials gave nothing new, {} proposals before",
                    self.ledger.seen.len()
                ),
            });
        }
        Ok(proposals)
    }

    /// Scales a draft to its volume, mends contacts that are slightly too short, and looks at what
    /// crystal it really is: symmetry may be higher and the primitive cell smaller than drafted.
    /// `None` when it is outside the space or its atoms are too near.
    pub(crate) fn finish(&self, draft: &SymmetryCode, volume: f64) -> Option<(SymmetryCode, Crystal)> {
        let composition = draft.composition();
        // Cheap checks first. A primitive cell that is smaller than drafted shows up below.
        if draft.primitive_atom_count() > self.space.atoms[1]
            || !self.chemistry.sensible(&self.space, &composition)
        {
            return None;
        }
        let mut crystal = draft.to_primitive().ok()?;
        let wanted = volume.clamp(VOLUME_RANGE[0], VOLUME_RANGE[1]) * estimated_volume(&composition);
        crystal.lattice = crystal.lattice.scaled_to_volume(wanted);
        let ratio = closest_approach(&crystal, &Contacts::of(&composition));
        if ratio.is_nan() || ratio < MENDABLE {
            return None;
        }
        if ratio < 1.0 {
            crystal.lattice = crystal.lattice.scaled_to_volume(wanted / ratio.powi(3));
        }
        let representation = SymmetryRepresentation::new(SYMPREC);
        let code = representation.encode(&crystal).ok()?;
        self.space.check_code(&code).ok()?;
        let crystal = representation.decode(&code).ok()?;
        Some((code, crystal))
    }

    /// The record of proposals as JSON.
    pub(crate) fn state(&self) -> Value {
        json!({"seen": self.ledger.seen, "violations": self.ledger.violations})
    }

    /// Takes the record back.
    pub(crate) fn restore(&mut self, state: &Value) -> Result<(), GeneratorError> {
        self.ledger =
            serde_json::from_value(state.clone()).map_err(|error| self.bad_state(&error.to_string()))?;
        Ok(())
    }

    pub(crate) fn bad_state(&self, reason: &str) -> GeneratorError {
        GeneratorError::BadState { generator: self.name.to_owned(), reason: reason.to_owned() }
    }

    /// The last check, on the crystal itself.
    fn holds(&self, code: &SymmetryCode, crystal: &Crystal) -> bool {
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

//! Newcomers and children among crystals without regard to symmetry.

use druse_representations::{Crystal, MatrixCode, MatrixRepresentation, Representation};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::super::features::{features, pairs};
use super::draft::MatrixDraft;
use super::operators::MatrixOperator;
use super::packing::packed_draft;
use crate::breeding::{Breeder, Constraints, Sprout};
use crate::crystals::building::Workshop;
use crate::crystals::random::random_draft;
use crate::crystals::space::{DesignSpace, SpaceError};
use crate::crystals::substitution::{Template, substituted_draft, templates};

/// Share of crystals without symmetry among random ones, where some are symmetric: most crystals are.
const PACKED: f64 = 0.3;

/// Where crystals without parents come from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum MatrixNewcomers {
    /// Random crystals without symmetry.
    Packed,
    /// Known structure types with other elements with this probability, otherwise random crystals with
    /// and without symmetry.
    Mixture(f64),
}

/// Makes crystals as matrix codes.
///
/// Crystals without symmetry are of space group 1: in a space that does not allow it, only newcomers
/// with symmetry and those children that keep some are proposed.
#[derive(Clone, Debug)]
pub struct MatrixBreeder {
    workshop: Workshop,
    templates: Vec<Template>,
    newcomers: MatrixNewcomers,
    /// Distance (Å) within which translations of relaxed crystals count.
    symprec: f64,
}

impl MatrixBreeder {
    /// A breeder of the crystals of a space; the cells of relaxed ones are made primitive with the
    /// tolerance `symprec` (Å).
    ///
    /// # Errors
    /// When the space contradicts itself.
    pub fn new(space: &DesignSpace, newcomers: MatrixNewcomers, symprec: f64) -> Result<Self, SpaceError> {
        Ok(Self { workshop: Workshop::new(space)?, templates: templates(space), newcomers, symprec })
    }

    fn draft(&self, rng: &mut ChaCha8Rng) -> Option<MatrixDraft> {
        let plain = self.workshop.space.space_groups.contains(&1);
        let share = match self.newcomers {
            MatrixNewcomers::Packed if plain => return packed_draft(&self.workshop, rng),
            MatrixNewcomers::Packed => 0.0,
            MatrixNewcomers::Mixture(share) => share,
        };
        let draft = if rng.random::<f64>() < share && !self.templates.is_empty() {
            substituted_draft(&self.workshop, &self.templates, rng)
        } else if plain && rng.random::<f64>() < PACKED {
            return packed_draft(&self.workshop, rng);
        } else {
            random_draft(&self.workshop, rng)
        }?;
        let code = MatrixCode::as_told(&draft.code.to_primitive().ok()?)?;
        Some(MatrixDraft { code, volume: draft.volume, operator: draft.operator, parents: 0 })
    }
}

impl Breeder for MatrixBreeder {
    type Design = Crystal;
    type Genome = MatrixCode;
    type Operator = MatrixOperator;

    fn newcomer(&self, rng: &mut ChaCha8Rng) -> Option<Sprout<Self>> {
        self.draft(rng)?.sprout(&self.workshop)
    }

    fn operator(&self, rng: &mut ChaCha8Rng) -> MatrixOperator {
        MatrixOperator::choose(rng)
    }

    fn child(
        &self,
        operator: MatrixOperator,
        first: &MatrixCode,
        second: &MatrixCode,
        rng: &mut ChaCha8Rng,
    ) -> Option<Sprout<Self>> {
        operator.draft(&self.workshop, first, second, rng)?.sprout(&self.workshop)
    }

    fn holds(&self, sprout: &Sprout<Self>) -> bool {
        self.workshop.space.check_design(&sprout.design).is_ok()
    }

    fn genome(&self, design: &Crystal, proposed: Option<MatrixCode>) -> Option<MatrixCode> {
        MatrixRepresentation { tolerance: self.symprec }.encode(design).ok().or(proposed)
    }

    fn features(&self, design: &Crystal) -> Vec<(String, f64)> {
        features(design)
    }

    fn kin(&self, design: &Crystal) -> Option<String> {
        Some(design.composition().reduced_formula())
    }

    fn cost(&self, _: &Self::Genome, design: &Crystal) -> f64 {
        pairs(design)
    }

    fn is_valid(&self, genome: &MatrixCode) -> bool {
        genome.is_valid()
    }
}

//! Newcomers and children among crystals.

use druse_representations::symmetry::{SymmetryCode, SymmetryRepresentation};
use druse_representations::wyckoff::{SpaceGroup, space_group};
use druse_representations::{Crystal, Representation};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::building::{Draft, Workshop};
use super::features::{features, pairs};
use super::operators::Operator;
use super::random::random_draft;
use super::space::{DesignSpace, SpaceError};
use super::substitution::{Template, substituted_draft, templates};
use crate::breeding::{Breeder, Sprout};

/// Where crystals without parents come from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Newcomers {
    /// Random symmetric crystals.
    Random,
    /// Known structure types with other elements.
    Prototypes,
    /// Structure types with this probability, random crystals otherwise.
    Mixture(f64),
}

/// Makes crystals as symmetry codes. Learning encodes the relaxed crystals: what relaxed away from
/// its parent's symmetry is inherited as it is.
#[derive(Clone, Debug)]
pub struct CrystalBreeder {
    pub(crate) workshop: Workshop,
    templates: Vec<Template>,
    newcomers: Newcomers,
    /// Tolerance (Å) with which relaxed crystals are encoded.
    symprec: f64,
}

impl CrystalBreeder {
    /// A breeder of the crystals of a space; relaxed ones are encoded with the tolerance `symprec`
    /// (Å).
    ///
    /// # Errors
    /// When the space contradicts itself.
    pub fn new(space: &DesignSpace, newcomers: Newcomers, symprec: f64) -> Result<Self, SpaceError> {
        Ok(Self { workshop: Workshop::new(space)?, templates: templates(space), newcomers, symprec })
    }

    /// The draft of a candidate without parents.
    pub(crate) fn newcomer_draft(&self, rng: &mut ChaCha8Rng) -> Option<Draft> {
        let substitute = match self.newcomers {
            Newcomers::Random => false,
            Newcomers::Prototypes => true,
            Newcomers::Mixture(share) => rng.random::<f64>() < share && !self.templates.is_empty(),
        };
        if substitute {
            substituted_draft(&self.workshop, &self.templates, rng)
        } else {
            random_draft(&self.workshop, rng)
        }
    }
}

impl Breeder for CrystalBreeder {
    type Design = Crystal;
    type Genome = SymmetryCode;
    type Operator = Operator;

    fn newcomer(&self, rng: &mut ChaCha8Rng) -> Option<Sprout<Self>> {
        self.workshop.sprout(&self.newcomer_draft(rng)?)
    }

    fn operator(&self, rng: &mut ChaCha8Rng) -> Operator {
        Operator::choose(rng)
    }

    fn child(
        &self,
        operator: Operator,
        first: &SymmetryCode,
        second: &SymmetryCode,
        rng: &mut ChaCha8Rng,
    ) -> Option<Sprout<Self>> {
        self.workshop.sprout(&operator.draft(&self.workshop, first, second, rng)?)
    }

    fn holds(&self, sprout: &Sprout<Self>) -> bool {
        self.workshop.holds(&sprout.genome, &sprout.design)
    }

    fn genome(&self, design: &Crystal, proposed: Option<SymmetryCode>) -> Option<SymmetryCode> {
        // What cannot be encoded after relaxation is remembered as it was proposed.
        SymmetryRepresentation::new(self.symprec).encode(design).ok().or(proposed)
    }

    fn features(&self, design: &Crystal) -> Vec<(String, f64)> {
        features(design)
    }

    fn kin(&self, design: &Crystal) -> Option<String> {
        Some(design.composition().reduced_formula())
    }

    fn cost(&self, genome: &SymmetryCode, design: &Crystal) -> f64 {
        pairs(design) / space_group(genome.space_group).map_or(1, SpaceGroup::order) as f64
    }

    fn is_valid(&self, genome: &SymmetryCode) -> bool {
        genome.is_valid()
    }
}

//! A breeder whose children are judged at little cost before one of them is proposed.

use std::sync::Arc;

use druse_representations::Crystal;
use rand_chacha::ChaCha8Rng;

use crate::breeding::{Breeder, Sprout};

/// Says something about a crystal that costs far less than its evaluation, for instance its energy as it is.
///
/// ```
/// use druse_generators::crystals::Appraiser;
/// use druse_representations::Crystal;
///
/// struct Density;
///
/// impl Appraiser for Density {
///     fn appraise(&self, crystal: &Crystal) -> Vec<(String, f64)> {
///         vec![("atoms per volume".to_owned(), crystal.sites.len() as f64 / crystal.lattice.volume())]
///     }
/// }
/// ```
pub trait Appraiser: Send + Sync {
    /// Named numbers near one, on which the worth of a crystal may depend linearly; of a proposal, not of what it relaxes to. While
    /// nothing is learnt yet, the children with the smallest first number are taken.
    fn appraise(&self, crystal: &Crystal) -> Vec<(String, f64)>;

    /// Whether something like this crystal, for instance its formula, is known already; others are rather proposed.
    fn knows(&self, _: &Crystal) -> bool {
        false
    }
}

/// A breeder of crystals with an appraiser.
#[derive(Clone)]
pub(crate) struct Appraised<B> {
    pub(crate) breeder: B,
    pub(crate) appraiser: Arc<dyn Appraiser>,
}

impl<B: Breeder<Design = Crystal>> Breeder for Appraised<B> {
    type Design = Crystal;
    type Genome = B::Genome;
    type Operator = B::Operator;

    /// Its numbers say much from the start, and every relaxation without them costs.
    const UNSCREENED: f64 = 0.05;
    const APPRAISES: bool = true;

    fn newcomer(&self, rng: &mut ChaCha8Rng) -> Option<Sprout<Self>> {
        self.breeder.newcomer(rng).map(Sprout::of)
    }

    fn operator(&self, rng: &mut ChaCha8Rng) -> B::Operator {
        self.breeder.operator(rng)
    }

    fn child(
        &self,
        operator: B::Operator,
        first: &B::Genome,
        second: &B::Genome,
        rng: &mut ChaCha8Rng,
    ) -> Option<Sprout<Self>> {
        self.breeder.child(operator, first, second, rng).map(Sprout::of)
    }

    fn holds(&self, sprout: &Sprout<Self>) -> bool {
        self.breeder.holds(&Sprout::of(sprout.clone()))
    }

    fn genome(&self, design: &Crystal, proposed: Option<B::Genome>) -> Option<B::Genome> {
        self.breeder.genome(design, proposed)
    }

    fn features(&self, design: &Crystal) -> Vec<(String, f64)> {
        self.breeder.features(design)
    }

    fn appraise(&self, design: &Crystal) -> Vec<(String, f64)> {
        self.appraiser.appraise(design)
    }

    fn cost(&self, genome: &B::Genome, design: &Crystal) -> f64 {
        self.breeder.cost(genome, design)
    }

    fn is_known(&self, design: &Crystal) -> bool {
        self.appraiser.knows(design)
    }

    fn kin(&self, design: &Crystal) -> Option<String> {
        self.breeder.kin(design)
    }

    fn is_valid(&self, genome: &B::Genome) -> bool {
        self.breeder.is_valid(genome)
    }
}

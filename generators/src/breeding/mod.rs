//! What a domain brings along so that the generators can work on it: a [`Breeder`] makes designs
//! and children of designs; everything else is the same for all domains.

pub(crate) mod frequency;
mod ledger;
mod nursery;

use druse_representations::Design;
use rand_chacha::ChaCha8Rng;
use serde::Serialize;
use serde::de::DeserializeOwned;

#[cfg(feature = "torch")]
pub(crate) use ledger::Ledger;
pub use ledger::fnv1a;
pub(crate) use nursery::{Nursery, Screen};

/// Note in the lineage of a candidate that passed a screen by chance.
pub const NOT_SCREENED: &str = "not screened";

/// Hard constraints on a kind of design.
pub trait Constraints<D: Design> {
    /// Checks everything about a design.
    ///
    /// # Errors
    /// A sentence on the first constraint that is broken.
    fn check_design(&self, design: &D) -> Result<(), String>;
}

/// Makes designs within hard constraints. Draws nothing from anywhere but the random stream it is
/// given, and tries a bounded number of times: `None` stands for an attempt that came to nothing.
pub trait Breeder: Clone + Send + Sync {
    /// What is designed.
    type Design: Design;
    /// What is inherited.
    type Genome: Clone + Send + Sync + Serialize + DeserializeOwned;

    /// A way to make a child.
    type Operator: Copy;

    /// Attempts for one candidate before a generator gives up.
    const TRIALS: usize = 400;

    /// Share of candidates that are taken as they come though there is a screen: what is learnt from them
    /// keeps the screen honest.
    const UNSCREENED: f64 = 0.15;

    /// Whether there is an [`appraisal`](Breeder::appraise).
    const APPRAISES: bool = false;

    /// A candidate without parents.
    fn newcomer(&self, rng: &mut ChaCha8Rng) -> Option<Sprout<Self>>;

    /// A random operator.
    fn operator(&self, rng: &mut ChaCha8Rng) -> Self::Operator;

    /// A child of `first`, or of both.
    fn child(
        &self,
        operator: Self::Operator,
        first: &Self::Genome,
        second: &Self::Genome,
        rng: &mut ChaCha8Rng,
    ) -> Option<Sprout<Self>>;

    /// The last check, when a sprout is about to be proposed. That it fails is a mistake of the
    /// construction.
    fn holds(&self, sprout: &Sprout<Self>) -> bool;

    /// Genome of an evaluated design; `proposed` is the one it was made from, when it was proposed
    /// by this generator.
    fn genome(&self, design: &Self::Design, proposed: Option<Self::Genome>) -> Option<Self::Genome>;

    /// Named numbers that the worth of a design may depend on linearly and that cost nothing, for the surrogate that screens
    /// children; none where nobody has thought of any, and then nothing is screened.
    fn features(&self, _: &Self::Design) -> Vec<(String, f64)> {
        Vec::new()
    }

    /// More of them, which have to be computed and tell of a proposal, not of what it becomes in evaluation; only for the most
    /// promising children, where [`Self::APPRAISES`]. While nothing is learnt yet, the smaller the first number the better.
    fn appraise(&self, _: &Self::Design) -> Vec<(String, f64)> {
        Vec::new()
    }

    /// What an evaluation takes, relative to others; of equally promising children the surrogate takes the cheaper one.
    fn cost(&self, _: &Self::Genome, _: &Self::Design) -> f64 {
        1.0
    }

    /// Whether something like it is known outside of the campaign. Of children the surrogate rather takes others.
    fn is_known(&self, _: &Self::Design) -> bool {
        false
    }

    /// What designs share that are likely to become one in evaluation, for instance their formula. Of children the surrogate rather
    /// takes one without evaluated kin.
    fn kin(&self, _: &Self::Design) -> Option<String> {
        None
    }

    /// Whether a genome read from a saved state describes a design.
    fn is_valid(&self, genome: &Self::Genome) -> bool;
}

/// A design that is ready to be proposed.
#[derive(Clone, Debug)]
pub struct Sprout<B: Breeder> {
    /// What it passes on.
    pub genome: B::Genome,
    /// The design.
    pub design: B::Design,
    /// Designs with the same key count as repeated.
    pub key: u64,
    /// Operator, for instance `substitute` or `random`.
    pub operator: &'static str,
    /// How many of the parents it was given contributed to it.
    pub parents: usize,
}

impl<B: Breeder> Sprout<B> {
    /// A sprout of another breeder with the same genomes.
    pub(crate) fn of<A: Breeder<Genome = B::Genome, Design = B::Design>>(sprout: Sprout<A>) -> Self {
        let Sprout { genome, design, key, operator, parents } = sprout;
        Self { genome, design, key, operator, parents }
    }
}

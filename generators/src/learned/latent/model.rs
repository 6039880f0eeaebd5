//! What a model has to bring along.

use druse_representations::io::Record;
use druse_representations::{Composition, Crystal};
use tch::{Kind, Tensor, no_grad};

use super::{Heads, Posterior, Prior};
use crate::crystals::DesignSpace;
use crate::learned::Labels;
use crate::learned::house::Learner;

/// Hard constraints of decoding.
#[derive(Clone, Copy, Debug)]
pub struct Limits<'a> {
    /// The space that crystals stay in; `None` where anything goes.
    pub space: Option<&'a DesignSpace>,
    /// Exactly these atoms in the primitive cell.
    pub formula: Option<&'a Composition>,
}

impl Limits<'_> {
    /// Anything goes.
    pub const NONE: Self = Self { space: None, formula: None };

    /// Whether a model with places for so many atoms of so many elements can write anything within the limits.
    pub(crate) fn check_places(&self, atoms: usize, kinds: usize) -> Result<(), String> {
        let places = format!("it has places for {atoms} atoms of {kinds} elements");
        if let Some(formula) = self.formula {
            let name = formula.hill_formula();
            let Some(amounts) = formula.integer_amounts() else {
                return Err(format!("write {name}: the numbers of atoms are not whole"));
            };
            let found: u64 = amounts.values().sum();
            if found > atoms as u64 || amounts.len() > kinds || found == 0 {
                return Err(format!("write {name}: {places}"));
            }
        }
        if let Some(space) = self.space
            && (space.atoms[0] > atoms || space.element_count[0] > kinds)
        {
            let (fewest, elements) = (space.atoms[0], space.element_count[0]);
            return Err(format!("write at least {fewest} atoms of at least {elements} elements: {places}"));
        }
        Ok(())
    }
}

/// A crystal read from a latent.
#[derive(Clone, Debug, PartialEq)]
pub struct Decoded {
    /// The crystal, primitive cell.
    pub crystal: Crystal,
    /// Mean logarithm of the decoder's probabilities of what it chose (elements, counts, places): how sure
    /// it is. Natural logarithm, at most 0.
    pub confidence: f64,
}

/// An autoencoder.
pub trait LatentModel: Learner {
    /// Numbers of a latent.
    fn width(config: &Self::Config) -> usize;

    /// What the encoder says of a batch as it is.
    fn posterior(&self, batch: &[&Self::Example]) -> Posterior;

    /// The same without gradients.
    fn encode(&self, batch: &[&Self::Example]) -> Posterior {
        no_grad(|| self.posterior(batch))
    }

    /// The distribution of latents.
    fn prior(&self) -> &Prior;

    /// Properties of latents.
    fn heads(&self) -> &Heads;
}

/// [`Learner::judgement`] of an autoencoder: the mean error of its heads at the means of the posterior.
pub(crate) fn judgement<M: LatentModel>(
    model: &M,
    batch: &[&M::Example],
    labels: &[Labels],
) -> Option<Tensor> {
    model.heads().names().next()?;
    let latents = model.posterior(batch).mean;
    let all = Tensor::ones([batch.len() as i64], (Kind::Float, latents.device()));
    Some(model.heads().loss(&latents, labels, &all))
}

/// An autoencoder of crystals.
pub trait CrystalModel: LatentModel + Learner<Record = Record> {
    /// The most probable crystals within the limits at latents `[batch, width]`; `None` where none was
    /// found in a bounded search. Draws nothing.
    fn decode(&self, latents: &Tensor, limits: Limits<'_>) -> Vec<Option<Decoded>>;

    /// Checks that the model can write crystals within the limits.
    ///
    /// # Errors
    /// Says what it cannot write.
    fn check(config: &Self::Config, limits: Limits<'_>) -> Result<(), String>;
}

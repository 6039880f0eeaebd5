//! What is asked of a trained model, and what it answers.

use std::collections::BTreeMap;

use druse_representations::{Composition, Crystal};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::crystals::DesignSpace;

/// What a condition shall be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Wanted {
    /// This number.
    Number(f64),
    /// A number drawn from this range for each sample.
    Range([f64; 2]),
    /// This category or, for `elements`, a chemical system such as `Li-Fe-P-O`.
    Text(String),
}

/// A condition with what it shall be. It moves the distribution; it is no constraint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Target {
    /// Name of the column.
    pub column: String,
    /// What it shall be.
    pub wanted: Wanted,
}

/// What is asked of a model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// Hard constraints: nothing outside is ever returned.
    pub space: DesignSpace,
    /// Conditions.
    pub targets: Vec<Target>,
    /// Strength of classifier-free guidance: 0 ignores the conditions, 1 samples the learnt conditional
    /// distribution, more exaggerates it (Ho and Salimans, arXiv:2207.12598).
    pub guidance: f64,
    /// 1 samples the learnt distribution, less prefers what is likely.
    pub temperature: f64,
    /// Steps of the sampler; the model's own number when absent.
    pub steps: Option<usize>,
    /// Crystal structure prediction: exactly these atoms in the primitive cell.
    pub formula: Option<Composition>,
    /// Inpainting: a crystal whose first sites stay as they are, by number; its cell stays when `fixed_cell`.
    pub fixed: Option<Fixed>,
}

/// A part of a structure that stays.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fixed {
    /// Cell and sites that stay.
    pub crystal: Crystal,
    /// Whether the cell stays too.
    pub cell: bool,
}

impl Request {
    /// Anything within a space, unconditionally.
    pub fn new(space: DesignSpace) -> Self {
        Self {
            space,
            targets: Vec::new(),
            guidance: 1.0,
            temperature: 1.0,
            steps: None,
            formula: None,
            fixed: None,
        }
    }
}

/// Why a model cannot do what is asked.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// A condition that the model was not trained with.
    #[error("the model has no condition '{found}'; it was trained with {}", .known.join(", "))]
    UnknownCondition {
        /// Name found.
        found: String,
        /// Conditions of the model.
        known: Vec<String>,
    },
    /// A value that the condition cannot have.
    #[error("condition '{column}': found {found}, expected {expected}")]
    BadValue {
        /// Condition.
        column: String,
        /// What was found.
        found: String,
        /// What was expected.
        expected: String,
    },
    /// Something that this kind of model cannot do.
    #[error("{kind} cannot {what}")]
    NotPossible {
        /// Kind of the model.
        kind: &'static str,
        /// What was asked.
        what: String,
    },
    /// The hard constraints contradict themselves.
    #[error(transparent)]
    Space(#[from] crate::crystals::SpaceError),
    /// The hard constraints of ligands contradict themselves.
    #[error("{0}")]
    Ligands(String),
}

/// A sampled crystal with what the model itself knows about it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// The crystal, primitive cell.
    pub crystal: Crystal,
    /// Logarithm of the likelihood per token (natural logarithm, larger is likelier), when the model has one.
    pub log_likelihood: Option<f64>,
    /// Values of the property heads, by column.
    pub predicted: BTreeMap<String, f64>,
}

/// Names that columns of the energy above the convex hull (eV/atom) go by. Where the user asks for no other value, 0 is
/// asked for.
pub const ABOVE_HULL: [&str; 4] = ["e_hull", "energy_above_hull", "e_above_hull", "ehull"];

impl Sample {
    /// How bad the model itself takes the crystal to be: its predicted energy above the hull, otherwise
    /// how unlikely it is; `None` when it knows neither.
    pub fn badness(&self) -> Option<f64> {
        let energy = ABOVE_HULL.iter().find_map(|&name| self.predicted.get(name).copied());
        energy.or(self.log_likelihood.map(|likelihood| -likelihood)).filter(|x| !x.is_nan())
    }
}

/// A trained model that proposes crystals.
pub trait Sampler: Send + Sync {
    /// Kind of the model, for instance `symmetry-diffusion`.
    fn kind(&self) -> &'static str;

    /// Checks a request.
    ///
    /// # Errors
    /// For conditions that the model does not know, and for what it cannot do.
    fn check(&self, request: &Request) -> Result<(), RequestError>;

    /// Samples with these numbers: sample `k` depends on the seed, the request, and the batch that its
    /// number falls into, on nothing else; batches of [`Self::batch`] consecutive numbers from 0 are computed whole, side by side
    /// on rayon's threads. `None` stands for an attempt that came to nothing within a bounded number of trials.
    ///
    /// # Errors
    /// As [`Self::check`].
    fn sample(
        &self,
        request: &Request,
        seed: u64,
        numbers: &[u64],
    ) -> Result<Vec<Option<Sample>>, RequestError>;

    /// Samples that are computed together.
    fn batch(&self) -> usize;

    /// Crystals written down as the model sees them and read again, by models that can (autoencoders); `None` where
    /// nothing legal came back.
    ///
    /// # Errors
    /// For models that cannot.
    fn reconstruct(&self, _crystals: &[Crystal]) -> Result<Vec<Option<Sample>>, RequestError> {
        Err(RequestError::NotPossible {
            kind: self.kind(),
            what: "write crystals down and read them again".into(),
        })
    }

    /// `steps` crystals between two, both ends included, by models that have such ways (autoencoders); `None` where
    /// nothing legal was read.
    ///
    /// # Errors
    /// For models that have none, and for crystals that the model cannot write down.
    fn interpolate(&self, _ends: [&Crystal; 2], _steps: usize) -> Result<Vec<Option<Sample>>, RequestError> {
        Err(RequestError::NotPossible { kind: self.kind(), what: "go from one crystal to another".into() })
    }
}

/// What [`Sampler::sample`] has in common: computes the batches of `length` consecutive numbers that these fall
/// into, each whole and side by side, and picks from them. `compute` takes the number of a batch, from 0, and
/// returns its samples in order.
pub(crate) fn in_batches<S: Clone + Send + Sync, E: Send>(
    numbers: &[u64],
    length: usize,
    compute: impl Fn(u64) -> Result<Vec<Option<S>>, E> + Sync,
) -> Result<Vec<Option<S>>, E> {
    let length = length as u64;
    let mut batches: Vec<u64> = numbers.iter().map(|number| number / length).collect();
    batches.sort_unstable();
    batches.dedup();
    let made: Vec<Vec<Option<S>>> =
        batches.par_iter().map(|&batch| compute(batch)).collect::<Result<_, E>>()?;
    let pick = |number: &u64| {
        let place = batches.binary_search(&(number / length)).ok()?;
        made[place].get((number % length) as usize)?.clone()
    };
    Ok(numbers.iter().map(pick).collect())
}

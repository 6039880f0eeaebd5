//! Estimates of a trained model.

use druse_representations::Crystal;
use tch::no_grad;

use super::model::sureness;
use super::readings::Reading;
use super::{CrystalProperties, features};
use crate::learned::house::{Learner, Replicas, Weights};

/// What a model says of one property of a crystal.
#[derive(Clone, Debug, PartialEq)]
pub struct Estimate {
    /// Name of the property.
    pub name: String,
    /// Value in the unit of the labels; a probability of labels that were 0 and 1.
    pub value: f64,
    /// What the model takes to be the standard deviation of the value; of a probability the spread of its members alone.
    pub doubt: f64,
}

/// A trained model, ready to estimate; may be shared by threads.
pub struct PropertyModel {
    replicas: Replicas<CrystalProperties>,
    readings: Vec<Reading>,
    sha256: String,
}

impl PropertyModel {
    /// The model of these weights.
    pub fn new(weights: &Weights<CrystalProperties>) -> Self {
        let Weights { config, conditions, store, sha256 } = weights;
        Self {
            replicas: Replicas::new(store, |path| CrystalProperties::new(path, config, conditions)),
            readings: Reading::all(conditions, config),
            sha256: sha256.clone(),
        }
    }

    /// Names of the properties.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.readings.iter().map(|reading| reading.name.as_str())
    }

    /// SHA-256 of the weights.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// All properties of a crystal, in order of [`Self::names`].
    ///
    /// # Errors
    /// As [`features()`].
    pub fn estimate(&self, crystal: &Crystal) -> Result<Vec<Estimate>, String> {
        let features = features(crystal)?;
        let said = no_grad(|| {
            let said = self.replicas.with(|model| model.forward(&[&features]));
            Vec::<f32>::try_from(said.contiguous().view(-1)).unwrap_or_default()
        });
        let width = 2 * self.readings.len();
        let estimate = |(k, reading): (usize, &Reading)| {
            let members: Vec<[f64; 2]> = said
                .chunks_exact(width)
                .map(|member| [f64::from(member[2 * k]), sureness(f64::from(member[2 * k + 1]))])
                .collect();
            let (value, doubt) = reading.estimate(&members);
            Estimate { name: reading.name.clone(), value, doubt }
        };
        Ok(self.readings.iter().enumerate().map(estimate).collect())
    }
}

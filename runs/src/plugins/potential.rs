//! Potentials of the user's beside those of druse.

use std::sync::Arc;

use druse_fitness::Potential;
use druse_fitness::potentials::{LoadError, load};

use super::{AnyError, Plugins};
use crate::setup::SetupError;

/// Loads a potential onto a device.
type Make = Arc<dyn Fn(&str) -> Result<Box<dyn Potential>, AnyError> + Send + Sync>;

/// A potential that is loaded where a campaign or a command names it.
#[derive(Clone)]
pub(super) struct PotentialFactory {
    pub(super) name: String,
    make: Make,
}

impl Plugins {
    /// With a potential, named by `model` in campaign files and `--model` of commands. `make` loads it onto a device, the word after
    /// `--device` (`cpu` when nothing is said); its [name](Potential::name) is the same.
    pub fn potential<P, F>(mut self, name: impl Into<String>, make: F) -> Self
    where
        P: Potential + 'static,
        F: Fn(&str) -> Result<P, AnyError> + Send + Sync + 'static,
    {
        let make: Make = Arc::new(move |device| Ok(Box::new(make(device)?) as Box<dyn Potential>));
        self.potentials.push(PotentialFactory { name: name.into(), make });
        self
    }

    /// Names of the potentials.
    pub fn potentials(&self) -> impl Iterator<Item = &str> {
        self.potentials.iter().map(|factory| factory.name.as_str())
    }

    /// Loads a potential onto a device: one of these, or what [`load`] knows.
    ///
    /// # Errors
    /// When it is unknown or cannot be loaded.
    pub fn load_potential(&self, name: &str, device: &str) -> Result<Box<dyn Potential>, SetupError> {
        let Some(factory) = self.potentials.iter().find(|factory| factory.name == name) else {
            return load(name, device).map_err(|error| match error {
                LoadError::UnknownPotential { name, mut known } => {
                    known.extend(self.potentials().map(str::to_owned));
                    LoadError::UnknownPotential { name, known }.into()
                }
                error => error.into(),
            });
        };
        let failed = |reason: String| SetupError::Part { part: format!("potential '{name}'"), reason };
        let potential = (factory.make)(device).map_err(|error| failed(error.to_string()))?;
        match potential.name() {
            own if own == name => Ok(potential),
            own => Err(failed(format!("it calls itself '{own}'"))),
        }
    }
}

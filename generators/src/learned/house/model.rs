//! Files of trained models.

use std::path::Path;

use druse_representations::io::Record;
use tch::{Device, Tensor, nn, no_grad};

use super::Learner;
use super::card::{Card, FORMAT};
use super::fresh::fresh;
use super::replicas::named;
use super::sealed::{FileError, Sealed};
use super::seen::Seen;
use crate::learned::{Conditions, Sampler};

/// Role of a file that can be sampled from.
pub(super) const MODEL: &str = "model";
/// Role of a file that a training is continued from.
pub(super) const CHECKPOINT: &str = "checkpoint";

/// A trained model as its file holds it.
#[derive(Debug)]
pub struct ModelFile {
    /// What is said of it.
    pub card: Card,
    /// SHA-256 that seals the file.
    pub sha256: String,
    /// What it was trained on.
    pub seen: Seen,
    pub(super) origin: String,
    pub(super) tensors: Vec<(String, Tensor)>,
}

/// Network weights with what is needed to make the network.
pub struct Weights<L: Learner> {
    /// Sizes and settings.
    pub config: L::Config,
    /// Conditions.
    pub conditions: Conditions,
    /// The weights; make networks on them with [`Replicas::new`](super::Replicas::new).
    pub store: nn::VarStore,
    /// SHA-256 of the file.
    pub sha256: String,
}

/// A learner of crystals whose trained weights can be sampled from.
pub trait Generative: Learner<Record = Record> {
    /// The sampler on trained weights.
    fn sampler(weights: Weights<Self>) -> Box<dyn Sampler>;
}

impl ModelFile {
    /// Reads a model from a file.
    ///
    /// # Errors
    /// When it cannot be read, is damaged, is of another program or of a newer druse, or is a
    /// checkpoint.
    pub fn read(path: &Path) -> Result<Self, FileError> {
        Self::unsealed(Sealed::read(path)?)
    }

    /// Takes the bytes of a file; `origin` names it in messages.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn from_bytes(bytes: &[u8], origin: &str) -> Result<Self, FileError> {
        Self::unsealed(Sealed::from_bytes(bytes, origin)?)
    }

    fn unsealed(sealed: Sealed) -> Result<Self, FileError> {
        check_role(&sealed, MODEL)?;
        let card = sealed.description()?;
        let Sealed { sha256, origin, mut tensors, .. } = sealed;
        let seen = Seen::take_from(&mut tensors, &origin)?;
        Ok(Self { card, sha256, seen, origin, tensors })
    }

    /// The weights as a network of this learner.
    ///
    /// # Errors
    /// When the model is of another kind, or its tensors do not fit its settings.
    pub fn weights<L: Learner>(&self, device: Device) -> Result<Weights<L>, FileError> {
        self.expect_kind::<L>()?;
        let config = self.config::<L>()?;
        let (mut store, _) = fresh(0, device, |path| L::new(path, &config, &self.card.conditions));
        fill(&store, &self.tensors, &self.origin, |_| false, |_| false)?;
        store.freeze();
        let conditions = self.card.conditions.clone();
        Ok(Weights { config, conditions, store, sha256: self.sha256.clone() })
    }

    pub(in crate::learned) fn unfit(&self, found: String, expected: String) -> FileError {
        FileError::unfit(&self.origin, found, expected)
    }

    /// Settings of the network.
    pub(super) fn config<L: Learner>(&self) -> Result<L::Config, FileError> {
        serde_json::from_value(self.card.config.clone())
            .map_err(|error| FileError::unfit(&self.origin, error, format!("settings of {}", L::KIND)))
    }

    pub(super) fn expect_kind<L: Learner>(&self) -> Result<(), FileError> {
        if self.card.kind == L::KIND {
            return Ok(());
        }
        Err(FileError::unfit(&self.origin, format!("a {} model", self.card.kind), L::KIND))
    }
}

/// Refuses files of a newer format and of the wrong role.
pub(super) fn check_role(sealed: &Sealed, role: &str) -> Result<(), FileError> {
    let format = sealed.field("format").and_then(|format| format.as_u64());
    if format.is_none_or(|format| format > u64::from(FORMAT)) {
        let found = format.map_or("no format".to_owned(), |format| format!("format {format}"));
        let expected = format!("at most {FORMAT}: the file is of a newer druse");
        return Err(FileError::unfit(&sealed.origin, found, expected));
    }
    match sealed.field("role") {
        Some(found) if found == role => Ok(()),
        Some(found) if found == CHECKPOINT => Err(FileError::unfit(
            &sealed.origin,
            "the checkpoint of a training",
            "a model (the file given with --to)",
        )),
        found => {
            let found = found.map_or("nothing".to_owned(), |found| format!("a {found}"));
            Err(FileError::unfit(&sealed.origin, found, format!("a {role}")))
        }
    }
}

/// Copies tensors into the variables of a store by name. Variables without a tensor keep their
/// fresh weights where `may_lack` allows it, and so do further rows of those that have more where `may_grow` does.
pub(super) fn fill(
    store: &nn::VarStore,
    tensors: &[(String, Tensor)],
    origin: &str,
    may_lack: impl Fn(&str) -> bool,
    may_grow: impl Fn(&str) -> bool,
) -> Result<(), FileError> {
    let variables = named(store);
    if let Some((name, _)) = tensors.iter().find(|(name, _)| variables.iter().all(|(known, _)| known != name))
    {
        return Err(FileError::unfit(origin, format!("a tensor {name}"), "only those of its network"));
    }
    for (name, mut variable) in variables {
        let Some((_, tensor)) = tensors.iter().find(|(known, _)| *known == name) else {
            if may_lack(&name) {
                continue;
            }
            return Err(FileError::unfit(origin, "no such tensor", format!("a tensor {name}")));
        };
        if let Some(rows) = grown(&variable, tensor).filter(|_| may_grow(&name)) {
            no_grad(|| variable.narrow(0, 0, rows).copy_(tensor));
            continue;
        }
        if tensor.size() != variable.size() {
            let found = format!("the tensor {name} of shape {:?}", tensor.size());
            return Err(FileError::unfit(origin, found, format!("shape {:?}", variable.size())));
        }
        no_grad(|| variable.copy_(tensor));
    }
    Ok(())
}

/// Rows of a tensor that a larger variable of otherwise the same shape begins with.
fn grown(variable: &Tensor, tensor: &Tensor) -> Option<i64> {
    let (large, small) = (variable.size(), tensor.size());
    let (&rows, &fewer) = (large.first()?, small.first()?);
    (rows > fewer && large[1..] == small[1..]).then_some(fewer)
}

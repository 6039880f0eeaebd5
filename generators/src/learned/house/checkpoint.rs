//! Checkpoints: all that a training needs to go on as if it had never stopped.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tch::{Tensor, no_grad};

use super::card::Card;
use super::model::{CHECKPOINT, MODEL, ModelFile, check_role, fill};
use super::replicas::{named, variables};
use super::sealed::{self, FileError, Sealed};
use super::seen::Seen;
use super::{Learner, State, Training};

/// What a checkpoint says beside its tensors.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Description {
    #[serde(flatten)]
    card: Card,
    state: State,
}

/// A checkpoint as read.
#[derive(Debug)]
pub struct Checkpoint {
    /// What is said of the training.
    pub card: Card,
    /// Where it stands.
    pub state: State,
    origin: String,
    tensors: Vec<(String, Tensor)>,
}

/// Files that belong to a model.
#[derive(Clone, Debug)]
pub struct Files {
    model: PathBuf,
}

impl Files {
    /// The files beside this model.
    pub fn of(model: &Path) -> Self {
        Self { model: model.to_owned() }
    }

    /// The model.
    pub fn model(&self) -> &Path {
        &self.model
    }

    /// Where the training stands.
    pub fn checkpoint(&self) -> PathBuf {
        self.model.with_extension("checkpoint")
    }

    /// Where it stood before its learning rate fell: a longer training goes on from there.
    pub fn trunk(&self) -> PathBuf {
        self.model.with_extension("trunk.checkpoint")
    }

    /// The loss curve as JSON.
    pub fn curve(&self) -> PathBuf {
        self.model.with_extension("curve.json")
    }

    /// The loss curve as a picture.
    pub fn picture(&self) -> PathBuf {
        self.model.with_extension("curve.svg")
    }

    /// The card for people.
    pub fn card(&self) -> PathBuf {
        self.model.with_extension("md")
    }
}

/// Names under which tensors lie in a checkpoint.
const WEIGHTS: &str = "weights/";
const AVERAGE: &str = "average/";
const FIRST: &str = "first/";
const SECOND: &str = "second/";
const BEST: &str = "best/";

impl<L: Learner> Training<'_, L> {
    /// The bytes of a checkpoint; `card` is what is said of the training.
    ///
    /// # Errors
    /// When the state cannot be written down.
    pub fn checkpoint(&self, card: &Card) -> Result<Vec<u8>, String> {
        let weights = named(&self.store);
        let mut tensors: Vec<(String, Tensor)> = Vec::new();
        let names: Vec<String> = weights.iter().map(|(name, _)| name.clone()).collect();
        let mut add = |prefix: &str, values: &[Tensor]| {
            let named = names.iter().zip(values);
            tensors.extend(named.map(|(name, tensor)| (format!("{prefix}{name}"), tensor.shallow_clone())));
        };
        add(WEIGHTS, &variables(&self.store));
        add(AVERAGE, &variables(&self.averaged));
        add(FIRST, &self.optimiser.first);
        add(SECOND, &self.optimiser.second);
        if let Some(best) = &self.best {
            add(BEST, best);
        }
        let card = Card { role: CHECKPOINT.to_owned(), ..card.clone() };
        sealed::seal(&tensors, &Description { card, state: self.state.clone() })
    }

    /// Goes on from a checkpoint.
    ///
    /// # Errors
    /// When its tensors are not those of this network.
    pub fn restore(&mut self, checkpoint: &Checkpoint) -> Result<(), FileError> {
        fill(&self.store, &checkpoint.part(WEIGHTS), &checkpoint.origin, |_| false, |_| false)?;
        fill(&self.averaged, &checkpoint.part(AVERAGE), &checkpoint.origin, |_| false, |_| false)?;
        let names: Vec<String> = named(&self.store).into_iter().map(|(name, _)| name).collect();
        let take = |prefix: &str, into: &mut [Tensor]| {
            let part = checkpoint.part(prefix);
            for (name, tensor) in names.iter().zip(into) {
                let found = part.iter().find(|(known, _)| known == name);
                let (_, found) =
                    found.filter(|(_, found)| found.size() == tensor.size()).ok_or_else(|| {
                        let expected = format!("a tensor {prefix}{name} of shape {:?}", tensor.size());
                        FileError::unfit(&checkpoint.origin, "none", expected)
                    })?;
                no_grad(|| tensor.copy_(found));
            }
            Ok::<(), FileError>(())
        };
        take(FIRST, &mut self.optimiser.first)?;
        take(SECOND, &mut self.optimiser.second)?;
        self.best = None;
        if !checkpoint.part(BEST).is_empty() {
            let mut best: Vec<Tensor> = variables(&self.averaged).iter().map(Tensor::zeros_like).collect();
            take(BEST, &mut best)?;
            self.best = Some(best);
        }
        self.optimiser.steps = checkpoint.state.moves;
        self.state = checkpoint.state.clone();
        Ok(())
    }

    /// Starts from the weights of a trained model (fine-tuning). Its conditions have to come first among
    /// those of this training; the new ones keep their fresh weights.
    ///
    /// # Errors
    /// When its tensors are not those of this network.
    pub fn start_from(&mut self, model: &ModelFile) -> Result<(), FileError> {
        let known = &model.card.conditions;
        let new = self.conditions.columns.iter().filter(|column| known.position(&column.name).is_none());
        // As `ConditionEmbedding` names them.
        let new: Vec<String> = new.map(|column| column.name.replace('.', "_")).collect();
        let fresh = |name: &str| name.split('.').any(|part| new.iter().any(|column| column == part));
        // New columns come after the old ones, and so do the rows of the heads that tell them.
        let grows = |name: &str| !new.is_empty() && name.split('.').any(|part| part == "heads");
        fill(&self.store, &model.tensors, &model.origin, fresh, grows)?;
        self.average_anew();
        Ok(())
    }

    /// The bytes of the model as it is, with its card. The loss of a finished one is that of its rounded
    /// weights.
    ///
    /// # Errors
    /// When the card cannot be written down.
    pub fn model(&mut self, card: &Card, seen: &Seen) -> Result<(Vec<u8>, Card), String> {
        let (mut tensors, validation) = self.rounded(card.finished);
        let parameters = tensors.iter().map(|(_, tensor)| tensor.numel() as u64).sum();
        let card = Card { role: MODEL.to_owned(), parameters, validation, ..card.clone() };
        tensors.extend(seen.tensors());
        Ok((sealed::seal(&tensors, &card)?, card))
    }
}

impl Checkpoint {
    /// Reads a checkpoint.
    ///
    /// # Errors
    /// When it cannot be read, is damaged, or is no checkpoint.
    pub fn read(path: &Path) -> Result<Self, FileError> {
        let sealed = Sealed::read(path)?;
        check_role(&sealed, CHECKPOINT)?;
        let Description { card, state } = sealed.description()?;
        Ok(Self { card, state, origin: sealed.origin, tensors: sealed.tensors })
    }

    /// File, for messages.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    fn part(&self, prefix: &str) -> Vec<(String, Tensor)> {
        let strip = |(name, tensor): &(String, Tensor)| {
            Some((name.strip_prefix(prefix)?.to_owned(), tensor.shallow_clone()))
        };
        self.tensors.iter().filter_map(strip).collect()
    }
}

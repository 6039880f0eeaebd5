//! The training house: everything about training that does not depend on the model.
//!
//! * Data become examples once ([`Learner::example`]), examples become batches whose order only the
//!   seed decides ([`batches`]), every step computes gradients on a fixed number of shards side by
//!   side, AdamW with a schedule moves the weights, and their moving average is what is kept
//!   ([`Training`]).
//! * [`train_job`] takes structures to the files of a model: checkpoints from which a training goes on
//!   bit for bit, the weights with their card, and the loss curve.
//! * [`ModelFile`] reads weights back. Whatever was damaged, or is of another program, is refused.
//!
//! The learning rate is constant but for a warm-up and a fall in the last part of a run. Where the fall
//! begins, a second checkpoint is kept: a run that is made longer afterwards goes on from there, as if
//! it had been that long from the beginning.

pub mod batches;
mod card;
mod checkpoint;
mod curve;
mod fresh;
mod job;
mod learner;
mod model;
mod optimiser;
mod options;
mod replicas;
mod sealed;
mod seen;
#[cfg(test)]
mod tests;
mod train;
mod tuner;

pub use card::{Card, DataCard, DataFile, FORMAT, Validation};
pub use checkpoint::{Checkpoint, Files};
pub use curve::{Progress, svg};
pub use fresh::fresh;
pub use job::{Job, Outcome, Start, TrainError, train_job};
pub use learner::{Learner, Loss};
pub use model::{Generative, ModelFile, Weights};
pub use optimiser::AdamW;
pub use options::{BadOption, TrainOptions};
pub use replicas::Replicas;
pub use sealed::{FileError, Sealed, seal};
pub use seen::Seen;
pub use tch::Device;
pub use train::{Diverged, End, Observer, State, Trained, Training, TrainingSet, train};
pub use tuner::{Tunable, Tuner};

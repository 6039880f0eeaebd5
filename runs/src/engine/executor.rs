//! Who evaluates the candidates of a step.

use rayon::prelude::*;

use super::evaluation::Evaluate;
use super::task::{Outcome, Task};

/// Why a step cannot be evaluated. What was handed over before stays.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ExecutorError(pub String);

/// Evaluates candidates somewhere. Whatever it does, the outcome of a candidate follows from the
/// candidate and the campaign alone.
pub trait Executor {
    /// Evaluates all tasks of one step and hands their outcomes to `done`, batch by batch, as soon as
    /// they are known, in any order; every task once.
    ///
    /// # Errors
    /// When the machinery fails, never for a candidate's sake.
    fn evaluate(
        &mut self,
        step: u64,
        tasks: &[Task],
        evaluate: &dyn Evaluate,
        done: &(dyn Fn(Vec<Outcome>) + Sync),
    ) -> Result<(), ExecutorError>;

    /// All candidates below this number are recorded: what was kept for them may go.
    fn recorded(&mut self, _below: u64) {}

    /// CPU seconds that other processes spent on what was evaluated since the last call.
    fn seconds_elsewhere(&mut self) -> f64 {
        0.0
    }
}

/// The threads of this process.
pub struct Local;

impl Executor for Local {
    fn evaluate(
        &mut self,
        _step: u64,
        tasks: &[Task],
        evaluate: &dyn Evaluate,
        done: &(dyn Fn(Vec<Outcome>) + Sync),
    ) -> Result<(), ExecutorError> {
        in_batches(tasks, evaluate, done);
        Ok(())
    }
}

/// Evaluates tasks on the threads of this process, batches side by side. Batches are formed by the
/// order of the tasks, so the outcome does not depend on the number of threads.
pub fn in_batches(tasks: &[Task], evaluate: &dyn Evaluate, done: &(dyn Fn(Vec<Outcome>) + Sync)) {
    tasks.par_chunks(evaluate.batch().max(1)).for_each(|batch| done(evaluate.evaluate(batch)));
}

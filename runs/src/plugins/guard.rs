//! What keeps a campaign whole when a generator of the user's does not do as it should.

use std::panic::{AssertUnwindSafe, catch_unwind};

use druse_generators::{Evaluated, Generator, GeneratorError, Proposal};
use druse_representations::Design;
use serde_json::Value;

use crate::engine::words;

/// A generator whose panics and miscounts are errors of its own.
pub(super) struct Guarded<D: Design> {
    name: String,
    generator: Box<dyn Generator<D>>,
    /// Why it can go on no more.
    broken: Option<String>,
}

impl<D: Design> Guarded<D> {
    /// `generator` under the name that it is registered with.
    pub(super) fn new(name: String, generator: Box<dyn Generator<D>>) -> Self {
        Self { name, generator, broken: None }
    }

    fn failed(&self, reason: impl Into<String>) -> GeneratorError {
        GeneratorError::Failed { generator: self.name.clone(), reason: reason.into() }
    }
}

impl<D: Design> Generator<D> for Guarded<D> {
    fn name(&self) -> &str {
        &self.name
    }

    fn propose(&mut self, first: u64, n: usize) -> Result<Vec<Proposal<D>>, GeneratorError> {
        if let Some(reason) = &self.broken {
            return Err(self.failed(reason.clone()));
        }
        let proposed = catch_unwind(AssertUnwindSafe(|| self.generator.propose(first, n)));
        let mut proposals = match proposed {
            Ok(proposals) => proposals?,
            Err(panic) => {
                let reason = format!("it panicked: {}", words(panic.as_ref()));
                self.broken = Some(reason.clone());
                return Err(self.failed(reason));
            }
        };
        if proposals.len() > n {
            return Err(self.failed(format!("{} proposals, expected at most {n}", proposals.len())));
        }
        for (proposal, number) in proposals.iter_mut().zip(first..) {
            if proposal.number != number {
                let found = proposal.number;
                return Err(self.failed(format!("a proposal is numbered {found}, expected {number}")));
            }
            proposal.lineage.generator.clone_from(&self.name);
        }
        Ok(proposals)
    }

    fn learn(&mut self, evaluated: &[Evaluated<D>]) {
        if self.broken.is_none()
            && let Err(panic) = catch_unwind(AssertUnwindSafe(|| self.generator.learn(evaluated)))
        {
            self.broken = Some(format!("it panicked while it learnt: {}", words(panic.as_ref())));
        }
    }

    fn state(&self) -> Value {
        self.generator.state()
    }

    fn restore(&mut self, state: &Value) -> Result<(), GeneratorError> {
        self.generator.restore(state)
    }

    fn journal(&mut self) -> Vec<Value> {
        self.generator.journal()
    }

    fn replay(&mut self, entry: &Value) -> Result<(), GeneratorError> {
        self.generator.replay(entry)
    }
}

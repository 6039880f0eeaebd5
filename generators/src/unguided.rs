//! Search without memory: every proposal is a newcomer.

use serde_json::Value;

use crate::breeding::{Breeder, Nursery};
use crate::generator::{Evaluated, Generator, GeneratorError, Proposal};

/// Proposes newcomers of a breeder and learns nothing; the baseline that others have to beat.
#[derive(Clone, Debug)]
pub struct Unguided<B: Breeder> {
    nursery: Nursery<B>,
}

impl<B: Breeder> Unguided<B> {
    /// A generator with this name.
    pub fn new(name: impl Into<String>, breeder: B, seed: u64) -> Self {
        Self { nursery: Nursery::new(name, seed, breeder) }
    }

    /// Proposals that broke a constraint and were held back; 0 unless there is a mistake.
    pub fn violations(&self) -> u64 {
        self.nursery.ledger.violations
    }
}

impl<B: Breeder> Generator<B::Design> for Unguided<B> {
    fn name(&self) -> &str {
        &self.nursery.name
    }

    fn propose(&mut self, first: u64, n: usize) -> Result<Vec<Proposal<B::Design>>, GeneratorError> {
        let proposals = self.nursery.propose(first, n, None, |breeder, _, _, rng| {
            breeder.newcomer(rng).map(|sprout| (sprout, Vec::new()))
        })?;
        Ok(proposals.into_iter().map(|(proposal, _)| proposal).collect())
    }

    fn learn(&mut self, _: &[Evaluated<B::Design>]) {}

    fn state(&self) -> Value {
        self.nursery.state()
    }

    fn restore(&mut self, state: &Value) -> Result<(), GeneratorError> {
        self.nursery.restore(state)
    }

    fn journal(&mut self) -> Vec<Value> {
        self.nursery.journal()
    }

    fn replay(&mut self, entry: &Value) -> Result<(), GeneratorError> {
        if self.nursery.replay(entry) { Ok(()) } else { Err(self.nursery.bad_state("not its journal")) }
    }
}

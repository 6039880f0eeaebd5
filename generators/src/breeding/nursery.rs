//! The way of a sprout to a proposal, the same for all generators.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde::Deserialize;
use serde_json::{Value, json};

use super::ledger::Ledger;
use super::{Breeder, NOT_SCREENED, Sprout};
use crate::generator::{GeneratorError, Lineage, Proposal};
use crate::stream::stream;

/// Chooses among sprouts.
pub(crate) struct Screen<'a, B: Breeder> {
    /// New sprouts that are made for one candidate.
    pub(crate) sprouts: usize,
    /// Index of the one to propose under a candidate number.
    pub(crate) choose: &'a dyn Fn(u64, &[&Sprout<B>]) -> usize,
}

/// A breeder with the record of what one generator proposed.
#[derive(Clone, Debug)]
pub(crate) struct Nursery<B> {
    pub(crate) name: String,
    pub(crate) seed: u64,
    pub(crate) breeder: B,
    pub(crate) ledger: Ledger,
}

impl<B: Breeder> Nursery<B> {
    pub(crate) fn new(name: impl Into<String>, seed: u64, breeder: B) -> Self {
        Self { name: name.into(), seed, breeder, ledger: Ledger::default() }
    }

    /// Up to `n` proposals from the sprouts of `make`, which is called with the candidate number,
    /// the count of trials before and the random stream until a sprout is new. `make` also tells the numbers of the parents.
    ///
    /// With a `screen`, some new sprouts are made for each candidate and one of them is chosen. Those that pass by chance
    /// carry the note [`NOT_SCREENED`].
    #[expect(clippy::type_complexity, reason = "a sprout with the numbers of its parents")]
    pub(crate) fn propose(
        &mut self,
        first: u64,
        n: usize,
        screen: Option<&Screen<'_, B>>,
        mut make: impl FnMut(&B, u64, usize, &mut ChaCha8Rng) -> Option<(Sprout<B>, Vec<u64>)>,
    ) -> Result<Vec<(Proposal<B::Design>, B::Genome)>, GeneratorError> {
        let mut proposals = Vec::with_capacity(n);
        for number in first..first.saturating_add(n as u64) {
            let mut rng = stream(self.seed, number);
            let chosen_from = screen.filter(|_| rng.random::<f64>() >= B::UNSCREENED);
            let fresh = (0..B::TRIALS).filter_map(|trial| {
                make(&self.breeder, number, trial, &mut rng)
                    .filter(|(sprout, _)| !self.ledger.has(sprout.key))
            });
            let mut made: Vec<_> = fresh.take(chosen_from.map_or(1, |screen| screen.sprouts)).collect();
            let chosen = match chosen_from {
                Some(screen) if made.len() > 1 => {
                    let sprouts: Vec<&Sprout<B>> = made.iter().map(|(sprout, _)| sprout).collect();
                    let chosen = (screen.choose)(number, &sprouts);
                    Some(made.swap_remove(chosen))
                }
                _ => made.pop(),
            };
            let Some((sprout, parents)) = chosen else { break };
            self.ledger.insert(sprout.key);
            if !self.breeder.holds(&sprout) {
                self.ledger.violations += 1;
                break;
            }
            let mut lineage = Lineage::new(self.name.clone(), sprout.operator, parents);
            lineage.note = (screen.is_some() && chosen_from.is_none()).then(|| NOT_SCREENED.to_owned());
            proposals.push((Proposal { number, design: sprout.design, lineage }, sprout.genome));
        }
        if proposals.is_empty() && n > 0 {
            return Err(GeneratorError::Impossible {
                generator: self.name.clone(),
                reason: format!(
                    "{} trials gave nothing new, {} proposals before",
                    B::TRIALS,
                    self.ledger.len()
                ),
            });
        }
        Ok(proposals)
    }

    /// The record of proposals as JSON, without the keys.
    pub(crate) fn state(&self) -> Value {
        json!({"violations": self.ledger.violations})
    }

    /// Takes the record back.
    pub(crate) fn restore(&mut self, state: &Value) -> Result<(), GeneratorError> {
        self.ledger =
            serde_json::from_value(state.clone()).map_err(|error| self.bad_state(&error.to_string()))?;
        self.ledger.hand_over();
        Ok(())
    }

    /// Keys that are new since the last call, for the journal.
    pub(crate) fn journal(&mut self) -> Vec<Value> {
        let keys = self.ledger.take_fresh();
        if keys.is_empty() { Vec::new() } else { vec![json!({ "seen": keys })] }
    }

    /// Takes keys back; tells whether the entry is one of these.
    pub(crate) fn replay(&mut self, entry: &Value) -> bool {
        let keys = entry.get("seen").and_then(|keys| Vec::<u64>::deserialize(keys).ok());
        let found = keys.is_some();
        self.ledger.recall(keys.unwrap_or_default());
        found
    }

    pub(crate) fn bad_state(&self, reason: &str) -> GeneratorError {
        GeneratorError::BadState { generator: self.name.clone(), reason: reason.to_owned() }
    }
}

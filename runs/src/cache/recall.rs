//! What is known of the candidates of a step, and what becomes known.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::entry::{Entry, pack, unpack};
use super::{Cache, CacheError, Key, Keys, TaskKeys};
use crate::engine::{EngineError, Outcome, Task, TierResult, cost_name};
use crate::store::{Kept, Store, StoreError};

/// The value of an objective, and what it cost.
#[derive(Serialize, Deserialize)]
struct KnownValue {
    value: f64,
    seconds: f64,
    cpu: f64,
}

/// A new evaluation on its way to the disk.
pub struct Fresh {
    key: Key,
    entry: Entry,
}

/// The keys of one step.
pub struct Recall<'a> {
    cache: &'a Cache,
    keys: BTreeMap<u64, TaskKeys>,
    /// What known values cost when they were computed, by candidate and objective.
    costs: BTreeMap<(u64, String), [f64; 2]>,
    /// Candidate and tier of results that the campaign computed for this very candidate before it
    /// was stopped: spent, not saved.
    own: BTreeSet<(u64, String)>,
}

impl<'a> Recall<'a> {
    /// Writes into the tasks of a step what is known of them.
    ///
    /// # Errors
    /// When the store or the shared file cannot be read.
    pub fn new(
        cache: &'a Cache,
        keys: &Keys,
        store: &Store,
        tasks: &mut [Task],
    ) -> Result<Self, EngineError> {
        let (mut own, mut costs) = (BTreeSet::new(), BTreeMap::new());
        let all = keys.of_tasks(tasks);
        for (task, of_task) in tasks.iter_mut().zip(&all) {
            for (&place, key) in &of_task.tiers {
                let Some((number, result)) = cache.look::<TierResult>(key, store)? else { continue };
                if number == Some(task.number) {
                    own.extend(keys.tier_name(place).map(|tier| (task.number, tier.to_owned())));
                }
                task.known.insert(place, result);
            }
            for (name, key) in &of_task.objectives {
                let Some((number, known)) = cache.look::<KnownValue>(key, store)? else { continue };
                let cost = (task.number, cost_name(name));
                if number == Some(task.number) {
                    own.insert(cost.clone());
                }
                costs.insert(cost, [known.seconds, known.cpu]);
                task.values.insert(name.clone(), known.value);
            }
        }
        let keys = tasks.iter().map(|task| task.number).zip(all).collect();
        Ok(Self { cache, keys, costs, own })
    }

    /// What is new in an outcome.
    pub fn fresh(&self, outcome: &Outcome) -> Vec<Fresh> {
        let Some(keys) = self.keys.get(&outcome.number) else { return Vec::new() };
        let tiers = outcome.fresh.iter();
        let tiers = tiers.filter_map(|(place, result)| fresh(keys.tiers.get(place)?, outcome.number, result));
        let values = outcome.fresh_values.iter();
        let values = values.filter_map(|(name, &value)| {
            let name_of_cost = cost_name(name);
            let spent = outcome.costs.iter().filter(|cost| cost.tier == name_of_cost && !cost.reused);
            let (seconds, cpu) = spent.fold((0.0, 0.0), |sum, cost| (sum.0 + cost.seconds, sum.1 + cost.cpu));
            fresh(keys.objectives.get(name)?, outcome.number, &KnownValue { value, seconds, cpu })
        });
        tiers.chain(values).collect()
    }

    /// Writes new evaluations into the campaign's store and the shared file, each in one transaction.
    ///
    /// # Errors
    /// When one of them cannot be written.
    pub fn write(&self, new: Vec<Fresh>, store: &mut Store) -> Result<(), EngineError> {
        store.record_evaluations(
            new.iter().map(|fresh| (fresh.key.bytes(), fresh.entry.number, &*fresh.entry.bytes)),
        )?;
        if let Some(shared) = &self.cache.shared {
            shared.add(new.iter().map(|fresh| (&fresh.key, &*fresh.entry.bytes)))?;
        }
        for Fresh { key, entry } in new {
            self.cache.remember(key, entry);
        }
        Ok(())
    }

    /// Tells what was spent on a candidate from what was saved.
    pub fn settle(&self, outcome: &mut Outcome) {
        for cost in outcome.costs.iter_mut().filter(|cost| cost.reused) {
            if let Some(&[seconds, cpu]) = self.costs.get(&(outcome.number, cost.tier.clone())) {
                (cost.seconds, cost.cpu) = (seconds, cpu);
            }
            cost.reused = !self.own.contains(&(outcome.number, cost.tier.clone()));
        }
    }
}

fn fresh<T: Serialize>(key: &Key, number: u64, result: &T) -> Option<Fresh> {
    // Plain data with finite numbers into memory: packing cannot fail.
    let bytes = Arc::from(pack(result).ok()?);
    Some(Fresh { key: *key, entry: Entry { number: Some(number), bytes } })
}

impl Cache {
    /// What is known by a key, with the candidate of this campaign that it was computed for.
    fn look<T: serde::de::DeserializeOwned>(
        &self,
        key: &Key,
        store: &Store,
    ) -> Result<Option<(Option<u64>, T)>, EngineError> {
        let damaged = |error| StoreError::Damaged {
            what: "a known evaluation".to_owned(),
            source: serde_json::Error::io(error),
        };
        if let Some(Entry { number, bytes }) = self.memory.get(key) {
            return Ok(Some((number, unpack(&bytes).map_err(damaged)?)));
        }
        if let Some(Kept { number, bytes }) = store.evaluation(key.bytes())? {
            let result = unpack(&bytes).map_err(damaged)?;
            self.remember(*key, Entry { number, bytes: bytes.into() });
            return Ok(Some((number, result)));
        }
        let Some(shared) = &self.shared else { return Ok(None) };
        let Some(bytes) = shared.get(key)? else { return Ok(None) };
        let result = unpack(&bytes).map_err(|error| -> CacheError { shared.damaged(error) })?;
        self.remember(*key, Entry { number: None, bytes });
        Ok(Some((None, result)))
    }
}

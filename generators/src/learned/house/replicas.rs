//! One network on several threads.

use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};

use tch::nn;

use super::fresh::fresh;

/// Copies of a network that share their weights: tensors can be sent to other threads but not shared
/// between them, so every task borrows a copy of its own.
#[derive(Debug)]
pub struct Replicas<M> {
    models: Vec<Mutex<M>>,
}

impl<M: Send> Replicas<M> {
    /// One copy for each thread of rayon, on the weights of `store`.
    pub fn new(store: &nn::VarStore, make: impl Fn(&nn::Path) -> M) -> Self {
        let models = (0..rayon::current_num_threads().max(1)).map(|_| Mutex::new(replica(store, &make).0));
        Self { models: models.collect() }
    }

    /// Calls `task` with a copy that nobody else uses meanwhile.
    pub fn with<R>(&self, task: impl FnOnce(&M) -> R) -> R {
        task(&self.borrow())
    }

    fn borrow(&self) -> MutexGuard<'_, M> {
        for model in &self.models {
            match model.try_lock() {
                Ok(model) => return model,
                // Tasks do not change the model, so one that panicked leaves it as it was.
                Err(TryLockError::Poisoned(model)) => return model.into_inner(),
                Err(TryLockError::WouldBlock) => {}
            }
        }
        let mine = rayon::current_thread_index().unwrap_or(0) % self.models.len();
        self.models[mine].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A copy of a network on the very weights of `store`, and its variables in order of their names.
pub(super) fn replica<M>(store: &nn::VarStore, make: impl Fn(&nn::Path) -> M) -> (M, Vec<tch::Tensor>) {
    let (copy, model) = fresh(0, store.device(), make);
    let mut weights = variables(&copy);
    for (mine, shared) in weights.iter_mut().zip(variables(store)) {
        mine.set_data(&shared.detach());
    }
    (model, weights)
}

/// The variables of a store in order of their names, so that nothing depends on a hash map.
pub(super) fn variables(store: &nn::VarStore) -> Vec<tch::Tensor> {
    named(store).into_iter().map(|(_, tensor)| tensor).collect()
}

/// The same with their names.
pub(super) fn named(store: &nn::VarStore) -> Vec<(String, tch::Tensor)> {
    let mut named: Vec<(String, tch::Tensor)> = store.variables().into_iter().collect();
    named.sort_by(|a, b| a.0.cmp(&b.0));
    named
}

//! Fresh weights.

use std::sync::{Mutex, PoisonError};

use tch::{Device, nn};

/// libtorch draws fresh weights from one generator for the whole process, so networks are made one at a time.
static GENERATOR: Mutex<()> = Mutex::new(());

/// A network with fresh weights that only the seed decides.
pub fn fresh<M>(seed: u64, device: Device, make: impl FnOnce(&nn::Path) -> M) -> (nn::VarStore, M) {
    let _one_at_a_time = GENERATOR.lock().unwrap_or_else(PoisonError::into_inner);
    tch::manual_seed(seed as i64);
    let store = nn::VarStore::new(device);
    let model = make(&store.root());
    (store, model)
}

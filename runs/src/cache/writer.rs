//! Writing evaluations down as they come, but not each with a disk flush of its own.

use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

/// Longest time between the end of an evaluation and its being written.
const GATHER: Duration = Duration::from_secs(1);

/// Hands on what comes in, at most once a second and never later than a second after it came, until
/// all senders are gone.
///
/// # Errors
/// Those of `write`, with which it ends.
pub(crate) fn gather<T, E>(
    receiver: &Receiver<Vec<T>>,
    mut write: impl FnMut(Vec<T>) -> Result<(), E>,
) -> Result<(), E> {
    let mut due = Instant::now();
    while let Ok(mut waiting) = receiver.recv() {
        while let Ok(more) = receiver.recv_timeout(due.saturating_duration_since(Instant::now())) {
            waiting.extend(more);
        }
        write(waiting)?;
        due = Instant::now() + GATHER;
    }
    Ok(())
}

//! Drawing by relative frequency.

use rand::{Rng, RngExt};

/// One of these, each as often as its number says; `None` of nothing.
pub(crate) fn draw<T, R: Rng + ?Sized>(
    table: impl Iterator<Item = (T, u32)> + Clone,
    rng: &mut R,
) -> Option<T> {
    let mut ticket = rng.random_range(0..table.clone().map(|(_, frequency)| frequency).sum::<u32>());
    for (item, frequency) in table {
        if ticket < frequency {
            return Some(item);
        }
        ticket -= frequency;
    }
    None
}

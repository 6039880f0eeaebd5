//! Random numbers that depend on the campaign seed and the candidate number alone.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// The random stream of candidate `number` in a campaign with this `seed`. ChaCha with 8 rounds; the
/// seed makes the key, the number selects one of 2^64 independent streams.
pub fn stream(seed: u64, number: u64) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(number);
    rng
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::RngExt;

    #[test]
    fn streams_are_repeatable_and_differ() {
        let first = |seed, number| stream(seed, number).random::<u64>();
        assert_eq!(first(1, 2), first(1, 2));
        let all: std::collections::BTreeSet<u64> =
            (0..20).flat_map(|seed| (0..20).map(move |number| first(seed, number))).collect();
        assert_eq!(all.len(), 400);
    }
}

//! The order in which examples are seen.

use std::collections::BTreeMap;

use rand::RngExt;
use rand::seq::SliceRandom;

use crate::stream::stream;

/// Windows of so many batches are sorted by size.
const WINDOW: usize = 32;
/// Random streams of balanced draws, beside those of the order.
const DRAWS: u64 = 1 << 42;

/// Batches of one epoch: places of examples. Every example comes once per epoch, or as often as its
/// weight says; batches hold examples of like size; only seed, epoch, sizes and weights decide.
pub fn batches(
    sizes: &[usize],
    weights: Option<&[f64]>,
    batch: usize,
    seed: u64,
    epoch: u64,
) -> Vec<Vec<usize>> {
    let mut rng = stream(seed, epoch);
    let mut order: Vec<usize> = match weights {
        None => (0..sizes.len()).collect(),
        Some(weights) => drawn(weights, seed, epoch),
    };
    order.shuffle(&mut rng);
    let mut all: Vec<Vec<usize>> = Vec::new();
    for window in order.chunks_mut(batch * WINDOW) {
        // Stable: equal sizes keep their random order.
        window.sort_by_key(|&place| sizes[place]);
        all.extend(window.chunks(batch).map(<[usize]>::to_vec));
    }
    all.shuffle(&mut rng);
    all
}

/// Weights that balance a set over `keys` (space groups, elements): the geometric mean, over the keys
/// of an example, of their frequencies to the power of -`strength`. The geometric mean keeps one rare
/// element from drowning everything else.
pub fn balance(keys: &[Vec<u32>], strength: f64) -> Vec<f64> {
    let mut count: BTreeMap<u32, usize> = BTreeMap::new();
    keys.iter().flatten().for_each(|&key| *count.entry(key).or_default() += 1);
    let weight = |keys: &Vec<u32>| {
        let logarithms: f64 = keys.iter().map(|key| (count[key] as f64).ln()).sum();
        (-strength * logarithms / keys.len().max(1) as f64).exp()
    };
    keys.iter().map(weight).collect()
}

/// As many places as there are weights, each as often as its weight says, up to less than one
/// (systematic resampling).
fn drawn(weights: &[f64], seed: u64, epoch: u64) -> Vec<usize> {
    let total: f64 = weights.iter().sum();
    let step = total / weights.len() as f64;
    let mut next = stream(seed, DRAWS + epoch).random::<f64>() * step;
    let mut passed = 0.0;
    let mut places = Vec::with_capacity(weights.len());
    for (place, weight) in weights.iter().enumerate() {
        passed += weight;
        while next < passed && places.len() < weights.len() {
            places.push(place);
            next += step;
        }
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_example_comes_once_in_batches_of_like_size() {
        let sizes: Vec<usize> = (0..1000).map(|i| i * 7 % 20).collect();
        let all = batches(&sizes, None, 16, 3, 5);
        assert_eq!(all, batches(&sizes, None, 16, 3, 5));
        assert_ne!(all, batches(&sizes, None, 16, 3, 6));
        let mut places: Vec<usize> = all.iter().flatten().copied().collect();
        places.sort_unstable();
        assert_eq!(places, (0..1000).collect::<Vec<_>>());
        let spread = |batch: &Vec<usize>| {
            let sizes = batch.iter().map(|&place| sizes[place]);
            sizes.clone().max().unwrap() - sizes.min().unwrap()
        };
        assert!(all.iter().map(spread).sum::<usize>() < 2 * all.len());
    }

    #[test]
    fn balance_makes_rare_keys_as_frequent_as_common_ones() {
        // 90 examples of key 1, 10 of key 2.
        let keys: Vec<Vec<u32>> = (0..100).map(|i| vec![if i < 90 { 1 } else { 2 }]).collect();
        let sizes = vec![1; 100];
        let rare = |strength: f64| {
            let weights = balance(&keys, strength);
            let order = batches(&sizes, Some(&weights), 8, 1, 1);
            let places: Vec<usize> = order.into_iter().flatten().collect();
            assert_eq!(places.len(), 100);
            places.into_iter().filter(|&place| place >= 90).count()
        };
        assert_eq!((rare(0.0), rare(1.0)), (10, 50));
        assert!((20..30).contains(&rare(0.5)), "{}", rare(0.5));
    }
}

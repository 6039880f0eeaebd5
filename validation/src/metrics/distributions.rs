//! How far two distributions are apart.

use std::collections::BTreeMap;

/// The 1-Wasserstein (earth mover's) distance of two samples, in the unit of the values: the area
/// between their cumulative distributions. Values that are no finite numbers are left out; `None` when
/// one of the samples is empty.
pub fn wasserstein(first: &[f64], second: &[f64]) -> Option<f64> {
    let (x, y) = (ascending(first), ascending(second));
    if x.is_empty() || y.is_empty() {
        return None;
    }
    let (mut i, mut j, mut area) = (0, 0, 0.0);
    let mut at = x[0].min(y[0]);
    while i < x.len() || j < y.len() {
        let next = match (x.get(i), y.get(j)) {
            (Some(&x), Some(&y)) => x.min(y),
            (Some(&only), None) | (None, Some(&only)) => only,
            (None, None) => break,
        };
        let gap = i as f64 / x.len() as f64 - j as f64 / y.len() as f64;
        area += gap.abs() * (next - at);
        at = next;
        while x.get(i) == Some(&next) {
            i += 1;
        }
        while y.get(j) == Some(&next) {
            j += 1;
        }
    }
    Some(area)
}

fn ascending(values: &[f64]) -> Vec<f64> {
    let mut values: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
    values.sort_by(f64::total_cmp);
    values
}

/// Number of times that each kind occurs.
pub fn counts<K: Ord>(kinds: impl IntoIterator<Item = K>) -> BTreeMap<K, usize> {
    let mut counts = BTreeMap::new();
    for kind in kinds {
        *counts.entry(kind).or_insert(0) += 1;
    }
    counts
}

/// Total-variation distance of two distributions over kinds, 0 (equal) to 1 (nothing in common): half
/// the sum of the differences of shares. `None` when one is empty.
pub fn total_variation<K: Ord>(first: &BTreeMap<K, usize>, second: &BTreeMap<K, usize>) -> Option<f64> {
    let total = |counts: &BTreeMap<K, usize>| counts.values().sum::<usize>() as f64;
    let (n, m) = (total(first), total(second));
    if n == 0.0 || m == 0.0 {
        return None;
    }
    let of_first = first.keys().map(|kind| (share(first, kind, n) - share(second, kind, m)).abs());
    let only_second =
        second.keys().filter(|kind| !first.contains_key(kind)).map(|kind| share(second, kind, m));
    Some(0.5 * of_first.chain(only_second).sum::<f64>())
}

/// Pearson's chi-squared of the shares of a generated set against those of a reference, as WyFormer's
/// evaluation computes it (N. Kazeev et al., arXiv:2503.02407): kinds that the reference has not are left
/// out of the generated set.
///
/// ```text
/// sum_k (p_k - q_k)^2 / q_k,   k in the reference
/// ```
///
/// `None` when the reference is empty, or nothing generated is of its kinds.
pub fn chi_squared<K: Ord>(generated: &BTreeMap<K, usize>, reference: &BTreeMap<K, usize>) -> Option<f64> {
    let of_kind = |kind: &K| generated.get(kind).copied().unwrap_or(0);
    let common: usize = reference.keys().map(of_kind).sum();
    let all: usize = reference.values().sum();
    let term = |(kind, &count): (&K, &usize)| {
        let (p, q) = (of_kind(kind) as f64 / common as f64, count as f64 / all as f64);
        (p - q) * (p - q) / q
    };
    (common > 0 && all > 0).then(|| reference.iter().filter(|(_, count)| **count > 0).map(term).sum())
}

fn share<K: Ord>(counts: &BTreeMap<K, usize>, kind: &K, total: f64) -> f64 {
    counts.get(kind).copied().unwrap_or(0) as f64 / total
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn as_scipy_has_it() {
        // scipy 1.17.1 stats.wasserstein_distance.
        let near = |x: Option<f64>, y: f64| (x.unwrap() - y).abs() < 1e-12;
        assert!(near(wasserstein(&[0.0, 1.0, 3.0], &[5.0, 6.0, 8.0]), 5.0));
        assert!(near(wasserstein(&[3.4, 3.9, 7.5, 7.8], &[4.5, 1.4]), 2.7));
        assert!(near(wasserstein(&[1.0, 1.0, 2.0], &[1.0]), 1.0 / 3.0));
        assert_eq!(wasserstein(&[], &[1.0]), None);
        assert_eq!(wasserstein(&[f64::NAN], &[1.0]), None);
    }

    #[test]
    fn shares_of_kinds() {
        let (x, y) = (counts([1, 1, 2, 3]), counts([1, 4]));
        // |1/2 - 1/2| + 1/4 + 1/4 + 1/2, halved.
        assert_eq!(total_variation(&x, &y), Some(0.5));
        // scipy 1.17.1: chisquare([1, 0], f_exp=[0.5, 0.5]), kinds 2 and 3 being left out.
        assert_eq!(chi_squared(&x, &y), Some(1.0));
        // chisquare([0.5, 0.3, 0.2], f_exp=[0.4, 0.4, 0.2]).
        let of = |shares: [usize; 3]| BTreeMap::from_iter([1, 2, 3].into_iter().zip(shares));
        assert!((chi_squared(&of([5, 3, 2]), &of([4, 4, 2])).unwrap() - 0.05).abs() < 1e-12);
        assert_eq!(total_variation(&x, &x), Some(0.0));
        assert_eq!(total_variation(&x, &counts([9])), Some(1.0));
        assert_eq!(chi_squared(&x, &counts([])), None);
    }

    fn sample() -> impl Strategy<Value = Vec<f64>> {
        prop::collection::vec((-50i32..50).prop_map(|x| f64::from(x) / 4.0), 1..30)
    }

    proptest! {
        #[test]
        fn a_metric_of_samples(x in sample(), y in sample(), z in sample(), shift in -9.0..9.0f64) {
            let w = |x: &[f64], y: &[f64]| wasserstein(x, y).unwrap();
            prop_assert!(w(&x, &x) == 0.0);
            prop_assert!((w(&x, &y) - w(&y, &x)).abs() < 1e-9);
            prop_assert!(w(&x, &z) <= w(&x, &y) + w(&y, &z) + 1e-9);
            let moved: Vec<f64> = x.iter().map(|value| value + shift).collect();
            prop_assert!((w(&x, &moved) - shift.abs()).abs() < 1e-9);
            let doubled = [x.as_slice(), &x].concat();
            prop_assert!((w(&doubled, &y) - w(&x, &y)).abs() < 1e-9);
            let mean = |x: &[f64]| x.iter().sum::<f64>() / x.len() as f64;
            prop_assert!(w(&x, &y) >= (mean(&x) - mean(&y)).abs() - 1e-9);
        }

        #[test]
        fn distances_of_kinds(
            x in prop::collection::vec(0u8..9, 1..40), y in prop::collection::vec(0u8..9, 1..40),
        ) {
            let (x, y) = (counts(x), counts(y));
            let distance = total_variation(&x, &y).unwrap();
            prop_assert!((0.0..=1.0 + 1e-12).contains(&distance));
            prop_assert!((distance - total_variation(&y, &x).unwrap()).abs() < 1e-12);
            prop_assert!(chi_squared(&x, &x).unwrap().abs() < 1e-12);
            prop_assert!(chi_squared(&x, &y).is_none_or(|found| found >= 0.0));
        }
    }
}

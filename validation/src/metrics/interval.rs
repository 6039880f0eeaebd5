//! Intervals that hold the true value with a probability of 95 %.

use rand::RngExt;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Standard normal quantile of 97.5 %.
const Z: f64 = 1.959_963_984_540_054;

/// Resamples of a bootstrap: enough for two digits of the ends of a 95 % interval.
pub const RESAMPLES: u64 = 1000;

/// Limits of a 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// So many of so many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    /// Those that count.
    pub count: usize,
    /// All.
    pub of: usize,
}

impl Share {
    /// How many of `items` fulfil the condition.
    pub fn of<T>(items: impl IntoIterator<Item = T>, mut condition: impl FnMut(T) -> bool) -> Self {
        items.into_iter().fold(Self::default(), |share, item| Self {
            count: share.count + usize::from(condition(item)),
            of: share.of + 1,
        })
    }

    /// The share, 0 to 1; `None` of nothing.
    pub fn value(self) -> Option<f64> {
        (self.of > 0).then(|| self.count as f64 / self.of as f64)
    }

    /// Wilson's score interval at 95 % (E. B. Wilson, J. Am. Stat. Assoc. 22, 209 (1927)), which stays
    /// within 0 and 1 and is sound for shares near them; `None` of nothing.
    pub fn interval(self) -> Option<Interval> {
        let p = self.value()?;
        let n = self.of as f64;
        let scale = 1.0 + Z * Z / n;
        let centre = (p + Z * Z / (2.0 * n)) / scale;
        let half = Z / scale * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
        // At the ends the exact limits are 0 and 1; rounding must not leave them.
        let low = if self.count == 0 { 0.0 } else { (centre - half).max(0.0) };
        let high = if self.count == self.of { 1.0 } else { (centre + half).min(1.0) };
        Some(Interval { low, high })
    }
}

/// Percentile bootstrap over structures (B. Efron, Ann. Stat. 7, 1 (1979)): `statistic` gets the
/// numbers of `items` structures drawn with replacement, [`RESAMPLES`] times, and the interval holds
/// the middle 95 % of its values. Resample `k` is drawn from stream `k` of the seed, so that nothing
/// depends on threads.
///
/// `None` without items, or when the statistic has no value for half of the resamples.
pub fn bootstrap(
    items: usize,
    seed: u64,
    statistic: impl Fn(&[usize]) -> Option<f64> + Sync,
) -> Option<Interval> {
    let values = resampled(items, seed, statistic)?;
    Some(Interval { low: quantile(&values, 0.025)?, high: quantile(&values, 0.975)? })
}

/// The interval of a distance of distributions: `value` and 1.96 standard deviations of the same resamples
/// to either side, not below 0. Drawing with replacement adds noise that makes distributions less alike,
/// so that most resamples are farther away than the sample is, and their quantiles may not even hold it.
pub fn bootstrap_around(
    value: f64,
    items: usize,
    seed: u64,
    statistic: impl Fn(&[usize]) -> Option<f64> + Sync,
) -> Option<Interval> {
    let values = resampled(items, seed, statistic)?;
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let variance = values.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / (count - 1.0);
    let half = Z * variance.sqrt();
    Some(Interval { low: (value - half).max(0.0), high: value + half })
}

/// Values of the statistic for all resamples, ascending.
fn resampled(
    items: usize,
    seed: u64,
    statistic: impl Fn(&[usize]) -> Option<f64> + Sync,
) -> Option<Vec<f64>> {
    if items == 0 {
        return None;
    }
    let mut values: Vec<f64> = (0..RESAMPLES)
        .into_par_iter()
        .filter_map(|number| {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            rng.set_stream(number);
            let drawn: Vec<usize> = (0..items).map(|_| rng.random_range(0..items)).collect();
            statistic(&drawn).filter(|value| value.is_finite())
        })
        .collect();
    values.sort_by(f64::total_cmp);
    (values.len() * 2 >= RESAMPLES as usize).then_some(values)
}

/// Quantile of ascending values, linear between neighbours (Hyndman and Fan's type 7, as numpy's
/// default); `None` of nothing.
pub fn quantile(ascending: &[f64], share: f64) -> Option<f64> {
    let last = ascending.len().checked_sub(1)?;
    let place = share.clamp(0.0, 1.0) * last as f64;
    let below = (place.floor() as usize).min(last);
    let above = (below + 1).min(last);
    Some(ascending[below] + (place - below as f64) * (ascending[above] - ascending[below]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn wilson_as_published() {
        // scipy 1.17.1: binomtest(count, of).proportion_ci(method="wilson").
        let near = |count, of, low: f64, high: f64| {
            let found = Share { count, of }.interval().unwrap();
            assert!((found.low - low).abs() < 1e-9 && (found.high - high).abs() < 1e-9, "{found:?}");
        };
        near(596, 1000, 0.565_275_470_992, 0.625_989_791_379);
        near(0, 1000, 0.0, 0.003_826_758_486);
        near(3, 10, 0.107_791_267_407, 0.603_221_852_539);
        assert_eq!(Share { count: 9, of: 9 }.interval().unwrap().high, 1.0);
        assert_eq!(Share::default().interval(), None);
    }

    #[test]
    fn quantiles_are_linear() {
        assert_eq!(quantile(&[1.0, 2.0, 4.0], 0.75), Some(3.0));
        assert_eq!(quantile(&[7.0], 0.2), Some(7.0));
        assert_eq!(quantile(&[], 0.5), None);
    }

    #[test]
    fn the_bootstrap_of_a_mean_has_its_standard_error() {
        let values: Vec<f64> = (0..400).map(|n| f64::from(n % 20)).collect();
        let mean = |drawn: &[usize]| Some(drawn.iter().map(|&i| values[i]).sum::<f64>() / drawn.len() as f64);
        let found = bootstrap(values.len(), 3, mean).unwrap();
        // Standard deviation 5.766, of the mean 0.2883.
        assert!((found.low - (9.5 - Z * 0.2883)).abs() < 0.06, "{found:?}");
        assert!((found.high - (9.5 + Z * 0.2883)).abs() < 0.06, "{found:?}");
        assert_eq!(Some(found), bootstrap(values.len(), 3, mean));
        let around = bootstrap_around(9.5, values.len(), 3, mean).unwrap();
        assert!((around.low - found.low).abs() < 0.06 && (around.high - found.high).abs() < 0.06);
        assert_eq!(bootstrap_around(0.0, values.len(), 3, mean).unwrap().low, 0.0);
        assert_eq!(bootstrap(0, 0, mean), None);
        assert_eq!(bootstrap(5, 0, |_| None), None);
    }

    proptest! {
        #[test]
        fn wilson_holds_the_share(count in 0usize..200, more in 0usize..200) {
            let share = Share { count, of: count + more + 1 };
            let (value, interval) = (share.value().unwrap(), share.interval().unwrap());
            prop_assert!(0.0 <= interval.low && interval.low <= value);
            prop_assert!(value <= interval.high && interval.high <= 1.0);
            let tenfold = Share { count: 10 * count, of: 10 * share.of }.interval().unwrap();
            prop_assert!(tenfold.high - tenfold.low < interval.high - interval.low);
        }
    }
}

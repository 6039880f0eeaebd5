//! One figure with its interval.

use druse_validation::metrics::{Interval, Share, bootstrap, bootstrap_around, quantile};
use serde::{Deserialize, Serialize};

/// A figure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Metric {
    /// Name, for instance `sun_mattergen_ordered_0.1`.
    pub name: String,
    /// Value; `None` when nothing could be measured.
    pub value: Option<f64>,
    /// 95 % interval: Wilson's for shares, by bootstrap over structures otherwise. Numbers of distinct
    /// things have none, since drawing with replacement repeats them.
    pub interval: Option<Interval>,
    /// What is counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub numerator: Option<usize>,
    /// Structures that the figure is about.
    pub denominator: usize,
    /// `share`, `count` or a unit.
    pub unit: String,
}

impl Metric {
    /// A share.
    pub fn share(name: impl Into<String>, share: Share) -> Self {
        Self {
            name: name.into(),
            value: share.value(),
            interval: share.interval(),
            numerator: Some(share.count),
            denominator: share.of,
            unit: "share".to_owned(),
        }
    }

    /// A number of things among so many structures.
    pub fn count(name: impl Into<String>, count: usize, of: usize) -> Self {
        Self {
            name: name.into(),
            value: Some(count as f64),
            interval: None,
            numerator: Some(count),
            denominator: of,
            unit: "count".to_owned(),
        }
    }

    /// A number that is given, not measured on the structures.
    pub fn given(name: impl Into<String>, value: Option<f64>, of: usize, unit: &str) -> Self {
        Self {
            name: name.into(),
            value,
            interval: None,
            numerator: None,
            denominator: of,
            unit: unit.to_owned(),
        }
    }

    /// A statistic of items, with the bootstrap's interval; it gets the items drawn.
    pub fn statistic<T: Sync>(
        name: impl Into<String>,
        unit: &str,
        items: &[T],
        seed: u64,
        statistic: impl Fn(&mut dyn Iterator<Item = &T>) -> Option<f64> + Sync,
    ) -> Self {
        Self {
            name: name.into(),
            value: statistic(&mut items.iter()),
            interval: bootstrap(items.len(), seed, |drawn| statistic(&mut drawn.iter().map(|&i| &items[i]))),
            numerator: None,
            denominator: items.len(),
            unit: unit.to_owned(),
        }
    }

    /// A distance of the distribution of items to a reference, which gets the items drawn.
    pub fn distance<T: Sync>(
        name: impl Into<String>,
        unit: &str,
        items: &[T],
        seed: u64,
        distance: impl Fn(&mut dyn Iterator<Item = &T>) -> Option<f64> + Sync,
    ) -> Self {
        let value = distance(&mut items.iter());
        let of_drawn = |drawn: &[usize]| distance(&mut drawn.iter().map(|&i| &items[i]));
        Self {
            name: name.into(),
            value,
            interval: value.and_then(|value| bootstrap_around(value, items.len(), seed, of_drawn)),
            numerator: None,
            denominator: items.len(),
            unit: unit.to_owned(),
        }
    }

    /// A quantile of numbers.
    pub fn quantile(name: impl Into<String>, unit: &str, values: &[f64], seed: u64, share: f64) -> Self {
        Self::statistic(name, unit, values, seed, |drawn| {
            let mut drawn: Vec<f64> = drawn.copied().collect();
            drawn.sort_by(f64::total_cmp);
            quantile(&drawn, share)
        })
    }
}

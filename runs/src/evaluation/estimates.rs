//! What a model says of properties beside labels that it has not seen.
//!
//! Numbers: mean and root mean square error, the mean error of a model that always says the mean, and how often the truth lies within one
//! and two doubts of the value (68 and 95 % where errors are normal and the doubts right). Labels that are all 0 or 1: the area
//! under the ROC curve, the Brier score, the mean probability of those with label 1, and the calibration curve, the share of 1 among
//! those of each tenth of probability.
//!
//! Where 1 means listed and 0 not listed, that mean estimates the share c of listed ones among all that deserve it (Elkan and Noto, KDD 2008,
//! 213), if these were listed at random, whatever they are. Then no calibrated probability of being listed passes c; where the curve
//! shows that listed ones are more frequent than c, the assumption is wrong and p / c means nothing.

use std::collections::BTreeMap;

use druse_validation::metrics::{Share, interval};
use serde_json::{Map, Value, json};

use super::table::Column;
use super::{Evaluation, Metric, SampleSet, Stamp};

/// Name and version.
pub const PROTOCOL: &str = "estimates 1";

/// Bins of the calibration curve.
const BINS: usize = 10;

/// A label and what the model says of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pair {
    /// The label.
    pub truth: f64,
    /// The estimate.
    pub value: f64,
    /// Its doubt.
    pub doubt: f64,
}

/// Estimates of a set: those of each structure by property, `None` where there is no estimate, and why.
pub type Said = Vec<Result<BTreeMap<String, Pair>, String>>;

/// The figures of a set.
pub fn evaluate(set: &SampleSet, said: &Said, properties: &[String], model: &str, seed: u64) -> Evaluation {
    let mut stamp = Stamp::new(PROTOCOL);
    stamp.set("model", model);
    let resamples = interval::RESAMPLES;
    stamp.set(
        "intervals",
        format!("95 %: Wilson of shares, otherwise bootstrap over structures, {resamples} resamples"),
    );
    let mut metrics = Vec::new();
    for name in properties {
        let pairs: Vec<Pair> = said.iter().filter_map(|row| row.as_ref().ok()?.get(name).copied()).collect();
        metrics.extend(if is_chance(&pairs) {
            chances(name, &pairs, seed)
        } else {
            numbers(name, &pairs, seed)
        });
    }
    let row = |(member, said): (&super::sets::Member, &Result<BTreeMap<String, Pair>, String>)| {
        let mut row = Map::from_iter([("id".to_owned(), json!(member.id))]);
        for name in properties {
            let pair = said.as_ref().ok().and_then(|said| said.get(name));
            let values = [
                ("", pair.map(|p| p.truth)),
                ("_estimate", pair.map(|p| p.value)),
                ("_doubt", pair.map(|p| p.doubt)),
            ];
            row.extend(values.map(|(end, value)| (format!("{name}{end}"), json!(value))));
        }
        let reason = said.as_ref().err().map_or(Value::Null, |reason| json!(reason));
        row.insert("failure".to_owned(), reason);
        row
    };
    let failed = said.iter().filter(|said| said.is_err()).count();
    Evaluation {
        name: set.name.clone(),
        set: set.description.clone(),
        stamp,
        seed,
        metrics,
        failures: BTreeMap::from_iter((failed > 0).then(|| ("no estimate".to_owned(), failed))),
        structures: set.members.iter().zip(said).map(row).collect(),
    }
}

/// The columns of the table.
pub fn columns(properties: &[String]) -> Vec<Column> {
    let both = |name: &String| {
        [
            Column::number(&format!("{name} error"), format!("{name}_mae"), 3),
            Column::number(&format!("{name} ROC area"), format!("{name}_roc_area"), 3),
        ]
    };
    properties.iter().flat_map(both).collect()
}

fn is_chance(pairs: &[Pair]) -> bool {
    pairs.iter().all(|pair| pair.truth == 0.0 || pair.truth == 1.0)
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) = values.fold((0.0, 0usize), |(sum, count), x| (sum + x, count + 1));
    (count > 0).then(|| sum / count as f64)
}

fn numbers(name: &str, pairs: &[Pair], seed: u64) -> Vec<Metric> {
    let of = |end: &str| format!("{name}_{end}");
    let middle = mean(pairs.iter().map(|pair| pair.truth)).unwrap_or_default();
    let within = |most: f64| {
        let count = pairs.iter().filter(|pair| (pair.value - pair.truth).abs() <= most * pair.doubt).count();
        Share { count, of: pairs.len() }
    };
    vec![
        Metric::statistic(of("mae"), "", pairs, seed, |drawn| mean(drawn.map(|p| (p.value - p.truth).abs()))),
        Metric::statistic(of("rmse"), "", pairs, seed, |drawn| {
            mean(drawn.map(|p| (p.value - p.truth).powi(2))).map(f64::sqrt)
        }),
        Metric::statistic(of("mae_of_the_mean"), "", pairs, seed, |drawn| {
            mean(drawn.map(|p| (middle - p.truth).abs()))
        }),
        Metric::statistic(of("log10_mae"), "", pairs, seed, |drawn| {
            mean(drawn.filter(|p| p.value > 0.0 && p.truth > 0.0).map(|p| (p.value / p.truth).log10().abs()))
        }),
        Metric::share(of("within_one_doubt"), within(1.0)),
        Metric::share(of("within_two_doubts"), within(2.0)),
    ]
}

fn chances(name: &str, pairs: &[Pair], seed: u64) -> Vec<Metric> {
    let of = |end: &str| format!("{name}_{end}");
    let share = |pairs: &mut dyn Iterator<Item = &Pair>| {
        let (count, of) = pairs.fold((0, 0), |(count, of), p| (count + usize::from(p.truth == 1.0), of + 1));
        Share { count, of }
    };
    let bin = |pair: &Pair| ((pair.value * BINS as f64) as usize).min(BINS - 1);
    let mut metrics = vec![
        Metric::share(of("positive"), share(&mut pairs.iter())),
        Metric::statistic(of("roc_area"), "", pairs, seed, |drawn| {
            roc_area(&drawn.copied().collect::<Vec<_>>())
        }),
        Metric::statistic(of("brier"), "", pairs, seed, |drawn| {
            mean(drawn.map(|p| (p.value - p.truth).powi(2)))
        }),
        Metric::statistic(of("said_of_positive"), "", pairs, seed, |drawn| {
            mean(drawn.filter(|p| p.truth == 1.0).map(|p| p.value))
        }),
    ];
    metrics.extend((0..BINS).map(|k| {
        let [low, high] = [k, k + 1].map(|k| k as f64 / BINS as f64);
        Metric::share(
            of(&format!("said_{low:.1}_to_{high:.1}")),
            share(&mut pairs.iter().filter(|p| bin(p) == k)),
        )
    }));
    metrics
}

/// Probability that of two structures, one of either kind, the one with label 1 is given the greater probability; equal ones count
/// half (Hanley and McNeil, Radiology 143, 29 (1982)). `None` where there is only one kind.
fn roc_area(pairs: &[Pair]) -> Option<f64> {
    let mut sorted: Vec<&Pair> = pairs.iter().collect();
    sorted.sort_by(|a, b| a.value.total_cmp(&b.value));
    let (mut zeros, mut ones, mut below) = (0.0, 0.0, 0.0);
    for equal in sorted.chunk_by(|a, b| a.value == b.value) {
        let one = equal.iter().filter(|pair| pair.truth == 1.0).count() as f64;
        let zero = equal.len() as f64 - one;
        below += one * (zeros + zero / 2.0);
        zeros += zero;
        ones += one;
    }
    (zeros > 0.0 && ones > 0.0).then(|| below / (zeros * ones))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(pairs: &[(f64, f64)]) -> Vec<Pair> {
        pairs.iter().map(|&(truth, value)| Pair { truth, value, doubt: 0.1 }).collect()
    }

    #[test]
    fn the_area_counts_pairs_in_the_right_order() {
        // Of 2 x 3 pairs 4 are right and 1 is a tie.
        let mixed = pairs(&[(1.0, 0.9), (1.0, 0.5), (0.0, 0.5), (0.0, 0.7), (0.0, 0.1)]);
        assert_eq!(roc_area(&mixed), Some(4.5 / 6.0));
        assert_eq!(roc_area(&pairs(&[(1.0, 0.9), (0.0, 0.1)])), Some(1.0));
        assert_eq!(roc_area(&pairs(&[(1.0, 0.9)])), None);
    }

    #[test]
    fn errors_and_curves_are_counted() {
        let found = numbers("gap", &pairs(&[(1.0, 1.05), (3.0, 2.85), (2.0, 2.5)]), 1);
        let value = |end: &str| found.iter().find(|m| m.name == format!("gap_{end}")).unwrap().value.unwrap();
        assert!((value("mae") - 0.7 / 3.0).abs() < 1e-12);
        assert!((value("mae_of_the_mean") - 2.0 / 3.0).abs() < 1e-12);
        assert_eq!((value("within_one_doubt"), value("within_two_doubts")), (1.0 / 3.0, 2.0 / 3.0));
        let found = chances("made", &pairs(&[(1.0, 0.95), (1.0, 1.0), (0.0, 0.92), (0.0, 0.05)]), 1);
        let bin = found.iter().find(|m| m.name == "made_said_0.9_to_1.0").unwrap();
        assert_eq!((bin.numerator, bin.denominator), (Some(2), 3));
        let said = found.iter().find(|m| m.name == "made_said_of_positive").unwrap().value.unwrap();
        assert!((said - 1.95 / 2.0).abs() < 1e-12);
    }
}

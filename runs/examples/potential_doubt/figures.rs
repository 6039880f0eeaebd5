//! What the distance tells of errors.

use std::path::Path;

use druse::generators::breeding::fnv1a;

use super::Failure;
use super::samples::{KINDS, Sample};

/// Upper ends of the bins of the distance.
const BINS: [f64; 8] = [0.5, 0.7, 0.85, 1.0, 1.5, 2.0, 3.0, f64::INFINITY];
/// An error (eV/atom) that spoils a verdict.
const LARGE: f64 = 0.1;
/// Shares of errors that a doubt shall cover.
const COVER: [f64; 2] = [0.68, 0.9];

pub fn write(samples: &[Sample], to: &Path) -> Result<(), Failure> {
    let mut text = String::from("kind,id,formula,energy_above_hull,error,spread,distance,flags\n");
    for s in samples {
        let flags = s.flags.join(" ");
        text += &format!(
            "{},{},{},{:.5},{:.5},{:.5},{:.4},{flags}\n",
            s.kind, s.id, s.formula, s.above_hull, s.error, s.spread, s.distance
        );
    }
    Ok(std::fs::write(to, text)?)
}

pub fn print(samples: &[Sample]) {
    println!(
        "{:9} {:>5} {:>8} {:>8} {:>9} {:>9} {:>6} {:>9}",
        "kind", "n", "median", "90 %", "distance", "rank", "AUC", "flagged"
    );
    for kind in KINDS {
        let of: Vec<&Sample> = samples.iter().filter(|sample| sample.kind == kind).collect();
        line(kind, &of, |sample| sample.distance);
        if kind == KINDS[0] {
            line("  spread", &of, |sample| sample.spread);
        }
    }
    for kinds in [&KINDS[..1], &KINDS[4..], &KINDS[1..4]] {
        let of: Vec<&Sample> = samples.iter().filter(|sample| kinds.contains(&sample.kind)).collect();
        println!("\n{}: |error| (eV/atom) by distance", kinds.join(", "));
        for (bin, end) in BINS.iter().enumerate() {
            let errors = sorted(of.iter().filter(|s| place(s.distance) == bin).map(|s| s.error.abs()));
            let [half, most] = [0.5, 0.9].map(|share| quantile(&errors, share));
            println!("  up to {end:4} {:5} median {half:.3}, 90 % {most:.3}", errors.len());
        }
        coverage(&of);
    }
    let both: Vec<&Sample> = samples.iter().filter(|s| [KINDS[0], KINDS[4]].contains(&s.kind)).collect();
    println!("\n{} and {} together", KINDS[0], KINDS[4]);
    coverage(&both);
}

/// Errors, and what a measure of doubt tells of them.
fn line(name: &str, of: &[&Sample], doubt: impl Fn(&Sample) -> f64) {
    let errors = sorted(of.iter().map(|sample| sample.error.abs()));
    let doubts = sorted(of.iter().map(|sample| doubt(sample)));
    let pairs: Vec<(f64, f64)> = of.iter().map(|sample| (doubt(sample), sample.error.abs())).collect();
    println!(
        "{name:9} {:5} {:8.4} {:8.4} {:9.3} {:9.3} {:6.3} {:9}",
        of.len(),
        quantile(&errors, 0.5),
        quantile(&errors, 0.9),
        quantile(&doubts, 0.5),
        spearman(&pairs),
        area(&pairs),
        of.iter().filter(|sample| !sample.flags.is_empty()).count(),
    );
}

/// Quantiles of errors by bins of the distance, found on one half of the formulas, and how many errors of the other half they cover; with
/// one quantile for all distances beside them.
fn coverage(of: &[&Sample]) {
    let (first, second): (Vec<&Sample>, Vec<&Sample>) =
        of.iter().partition(|sample| fnv1a(sample.formula.as_bytes()).is_multiple_of(2));
    for share in COVER {
        let bound = |bin: Option<usize>| {
            let fits = first.iter().filter(|s| bin.is_none_or(|bin| place(s.distance) == bin));
            conformal(&sorted(fits.map(|s| s.error.abs())), share)
        };
        let bounds: Vec<f64> = (0..BINS.len()).map(|bin| bound(Some(bin))).collect();
        let held = |of: &dyn Fn(&Sample) -> f64| {
            let held = second.iter().filter(|sample| sample.error.abs() <= of(sample)).count();
            100.0 * held as f64 / second.len() as f64
        };
        let written: Vec<String> = bounds.iter().map(|x| format!("{x:.3}")).collect();
        println!(
            "  bounds of {:.0} %: {}; cover {:.1} % of {} others, one bound for all ({:.3}) {:.1} %",
            100.0 * share,
            written.join(" "),
            held(&|sample| bounds[place(sample.distance)]),
            second.len(),
            bound(None),
            held(&|_| bound(None)),
        );
    }
}

fn place(distance: f64) -> usize {
    BINS.iter().position(|end| distance <= *end).unwrap_or(BINS.len() - 1)
}

fn sorted(numbers: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut numbers: Vec<f64> = numbers.collect();
    numbers.sort_by(f64::total_cmp);
    numbers
}

fn quantile(sorted: &[f64], share: f64) -> f64 {
    let last = sorted.len().saturating_sub(1) as f64;
    sorted.get((share * last).round() as usize).copied().unwrap_or(f64::NAN)
}

/// The smallest bound that covers a new error of the same kind with at least this probability: the ⌈(n + 1) share⌉-th of n errors
/// (split conformal prediction: Papadopoulos et al., ECML 2002).
fn conformal(sorted: &[f64], share: f64) -> f64 {
    let place = ((sorted.len() + 1) as f64 * share).ceil() as usize;
    sorted.get(place.saturating_sub(1)).copied().unwrap_or(f64::INFINITY)
}

/// Ranks; equal numbers share the mean of theirs.
fn ranks(numbers: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..numbers.len()).collect();
    order.sort_by(|&a, &b| numbers[a].total_cmp(&numbers[b]));
    let mut ranks = vec![0.0; numbers.len()];
    let mut start = 0;
    for equal in order.chunk_by(|&a, &b| numbers[a] == numbers[b]) {
        let mean = start as f64 + (equal.len() - 1) as f64 / 2.0;
        equal.iter().for_each(|&i| ranks[i] = mean);
        start += equal.len();
    }
    ranks
}

/// Rank correlation.
fn spearman(pairs: &[(f64, f64)]) -> f64 {
    let (x, y): (Vec<f64>, Vec<f64>) = pairs.iter().copied().unzip();
    let (x, y) = (ranks(&x), ranks(&y));
    let mean = (x.len() as f64 - 1.0) / 2.0;
    let sum = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| (a - mean) * (b - mean)).sum::<f64>();
    sum(&x, &y) / (sum(&x, &x) * sum(&y, &y)).sqrt()
}

/// Area under the ROC curve of telling [`LARGE`] errors.
fn area(pairs: &[(f64, f64)]) -> f64 {
    let doubts: Vec<f64> = pairs.iter().map(|pair| pair.0).collect();
    let large: Vec<bool> = pairs.iter().map(|pair| pair.1 > LARGE).collect();
    let count = large.iter().filter(|&&large| large).count() as f64;
    let sum: f64 = ranks(&doubts).iter().zip(&large).filter(|(_, large)| **large).map(|(rank, _)| rank).sum();
    (sum - count * (count - 1.0) / 2.0) / (count * (pairs.len() as f64 - count))
}

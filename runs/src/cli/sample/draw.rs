//! Samples until there are as many as wanted.

use std::collections::{BTreeMap, BTreeSet};

use crate::generators::breeding::Constraints;
use crate::generators::learned::house::Seen;
use crate::generators::learned::{Request, RequestError, Sample, Sampler};

use super::super::Global;
use super::super::failure::Failure;
use super::super::progress::Progress;

/// Attempts for every sample that is wanted, at most.
const PATIENCE: u64 = 10;

/// Samples by number, `None` for those that came to nothing.
type Attempts<S> = Result<Vec<Option<S>>, RequestError>;

/// What samples are drawn from, crystals or ligands.
pub struct Source<'a, S> {
    /// What they are called.
    pub what: &'static str,
    /// Samples that are computed together.
    pub batch: usize,
    /// Samples with these numbers.
    pub sample: &'a dyn Fn(&[u64]) -> Attempts<S>,
    /// How a sample violates the hard constraints, found anew from it alone.
    pub violation: &'a dyn Fn(&S) -> Option<String>,
    /// As [`Subject::composition_key`](crate::generators::learned::Subject::composition_key).
    pub composition_key: &'a dyn Fn(&S) -> String,
    /// What to leave out; with it, samples of equal keys are left out as well.
    pub seen: Option<&'a Seen>,
}

/// What became of all attempts.
pub struct Drawn<S> {
    /// Samples with their numbers.
    pub samples: Vec<(u64, S)>,
    pub attempts: u64,
    pub nothing: u64,
    /// Left out because the model was trained on them.
    pub seen: u64,
    /// Left out because their key is that of an earlier sample.
    pub repeated: u64,
    /// Samples outside of the hard constraints, by reason; none of them is among the samples.
    pub violations: BTreeMap<String, usize>,
}

impl<S> Drawn<S> {
    pub fn violations(&self) -> usize {
        self.violations.values().sum()
    }

    /// The fate of all attempts in words.
    pub fn words(&self) -> String {
        let reasons = self.violations.iter().map(|(reason, n)| format!("{reason}: {n}"));
        format!(
            "{} attempts, {} came to nothing{}; {} violated hard constraints{}{}",
            self.attempts,
            self.nothing,
            match [self.seen, self.repeated] {
                [0, 0] => String::new(),
                [seen, repeated] => format!(", {seen} were of the training data, {repeated} repeated"),
            },
            self.violations(),
            if self.violations.is_empty() { "" } else { " and are left out: " },
            reasons.collect::<Vec<_>>().join("; ")
        )
    }
}

/// Draws samples by number until there are as many as wanted; gives up where most attempts come to nothing.
pub fn draw<S>(source: &Source<'_, S>, wanted: usize, global: &Global) -> Result<Drawn<S>, Failure> {
    let batch = source.batch.max(1) as u64;
    let chunk = batch * rayon::current_num_threads().max(1) as u64;
    // Whole batches, so that no number is computed twice.
    let most = (PATIENCE * wanted as u64 + 64).next_multiple_of(batch);
    let mut drawn = Drawn {
        samples: Vec::new(),
        attempts: 0,
        nothing: 0,
        seen: 0,
        repeated: 0,
        violations: BTreeMap::new(),
    };
    let mut keys: BTreeSet<String> = BTreeSet::new();
    let progress = Progress::start(global, source.what, wanted);
    let mut first = 0;
    while drawn.samples.len() < wanted && first < most {
        let numbers: Vec<u64> = (first..(first + chunk).min(most)).collect();
        for (&number, sample) in numbers.iter().zip((source.sample)(&numbers)?) {
            if drawn.samples.len() == wanted {
                break;
            }
            drawn.attempts += 1;
            let Some(sample) = sample else {
                drawn.nothing += 1;
                continue;
            };
            let key = source.seen.map(|_| (source.composition_key)(&sample));
            if let Some((seen, key)) = source.seen.zip(key.as_ref()) {
                let [known, repeated] = [seen.contains(key), keys.contains(key)];
                drawn.seen += u64::from(known);
                drawn.repeated += u64::from(repeated);
                if known || repeated {
                    continue;
                }
            }
            match (source.violation)(&sample) {
                Some(reason) => *drawn.violations.entry(reason).or_default() += 1,
                None => {
                    keys.extend(key);
                    drawn.samples.push((number, sample));
                    progress.step();
                }
            }
        }
        first += chunk;
    }
    progress.finish();
    Ok(drawn)
}

/// Draws crystals.
pub fn crystals(
    sampler: &dyn Sampler,
    request: &Request,
    seed: u64,
    seen: Option<&Seen>,
    wanted: usize,
    global: &Global,
) -> Result<Drawn<Sample>, Failure> {
    let source = Source {
        what: "crystals",
        batch: sampler.batch(),
        sample: &|numbers| sampler.sample(request, seed, numbers),
        violation: &|sample| violation(request, sample),
        composition_key: &|sample: &Sample| sample.crystal.composition().reduced_formula(),
        seen,
    };
    draw(&source, wanted, global)
}

/// What a sample violates, found anew from the crystal alone.
pub fn violation(request: &Request, sample: &Sample) -> Option<String> {
    if let Err(reason) = request.space.check_design(&sample.crystal) {
        return Some(reason);
    }
    let composition = sample.crystal.composition();
    let formula = request.formula.as_ref()?;
    let same = formula.elements().count() == composition.elements().count()
        && formula.iter().all(|(element, amount)| (composition.amount(element) - amount).abs() < 1e-6);
    (!same).then(|| format!("the formula is {}", composition.reduced_formula()))
}

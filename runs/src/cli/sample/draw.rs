//! Samples until there are as many as wanted.

use std::collections::BTreeMap;

use crate::generators::breeding::Constraints;
use crate::generators::learned::{Request, Sample, Sampler};

use super::super::Global;
use super::super::failure::Failure;
use super::super::progress::Progress;

/// What became of all attempts.
pub struct Drawn {
    /// Samples with their numbers.
    pub samples: Vec<(u64, Sample)>,
    pub attempts: u64,
    pub nothing: u64,
    /// Samples outside of the hard constraints, by reason; none of them is among the samples.
    pub violations: BTreeMap<String, usize>,
}

/// Draws samples by number until there are as many as wanted; gives up where most attempts come to nothing.
pub fn draw(
    sampler: &dyn Sampler,
    request: &Request,
    seed: u64,
    wanted: usize,
    global: &Global,
) -> Result<Drawn, Failure> {
    let batch = sampler.batch().max(1) as u64;
    let chunk = batch * rayon::current_num_threads().max(1) as u64;
    // Whole batches, so that no number is computed twice.
    let most = (4 * wanted as u64 + 64).next_multiple_of(batch);
    let mut drawn = Drawn { samples: Vec::new(), attempts: 0, nothing: 0, violations: BTreeMap::new() };
    let progress = Progress::start(global, "crystals", wanted);
    let mut first = 0;
    while drawn.samples.len() < wanted && first < most {
        let numbers: Vec<u64> = (first..(first + chunk).min(most)).collect();
        for (&number, sample) in numbers.iter().zip(sampler.sample(request, seed, &numbers)?) {
            if drawn.samples.len() == wanted {
                break;
            }
            drawn.attempts += 1;
            let Some(sample) = sample else {
                drawn.nothing += 1;
                continue;
            };
            match violation(request, &sample) {
                Some(reason) => *drawn.violations.entry(reason).or_default() += 1,
                None => {
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

//! A trained model as a generator of campaigns.

use druse_representations::symmetry::SymmetryRepresentation;
use druse_representations::{Crystal, Representation};
use serde::Deserialize;
use serde_json::{Value, json};

use super::house::{Seen, Tunable};
use super::replay::Replay;
use super::{Request, RequestError, Sample, Sampler, crystal_key};
use crate::breeding::{Constraints, Ledger};
use crate::crystals::building::key;
use crate::generator::{Evaluated, Generator, GeneratorError, Lineage, Proposal};

/// Samples without a new crystal among them after which a model counts as used up.
const PATIENCE: usize = 256;
/// Tolerance (Å) with which samples are told apart, as for all generators of crystals.
const SYMPREC: f64 = 0.01;
/// Operator in lineages.
const OPERATOR: &str = "sample";

/// Proposes what a trained model samples. Samples that came to nothing, that repeat an earlier one or
/// that break a hard constraint, which none should, are left out and counted.
///
/// It counts samples by itself, in whole batches of the model: a sample depends on the seed of the
/// campaign, its number and the weights alone, so that a campaign which goes on after an interruption
/// samples the same again.
///
/// With something to tune it learns on from what survives, whoever proposed it: before each new batch a few small
/// weights move a little towards the best crystals so far (see [`Tunable`]).
pub struct LearnedGenerator {
    name: String,
    seed: u64,
    sampler: Box<dyn Sampler>,
    request: Request,
    ledger: Ledger,
    progress: Progress,
    /// Samples with the numbers from `progress.from` on, or none when they have to be computed again.
    samples: Vec<Option<Sample>>,
    tuning: Option<Tuning>,
    /// Samples of which one is proposed.
    best_of: usize,
    /// What is left out.
    seen: Seen,
}

/// What a model learns on from.
struct Tuning {
    tunable: Box<dyn Tunable>,
    memory: Memory,
}

/// Numbers of samples and what became of them.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, Deserialize)]
struct Progress {
    /// First sample of those that are computed together.
    from: u64,
    /// Behind the last of them.
    to: u64,
    /// The next to be proposed.
    next: u64,
    /// Attempts that came to nothing.
    nothing: u64,
    /// Samples that repeat an earlier one.
    repeats: u64,
    /// Samples of what the model was trained on, where those are left out.
    #[serde(default)]
    seen: u64,
}

/// The state of tuning beside the weights.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, Deserialize)]
struct Memory {
    replay: Replay,
    /// Whether there is something new to learn from.
    due: bool,
    /// Tunings so far.
    rounds: u64,
}

#[derive(Deserialize)]
struct Saved {
    progress: Progress,
    ledger: Ledger,
    #[serde(default)]
    memory: Option<Memory>,
    /// Hexadecimal digits, four for each weight.
    #[serde(default)]
    moved: Option<String>,
}

impl LearnedGenerator {
    /// A generator of this name that samples a model; with `tunable`, which moves the weights of this very
    /// model, it learns on.
    ///
    /// # Errors
    /// When the model cannot do what is requested.
    pub fn new(
        name: impl Into<String>,
        seed: u64,
        sampler: Box<dyn Sampler>,
        tunable: Option<Box<dyn Tunable>>,
        request: Request,
    ) -> Result<Self, RequestError> {
        request.space.check()?;
        sampler.check(&request)?;
        let tuning = tunable.map(|tunable| Tuning { tunable, memory: Memory::default() });
        Ok(Self {
            name: name.into(),
            seed,
            sampler,
            request,
            ledger: Ledger::default(),
            progress: Progress::default(),
            samples: Vec::new(),
            tuning,
            best_of: 1,
            seen: Seen::default(),
        })
    }

    /// Proposes of every so many samples in a row the one that the model itself takes to be best
    /// ([`Sample::badness`]): where evaluation costs more than sampling, it pays to sample more.
    pub fn best_of(mut self, samples: usize) -> Self {
        self.best_of = samples.max(1);
        self
    }

    /// Leaves out samples of a formula that was seen, such as in the training of the model ([`ModelFile::seen`]).
    ///
    /// [`ModelFile::seen`]: super::house::ModelFile::seen
    pub fn without(mut self, seen: Seen) -> Self {
        self.seen = seen;
        self
    }

    /// Samples that broke a hard constraint and were held back; 0 unless there is a mistake.
    pub fn violations(&self) -> u64 {
        self.ledger.violations
    }

    /// Samples so far: all, those that came to nothing, those that repeated an earlier one, and those of what is
    /// left out.
    pub fn counts(&self) -> [u64; 4] {
        [self.progress.next, self.progress.nothing, self.progress.repeats, self.progress.seen]
    }

    fn failed(&self, reason: impl ToString) -> GeneratorError {
        GeneratorError::Failed { generator: self.name.clone(), reason: reason.to_string() }
    }

    fn bad_state(&self, reason: impl ToString) -> GeneratorError {
        GeneratorError::BadState { generator: self.name.clone(), reason: reason.to_string() }
    }

    /// Goes on to the next batches, as many as `wanted` samples need. Only here the weights move: all samples of a
    /// batch are of the same weights, also when they have to be computed again.
    fn advance(&mut self, wanted: usize) {
        if let Some(Tuning { tunable, memory }) = &mut self.tuning
            && std::mem::take(&mut memory.due)
        {
            let crystals = memory.replay.crystals();
            if !crystals.is_empty() {
                tunable.tune(&crystals, &self.request.targets, self.seed, memory.rounds);
                memory.rounds += 1;
            }
        }
        let batch = self.sampler.batch().max(1);
        self.samples.clear();
        self.progress.from = self.progress.to;
        self.progress.to += (wanted.div_ceil(batch).max(1) * batch) as u64;
    }

    /// The next sample, `None` for one that came to nothing or is left out; `wanted` are wanted in all.
    fn sample(&mut self, wanted: usize) -> Result<Option<Sample>, GeneratorError> {
        if self.progress.next == self.progress.to {
            self.advance(wanted);
        }
        let Progress { from, to, next, .. } = self.progress;
        if self.samples.len() as u64 != to - from {
            let numbers: Vec<u64> = (from..to).collect();
            self.samples = self
                .sampler
                .sample(&self.request, self.seed, &numbers)
                .map_err(|error| self.failed(error))?;
            if self.samples.len() != numbers.len() {
                let found = self.samples.len();
                return Err(self.failed(format!("the model gave {found} of {} samples", numbers.len())));
            }
        }
        self.progress.next += 1;
        let sample = self.samples[(next - from) as usize].take();
        self.progress.nothing += u64::from(sample.is_none());
        let seen = |sample: &Sample| self.seen.contains(&crystal_key(&sample.crystal));
        if !self.seen.is_empty() && sample.as_ref().is_some_and(seen) {
            self.progress.seen += 1;
            return Ok(None);
        }
        Ok(sample)
    }

    /// The best of the next samples, the first of equals; those without a badness come last.
    fn best(&mut self, wanted: usize) -> Result<Option<Sample>, GeneratorError> {
        let mut best: Option<Sample> = None;
        let badness = |sample: &Sample| sample.badness().unwrap_or(f64::INFINITY);
        for behind in (0..self.best_of).rev() {
            let Some(sample) = self.sample(wanted.saturating_sub(1) * self.best_of + behind + 1)? else {
                continue;
            };
            if best.as_ref().is_none_or(|best| badness(&sample) < badness(best)) {
                best = Some(sample);
            }
        }
        Ok(best)
    }

    /// A sample that may be proposed.
    fn admit(&mut self, sample: Option<Sample>) -> Option<Crystal> {
        let Sample { crystal, .. } = sample?;
        if self.request.space.check_design(&crystal).is_err() {
            self.ledger.violations += 1;
            return None;
        }
        let code = SymmetryRepresentation::new(SYMPREC).encode(&crystal).ok();
        let Some(key) = code.and_then(|code| key(&code)).filter(|&key| !self.ledger.has(key)) else {
            self.progress.repeats += 1;
            return None;
        };
        self.ledger.insert(key);
        Some(crystal)
    }
}

impl Generator<Crystal> for LearnedGenerator {
    fn name(&self) -> &str {
        &self.name
    }

    fn propose(&mut self, first: u64, n: usize) -> Result<Vec<Proposal<Crystal>>, GeneratorError> {
        let mut proposals = Vec::with_capacity(n);
        let mut idle = 0;
        while proposals.len() < n && idle < PATIENCE {
            let sample = self.best(n - proposals.len())?;
            let Some(design) = self.admit(sample) else {
                idle += 1;
                continue;
            };
            idle = 0;
            let number = first + proposals.len() as u64;
            let lineage = Lineage::new(self.name.clone(), OPERATOR, Vec::new());
            proposals.push(Proposal { number, design, lineage });
        }
        if proposals.is_empty() && n > 0 {
            let Progress { next, nothing, repeats, seen, .. } = self.progress;
            let reason = format!(
                "{PATIENCE} samples gave nothing new; of {next} in all {nothing} came to nothing, {repeats} were \
                 repeated, {seen} of the training data and {} outside of the constraints",
                self.ledger.violations
            );
            return Err(GeneratorError::Impossible { generator: self.name.clone(), reason });
        }
        Ok(proposals)
    }

    fn learn(&mut self, evaluated: &[Evaluated<Crystal>]) {
        if let Some(Tuning { memory, .. }) = &mut self.tuning {
            memory.due |= memory.replay.learn(evaluated);
        }
    }

    fn state(&self) -> Value {
        let mut state =
            json!({ "progress": self.progress, "ledger": { "violations": self.ledger.violations } });
        if let Some(Tuning { tunable, memory }) = &self.tuning {
            let digits: String = tunable.moved().iter().map(|half| format!("{half:04x}")).collect();
            state["memory"] = json!(memory);
            state["moved"] = json!(digits);
        }
        state
    }

    fn restore(&mut self, state: &Value) -> Result<(), GeneratorError> {
        let saved = Saved::deserialize(state).map_err(|error| self.bad_state(error))?;
        let Progress { from, to, next, .. } = saved.progress;
        let batch = self.sampler.batch().max(1) as u64;
        if !(from <= next && next <= to && from % batch == 0 && to % batch == 0) {
            return Err(self.bad_state("its count of samples contradicts itself"));
        }
        match (&mut self.tuning, saved.memory, saved.moved) {
            (None, None, None) => {}
            (Some(tuning), Some(memory), Some(digits)) => {
                let halves: Option<Vec<u16>> = (0..digits.len() / 4)
                    .map(|i| digits.get(4 * i..4 * i + 4).and_then(|four| u16::from_str_radix(four, 16).ok()))
                    .collect();
                let halves = halves.filter(|_| digits.len().is_multiple_of(4) && memory.replay.is_sound());
                let moved = halves.ok_or_else(|| "its weights or crystals are none".to_owned());
                if let Err(reason) = moved.and_then(|moved| tuning.tunable.set_moved(&moved)) {
                    return Err(self.bad_state(reason));
                }
                tuning.memory = memory;
            }
            _ => return Err(self.bad_state("it was saved with another setting of fine_tune")),
        }
        self.progress = saved.progress;
        self.samples.clear();
        self.ledger = saved.ledger;
        self.ledger.hand_over();
        Ok(())
    }

    fn journal(&mut self) -> Vec<Value> {
        let keys = self.ledger.take_fresh();
        if keys.is_empty() { Vec::new() } else { vec![json!({ "seen": keys })] }
    }

    fn replay(&mut self, entry: &Value) -> Result<(), GeneratorError> {
        let keys = entry.get("seen").and_then(|keys| Vec::<u64>::deserialize(keys).ok());
        let keys = keys.ok_or_else(|| self.bad_state("not its journal"))?;
        self.ledger.recall(keys);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicI64, Ordering};

    use druse_representations::Lattice;
    use druse_representations::io::Record;
    use rand::RngExt;
    use serde_json::Map;

    use super::*;
    use crate::conformance::check_generator;
    use crate::crystals::DesignSpace;
    use crate::learned::Target;
    use crate::stream::stream;

    /// Samples cells of one atom whose shortest edge is drawn above `centre`, now and then nothing or something
    /// forbidden.
    struct Cells {
        centre: Arc<AtomicI64>,
        calls: Arc<AtomicI64>,
    }

    /// Moves the centre, in thousandths of an Å.
    struct Centre(Arc<AtomicI64>);

    impl Tunable for Centre {
        fn moved(&self) -> Vec<u16> {
            vec![self.0.load(Ordering::SeqCst) as u16]
        }
        fn set_moved(&mut self, moved: &[u16]) -> Result<(), String> {
            let [moved] = moved else { return Err("expected one number".to_owned()) };
            self.0.store(i64::from(*moved), Ordering::SeqCst);
            Ok(())
        }
        fn tune(&mut self, crystals: &[(Crystal, f64)], _: &[Target], _: u64, round: u64) -> Option<f64> {
            let edge = |crystal: &Crystal| crystal.lattice.lengths()[0];
            let mean = crystals.iter().map(|(c, _)| edge(c)).sum::<f64>() / crystals.len() as f64;
            let centre = self.0.load(Ordering::SeqCst);
            self.0.store(centre + ((1000.0 * mean) as i64 - centre) / 4 + round as i64, Ordering::SeqCst);
            Some(mean)
        }
    }

    impl Sampler for Cells {
        fn kind(&self) -> &'static str {
            "cells"
        }
        fn check(&self, _: &Request) -> Result<(), RequestError> {
            Ok(())
        }
        fn sample(
            &self,
            _: &Request,
            seed: u64,
            numbers: &[u64],
        ) -> Result<Vec<Option<Sample>>, RequestError> {
            self.calls.fetch_add(1, Ordering::SeqCst);
            let centre = self.centre.load(Ordering::SeqCst) as f64 / 1000.0;
            let one = |&number: &u64| {
                let mut rng = stream(seed, number);
                let symbol = match number % 11 {
                    3 => return None,
                    4 => "Xe",
                    n => ["Po", "Na", "Cl", "Fe", "Si"][n as usize % 5],
                };
                let edge = centre + rng.random::<f64>();
                let mut longer = || edge * (1.0 + rng.random::<f64>());
                let lattice = Lattice::from_parameters([edge, longer(), longer(), 90.0, 90.0, 90.0]).unwrap();
                let crystal = Crystal::ordered(lattice, [(symbol.parse().unwrap(), [0.0; 3])]);
                Some(Sample { log_likelihood: Some(-edge), crystal, predicted: Default::default() })
            };
            Ok(numbers.iter().map(one).collect())
        }
        fn batch(&self) -> usize {
            8
        }
    }

    fn space() -> DesignSpace {
        let mut space =
            DesignSpace::new(["Po", "Na", "Cl", "Fe", "Si"].map(|symbol| symbol.parse().unwrap()));
        space.element_count = [1, 2];
        space.charge = None;
        space
    }

    fn generator(tuned: bool) -> (LearnedGenerator, Arc<AtomicI64>) {
        let centre = Arc::new(AtomicI64::new(3000));
        let calls = Arc::new(AtomicI64::new(0));
        let sampler = Box::new(Cells { centre: Arc::clone(&centre), calls: Arc::clone(&calls) });
        let tunable = tuned.then(|| Box::new(Centre(centre)) as Box<dyn Tunable>);
        let generator = LearnedGenerator::new("cells", 7, sampler, tunable, Request::new(space())).unwrap();
        (generator, calls)
    }

    fn costs(crystal: &Crystal) -> Vec<f64> {
        let [a, _, c] = crystal.lattice.lengths();
        vec![c / a, -c]
    }

    #[test]
    fn it_is_a_generator_like_any_other() {
        for tuned in [false, true] {
            check_generator(&mut generator(tuned).0, &space(), &costs).unwrap();
        }
    }

    #[test]
    fn what_may_not_be_proposed_is_counted() {
        let (mut generator, calls) = generator(false);
        let proposals = generator.propose(5, 30).unwrap();
        assert!(proposals.iter().map(|proposal| proposal.number).eq(5..35));
        let [samples, nothing, repeats, seen] = generator.counts();
        assert_eq!((samples, seen), (30 + nothing + repeats + generator.violations(), 0));
        assert!(nothing >= 2 && generator.violations() >= 2, "{nothing}, {}", generator.violations());
        assert!(calls.load(Ordering::SeqCst) <= 4);
    }

    #[test]
    fn what_was_seen_is_left_out() {
        let mut generator = generator(false).0;
        let salts = generator.propose(0, 20).unwrap();
        let record = |symbol: &str| {
            let crystal =
                salts.iter().map(|p| &p.design).find(|c| c.composition().reduced_formula() == symbol);
            Record {
                id: String::new(),
                crystal: crystal.unwrap().clone(),
                properties: Map::new(),
                source: String::new(),
            }
        };
        let mut left = self::generator(false).0.without(Seen::of(&[record("Na"), record("Fe")]));
        let proposals = left.propose(0, 20).unwrap();
        let formulas: Vec<String> =
            proposals.iter().map(|p| p.design.composition().reduced_formula()).collect();
        assert!(!formulas.iter().any(|formula| formula == "Na" || formula == "Fe"), "{formulas:?}");
        assert!(left.counts()[3] > 4, "{:?}", left.counts());
        check_generator(&mut left, &space(), &costs).unwrap();
    }

    #[test]
    fn the_best_of_some_is_proposed() {
        let edges = |best_of: usize| -> Vec<f64> {
            let mut generator = generator(false).0.best_of(best_of);
            let proposals = generator.propose(0, 12).unwrap();
            assert!(generator.counts()[0] >= 12 * best_of as u64);
            proposals.iter().map(|proposal| proposal.design.lattice.lengths()[0]).collect()
        };
        // The likelihood of the cells falls with their edge.
        let (all, best) = (edges(1), edges(4));
        assert!(best.iter().sum::<f64>() < all.iter().sum::<f64>() - 12.0 * 0.15, "{all:?} {best:?}");
        let mut tuned = generator(true).0.best_of(3);
        check_generator(&mut tuned, &space(), &costs).unwrap();
    }

    #[test]
    fn tuning_follows_what_survives_and_its_state_stays_small() {
        let (mut tuned, _) = generator(true);
        let (mut plain, _) = generator(false);
        let learn = |generator: &mut LearnedGenerator, first: u64| -> f64 {
            let proposals = generator.propose(first, 20).unwrap();
            let edges: f64 = proposals.iter().map(|p| p.design.lattice.lengths()[0]).sum();
            let evaluated: Vec<Evaluated<Crystal>> = proposals
                .into_iter()
                .map(|p| {
                    let costs = Some(vec![-p.design.lattice.lengths()[0]]);
                    Evaluated { number: p.number, design: p.design, costs, violation: 0.0 }
                })
                .collect();
            generator.learn(&evaluated);
            edges / 20.0
        };
        let edges = |generator: &mut LearnedGenerator| -> Vec<f64> {
            (0..10).map(|batch| learn(generator, 20 * batch)).collect()
        };
        let (with, without) = (edges(&mut tuned), edges(&mut plain));
        assert_eq!(with[0], without[0], "the first generation is that of the model");
        assert!(with[9] > without[9] + 0.2, "{with:?} {without:?}");
        assert!(tuned.state().to_string().len() < 20_000, "{}", tuned.state().to_string().len());
        // States of the other setting are refused.
        assert!(tuned.restore(&plain.state()).is_err() && plain.restore(&tuned.state()).is_err());
    }
}

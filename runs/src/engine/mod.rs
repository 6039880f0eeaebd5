//! The campaign loop: ask the generator, evaluate, record, tell the generator.
//!
//! One step is: propose candidates and record them at birth, let an [`Executor`] take them through
//! the funnel in batches side by side, tell duplicates apart in order of number, let the generator
//! learn, and record all of it in one transaction. Batches are formed by candidate number, so the
//! result does not depend on the number of threads or machines, and a campaign that was stopped
//! anywhere continues from its last recorded step to the same end.

mod budget;
mod evaluation;
mod executor;
mod filter;
mod front;
mod measured;
mod observer;
mod pipeline;
mod task;

use std::collections::BTreeMap;
use std::panic::resume_unwind;
use std::sync::{Mutex, PoisonError, mpsc};
use std::thread;
use std::time::Instant;

use druse_generators::{Evaluated, GeneratorError};
use druse_representations::Design;

use crate::cache::{CacheError, Keys, Recall, gather};
use crate::ledger::Meter;
use crate::store::{CandidateRow, Status, StepRow, Store, StoreError};

pub use budget::{Budgets, End};
pub(crate) use evaluation::cost_name;
pub(crate) use evaluation::words;
pub use evaluation::{Evaluate, Evaluation};
pub use executor::{Executor, ExecutorError, Local, in_batches};
pub use filter::{Filter, Funnel, Stage, StageKind};
pub(crate) use front::Undominated;
pub use front::{Front, HypervolumeBox, ObjectiveInfo, pareto_front};
pub use observer::{Event, Observer, Silent};
pub use pipeline::{Limit, Pipeline, Settings};
pub use task::{Finding, Outcome, Task, TierResult};

use front::Archive;
pub(crate) use measured::Measurements;

/// Why a campaign stopped before its end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// The store cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The generator cannot go on.
    #[error(transparent)]
    Generator(#[from] GeneratorError),
    /// The file of shared evaluations cannot be used.
    #[error(transparent)]
    Cache(#[from] CacheError),
    /// The candidates cannot be evaluated.
    #[error(transparent)]
    Executor(#[from] ExecutorError),
    /// A design cannot be written as JSON: a bug in the domain's type.
    #[error("cannot store candidate {number} (please report this): {source}")]
    Unstorable {
        /// Candidate number.
        number: u64,
        /// Reason.
        source: serde_json::Error,
    },
}

/// Runs the campaign in `store` from wherever it stands to its end.
///
/// # Errors
/// When the store, the generator or the executor fails; what was recorded stays and can be resumed.
pub fn run<D: Design>(
    pipeline: &mut Pipeline<D>,
    store: &mut Store,
    executor: &mut dyn Executor,
    observer: &dyn Observer,
) -> Result<(), EngineError> {
    if let Some(holder) = store.left_by() {
        observer.notice(&Event::TakenOver { holder });
    }
    let values = measured::take(pipeline, store)?;
    if values > 0 {
        observer.notice(&Event::Measured { values });
    }
    let mut progress = Progress::restore(pipeline, store)?;
    let budget = pipeline.settings.budget.saturating_add(progress.more);
    observer.notice(&Event::Started { evaluated: progress.evaluated, budget });
    executor.recorded(progress.pending.first().map_or(progress.proposed, |candidate| candidate.row.number));
    loop {
        let steps = progress.steps.len() as u64;
        if progress.pending.is_empty() && pipeline.settings.pause.is_some_and(|pause| steps >= pause) {
            return Ok(());
        }
        if progress.pending.is_empty()
            && let Some(end) = progress.propose(pipeline, store)?
        {
            return Ok(set_end(store, end)?);
        }
        progress.step(pipeline, store, executor, observer)?;
        executor.recorded(progress.proposed);
    }
}

/// Key of the store under which the reason for the end stands.
const END: &str = "end";
/// Key of the store for the number of candidates beyond the campaign's budget.
const MORE: &str = "more";
/// Key of the store for when that number was set, and to what.
const EXTENSIONS: &str = "extensions";

/// How many candidates beyond its budget the campaign in `store` may evaluate.
///
/// # Errors
/// When the store cannot be read.
pub fn more(store: &Store) -> Result<u64, StoreError> {
    Ok(store.meta(MORE)?.and_then(|text| text.parse().ok()).unwrap_or(0))
}

/// Lets the campaign in `store` evaluate so many candidates beyond its budget.
///
/// # Errors
/// When the store cannot be written.
pub fn set_more(store: &Store, more: u64) -> Result<(), StoreError> {
    let mut all = extensions(store)?;
    all.push((store.steps()?.len() as u64, more));
    // Plain numbers: serialising them cannot fail.
    store.set_meta(EXTENSIONS, &serde_json::to_string(&all).unwrap_or_default())?;
    store.set_meta(MORE, &more.to_string())?;
    store.remove_meta(END)
}

/// When the campaign in `store` was allowed candidates beyond its budget: the number of steps that were done,
/// and how many candidates; in order. Empty for a store whose druse did not write it down.
///
/// # Errors
/// When the store cannot be read.
pub fn extensions(store: &Store) -> Result<Vec<(u64, u64)>, StoreError> {
    let damaged = |source| StoreError::Damaged { what: "list of extensions".to_owned(), source };
    let text = store.meta(EXTENSIONS)?.unwrap_or_else(|| "[]".to_owned());
    serde_json::from_str(&text).map_err(damaged)
}

/// Why the campaign in `store` is at its end; `None` while it is not.
///
/// # Errors
/// When the store cannot be read.
pub fn end(store: &Store) -> Result<Option<End>, StoreError> {
    let damaged = |source| StoreError::Damaged { what: "reason for the end".to_owned(), source };
    store.meta(END)?.map(|text| serde_json::from_str(&text).map_err(damaged)).transpose()
}

/// Writes down why the campaign in `store` is at its end.
///
/// # Errors
/// When the store cannot be written.
pub(crate) fn set_end(store: &Store, end: End) -> Result<(), StoreError> {
    // A plain word: serialising it cannot fail.
    store.set_meta(END, &serde_json::to_string(&end).unwrap_or_default())
}

/// A candidate that is not evaluated yet, or just was.
struct Candidate<D> {
    row: CandidateRow,
    design: D,
}

/// Where a campaign stands; all of it follows from the store.
struct Progress<D> {
    steps: Vec<StepRow>,
    proposed: u64,
    evaluated: u64,
    /// Candidates that were taken through the funnel, whatever became of them.
    taken: u64,
    /// Candidates beyond the budget.
    more: u64,
    pending: Vec<Candidate<D>>,
    archive: Archive,
    meter: Meter,
    keys: Keys,
}

impl<D: Design> Progress<D> {
    fn restore(pipeline: &mut Pipeline<D>, store: &Store) -> Result<Self, EngineError> {
        restore_generator(pipeline, store)?;
        let mut progress = Self {
            steps: store.steps()?,
            proposed: 0,
            evaluated: 0,
            taken: 0,
            more: more(store)?,
            pending: Vec::new(),
            archive: Archive::restore(store.meta(front::REFERENCE_POINT)?.as_deref()),
            meter: Meter::start(),
            keys: Keys::of(&pipeline.evaluation),
        };
        let measurements = Measurements::taken(store)?;
        store.for_each_candidate(|mut row| -> Result<(), EngineError> {
            measurements.put_into(&mut row, &pipeline.objective_names(), &pipeline.evaluation.limits);
            progress.proposed += 1;
            progress.taken += u64::from(was_taken(&row));
            match row.status {
                Status::Proposed => {
                    let design = row.design()?;
                    progress.pending.push(Candidate { row, design });
                }
                Status::Evaluated => {
                    pipeline.duplicates.insert(row.number, &row.design()?);
                    progress.evaluated += 1;
                    progress.archive.insert(costs(pipeline, &row), row.violation.unwrap_or(0.0));
                }
                _ => {}
            }
            Ok(())
        })?;
        Ok(progress)
    }

    /// Asks for the candidates of the next step and records them, or tells why there are none.
    fn propose(&mut self, pipeline: &mut Pipeline<D>, store: &mut Store) -> Result<Option<End>, EngineError> {
        /// Smaller steps than this would leave cores idle near the end of the budget.
        const SMALLEST_STEP: u64 = 8;
        let settings = pipeline.settings;
        let budget = settings.budget.saturating_add(self.more);
        if self.evaluated >= budget {
            return Ok(Some(End::Evaluations));
        }
        let for_each = settings.max_proposals / settings.budget.max(1);
        if self.proposed >= settings.max_proposals.saturating_add(self.more.saturating_mul(for_each)) {
            return Ok(Some(End::Proposals));
        }
        let left = settings.budgets.evaluations.map_or(u64::MAX, |most| most.saturating_sub(self.taken));
        if left == 0 {
            return Ok(Some(End::MostEvaluations));
        }
        if let Some(end) = settings.budgets.ended(&self.steps) {
            return Ok(Some(end));
        }
        let wanted = (budget - self.evaluated).max(SMALLEST_STEP).min(settings.population as u64).min(left);
        let proposals = match pipeline.generator.propose(self.proposed, wanted as usize) {
            Ok(proposals) => proposals,
            // A space that is used up ends the campaign; one that never gave a design is an error.
            Err(GeneratorError::Impossible { .. }) if self.proposed > 0 => return Ok(Some(End::Space)),
            Err(error) => return Err(error.into()),
        };
        for proposal in proposals {
            let json = to_json(proposal.number, &proposal.design)?;
            let row = CandidateRow {
                number: proposal.number,
                step: self.steps.len() as u64,
                content_id: proposal.design.content_id(),
                status: Status::Proposed,
                reason: None,
                stage: None,
                audited: Vec::new(),
                violation: None,
                lineage: proposal.lineage,
                novelty: None,
                proposed: json,
                design: None,
                properties: Default::default(),
                objectives: Default::default(),
                measured: Default::default(),
                costs: Vec::new(),
            };
            self.pending.push(Candidate { row, design: proposal.design });
        }
        self.proposed += self.pending.len() as u64;
        let rows: Vec<CandidateRow> = self.pending.iter().map(|t| t.row.clone()).collect();
        let journal = pipeline.generator.journal();
        store.record_proposals(&rows, &pipeline.generator.state(), &journal)?;
        Ok(self.pending.is_empty().then_some(End::Space))
    }

    /// Evaluates the pending candidates and records what became of them.
    fn step(
        &mut self,
        pipeline: &mut Pipeline<D>,
        store: &mut Store,
        executor: &mut dyn Executor,
        observer: &dyn Observer,
    ) -> Result<(), EngineError> {
        let start = Instant::now();
        let number = self.steps.len() as u64;
        observer.notice(&Event::StepStarted { step: number, candidates: self.pending.len() });
        let mut candidates = std::mem::take(&mut self.pending);
        for candidate in &mut candidates {
            mark_duplicate(pipeline, candidate);
        }
        evaluate(pipeline, &self.keys, store, number, &mut candidates, executor, observer)?;
        self.taken += candidates.iter().filter(|candidate| was_taken(&candidate.row)).count() as u64;

        let mut learnt = Vec::with_capacity(candidates.len());
        let mut rows = Vec::with_capacity(candidates.len());
        for mut candidate in candidates {
            if candidate.row.status == Status::Evaluated {
                mark_duplicate(pipeline, &mut candidate);
            }
            let Candidate { row, design } = candidate;
            let number = row.number;
            let violation = row.violation.unwrap_or(0.0);
            let mut known = None;
            if row.status == Status::Evaluated {
                pipeline.duplicates.insert(number, &design);
                self.evaluated += 1;
                let costs = costs(pipeline, &row);
                self.archive.insert(costs.clone(), violation);
                known = Some(costs);
            }
            learnt.push(Evaluated { number, design, costs: known, violation });
            rows.push(row);
        }
        pipeline.generator.learn(&learnt);
        if let Some(reference) = self.archive.fix_reference_point() {
            store.set_meta(front::REFERENCE_POINT, &reference)?;
        }
        let row = StepRow {
            step: number,
            evaluated: self.evaluated,
            front: self.archive.front_size() as u64,
            hypervolume: self.archive.hypervolume(),
            seconds: start.elapsed().as_secs_f64(),
            energy: self.meter.lap().and_cpu_seconds(executor.seconds_elsewhere()),
        };
        let journal = pipeline.generator.journal();
        store.record_step(&rows, &row, &pipeline.generator.state(), &journal)?;
        observer.notice(&Event::StepFinished { step: &row });
        self.steps.push(row);
        Ok(())
    }
}

/// Brings the generator to where the store has it.
fn restore_generator<D: Design>(pipeline: &mut Pipeline<D>, store: &Store) -> Result<(), EngineError> {
    let Some(state) = store.generator_state()? else { return Ok(()) };
    pipeline.generator.restore(&state)?;
    store.for_each_journal_entry(|entry| Ok(pipeline.generator.replay(&entry)?))
}

/// Has candidates evaluated and writes into their rows what became of them. What is costly is taken
/// from what is known, and written down as it becomes known.
fn evaluate<D: Design>(
    pipeline: &Pipeline<D>,
    keys: &Keys,
    store: &mut Store,
    step: u64,
    candidates: &mut [Candidate<D>],
    executor: &mut dyn Executor,
    observer: &dyn Observer,
) -> Result<(), EngineError> {
    let open = candidates.iter().filter(|candidate| candidate.row.status == Status::Proposed);
    let mut tasks: Vec<Task> = open.map(|candidate| Task::new(&candidate.row)).collect();
    let recall = Recall::new(&pipeline.cache, keys, store, &mut tasks)?;
    let outcomes = Mutex::new(BTreeMap::new());
    thread::scope(|scope| {
        let (sender, receiver) = mpsc::channel();
        let writer = scope.spawn(|| {
            let receiver = receiver;
            gather(&receiver, |new| recall.write(new, store))
        });
        let done = |mut batch: Vec<Outcome>| {
            let new = batch.iter().flat_map(|outcome| recall.fresh(outcome)).collect::<Vec<_>>();
            if !new.is_empty() {
                // The writer has gone only when it failed, which is told below.
                let _ = sender.send(new);
            }
            for outcome in &mut batch {
                recall.settle(outcome);
                observer.notice(&Event::CandidateDone { number: outcome.number, status: outcome.status });
            }
            let mut outcomes = outcomes.lock().unwrap_or_else(PoisonError::into_inner);
            outcomes.extend(batch.into_iter().map(|outcome| (outcome.number, outcome)));
        };
        let evaluated = executor.evaluate(step, &tasks, &pipeline.evaluation, &done);
        drop(sender);
        let written = writer.join().unwrap_or_else(|panic| resume_unwind(panic));
        evaluated?;
        written
    })?;
    let mut outcomes = outcomes.into_inner().unwrap_or_else(PoisonError::into_inner);
    for candidate in candidates.iter_mut().filter(|candidate| candidate.row.status == Status::Proposed) {
        let number = candidate.row.number;
        let lost = || ExecutorError(format!("candidate {number} came back without an outcome"));
        let outcome = outcomes.remove(&number).ok_or_else(lost)?;
        candidate.row.take(outcome);
        if candidate.row.design.is_some() {
            candidate.design = candidate.row.design()?;
        }
        if candidate.row.status == Status::Evaluated {
            let row = &candidate.row;
            let limits = pipeline.evaluation.limits.iter();
            candidate.row.violation =
                Some(limits.map(|l| l.violation(&row.properties, &row.objectives)).sum());
        }
    }
    Ok(())
}

/// Whether a candidate went through the funnel: all but those that repeat an earlier one as proposed.
fn was_taken(row: &CandidateRow) -> bool {
    match row.status {
        Status::Evaluated | Status::Rejected | Status::Failed => true,
        Status::Duplicate => !row.costs.is_empty(),
        Status::Proposed => false,
    }
}

fn mark_duplicate<D: Design>(pipeline: &Pipeline<D>, candidate: &mut Candidate<D>) {
    if let Some(earlier) = pipeline.duplicates.find(&candidate.design) {
        candidate.row.status = Status::Duplicate;
        candidate.row.reason = Some(format!("duplicate: of candidate {earlier}"));
    }
}

/// Objective values as numbers to minimise, in the order of the pipeline's objectives.
fn costs<D: Design>(pipeline: &Pipeline<D>, row: &CandidateRow) -> Vec<f64> {
    pipeline
        .evaluation
        .objectives
        .iter()
        .map(|objective| {
            let value = row.objectives.get(objective.name()).copied().unwrap_or(f64::INFINITY);
            objective.goal().cost(value)
        })
        .collect()
}

fn to_json<D: Design>(number: u64, design: &D) -> Result<serde_json::Value, EngineError> {
    serde_json::to_value(design).map_err(|source| EngineError::Unstorable { number, source })
}

#[cfg(test)]
mod tests;

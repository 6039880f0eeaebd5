//! The campaign loop: ask the generator, evaluate, record, tell the generator.
//!
//! One step is: propose candidates and record them at birth, take them through the funnel in
//! batches side by side, tell duplicates apart in order of number, let the generator learn, and
//! record all of it in one transaction. Batches are formed by candidate number, so the result does
//! not depend on the number of threads, and a campaign that was stopped anywhere continues from
//! its last recorded step to the same end.

mod budget;
mod front;
mod funnel;
mod observer;
mod pipeline;

use std::time::Instant;

use druse_generators::{Evaluated, GeneratorError};
use druse_representations::Design;
use rayon::prelude::*;

use crate::ledger::Meter;
use crate::store::{CandidateRow, Status, StepRow, Store, StoreError};

pub use budget::{Budgets, End};
pub use front::{ObjectiveInfo, pareto_front};
pub use observer::{Event, Observer, Silent};
pub use pipeline::{Limit, Pipeline, Settings};

use front::Archive;
use funnel::{Funnel, Traveller};

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
/// When the store or the generator fails; what was recorded stays and can be resumed.
pub fn run<D: Design>(
    pipeline: &mut Pipeline<D>,
    store: &mut Store,
    observer: &dyn Observer,
) -> Result<(), EngineError> {
    let mut progress = Progress::restore(pipeline, store)?;
    observer.notice(&Event::Started { evaluated: progress.evaluated, budget: pipeline.settings.budget });
    loop {
        if progress.pending.is_empty()
            && let Some(end) = progress.propose(pipeline, store)?
        {
            // A plain word: serialising it cannot fail.
            store.set_meta(END, &serde_json::to_string(&end).unwrap_or_default())?;
            return Ok(());
        }
        progress.step(pipeline, store, observer)?;
    }
}

/// Key of the store under which the reason for the end stands.
const END: &str = "end";

/// Why the campaign in `store` is at its end; `None` while it is not.
///
/// # Errors
/// When the store cannot be read.
pub fn end(store: &Store) -> Result<Option<End>, StoreError> {
    let damaged = |source| StoreError::Damaged { what: "reason for the end".to_owned(), source };
    store.meta(END)?.map(|text| serde_json::from_str(&text).map_err(damaged)).transpose()
}

/// Where a campaign stands; all of it follows from the store.
struct Progress<D> {
    steps: Vec<StepRow>,
    proposed: u64,
    evaluated: u64,
    pending: Vec<Traveller<D>>,
    archive: Archive,
    meter: Meter,
}

impl<D: Design> Progress<D> {
    fn restore(pipeline: &mut Pipeline<D>, store: &Store) -> Result<Self, EngineError> {
        if let Some(state) = store.generator_state()? {
            pipeline.generator.restore(&state)?;
        }
        let mut progress = Self {
            steps: store.steps()?,
            proposed: 0,
            evaluated: 0,
            pending: Vec::new(),
            archive: Archive::restore(store.meta(front::REFERENCE_POINT)?.as_deref()),
            meter: Meter::start(),
        };
        for row in store.candidates()? {
            progress.proposed += 1;
            let design: D = row.design()?;
            match row.status {
                Status::Proposed => progress.pending.push(Traveller { row, design }),
                Status::Evaluated => {
                    pipeline.duplicates.insert(row.number, &design);
                    progress.evaluated += 1;
                    progress.archive.insert(costs(pipeline, &row), row.violation.unwrap_or(0.0));
                }
                _ => {}
            }
        }
        Ok(progress)
    }

    /// Asks for the candidates of the next step and records them, or tells why there are none.
    fn propose(&mut self, pipeline: &mut Pipeline<D>, store: &mut Store) -> Result<Option<End>, EngineError> {
        /// Smaller steps than this would leave cores idle near the end of the budget.
        const SMALLEST_STEP: u64 = 8;
        let settings = pipeline.settings;
        if self.evaluated >= settings.budget {
            return Ok(Some(End::Evaluations));
        }
        if self.proposed >= settings.max_proposals {
            return Ok(Some(End::Proposals));
        }
        if let Some(end) = settings.budgets.ended(&self.steps) {
            return Ok(Some(end));
        }
        let wanted = (settings.budget - self.evaluated).max(SMALLEST_STEP).min(settings.population as u64);
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
                violation: None,
                lineage: proposal.lineage,
                novelty: None,
                proposed: json,
                design: None,
                properties: Default::default(),
                objectives: Default::default(),
                costs: Vec::new(),
            };
            self.pending.push(Traveller { row, design: proposal.design });
        }
        self.proposed += self.pending.len() as u64;
        let rows: Vec<CandidateRow> = self.pending.iter().map(|t| t.row.clone()).collect();
        store.record_proposals(&rows, &pipeline.generator.state())?;
        Ok(self.pending.is_empty().then_some(End::Space))
    }

    /// Evaluates the pending candidates and records what became of them.
    fn step(
        &mut self,
        pipeline: &mut Pipeline<D>,
        store: &mut Store,
        observer: &dyn Observer,
    ) -> Result<(), EngineError> {
        let start = Instant::now();
        let number = self.steps.len() as u64;
        observer.notice(&Event::StepStarted { step: number, candidates: self.pending.len() });
        let mut travellers = std::mem::take(&mut self.pending);
        for traveller in &mut travellers {
            mark_duplicate(pipeline, traveller);
        }
        evaluate(pipeline, &mut travellers, observer);

        let mut learnt = Vec::with_capacity(travellers.len());
        let mut rows = Vec::with_capacity(travellers.len());
        for mut traveller in travellers {
            if traveller.row.status == Status::Evaluated {
                mark_duplicate(pipeline, &mut traveller);
            }
            let Traveller { mut row, design } = traveller;
            let number = row.number;
            row.design = Some(to_json(number, &design)?);
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
            energy: self.meter.lap(),
        };
        store.record_step(&rows, &row, &pipeline.generator.state())?;
        observer.notice(&Event::StepFinished { step: &row });
        self.steps.push(row);
        Ok(())
    }
}

/// Takes candidates through the funnel, batches side by side.
fn evaluate<D: Design>(pipeline: &Pipeline<D>, travellers: &mut [Traveller<D>], observer: &dyn Observer) {
    let funnel = Funnel::of(pipeline);
    let mut alive: Vec<&mut Traveller<D>> =
        travellers.iter_mut().filter(|t| t.row.status == Status::Proposed).collect();
    alive.par_chunks_mut(pipeline.settings.unit).for_each(|unit| {
        funnel.evaluate(unit);
        for traveller in unit {
            observer
                .notice(&Event::CandidateDone { number: traveller.row.number, status: traveller.row.status });
        }
    });
}

fn mark_duplicate<D: Design>(pipeline: &Pipeline<D>, traveller: &mut Traveller<D>) {
    if let Some(earlier) = pipeline.duplicates.find(&traveller.design) {
        traveller.row.status = Status::Duplicate;
        traveller.row.reason = Some(format!("duplicate: of candidate {earlier}"));
    }
}

/// Objective values as numbers to minimise, in the order of the pipeline's objectives.
fn costs<D: Design>(pipeline: &Pipeline<D>, row: &CandidateRow) -> Vec<f64> {
    pipeline
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

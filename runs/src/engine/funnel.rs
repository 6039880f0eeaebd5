//! One batch of candidates through tiers, objectives and novelty.

use std::collections::BTreeMap;
use std::time::Instant;

use druse_fitness::{Properties, TierOutcome};
use druse_representations::Design;

use crate::store::{CandidateRow, Status, TierCost};

use super::pipeline::Pipeline;

/// A candidate on its way through the funnel.
pub(super) struct Traveller<D> {
    pub(super) row: CandidateRow,
    pub(super) design: D,
}

/// The parts of a pipeline that threads share; the generator is not among them.
pub(super) struct Funnel<'a, D: Design> {
    tiers: &'a [Box<dyn druse_fitness::Tier<D>>],
    objectives: &'a [Box<dyn druse_fitness::Objective<D>>],
    limits: &'a [super::pipeline::Limit],
    novelty: Option<&'a dyn druse_validation::NoveltyReference<D>>,
}

impl<'a, D: Design> Funnel<'a, D> {
    pub(super) fn of(pipeline: &'a Pipeline<D>) -> Self {
        Self {
            tiers: &pipeline.tiers,
            objectives: &pipeline.objectives,
            limits: &pipeline.limits,
            novelty: pipeline.novelty.as_deref(),
        }
    }

    /// Takes a batch through the funnel; every candidate comes back with a status.
    pub(super) fn evaluate(&self, unit: &mut [&mut Traveller<D>]) {
        for tier in self.tiers {
            self.run_tier(tier.as_ref(), unit);
        }
        self.run_objectives(unit);
        for traveller in unit.iter_mut().filter(|t| t.row.status == Status::Evaluated) {
            let row = &mut traveller.row;
            row.novelty = self.novelty.and_then(|reference| reference.nearest(&traveller.design));
            let violation = self.limits.iter().map(|l| l.violation(&row.properties, &row.objectives)).sum();
            row.violation = Some(violation);
        }
    }

    fn run_tier(&self, tier: &dyn druse_fitness::Tier<D>, unit: &mut [&mut Traveller<D>]) {
        let alive: Vec<usize> = (0..unit.len()).filter(|&i| unit[i].row.status == Status::Proposed).collect();
        if alive.is_empty() {
            return;
        }
        let items: Vec<(&D, &Properties)> =
            alive.iter().map(|&i| (&unit[i].design, &unit[i].row.properties)).collect();
        let start = Instant::now();
        let outcomes = tier.run(&items);
        let seconds = start.elapsed().as_secs_f64() / alive.len() as f64;
        let mut outcomes = outcomes.into_iter();
        for i in alive {
            let traveller = &mut *unit[i];
            traveller.row.costs.push(TierCost { tier: tier.name().to_owned(), seconds });
            match outcomes.next() {
                Some(TierOutcome::Passed { design, properties }) => {
                    traveller.row.properties.extend(properties);
                    traveller.design = design;
                }
                Some(TierOutcome::Rejected { reason }) => {
                    reject(&mut traveller.row, Status::Rejected, reason)
                }
                None => {
                    let reason = format!("{}: the tier gave no outcome for this candidate", tier.name());
                    reject(&mut traveller.row, Status::Failed, reason);
                }
            }
        }
    }

    fn run_objectives(&self, unit: &mut [&mut Traveller<D>]) {
        let alive: Vec<usize> = (0..unit.len()).filter(|&i| unit[i].row.status == Status::Proposed).collect();
        let mut values: Vec<Result<BTreeMap<String, f64>, String>> = vec![Ok(BTreeMap::new()); alive.len()];
        for objective in self.objectives {
            let items: Vec<(&D, &Properties)> =
                alive.iter().map(|&i| (&unit[i].design, &unit[i].row.properties)).collect();
            for (value, found) in values.iter_mut().zip(objective.evaluate_batch(&items)) {
                let Ok(known) = value else { continue };
                match found {
                    Ok(x) if x.is_finite() => {
                        known.insert(objective.name().to_owned(), x);
                    }
                    Ok(x) => *value = Err(format!("objective '{}': the value is {x}", objective.name())),
                    Err(error) => *value = Err(error.to_string()),
                }
            }
        }
        for (i, value) in alive.into_iter().zip(values) {
            let row = &mut unit[i].row;
            match value {
                Ok(objectives) => {
                    row.objectives = objectives;
                    row.status = Status::Evaluated;
                }
                Err(reason) => reject(row, Status::Failed, reason),
            }
        }
    }
}

fn reject(row: &mut CandidateRow, status: Status, reason: String) {
    row.status = status;
    row.reason = Some(reason);
}

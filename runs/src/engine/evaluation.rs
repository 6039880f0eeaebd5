//! One batch of candidates through tiers, objectives and novelty.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use druse_fitness::{Needs, Objective, ObjectiveError, Properties, Tier, TierKind, TierOutcome};
use druse_representations::Design;
use druse_validation::NoveltyReference;
use serde_json::Value;

use super::filter::{Funnel, Stage};
use super::front::ObjectiveInfo;
use super::pipeline::Limit;
use super::task::{Finding, Outcome, Task, TierResult};
use crate::ledger::thread_cpu_seconds;
use crate::store::{Status, TierCost};

/// How candidates are judged: what a worker needs of a campaign.
pub struct Evaluation<D: Design> {
    /// The funnel in order of cost; the first tiers are cheap checks.
    pub tiers: Vec<Box<dyn Tier<D>>>,
    /// Filters between the tiers and behind them.
    pub funnel: Funnel,
    /// What is optimised.
    pub objectives: Vec<Box<dyn Objective<D>>>,
    /// Limits on properties or objectives; candidates outside them rank behind all others.
    pub limits: Vec<Limit>,
    /// Tells whether a design is known elsewhere.
    pub novelty: Option<Box<dyn NoveltyReference<D>>>,
    /// Candidates evaluated together, in the order of their numbers.
    pub batch: usize,
    /// Lines of the protocol for parts that have none of their own.
    pub notes: Vec<String>,
}

/// [`Evaluation`] for those who do not care what is designed.
pub trait Evaluate: Sync {
    /// What is optimised.
    fn objectives(&self) -> Vec<ObjectiveInfo>;

    /// Everything that the numbers depend on, one line for each part.
    fn protocol(&self) -> String;

    /// The places where candidates may end, in order.
    fn stages(&self) -> Vec<Stage>;

    /// Candidates to be evaluated together.
    fn batch(&self) -> usize;

    /// Takes one batch through the funnel; one outcome for each task, in order. Parts that panic or
    /// give nonsense cost their candidate a recorded failure.
    fn evaluate(&self, tasks: &[Task]) -> Vec<Outcome>;
}

/// Name under which the cost of an objective stands.
pub(crate) fn cost_name(objective: &str) -> String {
    format!("objective {objective}")
}

/// Name under which the cost of the look-up of known designs stands.
const LOOK_UP: &str = "novelty look-up";

/// What it means that a property is absent that an objective reads.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Absent {
    /// The value is not known yet.
    Waits,
    /// It never will be.
    Fails,
}

/// A candidate on its way through the funnel.
pub(super) struct Traveller<'a, D> {
    task: &'a Task,
    /// `None` when the task holds no design that can be read.
    design: Option<D>,
    pub(super) outcome: Outcome,
    /// Filters that have acted, by their place.
    pub(super) judged: Vec<usize>,
    /// Objectives whose values were read from properties before the last tier.
    early: Vec<String>,
}

impl<D> Traveller<'_, D> {
    pub(super) fn alive(&self) -> bool {
        self.outcome.status == Status::Proposed
    }

    pub(super) fn number(&self) -> u64 {
        self.task.number
    }

    /// Value of an objective or property, as far as it is known.
    pub(super) fn value(&self, name: &str) -> Option<f64> {
        self.outcome.objectives.get(name).or_else(|| self.outcome.properties.get(name)).copied()
    }

    pub(super) fn stop(&mut self, status: Status, stage: &str, reason: String) {
        self.outcome.status = status;
        self.outcome.stage = Some(stage.to_owned());
        self.outcome.reason = Some(reason);
    }

    fn fail(&mut self, stage: &str, reason: &str) {
        self.stop(Status::Failed, stage, format!("{stage}: {reason}"));
    }

    /// Lets the candidate have what a tier found; `chance` lets it go on although it is rejected.
    fn take(&mut self, tier: &str, finding: &Finding, chance: bool) {
        match finding {
            Finding::Passed { properties, .. } => {
                let known = &mut self.outcome.properties;
                let changed = properties.iter().any(|(name, x)| known.get(name).is_some_and(|y| x != y));
                known.extend(properties.iter().map(|(name, &x)| (name.clone(), x)));
                if changed {
                    for name in self.early.drain(..) {
                        self.outcome.objectives.remove(&name);
                    }
                }
            }
            Finding::Rejected { .. } if chance => self.outcome.audited.push(tier.to_owned()),
            Finding::Rejected { reason } => self.stop(Status::Rejected, tier, reason.clone()),
        }
    }

    fn spend(&mut self, tier: &str, (seconds, cpu): (f64, f64), reused: bool) {
        self.outcome.costs.push(TierCost { tier: tier.to_owned(), seconds, cpu, reused });
    }
}

impl<D: Design> Traveller<'_, D> {
    /// `after` as JSON when it is another design than the present one.
    fn refined(&self, after: &D) -> Option<Value> {
        let json = |design: &D| serde_json::to_value(design).ok();
        let after = json(after);
        if self.design.as_ref().and_then(json) == after { None } else { after }
    }
}

impl<D: Design> Evaluate for Evaluation<D> {
    fn objectives(&self) -> Vec<ObjectiveInfo> {
        self.objectives.iter().map(|objective| ObjectiveInfo::of(objective.as_ref())).collect()
    }

    fn protocol(&self) -> String {
        let mut lines: Vec<String> = self.tiers.iter().map(|tier| tier.protocol()).collect();
        lines.extend(self.funnel.protocol());
        lines.extend(self.objectives.iter().filter_map(|objective| objective.protocol()));
        lines.extend(self.novelty.iter().map(|novelty| format!("novelty: {}", novelty.reference())));
        lines.extend(self.notes.iter().cloned());
        lines.join("\n")
    }

    fn stages(&self) -> Vec<Stage> {
        self.places()
    }

    fn batch(&self) -> usize {
        self.batch
    }

    fn evaluate(&self, tasks: &[Task]) -> Vec<Outcome> {
        let mut unit: Vec<Traveller<'_, D>> = tasks.iter().map(start).collect();
        self.filter(Needs::Identity, &mut unit);
        for (place, tier) in self.tiers.iter().enumerate() {
            self.run_tier(place, tier.as_ref(), &mut unit);
            self.filter(Needs::Properties, &mut unit);
        }
        self.filter_absent(&mut unit);
        for objective in self.by_cost() {
            self.run_objective(objective, Absent::Fails, &mut unit);
            self.filter_by(objective.name(), &mut unit);
        }
        unit.into_iter().map(|traveller| self.finish(traveller)).collect()
    }
}

impl<D: Design> Evaluation<D> {
    fn finish(&self, mut traveller: Traveller<'_, D>) -> Outcome {
        if let Some(design) = &traveller.design {
            if traveller.alive() {
                traveller.outcome.status = Status::Evaluated;
                self.keep_early_values(&traveller.early, &mut traveller.outcome);
                if let Some(reference) = &self.novelty {
                    let watch = Watch::start();
                    traveller.outcome.novelty = reference.nearest(design);
                    let (seconds, cpu) = watch.read();
                    let tier = LOOK_UP.to_owned();
                    traveller.outcome.costs.push(TierCost { tier, seconds, cpu, reused: false });
                }
            }
            let json = serde_json::to_value(design).ok();
            traveller.outcome.design = json.filter(|json| *json != traveller.task.design);
        }
        traveller.outcome
    }

    /// Values that were read from properties for a filter, and are what they would be at the end.
    fn keep_early_values(&self, early: &[String], outcome: &mut Outcome) {
        let costly = self.objectives.iter().filter(|objective| objective.protocol().is_some());
        for name in costly.map(|objective| objective.name()) {
            if early.iter().any(|early| early == name)
                && let Some(&value) = outcome.objectives.get(name)
            {
                outcome.fresh_values.insert(name.to_owned(), value);
            }
        }
    }

    /// Takes all that are alive through a tier; those whose result is known do not go.
    fn run_tier(&self, place: usize, tier: &dyn Tier<D>, unit: &mut [Traveller<'_, D>]) {
        let name = tier.name();
        let chance = |number: u64, finding: &Finding| {
            let audited = tier.kind() == TierKind::Check && matches!(finding, Finding::Rejected { .. });
            audited && self.funnel.passes_by_chance(number, name, self.funnel.audit)
        };
        let (known, open): (Vec<usize>, Vec<usize>) = (0..unit.len())
            .filter(|&i| unit[i].alive())
            .partition(|&i| unit[i].task.known.contains_key(&place));
        for i in known {
            let traveller = &mut unit[i];
            let Some(TierResult { finding, seconds, cpu }) = traveller.task.known.get(&place) else {
                continue;
            };
            traveller.spend(name, (*seconds, *cpu), true);
            if let Finding::Passed { design: Some(design), .. } = finding {
                match D::deserialize(design) {
                    Ok(design) => traveller.design = Some(design),
                    Err(error) => traveller.fail(name, &format!("cannot be read: {error}")),
                }
            }
            traveller.take(name, finding, chance(traveller.number(), finding));
        }
        let items: Vec<(&D, &Properties)> = items(unit, &open);
        if items.is_empty() {
            return;
        }
        let watch = Watch::start();
        let outcomes = guarded(&items, name, |items| {
            let found = tier.run(items).into_iter().map(Some);
            let missing = std::iter::repeat_with(|| None);
            found.chain(missing).take(items.len()).map(|outcome| outcome.ok_or_else(no_outcome)).collect()
        });
        let (seconds, cpu) = watch.share(open.len());
        for (i, outcome) in open.into_iter().zip(outcomes) {
            let traveller = &mut unit[i];
            traveller.spend(name, (seconds, cpu), false);
            let finding = match outcome {
                Ok(TierOutcome::Passed { properties, .. }) if !all_finite(&properties) => {
                    traveller.fail(name, "a property is no finite number");
                    continue;
                }
                Ok(TierOutcome::Passed { design, properties }) => {
                    let refined = if tier.is_costly() { traveller.refined(&design) } else { None };
                    traveller.design = Some(design);
                    Finding::Passed { design: refined, properties }
                }
                Ok(TierOutcome::Rejected { reason }) => Finding::Rejected { reason },
                Ok(TierOutcome::Failed { reason }) => {
                    traveller.stop(Status::Failed, name, reason);
                    continue;
                }
                Err(reason) => {
                    traveller.fail(name, &reason);
                    continue;
                }
            };
            traveller.take(name, &finding, chance(traveller.number(), &finding));
            if tier.is_costly() {
                traveller.outcome.fresh.insert(place, TierResult { finding, seconds, cpu });
            }
        }
    }

    /// Evaluates one objective for all that are alive and have no value of it.
    pub(super) fn run_objective(
        &self,
        objective: &dyn Objective<D>,
        absent: Absent,
        unit: &mut [Traveller<'_, D>],
    ) {
        let name = objective.name();
        let (costly, of_properties) =
            (objective.protocol().is_some(), objective.needs() == Needs::Properties);
        let cost = cost_name(name);
        let mut open = Vec::new();
        let alive = unit.iter_mut().enumerate().filter(|(_, traveller)| traveller.alive());
        for (i, traveller) in alive.filter(|(_, traveller)| !traveller.outcome.objectives.contains_key(name))
        {
            match traveller.task.values.get(name) {
                Some(&value) if absent == Absent::Fails || !of_properties => {
                    traveller.outcome.objectives.insert(name.to_owned(), value);
                    if costly {
                        traveller.spend(&cost, (0.0, 0.0), true);
                    }
                }
                _ => open.push(i),
            }
        }
        let items: Vec<(&D, &Properties)> = items(unit, &open);
        if items.is_empty() {
            return;
        }
        let failed = |reason| ObjectiveError::Failed { objective: name.to_owned(), reason };
        let watch = Watch::start();
        let values = guarded(&items, name, |items| {
            let found = objective.evaluate_batch(items).into_iter().map(Some);
            let missing = std::iter::repeat_with(|| None);
            let all = found.chain(missing).take(items.len());
            all.map(|value| Ok(value.unwrap_or_else(|| Err(failed(no_outcome()))))).collect()
        });
        let spent = watch.share(open.len());
        for (i, value) in open.into_iter().zip(values) {
            let traveller = &mut unit[i];
            // Plain formulas take less time than writing down how much.
            if costly {
                traveller.spend(&cost, spent, false);
            }
            match value {
                Ok(Ok(x)) if x.is_finite() => {
                    traveller.outcome.objectives.insert(name.to_owned(), x);
                    // A value of properties may still change; see what is kept of those at the end.
                    if costly && (absent == Absent::Fails || !of_properties) {
                        traveller.outcome.fresh_values.insert(name.to_owned(), x);
                    }
                    if of_properties {
                        traveller.early.push(name.to_owned());
                    }
                }
                Ok(Err(ObjectiveError::MissingProperty { .. })) if absent == Absent::Waits => {}
                Ok(Ok(x)) => {
                    traveller.stop(Status::Failed, name, format!("objective '{name}': the value is {x}"));
                }
                Ok(Err(error)) => traveller.stop(Status::Failed, name, error.to_string()),
                Err(reason) => traveller.stop(Status::Failed, name, reason),
            }
        }
    }
}

fn start<D: Design>(task: &Task) -> Traveller<'_, D> {
    let design = D::deserialize(&task.design);
    let outcome = Outcome {
        status: Status::Proposed,
        reason: None,
        stage: None,
        ..Outcome::failed(task.number, "", "")
    };
    let (design, problem) = match design {
        Ok(design) => (Some(design), None),
        Err(error) => (None, Some(error)),
    };
    let mut traveller = Traveller { task, design, outcome, judged: Vec::new(), early: Vec::new() };
    if let Some(error) = problem {
        traveller.stop(Status::Failed, "design", format!("design: cannot be read: {error}"));
    }
    traveller
}

/// Wall and CPU time of this thread.
struct Watch {
    wall: Instant,
    cpu: f64,
}

impl Watch {
    fn start() -> Self {
        Self { wall: Instant::now(), cpu: thread_cpu_seconds() }
    }

    fn read(&self) -> (f64, f64) {
        (self.wall.elapsed().as_secs_f64(), thread_cpu_seconds() - self.cpu)
    }

    /// For each of so many that shared the time.
    fn share(&self, n: usize) -> (f64, f64) {
        let (seconds, cpu) = self.read();
        (seconds / n as f64, cpu / n as f64)
    }
}

fn items<'a, D>(unit: &'a [Traveller<'_, D>], open: &[usize]) -> Vec<(&'a D, &'a Properties)> {
    open.iter().filter_map(|&i| Some((unit[i].design.as_ref()?, &unit[i].outcome.properties))).collect()
}

/// Runs a part of the user's or ours. When a batch panics, its candidates are run one by one, so
/// that only those that cause it fail.
fn guarded<D, T>(
    items: &[(&D, &Properties)],
    what: &str,
    run: impl Fn(&[(&D, &Properties)]) -> Vec<Result<T, String>>,
) -> Vec<Result<T, String>> {
    let attempt = |items: &[(&D, &Properties)]| catch_unwind(AssertUnwindSafe(|| run(items)));
    if let Ok(found) = attempt(items) {
        return found;
    }
    let alone = |item: &(&D, &Properties)| match attempt(std::slice::from_ref(item)) {
        Ok(found) => found.into_iter().next().unwrap_or_else(|| Err(no_outcome())),
        Err(panic) => Err(format!("{what} panicked: {}", words(panic.as_ref()))),
    };
    items.iter().map(alone).collect()
}

/// What a part said when it panicked.
pub(crate) fn words(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}

fn no_outcome() -> String {
    "it gave no outcome for this candidate".to_owned()
}

fn all_finite(properties: &Properties) -> bool {
    properties.values().all(|x| x.is_finite())
}

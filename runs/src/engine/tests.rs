mod filters;
mod known;

use std::sync::Mutex;

use druse_fitness::{Goal, Objective, ObjectiveError, Properties, Tier, TierOutcome};
use druse_generators::{Generator, Lineage, Proposal};
use druse_representations::{Composition, Design};
use druse_validation::Duplicates;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::*;
use crate::cache::Cache;
use crate::store::{Measured, MeasurementRow};

/// A number as a design: the smallest domain that takes the whole way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Number(f64);

impl Design for Number {
    const DOMAIN: &'static str = "number";
    fn composition(&self) -> Composition {
        Composition::new()
    }
    fn content_id(&self) -> String {
        format!("{:016x}", self.0.to_bits())
    }
}

/// Walks through the numbers; learns the best one and proposes near it.
struct Walk {
    best: f64,
}

impl Generator<Number> for Walk {
    fn name(&self) -> &str {
        "walk"
    }
    fn propose(&mut self, first: u64, n: usize) -> Result<Vec<Proposal<Number>>, GeneratorError> {
        let propose = |number| Proposal {
            number,
            design: Number(self.best + (number as f64 * 0.7).sin()),
            lineage: Lineage::new("walk", "walk", vec![]),
        };
        Ok((first..first + n as u64).map(propose).collect())
    }
    fn learn(&mut self, evaluated: &[Evaluated<Number>]) {
        for candidate in evaluated.iter().filter(|e| e.costs.is_some()) {
            if (candidate.design.0 - 3.0).abs() < (self.best - 3.0).abs() {
                self.best = candidate.design.0;
            }
        }
    }
    fn state(&self) -> serde_json::Value {
        json!({"best": self.best})
    }
    fn restore(&mut self, state: &serde_json::Value) -> Result<(), GeneratorError> {
        self.best = state["best"].as_f64().unwrap();
        Ok(())
    }
}

/// Rejects what lies below -0.9 and rounds the rest; counts the batches it sees.
struct Round;

impl Tier<Number> for Round {
    fn name(&self) -> &str {
        "round"
    }
    fn protocol(&self) -> String {
        "round to 0.01".into()
    }
    fn run(&self, items: &[(&Number, &Properties)]) -> Vec<TierOutcome<Number>> {
        let one = |x: f64| match x {
            x if x < -0.9 => TierOutcome::Rejected { reason: format!("low: {x:.2}") },
            x => TierOutcome::Passed {
                design: Number((x * 100.0).round() / 100.0),
                properties: Properties::from([("raw".to_owned(), x)]),
            },
        };
        items.iter().map(|(design, _)| one(design.0)).collect()
    }
}

struct Distance(f64, &'static str);

impl Objective<Number> for Distance {
    fn name(&self) -> &str {
        self.1
    }
    fn goal(&self) -> Goal {
        Goal::Target(self.0)
    }
    fn unit(&self) -> &str {
        "1"
    }
    fn evaluate(&self, design: &Number, _: &Properties) -> Result<f64, ObjectiveError> {
        if design.0 > 4.5 {
            return Err(ObjectiveError::Failed { objective: self.1.into(), reason: "too large".into() });
        }
        Ok(design.0)
    }
}

struct Seen(Vec<(u64, f64)>);

impl Duplicates<Number> for Seen {
    fn find(&self, design: &Number) -> Option<u64> {
        self.0.iter().find(|(_, x)| *x == design.0).map(|(number, _)| *number)
    }
    fn insert(&mut self, number: u64, design: &Number) {
        self.0.push((number, design.0));
    }
}

fn pipeline(budget: u64) -> Pipeline<Number> {
    Pipeline {
        generator: Box::new(Walk { best: 0.0 }),
        seeds: None,
        evaluation: Evaluation {
            tiers: vec![Box::new(Round)],
            funnel: Funnel::default(),
            objectives: vec![Box::new(Distance(3.0, "near 3")), Box::new(Distance(2.0, "near 2"))],
            limits: vec![Limit { name: "near 3".into(), min: Some(-0.5), max: None }],
            novelty: None,
            notes: Vec::new(),
            batch: 3,
        },
        duplicates: Box::new(Seen(vec![])),
        cache: Cache::default(),
        settings: Settings {
            budget,
            population: 16,
            max_proposals: 10 * budget,
            budgets: Budgets::default(),
            pause: None,
        },
    }
}

fn finish(directory: &std::path::Path) -> (Vec<CandidateRow>, Vec<StepRow>) {
    let store = Store::read(directory).unwrap();
    let untimed = |mut row: CandidateRow| {
        row.costs.iter_mut().for_each(|cost| (cost.seconds, cost.cpu) = (0.0, 0.0));
        row
    };
    let steps = store.steps().unwrap().into_iter().map(|step| StepRow {
        seconds: 0.0,
        energy: crate::ledger::Energy { joules: 0.0, basis: crate::ledger::Basis::Estimated },
        ..step
    });
    (store.candidates().unwrap().into_iter().map(untimed).collect(), steps.collect())
}

#[test]
fn a_campaign_spends_its_budget_on_distinct_candidates() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::create(folder.path()).unwrap();
    run(&mut pipeline(60), &mut store, &mut Local, &Silent).unwrap();
    let (rows, steps) = finish(folder.path());
    let count = |status| rows.iter().filter(|row| row.status == status).count();
    assert!(count(Status::Evaluated) >= 60);
    assert!(count(Status::Duplicate) > 0, "the walk repeats itself");
    assert!(count(Status::Rejected) > 0, "sine goes below -0.9");
    assert_eq!(count(Status::Proposed), 0);
    assert!(rows.iter().all(|row| row.reason.is_some() == (row.status != Status::Evaluated)));
    let volumes: Vec<f64> = steps.iter().filter_map(|step| step.hypervolume).collect();
    assert!(volumes.windows(2).all(|pair| pair[1] >= pair[0]), "the front never gets worse: {volumes:?}");
    let infos = pipeline(1).evaluation.objectives();
    let front = pareto_front(&rows, &infos);
    assert!(front.iter().all(|&i| (2.0..=3.0).contains(&rows[i].objectives["near 3"])));
}

/// Stops the campaign by a panic when a step starts, as a killed process would.
struct StopAt(u64);

impl Observer for StopAt {
    fn notice(&self, event: &Event<'_>) {
        if let Event::StepStarted { step, .. } = event {
            assert!(*step < self.0, "stopped");
        }
    }
}

#[test]
fn a_stopped_campaign_resumes_to_the_same_end() {
    let whole = tempfile::tempdir().unwrap();
    run(&mut pipeline(60), &mut Store::create(whole.path()).unwrap(), &mut Local, &Silent).unwrap();
    for stop in 0..4 {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::create(folder.path()).unwrap();
        let stopped = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            run(&mut pipeline(60), &mut store, &mut Local, &StopAt(stop))
        }));
        assert!(stopped.is_err(), "the campaign has more than {stop} steps");
        drop(store);
        run(&mut pipeline(60), &mut Store::open(folder.path()).unwrap(), &mut Local, &Silent).unwrap();
        assert_eq!(finish(folder.path()), finish(whole.path()), "stopped in step {stop}");
    }
}

#[test]
fn threads_do_not_change_the_result() {
    let runs: Vec<_> = [1, 2, 5]
        .map(|threads| {
            let folder = tempfile::tempdir().unwrap();
            let mut store = Store::create(folder.path()).unwrap();
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| run(&mut pipeline(40), &mut store, &mut Local, &Silent)).unwrap();
            finish(folder.path())
        })
        .into();
    assert_eq!(runs[0], runs[1]);
    assert_eq!(runs[0], runs[2]);
}

#[test]
fn every_candidate_is_announced_once() {
    struct Count(Mutex<Vec<u64>>);
    impl Observer for Count {
        fn notice(&self, event: &Event<'_>) {
            if let Event::CandidateDone { number, .. } = event {
                self.0.lock().unwrap().push(*number);
            }
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let counter = Count(Mutex::new(vec![]));
    run(&mut pipeline(20), &mut Store::create(folder.path()).unwrap(), &mut Local, &counter).unwrap();
    let mut seen = counter.0.into_inner().unwrap();
    seen.sort_unstable();
    let before = seen.len();
    seen.dedup();
    assert_eq!(seen.len(), before);
}

#[test]
fn as_many_candidates_as_allowed_go_through_the_funnel() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::create(folder.path()).unwrap();
    let mut few = pipeline(60);
    few.settings.budgets.evaluations = Some(21);
    run(&mut few, &mut store, &mut Local, &Silent).unwrap();
    assert_eq!(end(&store).unwrap(), Some(End::MostEvaluations));
    let rows = store.candidates().unwrap();
    assert_eq!(rows.iter().filter(|row| !row.costs.is_empty()).count(), 21);
    assert!(rows.iter().any(|row| row.status == Status::Rejected));
}

fn measurement(number: u64, name: &str, value: f64) -> MeasurementRow {
    MeasurementRow { number, name: name.into(), value, source: "test".into(), step: None }
}

/// A campaign that came to its end, was told two values and may go on.
fn told(directory: &std::path::Path) -> Store {
    let mut store = Store::create(directory).unwrap();
    run(&mut pipeline(30), &mut store, &mut Local, &Silent).unwrap();
    let rows = store.candidates().unwrap();
    let front = pareto_front(&rows, &pipeline(1).evaluation.objectives());
    let evaluated = rows.iter().find(|row| row.status == Status::Evaluated).unwrap();
    // The best turns out to be nothing, and one that is no good to be the best.
    let values = [
        measurement(rows[front[0]].number, "near 3", -4.0),
        measurement(evaluated.number, "near 3", 3.0),
        measurement(evaluated.number, "near 2", 2.0),
        measurement(evaluated.number, "raw", 7.5),
    ];
    store.record_measurements(&values).unwrap();
    set_more(&store, 30).unwrap();
    store
}

#[test]
fn measured_values_take_the_place_of_predictions() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = told(folder.path());
    assert_eq!(end(&store).unwrap(), None);
    let before = store.steps().unwrap();
    run(&mut pipeline(30), &mut store, &mut Local, &Silent).unwrap();
    let evaluated = |rows: &[CandidateRow]| rows.iter().filter(|r| r.status == Status::Evaluated).count();
    let mut rows = store.candidates().unwrap();
    assert!(evaluated(&rows) >= 60, "the campaign went on beyond its end");
    // Both goals are met at once by the one that was measured: it alone is the front.
    let steps = store.steps().unwrap();
    assert!(steps[before.len()..].iter().all(|step| step.front == 1), "{steps:?}");
    let measurements = store.measurements().unwrap();
    assert!(measurements.iter().all(|row| row.step == Some(before.len() as u64)), "{measurements:?}");
    let all = Measurements::all(&store).unwrap();
    let limits = pipeline(1).evaluation.limits;
    rows.iter_mut().for_each(|row| all.put_into(row, &["near 3", "near 2"], &limits));
    let front = pareto_front(&rows, &pipeline(1).evaluation.objectives());
    let best = &rows[front[0]];
    assert_eq!((front.len(), best.objectives["near 2"], best.properties["raw"]), (1, 2.0, 7.5));
    let Measured { value, predicted, .. } = &best.measured["near 3"];
    assert!(*value == 3.0 && predicted.is_some_and(|x| x != 3.0));
    let nothing = rows.iter().find(|row| row.objectives.get("near 3") == Some(&-4.0)).unwrap();
    assert_eq!(nothing.violation, Some(3.5));
}

#[test]
fn a_campaign_that_was_told_stops_and_resumes_to_the_same_end() {
    let whole = tempfile::tempdir().unwrap();
    let mut store = told(whole.path());
    run(&mut pipeline(30), &mut store, &mut Local, &Silent).unwrap();
    let first = store.measurements().unwrap()[0].step.unwrap();
    for stop in first..first + 2 {
        let folder = tempfile::tempdir().unwrap();
        let mut store = told(folder.path());
        let stopped = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            run(&mut pipeline(30), &mut store, &mut Local, &StopAt(stop))
        }));
        assert!(stopped.is_err(), "the campaign has more than {stop} steps");
        drop(store);
        let mut again = Store::open(folder.path()).unwrap();
        run(&mut pipeline(30), &mut again, &mut Local, &Silent).unwrap();
        assert_eq!(finish(folder.path()), finish(whole.path()), "stopped in step {stop}");
        assert_eq!(again.measurements().unwrap(), Store::read(whole.path()).unwrap().measurements().unwrap());
        assert_eq!(
            again.generator_state().unwrap(),
            Store::read(whole.path()).unwrap().generator_state().unwrap()
        );
    }
}

use std::sync::Mutex;

use druse_fitness::{Goal, Objective, ObjectiveError, Properties, Tier, TierOutcome};
use druse_generators::{Generator, Lineage, Proposal};
use druse_representations::{Composition, Design};
use druse_validation::Duplicates;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::*;

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
            lineage: Lineage { generator: "walk".into(), operator: "walk".into(), parents: vec![] },
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
        tiers: vec![Box::new(Round)],
        objectives: vec![Box::new(Distance(3.0, "near 3")), Box::new(Distance(2.0, "near 2"))],
        limits: vec![Limit { name: "near 3".into(), min: Some(-0.5), max: None }],
        duplicates: Box::new(Seen(vec![])),
        novelty: None,
        settings: Settings {
            budget,
            population: 16,
            unit: 3,
            max_proposals: 10 * budget,
            budgets: Budgets::default(),
        },
    }
}

fn finish(directory: &std::path::Path) -> (Vec<CandidateRow>, Vec<StepRow>) {
    let store = Store::read(directory).unwrap();
    let untimed = |mut row: CandidateRow| {
        row.costs.iter_mut().for_each(|cost| cost.seconds = 0.0);
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
    run(&mut pipeline(60), &mut store, &Silent).unwrap();
    let (rows, steps) = finish(folder.path());
    let count = |status| rows.iter().filter(|row| row.status == status).count();
    assert!(count(Status::Evaluated) >= 60);
    assert!(count(Status::Duplicate) > 0, "the walk repeats itself");
    assert!(count(Status::Rejected) > 0, "sine goes below -0.9");
    assert_eq!(count(Status::Proposed), 0);
    assert!(rows.iter().all(|row| row.reason.is_some() == (row.status != Status::Evaluated)));
    let volumes: Vec<f64> = steps.iter().filter_map(|step| step.hypervolume).collect();
    assert!(volumes.windows(2).all(|pair| pair[1] >= pair[0]), "the front never gets worse: {volumes:?}");
    let infos: Vec<ObjectiveInfo> =
        pipeline(1).objectives.iter().map(|objective| ObjectiveInfo::of(objective.as_ref())).collect();
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
    run(&mut pipeline(60), &mut Store::create(whole.path()).unwrap(), &Silent).unwrap();
    for stop in 0..4 {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::create(folder.path()).unwrap();
        let stopped = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            run(&mut pipeline(60), &mut store, &StopAt(stop))
        }));
        assert!(stopped.is_err(), "the campaign has more than {stop} steps");
        drop(store);
        run(&mut pipeline(60), &mut Store::open(folder.path()).unwrap(), &Silent).unwrap();
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
            pool.install(|| run(&mut pipeline(40), &mut store, &Silent)).unwrap();
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
    run(&mut pipeline(20), &mut Store::create(folder.path()).unwrap(), &counter).unwrap();
    let mut seen = counter.0.into_inner().unwrap();
    seen.sort_unstable();
    let before = seen.len();
    seen.dedup();
    assert_eq!(seen.len(), before);
}

//! Filters: what they let pass is as it would be without them, and chance is repeatable.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use druse_fitness::objectives::FnObjective;
use druse_fitness::{Needs, TierKind};
use proptest::prelude::*;

use super::*;

/// A label that no tier changes and a number that they do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Pair {
    label: f64,
    x: f64,
}

impl Design for Pair {
    const DOMAIN: &'static str = "pair";
    fn composition(&self) -> Composition {
        Composition::new()
    }
    fn content_id(&self) -> String {
        format!("{:016x}{:016x}", self.label.to_bits(), self.x.to_bits())
    }
}

/// What a tier makes of one pair.
type Run = fn(&Pair, &Properties) -> TierOutcome<Pair>;

struct Step(&'static str, TierKind, Run);

impl Tier<Pair> for Step {
    fn name(&self) -> &str {
        self.0
    }
    fn protocol(&self) -> String {
        self.0.into()
    }
    fn kind(&self) -> TierKind {
        self.1
    }
    fn run(&self, items: &[(&Pair, &Properties)]) -> Vec<TierOutcome<Pair>> {
        items.iter().map(|(pair, known)| (self.2)(pair, known)).collect()
    }
}

fn passed(pair: &Pair, x: f64, properties: &[(&str, f64)]) -> TierOutcome<Pair> {
    let properties = properties.iter().map(|(name, value)| (name.to_string(), *value)).collect();
    TierOutcome::Passed { design: Pair { x, ..pair.clone() }, properties }
}

fn tiers() -> Vec<Box<dyn Tier<Pair>>> {
    let check: Run = |pair, _| match pair.x {
        x if x < -0.9 => TierOutcome::Rejected { reason: format!("low: {x:.2}") },
        x => passed(pair, x, &[]),
    };
    let relax: Run = |pair, _| passed(pair, pair.x.round(), &[("energy", pair.x), ("rough", pair.x.sin())]);
    // A finer model has another opinion of some.
    let finer: Run = |pair, _| match pair.label {
        label if label > 0.5 => passed(pair, pair.x, &[("energy", pair.x + 0.25)]),
        _ => passed(pair, pair.x, &[]),
    };
    vec![
        Box::new(Step("check", TierKind::Check, check)),
        Box::new(Step("relax", TierKind::Work, relax)),
        Box::new(Step("finer", TierKind::Work, finer)),
    ]
}

/// How often the objectives were evaluated.
type Calls = Arc<AtomicUsize>;

fn evaluation(funnel: Funnel, calls: &Calls) -> Evaluation<Pair> {
    let objective = |name: &'static str, needs, value: fn(&Pair, &Properties) -> Option<f64>| {
        let calls = Arc::clone(calls);
        let function = move |pair: &Pair, known: &Properties| {
            let missing =
                || ObjectiveError::MissingProperty { objective: name.into(), property: "energy".into() };
            let value = value(pair, known).ok_or_else(missing)?;
            calls.fetch_add(usize::from(needs != Needs::Properties), Ordering::Relaxed);
            Ok(value)
        };
        let objective = FnObjective::new(name, Goal::Minimise, "1", function).needing(needs);
        Box::new(objective) as Box<dyn Objective<Pair>>
    };
    Evaluation {
        tiers: tiers(),
        funnel,
        objectives: vec![
            objective("x", Needs::Refined, |pair, _| Some(pair.x)),
            objective("label", Needs::Identity, |pair, _| Some(pair.label)),
            objective("energy", Needs::Properties, |_, known| known.get("energy").copied()),
        ],
        limits: Vec::new(),
        novelty: None,
        batch: 3,
        notes: Vec::new(),
    }
}

fn tasks(pairs: &[(f64, f64)]) -> Vec<Task> {
    let task = |(number, &(label, x)): (usize, &(f64, f64))| Task {
        number: number as u64,
        design: serde_json::to_value(Pair { label, x }).unwrap(),
        known: BTreeMap::new(),
        values: BTreeMap::new(),
    };
    pairs.iter().enumerate().map(task).collect()
}

fn filters(bounds: &[(f64, f64)], audit: f64) -> Funnel {
    let filter = |(&name, &(min, width)): (&&str, &(f64, f64))| Filter {
        limit: Limit { name: name.to_owned(), min: Some(min), max: Some(min + width) },
        audit,
    };
    let filters = ["x", "label", "energy", "rough"].iter().zip(bounds).map(filter).collect();
    Funnel { seed: 3, filters, audit: 0.0 }
}

fn run_all(funnel: Funnel, tasks: &[Task]) -> (Vec<Outcome>, usize) {
    let calls = Calls::default();
    let untimed = |mut outcome: Outcome| {
        outcome.costs.clear();
        outcome.fresh.clear();
        outcome
    };
    let outcomes = evaluation(funnel, &calls).evaluate(tasks).into_iter().map(untimed).collect();
    (outcomes, calls.load(Ordering::Relaxed))
}

proptest! {
    #[test]
    fn filters_do_not_change_what_they_let_pass(
        pairs in prop::collection::vec((0.0..1.0_f64, -1.5..6.0_f64), 1..12),
        bounds in prop::collection::vec((-1.0..3.0_f64, 0.0..4.0_f64), 0..5),
        audit in prop::sample::select(vec![0.0, 0.5, 1.0]),
    ) {
        let tasks = tasks(&pairs);
        let (plain, _) = run_all(Funnel::default(), &tasks);
        let (filtered, calls) = run_all(filters(&bounds, audit), &tasks);
        // Two objectives that are not read from properties, each at most once for each candidate.
        prop_assert!(calls <= 2 * tasks.len());
        for (plain, filtered) in plain.iter().zip(&filtered) {
            if filtered.stage.as_ref().is_some_and(|stage| stage.starts_with("filter ")) {
                prop_assert!(audit < 1.0 && filtered.status == Status::Rejected);
                prop_assert!(filtered.reason.as_ref().unwrap().starts_with("filter: "));
                continue;
            }
            prop_assert!(audit > 0.0 || filtered.audited.is_empty());
            let mut expected = Outcome { audited: filtered.audited.clone(), ..plain.clone() };
            if plain.status != Status::Evaluated {
                // What a filter found out before stays known.
                expected.objectives = filtered.objectives.clone();
            }
            prop_assert_eq!(filtered, &expected);
        }
        // Each candidate by itself, as on other machines and in other batches.
        for (task, expected) in tasks.iter().zip(&filtered) {
            let (alone, _) = run_all(filters(&bounds, audit), std::slice::from_ref(task));
            prop_assert_eq!(&alone[0], expected);
        }
    }
}

fn filter(name: &str, max: f64, audit: f64) -> Filter {
    Filter { limit: Limit { name: name.into(), min: None, max: Some(max) }, audit }
}

#[test]
fn filters_act_as_early_as_they_can() {
    let calls = Calls::default();
    let filters = ["x", "energy", "label", "rough"].map(|name| filter(name, 0.2, 0.0)).into();
    let evaluation = evaluation(Funnel { filters, ..Funnel::default() }, &calls);
    let outcomes =
        evaluation.evaluate(&tasks(&[(0.9, -1.0), (0.1, 0.3), (0.1, 0.19), (0.1, -1.0), (0.1, 3.2)]));
    let ended: Vec<(Option<&str>, usize)> =
        outcomes.iter().map(|outcome| (outcome.stage.as_deref(), outcome.costs.len())).collect();
    assert_eq!(
        ended[..4],
        [(Some("filter label"), 0), (Some("filter energy"), 2), (None, 3), (Some("check"), 1)]
    );
    assert_eq!(outcomes[1].reason.as_deref(), Some("filter: energy 0.300 above 0.2"));
    assert_eq!(outcomes[1].objectives["energy"], 0.3);
    assert_eq!(ended[4], (Some("filter energy"), 2));
    let places: Vec<String> = evaluation.stages().into_iter().map(|stage| stage.name).collect();
    let expected = [
        "filter label",
        "check",
        "relax",
        "finer",
        "filter energy",
        "filter rough",
        "x",
        "filter x",
        "label",
        "energy",
    ];
    assert_eq!(places[..6], expected[..6]);
    assert_eq!(
        places.iter().position(|name| name == "filter x"),
        places.iter().position(|n| n == "x").map(|i| i + 1)
    );
    assert_eq!(evaluation.protocol().lines().filter(|line| line.starts_with("filter ")).count(), 4);
}

#[test]
fn values_that_never_come_are_outside() {
    let funnel = Funnel { filters: vec![filter("absent", 1.0, 0.0)], ..Funnel::default() };
    let (outcomes, _) = run_all(funnel, &tasks(&[(0.1, 0.0)]));
    assert_eq!(outcomes[0].reason.as_deref(), Some("filter: absent has no value"));
}

#[test]
fn checks_are_audited_when_asked_for() {
    let tasks = tasks(&[(0.1, -1.2), (0.1, 0.0)]);
    let (strict, _) = run_all(Funnel::default(), &tasks);
    assert_eq!(strict[0].stage.as_deref(), Some("check"));
    let (lenient, _) = run_all(Funnel { audit: 1.0, ..Funnel::default() }, &tasks);
    assert_eq!(
        (lenient[0].status, lenient[0].audited.as_slice()),
        (Status::Evaluated, &["check".to_owned()][..])
    );
    assert_eq!(lenient[1], strict[1]);
}

/// The walk of the other tests through filters of which half errs on purpose.
fn filtered(budget: u64) -> Pipeline<Number> {
    let mut pipeline = pipeline(budget);
    pipeline.evaluation.funnel.filters = vec![filter("raw", 0.8, 0.5), filter("near 2", 2.5, 0.5)];
    pipeline
}

#[test]
fn threads_and_stops_do_not_change_a_filtered_campaign() {
    let folder = |threads| {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::create(folder.path()).unwrap();
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| run(&mut filtered(40), &mut store, &mut Local, &Silent)).unwrap();
        finish(folder.path())
    };
    let (one, three) = (folder(1), folder(3));
    assert_eq!(one, three);
    let stopped = tempfile::tempdir().unwrap();
    let mut store = Store::create(stopped.path()).unwrap();
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        run(&mut filtered(40), &mut store, &mut Local, &StopAt(1))
    }));
    assert!(panicked.is_err());
    drop(store);
    run(&mut filtered(40), &mut Store::open(stopped.path()).unwrap(), &mut Local, &Silent).unwrap();
    assert_eq!(finish(stopped.path()), one);

    let (rows, _) = one;
    let by_filter =
        |row: &&CandidateRow| row.stage.as_ref().is_some_and(|stage| stage.starts_with("filter "));
    assert!(rows.iter().any(|row| by_filter(&row)));
    let audited: Vec<&CandidateRow> = rows.iter().filter(|row| !row.audited.is_empty()).collect();
    assert!(audited.iter().any(|row| row.status == Status::Evaluated && row.violation == Some(0.0)));
    assert!(audited.iter().any(by_filter), "another filter may still remove them");
}

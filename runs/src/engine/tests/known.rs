//! Evaluations that are known are not computed again, and change nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

/// [`Round`], counted by candidate.
struct Counted(Arc<AtomicUsize>);

impl Tier<Number> for Counted {
    fn name(&self) -> &str {
        Round.name()
    }
    fn protocol(&self) -> String {
        Round.protocol()
    }
    fn run(&self, items: &[(&Number, &Properties)]) -> Vec<TierOutcome<Number>> {
        self.0.fetch_add(items.len(), Ordering::Relaxed);
        Round.run(items)
    }
}

/// Counts its calls, and has a protocol.
struct Priced(Arc<AtomicUsize>);

impl Objective<Number> for Priced {
    fn name(&self) -> &str {
        "priced"
    }
    fn goal(&self) -> Goal {
        Goal::Minimise
    }
    fn unit(&self) -> &str {
        "1"
    }
    fn protocol(&self) -> Option<String> {
        Some("priced 1".into())
    }
    fn evaluate(&self, design: &Number, _: &Properties) -> Result<f64, ObjectiveError> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(design.0.cos())
    }
}

/// The campaign of the other tests with tiers and objectives that are counted; one candidate a batch.
struct Bench {
    rounds: Arc<AtomicUsize>,
    prices: Arc<AtomicUsize>,
}

impl Bench {
    fn new() -> Self {
        Self { rounds: Arc::default(), prices: Arc::default() }
    }

    fn pipeline(&self) -> Pipeline<Number> {
        let mut pipeline = pipeline(40);
        pipeline.evaluation.tiers = vec![Box::new(Counted(Arc::clone(&self.rounds)))];
        pipeline.evaluation.objectives.push(Box::new(Priced(Arc::clone(&self.prices))));
        pipeline.evaluation.batch = 1;
        pipeline
    }

    fn counts(&self) -> (usize, usize) {
        (self.rounds.load(Ordering::Relaxed), self.prices.load(Ordering::Relaxed))
    }
}

/// Stops the campaign by a panic after so many candidates.
struct StopAfter(AtomicUsize);

impl Observer for StopAfter {
    fn notice(&self, event: &Event<'_>) {
        if let Event::CandidateDone { .. } = event {
            let left = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1));
            assert!(left.is_ok(), "stopped");
        }
    }
}

#[test]
fn what_was_evaluated_before_a_stop_is_not_evaluated_again() {
    let whole = tempfile::tempdir().unwrap();
    let bench = Bench::new();
    run(&mut bench.pipeline(), &mut Store::create(whole.path()).unwrap(), &mut Local, &Silent).unwrap();
    for stop in [0, 1, 7, 16, 20, 33] {
        let folder = tempfile::tempdir().unwrap();
        let again = Bench::new();
        let mut store = Store::create(folder.path()).unwrap();
        let stopped = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let observer = StopAfter(AtomicUsize::new(stop));
            run(&mut again.pipeline(), &mut store, &mut Local, &observer)
        }));
        assert!(stopped.is_err(), "the campaign has more than {stop} candidates");
        drop(store);
        run(&mut again.pipeline(), &mut Store::open(folder.path()).unwrap(), &mut Local, &Silent).unwrap();
        // Costs say what was spent and what was saved: own evaluations taken back are spent.
        assert_eq!(finish(folder.path()), finish(whole.path()), "stopped after {stop}");
        assert_eq!(again.counts(), bench.counts(), "stopped after {stop}");
    }
}

#[test]
fn a_shared_file_saves_all_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cache.db");
    let campaign = |name: &str, bench: &Bench, cache| {
        let directory = folder.path().join(name);
        let mut pipeline = Pipeline { cache, ..bench.pipeline() };
        run(&mut pipeline, &mut Store::create(&directory).unwrap(), &mut Local, &Silent).unwrap();
        finish(&directory)
    };
    let (alone, first, second) = (Bench::new(), Bench::new(), Bench::new());
    let expected = campaign("alone", &alone, Cache::default());
    assert_eq!(campaign("first", &first, Cache::shared(10, &path).unwrap()), expected);
    assert_eq!(first.counts(), alone.counts());

    let (mut rows, steps) = campaign("second", &second, Cache::shared(10, &path).unwrap());
    assert_eq!(second.counts(), (0, 0), "all was known");
    assert!(rows.iter().flat_map(|row| &row.costs).all(|cost| cost.reused));
    let spent: Vec<bool> = expected.0.iter().flat_map(|row| &row.costs).map(|cost| cost.reused).collect();
    rows.iter_mut().flat_map(|row| &mut row.costs).zip(spent).for_each(|(cost, spent)| cost.reused = spent);
    assert_eq!((rows, steps), expected);

    // Other objectives, the same tier: what the tier found out about the first candidates is known.
    let other = Bench::new();
    let mut pipeline = Pipeline { cache: Cache::shared(10, &path).unwrap(), ..other.pipeline() };
    pipeline.evaluation.objectives.truncate(1);
    let mut store = Store::create(&folder.path().join("other")).unwrap();
    run(&mut pipeline, &mut store, &mut Local, &Silent).unwrap();
    let proposed = store.candidates().unwrap().len();
    assert!(other.counts().0 <= proposed - 16, "{:?} of {proposed}", other.counts());
}

#[test]
fn two_campaigns_at_once_share_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cache.db");
    let bench = Bench::new();
    let ends: Vec<_> = std::thread::scope(|scope| {
        let campaign = |name: &'static str| {
            let (folder, path, bench) = (folder.path(), &path, &bench);
            scope.spawn(move || {
                let mut pipeline = Pipeline { cache: Cache::shared(1000, path).unwrap(), ..bench.pipeline() };
                let mut store = Store::create(&folder.join(name)).unwrap();
                run(&mut pipeline, &mut store, &mut Local, &Silent).unwrap();
                let (mut rows, steps) = finish(&folder.join(name));
                rows.iter_mut().flat_map(|row| &mut row.costs).for_each(|cost| cost.reused = false);
                (rows, steps)
            })
        };
        let both = [campaign("a"), campaign("b")];
        both.map(|campaign| campaign.join().unwrap()).into()
    });
    assert_eq!(ends[0], ends[1]);
}

#[test]
fn a_damaged_file_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cache.db");
    let campaign = |name: &str| {
        let mut pipeline = Pipeline {
            cache: Cache::shared(10, &path).map_err(|error| error.to_string())?,
            ..Bench::new().pipeline()
        };
        let mut store = Store::create(&folder.path().join(name)).unwrap();
        run(&mut pipeline, &mut store, &mut Local, &Silent).map_err(|error| error.to_string())
    };
    campaign("good").unwrap();
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection.execute_batch("UPDATE evaluation SET value = substr(value, 1, 20);").unwrap();
    connection.pragma_update(None, "wal_checkpoint", "TRUNCATE").unwrap();
    drop(connection);
    let told = campaign("cut").unwrap_err();
    assert!(told.contains("cache.db' is damaged ("), "{told}");
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[4096..].fill(0xa5);
    std::fs::write(&path, &bytes).unwrap();
    let told = campaign("overwritten").unwrap_err();
    assert!(told.contains("cache.db' is damaged ("), "{told}");
}

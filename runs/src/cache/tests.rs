use druse_fitness::Tier;
use druse_fitness::relax::{CellFreedom, Guards, RelaxOptions, RelaxTier};
use druse_fitness::{Potential, PotentialError, Prediction, Properties, TierOutcome, Want};
use druse_representations::{Crystal, Lattice};
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::engine::{Evaluation, Task};

struct Named(&'static str);

impl Potential for Named {
    fn name(&self) -> &str {
        self.0
    }
    fn protocol(&self) -> String {
        self.0.to_owned()
    }
    fn weights_hash(&self) -> Option<&str> {
        None
    }
    fn evaluate(&self, crystals: &[&Crystal], _: Want) -> Vec<Result<Prediction, PotentialError>> {
        crystals.iter().map(|_| Err(PotentialError::Empty)).collect()
    }
}

/// Lets all pass.
struct Gate(&'static str, bool);

impl Tier<Crystal> for Gate {
    fn name(&self) -> &str {
        "gate"
    }
    fn protocol(&self) -> String {
        self.0.to_owned()
    }
    fn is_costly(&self) -> bool {
        false
    }
    fn only_rejects(&self) -> bool {
        self.1
    }
    fn run(&self, items: &[(&Crystal, &Properties)]) -> Vec<TierOutcome<Crystal>> {
        let pass = |(design, _): &(&Crystal, &Properties)| TierOutcome::Passed {
            design: (*design).clone(),
            properties: Properties::new(),
        };
        items.iter().map(pass).collect()
    }
}

fn evaluation(model: &'static str, options: RelaxOptions) -> Evaluation<Crystal> {
    let relax = RelaxTier::new(std::sync::Arc::new(Named(model)), options);
    Evaluation {
        tiers: vec![Box::new(Gate("open", true)), Box::new(relax)],
        objectives: Vec::new(),
        limits: Vec::new(),
        novelty: None,
        batch: 1,
        funnel: Default::default(),
        notes: Vec::new(),
    }
}

fn task(number: u64, edge: f64) -> Task {
    let design = Crystal::ordered(Lattice::cubic(edge), [("Po".parse().unwrap(), [0.0; 3])]);
    let design = serde_json::to_value(&design).unwrap();
    Task { number, design, known: Default::default(), values: Default::default() }
}

fn key(evaluation: &Evaluation<Crystal>, edge: f64) -> Key {
    Keys::of(evaluation).of_tasks(&[task(0, edge)])[0].tiers[&1]
}

fn options() -> impl Strategy<Value = RelaxOptions> {
    let cell = prop_oneof![
        Just(CellFreedom::Free),
        Just(CellFreedom::Hydrostatic),
        Just(CellFreedom::Fixed),
        any::<[bool; 6]>().prop_map(CellFreedom::Components),
    ];
    let guards = (0.1..2.0_f64, 0.1..0.9_f64, 1.1..3.0_f64, 1.0..99.0_f64, 0..50_usize).prop_map(
        |(min_distance, low, high, max_force, settling_steps)| Guards {
            min_distance,
            volume_ratio: [low, high],
            max_force,
            settling_steps,
        },
    );
    (0.001..1.0_f64, 1..900_usize, cell, -5.0..5.0_f64, 0.0..0.1_f64, any::<bool>(), guards).prop_map(
        |(fmax, steps, cell, pressure, symprec, leave_saddles, guards)| RelaxOptions {
            fmax,
            steps,
            cell,
            pressure,
            symprec,
            leave_saddles,
            guards,
        },
    )
}

proptest! {
    #[test]
    fn keys_differ_exactly_when_options_do(a in options(), b in options()) {
        let of = |options| key(&evaluation("a", options), 3.0);
        prop_assert_eq!(of(a), of(a));
        prop_assert_eq!(of(a) == of(b), a == b);
        // Each option alone.
        for one in [
            RelaxOptions { fmax: b.fmax, ..a },
            RelaxOptions { steps: b.steps, ..a },
            RelaxOptions { cell: b.cell, ..a },
            RelaxOptions { pressure: b.pressure, ..a },
            RelaxOptions { symprec: b.symprec, ..a },
            RelaxOptions { leave_saddles: b.leave_saddles, ..a },
            RelaxOptions { guards: b.guards, ..a },
        ] {
            prop_assert_eq!(of(a) == of(one), a == one);
        }
    }

    #[test]
    fn keys_follow_the_exact_numbers_of_a_design(edge in 2.0..9.0_f64) {
        let evaluation = evaluation("a", RelaxOptions::default());
        prop_assert_eq!(key(&evaluation, edge), key(&evaluation, edge));
        prop_assert_ne!(key(&evaluation, edge), key(&evaluation, edge.next_up()));
    }
}

#[test]
fn keys_follow_models_and_what_comes_before() {
    let options = RelaxOptions::default();
    let plain = key(&evaluation("a", options), 3.0);
    assert_ne!(plain, key(&evaluation("b", options), 3.0));
    let gated = |protocol, only_rejects| {
        let mut evaluation = evaluation("a", options);
        evaluation.tiers[0] = Box::new(Gate(protocol, only_rejects));
        key(&evaluation, 3.0)
    };
    assert_eq!(plain, gated("ajar", true), "what only rejects changes nothing for those that pass");
    assert_ne!(plain, gated("open", false));
    assert_ne!(gated("open", false), gated("ajar", false));
}

#[test]
fn in_batches_a_key_stands_for_the_whole_batch() {
    let keys = |batch, edges: &[f64]| {
        let evaluation = Evaluation { batch, ..evaluation("a", RelaxOptions::default()) };
        let tasks: Vec<Task> = edges.iter().zip(0..).map(|(&edge, number)| task(number, edge)).collect();
        let all = Keys::of(&evaluation).of_tasks(&tasks);
        all.iter().map(|keys| keys.tiers[&1]).collect::<Vec<_>>()
    };
    let (alone, pairs) = (keys(1, &[3.0, 4.0, 5.0]), keys(2, &[3.0, 4.0, 5.0]));
    assert_eq!(alone[..2], keys(1, &[3.0, 4.0]));
    assert_eq!(pairs[..2], keys(2, &[3.0, 4.0]));
    assert_ne!(pairs[0], keys(2, &[3.0, 5.0])[0]);
    assert!(alone.iter().zip(&pairs).all(|(x, y)| x != y));
}

#[test]
fn entries_come_back_and_tell_of_damage() {
    let result = json!({"design": [0.1, 1.0 / 3.0], "properties": {"energy": -3.123_456_789_012_345}});
    let packed = entry::pack(&result).unwrap();
    assert_eq!(entry::unpack::<serde_json::Value>(&packed).unwrap(), result);
    for place in 0..packed.len() {
        let mut flipped = packed.clone();
        flipped[place] ^= 8;
        if let Ok(found) = entry::unpack::<serde_json::Value>(&flipped) {
            // The header names a window size that nothing depends on.
            assert_eq!((found, place), (result.clone(), 0), "byte {place}");
        }
    }
}

#[test]
fn a_shared_file_is_created_once_and_read_by_all() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cache.db");
    let evaluation = evaluation("a", RelaxOptions::default());
    let keys: Vec<Key> = (0..40).map(|i| key(&evaluation, 3.0 + f64::from(i))).collect();
    std::thread::scope(|scope| {
        for half in keys.chunks(20) {
            let path = &path;
            scope.spawn(move || {
                let file = SharedFile::open(path).unwrap();
                for key in half {
                    file.add([(key, &b"value"[..])].into_iter()).unwrap();
                }
            });
        }
    });
    let file = SharedFile::open(&path).unwrap();
    assert!(keys.iter().all(|key| file.get(key).unwrap().as_deref() == Some(b"value")));
    file.add([(&keys[0], &b"another"[..])].into_iter()).unwrap();
    assert_eq!(file.get(&keys[0]).unwrap().as_deref(), Some(&b"value"[..]));
    assert_eq!(file.get(&key(&evaluation, 1.0)).unwrap(), None);
}

#[test]
fn other_files_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cache.db");
    let refusal = || SharedFile::open(&path).err().unwrap().to_string();
    std::fs::write(&path, "structures of mine\n".repeat(400)).unwrap();
    assert!(refusal().contains("cache.db' is no cache of druse"), "{}", refusal());
    assert!(std::fs::read_to_string(&path).unwrap().starts_with("structures"));
    std::fs::remove_file(&path).unwrap();
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("CREATE TABLE mine (x);").unwrap();
    assert!(refusal().contains("is no cache of druse"), "{}", refusal());
    other.execute_batch("DROP TABLE mine; VACUUM;").unwrap();
    drop(other);
    drop(SharedFile::open(&path).unwrap());
    let newer = rusqlite::Connection::open(&path).unwrap();
    newer.pragma_update(None, "user_version", 7).unwrap();
    assert!(refusal().contains("has cache format 7, this druse reads format 1"), "{}", refusal());
}

#[test]
fn evaluations_are_written_within_a_second_and_not_one_by_one() {
    let (sender, receiver) = std::sync::mpsc::channel();
    let mut written: Vec<Vec<u32>> = Vec::new();
    std::thread::scope(|scope| {
        let written = &mut written;
        let writer = scope.spawn(move || {
            gather(&receiver, |batch| {
                written.push(batch);
                Ok::<(), ()>(())
            })
        });
        for number in 0..100 {
            sender.send(vec![number]).unwrap();
        }
        drop(sender);
        writer.join().unwrap().unwrap();
    });
    assert!(written.len() <= 3, "{written:?}");
    assert_eq!(written.concat(), (0..100).collect::<Vec<_>>());
}

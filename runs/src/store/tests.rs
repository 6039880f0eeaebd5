use druse_generators::Lineage;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::ledger::{Basis, Energy};

fn candidate(number: u64) -> CandidateRow {
    CandidateRow {
        number,
        step: 0,
        content_id: format!("id{number}"),
        status: Status::Proposed,
        reason: None,
        stage: None,
        audited: Vec::new(),
        violation: None,
        lineage: Lineage::new("test", "random", vec![]),
        novelty: None,
        proposed: json!({"x": 0.1 + 0.2}),
        design: None,
        properties: Default::default(),
        objectives: Default::default(),
        measured: Default::default(),
        costs: vec![],
    }
}

fn evaluated(number: u64) -> CandidateRow {
    let mut done = candidate(number);
    done.status = Status::Evaluated;
    done.violation = Some(0.0);
    done.design = Some(json!({"x": 1.0 / 3.0}));
    done.properties.insert("energy_per_atom".into(), -1.0 / 7.0);
    done.objectives.insert("density".into(), 1e-300);
    done.costs.push(TierCost { tier: "relax".into(), seconds: 0.25, cpu: 0.125, reused: true });
    done
}

fn step(number: u64) -> StepRow {
    StepRow {
        step: number,
        evaluated: 1,
        front: 1,
        hypervolume: Some(0.5),
        seconds: 2.0,
        energy: Energy { joules: 3.0, basis: Basis::Measured },
    }
}

#[test]
fn rows_come_back_bit_for_bit() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::create(folder.path()).unwrap();
    store.record_proposals(&[candidate(0), candidate(1)], &json!({"next": 2}), &[json!([7, 8])]).unwrap();
    let (done, step) = (evaluated(1), step(0));
    store
        .record_step(std::slice::from_ref(&done), &step, &json!({"next": 2, "learnt": true}), &[json!([9])])
        .unwrap();
    drop(store);

    let store = Store::read(folder.path()).unwrap();
    assert_eq!(store.candidates().unwrap(), vec![candidate(0), done]);
    assert_eq!(store.steps().unwrap(), vec![step]);
    assert_eq!(store.generator_state().unwrap(), Some(json!({"next": 2, "learnt": true})));
    assert_eq!(journal(&store).unwrap(), [json!([7, 8]), json!([9])]);
    assert_eq!(store.candidate(1).unwrap().unwrap().number, 1);
    assert_eq!((store.candidate(2).unwrap(), store.candidate_count().unwrap()), (None, 2));
}

fn journal(store: &Store) -> Result<Vec<Value>, StoreError> {
    let mut entries = Vec::new();
    store.for_each_journal_entry(|entry| -> Result<(), StoreError> {
        entries.push(entry);
        Ok(())
    })?;
    Ok(entries)
}

#[test]
fn measured_values_wait_until_they_are_taken() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::create(folder.path()).unwrap();
    store.record_proposals(&[candidate(0), candidate(1)], &json!({}), &[]).unwrap();
    let row = |number, value| MeasurementRow {
        number,
        name: "gap".into(),
        value,
        source: "laboratory".into(),
        step: None,
    };
    store.record_measurements(&[row(1, 0.1), row(0, 1.0 / 3.0)]).unwrap();
    assert_eq!(store.measurements().unwrap(), [row(0, 1.0 / 3.0), row(1, 0.1)]);
    store.take_measurements(4, &json!({"learnt": 2}), &[]).unwrap();
    store.record_measurements(&[row(1, 0.2)]).unwrap();
    let expected = [MeasurementRow { step: Some(4), ..row(0, 1.0 / 3.0) }, row(1, 0.2)];
    assert_eq!(store.measurements().unwrap(), expected);
    assert_eq!(store.generator_state().unwrap(), Some(json!({"learnt": 2})));
    // A candidate that is none: nothing of the batch is recorded.
    assert!(store.record_measurements(&[row(0, 9.0), row(7, 1.0)]).is_err());
    assert_eq!(store.measurements().unwrap(), expected);
}

#[test]
fn two_engines_are_kept_apart() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::create(folder.path()).unwrap();
    let Err(error) = Store::open(folder.path()) else { panic!("opened twice") };
    assert!(error.to_string().contains(&format!("process {}", std::process::id())), "{error}");
    assert!(Store::read(folder.path()).is_ok());
    drop(store);
    assert!(Store::open(folder.path()).is_ok());
    assert!(matches!(Store::create(folder.path()), Err(StoreError::AlreadyThere(_))));
}

#[test]
fn another_format_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::create(folder.path()).unwrap();
    store.connection.pragma_update(None, "user_version", 99).unwrap();
    drop(store);
    assert!(matches!(Store::open(folder.path()), Err(StoreError::Format { found: 99, .. })));
    assert!(matches!(Store::read(&folder.path().join("none")), Err(StoreError::NoCampaign(_))));
}

/// The tables of format 1 as they were.
const FORMAT_1: &str = "
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE candidate (
    number     INTEGER PRIMARY KEY,
    step       INTEGER NOT NULL,
    content_id TEXT NOT NULL,
    status     TEXT NOT NULL CHECK (status IN ('proposed', 'evaluated', 'duplicate', 'rejected', 'failed')),
    reason     TEXT,
    violation  REAL,
    lineage    TEXT NOT NULL,
    novelty    TEXT,
    proposed   TEXT NOT NULL,
    design     TEXT
);
CREATE TABLE property (
    number INTEGER NOT NULL REFERENCES candidate (number),
    name   TEXT NOT NULL,
    value  REAL NOT NULL,
    PRIMARY KEY (number, name)
) WITHOUT ROWID;
CREATE TABLE objective (
    number INTEGER NOT NULL REFERENCES candidate (number),
    name   TEXT NOT NULL,
    value  REAL NOT NULL,
    PRIMARY KEY (number, name)
) WITHOUT ROWID;
CREATE TABLE tier_cost (
    number  INTEGER NOT NULL REFERENCES candidate (number),
    tier    TEXT NOT NULL,
    seconds REAL NOT NULL,
    PRIMARY KEY (number, tier)
) WITHOUT ROWID;
CREATE TABLE step (
    step        INTEGER PRIMARY KEY,
    evaluated   INTEGER NOT NULL,
    front       INTEGER NOT NULL,
    hypervolume REAL,
    seconds     REAL NOT NULL,
    joules      REAL NOT NULL,
    basis       TEXT NOT NULL
);
INSERT INTO meta VALUES ('name', 'old'), ('generator_state', '{\"next\":2}');
INSERT INTO candidate VALUES
    (0, 0, 'id0', 'proposed', NULL, NULL, '{\"generator\":\"test\",\"operator\":\"random\",\"parents\":[]}',
     NULL, '{\"x\":0.30000000000000004}', NULL),
    (1, 0, 'id1', 'evaluated', NULL, 0.0, '{\"generator\":\"test\",\"operator\":\"random\",\"parents\":[]}',
     NULL, '{\"x\":0.30000000000000004}', '{\"x\":0.3333333333333333}');
INSERT INTO property VALUES (1, 'energy_per_atom', -0.14285714285714285);
INSERT INTO objective VALUES (1, 'density', 1e-300);
INSERT INTO tier_cost VALUES (1, 'relax', 0.25);
INSERT INTO step VALUES (0, 1, 1, 0.5, 2.0, 3.0, 'measured');
PRAGMA user_version = 1;
";

#[test]
fn a_store_of_format_1_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join(DATABASE);
    let connection = Connection::open(&database).unwrap();
    connection.pragma_update(None, "journal_mode", "WAL").unwrap();
    connection.execute_batch(FORMAT_1).unwrap();
    drop(connection);

    let store = Store::read(folder.path()).unwrap();
    let mut done = evaluated(1);
    (done.costs[0].cpu, done.costs[0].reused) = (0.0, false);
    assert_eq!(store.candidates().unwrap(), vec![candidate(0), done]);
    assert_eq!(store.steps().unwrap(), vec![step(0)]);
    assert_eq!(store.meta("name").unwrap().as_deref(), Some("old"));
    drop(store);
    let mut store = Store::open(folder.path()).unwrap();
    store.record_step(&[evaluated(0)], &step(1), &json!({}), &[json!(1)]).unwrap();
    assert_eq!((store.steps().unwrap().len(), journal(&store).unwrap().len()), (2, 1));
}

/// A store with some content: some pages, all tables.
fn filled(folder: &Path) {
    let mut store = Store::create(folder).unwrap();
    store.set_meta("name", "filled").unwrap();
    for number in 0..6 {
        let rows: Vec<CandidateRow> = (10 * number..10 * number + 10).map(candidate).collect();
        store.record_proposals(&rows, &json!({"next": number}), &[json!(["key", number])]).unwrap();
        let rows: Vec<CandidateRow> = rows[1..].iter().map(|row| evaluated(row.number)).collect();
        store.record_step(&rows, &step(number), &json!({"next": number}), &[]).unwrap();
    }
}

/// All that a store says.
type Content = (Vec<CandidateRow>, Vec<StepRow>, Option<Value>, Vec<Value>, Option<String>);

fn content(folder: &Path) -> Result<Content, StoreError> {
    let store = Store::read(folder)?;
    let state = store.generator_state()?;
    Ok((store.candidates()?, store.steps()?, state, journal(&store)?, store.meta("name")?))
}

/// A copy of a campaign folder with one file changed.
fn with(original: &Path, file: &str, change: impl FnOnce(&mut Vec<u8>)) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(original).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, folder.path().join(path.file_name().unwrap())).unwrap();
    }
    let path = folder.path().join(file);
    let mut bytes = std::fs::read(&path).unwrap();
    change(&mut bytes);
    std::fs::write(path, bytes).unwrap();
    folder
}

#[test]
fn damage_is_an_error_that_names_the_file() {
    let original = tempfile::tempdir().unwrap();
    filled(original.path());
    type Change = fn(&mut Vec<u8>);
    // Everywhere: pages keep old versions of rows that nobody reads.
    let flip_value: Change = |bytes| {
        let needle = b"0.30000000000000004";
        for place in 0..bytes.len() - needle.len() {
            if bytes[place..].starts_with(needle) {
                bytes[place + 3] ^= 1;
            }
        }
    };
    let changes: [Change; 5] = [
        |bytes| bytes.clear(),
        |bytes| bytes.truncate(100),
        |bytes| bytes.truncate(bytes.len() / 2),
        |bytes| bytes[3] ^= 4,
        flip_value,
    ];
    for (i, change) in changes.into_iter().enumerate() {
        let folder = with(original.path(), DATABASE, change);
        let before = std::fs::read(folder.path().join(DATABASE)).unwrap();
        let error = content(folder.path()).map(drop).unwrap_err().to_string();
        let named = error.starts_with(&format!("'{}'", folder.path().join(DATABASE).display()));
        assert!(named && error.contains("Nothing was changed"), "{i}: {error}");
        let opened = Store::open(folder.path()).and_then(|store| store.candidates().map(drop));
        assert!(opened.is_err(), "{i}: {opened:?}");
        assert_eq!(std::fs::read(folder.path().join(DATABASE)).unwrap(), before, "{i}");
    }
}

#[test]
fn changes_that_are_not_in_the_database_yet_count() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::create(folder.path()).unwrap();
    store.record_proposals(&[candidate(0)], &json!({}), &[]).unwrap();
    // A copy of the files of a process that was killed.
    let copy = with(folder.path(), LOCK, |_| {});
    assert!(copy.path().join("campaign.db-wal").metadata().unwrap().len() > 0);
    assert_eq!(Store::read(copy.path()).unwrap().candidates().unwrap(), vec![candidate(0)]);
    assert!(copy.path().join("campaign.db-wal").metadata().unwrap().len() > 0, "readers change nothing");
    // The shared memory is made again.
    std::fs::remove_file(copy.path().join("campaign.db-shm")).unwrap();
    std::fs::write(copy.path().join(LOCK), "").unwrap();
    assert_eq!(Store::open(copy.path()).unwrap().candidates().unwrap(), vec![candidate(0)]);
    assert!(!copy.path().join("campaign.db-wal").exists(), "they are in the database now");
}

/// A key that a flipped bit hides is no value that was never there.
#[test]
fn hidden_keys_are_told() {
    let folder = tempfile::tempdir().unwrap();
    filled(folder.path());
    for key in ["generator_state", "name"] {
        let damaged = with(folder.path(), DATABASE, |bytes| {
            let places: Vec<usize> =
                (0..bytes.len()).filter(|&i| bytes[i..].starts_with(key.as_bytes())).collect();
            places.into_iter().for_each(|place| bytes[place] ^= 1);
        });
        assert!(content(damaged.path()).is_err(), "{key}");
    }
}

/// Neither is a value on a page whose number of rows lost a bit.
#[test]
fn hidden_rows_of_a_page_are_told() {
    let folder = tempfile::tempdir().unwrap();
    filled(folder.path());
    let store = Store::read(folder.path()).unwrap();
    let count = |sql: &str| store.connection.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap() as u64;
    let [root, size] =
        ["SELECT rootpage FROM sqlite_schema WHERE name = 'meta'", "PRAGMA page_size"].map(count);
    let rows = count("SELECT count(*) FROM meta");
    drop(store);
    // The number of rows of a page, two bytes big-endian, follows its kind and its first free block.
    let place = ((root - 1) * size) as usize + 4;
    for lost in 1..=rows {
        let damaged = with(folder.path(), DATABASE, |bytes| {
            assert_eq!(u64::from(bytes[place]), rows);
            bytes[place] -= lost as u8;
        });
        // Where the version is among the hidden ones, it is told at once.
        let Ok(store) = Store::read(damaged.path()) else { continue };
        assert!(store.meta("name").is_ok_and(|name| name.is_some()) || store.meta("name").is_err(), "{lost}");
        assert!(store.meta("zzz").is_err() && content(damaged.path()).is_err(), "{lost}");
    }
}

/// Stores from before values of the campaign were counted.
#[test]
fn values_that_were_never_counted_are_read() {
    let folder = tempfile::tempdir().unwrap();
    filled(folder.path());
    let connection = rusqlite::Connection::open(folder.path().join(DATABASE)).unwrap();
    let extent = Extent { meta: None, ..Extent::read(&connection).unwrap() };
    write::set_meta(&connection, EXTENT, &extent.to_json()).unwrap();
    connection.close().unwrap();
    let store = Store::open(folder.path()).unwrap();
    assert_eq!(store.meta("color").unwrap(), None);
    store.set_meta("color", "red").unwrap();
    assert!(Extent::read(&store.connection).unwrap().meta.is_some_and(|count| count >= 3));
    store.remove_meta("color").unwrap();
    assert_eq!(store.meta("color").unwrap(), None);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever a flipped bit hits, the store says the same as before or that it is damaged.
    #[test]
    fn flipped_bits_never_change_what_is_said(place in any::<prop::sample::Index>(), bit in 0..8_u32) {
        static ORIGINAL: std::sync::LazyLock<(tempfile::TempDir, Content)> = std::sync::LazyLock::new(|| {
            let folder = tempfile::tempdir().unwrap();
            filled(folder.path());
            let content = content(folder.path()).unwrap();
            (folder, content)
        });
        let (original, expected) = &*ORIGINAL;
        let damaged = with(original.path(), DATABASE, |bytes| {
            let place = place.index(bytes.len());
            bytes[place] ^= 1 << bit;
        });
        if let Ok(found) = content(damaged.path()) {
            prop_assert_eq!(&found, expected);
        }
    }
}

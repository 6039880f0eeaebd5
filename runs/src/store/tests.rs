use druse_generators::Lineage;
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
        violation: None,
        lineage: Lineage { generator: "test".into(), operator: "random".into(), parents: vec![] },
        novelty: None,
        proposed: json!({"x": 0.1 + 0.2}),
        design: None,
        properties: Default::default(),
        objectives: Default::default(),
        costs: vec![],
    }
}

#[test]
fn rows_come_back_bit_for_bit() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::create(folder.path()).unwrap();
    store.record_proposals(&[candidate(0), candidate(1)], &json!({"next": 2})).unwrap();
    let mut done = candidate(1);
    done.status = Status::Evaluated;
    done.violation = Some(0.0);
    done.design = Some(json!({"x": 1.0 / 3.0}));
    done.properties.insert("energy_per_atom".into(), -1.0 / 7.0);
    done.objectives.insert("density".into(), 1e-300);
    done.costs.push(TierCost { tier: "relax".into(), seconds: 0.25 });
    let step = StepRow {
        step: 0,
        evaluated: 1,
        front: 1,
        hypervolume: Some(0.5),
        seconds: 2.0,
        energy: Energy { joules: 3.0, basis: Basis::Measured },
    };
    store.record_step(&[done.clone()], &step, &json!({"next": 2, "learnt": true})).unwrap();
    drop(store);

    let store = Store::read(folder.path()).unwrap();
    assert_eq!(store.candidates().unwrap(), vec![candidate(0), done]);
    assert_eq!(store.steps().unwrap(), vec![step]);
    assert_eq!(store.generator_state().unwrap(), Some(json!({"next": 2, "learnt": true})));
}

#[test]
fn two_engines_are_kept_apart() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::create(folder.path()).unwrap();
    assert!(matches!(Store::open(folder.path()), Err(StoreError::Locked(_))));
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

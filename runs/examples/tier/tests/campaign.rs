//! The program on its campaign.

#[path = "../../support/end_to_end.rs"]
mod end_to_end;

const PROGRAM: &str = env!("CARGO_BIN_EXE_druse-example-tier");

#[test]
fn the_campaign_runs_with_the_tier() {
    let candidates = end_to_end::ends_alike_after_a_kill_and_by_workers(PROGRAM);
    assert!(candidates.len() >= 40);
    assert!(candidates.iter().all(|candidate| candidate["packing"].as_f64().unwrap() >= 0.2));
}

//! The program on its campaign.

#[path = "../../support/end_to_end.rs"]
mod end_to_end;

const PROGRAM: &str = env!("CARGO_BIN_EXE_druse-example-representation");

#[test]
fn the_campaign_runs_on_the_representation() {
    let candidates = end_to_end::ends_alike_after_a_kill_and_by_workers(PROGRAM);
    let by = |name: &str| candidates.iter().filter(|candidate| candidate["generator"] == name).count();
    assert_eq!(by("nsga2/layers") + by("random/layers"), candidates.len());
    assert!(by("random/layers") > 0);
    assert!(candidates.iter().any(|candidate| candidate["operator"] == "stack on top"));
}

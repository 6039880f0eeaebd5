//! The program on its campaign.

#[path = "../../support/end_to_end.rs"]
mod end_to_end;

const PROGRAM: &str = env!("CARGO_BIN_EXE_druse-example-generator");

#[test]
fn the_campaign_runs_with_the_generator() {
    let candidates = end_to_end::ends_alike_after_a_kill_and_by_workers(PROGRAM);
    let own = candidates.iter().filter(|candidate| candidate["generator"] == "halides").count();
    assert!(own >= 24 && own < candidates.len(), "{own} of {}", candidates.len());
}

#[test]
fn a_mistyped_option_is_told_before_anything_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("campaign.toml");
    let text = std::fs::read_to_string(end_to_end::campaign()).unwrap();
    std::fs::write(&file, text.replace("stretch = 0.1", "strech = 0.1")).unwrap();
    let out = folder.path().join("out");
    let output = std::process::Command::new(PROGRAM).arg("run").arg(&file).arg("--out").arg(&out).output();
    let output = output.unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(
        said.contains(
            "the plug-in generator 'halides' cannot be used: generator.options: unknown field `strech`"
        ),
        "{said}"
    );
    assert!(!out.exists());
}

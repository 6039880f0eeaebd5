//! The program on its campaign.

#[path = "../../support/end_to_end.rs"]
mod end_to_end;

const PROGRAM: &str = env!("CARGO_BIN_EXE_druse-example-objective");

#[test]
fn the_campaign_runs_with_the_objectives() {
    let candidates = end_to_end::ends_alike_after_a_kill_and_by_workers(PROGRAM);
    assert!(candidates.len() >= 40);
    for candidate in candidates {
        assert!(candidate["volume_per_atom"].as_f64().unwrap() > 1.0);
        assert!(candidate["coordination"].as_f64().unwrap() >= 1.0);
    }
}

#[test]
fn the_objectives_score_files_and_stand_in_the_help() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("salt.jsonl");
    let line = r#"{"id": "salt", "cell": [3.988, 3.988, 3.988, 60, 60, 60], "species": ["Na", "Cl"], "frac": [[0, 0, 0], [0.5, 0.5, 0.5]]}"#;
    std::fs::write(&file, line).unwrap();
    let names = "volume_per_atom,coordination,density";
    let text = end_to_end::succeed(
        PROGRAM,
        &["score", &file.display().to_string(), "--objectives", names, "--json", "-"],
    );
    let values: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert!((values[0]["volume_per_atom"].as_f64().unwrap() - 22.42).abs() < 0.01, "{text}");
    assert_eq!(values[0]["coordination"], 6.0);
    assert_eq!(values[0]["units"]["volume_per_atom"], "Å^3");
    let help = end_to_end::succeed(PROGRAM, &["score", "--help"]);
    assert!(help.contains("volume_per_atom (Å^3, low is good)"), "{help}");
    let version = end_to_end::succeed(PROGRAM, &["--version"]);
    assert_eq!(version.trim(), concat!("druse-example-objective ", env!("CARGO_PKG_VERSION")));
}

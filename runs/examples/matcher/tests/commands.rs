//! The program on structures.

use std::process::Command;

use serde_json::Value;

const PROGRAM: &str = env!("CARGO_BIN_EXE_druse-example-matcher");

/// Rock salt and the arrangement of caesium chloride, at nearly the same volume.
const STRUCTURES: &str = r#"{"id": "salt", "cell": [3.988, 3.988, 3.988, 60, 60, 60], "species": ["Na", "Cl"], "frac": [[0, 0, 0], [0.5, 0.5, 0.5]]}
{"id": "other", "cell": [3.55, 3.55, 3.55, 90, 90, 90], "species": ["Na", "Cl"], "frac": [[0, 0, 0], [0.5, 0.5, 0.5]]}
"#;

fn values(arguments: &[&str]) -> Value {
    let output = Command::new(PROGRAM).args(arguments).args(["--json", "-"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn match_and_audit_know_the_matcher() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    std::fs::write(path("both.jsonl"), STRUCTURES).unwrap();
    for (name, line) in ["salt.jsonl", "other.jsonl"].iter().zip(STRUCTURES.lines()) {
        std::fs::write(path(name), line).unwrap();
    }
    let compare = |matcher: &str| {
        values(&["match", &path("salt.jsonl"), &path("other.jsonl"), "--matcher", matcher])[0]["match"]
            .clone()
    };
    assert_eq!(compare("volume"), true);
    assert_eq!(compare("leak-safe"), false);
    let audit =
        values(&["audit", &path("other.jsonl"), "--reference", &path("salt.jsonl"), "--matcher", "volume"]);
    assert_eq!(audit[0]["nearest_id"], "salt", "{audit}");
    assert!(audit[0]["verdict"].as_str().unwrap().contains("duplicate"), "{audit}");

    let output = Command::new(PROGRAM).args(["match", "a", "b", "--matcher", "volum"]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2));
    assert!(said.contains("volume"), "{said}");
}

//! What every example does in its test: it runs its campaign, and goes on after a kill to the same end.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

/// The campaign file of the example.
pub fn campaign() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("campaign.toml")
}

/// Runs a command that has to succeed and gives its standard output.
pub fn succeed(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?} failed:\n{said}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The summary of a campaign.
pub fn summary(program: &str, folder: &Path) -> Value {
    let text = succeed(program, &["show", &folder.display().to_string(), "--json", "-"]);
    serde_json::from_str(&text).unwrap()
}

/// All evaluated candidates of a campaign, one to a line.
fn candidates(program: &str, folder: &Path) -> String {
    let to = folder.with_extension("exported");
    let (from, into) = (folder.display().to_string(), to.display().to_string());
    succeed(program, &["export", &from, "--format", "jsonl", "--candidates", "evaluated", "--to", &into]);
    fs::read_to_string(to.join("candidates.jsonl")).unwrap()
}

/// Workers of this very program, one unit after the other.
const WORKERS: &str = r#"
[files]
unit = 8
launch = '''
for units in $(echo "$DRUSE_UNITS" | tr ',' ' '); do
    for unit in $(seq "${units%-*}" "${units#*-}"); do
        "$DRUSE_PROGRAM" worker --campaign "$DRUSE_CAMPAIGN" --unit "$unit" || exit 1
    done
done'''
"#;

/// Runs the campaign of the example once through, once more with a kill in the middle, and once by
/// workers. Gives the evaluated candidates.
pub fn ends_alike_after_a_kill_and_by_workers(program: &str) -> Vec<Value> {
    let folder = tempfile::tempdir().unwrap();
    let (whole, killed) = (folder.path().join("whole"), folder.path().join("killed"));
    let file = campaign().display().to_string();
    succeed(program, &["run", &file, "--out", &whole.display().to_string(), "--threads", "2"]);
    assert!(!summary(program, &whole)["front"].as_array().unwrap().is_empty());
    let expected = candidates(program, &whole);

    let mut command = Command::new(program);
    command.args(["run", &file, "--threads", "1", "--out"]).arg(&killed);
    let mut child = command.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().starts_with("step 0")), "it ended before its first step");
    child.kill().unwrap();
    child.wait().unwrap();
    succeed(program, &["resume", &killed.display().to_string()]);
    assert!(candidates(program, &killed) == expected, "the end after a kill is another");

    // Files that the campaign names stand beside it.
    for entry in fs::read_dir(env!("CARGO_MANIFEST_DIR")).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_file() {
            fs::copy(entry.path(), folder.path().join(entry.file_name())).unwrap();
        }
    }
    let (spread, text) = (folder.path().join("spread"), folder.path().join("campaign.toml"));
    fs::write(&text, fs::read_to_string(campaign()).unwrap() + WORKERS).unwrap();
    let (text, out) = (text.display().to_string(), spread.display().to_string());
    succeed(program, &["run", &text, "--executor", "files", "--out", &out]);
    assert!(candidates(program, &spread) == expected, "workers come to another end");
    expected.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

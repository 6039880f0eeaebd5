//! Programs in other languages in a campaign: the examples run, the same on any number of threads and
//! after a kill, and a program that misbehaves costs its candidates a recorded failure and nothing else.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use druse_tests::{contents, druse, run, succeed, workspace};
use serde_json::Value;

fn examples() -> PathBuf {
    workspace().join("runs/examples/programs")
}

fn start(out: &Path, threads: u16) -> Command {
    let mut command = druse();
    command.arg("run").arg(examples().join("programs.toml")).arg("--out").arg(out);
    command.args(["--threads", &threads.to_string()]);
    command
}

/// All candidates that a campaign holds.
fn candidates(folder: &Path, which: &str) -> Vec<String> {
    let all = tempfile::tempdir().unwrap();
    let mut export = druse();
    export
        .arg("export")
        .arg(folder)
        .args(["--format", "jsonl", "--candidates", which, "--to"])
        .arg(all.path());
    succeed(&mut export);
    let files = contents(all.path());
    let text = files.values().map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    text.flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>()).collect()
}

#[test]
fn the_examples_run_alike_on_any_number_of_threads_and_after_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two, killed) =
        (folder.path().join("one"), folder.path().join("two"), folder.path().join("killed"));
    succeed(&mut start(&one, 1));
    succeed(&mut start(&two, 2));
    let expected = candidates(&one, "evaluated");
    assert!(expected.len() >= 60);
    assert!(expected.iter().any(|line| line.contains("\"operator\":\"rock salt\"")));
    assert!(expected.iter().all(|line| line.contains("\"packing\":")));
    assert_eq!(candidates(&two, "evaluated"), expected);

    let mut child = start(&killed, 2).stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().starts_with("step 0")), "it ended before its first step");
    child.kill().unwrap();
    child.wait().unwrap();
    // From another folder: the words of the command that name files are found all the same.
    succeed(druse().arg("resume").arg(&killed).current_dir(folder.path()));
    assert_eq!(candidates(&killed, "evaluated"), expected);
}

/// A campaign whose objective is this program.
fn campaign(folder: &Path, program: &str) -> PathBuf {
    std::fs::write(folder.join("judge.py"), program).unwrap();
    let file = folder.join("campaign.toml");
    let text = r#"
campaign = { name = "bad", budget = 12, population = 12, seed = 1 }
space = { elements = ["Na", "K", "Cl"], atoms = [2, 6] }
generator = [{ kind = "random" }]
objective = [{ name = "judge", type = "process", goal = "minimise", timeout = 2, attempts = 1,
               command = ["python3", "judge.py"] }]
"#;
    std::fs::write(&file, text).unwrap();
    file
}

const BAD: &str = r#"
import json, sys, time
for line in sys.stdin:
    request = json.loads(line)
    answer = {"request": request["request"]}
    if request["ask"] == "hello":
        answer.update(name="bad", version="1")
    else:
        design = request["candidates"][0]["design"]
        kind = int(1000 * abs(design["frac"][-1][0] + design["lattice"][0][0])) % 5
        if kind == 0: time.sleep(60)
        if kind == 1: sys.exit("dead")
        if kind == 2: print("garbage", flush=True)
        answer["results"] = [{"value": float("nan") if kind == 3 else 1.0}]
    print(json.dumps(answer), flush=True)
"#;

#[test]
fn a_program_that_misbehaves_costs_its_candidates_only() {
    let folder = tempfile::tempdir().unwrap();
    let file = campaign(folder.path(), BAD);
    let out = folder.path().join("out");
    succeed(druse().arg("run").arg(&file).arg("--out").arg(&out));
    let rejected = std::fs::read_to_string(out.join("rejected.csv")).unwrap();
    let good = candidates(&out, "evaluated");
    assert!(good.len() >= 12);
    for line in good {
        let candidate: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(candidate["judge"], 1.0);
    }
    for reason in ["no answer within 2 s", "dead", "answered 'garbage'", "NaN"] {
        assert!(rejected.contains(reason), "{reason} is not among\n{rejected}");
    }
}

#[test]
fn a_program_that_does_not_start_is_an_error_of_the_campaign_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = campaign(folder.path(), "import sys\nsys.exit('no such module')\n");
    let output = run(druse().arg("run").arg(&file).arg("--out").arg(folder.path().join("out")));
    assert_eq!(output.status.code(), Some(2));
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(text.contains("ended without an answer; it said: no such module"), "{text}");
    assert!(!folder.path().join("out").exists());
}

/// The example with ASE runs where ASE is installed.
#[test]
fn the_example_with_ase() {
    let python = std::env::var("DRUSE_PEER_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let has_ase = Command::new(&python).args(["-c", "import ase"]).output();
    if !has_ase.is_ok_and(|output| output.status.success()) {
        println!("skipped: {python} has no ase");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = campaign(folder.path(), "");
    let script = examples().join("with_ase.py");
    let text = std::fs::read_to_string(&file).unwrap().replace("timeout = 2", "timeout = 60");
    let text = text.replace("judge.py", &script.display().to_string()).replace("python3", &python);
    std::fs::write(&file, text).unwrap();
    let out = folder.path().join("out");
    succeed(druse().arg("run").arg(&file).arg("--out").arg(&out));
    assert!(candidates(&out, "evaluated").len() >= 12);
}

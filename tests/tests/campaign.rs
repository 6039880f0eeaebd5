//! The small campaign from end to end: the same result on any number of threads and after a kill,
//! constraints kept, files that read back, nothing overwritten.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use druse::representations::io::{Record, read_path};
use druse_tests::{contents, druse, run, succeed, workspace};
use serde_json::Value;

fn small() -> PathBuf {
    workspace().join("runs/campaigns/small.toml")
}

fn start(out: &Path, threads: u16) -> Command {
    let mut command = druse();
    command.arg("run").arg(small()).arg("--out").arg(out).args(["--threads", &threads.to_string()]);
    command
}

/// Everything that a campaign hands on: its front, its table, all evaluated structures, the summary.
fn results(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let all = tempfile::tempdir().unwrap();
    let show = druse().arg("show").arg(folder).args(["--json", "-"]).output().unwrap();
    succeed(
        druse()
            .arg("export")
            .arg(folder)
            .args(["--format", "jsonl", "--candidates", "evaluated", "--to"])
            .arg(all.path()),
    );
    let mut files = contents(all.path());
    files.extend(contents(&folder.join("pareto")));
    for name in ["pareto.csv", "campaign.toml"] {
        files.insert(name.into(), std::fs::read(folder.join(name)).unwrap());
    }
    files.insert("summary".into(), show.stdout);
    files
}

/// An uninterrupted run on two threads, shared by the tests.
fn whole() -> &'static Path {
    static FOLDER: OnceLock<tempfile::TempDir> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let screen = succeed(&mut start(&folder.path().join("campaign"), 2));
        assert!(screen.contains("Pareto front"), "{screen}");
        folder
    });
    Box::leak(folder.path().join("campaign").into_boxed_path())
}

fn assert_same(found: &Path) {
    let (found, expected) = (results(found), results(whole()));
    assert!(found.keys().eq(expected.keys()), "{:?} {:?}", found.keys(), expected.keys());
    for (name, bytes) in &expected {
        let (found, expected) = (String::from_utf8_lossy(&found[name]), String::from_utf8_lossy(bytes));
        assert_eq!(found, expected, "{}", name.display());
    }
}

#[test]
fn one_thread_gives_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("again");
    succeed(&mut start(&out, 1));
    assert_same(&out);
}

#[test]
fn a_killed_campaign_resumes_to_the_same_end() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("killed");
    let mut child = start(&out, 2).stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    assert!(
        lines.any(|line| line.unwrap().starts_with("step 0")),
        "the campaign ended before its first step"
    );
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!out.join("pareto").exists(), "killed too late to prove anything");
    succeed(druse().arg("resume").arg(&out));
    assert_same(&out);
    // Resuming what is done changes nothing.
    succeed(druse().arg("resume").arg(&out));
    assert_same(&out);
}

#[test]
fn a_full_disk_stops_the_campaign_and_resuming_finishes_it() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("full");
    let command = start(&out, 2);
    // A limit on file sizes whose signal is ignored makes writes fail as a full disk does.
    let mut shell = Command::new("bash");
    shell.args(["-c", "trap '' XFSZ; ulimit -f 96; exec \"$0\" \"$@\""]);
    shell.arg(command.get_program()).args(command.get_args());
    let output = run(&mut shell);
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("cannot use the campaign store: ") && text.contains("Is the disk full?"), "{text}");
    assert!(!out.join("pareto").exists());
    succeed(druse().arg("resume").arg(&out));
    assert_same(&out);
}

#[test]
fn every_format_carries_the_values_along() {
    let folder = tempfile::tempdir().unwrap();
    let exported = |format: &str, file: &str| -> (PathBuf, Vec<Record>) {
        let to = folder.path().join(format);
        let arguments = ["--candidates", "evaluated", "--format", format, "--to"];
        succeed(druse().arg("export").arg(whole()).args(arguments).arg(&to));
        let records = read_path(&to.join(file)).unwrap().into_iter().map(|record| record.unwrap()).collect();
        (to.join(file), records)
    };
    let (_, expected) = exported("jsonl", "candidates.jsonl");
    assert!(expected.len() > 9, "{}", expected.len());
    for (format, file) in [
        ("extxyz", "candidates.extxyz"),
        ("pymatgen", "candidates.json"),
        ("asedb", "candidates.db"),
        ("optimade", "candidates.json"),
    ] {
        let (path, found) = exported(format, file);
        assert_eq!(found.len(), expected.len(), "{format}");
        for (found, expected) in found.iter().zip(&expected) {
            assert_eq!(found.id, expected.id, "{format}");
            for (key, value) in expected.properties.iter().filter(|(_, value)| !value.is_null()) {
                assert_eq!(found.properties.get(key), Some(value), "{format}: {key}");
            }
            let per_atom = expected.properties["energy_per_atom"].as_f64().unwrap();
            let energy = found.properties["energy"].as_f64().unwrap();
            assert!((energy / found.crystal.sites.len() as f64 - per_atom).abs() < 1e-9, "{format}");
        }
        if format == "asedb" {
            let symmetry = druse().arg("symmetry").arg(&path).args(["--json", "-"]).output().unwrap();
            let told: Value = serde_json::from_slice(&symmetry.stdout).unwrap();
            assert_eq!(told.as_array().unwrap().len(), expected.len());
        }
    }
}

#[test]
fn a_campaign_is_never_overwritten() {
    let before = results(whole());
    let output = run(&mut start(whole(), 2));
    assert_eq!(output.status.code(), Some(2));
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(text.contains("already holds a campaign; continue it with 'druse resume'"), "{text}");
    assert_eq!(before, results(whole()));
}

#[test]
fn a_changed_campaign_file_is_not_continued() {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in contents(whole()) {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    let file = folder.path().join("campaign.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("budget = 36", "budget = 37")).unwrap();
    let output = run(druse().arg("resume").arg(folder.path()));
    assert_eq!(output.status.code(), Some(2));
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(text.contains("the campaign file differs"), "{text}");
}

#[test]
fn candidates_are_relaxed_and_keep_to_the_constraints() {
    let summary: Value =
        serde_json::from_str(&succeed(druse().arg("show").arg(whole()).args(["--json", "-"]))).unwrap();
    assert_eq!(summary["constraint_violations"], 0);
    assert!(summary["candidates"]["evaluated"].as_u64().unwrap() >= 36);
    let front = summary["front"].as_array().unwrap();
    assert!(!front.is_empty());
    for member in front {
        assert!(member["objectives"]["energy_above_hull"].as_f64().unwrap() <= 0.2);
        assert_eq!(member["properties"]["converged"], 1.0);
        assert!(member["properties"]["max_force"].as_f64().unwrap() <= 0.1);
    }
    for one in front {
        let better = |other: &&Value| {
            let cost = |member: &Value, name: &str| member["objectives"][name].as_f64().unwrap();
            let no_worse = |name| cost(other, name) <= cost(one, name);
            no_worse("energy_above_hull")
                && no_worse("toxicity")
                && no_worse("supply_risk")
                && cost(other, "crustal_abundance") >= cost(one, "crustal_abundance")
                && other["number"] != one["number"]
                && other["objectives"] != one["objectives"]
        };
        assert_eq!(front.iter().find(better), None, "{one} is dominated");
    }
}

#[test]
fn cifs_of_the_front_read_back_with_their_space_group() {
    let folder = whole().join("pareto");
    let found: Value = serde_json::from_str(&succeed(druse().arg("symmetry").arg(&folder).args([
        "--symprec",
        "0.001",
        "--json",
        "-",
    ])))
    .unwrap();
    let found = found.as_array().unwrap();
    let names: Vec<String> = contents(&folder)
        .keys()
        .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    assert_eq!(found.len(), names.len());
    for name in names {
        // 01-MgO-225-17: place, formula, space group, candidate.
        let parts: Vec<&str> = name.split('-').collect();
        let id = format!("candidate-{}", parts[3]);
        let record = found.iter().find(|record| record["id"] == id.as_str()).unwrap();
        assert_eq!(record["number"].to_string(), parts[2], "{name}");
    }
}

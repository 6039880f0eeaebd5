//! The small campaign of complexes from end to end, and the commands about complexes.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use druse::representations::Complex;
use druse_tests::{contents, druse, run, succeed, workspace};
use serde_json::Value;

fn xtb_is_there() -> bool {
    let there = Command::new("xtb").arg("--version").output().is_ok();
    if !there {
        println!("skipped: xtb is not installed");
    }
    there
}

fn start(out: &Path, threads: u16) -> Command {
    let mut command = druse();
    command.arg("run").arg(workspace().join("runs/campaigns/tmc-small.toml"));
    command.arg("--out").arg(out).args(["--threads", &threads.to_string()]);
    command
}

/// An uninterrupted run on two threads, shared by the tests.
fn whole() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap().keep().join("campaign");
        let screen = succeed(&mut start(&folder, 2));
        assert!(screen.contains("Pareto front"), "{screen}");
        folder
    })
}

fn summary(folder: &Path) -> Value {
    serde_json::from_str(&succeed(druse().arg("show").arg(folder).args(["--json", "-"]))).unwrap()
}

/// Everything that a campaign hands on.
fn results(folder: &Path) -> Vec<(PathBuf, String)> {
    let all = tempfile::tempdir().unwrap();
    let export = ["--format", "jsonl", "--candidates", "evaluated", "--to"];
    succeed(druse().arg("export").arg(folder).args(export).arg(all.path()));
    let mut files = contents(all.path());
    files.extend(contents(&folder.join("pareto")));
    files.insert("pareto.csv".into(), std::fs::read(folder.join("pareto.csv")).unwrap());
    files.insert("summary".into(), summary(folder).to_string().into_bytes());
    files.into_iter().map(|(name, bytes)| (name, String::from_utf8(bytes).unwrap())).collect()
}

#[test]
fn one_thread_and_a_kill_give_the_same_bytes() {
    if !xtb_is_there() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("again");
    let mut child = start(&out, 1).stdout(std::process::Stdio::null()).spawn().unwrap();
    std::thread::sleep(std::time::Duration::from_secs(4));
    child.kill().unwrap();
    child.wait().unwrap();
    succeed(druse().arg("resume").arg(&out).args(["--threads", "1"]));
    assert_eq!(results(&out), results(whole()));
}

#[test]
fn complexes_are_optimised_and_keep_to_the_constraints() {
    if !xtb_is_there() {
        return;
    }
    let summary = summary(whole());
    assert_eq!(summary["constraint_violations"], 0);
    assert!(summary["candidates"]["evaluated"].as_u64().unwrap() >= 24);
    let front = summary["front"].as_array().unwrap();
    assert!(front.len() > 1);
    for member in front {
        let complex: Complex = member["complex"].as_str().unwrap().parse().unwrap();
        assert_eq!(i64::from(complex.charge()), member["charge"].as_i64().unwrap());
        assert!((-1..=1).contains(&complex.charge()), "{complex}");
        assert!(["Ni", "Co", "Pd"].contains(&complex.metal.symbol()));
        assert!(member["objectives"]["gap"].as_f64().unwrap() > 0.0);
        assert!(member["novelty"]["novelty"].is_string());
    }
}

#[test]
fn files_of_the_front_hold_their_complexes() {
    if !xtb_is_there() {
        return;
    }
    for (name, bytes) in contents(&whole().join("pareto")) {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
        assert!(name.to_string_lossy().chars().all(plain), "{}", name.display());
        let text = String::from_utf8(bytes).unwrap();
        let mut lines = text.lines();
        let atoms: usize = lines.next().unwrap().trim().parse().unwrap();
        let comment = lines.next().unwrap();
        assert!(comment.contains("novelty=\"new "), "{comment}");
        let (_, complex) = comment.split_once("complex=").unwrap();
        let complex: Complex = complex.parse().unwrap();
        assert_eq!((complex.atom_count(), lines.count()), (atoms, atoms), "{}", name.display());
    }
}

#[test]
fn without_xtb_a_campaign_says_how_to_get_it() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let output = run(start(&out, 1).env("DRUSE_XTB", folder.path().join("no-xtb")));
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.starts_with("error: ") && text.contains("xtb"), "{text}");
    assert!(!out.exists());
}

#[test]
#[cfg(unix)]
fn an_xtb_that_writes_garbage_makes_failed_candidates() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let fake = folder.path().join("xtb");
    let script = "#!/bin/sh\ncase \"$*\" in *--version*) echo '* xtb version 6.5.1' ;; \
        *) echo '{ garbage' > xtbout.json; echo 'GEOMETRY OPTIMIZATION CONVERGED' ;; esac\n";
    std::fs::write(&fake, script).unwrap();
    std::fs::set_permissions(&fake, PermissionsExt::from_mode(0o755)).unwrap();
    let text = std::fs::read_to_string(workspace().join("runs/campaigns/tmc-small.toml")).unwrap();
    let campaign = folder.path().join("tiny.toml");
    std::fs::write(
        &campaign,
        text.replace("budget = 24", "budget = 4").replace("population = 8", "population = 4"),
    )
    .unwrap();
    let out = folder.path().join("out");
    succeed(druse().arg("run").arg(&campaign).arg("--out").arg(&out).env("DRUSE_XTB", &fake));
    let summary = summary(&out);
    assert_eq!(summary["candidates"]["evaluated"], Value::Null, "{summary}");
    assert!(summary["candidates"]["failed"].as_u64().unwrap() > 0);
    assert_eq!(summary["front"].as_array().unwrap().len(), 0);
    let table = std::fs::read_to_string(out.join("rejected.csv")).unwrap();
    assert!(table.lines().count() > 1 && table.contains("output: "), "{table}");
}

#[test]
fn all_isomers_are_assembled() {
    let text = succeed(druse().args([
        "assemble",
        "--metal",
        "Co",
        "--state",
        "3",
        "--geometry",
        "octahedral",
        "--ligands",
        "en,en,Cl,Cl",
        "--isomers",
        "--json",
        "-",
    ]));
    let built: Value = serde_json::from_str(&text).unwrap();
    let mut shapes: Vec<&str> =
        built.as_array().unwrap().iter().map(|one| one["geometry"].as_str().unwrap()).collect();
    shapes.sort_unstable();
    assert_eq!(shapes, ["OC-6 cis-Δ", "OC-6 cis-Λ", "OC-6 trans"]);
    for one in built.as_array().unwrap() {
        assert_eq!(one["positions"].as_array().unwrap().len(), 27);
        assert_eq!(one["charge"], 1);
    }
}

#[test]
fn complexes_that_cannot_be_are_refused() {
    let cases: [(&[&str], &str); 5] = [
        (&["Pt(II)|SP-4|m1|{[Cl-:1]}@0"], "Pt(II)"),
        (&["Pt(II)|SP-4|m1|{[Cl-:1}@0|{[Cl-:1]}@1|{[NH3:1]}@2|{[NH3:1]}@3"], "part 4"),
        (&["--metal", "Pt", "--state", "2", "--geometry", "octohedral", "--ligands", "Cl"], "octohedral"),
        (
            &["--metal", "Pt", "--state", "2", "--geometry", "SP-4", "--ligands", "Cl,no-such-ligand,Cl,Cl"],
            "no-such-ligand",
        ),
        (&["--metal", "Na", "--state", "1", "--geometry", "linear", "--ligands", "Cl,Cl"], "Na"),
    ];
    for (arguments, expected) in cases {
        let output = run(druse().arg("assemble").args(arguments));
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {text}");
        assert!(text.contains(expected) && !text.contains("panicked"), "{arguments:?}: {text}");
    }
}

#[test]
fn searches_are_compared_on_a_labelled_space() {
    let arguments =
        ["evaluate", "pd-square-planar", "--protocol", "tmc-pareto", "--seeds", "3", "--json", "-"];
    let report: Value = serde_json::from_str(&succeed(druse().args(arguments))).unwrap();
    let again: Value =
        serde_json::from_str(&succeed(druse().args(arguments).args(["--threads", "1"]))).unwrap();
    assert_eq!(report, again);
    assert_eq!(report["complexes"], 2619);
    let share = |name: &str| {
        let searches = report["searches"].as_array().unwrap();
        searches.iter().find(|search| search["name"] == name).unwrap()["share"]["median"].as_f64().unwrap()
    };
    assert!(share("nsga2") > share("random"), "{report}");
    assert!(share("nsga2") <= 1.0);
}

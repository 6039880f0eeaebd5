//! What is known is not computed again: after a kill in the middle of a step, in another campaign that
//! shares a file, and for designs of an earlier campaign. Results never depend on it.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::OnceLock;
use std::time::Duration;

use druse_tests::{contents, druse, run, succeed};
use flate2::read::ZlibDecoder;
use rusqlite::{Connection, OpenFlags};
use serde_json::Value;

/// A campaign of small crystals with `more` in its file.
fn crystals(folder: &Path, name: &str, more: &str) -> PathBuf {
    let text = format!(
        r#"
        campaign = {{ name = "known", seed = 3, budget = 12, population = 8 }}
        space = {{ elements = ["Mg", "Ca", "Zn", "O", "S"], elements_per_design = [2, 2], atoms = [2, 4] }}
        relax = {{ fmax = 0.2, steps = 30 }}
        objective = [{{ name = "energy_above_hull" }}, {{ name = "price" }}]
        {more}
        "#
    );
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    path
}

/// The plain campaign, run once for all tests.
fn whole() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap().keep();
        let file = crystals(&folder, "known.toml", "");
        succeed(druse().arg("run").arg(file).arg("--out").arg(folder.join("whole")));
        folder.join("whole")
    })
}

fn show(folder: &Path) -> Value {
    serde_json::from_str(&succeed(druse().arg("show").arg(folder).args(["--json", "-"]))).unwrap()
}

/// What a campaign found: its files but the campaign file, and the summary.
fn found(folder: &Path) -> (BTreeMap<PathBuf, Vec<u8>>, Value) {
    let mut files = contents(folder);
    files.retain(|name, _| name.starts_with("pareto") || name.extension().is_some_and(|e| e == "csv"));
    (files, show(folder))
}

fn database(folder: &Path) -> Option<Connection> {
    Connection::open_with_flags(folder.join("campaign.db"), OpenFlags::SQLITE_OPEN_READ_WRITE).ok()
}

/// CPU seconds of the relaxations that a store keeps, by candidate.
fn kept(folder: &Path) -> BTreeMap<i64, f64> {
    let store = database(folder).unwrap();
    let mut statement = store.prepare("SELECT number, value FROM evaluation").unwrap();
    let rows = statement
        .query_map([], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?)))
        .unwrap()
        .map(Result::unwrap);
    rows.map(|(number, bytes)| {
        let mut text = String::new();
        ZlibDecoder::new(&*bytes).read_to_string(&mut text).unwrap();
        let value: Value = serde_json::from_str(&text).unwrap();
        (number, value["cpu"].as_f64().unwrap())
    })
    .collect()
}

/// What the store says that relaxations cost, by candidate: CPU seconds, and whether they were saved.
fn costs(folder: &Path) -> BTreeMap<i64, (f64, bool)> {
    let store = database(folder).unwrap();
    let mut statement =
        store.prepare("SELECT number, cpu, reused FROM tier_cost WHERE tier = 'relax'").unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?)))).unwrap();
    rows.map(Result::unwrap).collect()
}

#[test]
fn a_kill_in_the_middle_of_a_step_loses_nothing_that_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("killed");
    let file = crystals(folder.path(), "known.toml", "");
    let mut command = druse();
    command.arg("run").arg(file).arg("--out").arg(&out).args(["--threads", "1"]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let count = |table: &str| -> i64 {
        let query = format!("SELECT count(*) FROM {table}");
        database(&out).and_then(|store| store.query_row(&query, [], |row| row.get(0)).ok()).unwrap_or(0)
    };
    while count("evaluation") == 0 && child.try_wait().unwrap().is_none() {
        std::thread::sleep(Duration::from_millis(2));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    if count("step") > 0 {
        println!("skipped: the machine is too fast to be stopped in the first step");
        return;
    }
    let before = kept(&out);
    assert!(!before.is_empty());
    succeed(druse().arg("resume").arg(&out));
    assert_eq!(found(&out), found(whole()));
    let costs = costs(&out);
    for (number, cpu) in before {
        assert_eq!(costs[&number], (cpu, false), "candidate {number} was not relaxed again");
    }
    assert!(!succeed(druse().arg("show").arg(&out)).contains("evaluations saved"));
}

#[test]
fn campaigns_that_share_a_file_compute_nothing_twice() {
    let folder = tempfile::tempdir().unwrap();
    let file = crystals(folder.path(), "known.toml", r#"cache.shared = "known.db""#);
    for name in ["first", "second"] {
        succeed(druse().arg("run").arg(&file).arg("--out").arg(folder.path().join(name)));
        assert_eq!(found(&folder.path().join(name)), found(whole()), "{name}");
    }
    let (first, second) = (costs(&folder.path().join("first")), costs(&folder.path().join("second")));
    assert!(first.values().all(|(_, saved)| !saved) && second.values().all(|(_, saved)| *saved));
    let text = succeed(druse().arg("show").arg(folder.path().join("second")));
    assert!(text.contains(&format!("evaluations saved: relax {} (", second.len())), "{text}");

    std::fs::write(folder.path().join("known.db"), "not a database\n".repeat(1000)).unwrap();
    let output = run(druse().arg("run").arg(&file).arg("--out").arg(folder.path().join("third")));
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(told.contains("known.db' is no cache of druse"), "{told}");
    assert!(!folder.path().join("third").exists());
}

#[test]
fn an_earlier_campaign_gives_designs_and_what_is_known_of_them() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("next");
    // Another objective; the relaxation is the same.
    let file = crystals(folder.path(), "next.toml", "").to_owned();
    let text = std::fs::read_to_string(&file)
        .unwrap()
        .replace("\"price\"", "\"density\"")
        .replace("seed = 3", "seed = 4");
    std::fs::write(&file, text).unwrap();
    let screen = succeed(druse().arg("run").arg(&file).arg("--from").arg(whole()).arg("--out").arg(&out));
    let front = show(whole())["front"].as_array().unwrap().len();
    let seeds = show(&out)["warm_start"].clone();
    assert_eq!(seeds["proposed"], front, "{seeds}");
    assert!(screen.contains(&format!("warm start {front:6}")), "{screen}");
    assert!(screen.contains("evaluations saved: relax "), "{screen}");
    assert!((0..front as i64).all(|number| costs(&out)[&number].1), "known from the earlier campaign");
    let first = succeed(druse().arg("show").arg(&out).args(["--candidate", "0"]));
    assert!(first.contains("warm_start, campaign, step 0"), "{first}");
    assert!(first.contains("whole: candidate "), "{first}");
    // What was begun with goes on without it.
    succeed(druse().arg("resume").arg(&out).args(["--more", "4"]));
}

#[test]
fn structure_files_are_proposed_first_and_kept_to_the_constraints() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("files");
    let inside = whole().join("pareto");
    let outside = folder.path().join("salt.jsonl");
    let line = r#"{"id": "salt", "cell": [3.99, 3.99, 3.99, 60, 60, 60], "species": ["Na", "Cl"], "frac": [[0, 0, 0], [0.5, 0.5, 0.5]]}"#;
    std::fs::write(&outside, line).unwrap();
    let more = format!("warm_start.files = [{:?}, {:?}]", inside, outside);
    let file = crystals(folder.path(), "files.toml", &more);
    succeed(druse().arg("run").arg(&file).arg("--out").arg(&out));
    let seeds = show(&out)["warm_start"].clone();
    assert_eq!(seeds["proposed"], contents(&inside).len(), "{seeds}");
    let reasons = seeds["left_out"].as_object().unwrap();
    assert!(reasons.keys().any(|reason| reason.contains("Na") || reason.contains("Cl")), "{seeds}");
    // The folder stands for itself: the files may go.
    std::fs::remove_file(&outside).unwrap();
    succeed(druse().arg("resume").arg(&out));
    let first = succeed(druse().arg("show").arg(&out).args(["--candidate", "0"]));
    assert!(first.contains("warm_start, file, step 0") && first.contains("pareto: candidate-"), "{first}");
}

#[test]
fn complexes_begin_with_files_and_earlier_campaigns_too() {
    let folder = tempfile::tempdir().unwrap();
    let campaign = |name: &str, more: &str| {
        let text = format!(
            r#"
            campaign = {{ name = "known", domain = "complex", budget = 12, population = 8 }}
            complexes = {{ metals = {{ Ni = [2], Pd = [2] }}, geometries = ["SP-4"], charge = [-1, 1], atoms = [1, 40] }}
            ligands.builtin = ["Cl", "Br", "CN", "NH3", "H2O", "en"]
            objective = [{{ name = "molecular_weight" }}, {{ name = "metal_abundance" }}]
            {more}
            "#
        );
        let file = folder.path().join(format!("{name}.toml"));
        std::fs::write(&file, text).unwrap();
        let out = folder.path().join(name);
        succeed(druse().arg("run").arg(file).arg("--out").arg(&out));
        out
    };
    let old = campaign("old", "");
    let front = show(&old)["front"].as_array().unwrap().len();
    let mut lines: Vec<String> = show(&old)["front"]
        .as_array()
        .unwrap()
        .iter()
        .map(|member| member["complex"].as_str().unwrap().to_owned())
        .collect();
    lines.push("Pt(II)|SP-4|m1|{[Cl-:1]}@0|{[Cl-:1]}@1|{[NH3:1]}@2|{[NH3:1]}@3".to_owned());
    std::fs::write(folder.path().join("mine.txt"), lines.join("\n")).unwrap();
    for (name, more) in [
        ("strings", r#"warm_start.files = ["mine.txt"]"#),
        ("xyz", r#"warm_start.files = ["old/pareto"]"#),
        ("campaign", r#"warm_start = { campaigns = ["old"], take = "evaluated", most = 3 }"#),
    ] {
        let out = campaign(name, more);
        let seeds = show(&out)["warm_start"].clone();
        let expected = if name == "campaign" { 3 } else { front };
        assert_eq!(seeds["proposed"], expected, "{name}: {seeds}");
        assert_eq!(seeds["left_out"].as_object().unwrap().len(), usize::from(name == "strings"), "{seeds}");
    }
}

//! Asking for what to measure, telling what was measured, and going on from it, in both domains.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use druse::store::Store;
use druse_tests::campaigns::{assert_same, results};
use druse_tests::{contents, druse, run, succeed};
use serde_json::Value;

/// Salts judged by formulas: no model, so that a campaign takes a second.
const SALTS: &str = r#"
campaign = { name = "salts", budget = 24, population = 12, seed = 5 }
space = { elements = ["Na", "K", "Mg", "F", "Cl"], atoms = [2, 8] }
generator = [{ kind = "nsga3" }]
objective = [{ name = "density" }, { name = "price" }]
"#;

/// Complexes that are assembled only.
const COMPLEXES: &str = r#"
campaign = { name = "palladium", domain = "complex", budget = 24, population = 12, seed = 5 }
complexes = { metals = { Pd = [2], Pt = [2] }, geometries = ["square_planar"], charge = [-2, 2] }
ligands = { builtin = ["Cl", "NH3", "H2O", "CN", "PMe3", "py"] }
generator = [{ kind = "nsga2", screen = 3 }]
objective = [{ name = "molecular_weight" }, { name = "synthetic_accessibility" }]
"#;

fn campaign(folder: &Path, text: &str) -> PathBuf {
    let file = folder.join("campaign.toml");
    std::fs::write(&file, text).unwrap();
    let out = folder.join("out");
    succeed(druse().arg("run").arg(&file).arg("--out").arg(&out));
    out
}

fn ask(folder: &Path, more: &[&str]) -> Value {
    let text = succeed(druse().arg("ask").arg(folder).args(more).args(["--json", "-"]));
    serde_json::from_str(&text).unwrap()
}

/// What a table told, or the exit code and the message of its refusal.
fn tell(folder: &Path, table: &str, more: &[&str]) -> Result<Value, (i32, String)> {
    let file = folder.parent().unwrap().join("results.csv");
    std::fs::write(&file, table).unwrap();
    let output = run(druse().arg("tell").arg(folder).arg(&file).args(more).args(["--json", "-"]));
    if output.status.success() {
        return Ok(serde_json::from_slice(&output.stdout).unwrap());
    }
    Err((output.status.code().unwrap(), String::from_utf8_lossy(&output.stderr).into_owned()))
}

/// Runs a campaign, asks, tells, goes on beyond the end: in one go, and with a kill on the way.
fn round(text: &str, objective: &str) {
    let folder = tempfile::tempdir().unwrap();
    let whole = campaign(folder.path(), text);
    let batch_folder = folder.path().join("batch");
    let batch = ask(
        &whole,
        &["-n", "4", "--doubt", &format!("{objective}=0.5"), "--to", &batch_folder.display().to_string()],
    );
    assert_eq!(
        batch,
        ask(&whole, &["-n", "4", "--doubt", &format!("{objective}=0.5")]),
        "the same question, the same answer"
    );
    let picks = batch["picks"].as_array().unwrap();
    assert!((1..=4).contains(&picks.len()), "{batch}");
    let scores: Vec<f64> = picks.iter().map(|pick| pick["score"].as_f64().unwrap()).collect();
    assert!(scores.windows(2).all(|pair| pair[0] >= pair[1]), "{scores:?}");
    let files = contents(&batch_folder);
    assert_eq!(files.len(), picks.len() + 1);
    for pick in picks {
        assert!(files.contains_key(Path::new(pick["file"].as_str().unwrap())), "{pick}");
        assert!(!pick["reasons"].as_array().unwrap().is_empty());
    }
    // The template is a table without values; the laboratory fills it in.
    let template = String::from_utf8_lossy(&files[Path::new("measure.csv")]).into_owned();
    let (code, message) = tell(&whole, &template, &[]).unwrap_err();
    assert!(code == 2 && message.contains("found no value"), "{message}");
    let mut lines = template.lines();
    let heading = lines.next().unwrap();
    assert!(heading.starts_with("candidate,file,formula,") && heading.ends_with(",source"), "{heading}");
    let column = heading.split(',').position(|name| name.starts_with(objective)).unwrap();
    let mut filled = format!("{heading}\n");
    for (line, pick) in lines.zip(picks) {
        let mut cells: Vec<String> = line.split(',').map(str::to_owned).collect();
        cells[column] = (pick["predicted"][objective].as_f64().unwrap() * 1.1 + 0.1).to_string();
        filled += &format!("{}\n", cells.join(","));
    }
    // The same for a second copy that will be killed.
    let other = tempfile::tempdir().unwrap();
    let killed = campaign(other.path(), text);
    for folder in [&whole, &killed] {
        let told = tell(folder, &filled, &[]).unwrap();
        assert_eq!(told["new"], picks.len());
        assert_eq!(told["comparisons"][0]["name"], objective);
        assert!(told["comparisons"][0]["mean_error"].as_f64().unwrap() < 0.0);
        // Known values change nothing.
        assert_eq!(tell(folder, &filled, &[]).unwrap()["known"], picks.len());
    }
    let first = picks[0]["candidate"].to_string();
    let shown = succeed(druse().arg("show").arg(&whole).args(["--candidate", &first]));
    assert!(shown.contains("predicted") && shown.contains("results.csv"), "{shown}");
    assert!(succeed(druse().arg("show").arg(&whole)).contains("predicted - measured"));

    let resume = |folder: &Path| {
        let mut command = druse();
        command.arg("resume").arg(folder).args(["--more", "30"]);
        command
    };
    succeed(&mut resume(&whole));
    let mut child = resume(&killed).stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    let lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let seen = lines.map_while(Result::ok).find(|line| line.starts_with("step "));
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(seen.is_some(), "it ended before its first step");
    succeed(&mut resume(&killed));
    assert_same(&killed, &results(&whole), "told and killed");
    let store = Store::read(&whole).unwrap();
    let (rows, measurements) = (store.candidates().unwrap(), store.measurements().unwrap());
    assert!(rows.iter().filter(|row| row.status == druse::store::Status::Evaluated).count() >= 54);
    assert!(measurements.iter().all(|row| row.step.is_some() && row.step == measurements[0].step));
    // Those that are measured are not asked for again.
    let asked: Vec<Value> =
        ask(&whole, &[])["picks"].as_array().unwrap().iter().map(|pick| pick["candidate"].clone()).collect();
    assert!(picks.iter().all(|pick| !asked.contains(&pick["candidate"])));
}

#[test]
fn crystals_go_to_the_laboratory_and_back() {
    round(SALTS, "density");
}

#[test]
fn complexes_go_to_the_laboratory_and_back() {
    round(COMPLEXES, "molecular_weight");
}

#[test]
fn wrong_tables_are_refused_as_a_whole() {
    let folder = tempfile::tempdir().unwrap();
    let out = campaign(folder.path(), SALTS);
    let rows = Store::read(&out).unwrap().candidates().unwrap();
    let good = rows.iter().find(|row| row.status == druse::store::Status::Evaluated).unwrap().number;
    let bad = rows.iter().find(|row| row.status != druse::store::Status::Evaluated).map(|row| row.number);
    let refused = |table: &str, more: &[&str]| {
        let (code, message) = tell(&out, table, more).unwrap_err();
        assert_eq!(code, 2, "{message}");
        assert!(Store::read(&out).unwrap().measurements().unwrap().is_empty(), "{table}");
        message
    };
    let line = |value: &str| format!("candidate,density\n{good},2.5\n{good},{value}\n");
    let cases = [
        (
            format!("candidate,density\n{good},2.5\n999,1\n"),
            "line 3: candidate: found 999, expected the number of a candidate (0 to",
        ),
        (
            format!("candidate,density\n{good},2.5\nsalt,1\n"),
            "line 3: candidate: found 'salt', expected the number",
        ),
        (
            format!("candidate,colour\n{good},2.5\n"),
            "found the name 'colour', expected an objective or a property of the campaign: density, price",
        ),
        (
            format!("candidate,density (kg/m^3)\n{good},2500\n"),
            "density: found the unit 'kg/m^3', expected 'g/cm^3'",
        ),
        (line("heavy"), "line 3: density: found 'heavy', expected a number"),
        (line("NaN"), "line 3: density: found NaN, expected a finite number"),
        (line("2.6"), "found 2.6, expected 2.5 as told before (--replace to replace it)"),
        (
            format!("number,density\n{good},2.5\n"),
            "found the columns number, density, expected one named candidate",
        ),
        (format!("candidate,density,density\n{good},2.5,2.5\n"), "found the column 'density' twice"),
        (format!("candidate,density\n{good},2.5,9\n"), "line: 2"),
        (
            format!("candidate,name,value,unit\n{good},density,2.5,kg\n"),
            "line 2: density: found the unit 'kg'",
        ),
        (String::new(), "expected one named candidate"),
    ];
    for (table, expected) in cases {
        let message = refused(&table, &[]);
        assert!(message.contains(expected), "{table}\n{message}");
    }
    if let Some(bad) = bad {
        let message = refused(&format!("candidate,density\n{bad},2\n"), &[]);
        assert!(message.contains("expected one that is evaluated"), "{message}");
    }
    // All mistakes at once.
    assert!(refused("candidate,density\n998,1\n999,1\n", &[]).contains("2 mistakes"));
    assert!(tell(&out, &line("2.6"), &["--replace"]).is_ok());
    let measured = Store::read(&out).unwrap().measurements().unwrap();
    assert_eq!((measured.len(), measured[0].value, measured[0].source.as_str()), (1, 2.6, "results.csv"));
    let long = format!("# by hand\ncandidate,name,value,source\n{good},density,2.7,pycnometer\n");
    assert!(tell(&out, &long, &[]).unwrap_err().1.contains("expected 2.6 as told before"));
    assert_eq!(tell(&out, &long, &["--replace"]).unwrap()["replaced"], 1);
}

#[test]
fn what_cannot_be_asked_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let out = campaign(folder.path(), SALTS);
    let refused = |arguments: &[&str]| {
        let output = run(druse().args(arguments));
        assert_eq!(output.status.code(), Some(2));
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let path = out.display().to_string();
    assert!(
        refused(&["ask", &path, "--doubt", "colour=1"])
            .contains("expected an objective of the campaign: density, price")
    );
    assert!(
        refused(&["ask", &path, "--doubt", "density=-1"]).contains("found -1, expected 0 or a finite number")
    );
    assert!(refused(&["ask", &path, "--doubt", "density"]).contains("expected OBJECTIVE=NUMBER"));
    assert!(refused(&["ask", &folder.path().display().to_string()]).contains("holds no campaign"));
    succeed(druse().args(["resume", &path, "--more", "4"]));
    assert!(refused(&["resume", &path, "--more", "3"]).contains("expected at least the 4"));
}

/// A program that takes 0.3 s of CPU time for crystals with sodium.
const DEAR: &str = r#"
import json, sys, time
for line in sys.stdin:
    request = json.loads(line)
    answer = {"request": request["request"]}
    if request["ask"] == "hello":
        answer.update(name="dear", version="1")
    else:
        answer["results"] = []
        for candidate in request["candidates"]:
            end = time.process_time() + 0.3
            while "Na" in str(candidate["design"]) and time.process_time() < end: pass
            answer["results"].append({"value": 1.0})
    print(json.dumps(answer), flush=True)
"#;

#[test]
fn cpu_seconds_of_a_program_are_charged_to_its_candidate() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("dear.py"), DEAR).unwrap();
    let text = r#"
campaign = { name = "dear", budget = 6, population = 6, seed = 1 }
space = { elements = ["Na", "K", "Cl"], elements_per_design = [2, 2], atoms = [2, 4] }
generator = [{ kind = "random" }]
objective = [{ name = "dear", type = "process", goal = "minimise", command = ["python3", "dear.py"] }]
"#;
    let out = campaign(folder.path(), text);
    let (mut dear, mut cheap, mut all) = (0, 0, 0.0);
    for row in Store::read(&out).unwrap().candidates().unwrap() {
        let Some(cost) = row.costs.iter().find(|cost| cost.tier == "objective dear") else { continue };
        all += cost.cpu;
        if row.proposed.to_string().contains("Na") {
            assert!((0.27..1.5).contains(&cost.cpu), "{cost:?}");
            dear += 1;
        } else if cost.cpu < 0.1 {
            cheap += 1;
        }
    }
    assert!(dear > 0 && cheap > 0, "{dear} {cheap}");
    // The energy bill knows of the program, though it ended only after the last step.
    let joules: f64 = Store::read(&out).unwrap().steps().unwrap().iter().map(|step| step.energy.joules).sum();
    assert!(joules > 9.0 * all, "{joules} J for {all} s");
}

//! Campaigns in one file: packed, passed on, done again elsewhere, and told apart from everything that only
//! looks like one.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::Output;

use druse_tests::campaigns::COMPLEXES;
use druse_tests::{druse, run, succeed};
use serde_json::Value;
use sha2::{Digest, Sha256};
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

/// Salts judged by formulas and by a program, known from a file: no model, so that a campaign takes a second.
const SALTS: &str = r#"
campaign = { name = "salts", budget = 24, population = 12, seed = 5 }
space = { elements = ["Na", "K", "Mg", "F", "Cl"], atoms = [2, 8] }
generator = [{ kind = "nsga3" }]
objective = [
    { name = "density" },
    { name = "atoms", goal = "minimise", type = "process", command = ["./atoms.py"] },
]
limit = [{ name = "density", max = 1.9 }]
novelty = { reference = "known salts.jsonl" }
"#;

/// Counts the atoms of every design.
const PROGRAM: &str = r#"#!/usr/bin/env python3
import json, sys
for line in sys.stdin:
    request = json.loads(line)
    if request["ask"] == "hello":
        answer = {"name": "atoms", "version": "1"}
    else:
        designs = [candidate["design"] for candidate in request["candidates"]]
        answer = {"results": [{"value": len(design["species"])} for design in designs]}
    print(json.dumps(dict(answer, request=request["request"])), flush=True)
"#;

const KNOWN: &str = r#"{"id":"salt","cell":[5.64,5.64,5.64,90,90,90],"species":["Na","Na","Na","Na","Cl","Cl","Cl","Cl"],"frac":[[0,0,0],[0.5,0.5,0],[0.5,0,0.5],[0,0.5,0.5],[0.5,0.5,0.5],[0,0,0.5],[0,0.5,0],[0.5,0,0]]}
"#;

/// Salts judged by formulas alone.
const PLAIN: &str = r#"
campaign = { name = "plain", budget = 24, population = 12, seed = 5 }
space = { elements = ["Na", "K", "Mg", "F", "Cl"], atoms = [2, 8] }
generator = [{ kind = "nsga3" }]
objective = [{ name = "density" }, { name = "price" }]
"#;

fn campaign(folder: &Path, text: &str) -> PathBuf {
    let file = folder.join("campaign.toml");
    fs::write(&file, text).unwrap();
    let out = folder.join("out");
    succeed(druse().arg("run").arg(&file).arg("--out").arg(&out));
    out
}

fn pack(folder: &Path, to: &Path, more: &[&str]) -> Value {
    let text =
        succeed(druse().arg("bundle").arg(folder).arg("--to").arg(to).args(more).args(["--json", "-"]));
    serde_json::from_str(&text).unwrap()
}

fn reproduce(bundle: &Path, out: &Path) -> Output {
    run(druse().arg("reproduce").arg(bundle).arg("--out").arg(out))
}

/// The exit code and the message of something that is refused; nothing may be left behind.
fn refused(bundle: &Path) -> (i32, String) {
    let folder = tempfile::tempdir().unwrap();
    let output = reproduce(bundle, &folder.path().join("again"));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "{}", bundle.display());
    (output.status.code().unwrap(), String::from_utf8_lossy(&output.stderr).into_owned())
}

/// Members of an archive by name.
type Members = BTreeMap<String, Vec<u8>>;

fn members(bundle: &Path) -> Members {
    let mut zip = ZipArchive::new(File::open(bundle).unwrap()).unwrap();
    (0..zip.len())
        .map(|index| {
            let mut member = zip.by_index(index).unwrap();
            let mut bytes = Vec::new();
            member.read_to_end(&mut bytes).unwrap();
            (member.name().unwrap().into_owned(), bytes)
        })
        .collect()
}

fn write(path: &Path, members: &Members) {
    let mut zip = ZipWriter::new(File::create(path).unwrap());
    for (name, bytes) in members {
        zip.start_file(name.as_str(), SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap();
}

/// Makes the list of checksums anew, as somebody would who changes results.
fn seal(members: &mut Members, folder: &str) {
    let manifest = format!("{folder}/MANIFEST");
    members.remove(&manifest);
    let line = |(name, bytes): (&String, &Vec<u8>)| {
        let sum: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{sum}  {}\n", &name[folder.len() + 1..])
    };
    let text: String = members.iter().map(line).collect();
    members.insert(manifest, text.into_bytes());
}

/// Packs a campaign, takes its folder away, does it again: the same results, and a bundle of the same bytes.
fn there_and_back(folder: &Path, out: &Path) -> PathBuf {
    let bundle = folder.join("first.zip");
    pack(out, &bundle, &[]);
    fs::rename(out, folder.join("gone")).unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let again = elsewhere.path().join("again");
    let output = reproduce(&bundle, &again);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.starts_with("the same: all "), "{text}");
    let second = elsewhere.path().join("second.zip");
    pack(&again, &second, &[]);
    let (one, other) = (members(&bundle), members(&second));
    assert!(one.keys().eq(other.keys()));
    for (name, bytes) in &one {
        assert_eq!(String::from_utf8_lossy(bytes), String::from_utf8_lossy(&other[name]), "{name}");
    }
    assert_eq!(fs::read(&bundle).unwrap(), fs::read(&second).unwrap());
    bundle
}

fn salts(folder: &Path) -> PathBuf {
    fs::write(folder.join("known salts.jsonl"), KNOWN).unwrap();
    fs::write(folder.join("atoms.py"), PROGRAM).unwrap();
    succeed(std::process::Command::new("chmod").arg("+x").arg(folder.join("atoms.py")));
    campaign(folder, SALTS)
}

#[test]
fn crystals_with_files_of_the_user_come_out_the_same_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    let out = salts(folder.path());
    fs::write(out.join("unrelated"), "x").unwrap();
    let bundle = there_and_back(folder.path(), &out);
    let members = members(&bundle);
    let text = |name: &str| String::from_utf8_lossy(&members[&format!("druse-salts/{name}")]).into_owned();
    // Nothing of this machine is in it.
    for (name, bytes) in &members {
        let machine = folder.path().display().to_string();
        assert!(!String::from_utf8_lossy(bytes).contains(&machine), "{name}");
    }
    assert!(text("campaign.toml").contains("inputs/novelty.reference/known salts.jsonl"));
    assert_eq!(text("inputs/objective.1.command.0/atoms.py"), PROGRAM);
    assert!(text("README.md").contains("druse reproduce") && text("cards/data.md").contains("# Data card"));
    let evaluated = text("results/evaluated.jsonl").lines().count();
    assert!(evaluated >= 24, "{evaluated}");
    assert_eq!(text("results/verdicts.csv").lines().count(), evaluated + 1);
    assert!(text("results/candidates.jsonl").lines().count() >= evaluated);
    let front = text("results/front.csv").lines().count() - 1;
    assert_eq!(members.keys().filter(|name| name.starts_with("druse-salts/results/front/")).count(), front);
    // By hand, with the tools of any system.
    let by_hand = folder.path().join("by hand");
    fs::create_dir(&by_hand).unwrap();
    let python = "import sys, zipfile; zipfile.ZipFile(sys.argv[1]).extractall(sys.argv[2])";
    let unpacked = run(std::process::Command::new("python3").args(["-c", python]).arg(&bundle).arg(&by_hand));
    assert!(unpacked.status.success(), "{}", String::from_utf8_lossy(&unpacked.stderr));
    let mut check = std::process::Command::new("sha256sum");
    succeed(check.args(["--check", "--quiet", "MANIFEST"]).current_dir(by_hand.join("druse-salts")));
}

#[test]
fn complexes_that_went_to_the_laboratory_come_out_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let out = campaign(folder.path(), COMPLEXES);
    let table = folder.path().join("measured.csv");
    fs::write(&table, "candidate,molecular_weight\n3,250.5\n").unwrap();
    succeed(druse().arg("tell").arg(&out).arg(&table));
    succeed(druse().arg("resume").arg(&out).args(["--more", "12"]));
    succeed(druse().arg("resume").arg(&out).args(["--more", "20"]));
    fs::write(&table, "candidate,molecular_weight\n5,350.5\n").unwrap();
    succeed(druse().arg("tell").arg(&out).arg(&table));
    there_and_back(folder.path(), &out);
}

#[test]
fn where_time_ended_a_campaign_it_ends_again() {
    let folder = tempfile::tempdir().unwrap();
    let out = campaign(folder.path(), &format!("budget = {{ max_wall = 1e-12 }}\n{PLAIN}"));
    let bundle = there_and_back(folder.path(), &out);
    let text = String::from_utf8_lossy(&members(&bundle)["druse-plain/bundle.json"]).into_owned();
    let facts: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(facts["end"], "wall");
    assert_eq!(facts["steps"], 1);
}

#[test]
fn files_that_may_not_be_passed_on_are_brought_by_whoever_has_them() {
    let folder = tempfile::tempdir().unwrap();
    let out = salts(folder.path());
    let bundle = folder.path().join("light.zip");
    let facts = pack(&out, &bundle, &["--without-inputs", "--report"]);
    assert_eq!(facts["inputs"][0]["packed"], false);
    let members = members(&bundle);
    assert!(
        !members.keys().any(|name| name.contains("/inputs/"))
            && members.contains_key("druse-salts/report.html")
    );
    let (code, message) = refused(&bundle);
    assert_eq!(code, 2);
    assert!(
        message.contains("known salts.jsonl (novelty.reference, SHA-256 ") && message.contains("--inputs")
    );
    let own = folder.path().join("mine/below");
    fs::create_dir_all(&own).unwrap();
    fs::write(own.join("another name"), KNOWN).unwrap();
    let again = folder.path().join("again");
    let mut command = druse();
    command.arg("reproduce").arg(&bundle).arg("--out").arg(&again);
    succeed(command.arg("--inputs").arg(folder.path().join("mine")).arg(folder.path().join("atoms.py")));

    // A file of the campaign that is another one by now is told before anything is written.
    fs::write(folder.path().join("known salts.jsonl"), KNOWN.replace("5.64", "5.65")).unwrap();
    let late = folder.path().join("late.zip");
    let output = run(druse().arg("bundle").arg(&out).arg("--to").arg(&late));
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(2) && text.contains("or a file that it names, differs"), "{text}");
    assert!(!late.exists());
}

#[test]
fn results_that_somebody_changed_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let out = campaign(folder.path(), PLAIN);
    let bundle = folder.path().join("bundle.zip");
    pack(&out, &bundle, &[]);
    let mut changed = members(&bundle);
    let name = "druse-plain/results/candidates.jsonl";
    let text = String::from_utf8_lossy(&changed[name]).into_owned();
    let line = text.lines().nth(7).unwrap();
    let mut row: Value = serde_json::from_str(line).unwrap();
    row["objectives"]["density"] = (row["objectives"]["density"].as_f64().unwrap() + 0.5).into();
    let text = text.replace(line, &row.to_string());
    let last = text.lines().last().unwrap().len() + 1;
    changed.insert(name.to_owned(), text.as_bytes()[..text.len() - last].to_vec());
    let facts = String::from_utf8_lossy(&changed["druse-plain/bundle.json"]).into_owned();
    let facts = facts.replace("\"begun_by\": \"0", "\"begun_by\": \"9");
    changed.insert("druse-plain/bundle.json".to_owned(), facts.into_bytes());
    let path = folder.path().join("changed.zip");
    write(&path, &changed);
    let (code, message) = refused(&path);
    assert!(code == 2 && message.contains("is damaged: bundle.json has SHA-256"), "{message}");

    seal(&mut changed, "druse-plain");
    write(&path, &changed);
    let again = folder.path().join("again");
    let output = run(druse().arg("reproduce").arg(&path).arg("--out").arg(&again).args(["--json", "-"]));
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{message}");
    assert!(message.contains("not as it was: version of druse: found "), "{message}");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(report["same"] == false && report["different"] == 1, "{report}");
    assert!(report["extra"] == 1 && report["missing"] == 0, "{report}");
    assert_eq!(report["first"]["candidate"], 7);
    assert_eq!(report["first"]["field"], "objectives.density");
    assert!((report["fields"][0]["largest"].as_f64().unwrap() - 0.5).abs() < 1e-9, "{report}");
    assert_eq!(report["different_files"], serde_json::json!(["results/candidates.jsonl"]));

    // The same folder again: the campaign in it is at its end and only compared.
    let output = reproduce(&bundle, &again);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&reproduce(&path, &again).stdout).into_owned();
    assert!(text.contains("It begins with candidate 7 in step 0: objectives.density: found "), "{text}");
}

#[test]
fn what_is_no_whole_bundle_is_refused_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let out = campaign(folder.path(), PLAIN);
    let good = folder.path().join("good.zip");
    pack(&out, &good, &[]);
    let whole = members(&good);
    let file = folder.path().join("bad.zip");
    let expect = |words: &str| {
        let (code, message) = refused(&file);
        assert!(code == 2 && message.contains(words) && message.contains("bad.zip"), "{words}: {message}");
    };

    fs::write(&file, "not a bundle").unwrap();
    expect("is no bundle of druse: found no whole zip archive");
    let bytes = fs::read(&good).unwrap();
    fs::write(&file, &bytes[..bytes.len() / 2]).unwrap();
    expect("is no bundle of druse: found no whole zip archive");
    let mut flipped = bytes.clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 0x10;
    fs::write(&file, &flipped).unwrap();
    expect("is damaged: ");

    let changed = |change: &dyn Fn(&mut Members)| {
        let mut members = whole.clone();
        change(&mut members);
        write(&file, &members);
    };
    changed(&|members| members.retain(|name, _| !name.ends_with("MANIFEST")));
    expect("found a zip archive of other files, expected one MANIFEST in it");
    changed(&|members| {
        members.remove("druse-plain/results/front.csv");
    });
    expect("found no results/front.csv");
    changed(&|members| {
        members.insert("druse-plain/extra".to_owned(), Vec::new());
    });
    expect("found extra, which MANIFEST does not list");
    changed(&|members| {
        members.remove("druse-plain/campaign.toml");
        seal(members, "druse-plain");
    });
    expect("found no campaign.toml");
    changed(&|members| {
        let facts = String::from_utf8_lossy(&members["druse-plain/bundle.json"]).into_owned();
        let facts = facts.replace("\"format\": 1", "\"format\": 2");
        members.insert("druse-plain/bundle.json".to_owned(), facts.into_bytes());
        seal(members, "druse-plain");
    });
    expect("has format 2 of druse ");
    for name in ["druse-plain/../../outside", "/outside", "druse-plain\\..\\outside", "../outside"] {
        changed(&|members| {
            members.insert(name.to_owned(), b"x".to_vec());
        });
        expect("is not to be trusted: found a member named");
    }
    changed(&|members| {
        let facts = String::from_utf8_lossy(&members["druse-plain/bundle.json"]).into_owned();
        let input =
            r#""inputs": [{"key": "k", "member": "../outside", "sha256": "0", "bytes": 0, "packed": true}]"#;
        let facts = facts.replace("\"inputs\": []", input);
        members.insert("druse-plain/bundle.json".to_owned(), facts.into_bytes());
        seal(members, "druse-plain");
    });
    expect("is not to be trusted: found a member named");
    // Parts that only the program of somebody has.
    changed(&|members| {
        let toml = String::from_utf8_lossy(&members["druse-plain/campaign.toml"]).into_owned();
        let toml = toml.replace("\"price\"", "\"beauty\"");
        members.insert("druse-plain/campaign.toml".to_owned(), toml.into_bytes());
        seal(members, "druse-plain");
    });
    expect("beauty");

    let other = folder.path().join("other");
    fs::create_dir(&other).unwrap();
    fs::write(other.join("letter"), "dear").unwrap();
    let output = reproduce(&good, &other);
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        output.status.code() == Some(2) && text.contains("holds other files; expected a new or empty"),
        "{text}"
    );
    let output = run(druse().arg("bundle").arg(&other).arg("--to").arg(folder.path().join("x.zip")));
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(2) && text.contains("holds no campaign"), "{text}");
    let output = run(druse().arg("bundle").arg(&out).args(["--to", "x.tar"]));
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        output.status.code() == Some(2) && text.contains("expected the name of a file that ends in .zip"),
        "{text}"
    );
}

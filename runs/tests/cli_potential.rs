//! Commands that need a potential: energies, relaxations, reference energies.

mod common;

use std::fs;

use common::{druse_in, druse_with, has_weights};
use serde_json::Value;
use tempfile::TempDir;

/// Rock salt with a displaced atom, four inputs that no potential takes, and silicon.
const STRUCTURES: &str = r#"{"id": "salt", "cell": [3.99, 3.99, 3.99, 60, 60, 60], "species": ["Na", "Cl"], "frac": [[0, 0, 0], [0.5, 0.5, 0.52]]}
{"id": "unreadable", "cell": [3.99, 3.99, 3.99, 60, 60, 60], "species": ["Na", "Xx"], "frac": [[0, 0, 0], [0.5, 0.5, 0.5]]}
{"id": "clash", "cell": [3.99, 3.99, 3.99, 60, 60, 60], "species": ["Na", "Na"], "frac": [[0, 0, 0], [0.01, 0, 0]]}
{"id": "disorder", "cell": [3.99, 3.99, 3.99, 60, 60, 60], "species": ["Na", {"Cl": 0.5, "Br": 0.5}], "frac": [[0, 0, 0], [0.5, 0.5, 0.5]]}
{"id": "curium", "cell": [3.84, 3.84, 3.84, 60, 60, 60], "species": ["Cm"], "frac": [[0, 0, 0]]}
{"id": "silicon", "cell": [3.84, 3.84, 3.84, 60, 60, 60], "species": ["Si", "Si"], "frac": [[0, 0, 0], [0.25, 0.25, 0.25]]}
"#;

fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("some.jsonl"), STRUCTURES).unwrap();
    folder
}

fn results(folder: &TempDir, arguments: &[&str]) -> Vec<Value> {
    let ran = druse_in(folder.path(), arguments);
    assert_eq!(ran.code, 0, "{}", ran.err);
    serde_json::from_str(&ran.out).unwrap()
}

fn results_object(folder: &TempDir, arguments: &[&str]) -> Value {
    let ran = druse_in(folder.path(), arguments);
    assert_eq!(ran.code, 0, "{}", ran.err);
    serde_json::from_str(&ran.out).unwrap()
}

fn keys(object: &Value) -> Vec<&str> {
    object.as_object().unwrap().keys().map(String::as_str).collect()
}

/// Each bad structure is one row with a reason, in its place.
fn assert_failures(results: &[Value]) {
    let ids: Vec<&str> = results.iter().map(|result| result["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["salt", "unreadable", "clash", "disorder", "curium", "silicon"]);
    for (index, reason) in [(1, "unknown element 'Xx'"), (2, "0.040 Å"), (3, "disordered"), (4, "Cm")] {
        assert_eq!(keys(&results[index]), ["id", "error"]);
        let error = results[index]["error"].as_str().unwrap();
        assert!(error.contains(reason), "{error}");
    }
}

#[test]
fn energies_forces_stresses_and_moments() {
    if !has_weights() {
        return;
    }
    let folder = folder();
    let results = results(&folder, &["energy", "some.jsonl", "--json", "-"]);
    assert_failures(&results);
    let silicon = &results[5];
    assert_eq!(
        keys(silicon),
        ["id", "formula", "atoms", "energy_per_atom", "forces", "stress", "magmoms", "model", "protocol"]
    );
    // CHGNet of the Python package 0.4.2 gives -5.312 eV/atom for silicon near its minimum.
    assert!((silicon["energy_per_atom"].as_f64().unwrap() + 5.312).abs() < 1e-3);
    assert_eq!(silicon["model"], "chgnet-0.3.0");
    let shape = |key: &str| {
        results[0][key]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row.as_array().unwrap().len())
            .collect::<Vec<_>>()
    };
    assert_eq!((shape("forces"), shape("stress")), (vec![3; 2], vec![3; 3]));
    assert_eq!(results[0]["magmoms"].as_array().unwrap().len(), 2);

    let cheap =
        self::results(&folder, &["energy", "some.jsonl", "--energy-only", "--threads", "1", "--json", "-"]);
    assert_eq!(keys(&cheap[5]), ["id", "formula", "atoms", "energy_per_atom", "model", "protocol"]);
    assert_eq!(cheap[5]["energy_per_atom"], silicon["energy_per_atom"]);

    let other = self::results(&folder, &["energy", "some.jsonl", "--model", "chgnet-r2scan", "--json", "-"]);
    assert_eq!(other[5]["model"], "chgnet-r2scan");
    assert_ne!(other[5]["energy_per_atom"], silicon["energy_per_atom"]);
}

#[test]
fn relaxations() {
    if !has_weights() {
        return;
    }
    let folder = folder();
    let results =
        results(&folder, &["relax", "some.jsonl", "--fmax", "0.01", "--json", "-", "--to", "relaxed.cif"]);
    assert_failures(&results);
    let salt = &results[0];
    for key in [
        "energy_per_atom",
        "forces",
        "stress",
        "magmoms",
        "model",
        "structure",
        "steps",
        "converged",
        "energy_per_atom_start",
    ] {
        assert!(!salt[key].is_null(), "{key}");
    }
    assert_eq!(salt["converged"], true);
    let energy = |key: &str| salt[key].as_f64().unwrap();
    assert!(energy("energy_per_atom") < energy("energy_per_atom_start"));
    assert_eq!(keys(&salt["structure"]), ["lattice", "species", "frac"]);
    // The displaced atom is back in the middle.
    let coordinate = |i: usize, k: usize| salt["structure"]["frac"][i][k].as_f64().unwrap();
    for k in 0..3 {
        let apart = (coordinate(1, k) - coordinate(0, k)).rem_euclid(1.0);
        assert!((apart - 0.5).abs() < 0.01, "{}", salt["structure"]["frac"]);
    }
    let info = self::results_object(&folder, &["data", "info", "relaxed.cif", "--json", "-"]);
    assert_eq!(info["structures"], 2);

    let one =
        self::results(&folder, &["relax", "some.jsonl", "--fmax", "0.01", "--json", "-", "--threads", "1"]);
    assert_eq!(one, results);
    let stopped = self::results(&folder, &["relax", "some.jsonl", "--steps", "1", "--json", "-"]);
    assert_eq!((&stopped[0]["converged"], &stopped[0]["steps"]), (&Value::from(false), &Value::from(1)));
    for bad in [["--fmax", "0"], ["--cell", "loose"], ["--to", "relaxed.pdb"], ["--pressure", "nan"]] {
        let ran = druse_in(folder.path(), &["relax", "some.jsonl", bad[0], bad[1]]);
        assert!(ran.code == 2 && ran.out.is_empty(), "{bad:?}: {}", ran.err);
    }
}

/// Solid sodium and chlorine, and rock salt: all phases of the system Na-Cl that count here.
const PHASES: &str = r#"{"id": "na", "cell": [3.66, 3.66, 3.66, 109.4712206, 109.4712206, 109.4712206], "species": ["Na"], "frac": [[0, 0, 0]]}
{"id": "cl", "cell": [6.0, 6.0, 6.0, 90, 90, 90], "species": ["Cl", "Cl"], "frac": [[0, 0, 0], [0.333, 0, 0]]}
{"id": "halite", "cell": [3.99, 3.99, 3.99, 60, 60, 60], "species": ["Na", "Cl"], "frac": [[0, 0, 0], [0.5, 0.5, 0.5]]}
"#;

#[test]
fn structures_on_a_hull_of_the_same_model() {
    if !has_weights() {
        return;
    }
    let folder = folder();
    fs::write(folder.path().join("phases.jsonl"), PHASES).unwrap();
    let ran = druse_in(folder.path(), &["data", "reference", "phases.jsonl", "--to", "phases.csv.gz", "-q"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    let hull = ["hull", "some.jsonl", "--reference", "phases.csv.gz", "--json", "-"];
    let results = results(&folder, &hull);
    let salt = &results[0];
    assert_eq!(
        keys(salt),
        [
            "id",
            "formula",
            "energy_above_hull",
            "formation_energy",
            "decomposition",
            "supports",
            "known",
            "reference",
            "energy_per_atom",
            "inverse_hull_energy",
            "metastability",
            "metastability_window",
            "protocol"
        ]
    );
    let above = salt["energy_above_hull"].as_f64().unwrap();
    assert!(above > 0.0 && above < 0.01, "{above}");
    let formation = salt["formation_energy"].as_f64().unwrap();
    assert!(formation < -1.0);
    // Without other compounds of sodium and chlorine its depth is its energy of formation.
    assert!((salt["inverse_hull_energy"].as_f64().unwrap() - formation).abs() < 1e-9);
    let window = &salt["metastability_window"];
    assert_eq!(window["chemistry"], "halide");
    let share = above / window["percentile_90"].as_f64().unwrap();
    assert!((salt["metastability"].as_f64().unwrap() - share).abs() < 1e-9);
    assert_eq!(salt["decomposition"][0]["id"], "halite");
    assert!(salt["reference"].as_str().unwrap().starts_with("chgnet-0.3.0 on unknown, 3 rows, sha256 "));
    // Silicon has no reference here.
    assert!(results[5]["error"].as_str().unwrap().contains("no entry for the pure element Si"));

    fs::write(folder.path().join("mine.txt"), "Na, Cl2 # elements\n").unwrap();
    let from = self::results(&folder, &[&hull[..], &["--precursors=mine.txt"]].concat());
    assert_eq!(from[0]["reaction"]["equation"], "2 Na + Cl2 -> 2 NaCl");
    assert!((from[0]["reaction_energy"].as_f64().unwrap() - formation).abs() < 1e-9);
    let shipped = self::results(&folder, &[&hull[..], &["--precursors"]].concat());
    assert_eq!(shipped[0]["reaction"]["equation"], "NaCl -> NaCl");
    assert!((shipped[0]["reaction_energy"].as_f64().unwrap() - above).abs() < 1e-9);
    let table = druse_in(folder.path(), &[&hull[..4], &["--precursors=mine.txt"]].concat());
    assert!(table.out.contains("2 Na + Cl2 -> 2 NaCl"), "{}", table.out);
    fs::write(folder.path().join("mine.txt"), "Na KCl").unwrap();
    let absent = druse_in(folder.path(), &[&hull[..], &["--precursors=mine.txt"]].concat());
    assert!(absent.code == 2 && absent.err.contains("found no energies of KCl"), "{}", absent.err);

    let relaxed = self::results(&folder, &[&hull[..], &["--relax"]].concat());
    assert!(relaxed[0]["energy_above_hull"].as_f64().unwrap() < above);
    assert_eq!(relaxed[0]["converged"], true);

    let scores = self::results(
        &folder,
        &[
            "score",
            "some.jsonl",
            "--objectives",
            "energy_above_hull,density",
            "--reference",
            "phases.csv.gz",
            "--json",
            "-",
        ],
    );
    assert_eq!(scores[0]["energy_above_hull"].as_f64().unwrap(), above);
    assert!(scores[2]["energy_above_hull"].is_null());
    assert!(scores[2]["errors"]["energy_above_hull"].as_str().unwrap().contains("0.040 Å"));

    let other = druse_in(folder.path(), &[&hull[..], &["--model", "chgnet-r2scan"]].concat());
    assert!(other.code == 2 && other.err.contains("unlike models cannot be compared"), "{}", other.err);
}

#[test]
fn unknown_devices_end_with_2() {
    let folder = folder();
    let ran = druse_in(folder.path(), &["energy", "some.jsonl", "--device", "gpu"]);
    assert_eq!(ran.code, 2);
    let message = "error: --device: unknown device 'gpu'; known: cpu, torch-cpu, cuda";
    assert!(ran.err.starts_with(message), "{}", ran.err);
}

#[test]
fn absent_weights_end_with_1_and_say_what_to_do() {
    let folder = folder();
    let empty = folder.path().join("empty");
    fs::create_dir(&empty).unwrap();
    let ran =
        druse_with(folder.path(), &["energy", "some.jsonl"], &[("DRUSE_MODELS", empty.to_str().unwrap())]);
    assert_eq!(ran.code, 1);
    assert!(
        ran.err.starts_with("error: weights 'chgnet_0.3.0.safetensors' not found; run `make setup`"),
        "{}",
        ran.err
    );
    assert_eq!(ran.err.lines().count(), 1);
}

#[test]
fn reference_energies_continue_after_a_stop_to_the_same_table() {
    if !has_weights() {
        return;
    }
    let folder = folder();
    let run = |to: &str, more: &[&str]| {
        let arguments =
            ["data", "reference", "some.jsonl", "--to", to, "--date", "2026-11-22", "--json", "-"];
        druse_in(folder.path(), &[&arguments[..], more].concat())
    };
    let ran = run("whole.csv.gz", &[]);
    let summary: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((&summary["count"], &summary["computed"]), (&Value::from(2), &Value::from(6)));
    assert_eq!(summary["failures"].as_array().unwrap().len(), 4);
    let bytes = |name: &str| fs::read(folder.path().join(name)).unwrap();

    // Stopped in the middle of the line of silicon.
    let checkpoint = String::from_utf8(bytes("whole.csv.gz.part")).unwrap();
    let cut = checkpoint.find("silicon,").unwrap() + 10;
    fs::write(folder.path().join("stopped.csv.gz.part"), &checkpoint[..cut]).unwrap();
    let ran = run("stopped.csv.gz", &["--threads", "1"]);
    let summary: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(summary["computed"], 1, "{}", ran.err);
    assert_eq!(bytes("stopped.csv.gz"), bytes("whole.csv.gz"));

    let other = run("whole.csv.gz", &["--source", "elsewhere"]);
    assert!(other.code == 2 && other.err.contains("begun with source 'unknown'"), "{}", other.err);
    let info = druse_in(folder.path(), &["data", "info", "--reference", "whole.csv.gz", "--json", "-"]);
    let info: Value = serde_json::from_str(&info.out).unwrap();
    assert_eq!((&info["rows"], &info["model"]), (&Value::from(2), &Value::from("chgnet-0.3.0")));
}

#[test]
fn a_table_that_cannot_be_written_ends_with_1() {
    if !has_weights() {
        return;
    }
    let folder = folder();
    let ran = druse_in(folder.path(), &["data", "reference", "some.jsonl", "--to", "absent/table.csv.gz"]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.starts_with("error: cannot open absent/table.csv.gz.part: No such file"), "{}", ran.err);
}

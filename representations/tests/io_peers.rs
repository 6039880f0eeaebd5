//! Files exchanged with ASE and pymatgen: theirs read here, ours read there. Skipped where `python3` has no such packages.

use std::path::Path;
use std::process::Command;

use druse_representations::io::{Format, Record, read_path, write_file};
use druse_representations::{Crystal, Lattice};
use serde_json::{Map, Value, json};

/// Exit code of the script where a package is absent.
const ABSENT: i32 = 77;

/// Runs `io_peers.py`; `false` where it cannot run.
fn python(mode: &str, folder: &Path) -> bool {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/io_peers.py");
    let output = match Command::new("python3").arg(script).arg(mode).arg(folder).output() {
        Ok(output) if output.status.code() != Some(ABSENT) => output,
        _ => {
            println!("skipped: python3 with ase, pymatgen and monty is not there");
            return false;
        }
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    true
}

fn record(id: &str, rows: [[f64; 3]; 3], atoms: &[(&str, [f64; 3])], properties: Value) -> Record {
    let atoms = atoms.iter().map(|&(symbol, frac)| (symbol.parse().unwrap(), frac));
    let mut told = json!({
        "energy_above_hull": 0.02, "novelty": "new composition", "converged": true, "nearest": "mp-1", "further": [1, "x"],
    });
    told.as_object_mut().unwrap().extend(properties.as_object().unwrap().clone());
    Record {
        id: id.into(),
        crystal: Crystal::ordered(Lattice::from_rows(rows), atoms),
        properties: told.as_object().unwrap().clone(),
        source: String::new(),
    }
}

#[test]
fn others_read_what_we_write() {
    let folder = tempfile::tempdir().unwrap();
    let forces = json!([[0.25, -0.5, 0.125], [-0.25, 0.5, -0.125]]);
    let stress = json!([[1.5, 0.1, -0.2], [0.1, -2.5, 0.3], [-0.2, 0.3, 0.5]]);
    let computed = json!({
        "energy": -6.75, "forces": forces, "stress": stress, "magmoms": [0.0, -1.5], "correction": -0.5,
    });
    let records = [
        record(
            "1-NaCl",
            [[5.0, 0.0, 0.25], [0.5, 5.5, 0.0], [0.0, 0.1, 6.0]],
            &[("Na", [0.0; 3]), ("Cl", [0.5, 0.45, 0.5])],
            computed,
        ),
        record(
            "2-SrTiO3",
            [[3.9, 0.0, 0.0], [0.0, 3.9, 0.0], [0.0, 0.0, 3.9]],
            &[
                ("Sr", [0.5; 3]),
                ("Ti", [0.0; 3]),
                ("O", [0.5, 0.0, 0.0]),
                ("O", [0.0, 0.5, 0.0]),
                ("O", [0.0, 0.0, 0.5]),
            ],
            json!({ "energy": -40.0, "energy_above_hull": 0.3 }),
        ),
    ];
    for (format, name) in [
        (Format::Extxyz, "x.extxyz"),
        (Format::AseDb, "x.db"),
        (Format::Pymatgen, "entries.json"),
        (Format::Optimade, "optimade.json"),
        (Format::Jsonl, "expected.jsonl"),
    ] {
        write_file(&folder.path().join(name), format, &records).unwrap();
    }
    if python("check", folder.path()) {
        // ASE has written into the database since.
        let again = read_path(&folder.path().join("x.db")).unwrap();
        assert_eq!(again.len(), records.len() + 1);
        let first = again[0].as_ref().unwrap();
        assert_eq!((first.id.as_str(), &first.properties["checked"]), ("1-NaCl", &json!(true)));
    }
}

#[test]
fn we_read_what_others_write() {
    let folder = tempfile::tempdir().unwrap();
    if !python("write", folder.path()) {
        return;
    }
    let read = |name: &str| -> Vec<Record> {
        read_path(&folder.path().join(name)).unwrap().into_iter().map(|record| record.unwrap()).collect()
    };
    let expected = read("expected.jsonl");
    assert_eq!(expected.len(), 2);
    let pairs = ["e_hull", "label", "checked", "count"];
    let computed = [&["energy", "forces", "stress", "magmoms"][..], &pairs].concat();
    for (name, told) in [
        ("x.extxyz", computed.clone()),
        ("x.db", computed),
        ("entries.json", pairs.to_vec()),
        ("optimade.json", Vec::new()),
    ] {
        let found = read(name);
        assert_eq!(found.len(), expected.len(), "{name}");
        for (found, expected) in found.iter().zip(&expected) {
            assert_eq!(found.id, expected.id, "{name}");
            assert_same(&found.crystal, &expected.crystal);
            for key in &told {
                assert_close(&found.properties[*key], &expected.properties[*key], key);
            }
        }
    }
    let dos = json!([[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]);
    let data = &read("x.db")[0].properties;
    assert_eq!((&data["dos"], &data["deep"]), (&dos, &json!({"k": [1, null]})));
    // Corrected energies, as `entry.energy`.
    for (found, expected) in read("entries.json").iter().zip(&expected) {
        let number =
            |record: &Record, key: &str| record.properties.get(key).and_then(Value::as_f64).unwrap_or(0.0);
        let corrected = number(expected, "energy") + number(expected, "correction");
        assert!((number(found, "energy") - corrected).abs() < 1e-12);
        assert_eq!(number(found, "correction"), number(expected, "correction"));
        assert_eq!(
            found.properties["parameters"],
            Value::Object(Map::from_iter([("run_type".into(), json!("GGA"))]))
        );
    }
}

fn assert_same(a: &Crystal, b: &Crystal) {
    assert_eq!(a.elements(), b.elements());
    let worst = a.cartesian().iter().zip(b.cartesian()).map(|(x, y)| (x - y).norm()).fold(0.0, f64::max);
    // Extended XYZ by ASE has eight decimals.
    assert!(worst < 1e-7, "{worst}");
    for (x, y) in a.lattice.rows().as_flattened().iter().zip(b.lattice.rows().as_flattened()) {
        assert!((x - y).abs() < 1e-9);
    }
}

fn assert_close(a: &Value, b: &Value, key: &str) {
    match (a, b) {
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            a.iter().zip(b).for_each(|(a, b)| assert_close(a, b, key));
        }
        (Value::Number(_), Value::Number(_)) => {
            let (a, b) = (a.as_f64().unwrap(), b.as_f64().unwrap());
            // ASE's electronvolt is of 2014, 8e-9 of it less than today's, and its files have eight decimals.
            assert!((a - b).abs() < 1e-6, "{key}: {a} {b}");
        }
        _ => assert_eq!(a, b, "{key}"),
    }
}

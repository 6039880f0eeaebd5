//! Evaluation of sets of generated structures, from files to tables.

use std::fs;
use std::path::Path;

use druse_tests::{druse, run, succeed};
use serde_json::{Value, json};
use tempfile::tempdir;

type Site = (&'static str, [f64; 3]);

const CORNER_CENTRE: [[f64; 3]; 2] = [[0.0; 3], [0.5; 3]];

fn line(id: &str, rows: [[f64; 3]; 3], sites: &[Site], more: Value) -> String {
    let mut object = json!({
        "id": id,
        "lattice": rows,
        "species": sites.iter().map(|(symbol, _)| symbol).collect::<Vec<_>>(),
        "frac": sites.iter().map(|(_, x)| x).collect::<Vec<_>>(),
    });
    object.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    object.to_string() + "\n"
}

fn cubic(edge: f64) -> [[f64; 3]; 3] {
    [[edge, 0.0, 0.0], [0.0, edge, 0.0], [0.0, 0.0, edge]]
}

fn face_centred(edge: f64) -> [[f64; 3]; 3] {
    let half = edge / 2.0;
    [[0.0, half, half], [half, 0.0, half], [half, half, 0.0]]
}

fn pair(x: &'static str, y: &'static str) -> [Site; 2] {
    [(x, CORNER_CENTRE[0]), (y, CORNER_CENTRE[1])]
}

/// Rock salts (one of them twice, strained), caesium chlorides, a clash, an ion too much and a line that
/// is none.
fn write_sets(folder: &Path) {
    let cost = json!({ "seconds": 0.5, "joules": 4.0 });
    let first = [
        line("salt", face_centred(5.69), &pair("Na", "Cl"), cost.clone()),
        line("salt again", face_centred(5.6), &pair("Na", "Cl"), cost.clone()),
        line("magnesia", face_centred(4.25), &pair("Mg", "O"), cost.clone()),
        line("clash", cubic(4.0), &[("Na", [0.0; 3]), ("Cl", [0.05, 0.0, 0.0])], cost.clone()),
        line("charged", cubic(4.2), &[("Na", [0.0; 3]), ("Cl", [0.5; 3]), ("Cl", [0.5, 0.5, 0.0])], cost),
    ];
    fs::write(folder.join("first.jsonl"), first.concat()).unwrap();
    let second = [
        line("caesium chloride", cubic(4.12), &pair("Cs", "Cl"), json!({})),
        line("potassium chloride", face_centred(6.3), &pair("K", "Cl"), json!({})),
        "{\"id\": \"broken\"}\n".to_owned(),
    ];
    fs::write(folder.join("second.jsonl"), second.concat()).unwrap();
    let known = [
        line("known salt", face_centred(5.7), &pair("Na", "Cl"), json!({})),
        line("known caesium chloride", cubic(4.1), &pair("Cs", "Cl"), json!({})),
    ];
    fs::write(folder.join("known.jsonl"), known.concat()).unwrap();
}

fn figure<'a>(evaluation: &'a Value, name: &str) -> &'a Value {
    let metrics = evaluation["metrics"].as_array().unwrap();
    metrics.iter().find(|metric| metric["name"] == name).unwrap_or_else(|| panic!("no figure {name}"))
}

fn count(evaluation: &Value, name: &str) -> u64 {
    figure(evaluation, name)["numerator"].as_u64().unwrap()
}

#[test]
fn stable_unique_and_novel() {
    let folder = tempdir().unwrap();
    write_sets(folder.path());
    let evaluate = |more: &[&str]| {
        let mut command = druse();
        command.current_dir(folder.path()).args(["evaluate", "--protocol", "sun", "-q"]).args(more);
        command
    };
    let known = ["--reference", "known.jsonl", "--symmetry", "known.jsonl", "--cache", "cache"];
    let arguments = [&["first.jsonl", "second.jsonl", "--json", "all.json"], &known[..]].concat();
    let text = succeed(evaluate(&arguments).args(["--csv", "rows.csv", "--table", "table.md"]));
    assert!(text.contains("first") && text.contains("second"), "{text}");
    let read = |name: &str| -> Value {
        serde_json::from_slice(&fs::read(folder.path().join(name)).unwrap()).unwrap()
    };
    let all = read("all.json");
    let (first, second) = (&all["evaluations"][0], &all["evaluations"][1]);
    assert_eq!(count(first, "structure_valid"), 4);
    assert_eq!(count(first, "composition_valid"), 4);
    assert_eq!(count(first, "valid"), 3);
    assert_eq!(count(first, "unique_mattergen_ordered"), 4);
    assert_eq!(count(first, "unique_leak_safe"), 4);
    for novel in ["novel_leak_safe", "novel_mattergen_ordered"] {
        // Magnesia, the clash and the charged one; of the second set potassium chloride.
        assert_eq!((count(first, novel), count(second, novel)), (3, 1), "{novel}");
    }
    for limit in ["0.1", "0.08"] {
        assert_eq!(count(first, &format!("stable_{limit}")), 3);
        for manner in ["leak_safe", "mattergen_ordered"] {
            assert_eq!(count(first, &format!("sun_{manner}_{limit}")), 1, "magnesia");
            assert_eq!(count(first, &format!("ssun_{manner}_{limit}")), 1);
            assert_eq!(count(second, &format!("sun_{manner}_{limit}")), 1, "potassium chloride");
        }
    }
    assert_eq!(figure(first, "sun_leak_safe_0.1")["denominator"], 5);
    assert_eq!(figure(second, "sun_leak_safe_0.1")["denominator"], 3);
    assert_eq!(figure(first, "joules_per_sample")["value"], 4.0);
    assert_eq!(second["failures"]["unreadable"], 1);
    assert_eq!(first["failures"]["clash"], 1);
    // One template of rock salt is new; it is the same for sodium and magnesium.
    assert_eq!(count(first, "p1"), 0);
    let rows = fs::read_to_string(folder.path().join("rows.csv")).unwrap();
    assert_eq!(rows.lines().count(), 1 + 5 + 3);
    assert!(
        rows.contains("known salt") && rows.contains("no allowed oxidation states add up to zero"),
        "{rows}"
    );
    let table = fs::read_to_string(folder.path().join("table.md")).unwrap();
    assert!(table.starts_with("| set | n | valid, % |") && table.lines().count() == 4, "{table}");

    // Known relaxations and one thread give the same; a part alone gives its row of the table.
    let again =
        [&["first.jsonl", "second.jsonl", "--json", "again.json", "--threads", "1"], &known[..]].concat();
    succeed(&mut evaluate(&again));
    assert_eq!(read("again.json"), all);
    let alone = [&["second.jsonl", "--json", "second.json"], &known[..]].concat();
    succeed(&mut evaluate(&alone));
    let joined = [&["first.jsonl", "second.json", "--json", "joined.json"], &known[..]].concat();
    succeed(&mut evaluate(&joined));
    assert_eq!(read("joined.json")["evaluations"][1]["metrics"], second["metrics"]);

    // Unlike ones are refused, or put together by force with what differs.
    let unlike = [&["first.jsonl", "second.json", "--fmax", "0.3"], &known[..]].concat();
    let refused = run(&mut evaluate(&unlike));
    let message = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(2), "{message}");
    assert!(message.contains("\"fmax\":0.3") && message.contains("\"fmax\":0.1"), "{message}");
    succeed(evaluate(&unlike).arg("--force"));
}

#[test]
fn distributions_against_a_test_set_and_under_conditions() {
    let folder = tempdir().unwrap();
    write_sets(folder.path());
    let list = "[[set]]\nname = \"anything\"\nfiles = [\"first.jsonl\"]\n\
        [[set]]\nname = \"heavy\"\nfiles = [\"second.jsonl\"]\nrequested = 4.0\nreport = \"second.json\"\n";
    let told =
        json!({ "count": 2, "sampled": 4, "seconds": 6.0, "joules_each": 10.0, "joules_basis": "estimated" });
    fs::write(folder.path().join("second.json"), told.to_string()).unwrap();
    fs::write(folder.path().join("sets.toml"), list).unwrap();
    let evaluate = |more: &[&str]| -> Value {
        let mut command = druse();
        command.current_dir(folder.path()).args(["evaluate", "-q", "--json", "-"]).args(more);
        serde_json::from_str(&succeed(&mut command)).unwrap()
    };
    let arguments =
        ["first.jsonl", "--protocol", "cdvae", "--test", "first.jsonl", "--property", "elements", "density"];
    let report = evaluate(&arguments);
    let first = &report["evaluations"][0];
    assert_eq!(count(first, "valid"), 3);
    assert_eq!(figure(first, "wasserstein_elements")["value"], 0.0);
    assert!(figure(first, "wasserstein_density")["value"].as_f64().unwrap() > 0.0);
    // What is not valid covers nothing.
    assert_eq!(count(first, "invariant_recall"), 3);
    assert_eq!(
        (count(first, "invariant_precision"), &figure(first, "invariant_precision")["denominator"]),
        (3, &json!(5))
    );
    let report =
        evaluate(&["sets.toml", "--protocol", "conditions", "--property", "density", "space_group=225"]);
    let (anything, heavy) = (&report["evaluations"][0], &report["evaluations"][1]);
    assert_eq!(figure(anything, "density_wasserstein")["value"], 0.0);
    assert!(figure(heavy, "density_wasserstein")["value"].as_f64().unwrap() > 0.1);
    assert_eq!(figure(heavy, "space_group=225_mean")["value"], 0.5);
    assert_eq!(heavy["set"]["requested"], 4.0);
    // The better half of four samples: two cost what four do.
    assert_eq!(heavy["set"]["cost"]["seconds_per_sample"], 3.0);
    assert_eq!(heavy["set"]["cost"]["joules_per_sample"], 20.0);
}

#[test]
fn bad_input_is_refused_before_anything_is_computed() {
    let folder = tempdir().unwrap();
    write_sets(folder.path());
    fs::write(folder.path().join("wrong.toml"), "[[set]]\nfile = \"first.jsonl\"\n").unwrap();
    fs::write(folder.path().join("empty.jsonl"), "").unwrap();
    let cases: [(&[&str], &str); 6] = [
        (&["wrong.toml", "--protocol", "sun"], "unknown field `file`"),
        (&["empty.jsonl", "--protocol", "cdvae"], "found no structure"),
        (&["first.jsonl", "first.jsonl", "--protocol", "sun"], "two sets are named 'first'"),
        (&["first.jsonl", "--protocol", "sun", "--fmax", "0"], "--fmax"),
        (&["first.jsonl", "--protocol", "sun", "--table", "table.pdf"], ".md or .csv"),
        (
            &["first.jsonl", "--protocol", "sun", "--model", "chgnet-r2scan"],
            "no reference energies of chgnet-r2scan",
        ),
    ];
    for (arguments, expected) in cases {
        let output = run(druse().current_dir(folder.path()).arg("evaluate").args(arguments));
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {text}");
        assert!(text.contains(expected), "{arguments:?}: {text}");
    }
}

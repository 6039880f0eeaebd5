//! The command line: help, results, errors and exit codes of the built program.

mod common;

use std::fs;
use std::path::Path;

use common::{Ran, druse_in};
use serde_json::{Value, json};

fn druse(arguments: &[&str]) -> Ran {
    druse_in(Path::new(env!("CARGO_MANIFEST_DIR")), arguments)
}

/// Results on standard output; nothing else may be there.
fn results(ran: &Ran) -> Value {
    assert_eq!(ran.code, 0, "{}", ran.err);
    serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{error}:\n{}", ran.out))
}

fn keys(object: &Value) -> Vec<&str> {
    object.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn help_of_the_program_and_of_every_command() {
    insta::assert_snapshot!("help", druse(&["--help"]).out);
    for command in [
        "run",
        "resume",
        "show",
        "report",
        "bundle",
        "reproduce",
        "export",
        "ask",
        "tell",
        "energy",
        "hull",
        "score",
        "symmetry",
        "data elements",
        "data import",
        "data info",
        "data split",
        "audit",
        "match",
        "data reference",
        "schema",
    ] {
        let mut arguments: Vec<&str> = command.split(' ').collect();
        arguments.push("--help");
        insta::assert_snapshot!(format!("help_{}", command.replace(' ', "_")), druse(&arguments).out);
    }
}

#[test]
fn bad_usage_ends_with_2() {
    for arguments in
        [&["frobnicate"][..], &[], &["hull"], &["schema", "--threads", "0"], &["schema", "-v", "-q"]]
    {
        let ran = druse(arguments);
        assert_eq!(ran.code, 2, "{arguments:?}");
        assert!(ran.out.is_empty() && !ran.err.is_empty(), "{arguments:?}");
    }
}

#[test]
fn the_schema_knows_every_key_of_the_shipped_campaigns() {
    let schema = results(&druse(&["schema"]));
    let text = fs::read_to_string(common::folder("campaigns/default.toml")).unwrap();
    let campaign: toml::Table = text.parse().unwrap();
    for (section, value) in &campaign {
        let property = &schema["properties"][section];
        let reference = ["$ref", "items", "anyOf"].iter().find_map(|&key| match &property[key] {
            Value::String(reference) => Some(reference.as_str()),
            Value::Object(items) => items["$ref"].as_str(),
            Value::Array(any) => any[0]["$ref"].as_str(),
            _ => None,
        });
        let name =
            reference.unwrap_or_else(|| panic!("{section} is not in the schema")).rsplit('/').next().unwrap();
        let tables = match value {
            toml::Value::Array(tables) => tables.clone(),
            table => vec![table.clone()],
        };
        for key in tables.iter().filter_map(toml::Value::as_table).flat_map(toml::Table::keys) {
            assert!(!schema["$defs"][name]["properties"][key].is_null(), "{section}.{key}");
        }
    }
}

/// Lithium oxides with made-up energies whose hull can be told by hand.
const ENTRIES: &str = r#"[
    {"entry_id": "li", "composition": {"Li": 2}, "energy": -4.0, "correction": 0.0},
    {"entry_id": "o2", "composition": {"O": 2}, "energy": -10.0, "correction": 0.0},
    {"entry_id": "oxide", "composition": {"Li": 2, "O": 1}, "energy": -14.0, "correction": -1.0},
    {"entry_id": "peroxide", "composition": {"Li": 2, "O": 2}, "energy": -19.0, "correction": 0.0}
]"#;

#[test]
fn hull_places_entries_of_a_file() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("entries.json"), ENTRIES).unwrap();
    let ran = druse_in(folder.path(), &["hull", "--entries", "entries.json", "--json", "-"]);
    let results = results(&ran);
    let ids: Vec<&str> = results.as_array().unwrap().iter().map(|r| r["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["li", "o2", "oxide", "peroxide"]);
    let peroxide = &results[3];
    assert_eq!(
        keys(peroxide),
        [
            "id",
            "formula",
            "energy_above_hull",
            "formation_energy",
            "decomposition",
            "supports",
            "known",
            "reference"
        ]
    );
    // Oxide: (-15 + 4 + 5) / 3 = -2 eV/atom. Peroxide: (-19 + 4 + 10) / 4 = -1.25, hull -1.5.
    assert!((peroxide["formation_energy"].as_f64().unwrap() + 1.25).abs() < 1e-12);
    assert!((peroxide["energy_above_hull"].as_f64().unwrap() - 0.25).abs() < 1e-12);
    assert_eq!(
        peroxide["decomposition"],
        json!([{"id": "oxide", "amount": 0.75}, {"id": "o2", "amount": 0.25}])
    );
    // Without the oxide the peroxide is on the hull of what is left: itself. O2 is the only oxygen.
    assert_eq!(
        peroxide["supports"],
        json!([
            {"id": "oxide", "amount": 0.75, "energy_above_hull_without": 0.0},
            {"id": "o2", "amount": 0.25, "energy_above_hull_without": null}
        ])
    );
    assert_eq!(peroxide["known"]["structures"], 4);
    assert!(peroxide["reference"].as_str().unwrap().starts_with("entries.json (sha256 "));

    let ran = druse_in(folder.path(), &["hull", "--entries", "entries.json"]);
    insta::assert_snapshot!("hull_table", ran.out);
    assert_eq!(
        ran.err,
        "hull of Li rests on 1 known structure of 1 composition; phases that nobody has computed are not on it\n\
         hull of Li-O rests on 4 known structures of 4 compositions; phases that nobody has computed are not on it\n\
         hull of O rests on 1 known structure of 1 composition; phases that nobody has computed are not on it\n\
         1 of 4 entries hold no correction where others do: their energies cannot be compared\n\
         1 of 4 entries hold another correction than MP2020's for their composition (peroxides and sulphates may)\n\
         3 of 4 entries on the hull; eV/atom, from total energies\n"
    );
    let quiet = druse_in(folder.path(), &["hull", "--entries", "entries.json", "-q"]);
    assert!(quiet.err.is_empty() && quiet.out == ran.out);
}

#[test]
fn hull_without_an_element_says_so_entry_by_entry() {
    let folder = tempfile::tempdir().unwrap();
    let text = ENTRIES.replace(r#"{"O": 2}"#, r#"{"S": 2}"#);
    fs::write(folder.path().join("entries.json"), text).unwrap();
    let results = results(&druse_in(folder.path(), &["hull", "--entries", "entries.json", "--json", "-"]));
    assert_eq!(keys(&results[3]), ["id", "error"]);
    assert!(results[3]["error"].as_str().unwrap().contains("no entry for the pure element O"));
    assert_eq!(results[0]["energy_above_hull"], 0.0);
}

#[test]
fn bad_input_files_end_with_2_and_name_the_file() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("bad.json"), "{").unwrap();
    fs::write(folder.path().join("bad.csv"), "element,price\nXx,3\n").unwrap();
    for (command, file) in [
        (&["hull", "--entries"][..], "bad.json"),
        (&["hull", "--entries"], "absent.json"),
        (&["data", "elements", "--csv"], "bad.csv"),
    ] {
        let ran = druse_in(folder.path(), &[command, &[file]].concat());
        assert_eq!(ran.code, 2, "{}", ran.err);
        assert!(ran.err.starts_with("error: ") && ran.err.contains(file), "{}", ran.err);
        assert!(ran.out.is_empty());
    }
}

#[test]
fn element_tables_are_shown_with_sources() {
    let ran = druse(&["data", "elements", "Fe", "O", "--columns", "crustal_abundance"]);
    insta::assert_snapshot!("elements", ran.out);
    let results =
        results(&druse(&["data", "elements", "Fr", "--columns", "price,radioactive", "--json", "-"]));
    assert_eq!(
        results,
        json!([
            {"id": "Fr", "atomic_number": 87, "oxidation_states": [1], "price": null, "radioactive": 1.0}
        ])
    );
    let ran = druse(&["data", "elements", "--columns", "prize"]);
    assert!(
        ran.code == 2 && ran.err.starts_with("error: found column 'prize', expected one of "),
        "{}",
        ran.err
    );
}

/// Rock salt, a bad line, and silicon.
const STRUCTURES: &str = r#"{"id": "salt", "cell": [3.99, 3.99, 3.99, 60, 60, 60], "species": ["Na", "Cl"], "frac": [[0, 0, 0], [0.5, 0.5, 0.5]]}
{"id": "bad", "cell": [3.99, 3.99, 3.99, 60, 60, 60], "species": ["Na", "Xx"], "frac": [[0, 0, 0], [0.5, 0.5, 0.5]]}
{"id": "silicon", "cell": [3.84, 3.84, 3.84, 60, 60, 60], "species": ["Si", "Si"], "frac": [[0, 0, 0], [0.25, 0.25, 0.25]]}
"#;

fn structures() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("some.jsonl"), STRUCTURES).unwrap();
    fs::write(folder.path().join("bad.jsonl"), STRUCTURES.lines().nth(1).unwrap()).unwrap();
    folder
}

#[test]
fn symmetry_of_structures() {
    let folder = structures();
    let ran = druse_in(folder.path(), &["symmetry", "some.jsonl", "--json", "-"]);
    let results = results(&ran);
    assert_eq!(
        keys(&results[0]),
        [
            "id",
            "formula",
            "number",
            "symbol",
            "wyckoff",
            "symprec",
            "orbits",
            "equivalent_to",
            "hall_number",
            "point_group",
            "pearson_symbol",
            "operations",
            "conventional",
            "primitive"
        ]
    );
    assert_eq!(results[0]["number"], 225);
    assert_eq!(results[0]["wyckoff"], json!(["a", "b"]));
    assert_eq!(results[0]["conventional"]["species"].as_array().unwrap().len(), 8);
    assert_eq!(keys(&results[1]), ["id", "error"]);
    assert!(results[1]["error"].as_str().unwrap().contains("some.jsonl, line 2"), "{}", results[1]["error"]);
    assert_eq!(
        results[2]["orbits"][0],
        json!({"species": "Si", "wyckoff": "8a", "site_symmetry": "-43m", "sites": [0, 1]})
    );

    let ran = druse_in(folder.path(), &["symmetry", "some.jsonl"]);
    insta::assert_snapshot!("symmetry_table", format!("{}\n--- standard error\n{}", ran.out, ran.err));
}

#[test]
fn scores_of_structures() {
    let folder = structures();
    let names = "density,crustal_abundance,nice";
    fs::write(folder.path().join("mine.csv"), "element,nice\nSi,3\n").unwrap();
    let score = |names: &str| {
        let arguments =
            ["score", "some.jsonl", "--objectives", names, "--elements", "mine.csv", "--json", "-"];
        results(&druse_in(folder.path(), &arguments))
    };
    let scores = score(names);
    assert_eq!(
        keys(&scores[0]),
        ["id", "formula", "density", "crustal_abundance", "nice", "units", "errors"]
    );
    assert!((scores[0]["density"].as_f64().unwrap() - 2.16).abs() < 0.01);
    assert!(scores[0]["nice"].is_null());
    assert!(scores[0]["errors"]["nice"].as_str().unwrap().contains("no value for Na"), "{}", scores[0]);
    assert_eq!(scores[0]["units"]["density"], "g/cm^3");
    assert_eq!(keys(&scores[1]), ["id", "error"]);
    assert_eq!(scores[2]["nice"], 3.0);

    let alone = score("nice");
    assert_eq!(keys(&alone[0]), ["id", "error"]);

    let ran = druse_in(folder.path(), &["score", "some.jsonl", "--objectives", "nicety"]);
    assert!(ran.code == 2 && ran.err.starts_with("error: unknown objective 'nicety'"), "{}", ran.err);
}

#[test]
fn data_is_imported_looked_at_and_split() {
    let folder = structures();
    let run = |arguments: &[&str]| druse_in(folder.path(), arguments);
    fs::write(folder.path().join("labels.csv"), "id,gap\nsilicon,1.1\n").unwrap();
    let ran = run(&[
        "data",
        "import",
        "some.jsonl",
        "--to",
        "imported",
        "--source",
        "hand",
        "--date",
        "2026-11-22",
        "--labels",
        "labels.csv",
        "--json",
        "-",
    ]);
    let imported = results(&ran);
    assert_eq!(keys(&imported), ["folder", "provenance", "labels"]);
    assert_eq!(imported["provenance"]["count"], 2);
    assert_eq!(imported["provenance"]["rejected"][0]["id"], "bad");
    assert_eq!(imported["labels"][0]["joined"], 1);
    let again = run(&["data", "import", "some.jsonl", "--to", "imported"]);
    assert_eq!(
        (again.code, again.err.as_str()),
        (2, "error: imported exists already: choose another folder or remove it\n")
    );

    let info = results(&run(&["data", "info", "imported/structures.jsonl.gz", "--json", "-"]));
    assert_eq!(info["structures"], 2);
    assert_eq!(info["elements"], json!(["Na", "Si", "Cl"]));
    assert_eq!(info["properties"], json!({"gap": 1}));
    insta::assert_snapshot!("data_info", run(&["data", "info", "some.jsonl"]).out);

    let split = ["data", "split", "imported/structures.jsonl.gz", "--to", "parts", "--fractions"];
    let parts = results(&run(&[&split[..], &["0.5,0,0.5", "--json", "-"]].concat()));
    assert_eq!((&parts["train"], &parts["validation"], &parts["test"]), (&json!(1), &json!(0), &json!(1)));
    assert_eq!(fs::read_dir(folder.path().join("parts")).unwrap().count(), 3);
    for bad in ["0.5,0.5", "0.5,0.2,0.5", "a,b,c"] {
        assert_eq!(run(&[&split[..], &[bad]].concat()).code, 2, "{bad}");
    }
}

#[test]
fn structure_types_are_listed() {
    let all = results(&druse(&["data", "prototypes", "--json", "-"]));
    assert!(all.as_array().unwrap().len() > 200);
    let spinel = results(&druse(&["data", "prototypes", "SPINEL", "--json", "-"]));
    assert_eq!(keys(&spinel[0]), ["id", "formula", "space_group", "atoms", "source", "structure"]);
    assert_eq!((&spinel[0]["space_group"], &spinel[0]["atoms"]), (&json!(227), &json!(14)));
    assert_eq!(druse(&["data", "prototypes", "no such"]).code, 2);
}

#[test]
fn inputs_that_all_fail_end_with_2_but_results_are_written() {
    let folder = structures();
    let ran = druse_in(folder.path(), &["symmetry", "bad.jsonl", "--json", "-"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.starts_with("error: bad.jsonl, line 1: "), "{}", ran.err);
    let results: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(keys(&results[0]), ["id", "error"]);
    let ran = druse_in(folder.path(), &["symmetry", "bad.jsonl", "bad.jsonl"]);
    assert_eq!((ran.code, ran.err.lines().last()), (2, Some("error: all 2 structures failed")));
    for name in ["absent.cif", "notes.txt", "."] {
        fs::write(folder.path().join("notes.txt"), "").unwrap();
        fs::remove_file(folder.path().join("some.jsonl")).ok();
        fs::remove_file(folder.path().join("bad.jsonl")).ok();
        let ran = druse_in(folder.path(), &["symmetry", name]);
        assert!(ran.code == 2 && ran.err.starts_with(&format!("error: {name}: ")), "{}", ran.err);
    }
}

#[test]
fn unwritable_results_end_with_1_and_leave_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let ran = druse_in(folder.path(), &["schema", "--json", "absent/schema.json"]);
    assert_eq!(
        (ran.code, ran.err.as_str()),
        (1, "error: cannot write 'absent/schema.json': No such file or directory (os error 2)\n")
    );
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    #[cfg(unix)]
    if Path::new("/dev/full").exists() {
        // Through a link, so that a failure of this test cannot harm the device.
        std::os::unix::fs::symlink("/dev/full", folder.path().join("full")).unwrap();
        let ran = druse_in(folder.path(), &["schema", "--json", "full"]);
        let message = "error: cannot write 'full': No space left on device (os error 28)\n";
        assert_eq!((ran.code, ran.err.as_str()), (1, message));
        assert!(fs::symlink_metadata(folder.path().join("full")).unwrap().is_symlink());
    }
}

/// Rock salt, caesium chloride and a disordered rutile; cells in Å, structures by hand.
const KNOWN: &str = r#"{"id": "salt", "lattice": [[0, 2.82, 2.82], [2.82, 0, 2.82], [2.82, 2.82, 0]], "species": ["Na", "Cl"], "frac": [[0, 0, 0], [0.5, 0.5, 0.5]]}
{"id": "caesium", "cell": [4.12, 4.12, 4.12, 90, 90, 90], "species": ["Cs", "Cl"], "frac": [[0, 0, 0], [0.5, 0.5, 0.5]]}
{"id": "rutile", "cell": [4.65, 4.65, 3.04, 90, 90, 90], "species": [{"Cr": 0.6666667, "Ta": 0.3333333}, {"Cr": 0.6666667, "Ta": 0.3333333}, "O", "O", "O", "O"], "frac": [[0, 0, 0], [0.5, 0.5, 0.5], [0.305, 0.305, 0], [0.695, 0.695, 0], [0.805, 0.195, 0.5], [0.195, 0.805, 0.5]]}
"#;

/// The same salt twice, another salt of its type, another ratio of the rutile, a polymorph, something
/// new, and a line without coordinates.
const GENERATED: &str = r#"{"id": "same", "lattice": [[0, 2.82, 2.82], [2.82, 0, 2.82], [2.82, 2.82, 0]], "species": ["Na", "Cl"], "frac": [[0, 0, 0], [0.5, 0.5, 0.5]]}
{"id": "cubic", "cell": [5.64, 5.64, 5.64, 90, 90, 90], "species": ["Na", "Na", "Na", "Na", "Cl", "Cl", "Cl", "Cl"], "frac": [[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0], [0.5, 0.5, 0.5], [0.5, 0, 0], [0, 0.5, 0], [0, 0, 0.5]]}
{"id": "fluoride", "lattice": [[0, 2.01, 2.01], [2.01, 0, 2.01], [2.01, 2.01, 0]], "species": ["Li", "F"], "frac": [[0, 0, 0], [0.5, 0.5, 0.5]]}
{"id": "half", "cell": [4.65, 4.65, 3.04, 90, 90, 90], "species": [{"Cr": 0.5, "Ta": 0.5}, {"Cr": 0.5, "Ta": 0.5}, "O", "O", "O", "O"], "frac": [[0, 0, 0], [0.5, 0.5, 0.5], [0.305, 0.305, 0], [0.695, 0.695, 0], [0.805, 0.195, 0.5], [0.195, 0.805, 0.5]]}
{"id": "dense", "cell": [3.4, 3.4, 3.4, 90, 90, 90], "species": ["Na", "Cl"], "frac": [[0, 0, 0], [0.5, 0.5, 0.5]]}
{"id": "new", "cell": [3.1, 4.3, 7.2, 90, 97, 90], "species": ["Na", "Cl", "Cl"], "frac": [[0.1, 0.2, 0.3], [0.7, 0.55, 0.8], [0.3, 0.8, 0.6]]}
{"id": "broken", "cell": [3, 3, 3, 90, 90, 90], "species": ["Na"]}
"#;

/// A folder with known and generated structures.
fn audit_folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("known.jsonl"), KNOWN).unwrap();
    fs::write(folder.path().join("generated.jsonl"), GENERATED).unwrap();
    folder
}

#[test]
fn audit_tells_what_is_known() {
    let folder = audit_folder();
    let arguments = ["audit", "generated.jsonl", "--reference", "known.jsonl"];
    let ran = druse_in(folder.path(), &arguments);
    assert_eq!(ran.code, 0, "{}", ran.err);
    // The checksum follows the format of indexes, which is tested elsewhere.
    let (before, after) = ran.out.split_once("sha256 ").unwrap();
    insta::assert_snapshot!("audit", format!("{before}sha256 ...{}", &after[12..]));
    assert!(ran.err.contains("broken: ") && ran.err.contains("1 of 7 structures failed"), "{}", ran.err);
    let with = |more: &[&str]| druse_in(folder.path(), &[&arguments[..], more].concat());
    let all = results(&with(&["--json", "-", "--csv", "rows.csv", "--html", "page.html"]));
    let verdicts: Vec<(&str, Option<&str>)> = all
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["id"].as_str().unwrap(), row["verdict"].as_str()))
        .collect();
    assert_eq!(
        verdicts,
        [
            ("same", Some("exact_duplicate")),
            ("cubic", Some("supercell_or_setting")),
            ("fluoride", Some("known_prototype")),
            ("half", Some("same_solid_solution_other_ratio")),
            ("dense", Some("known_composition")),
            ("new", Some("new")),
            ("broken", None),
        ]
    );
    for key in ["verdict", "nearest_id", "distance", "matcher", "reference", "evidence"] {
        assert!(!all[0][key].is_null(), "{key}");
    }
    assert_eq!(keys(&all[6]), ["id", "error"]);
    let rows = fs::read_to_string(folder.path().join("rows.csv")).unwrap();
    assert_eq!(rows.lines().count(), 8);
    assert!(fs::read_to_string(folder.path().join("page.html")).unwrap().contains("supercell_or_setting"));
    // Nothing depends on the number of threads.
    assert_eq!(results(&with(&["--json", "-", "--threads", "1"])), all);
}

#[test]
fn audit_of_training_data_and_bad_input() {
    let folder = audit_folder();
    let run = |arguments: &[&str]| druse_in(folder.path(), arguments);
    let ran = run(&["audit", "generated.jsonl", "--train", "known.jsonl", "--json", "-"]);
    assert_eq!(results(&ran)[0]["found_in"], "training");
    fs::write(folder.path().join("none.jsonl"), "{}\n").unwrap();
    for (arguments, file) in [
        (&["audit", "none.jsonl", "--reference", "known.jsonl"][..], "none"),
        (&["audit", "generated.jsonl", "--reference", "none.jsonl"], "none.jsonl"),
        (&["audit", "generated.jsonl", "--reference", "absent.index"], "absent.index"),
        (
            &[
                "audit",
                "generated.jsonl",
                "--reference",
                "known.jsonl",
                "--matcher",
                "disorder",
                "--stol",
                "0.1",
            ],
            "disorder",
        ),
    ] {
        let ran = run(arguments);
        assert_eq!(ran.code, 2, "{arguments:?}: {}", ran.err);
        assert!(ran.err.contains(file) && ran.out.is_empty(), "{arguments:?}: {}", ran.err);
    }
}

#[test]
fn match_compares_pairs() {
    let folder = audit_folder();
    let run = |arguments: &[&str]| druse_in(folder.path(), arguments);
    let pairs = "id1,id2,kind\nsalt,cubic,x\nsalt,dense,y\nsalt,nothing,z\n";
    fs::write(folder.path().join("pairs.csv"), pairs).unwrap();
    let many = ["match", "--pairs", "pairs.csv", "--structures", "known.jsonl", "generated.jsonl"];
    let all = results(&run(&[&many[..], &["--json", "-"]].concat()));
    assert_eq!((&all[0]["match"], &all[0]["swapped_equal"]), (&json!(true), &json!(true)));
    assert_eq!(all[1]["match"], false);
    assert!(all[2]["error"].as_str().unwrap().contains("no structure has this id"));
    assert!(all[0]["matcher"].as_str().unwrap().starts_with("leak-safe"));
    let strict = results(&run(&[&many[..], &["--stol", "0.1", "--json", "-"]].concat()));
    assert!(strict[0]["matcher"].as_str().unwrap().starts_with("pymatgen"));
    insta::assert_snapshot!("match", run(&many).out);
    for line in KNOWN.lines() {
        let id = line.split('"').nth(3).unwrap();
        fs::write(folder.path().join(format!("{id}.jsonl")), line).unwrap();
    }
    let two =
        results(&run(&["match", "salt.jsonl", "caesium.jsonl", "--matcher", "prototype", "--json", "-"]));
    assert_eq!(two[0]["match"], false);
    assert_eq!(run(&["match", "salt.jsonl", "known.jsonl"]).code, 2);
}

#[test]
fn splits_are_checked_and_made_without_leaks() {
    let folder = audit_folder();
    let run = |arguments: &[&str]| druse_in(folder.path(), arguments);
    let check = run(&["data", "split", "--check", "known.jsonl", "generated.jsonl"]);
    assert_eq!(check.code, 0, "{}", check.err);
    insta::assert_snapshot!("data_split_check", check.out);
    let found = results(&run(&["data", "split", "--check", "known.jsonl", "generated.jsonl", "--json", "-"]));
    let part = &found["parts"][0];
    let counts =
        ["duplicates", "variants", "polymorphs", "prototypes", "clean"].map(|kind| part[kind].as_u64());
    assert_eq!(counts, [2, 1, 1, 1, 1].map(Some));
    let arguments = [
        "data",
        "split",
        "known.jsonl",
        "generated.jsonl",
        "--to",
        "parts",
        "--by",
        "leak-free",
        "--json",
        "-",
    ];
    let made = results(&run(&arguments));
    // NaCl of all kinds, CsCl, both rutiles, LiF, the new one.
    assert_eq!(made["groups"], 5);
}

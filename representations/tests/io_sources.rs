//! Files, folders and archives, and the JSON forms of other programs.

use std::fs;
use std::io::Write;
use std::path::Path;

use druse_representations::io::{Record, RecordError, read_path};
use serde_json::{Value, json};

const LINE: &str = r#"{"id":"a","cell":[4,4,4,90,90,90],"species":["Po"],"frac":[[0,0,0]]}"#;
const POSCAR: &str = "c\n1\n4 0 0\n0 4 0\n0 0 4\nPo\n1\nDirect\n0 0 0\n";

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn bzip2(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in members {
        archive.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        archive.write_all(bytes).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

fn ids(path: &Path) -> Vec<String> {
    let id = |record: Result<Record, RecordError>| {
        record.map_or_else(|error| error.to_string(), |record| record.id)
    };
    read_path(path).unwrap().into_iter().map(id).collect()
}

#[test]
fn folders_are_read_in_order_of_their_paths() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    for inner in ["b/calc1", "a", ".hidden"] {
        fs::create_dir_all(root.join(inner)).unwrap();
    }
    fs::write(root.join("b/calc1/POSCAR"), POSCAR).unwrap();
    fs::write(root.join("b/x.vasp.bz2"), bzip2(POSCAR.as_bytes())).unwrap();
    fs::write(
        root.join("a/two.jsonl.gz"),
        gzip(format!("{LINE}\n{}", LINE.replace("\"a\"", "7")).as_bytes()),
    )
    .unwrap();
    fs::write(root.join("a/README.md"), "no structure").unwrap();
    fs::write(root.join(".hidden/POSCAR"), POSCAR).unwrap();
    let members: [(&str, &[u8]); 4] = [
        ("z/POSCAR", POSCAR.as_bytes()),
        ("d/y.jsonl.gz", &gzip(LINE.replace("\"a\"", "\"zipped\"").as_bytes())),
        ("__MACOSX/y.json", b"{"),
        ("notes.txt", b"-"),
    ];
    fs::write(root.join("c.zip"), zip(&members)).unwrap();
    assert_eq!(ids(root), ["a", "7", "calc1/POSCAR", "x", "zipped", "z/POSCAR"]);
    let source = read_path(&root.join("c.zip")).unwrap().remove(0).unwrap().source;
    assert!(source.ends_with("c.zip:d/y.jsonl.gz"), "{source}");
}

#[test]
fn what_cannot_be_opened() {
    let folder = tempfile::tempdir().unwrap();
    let message = |name: &str| read_path(&folder.path().join(name)).unwrap_err().to_string();
    assert!(message("none.cif").ends_with("none.cif: no such file or folder"));
    fs::write(folder.path().join("x.pdb"), "x").unwrap();
    let unknown = message("x.pdb");
    assert!(
        unknown.contains("unknown format") && unknown.contains("CIF (.cif") && unknown.contains(".jsonl"),
        "{unknown}"
    );
    fs::create_dir(folder.path().join("empty")).unwrap();
    assert!(message("empty").contains("nothing to read"));
    fs::write(folder.path().join("bad.zip"), "x").unwrap();
    assert!(message("bad.zip").contains("broken zip archive"));
    fs::write(folder.path().join("none.zip"), zip(&[("x.txt", b"x")])).unwrap();
    assert!(message("none.zip").contains("nothing to read"));
    // A broken member of a folder is an error of its own.
    assert!(ids(folder.path())[0].contains("bad.zip: broken zip archive"));
}

#[test]
fn a_cut_stream_gives_what_came_before() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.jsonl.gz");
    let lines: String = (0..20_000).map(|n| LINE.replace("\"a\"", &n.to_string()) + "\n").collect();
    let packed = gzip(lines.as_bytes());
    fs::write(&path, &packed[..packed.len() / 2]).unwrap();
    let records = read_path(&path).unwrap();
    let good = records.iter().filter(|record| record.is_ok()).count();
    assert!(good > 1000 && good < 19_000, "{good}");
    let last = records.last().unwrap().as_ref().unwrap_err().to_string();
    assert!(last.contains("line") && last.contains("cannot be read on"), "{last}");
}

fn from_json(value: &Value) -> Vec<Result<Record, RecordError>> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("f.json");
    fs::write(&path, value.to_string()).unwrap();
    read_path(&path).unwrap()
}

/// As `Structure.as_dict` of pymatgen writes it.
fn pymatgen() -> Value {
    json!({
        "@module": "pymatgen.core.structure", "@class": "Structure", "charge": 0,
        "lattice": {"matrix": [[4.0, 0.0, 0.0], [0.0, 4.0, 0.0], [0.0, 0.0, 4.0]], "a": 4.0},
        "properties": {"source": "x"},
        "sites": [
            {"species": [{"element": "Na", "oxidation_state": 1, "occu": 0.5}, {"element": "K", "occu": 0.25}],
             "abc": [0.0, 0.0, 0.0], "xyz": [0.0, 0.0, 0.0], "label": "Na", "properties": {}},
            {"species": [{"element": "Cl", "occu": 1}], "abc": [0.5, 0.5, 0.5], "properties": {"magmom": 0}},
        ],
    })
}

#[test]
fn pymatgen_forms() {
    let single = from_json(&pymatgen()).remove(0).unwrap();
    assert_eq!(single.id, "f");
    assert_eq!(single.crystal.composition().to_string(), "K0.25Na0.5Cl");
    assert_eq!(Value::Object(single.properties), json!({"source": "x"}));
    let entry = json!({"@class": "ComputedStructureEntry", "energy": -3.5, "entry_id": "mp-7", "structure": pymatgen()});
    let records = from_json(&json!([entry, pymatgen(), 5, {"entry_id": "mp-8", "energy": 1}]));
    let first = records[0].as_ref().unwrap();
    assert_eq!(first.id, "mp-7");
    assert_eq!(
        Value::Object(first.properties.clone()),
        json!({"energy": -3.5, "entry_id": "mp-7", "source": "x"})
    );
    assert_eq!(records[1].as_ref().unwrap().id, "f#2");
    let message = |i: usize| records[i].as_ref().unwrap_err().to_string();
    assert!(message(2).contains("f.json, structure 3: JSON value is '5'"), "{}", message(2));
    assert!(message(3).contains("an object with the keys entry_id, energy"), "{}", message(3));
    let table = from_json(&json!({"mp-1": pymatgen(), "mp-2": entry}));
    assert_eq!(table[0].as_ref().unwrap().id, "mp-1");
    assert_eq!(table[1].as_ref().unwrap().id, "mp-7");
}

#[test]
fn pymatgen_errors() {
    for (path, value, expected) in [
        ("/lattice/matrix/1/1", json!("a"), "row of lattice.matrix is '\"a\"'; expected a finite number"),
        ("/lattice/matrix/1", json!([1]), "row of lattice.matrix is '[1]'; expected a list of 3 numbers"),
        ("/lattice/matrix/1", json!([1, 0, 0]), "impossible lattice"),
        ("/sites/1/species/0/element", json!("Xx"), "site 2: unknown element 'Xx'"),
        ("/sites/1/species/0/occu", json!(1.5), "site 2: occupancy 1.5; expected a number from 0 to 1"),
        ("/sites/1/abc/2", json!(null), "abc of site 2 is 'null'; expected a finite number"),
        ("/sites", json!([]), "the structure is empty"),
    ] {
        let mut structure = pymatgen();
        *structure.pointer_mut(path).unwrap() = value;
        let message = from_json(&structure).remove(0).unwrap_err().to_string();
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn optimade_forms() {
    let entry = json!({"id": "odbx/1", "type": "structures", "attributes": {
        "lattice_vectors": [[4.0, 0.0, 0.0], [0.0, 4.0, 0.0], [0.0, 0.0, 8.0]],
        "cartesian_site_positions": [[0.0, 0.0, 0.0], [2.0, 2.0, 2.0]],
        "species": [
            {"name": "A", "chemical_symbols": ["Na", "K", "vacancy"], "concentration": [0.5, 0.25, 0.25]},
            {"name": "Cl", "chemical_symbols": ["Cl"], "concentration": [1.0]},
        ],
        "species_at_sites": ["A", "Cl"],
        "nelements": 3, "chemical_formula_hill": null,
    }});
    for document in
        [entry.clone(), json!({"data": [entry]}), json!({"data": entry, "meta": {}}), json!([entry])]
    {
        let record = from_json(&document).remove(0).unwrap();
        assert_eq!(record.id, "odbx/1");
        assert_eq!(record.crystal.composition().to_string(), "K0.25Na0.5Cl");
        assert!((record.crystal.sites[1].frac.z - 0.25).abs() < 1e-12);
        assert_eq!(record.properties["nelements"], json!(3));
        assert!(!record.properties.contains_key("chemical_formula_hill"));
    }
    let mut broken = entry.clone();
    broken["attributes"]["species_at_sites"] = json!(["A"]);
    let message = from_json(&broken).remove(0).unwrap_err().to_string();
    assert!(message.contains("1 species_at_sites; expected 2"), "{message}");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("o.jsonl");
    fs::write(&path, format!("{entry}\n{}\n", pymatgen())).unwrap();
    assert_eq!(ids(&path), ["odbx/1", "o#2"]);
}

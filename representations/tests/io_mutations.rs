//! Damaged files give records or errors, never a panic and never an impossible crystal.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use druse_representations::io::{Format, Record, read_path, write_bytes, write_string};
use druse_representations::{Crystal, Lattice};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Map, json};

/// Damaged files per test: of experimental CIFs, and of each other format.
const MUTANTS: [usize; 2] = [1000, 300];

fn shared_data() -> Option<PathBuf> {
    let root = std::env::var_os("DRUSE_SHARED_DATA")
        .map(PathBuf::from)
        .unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data"));
    if root.is_dir() {
        return Some(root);
    }
    println!("skipped: no shared data");
    None
}

/// One to four random damages: flipped bytes, deleted or doubled lines, cut ends, swapped or
/// replaced words.
fn damaged(bytes: &[u8], rng: &mut impl Rng) -> Vec<u8> {
    const WORDS: [&str; 16] = [
        "?",
        ".",
        "nan",
        "-1e400",
        "loop_",
        "data_",
        "'",
        "\"",
        ";",
        "_cell_length_a",
        "99999999999999999999",
        "1/0",
        "x,y,z",
        "{",
        "[",
        "\u{e9}",
    ];
    let mut text = bytes.to_vec();
    for _ in 0..rng.random_range(1..=4) {
        if text.is_empty() {
            break;
        }
        match rng.random_range(0..6) {
            0 => {
                for _ in 0..rng.random_range(1..8) {
                    let at = rng.random_range(0..text.len());
                    text[at] ^= 1 << rng.random_range(0..8);
                }
            }
            1 => text.truncate(rng.random_range(0..text.len())),
            kind => {
                let line_wise = kind < 4;
                let splits = |b: &u8| if line_wise { *b == b'\n' } else { b.is_ascii_whitespace() };
                let mut parts: Vec<Vec<u8>> = text.split_inclusive(splits).map(<[u8]>::to_vec).collect();
                let (i, j) = (rng.random_range(0..parts.len()), rng.random_range(0..parts.len()));
                match kind {
                    2 => drop(parts.remove(i)),
                    3 => {
                        let line = parts[i].clone();
                        parts.insert(j, line);
                    }
                    4 => parts.swap(i, j),
                    _ => parts[i] = format!("{} ", WORDS[rng.random_range(0..WORDS.len())]).into_bytes(),
                }
                text = parts.concat();
            }
        }
    }
    text
}

/// Reads mutants of the seeds; returns how many gave at least one structure and how many errors.
fn torture(seeds: &[Vec<u8>], name: &str, seed: u64, mutants: usize) -> (usize, usize) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    let (mut read, mut refused) = (0, 0);
    for round in 0..mutants {
        fs::write(&path, damaged(&seeds[round % seeds.len()], &mut rng)).unwrap();
        for record in read_path(&path).unwrap() {
            match record {
                Ok(record) => {
                    assert_possible(&record.crystal);
                    read += 1;
                }
                Err(error) => {
                    assert!(error.to_string().contains(name), "{error}");
                    refused += 1;
                }
            }
        }
    }
    println!("{name}: {read} structures read, {refused} refused");
    (read, refused)
}

fn assert_possible(crystal: &Crystal) {
    assert!(!crystal.sites.is_empty());
    assert!(crystal.lattice.volume().is_finite() && crystal.lattice.volume() > 0.0);
    for site in &crystal.sites {
        assert!(site.frac.iter().all(|x| x.is_finite()));
        assert!(!site.occupants.is_empty());
        assert!(site.occupants.iter().all(|o| o.occupancy > 0.0 && o.occupancy <= 1.0));
    }
}

fn fixture() -> Vec<Record> {
    let rows = [[3.1, 0.0, 0.0], [0.4, 3.3, 0.0], [0.2, -0.3, 5.0]];
    let atoms = [("Na", [0.0; 3]), ("Cl", [0.5, 0.5, 0.5]), ("O", [0.25, 0.1, 0.7])];
    let crystal = Crystal::ordered(Lattice::from_rows(rows), atoms.map(|(s, x)| (s.parse().unwrap(), x)));
    let properties: Map<_, _> = [("energy", json!(-1.5)), ("note", json!("a b"))]
        .map(|(key, value)| (key.to_owned(), value))
        .into_iter()
        .collect();
    let record = |id: &str| Record {
        id: id.to_owned(),
        crystal: crystal.clone(),
        properties: properties.clone(),
        source: String::new(),
    };
    vec![record("a"), record("b")]
}

fn format(format: Format, name: &str) {
    let bytes = write_bytes(format, &fixture()).unwrap();
    let (read, refused) = torture(&[bytes], name, 7, MUTANTS[1]);
    assert!(read > 0 && refused > 0);
}

#[test]
fn poscar() {
    format(Format::Poscar, "POSCAR");
}

#[test]
fn extxyz() {
    format(Format::Extxyz, "x.extxyz");
}

#[test]
fn json() {
    format(Format::Json, "x.json");
}

#[test]
fn ase_database() {
    format(Format::AseDb, "x.db");
}

#[test]
fn json_lines() {
    format(Format::Jsonl, "x.jsonl");
}

#[test]
fn own_cif() {
    format(Format::Cif, "x.cif");
}

#[test]
fn csv() {
    let cif = write_string(Format::Cif, &fixture()[..1]).unwrap();
    let text = format!("id,e,cif\na,1,\"{cif}\"\nb,2,\"{cif}\"\n");
    let (read, refused) = torture(&[text.into_bytes()], "x.csv", 8, MUTANTS[1]);
    assert!(read > 0 && refused > 0);
}

#[test]
fn optimade() {
    let entry = json!({"data": [{"id": "o", "type": "structures", "attributes": {
        "lattice_vectors": [[4.0, 0.0, 0.0], [0.0, 4.0, 0.0], [0.0, 0.0, 4.0]],
        "cartesian_site_positions": [[0.0, 0.0, 0.0], [2.0, 2.0, 2.0]],
        "species": [
            {"name": "A", "chemical_symbols": ["Na", "vacancy"], "concentration": [0.75, 0.25]},
            {"name": "Cl", "chemical_symbols": ["Cl"], "concentration": [1.0]},
        ],
        "species_at_sites": ["A", "Cl"],
    }}]});
    let text = serde_json::to_string_pretty(&entry).unwrap();
    let (read, refused) = torture(&[text.into_bytes()], "x.json", 9, MUTANTS[1]);
    assert!(read > 0 && refused > 0);
}

#[test]
fn compressed_and_zipped() {
    let text = write_string(Format::Jsonl, &fixture()).unwrap();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(text.as_bytes()).unwrap();
    let gzip = gzip.finish().unwrap();
    let (read, refused) = torture(&[gzip], "x.jsonl.gz", 10, MUTANTS[1]);
    assert!(read > 0 && refused > 0);
}

#[test]
fn experimental_cifs() {
    let Some(root) = shared_data() else { return };
    let mut seeds = Vec::new();
    for folder in ["cif/avogadro/oxides", "cif/avogadro/clays", "disorder/obelix"] {
        let mut files: Vec<PathBuf> =
            fs::read_dir(root.join(folder)).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        files.retain(|file| file.extension().is_some_and(|end| end == "cif"));
        seeds.extend(files.iter().take(40).map(|file| fs::read(file).unwrap()));
    }
    let (read, refused) = torture(&seeds, "x.cif", 11, MUTANTS[0]);
    assert!(read > 0 && refused > 0);
}

//! Round trip of the symmetry representation over structures of the Materials Project.
//!
//! Every k-th row of `mp/structures_le20.jsonl.gz` in the folder of development data: 500 rows, or
//! as many as the environment variable `DRUSE_SYMMETRY_ROWS` says. Prints the rates.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use druse_representations::nalgebra::{Matrix3, Vector3};
use druse_representations::reduction::{niggli_crystal, primitive};
use druse_representations::symmetry::{SymmetryRepresentation, analyse};
use druse_representations::{Crystal, Element, Lattice, Representation, Site, SymmetryCode};
use rayon::prelude::*;

const ROWS: usize = 77_421;
/// Tolerance of the symmetry search (Å); coordinates carry 5 decimals.
const SYMPREC: f64 = 0.01;
/// Atoms (Å) and lattice vectors (Å) of the decoded crystal may be this far from the original:
/// idealising moves them by up to some `SYMPREC`.
const MATCH_TOLERANCE: f64 = 0.05;

fn shared_data() -> Option<PathBuf> {
    let path = std::env::var_os("DRUSE_SHARED_DATA")
        .map(PathBuf::from)
        .unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data"));
    path.join("mp").is_dir().then_some(path)
}

fn structure(line: &str) -> (String, Crystal) {
    let row: serde_json::Value = serde_json::from_str(line).unwrap();
    let cell: [f64; 6] = serde_json::from_value(row["cell"].clone()).unwrap();
    let species: Vec<Element> = serde_json::from_value(row["species"].clone()).unwrap();
    let frac: Vec<[f64; 3]> = serde_json::from_value(row["frac"].clone()).unwrap();
    let lattice = Lattice::from_parameters(cell).unwrap();
    (row["id"].as_str().unwrap().to_owned(), Crystal::ordered(lattice, species.into_iter().zip(frac)))
}

/// Whether two crystals are the same up to the choice of primitive cell, orientation and origin.
fn same_crystal(x: &Crystal, y: &Crystal) -> bool {
    let (Ok(x), Ok(y)) = (primitive(x, MATCH_TOLERANCE), primitive(y, MATCH_TOLERANCE)) else { return false };
    if x.sites.len() != y.sites.len() || x.composition() != y.composition() {
        return false;
    }
    let gx = x.lattice.metric();
    let gy = y.lattice.metric();
    let near = |a: f64, b: f64, scale: f64| (a - b).abs() <= 2.0 * MATCH_TOLERANCE * scale;
    for code in 0..3_i32.pow(9) {
        let mut rest = code;
        let p = Matrix3::from_fn(|_, _| {
            let entry = rest % 3 - 1;
            rest /= 3;
            f64::from(entry)
        });
        let column = |i: usize| p.column(i).dot(&(gy * p.column(i)));
        if (0..3).any(|i| !near(column(i), gx[(i, i)], gx[(i, i)].sqrt())) {
            continue;
        }
        let g = p.transpose() * gy * p;
        let lengths = Vector3::from_fn(|i, _| gx[(i, i)].sqrt());
        let fits = (0..3).all(|i| (0..3).all(|j| near(g[(i, j)], gx[(i, j)], lengths[i].max(lengths[j]))));
        if fits && (p.determinant() - 1.0).abs() < 1e-9 && same_sites(&x, &y, &p) {
            return true;
        }
    }
    false
}

/// Whether the sites of `y` in the cell `(a, b, c) P` fall onto those of `x` after some shift.
fn same_sites(x: &Crystal, y: &Crystal, p: &Matrix3<f64>) -> bool {
    let inverse = p.try_inverse().unwrap();
    let moved: Vec<(Element, Vector3<f64>)> =
        y.sites.iter().map(|site| (site.main_element().unwrap(), inverse * site.frac)).collect();
    let fixed: Vec<(Element, Vector3<f64>)> =
        x.sites.iter().map(|site| (site.main_element().unwrap(), site.frac)).collect();
    let count = |element: Element| fixed.iter().filter(|site| site.0 == element).count();
    let rarest = fixed.iter().map(|site| site.0).min_by_key(|&element| (count(element), element)).unwrap();
    let first = fixed.iter().find(|site| site.0 == rarest).unwrap().1;
    moved.iter().filter(|site| site.0 == rarest).any(|site| {
        let shift = first - site.1;
        moved.iter().all(|(element, place)| {
            fixed.iter().any(|(other, target)| {
                let mut d = place + shift - target;
                d -= d.map(f64::round);
                element == other && x.lattice.to_cartesian(&d).norm() < 2.0 * MATCH_TOLERANCE
            })
        })
    })
}

/// The same crystal with another cell, origin and order of sites; choices follow from `seed`.
fn disguised(crystal: &Crystal, seed: usize) -> Crystal {
    let mut other = niggli_crystal(crystal).unwrap();
    let shear = Matrix3::new(1.0, 0.0, 0.0, [0.0, 1.0, -1.0][seed % 3], 1.0, 0.0, 0.0, 1.0, 1.0);
    let inverse = shear.transpose().try_inverse().unwrap();
    let shift = Vector3::new(0.12, 0.34, 0.56) * (seed % 7 + 1) as f64;
    let n = other.sites.len();
    other.sites.rotate_left(seed % n);
    other.sites.reverse();
    let sites = other
        .sites
        .iter()
        .map(|site| Site { occupants: site.occupants.clone(), frac: inverse * (site.frac + shift) })
        .collect();
    Crystal { lattice: Lattice::from_matrix(shear * other.lattice.matrix()), sites }.wrapped()
}

#[derive(Default, Debug)]
struct Counts {
    rows: usize,
    encoded: usize,
    same_group: usize,
    same_crystal: usize,
    fingerprint_kept: usize,
    canonical_kept: usize,
}

struct Outcome {
    id: String,
    encoded: bool,
    same_group: bool,
    same_crystal: bool,
    fingerprint_kept: bool,
    canonical_kept: bool,
    note: String,
}

fn try_one(id: String, crystal: &Crystal, seed: usize) -> Outcome {
    let representation = SymmetryRepresentation::new(SYMPREC);
    let mut outcome = Outcome {
        id,
        encoded: false,
        same_group: false,
        same_crystal: false,
        fingerprint_kept: false,
        canonical_kept: false,
        note: String::new(),
    };
    let code = match representation.encode(crystal) {
        Ok(code) => code,
        Err(error) => {
            outcome.note = error.to_string();
            return outcome;
        }
    };
    outcome.encoded = true;
    let decoded = representation.decode(&code).unwrap();
    let group = analyse(&decoded, SYMPREC).map(|info| info.number);
    outcome.same_group = group == Ok(code.space_group);
    outcome.same_crystal = same_crystal(crystal, &decoded);
    let canonical = |code: &SymmetryCode| code.canonical().unwrap();
    match representation.encode(&disguised(crystal, seed)) {
        Ok(again) => {
            outcome.fingerprint_kept = again.fingerprint().unwrap() == code.fingerprint().unwrap();
            outcome.canonical_kept = canonical(&again).agrees_with(&canonical(&code), 5e-3);
            if !outcome.canonical_kept {
                outcome.note = format!("\n  {:?}\n  {:?}", canonical(&code), canonical(&again));
            }
        }
        Err(error) => outcome.note = error.to_string(),
    }
    outcome.note = format!("{} decoded as {group:?} {}", code.space_group, outcome.note);
    outcome
}

#[test]
fn the_comparison_sees_differences() {
    let [na, cl, k] = ["Na", "Cl", "K"].map(|symbol| symbol.parse::<Element>().unwrap());
    let salt = |a: f64, elements: [Element; 2], x: f64| {
        let h = a / 2.0;
        let lattice = Lattice::from_rows([[0.0, h, h], [h, 0.0, h], [h, h, 0.0]]);
        Crystal::ordered(lattice, [(elements[0], [0.0; 3]), (elements[1], [x; 3])])
    };
    let original = salt(5.64, [na, cl], 0.5);
    assert!(same_crystal(&original, &disguised(&original, 3)));
    assert!(!same_crystal(&original, &salt(5.64, [k, cl], 0.5)));
    assert!(!same_crystal(&original, &salt(5.84, [na, cl], 0.5)));
    assert!(!same_crystal(&original, &salt(5.64, [na, cl], 0.47)));
    assert!(!same_crystal(&original, &salt(5.64, [na, cl], 0.25)));
}

#[test]
fn materials_project_structures_come_back() {
    let Some(data) = shared_data() else {
        println!("skipped: no shared data");
        return;
    };
    let wanted = std::env::var("DRUSE_SYMMETRY_ROWS").ok().and_then(|n| n.parse().ok()).unwrap_or(500);
    let file = File::open(data.join("mp/structures_le20.jsonl.gz")).unwrap();
    let lines: Vec<String> = BufReader::new(flate2::read::GzDecoder::new(file))
        .lines()
        .step_by((ROWS / wanted).max(1))
        .take(wanted)
        .map(Result::unwrap)
        .collect();
    let start = std::time::Instant::now();
    let outcomes: Vec<Outcome> = lines
        .par_iter()
        .enumerate()
        .map(|(seed, line)| {
            let (id, crystal) = structure(line);
            try_one(id, &crystal, seed)
        })
        .collect();
    let mut counts = Counts { rows: outcomes.len(), ..Counts::default() };
    for outcome in &outcomes {
        counts.encoded += usize::from(outcome.encoded);
        counts.same_group += usize::from(outcome.same_group);
        counts.same_crystal += usize::from(outcome.same_crystal);
        counts.fingerprint_kept += usize::from(outcome.fingerprint_kept);
        counts.canonical_kept += usize::from(outcome.canonical_kept);
        if !(outcome.same_group && outcome.same_crystal && outcome.canonical_kept) {
            let flags = (outcome.same_group, outcome.same_crystal, outcome.fingerprint_kept);
            println!("{} group, crystal, fingerprint kept: {flags:?}: {}", outcome.id, outcome.note);
        }
    }
    println!("{counts:?} at symprec {SYMPREC} Å, {:.1} s", start.elapsed().as_secs_f64());
    let rate = |count: usize| count as f64 / counts.rows as f64;
    assert!(rate(counts.encoded) >= 0.99, "{counts:?}");
    assert!(rate(counts.same_group) >= 0.98, "{counts:?}");
    assert!(rate(counts.same_crystal) >= 0.98, "{counts:?}");
    assert!(rate(counts.fingerprint_kept) >= 0.98, "{counts:?}");
    assert!(rate(counts.canonical_kept) >= 0.97, "{counts:?}");
}

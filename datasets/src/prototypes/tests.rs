use std::collections::{BTreeMap, BTreeSet};
use std::io::BufRead;

use druse_representations::symmetry::analyse;
use druse_representations::{Composition, Crystal, Lattice};

use super::*;

fn crystal(prototype: &Prototype) -> Crystal {
    prototype.code().to_primitive().unwrap_or_else(|e| panic!("{}: {e}", prototype.name))
}

/// Shortest distance between two atoms (Å), images in the 26 cells around included.
fn shortest_distance(crystal: &Crystal) -> f64 {
    let frac = crystal.fractional();
    let mut shortest = f64::INFINITY;
    for (i, x) in frac.iter().enumerate() {
        for y in &frac[i..] {
            let difference = (y - x).map(|d| d - d.round());
            for n in 0..27 {
                let shift = neighbour_cell(n);
                let distance = crystal.lattice.to_cartesian(&(difference + shift)).norm();
                if distance > 1e-3 {
                    shortest = shortest.min(distance);
                }
            }
        }
    }
    shortest
}

fn neighbour_cell(n: i32) -> druse_representations::nalgebra::Vector3<f64> {
    [f64::from(n % 3 - 1), f64::from(n / 3 % 3 - 1), f64::from(n / 9 - 1)].into()
}

#[test]
fn names_are_unique_and_there_are_many() {
    let names: BTreeSet<&str> = prototypes().iter().map(|p| p.name).collect();
    assert_eq!(names.len(), prototypes().len());
    assert!(names.len() >= 200, "{}", names.len());
    assert!(prototypes().iter().all(|p| !p.source.is_empty() && p.source.contains(char::is_numeric)));
    assert_eq!(prototype("spinel").map(|p| p.space_group), Some(227));
    assert_eq!(prototype("no such type"), None);
}

#[test]
fn entries_decode_to_their_formula_space_group_and_pearson_symbol() {
    for prototype in prototypes() {
        let name = prototype.name;
        let code = prototype.code();
        let crystal = crystal(prototype);
        let formula: Composition = prototype.formula.parse().unwrap();
        assert_eq!(crystal.composition().reduced_formula(), formula.reduced_formula(), "{name}");
        assert_eq!(crystal.sites.len(), code.primitive_atom_count(), "{name}");
        let info = analyse(&crystal, 0.01).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(info.number, prototype.space_group, "{name}");
        assert_eq!(info.pearson_symbol, prototype.pearson, "{name}");
        assert_eq!(info.orbit_count(), prototype.orbits.len(), "{name}");
    }
}

#[test]
fn distances_are_those_of_bonds() {
    for prototype in prototypes() {
        let crystal = crystal(prototype);
        let shortest = shortest_distance(&crystal);
        let hydroxide = crystal.composition().elements().any(|e| e.symbol() == "H");
        let floor = if hydroxide { 0.9 } else { 1.15 };
        assert!((floor..3.8).contains(&shortest), "{}: {shortest:.3} Å", prototype.name);
    }
}

/// Densities (g/cm^3) of the CRC Handbook of Chemistry and Physics, 95th ed., section 4.
#[test]
fn densities_agree_with_the_handbook() {
    let handbook = [
        ("copper", 8.96),
        ("tungsten", 19.3),
        ("diamond", 3.513),
        ("rocksalt", 2.17),
        ("caesium-chloride", 3.988),
        ("fluorite", 3.18),
        ("rutile", 4.23),
        ("corundum", 3.99),
        ("pyrite", 5.02),
        ("alpha-quartz", 2.648),
        ("calcite", 2.71),
        ("zincblende", 4.04),
        ("cuprite", 6.0),
        ("baddeleyite", 5.68),
        ("perovskite-tetragonal", 6.02),
        ("antifluorite", 2.013),
        ("scheelite", 6.06),
        ("litharge", 9.35),
        ("molybdenum-trioxide", 4.70),
        ("lanthanum-oxide", 6.51),
        ("tungsten-carbide", 15.6),
        ("hexachloroplatinate", 3.5),
    ];
    for (name, density) in handbook {
        let found = crystal(prototype(name).unwrap()).density();
        assert!((found / density - 1.0).abs() < 0.035, "{name}: {found:.3} instead of {density}");
    }
}

/// The first of two space groups that are mirror images of each other.
fn enantiomorph(number: u8) -> u8 {
    match number {
        154 => 152,
        181 => 180,
        other => other,
    }
}

#[derive(serde::Deserialize)]
struct Row {
    id: String,
    formula: String,
    cell: [f64; 6],
    species: Vec<String>,
    frac: Vec<[f64; 3]>,
}

/// Nearest entry of the Materials Project with the same formula, space group and size: volumes
/// agree within 22 % and shortest distances within 10 % (calculated ones are mostly 0-5 % larger;
/// layered and molecular types more).
#[test]
fn entries_agree_with_calculated_structures() {
    let folder = std::env::var("DRUSE_SHARED_DATA")
        .unwrap_or_else(|_| format!("{}/../../shared/data", env!("CARGO_MANIFEST_DIR")));
    let Ok(file) = std::fs::File::open(format!("{folder}/mp/structures_le20.jsonl.gz")) else {
        println!("skipped: no shared data");
        return;
    };
    let mut wanted: BTreeMap<String, Vec<&Prototype>> = BTreeMap::new();
    for prototype in prototypes() {
        let formula: Composition = prototype.formula.parse().unwrap();
        wanted.entry(formula.reduced_formula()).or_default().push(prototype);
    }
    let mut best: BTreeMap<&str, (f64, f64, String)> = BTreeMap::new();
    for line in std::io::BufReader::new(flate2::read::GzDecoder::new(file)).lines() {
        let line = line.unwrap();
        let row: Row = serde_json::from_str(&line).unwrap();
        let formula: Composition = row.formula.parse().unwrap();
        let Some(candidates) = wanted.get(&formula.reduced_formula()) else { continue };
        let atoms = row.species.iter().map(|s| element(s)).zip(row.frac.iter().copied());
        let calculated = Crystal::ordered(Lattice::from_parameters(row.cell).unwrap(), atoms);
        let Ok(info) = analyse(&calculated, 0.1) else { continue };
        for prototype in candidates {
            let archetype = crystal(prototype);
            let same_group = enantiomorph(info.number) == enantiomorph(prototype.space_group);
            if !same_group || info.primitive.sites.len() != archetype.sites.len() {
                continue;
            }
            let volume = info.primitive.lattice.volume() / archetype.lattice.volume();
            let bond = shortest_distance(&info.primitive) / shortest_distance(&archetype);
            let badness = |v: f64, b: f64| v.ln().abs() + 2.0 * b.ln().abs();
            let old = best.get(prototype.name).map_or(f64::INFINITY, |x| badness(x.0, x.1));
            if badness(volume, bond) < old {
                best.insert(prototype.name, (volume, bond, row.id.clone()));
            }
        }
    }
    assert!(best.len() > 150, "only {} entries could be compared", best.len());
    for (name, (volume, bond, id)) in &best {
        assert!((0.85..1.22).contains(volume), "{name} and {id}: volume ratio {volume:.3}");
        assert!((0.9..1.1).contains(bond), "{name} and {id}: distance ratio {bond:.3}");
    }
    println!("{} of {} types compared", best.len(), prototypes().len());
}

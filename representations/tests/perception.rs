//! Complexes found in plain XYZ: real ones (when the shared data are there) and small ones by hand.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use druse_representations::complex::{Geometry, PerceiveError, Perceived, perceive};
use druse_representations::io::{read_molecules, read_xyz_text};
use druse_representations::nalgebra::{Rotation3, Unit, Vector3};
use druse_representations::{Element, Molecule};
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Covalent radii of the crate `druse-datasets` (Cordero et al. 2008).
fn radii() -> BTreeMap<Element, f64> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../datasets/data/elements.csv");
    let mut table = csv::Reader::from_path(path).unwrap();
    let column = table.headers().unwrap().iter().position(|name| name == "covalent_radius").unwrap();
    let row = |row: csv::StringRecord| Some((row[0].parse().ok()?, row[column].parse().ok()?));
    table.records().filter_map(|record| row(record.unwrap())).collect()
}

fn find(molecule: &Molecule) -> Result<Perceived, PerceiveError> {
    let radii = radii();
    perceive(molecule, &|element| radii.get(&element).copied())
}

fn molecule(text: &str) -> Molecule {
    let lines = text.trim().lines();
    let text = format!("{}\n\n{text}\n", lines.count());
    read_xyz_text(&text, "test", "test").remove(0).unwrap().molecule
}

fn shared(folder: &str) -> Option<PathBuf> {
    let root = std::env::var_os("DRUSE_SHARED_DATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data"), PathBuf::from);
    Some(root.join(folder)).filter(|path| path.is_dir())
}

fn shuffled(molecule: &Molecule, random: &mut ChaCha8Rng) -> Molecule {
    let mut order: Vec<usize> = (0..molecule.len()).collect();
    order.shuffle(random);
    let mut number = || random.random_range(-1.0..1.0);
    let axis = Unit::new_normalize(Vector3::new(number(), number(), number() + 1e-3));
    let (turn, shift) =
        (Rotation3::from_axis_angle(&axis, 3.0 * number()), Vector3::new(5.0 * number(), number(), 0.3));
    Molecule {
        elements: order.iter().map(|&atom| molecule.elements[atom]).collect(),
        positions: order
            .iter()
            .map(|&atom| (turn * Vector3::from(molecule.positions[atom]) + shift).into())
            .collect(),
    }
}

#[test]
fn real_complexes_are_found_whatever_the_order_of_their_atoms() {
    let Some(folder) = shared("tmc/tmqmg_xyz") else {
        println!("skipped: no shared data");
        return;
    };
    let mut random = ChaCha8Rng::seed_from_u64(7);
    let (mut plausible, mut total) = (0, 0);
    let (mut numbers, mut failures) = (BTreeMap::<usize, usize>::new(), Vec::new());
    for record in read_molecules(&folder).unwrap() {
        let record = record.unwrap();
        total += 1;
        let found = match find(&record.molecule) {
            Ok(found) => found,
            Err(error) => {
                failures.push(format!("{}: {error}", record.id));
                continue;
            }
        };
        let again = find(&shuffled(&record.molecule, &mut random)).unwrap();
        assert_eq!(again.identity(), found.identity(), "{}", record.id);
        let number = found.coordination_number();
        *numbers.entry(number).or_default() += 1;
        // La binds ten atoms, Cp2Zr(butadiene) fourteen on three sites.
        if (2..=10).contains(&number) && found.donor_atoms().len() <= 16 {
            plausible += 1;
        } else {
            failures.push(format!("{}: {number} sites, {} atoms", record.id, found.donor_atoms().len()));
        }
    }
    println!("{plausible} of {total} plausible; sites: {numbers:?}; others: {failures:#?}");
    assert!(total >= 300 && plausible as f64 >= 0.97 * total as f64);
}

/// Atoms that bind, as `Cl7` (element and index) or `C2-C3` (haptic), sorted.
fn donors(text: &str) -> Vec<String> {
    let molecule = molecule(text);
    let found = find(&molecule).unwrap();
    let name = |atom: usize| format!("{}{atom}", molecule.elements[atom]);
    let own = |donor: &Vec<usize>, atoms: &[usize]| {
        donor.iter().map(|&atom| name(atoms[atom])).collect::<Vec<_>>().join("-")
    };
    let all = found
        .ligands
        .iter()
        .flat_map(|found| found.ligand.donors.iter().map(|donor| own(donor, &found.atoms)));
    let mut all: Vec<String> = all.collect();
    all.sort();
    all
}

/// Coordinates made up with usual bond lengths.
#[test]
fn atoms_that_are_near_without_a_bond_are_no_donors() {
    // The carbon of a chelating formate is 2.40 Å from zinc.
    let formate = "Zn 0 0 0\nO 1.1 0 1.75\nO -1.1 0 1.75\nC 0 0 2.4\nH 0 0 3.5\nCl 0 0 -2.2";
    assert_eq!(donors(formate), ["Cl5", "O1", "O2"]);
    // β-agostic ethyl: C-H lies at the metal, Pd-H 1.77 Å, Pd-C 2.41 Å.
    let ethyl = "Pd 0 0 0\nC 2.05 0 0\nC 1.893 1.492 0\nH 0.75 1.60 0\nH 2.2 1.9 0.9\nH 2.2 1.9 -0.9\n\
        H 2.4 -0.5 0.9\nH 2.4 -0.5 -0.9\nCl -2.3 0 0";
    assert_eq!(donors(ethyl), ["C1", "Cl8"]);
    // Water keeps its hydrogen atoms to itself.
    assert_eq!(donors("Ni 0 0 0\nO 0 0 2.0\nH 0.76 0 2.5\nH -0.76 0 2.5\nF 0 0 -1.8"), ["F4", "O1"]);
}

#[test]
fn hydrogen_binds_alone_in_pairs_and_from_boron() {
    assert_eq!(donors("Rh 0 0 0\nH 0 0 1.6\nCl 0 0 -2.4"), ["Cl2", "H1"]);
    assert_eq!(donors("Ru 0 0 0\nH 0.42 0 1.6\nH -0.42 0 1.6\nCl 0 0 -2.4"), ["Cl3", "H1-H2"]);
    let borohydride =
        "Cu 0 0 0\nB 0 0 2.1\nH 1.05 0 1.42\nH -1.05 0 1.42\nH 0 1 2.75\nH 0 -1 2.75\nCl 0 0 -2.1";
    assert_eq!(donors(borohydride), ["Cl6", "H2", "H3"]);
}

#[test]
fn haptic_ligands_are_one_donor_on_one_site() {
    // CpMn(CO)3: the ring 1.77 Å above the metal.
    let mut text = "Mn 0 0 0".to_owned();
    for k in 0..5 {
        let (sin, cos) = (72.0 * f64::from(k)).to_radians().sin_cos();
        text += &format!("\nC {} {} 1.77\nH {} {} 1.77", 1.2 * cos, 1.2 * sin, 2.28 * cos, 2.28 * sin);
    }
    for k in 0..3 {
        let (sin, cos) = (120.0 * f64::from(k)).to_radians().sin_cos();
        text += &format!("\nC {} {} -0.97\nO {} {} -1.6", 1.5 * cos, 1.5 * sin, 2.48 * cos, 2.48 * sin);
    }
    assert_eq!(donors(&text), ["C1-C3-C5-C7-C9", "C11", "C13", "C15"]);
    let found = find(&molecule(&text)).unwrap();
    let (geometry, measure) = found.shape.unwrap();
    assert!(geometry == Geometry::Tetrahedral && measure < 3.0, "{geometry} {measure}");
    let complex = found.to_complex(1, 1, &[-1, 0, 0, 0]).unwrap();
    assert_eq!((complex.charge(), complex.electrons() % 2, complex.atom_count()), (0, 0, 17));
    assert_eq!(complex.molecule().unwrap().composition().to_string(), "MnC8H5O3");
    // Zeise's anion.
    let zeise = "Pt 0 0 0\nC 0.69 0 2.02\nC -0.69 0 2.02\nH 1.2 0.9 2.2\nH 1.2 -0.9 2.2\nH -1.2 0.9 2.2\n\
        H -1.2 -0.9 2.2\nCl 0 2.3 0\nCl 0 -2.3 0\nCl 0 0 -2.32";
    assert_eq!(donors(zeise), ["C1-C2", "Cl7", "Cl8", "Cl9"]);
    let error = find(&molecule(zeise)).unwrap().to_complex(2, 1, &[0, -1]).unwrap_err();
    assert!(error.to_string().contains("2 ligand charges; expected one for each of the 4"), "{error}");
}

#[test]
fn what_is_no_mononuclear_complex_is_refused() {
    let error = |text: &str| find(&molecule(text)).unwrap_err().to_string();
    assert!(error("C 0 0 0\nO 0 0 1.13").contains("CO has no transition metal"));
    assert!(error("Cu 0 0 0\nCl 0 0 2.1\nCu 0 0 4.2").contains("2 transition metals (Cu, Cu)"));
    let loose = error("Cu 0 0 0\nCl 0 0 2.1\nO 0 0 9\nH 0.76 0 9.6\nH -0.76 0 9.6");
    assert!(loose.contains("1 of the 2 parts around Cu are not bonded to it: H2O"), "{loose}");
    assert!(error("Cu 0 0 0\nN 0 0 2\nN 0 0 2.1").contains("atoms 1 and 2 (from 0) are 0.100 Å apart"));
    assert!(error("Cu 0 0 0\nBk 0 0 2").contains("no covalent radius of Bk"));
}

/// Optical isomers have identities of their own.
#[test]
fn a_tetrahedron_and_its_mirror_image_differ() {
    let made = |sign: f64| {
        let atoms = ["F", "Cl", "Br", "I"];
        let mut text = "Zn 0 0 0".to_owned();
        for (atom, site) in atoms.iter().zip(Geometry::Tetrahedral.sites()) {
            text += &format!("\n{atom} {} {} {}", 2.2 * site[0], 2.2 * site[1], 2.2 * sign * site[2]);
        }
        find(&molecule(&text)).unwrap().identity()
    };
    assert_ne!(made(1.0), made(-1.0));
}

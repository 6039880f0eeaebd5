//! A module that Python wrote: `tests/fixtures/argon.pt`, by torch 2.13.0+cu130 (sha256 4a43a57e…, told in full by
//! `torchscript.json`), with Python's numbers of it, which `torchscript.py` made.

use druse_representations::Lattice;
use serde::Deserialize;

use super::*;

#[derive(Deserialize)]
struct Reference {
    made: Made,
    crystals: Vec<Told>,
}

#[derive(Deserialize)]
struct Made {
    sha256: String,
}

/// Argon with energy (eV), forces (eV/Å) and stress (GPa).
#[derive(Deserialize)]
struct Told {
    lattice: [[f64; 3]; 3],
    frac: Vec<[f64; 3]>,
    energy: f64,
    forces: Vec<[f64; 3]>,
    stress: [[f64; 3]; 3],
}

#[test]
fn a_module_of_python_gives_what_python_gives() {
    let reference: Reference =
        serde_json::from_str(include_str!("../../../tests/fixtures/torchscript.json")).unwrap();
    let potential = load(include_bytes!("../../../tests/fixtures/argon.pt")).unwrap();
    assert_eq!(potential.hash, reference.made.sha256);
    assert_eq!(potential.metadata.cutoff, CUTOFF);
    assert_eq!(potential.metadata.elements.as_deref(), Some(&["Ar".parse().unwrap()][..]));
    let mut atoms = 0;
    for told in &reference.crystals {
        let sites = told.frac.iter().map(|&frac| ("Ar".parse().unwrap(), frac));
        let crystal = Crystal::ordered(Lattice::from_rows(told.lattice), sites);
        let found = potential.evaluate(&[&crystal], Want::FORCES).pop().unwrap().unwrap();
        // Sums of many threads differ in their last digits.
        assert!((found.energy - told.energy).abs() < 1e-10, "{} for {}", found.energy, told.energy);
        assert!(worst(found.forces.unwrap().as_flattened(), told.forces.as_flattened()) < 1e-10);
        assert!(worst(found.stress.unwrap().as_flattened(), told.stress.as_flattened()) < 1e-8);
        atoms += crystal.sites.len();
    }
    assert_eq!(atoms, 6);
}

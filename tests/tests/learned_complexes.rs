//! Positions of ligands in complexes as a user meets them: train on the library, replace a ligand of a complex, read the result
//! as any other complexes.
#![cfg(feature = "torch")]

use std::path::{Path, PathBuf};
use std::process::Command;

use druse::complexes::placed_complexes;
use druse::datasets::ligands::LigandLibrary;
use druse::representations::Complex;
use druse_tests::{druse, run, succeed};
use serde_json::Value;

const SETTINGS: &str = "[model]\nwidth = 16\nlayers = 2\nvectors = 4\ntensors = 2\nneighbours = 12\n\
    [training]\nbatch = 8\nwarmup = 2\nvalidate_every = 10\nlearning_rate = 0.003\nema = 0.9\n";

fn sample(model: &str, complex: &Path, to: &Path, more: &[&str]) -> Command {
    let mut command = druse();
    command.args(["sample", model, "-n", "6", "--seed", "4", "--json", "-", "--quiet", "--complex"]);
    command.arg(complex).arg("--to").arg(to).args(more);
    command
}

/// A complex in space, as `druse assemble` writes it.
fn assembled(folder: &Path) -> PathBuf {
    let text = "Pt(II)|SP-4|m1|{[Cl-:1]}@0|{[NH2:1]CC(=O)[O-:2]}@1,2|{C[NH2:1]}@3";
    succeed(druse().args(["assemble", text, "--quiet", "--to"]).arg(folder.join("built")));
    folder.join("built/complex-1.xyz")
}

fn read(path: &Path) -> Vec<Complex> {
    placed_complexes(path).unwrap().into_iter().map(Result::unwrap).collect()
}

#[test]
fn positions_are_learnt_from_the_library() {
    if LigandLibrary::find().is_err() {
        println!("skipped: the library of ligands is not there");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (model, settings) = (folder.path().join("c.safetensors"), folder.path().join("c.toml"));
    std::fs::write(&settings, SETTINGS).unwrap();
    let mut train = druse();
    train.args([
        "train",
        "complex-diffusion",
        "--data",
        "library",
        "--where",
        "atoms <= 14",
        "--steps",
        "20",
    ]);
    train.args(["--licence", "MIT", "--seed", "3", "--json", "-", "--quiet", "--config"]);
    let told: Value = serde_json::from_str(&succeed(train.arg(&settings).arg("--to").arg(&model))).unwrap();
    assert_eq!(told["card"]["kind"], "complex-diffusion");
    let complex = assembled(folder.path());
    let to = folder.path().join("made.xyz");
    let told = succeed(&mut sample(
        model.to_str().unwrap(),
        &complex,
        &to,
        &["--ligand", "[NH2:1]CC[NH2:2]", "--replace", "2"],
    ));
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(told["kind"], "complex-diffusion");
}

#[test]
fn a_ligand_is_replaced_and_nothing_else_moves() {
    let folder = tempfile::tempdir().unwrap();
    let complex = assembled(folder.path());
    let before = &read(&complex)[0];
    let replaced = before.ligands.iter().position(|placed| placed.ligand.denticity() == 2).unwrap();
    let number = (replaced + 1).to_string();
    let (one, two) = (folder.path().join("one.xyz"), folder.path().join("two.xyz"));
    let asked = ["--replace", number.as_str(), "--donors", "N,N", "--charge", "0", "--heavy-atoms", "4..16"];
    let told = succeed(&mut sample("complex-diffusion", &complex, &one, &asked));
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!((&told["violations"], &told["count"]), (&0.into(), &6.into()));
    succeed(sample("complex-diffusion", &complex, &two, &asked).args(["--threads", "1"]));
    assert_eq!(std::fs::read(&one).unwrap(), std::fs::read(&two).unwrap());

    let still: Vec<String> = atoms_without(before, replaced);
    for after in &read(&one) {
        let new = after.ligands.iter().position(|placed| {
            placed.ligand.denticity() == 2 && placed.ligand.site_elements().iter().all(|e| e.symbol() == "N")
        });
        let new = new.unwrap();
        assert_eq!(after.ligands[new].ligand.charge(), 0);
        assert_eq!(atoms_without(after, new), still);
    }

    for (arguments, message) in [
        (&["--replace", "9"][..], "--replace: found 9, expected 1 to 3"),
        (&["--replace", number.as_str(), "--ligand", "[NH3:1]"], "has 1 donors, expected 2"),
        (&["--replace", number.as_str(), "--donors", "N"], "donors: found 1 of them, expected 2 to 2"),
        (&["--required", "Fe"], "--required: found a model of complexes"),
    ] {
        let output = run(&mut sample("complex-diffusion", &complex, &one, arguments));
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && told.contains(message), "{arguments:?}: {told}");
    }
    let output = run(&mut sample("ligand-vae", &complex, &folder.path().join("l.csv"), &[]));
    assert!(String::from_utf8_lossy(&output.stderr).contains("--complex"));
}

/// Elements and positions of all atoms but those of one ligand, as the file writes them.
fn atoms_without(complex: &Complex, number: usize) -> Vec<String> {
    let first = complex.offsets()[number];
    let own = first..first + complex.ligands[number].ligand.graph.node_count();
    let positions = complex.positions.as_ref().unwrap();
    let mut atoms: Vec<String> = complex
        .elements()
        .zip(positions)
        .enumerate()
        .filter(|(atom, _)| !own.contains(atom))
        .map(|(_, (element, position))| format!("{element} {position:?}"))
        .collect();
    atoms.sort();
    atoms
}

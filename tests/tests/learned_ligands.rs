//! Learned generators of ligands as a user meets them: train on a table of SMILES, sample within constraints, read the
//! samples as any other ligands.
#![cfg(feature = "torch")]

use std::path::{Path, PathBuf};
use std::process::Command;

use druse::datasets::ligands::{Columns, ImportedLigands, builtin_ligands};
use druse::representations::Element;
use druse_tests::{druse, run, succeed};
use serde_json::Value;

/// The built-in ligands as a table.
fn table(folder: &Path) -> PathBuf {
    let mut text = "id,smiles,gap\n".to_owned();
    for (number, known) in builtin_ligands().iter().enumerate() {
        text += &format!("{number},{},{}\n", known.smiles, number % 7);
    }
    let path = folder.join("ligands.csv");
    std::fs::write(&path, text).unwrap();
    path
}

const SETTINGS: &str = "[model]\nlatent = 16\nwidth = 32\nlooks = 4\nwhole_rings = 2\n\
    encoder = { width = 32, heads = 4, layers = 1 }\ndecoder = { width = 32, heads = 4, layers = 1 }\n\
    prior = { width = 32, blocks = 1 }\n[training]\nbatch = 16\nwarmup = 2\nvalidate_every = 20\n\
    learning_rate = 0.003\nema = 0.9\n";

fn sample(model: &Path, to: &Path, more: &[&str]) -> Command {
    let mut command = druse();
    command.arg("sample").arg(model).args(["-n", "20", "--seed", "4", "--json", "-", "--quiet"]);
    command.arg("--to").arg(to).args(more);
    command
}

#[test]
fn ligands_are_learnt_sampled_and_read() {
    let folder = tempfile::tempdir().unwrap();
    let (model, settings) = (folder.path().join("l.safetensors"), folder.path().join("l.toml"));
    std::fs::write(&settings, SETTINGS).unwrap();
    let mut train = druse();
    train.args(["train", "ligand-vae", "--conditions", "denticity,charge,donors,gap", "--steps", "60"]);
    train.args(["--licence", "CC0", "--seed", "3", "--json", "-", "--quiet", "--data"]);
    let table = table(folder.path());
    train.arg(&table).arg("--labels").arg(&table).arg("--to").arg(&model).arg("--config").arg(&settings);
    let told: Value = serde_json::from_str(&succeed(&mut train)).unwrap();
    assert_eq!(told["card"]["kind"], "ligand-vae");
    assert!(told["card"]["config"]["vocabulary"].as_array().unwrap().len() > 20);

    let (one, two) = (folder.path().join("one.csv"), folder.path().join("two.csv"));
    let constraints =
        ["--denticity", "2", "--charge", "0", "--heavy-atoms", "3..20", "--elements", "C,H,N,O"];
    let told: Value = serde_json::from_str(&succeed(&mut sample(&model, &one, &constraints))).unwrap();
    assert_eq!((&told["violations"], &told["kind"]), (&0.into(), &"ligand-vae".into()));
    let read = ImportedLigands::read(&one, &Columns::default(), "", "", "").unwrap();
    assert_eq!(Some(read.ligands.len() as u64), told["count"].as_u64());
    assert!(read.provenance.rejected.is_empty() && !read.ligands.is_empty());
    let allowed: Vec<Element> = ["C", "H", "N", "O"].iter().map(|symbol| symbol.parse().unwrap()).collect();
    for ligand in &read.ligands {
        assert_eq!((ligand.denticity(), ligand.charge()), (2, 0));
        assert!(ligand.check_valence().is_ok() && ligand.elements().all(|e| allowed.contains(&e)));
    }
    succeed(sample(&model, &two, &constraints).args(["--threads", "1"]));
    assert_eq!(std::fs::read(&one).unwrap(), std::fs::read(&two).unwrap());

    for (arguments, message) in [
        (&["--denticity", "2", "--donors", "N"][..], "donors: found 1 of them, expected 2 to 2"),
        (&["--space-groups", "225"], "--space-groups: found a model of ligands"),
        (&["--condition", "weight=3"], "the model has no condition 'weight'"),
        (&["--donors", "Xe"], "no donor that is allowed"),
    ] {
        let output = run(&mut sample(&model, &one, arguments));
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && told.contains(message), "{arguments:?}: {told}");
    }
    let output = run(&mut sample(&model, &folder.path().join("one.cif"), &[]));
    assert!(String::from_utf8_lossy(&output.stderr).contains(".csv or .json"));
}

use std::path::PathBuf;

use druse_representations::nalgebra::Matrix3;
use druse_representations::supercell::supercell;
use serde_json::Value;

use super::*;
use crate::chgnet::tests::crystal_from;
use crate::potential::GPA_PER_EV_PER_A3;

/// The folder of shared data, or `None` with a note where it is not there.
fn folder() -> Option<PathBuf> {
    let shared = std::env::var("DRUSE_SHARED_DATA")
        .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data").into());
    let folder = Path::new(&shared).join("nequix");
    if !folder.is_dir() {
        println!("skipped: no shared data");
        return None;
    }
    Some(folder)
}

fn structures(folder: &Path) -> Vec<(String, Value)> {
    let text = std::fs::read_to_string(folder.join("single_point.json")).unwrap();
    let all: Value = serde_json::from_str(&text).unwrap();
    all["structures"].as_object().unwrap().clone().into_iter().collect()
}

/// Largest difference of two lists of numbers, nested alike.
fn apart(a: &Value, b: &Value) -> f64 {
    match (a.as_array(), b.as_array()) {
        (Some(a), Some(b)) => a.iter().zip(b).map(|(a, b)| apart(a, b)).fold(0.0, f64::max),
        _ => (a.as_f64().unwrap() - b.as_f64().unwrap()).abs(),
    }
}

/// Compares energy (eV/atom), forces (eV/Å) and stress (GPa) with the references that entries hold for this model; returns how many there were.
fn compare(model: &Nequip, entries: Vec<(String, Value)>, bounds: [f64; 3]) -> usize {
    let (mut worst, mut count) = ([0.0f64; 3], 0);
    for (id, entry) in entries {
        let expected = &entry[model.name()];
        if expected.is_null() {
            continue;
        }
        let crystal = crystal_from(&entry);
        let found = model.evaluate(&[&crystal], Want::ALL).pop().unwrap().unwrap();
        let atoms = crystal.sites.len() as f64;
        let differences = [
            (found.energy / atoms - expected["e"].as_f64().unwrap()).abs(),
            apart(&serde_json::json!(found.forces.unwrap()), &expected["f"]),
            apart(&serde_json::json!(found.stress.unwrap()), &expected["s"]),
        ];
        for (worst, difference) in worst.iter_mut().zip(differences) {
            *worst = worst.max(difference);
        }
        let within = differences.iter().zip(bounds).all(|(difference, bound)| *difference < bound);
        assert!(within, "{} {id}: {differences:?}", model.name());
        count += 1;
    }
    println!("{}: {count} structures, worst {worst:?}", model.name());
    count
}

#[test]
fn agrees_with_nequix() {
    let Some(folder) = folder() else { return };
    for name in ["nequix-oam-1", "nequix-mp-1-pft"] {
        let model = Nequip::from_file(&folder.join(format!("{name}.safetensors")), name).unwrap();
        assert!(compare(&model, structures(&folder), [4e-6, 7e-5, 2.5e-4]) > 20);
    }
}

/// Parameters of all models that are there, in f64, for derivatives and symmetry.
fn parameters() -> Vec<(&'static str, Parameters<f64>)> {
    let nequix = folder().map(|folder| std::fs::read(folder.join("nequix-oam-1.safetensors")).unwrap());
    let kinds = [SevenNetKind::Zero, SevenNetKind::L3i5];
    let sevennet = kinds.into_iter().filter_map(|kind| match kind.weights().read() {
        Ok(bytes) => Some((kind.name(), bytes)),
        Err(error) => {
            println!("skipped: {error}");
            None
        }
    });
    let files = nequix.map(|bytes| ("nequix-oam-1", bytes)).into_iter().chain(sevennet);
    files.map(|(name, bytes)| (name, Parameters::from_bytes(&bytes).unwrap())).collect()
}

/// Reference crystals with what SevenNet's own package says of them; see `sevennet.py` beside the file.
fn made_up() -> Vec<(String, Value)> {
    let all: Value = serde_json::from_str(include_str!("../../tests/fixtures/sevennet.json")).unwrap();
    all.as_object().unwrap().clone().into_iter().collect()
}

#[test]
fn agrees_with_sevennet() {
    for kind in [SevenNetKind::Zero, SevenNetKind::L3i5] {
        let model = match Nequip::load(kind) {
            Ok(model) => model,
            Err(NequipError::Weights(error @ WeightsError::Absent { .. })) => {
                println!("skipped: {error}");
                return;
            }
            Err(error) => panic!("{error}"),
        };
        let all = made_up();
        assert_eq!(all.len(), 24);
        compare(&model, all, [1e-5, 1e-4, 1e-3]);
    }
}

fn predict(parameters: &Parameters<f64>, crystal: &Crystal, symmetry: &CellSymmetry) -> Prediction {
    parameters.predict(crystal, symmetry, Want::ALL).unwrap()
}

#[test]
fn forces_and_stress_are_differences_of_energies() {
    for (name, parameters) in parameters() {
        println!("{name}");
        forces_and_stress(&parameters);
    }
}

fn forces_and_stress(parameters: &Parameters<f64>) {
    let crystal = crate::chgnet::tests::distorted();
    let trivial = CellSymmetry::trivial(crystal.sites.len());
    let prediction = predict(parameters, &crystal, &trivial);
    let h = 1e-4;
    for site in 0..crystal.sites.len() {
        for axis in 0..3 {
            let energy = |by: f64| {
                let mut moved = crystal.clone();
                let step =
                    crystal.lattice.to_fractional(&druse_representations::nalgebra::Vector3::ith(axis, by));
                moved.sites[site].frac += step.unwrap();
                predict(parameters, &moved, &trivial).energy
            };
            let slope = (energy(h) - energy(-h)) / (2.0 * h);
            let force = prediction.forces.as_ref().unwrap()[site][axis];
            assert!((slope + force).abs() < 1e-4 * force.abs().max(1.0), "{site} {axis}: {slope} {force}");
        }
    }
    for a in 0..3 {
        for b in 0..3 {
            let energy = |by: f64| {
                let mut strain = Matrix3::identity();
                strain[(a, b)] += by;
                let mut strained = crystal.clone();
                strained.lattice =
                    druse_representations::Lattice::from_matrix(crystal.lattice.matrix() * strain);
                predict(parameters, &strained, &trivial).energy
            };
            let slope = (energy(h) - energy(-h)) / (2.0 * h) * GPA_PER_EV_PER_A3 / crystal.lattice.volume();
            let stress = prediction.stress.unwrap()[a][b];
            assert!((slope - stress).abs() < 1e-4 * stress.abs().max(1.0), "{a} {b}: {slope} {stress}");
        }
    }
}

#[test]
fn one_site_of_each_orbit_is_enough() {
    for (name, parameters) in parameters() {
        let mut reduced = 0;
        for (id, entry) in made_up() {
            let crystal = crystal_from(&entry);
            if crystal.sites.len() > 6 {
                continue;
            }
            let doubled = supercell(&crystal, &Matrix3::from_diagonal(&[2, 1, 1].into())).unwrap();
            let (crystal, symmetry) = CellSymmetry::find(&doubled, 1e-4);
            let mut plain = predict(&parameters, &crystal, &CellSymmetry::trivial(crystal.sites.len()));
            // Mirrors are no symmetry of a network without parity: what breaks them is taken away from both.
            plain.symmetrise(&crystal, &symmetry);
            let fewer = predict(&parameters, &crystal, &symmetry);
            reduced += usize::from(symmetry.orbits().len() < crystal.sites.len());
            assert!(
                (plain.energy - fewer.energy).abs() < 1e-7,
                "{name} {id}: {} {}",
                plain.energy,
                fewer.energy
            );
            let forces = apart(&serde_json::json!(plain.forces), &serde_json::json!(fewer.forces));
            let stress = apart(&serde_json::json!(plain.stress), &serde_json::json!(fewer.stress));
            assert!(forces < 1e-6 && stress < 1e-5, "{name} {id}: {forces} {stress}");
        }
        println!("{name}: {reduced} crystals had symmetry");
        assert!(reduced > 10);
    }
}

#[test]
fn other_files_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    let refusal = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        Nequip::from_file(&path, "mine").err().unwrap().to_string()
    };
    assert!(refusal(b"nothing").starts_with("the file is no model of Nequix or SevenNet"));
    let empty = safetensors::serialize::<&str, safetensors::tensor::TensorView<'_>, _>([], None).unwrap();
    assert_eq!(refusal(&empty), "the file is no model of Nequix or SevenNet: its header holds no config");
}

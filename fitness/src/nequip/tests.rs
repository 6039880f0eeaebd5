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

#[test]
fn agrees_with_the_original() {
    let Some(folder) = folder() else { return };
    for name in ["nequix-oam-1", "nequix-mp-1-pft"] {
        let model = Nequip::from_file(&folder.join(format!("{name}.safetensors")), name).unwrap();
        let (mut worst, mut count) = ([0.0f64; 3], 0);
        for (id, entry) in structures(&folder) {
            let expected = &entry[name];
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
            assert!(
                differences[0] < 4e-6 && differences[1] < 7e-5 && differences[2] < 2.5e-4,
                "{name} {id}: {differences:?}"
            );
            count += 1;
        }
        println!("{name}: {count} structures, worst {worst:?}");
        assert!(count > 20);
    }
}

/// Parameters in f64, for derivatives and symmetry.
fn parameters() -> Option<Parameters<f64>> {
    let bytes = std::fs::read(folder()?.join("nequix-oam-1.safetensors")).unwrap();
    Some(Parameters::from_nequix(&bytes).unwrap())
}

fn predict(parameters: &Parameters<f64>, crystal: &Crystal, symmetry: &CellSymmetry) -> Prediction {
    let graph = Graph::new(crystal, symmetry, parameters.basis.cutoff).unwrap();
    let species = parameters.species_of(&graph, crystal).unwrap();
    let outcome = parameters.evaluate(&graph, &species, true);
    let mut prediction = outcome.prediction(graph.volume, Want::ALL).unwrap();
    prediction.symmetrise(crystal, symmetry);
    prediction
}

#[test]
fn forces_and_stress_are_differences_of_energies() {
    let Some(parameters) = parameters() else { return };
    let crystal = crate::chgnet::tests::distorted();
    let trivial = CellSymmetry::trivial(crystal.sites.len());
    let prediction = predict(&parameters, &crystal, &trivial);
    let h = 1e-4;
    for site in 0..crystal.sites.len() {
        for axis in 0..3 {
            let energy = |by: f64| {
                let mut moved = crystal.clone();
                let step =
                    crystal.lattice.to_fractional(&druse_representations::nalgebra::Vector3::ith(axis, by));
                moved.sites[site].frac += step.unwrap();
                predict(&parameters, &moved, &trivial).energy
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
                predict(&parameters, &strained, &trivial).energy
            };
            let slope = (energy(h) - energy(-h)) / (2.0 * h) * GPA_PER_EV_PER_A3 / crystal.lattice.volume();
            let stress = prediction.stress.unwrap()[a][b];
            assert!((slope - stress).abs() < 1e-4 * stress.abs().max(1.0), "{a} {b}: {slope} {stress}");
        }
    }
}

#[test]
fn one_site_of_each_orbit_is_enough() {
    let (Some(parameters), Some(folder)) = (parameters(), folder()) else { return };
    let mut reduced = 0;
    for (id, entry) in structures(&folder) {
        let crystal = crystal_from(&entry);
        if crystal.sites.len() > 10 {
            continue;
        }
        let doubled = supercell(&crystal, &Matrix3::from_diagonal(&[2, 1, 1].into())).unwrap();
        let (crystal, symmetry) = CellSymmetry::find(&doubled, 1e-4);
        let plain = predict(&parameters, &crystal, &CellSymmetry::trivial(crystal.sites.len()));
        let fewer = predict(&parameters, &crystal, &symmetry);
        reduced += usize::from(symmetry.orbits().len() < crystal.sites.len());
        assert!((plain.energy - fewer.energy).abs() < 1e-7, "{id}: {} {}", plain.energy, fewer.energy);
        let forces = apart(&serde_json::json!(plain.forces), &serde_json::json!(fewer.forces));
        let stress = apart(&serde_json::json!(plain.stress), &serde_json::json!(fewer.stress));
        assert!(forces < 1e-6 && stress < 1e-5, "{id}: {forces} {stress}");
    }
    println!("{reduced} crystals had symmetry");
    assert!(reduced > 10);
}

#[test]
fn other_files_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    let refusal = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        Nequip::from_file(&path, "mine").err().unwrap().to_string()
    };
    assert!(refusal(b"nothing").starts_with("the file is no Nequix model"));
    let empty = safetensors::serialize::<&str, safetensors::tensor::TensorView<'_>, _>([], None).unwrap();
    assert_eq!(refusal(&empty), "the file is no Nequix model: its header holds no config");
}

use std::path::Path;

use druse_fitness::assembly::{Distances, Options, assemble};
use druse_representations::Complex;

use super::*;
use crate::complexes::xyz;

fn judged(set: &TmcSet, asked: &LigandSpace, known: Option<&Known>) -> Evaluation {
    Tmc { asked, training: None, known, seed: 1 }.evaluate(set)
}

fn table(folder: &Path, name: &str, rows: &[&str]) -> std::path::PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, format!("id,smiles\n{}\n", rows.join("\n"))).unwrap();
    path
}

#[test]
fn ligands_are_valid_new_and_as_asked() {
    let folder = tempfile::tempdir().unwrap();
    // Ethylenediamine twice, glycinate, ammonia, two pieces, a pentavalent carbon.
    let rows = [
        "a,[NH2:1]CC[NH2:2]",
        "b,C([NH2:2])C[NH2:1]",
        "c,[NH2:1]CC(=O)[O-:2]",
        "d,[NH3:1]",
        "e,[NH3:1].C",
        "f,[NH2:1]CC(C)(C)(C)C",
    ];
    let set = TmcSet::read(&table(folder.path(), "made.csv", &rows), None, None).unwrap();
    let known = table(folder.path(), "known.csv", &["x,[NH2:1]CC[NH2:2]"]);
    let known = Known::read([known.as_path()], None).unwrap();
    let asked = LigandSpace { denticity: Some([2, 2]), charges: vec![0], ..LigandSpace::default() };
    let found = judged(&set, &asked, Some(&known));
    let counted = |name: &str| {
        let metric = found.metric(name).unwrap();
        (metric.numerator.unwrap(), metric.denominator)
    };
    assert_eq!(counted("connected"), (5, 6), "{found:?}");
    assert_eq!(counted("valid"), (4, 6));
    assert_eq!(counted("unique"), (4, 5));
    assert_eq!(counted("novel_known"), (3, 5));
    assert_eq!(counted("new_valid_unique"), (2, 6));
    assert_eq!(counted("denticity"), (3, 5));
    assert_eq!(counted("charge"), (4, 5));
    assert_eq!(counted("within"), (2, 5));
    assert!(found.metric("donors").is_none() && found.metric("novel_train").is_none());
}

#[test]
fn complexes_are_held_against_what_they_should_be() {
    let folder = tempfile::tempdir().unwrap();
    let text = "Pt(II)|SP-4|m1|{[Cl-:1]}@0|{[Cl-:1]}@1|{[NH2:1]CC[NH2:2]}@2,3";
    let complex: Complex = text.parse().unwrap();
    let built = assemble(&complex, &Distances::from_radii(), &Options::default()).unwrap();
    let good = Complex { positions: Some(built.positions), ..complex };
    let mut away = good.clone();
    // The second chloride is far from the metal.
    away.positions.as_mut().unwrap()[2].iter_mut().for_each(|x| *x *= 2.0);
    let mut near = good.clone();
    // Two hydrogens in one place, nearly.
    let positions = near.positions.as_mut().unwrap();
    let last = positions.len() - 1;
    positions[last] = positions[last - 1].map(|x| x + 0.3);
    let frames: String = [(&good, "good"), (&away, "away"), (&near, "near")]
        .map(|(one, id)| xyz(one, id, "").unwrap())
        .concat();
    let path = folder.path().join("complexes.xyz");
    std::fs::write(&path, frames).unwrap();
    let set = TmcSet::read(&path, None, None).unwrap();
    let found = judged(&set, &LigandSpace::default(), None);
    let row = |id: &str| found.structures.iter().find(|row| row["id"] == id).unwrap();
    for key in ["valid", "connected", "denticity", "donors", "ligands", "polyhedron", "within", "charge"] {
        assert_eq!(row("good")[key], true, "{key}: {found:?}");
    }
    assert!(row("good")["shape_measure"].as_f64().unwrap() < 2.0);
    assert_eq!((&row("away")["connected"], &row("away")["valid"]), (&json!(false), &json!(false)));
    assert_eq!(row("near")["valid"], false);
    assert_eq!(found.metric("valid").unwrap().numerator, Some(1));
}

//! The program on its campaign and on the command line.

use std::path::Path;
use std::process::Command;

use druse::datasets::reference::ReferenceTable;
use serde_json::Value;

#[path = "../../support/end_to_end.rs"]
mod end_to_end;

const PROGRAM: &str = env!("CARGO_BIN_EXE_druse-example-potential");

#[test]
fn the_campaign_runs_with_the_potential() {
    let candidates = end_to_end::ends_alike_after_a_kill_and_by_workers(PROGRAM);
    assert!(candidates.len() >= 40);
    let pure = |candidate: &&Value| {
        let species = candidate["species"].as_array().unwrap();
        species.iter().all(|element| *element == species[0])
    };
    let pure: Vec<&Value> = candidates.iter().filter(pure).collect();
    assert!(!pure.is_empty());
    // Nothing lies below the crystals of the table, but for how far they were relaxed.
    for candidate in pure {
        assert!(candidate["energy_above_hull"].as_f64().unwrap() > -1e-4, "{candidate}");
    }
}

#[test]
fn the_table_of_the_hull_is_what_the_program_makes() {
    let folder = tempfile::tempdir().unwrap();
    let here = |name: &str| Path::new(env!("CARGO_MANIFEST_DIR")).join(name).display().to_string();
    let made = folder.path().join("elements.csv.gz");
    let to = made.display().to_string();
    let model = ["--model", "lennard-jones"];
    let make = [
        "data",
        "reference",
        &here("elements.jsonl"),
        "--to",
        &to,
        "--source",
        "face-centred cubic crystals",
    ];
    end_to_end::succeed(PROGRAM, &[&make[..], &model, &["--licence", "CC0"]].concat());
    let (made, kept) = (ReferenceTable::read(&made).unwrap(), here("elements.csv"));
    let kept = ReferenceTable::read(Path::new(&kept)).unwrap();
    assert_eq!(
        (&made.header().model, &made.header().model_hash),
        (&kept.header().model, &kept.header().model_hash)
    );
    assert_eq!(made.len(), 4);
    for (made, kept) in made.rows().zip(kept.rows()) {
        assert_eq!((made.id, made.formula), (kept.id, kept.formula));
        assert!((made.energy_per_atom - kept.energy_per_atom).abs() < 1e-6, "{made:?} {kept:?}");
    }
    let hull = ["hull", &here("elements.jsonl"), "--reference", &to, "--json", "-"];
    let placed: Value =
        serde_json::from_str(&end_to_end::succeed(PROGRAM, &[&hull[..], &model].concat())).unwrap();
    assert!(
        placed.as_array().unwrap().iter().all(|one| one["energy_above_hull"].as_f64().unwrap().abs() < 1e-5)
    );
}

#[test]
fn unknown_potentials_list_that_of_the_program() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("elements.jsonl").display().to_string();
    let refused = |arguments: &[&str]| {
        let output = Command::new(PROGRAM).args(["energy", &file]).args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let unknown = refused(&["--model", "lennard-jons"]);
    assert!(unknown.contains("sevennet-l3i5, lennard-jones, a .safetensors file"), "{unknown}");
    let elsewhere = refused(&["--model", "lennard-jones", "--device", "torch-cpu"]);
    assert!(elsewhere.contains("it runs on the device cpu only, not on 'torch-cpu'"), "{elsewhere}");
}

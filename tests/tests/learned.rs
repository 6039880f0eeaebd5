//! Learned generators as a user meets them: train every kind on a table of structures, sample from it,
//! kill a training and go on, and meet files that are damaged or not druse's.
#![cfg(feature = "torch")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use druse::datasets::prototypes::prototypes;
use druse::generators::learned::KINDS;
use druse::representations::Element;
use druse::representations::io::{Format, Record, write_string};
use druse_tests::{druse, run, succeed};
use serde_json::{Map, Value};

/// A table in the style of MP-20 (`material_id`, `cif`, labels): known structure types with other
/// elements of the same group.
fn table(folder: &Path) -> PathBuf {
    write_table(folder.join("structures.csv"), usize::MAX)
}

/// The same with so many structure types.
fn write_table(path: PathBuf, types: usize) -> PathBuf {
    let swap = |element: Element, shift: usize| -> Element {
        let group: Vec<Element> =
            Element::all().filter(|e| e.group() == element.group() && e.period() < 7).collect();
        let place = group.iter().position(|e| *e == element).unwrap_or(0);
        group[(place + shift) % group.len()]
    };
    let mut text = "material_id,formation_energy_per_atom,band_gap,cif\n".to_owned();
    for (number, prototype) in prototypes().iter().enumerate().take(types) {
        let mut code = prototype.code();
        for shift in 0..3 {
            code.orbits.iter_mut().for_each(|orbit| orbit.element = swap(orbit.element, shift));
            let Ok(crystal) = code.to_primitive() else { continue };
            if crystal.sites.len() > 20 {
                continue;
            }
            let id = format!("{}-{shift}", prototype.name);
            let record = Record { id: id.clone(), crystal, properties: Map::new(), source: String::new() };
            let cif = write_string(Format::Cif, &[record]).unwrap().replace('"', "\"\"");
            let energy = -0.01 * number as f64 - 0.1 * shift as f64;
            // Not every label is known.
            let gap = if number % 4 == 0 { String::new() } else { format!("{}", number % 5) };
            text += &format!("{id},{energy},{gap},\"{cif}\"\n");
        }
    }
    std::fs::write(&path, text).unwrap();
    path
}

/// The network as small as its settings allow by themselves, few and small steps.
const SETTINGS: &str = "[training]\nbatch = 8\nwarmup = 2\nvalidate_every = 4\n";

fn train(kind: &str, table: &Path, to: &Path, steps: u32) -> Command {
    let settings = to.with_extension("toml");
    std::fs::write(&settings, SETTINGS).unwrap();
    let mut command = druse();
    command.args([
        "train",
        kind,
        "--split",
        "formula",
        "--conditions",
        "formation_energy_per_atom,space_group,elements",
    ]);
    command.args(["--where", "formation_energy_per_atom < 0 and atoms <= 10", "--steps", &steps.to_string()]);
    command.args(["--licence", "CC0", "--seed", "3", "--json", "-", "--quiet"]);
    command.arg("--data").arg(table).arg("--to").arg(to).arg("--config").arg(settings);
    command
}

/// The tensors of a file of weights, without the header that holds times.
fn tensors(path: &Path) -> Vec<u8> {
    let bytes = std::fs::read(path).unwrap();
    let length = u64::from_le_bytes(*bytes.first_chunk().unwrap()) as usize;
    bytes[8 + length..].to_vec()
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn every_kind_is_trained_and_sampled_from() {
    let folder = tempfile::tempdir().unwrap();
    let table = table(folder.path());
    for kind in KINDS.iter().filter(|kind| kind.makes_crystals()) {
        let model = folder.path().join(format!("{}.safetensors", kind.name));
        let told = json(&succeed(&mut train(kind.name, &table, &model, 8)));
        assert_eq!(told["card"]["kind"], kind.name);
        assert_eq!((&told["card"]["steps"], &told["card"]["finished"]), (&8.into(), &true.into()));
        assert!(
            told["card"]["validation"]["loss"].is_f64() && told["card"]["joules"].as_f64().unwrap() > 0.0
        );
        assert!(
            !told["card"].to_string().contains(&folder.path().display().to_string()),
            "paths are private"
        );
        for ending in ["checkpoint", "curve.json", "curve.svg", "md"] {
            assert!(model.with_extension(ending).is_file(), "{ending}");
        }
        // The same crystals on any number of threads; hard constraints hold.
        let mut texts = Vec::new();
        for threads in ["1", "3"] {
            let to = folder.path().join(format!("{}-{threads}.jsonl", kind.name));
            let mut command = druse();
            command.arg("sample").arg(&model).args([
                "-n",
                "6",
                "--steps",
                "10",
                "--seed",
                "7",
                "--threads",
                threads,
            ]);
            command.args(["--exclude", "Pb,Na-Cl", "--atoms", "1..10", "--charge-neutral", "no"]);
            command.args([
                "--condition",
                "formation_energy_per_atom=-1..-0.5",
                "--guidance",
                "1.5",
                "--json",
                "-",
                "--quiet",
            ]);
            let told = json(&succeed(command.arg("--to").arg(&to)));
            assert_eq!(told["violations"], 0, "{told}");
            texts.push(std::fs::read_to_string(to).unwrap());
        }
        assert_eq!(texts[0], texts[1], "{}", kind.name);
        for line in texts[0].lines() {
            let crystal = json(line);
            let species = crystal["species"].as_array().unwrap();
            assert!(species.len() <= 10 && !species.contains(&"Pb".into()), "{line}");
            assert_eq!(crystal["seed"], 7);
        }
    }
}

#[test]
fn what_a_model_was_trained_on_is_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let (table, model) = (table(folder.path()), folder.path().join("model.safetensors"));
    let settings = folder.path().join("settings.toml");
    std::fs::write(&settings, SETTINGS).unwrap();
    let mut command = druse();
    command.args(["train", "symmetry-diffusion", "--steps", "2", "--licence", "CC0", "--quiet"]);
    command.arg("--data").arg(&table).arg("--validation").arg(&table);
    succeed(command.arg("--config").arg(settings).arg("--to").arg(&model));
    // Two atoms of two elements: rock salt is among the structures of the table, an alloy of K and Pt is not.
    let drawn = |elements: &str| {
        let mut command = druse();
        command.arg("sample").arg(&model).args(["-n", "3", "--steps", "10", "--unseen", "--quiet"]);
        command.args(["--required", elements, "--elements", elements, "--atoms", "2"]);
        command.args(["--charge-neutral", "no", "--json", "-", "--to"]);
        let told = json(&succeed(command.arg(folder.path().join("crystals.jsonl"))));
        ["count", "seen", "repeated"].map(|field| told[field].as_u64().unwrap())
    };
    let ([salts, seen, _], [alloys, known, repeated]) = (drawn("Na,Cl"), drawn("K,Pt"));
    assert!(salts == 0 && seen > 3, "{salts} of rock salt, {seen} left out");
    assert_eq!((alloys, known), (1, 0));
    assert!(repeated > 3, "there is one formula only");
}

/// Structures of the table that `druse sample` gave for known ones, and what `druse evaluate` says of them.
fn made_of(known: &Path, how: &str, model: &Path, n: &str) -> Result<(Vec<Value>, Value), String> {
    let to = model.with_extension("known.jsonl");
    let mut command = druse();
    command.args(["sample", "--quiet", "--steps", "5", "-n", n, how]).arg(known);
    let output = run(command.arg(model).arg("--to").arg(&to));
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let made = std::fs::read_to_string(&to).unwrap().lines().map(json).collect();
    let mut command = druse();
    command.args(["evaluate", "--protocol", "prediction", "--json", "-", "--test"]).arg(known).arg(&to);
    Ok((made, json(&succeed(&mut command))["evaluations"][0].take()))
}

#[test]
fn known_structures_are_predicted_reconstructed_and_gone_between() {
    let folder = tempfile::tempdir().unwrap();
    let table = table(folder.path());
    let known = write_table(folder.path().join("known.csv"), 1);
    for kind in KINDS.iter().filter(|kind| kind.makes_crystals()) {
        let model = folder.path().join(format!("{}.safetensors", kind.name));
        succeed(&mut train(kind.name, &table, &model, 8));
        let (made, evaluation) = made_of(&known, "--formulas", &model, "8").unwrap();
        let tested = evaluation["structures"].as_array().unwrap().len();
        assert!(tested > 1, "{evaluation}");
        assert!(made.iter().all(|crystal| crystal["of"].is_string()), "{made:?}");
        let autoencoder = kind.name.ends_with("vae");
        match made_of(&known, "--reconstruct", &model, "1") {
            Ok((made, _)) => assert!(autoencoder && made.len() <= tested),
            Err(text) => assert!(!autoencoder && text.contains("read them again"), "{text}"),
        }
        match made_of(&known, "--interpolate", &model, "4") {
            Ok((made, _)) => assert!(autoencoder && made.len() <= 4 * (tested - 1)),
            Err(text) => assert!(!autoencoder && text.contains("from one crystal to another"), "{text}"),
        }
    }
}

#[test]
fn properties_are_learnt_and_judged_on_formulas_that_were_not_seen() {
    let folder = tempfile::tempdir().unwrap();
    let table = table(folder.path());
    let model = folder.path().join("properties.safetensors");
    succeed(&mut train("crystal-properties", &table, &model, 40));
    let evaluate = || {
        let mut command = druse();
        command.args(["evaluate", "--protocol", "estimates", "--json", "-", "--quiet", "--estimator"]);
        command.arg(&model).arg(&table);
        command
    };
    let told = json(&succeed(&mut evaluate()));
    let evaluation = &told["evaluations"][0];
    let error = evaluation["metrics"]
        .as_array()
        .unwrap()
        .iter()
        .find(|metric| metric["name"] == "formation_energy_per_atom_mae");
    let error = error.unwrap();
    let all = std::fs::read_to_string(&table).unwrap().lines().filter(|line| line.contains("data_")).count();
    let judged = error["denominator"].as_u64().unwrap() as usize;
    assert!(
        judged > 0 && judged < all && error["value"].as_f64().unwrap() > 0.0,
        "{judged} of {all}: {error}"
    );
    let refused = |command: &mut Command| {
        let output = run(command);
        assert_eq!(output.status.code(), Some(2));
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let text = refused(evaluate().args(["--labels", "none.csv"]));
    assert!(text.contains("none.csv"), "{text}");
    let text = refused(druse().arg("sample").arg(&model).args(["-n", "1", "--to", "none.cif"]));
    assert!(text.contains("found a crystal-properties model"), "{text}");
}

#[test]
fn a_killed_training_goes_on_as_if_nothing_had_been() {
    let Some(kind) = KINDS.first() else { return };
    let folder = tempfile::tempdir().unwrap();
    let table = table(folder.path());
    let [whole, killed] = ["whole", "killed"].map(|name| folder.path().join(format!("{name}.safetensors")));
    succeed(&mut train(kind.name, &table, &whole, 40));
    let mut command = train(kind.name, &table, &killed, 40);
    let mut child = command.args(["--checkpoint-minutes", "0.001"]).stdout(Stdio::null()).spawn().unwrap();
    let start = Instant::now();
    let checkpoint = killed.with_extension("checkpoint");
    while !checkpoint.exists() && start.elapsed() < Duration::from_secs(120) {
        std::thread::sleep(Duration::from_millis(20));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(checkpoint.exists());
    // Starting anew over it is refused.
    let refused = run(&mut train(kind.name, &table, &killed, 40));
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("--resume"));
    let told = json(&succeed(train(kind.name, &table, &killed, 40).args(["--resume", "--threads", "1"])));
    assert_eq!(told["card"]["steps"], 40);
    assert_eq!(tensors(&whole), tensors(&killed));
    assert_eq!(tensors(&whole.with_extension("checkpoint")), tensors(&checkpoint));
}

#[test]
fn files_that_are_no_models_are_refused() {
    let Some(kind) = KINDS.first() else { return };
    let folder = tempfile::tempdir().unwrap();
    let table = table(folder.path());
    let model = folder.path().join("m.safetensors");
    succeed(&mut train(kind.name, &table, &model, 2));
    let whole = std::fs::read(&model).unwrap();
    let damaged = |place: usize| {
        let mut bytes = whole.clone();
        bytes[place] ^= 4;
        bytes
    };
    let foreign = {
        let header = r#"{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}  "#;
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend(header.as_bytes());
        bytes.extend([0; 4]);
        bytes
    };
    let checkpoint = std::fs::read(model.with_extension("checkpoint")).unwrap();
    let cases: BTreeMap<&str, (Vec<u8>, &str)> = [
        ("tensors", (damaged(whole.len() - 5), "the file is damaged")),
        ("header", (damaged(600), "damaged")),
        ("length", (damaged(1), "damaged")),
        ("half", (whole[..whole.len() / 2].to_vec(), "damaged")),
        ("foreign", (foreign, "safetensors of another program")),
        ("table", (std::fs::read(&table).unwrap(), "no safetensors")),
        ("checkpoint", (checkpoint, "the checkpoint of a training")),
    ]
    .into();
    for (name, (bytes, reason)) in cases {
        let path = folder.path().join(format!("{name}.safetensors"));
        std::fs::write(&path, bytes).unwrap();
        let to = folder.path().join("none.jsonl");
        let output = run(druse().arg("sample").arg(&path).args(["-n", "1"]).arg("--to").arg(&to));
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{name}: {text}");
        assert!(text.contains(reason) && text.contains(&format!("{name}.safetensors")), "{name}: {text}");
        assert!(!to.exists());
    }
    let output = run(druse().args(["sample", "no-such-model", "-n", "1", "--to", "x.jsonl"]));
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(2) && text.contains("'no-such-model'"), "{text}");
}

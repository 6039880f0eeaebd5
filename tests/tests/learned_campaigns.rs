//! Campaigns with trained models: every kind beside a genetic algorithm, learning on from what survives,
//! killed and gone on with, on any number of threads; and what is told when a model does not fit.
#![cfg(feature = "torch")]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use druse::datasets::prototypes::prototypes;
use druse::generators::learned::KINDS;
use druse::representations::io::{Format, Record, write_string};
use druse_tests::campaigns::{assert_same, finish, kill_after, results};
use druse_tests::{druse, run, succeed};

/// Known structure types with a label.
fn structures(folder: &Path) -> PathBuf {
    let records: Vec<Record> = prototypes()
        .iter()
        .enumerate()
        .filter_map(|(number, prototype)| {
            let crystal = prototype.code().to_primitive().ok().filter(|crystal| crystal.sites.len() <= 10)?;
            let properties =
                [("e_hull".to_owned(), (0.01 * (number % 7) as f64).into())].into_iter().collect();
            Some(Record { id: prototype.name.to_owned(), crystal, properties, source: String::new() })
        })
        .collect();
    let path = folder.join("structures.jsonl");
    std::fs::write(&path, write_string(Format::Jsonl, &records).unwrap()).unwrap();
    path
}

/// A model of a kind after a few steps: what it samples is legal, if not sensible.
fn train(kind: &str, structures: &Path, seed: u32, to: &Path) {
    let settings = to.with_extension("toml");
    std::fs::write(&settings, "[training]\nbatch = 8\nwarmup = 2\nvalidate_every = 4\n").unwrap();
    let mut command = druse();
    command.args(["train", kind, "--steps", "4", "--split", "formula", "--conditions", "e_hull,elements"]);
    command.args(["--seed", &seed.to_string(), "--quiet", "--data"]).arg(structures);
    succeed(command.arg("--to").arg(to).arg("--config").arg(settings));
}

/// Without energies: what is wanted is known at once.
fn campaign(kind: &str, model: &str, rest: &str) -> String {
    let (representation, family) = kind.split_once('-').unwrap();
    format!(
        r#"
campaign = {{ name = "learned", budget = 24, population = 8, seed = 5 }}
space = {{ elements = ["Na", "K", "Mg", "Ti", "F", "Cl", "O"], elements_per_design = [2, 3], atoms = [2, 8], charge_neutral = false }}
objective = [{{ name = "density" }}, {{ name = "toxicity" }}]
[[generator]]
kind = "nsga2"
[[generator]]
kind = "{family}"
representation = "{representation}"
model = "{model}"
steps = 8
conditions = {{ e_hull = [0.0, 0.02] }}
guidance = 1.5
{rest}
"#
    )
}

fn start(file: &Path, out: &Path, threads: usize) -> Command {
    let mut command = druse();
    command.arg("run").arg(file).arg("--out").arg(out).args(["--threads", &threads.to_string()]);
    command
}

#[test]
fn models_learn_on_in_campaigns_that_are_killed() {
    let shared = tempfile::tempdir().unwrap();
    let structures = structures(shared.path());
    for kind in KINDS.iter().filter(|kind| kind.makes_crystals()) {
        let folder = tempfile::tempdir().unwrap();
        train(kind.name, &structures, 1, &folder.path().join("model.safetensors"));
        let file = folder.path().join("campaign.toml");
        std::fs::write(&file, campaign(kind.name, "model.safetensors", "best_of = 2")).unwrap();
        let whole = folder.path().join(format!("{}-whole", kind.name));
        let begin = Instant::now();
        succeed(&mut start(&file, &whole, 2));
        let life = begin.elapsed();
        let expected = results(&whole);
        let all = &expected[Path::new("candidates.jsonl")];
        let sampled = all.lines().filter(|line| line.contains(r#""operator":"sample""#)).count();
        println!("{}: {sampled} of 24 candidates sampled, {:.1} s", kind.name, life.as_secs_f64());
        assert!(sampled >= 6, "{sampled} of 24");

        let killed = folder.path().join(format!("{}-killed", kind.name));
        let mut kills = 0;
        for share in [0.35, 0.5, 0.65, 0.8] {
            let mut command = start(&file, &killed, [1, 2, 3][kills % 3]);
            if killed.join("campaign.db").exists() {
                command = druse();
                command.arg("resume").arg(&killed).args(["--threads", "1"]);
            }
            kills += usize::from(kill_after(&mut command, life.mul_f64(share)));
        }
        finish(&killed, 1, &mut start(&file, &killed, 1));
        assert_same(&killed, &expected, &format!("{} after {kills} kills", kind.name));

        // The campaign goes on with these weights only.
        let other = folder.path().join("other.safetensors");
        train(kind.name, &structures, 2, &other);
        std::fs::rename(other, folder.path().join("model.safetensors")).unwrap();
        let other = run(druse().arg("resume").arg(&whole));
        assert_ne!(other.status.code(), Some(0), "other weights are another campaign");
    }
}

#[test]
fn fine_tuning_can_be_switched_off_and_what_does_not_fit_is_told() {
    let Some(kind) = KINDS.first() else { return };
    let folder = tempfile::tempdir().unwrap();
    train(kind.name, &structures(folder.path()), 1, &folder.path().join("model.safetensors"));
    let file = folder.path().join("campaign.toml");
    let text = |model: &str, rest: &str| campaign(kind.name, model, rest);
    std::fs::write(&file, text("model.safetensors", "fine_tune = false")).unwrap();
    succeed(&mut start(&file, &folder.path().join("plain"), 2));

    let told = |text: &str| {
        std::fs::write(&file, text).unwrap();
        let output = run(&mut start(&file, &folder.path().join("never"), 1));
        assert_eq!(output.status.code(), Some(2));
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let damaged = folder.path().join("damaged.safetensors");
    let mut bytes = std::fs::read(folder.path().join("model.safetensors")).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    std::fs::write(&damaged, bytes).unwrap();
    assert!(told(&text("damaged.safetensors", "")).contains("damaged"));
    assert!(told(&text("nowhere.safetensors", "")).contains("nowhere.safetensors"));
    assert!(told(&text("campaign.toml", "")).contains("expected"));
    let wrong = text("model.safetensors", "").replace("e_hull", "hardness");
    let message = told(&wrong);
    assert!(message.contains("conditions.hardness") && message.contains("e_hull, elements"), "{message}");
    let wrong = text("model.safetensors", "").replace("[0.0, 0.02]", "\"low\"");
    assert!(told(&wrong).contains("a number or a range"), "{}", told(&wrong));
}

//! Reference tables of relaxed structures: made, killed and continued, under pressure, and beside candidates.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use druse::datasets::reference::ReferenceTable;
use druse::fitness::chgnet::{Chgnet, ChgnetKind};
use druse::fitness::potential::GPA_PER_EV_PER_A3;
use druse::fitness::relax::{RelaxOptions, enthalpy, relax};
use druse::representations::{Crystal, Element, Lattice};
use druse_tests::{druse, run, succeed};
use serde_json::Value;
use tempfile::TempDir;

/// Phases of sodium and chlorine: the elements, sodium also far above its ground state, a salt on the hull, one 0.12 eV/atom above
/// that is lower at 20 GPa, one far above, and a mixture that no potential can take.
const PHASES: &str = r#"{"id": "na", "cell": [3.7, 3.7, 3.7, 109.4712206, 109.4712206, 109.4712206], "species": ["Na"], "frac": [[0, 0, 0]]}
{"id": "na-cubic", "cell": [2.9, 2.9, 2.9, 90, 90, 90], "species": ["Na"], "frac": [[0, 0, 0]]}
{"id": "cl", "cell": [4.1, 4.1, 6.0, 90, 90, 90], "species": ["Cl", "Cl"], "frac": [[0, 0, 0], [0, 0, 0.335]]}
{"id": "halite", "cell": [3.95, 3.95, 3.95, 60, 60, 60], "species": ["Na", "Cl"], "frac": [[0, 0, 0], [0.5, 0.5, 0.5]]}
{"id": "caesium-chloride", "cell": [3.4, 3.4, 3.4, 90, 90, 90], "species": ["Na", "Cl"], "frac": [[0, 0, 0], [0.5, 0.5, 0.5]]}
{"id": "dense", "cell": [3.2, 3.2, 3.2, 60, 60, 60], "species": ["Na", "Cl"], "frac": [[0, 0, 0], [0.5, 0.5, 0.5]]}
{"id": "halves", "cell": [4, 4, 4, 90, 90, 90], "species": [{"Na": 0.5, "Cl": 0.5}], "frac": [[0, 0, 0]]}
"#;

struct Case(TempDir);

impl Case {
    /// `None` without weights.
    fn new() -> Option<Self> {
        chgnet()?;
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("phases.jsonl"), PHASES).unwrap();
        Some(Self(folder))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn command(&self, to: &str, more: &str) -> std::process::Command {
        let mut command = druse();
        command.args(["data", "reference"]).arg(self.path("phases.jsonl")).arg("--to").arg(self.path(to));
        command.args(["--date", "2026-11-27"]).args(more.split_whitespace());
        command
    }

    /// Makes a table; what `--json` says of it.
    fn make(&self, to: &str, more: &str) -> Value {
        serde_json::from_str(&succeed(self.command(to, more).args(["--json", "-"]))).unwrap()
    }

    fn energies(&self, name: &str) -> BTreeMap<String, f64> {
        let table = ReferenceTable::read(&self.path(name)).unwrap();
        table.rows().map(|row| (row.id.to_owned(), row.energy_per_atom)).collect()
    }
}

fn chgnet() -> Option<Chgnet> {
    let loaded = Chgnet::load(ChgnetKind::V030);
    if let Err(error) = &loaded {
        println!("skipped: {error}");
    }
    loaded.ok()
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn what_is_near_is_relaxed_and_what_is_far_left_out() {
    let Some(case) = Case::new() else { return };
    case.make("given.csv.gz", "");
    let summary = case.make("relaxed.csv.gz", "--relax");
    // The elements and halite are relaxed; the mixture of both on one site failed.
    assert_eq!((&summary["count"], &summary["computed"]), (&Value::from(4), &Value::from(4)), "{summary}");
    assert_eq!(summary["failures"][0]["id"], "halves");
    let protocol = summary["protocol"].as_str().unwrap();
    for part in [
        "relaxed by this model to 0.05 eV/Å in at most 500",
        "at most 0.1 eV/atom",
        "2 farther above, 1 failed",
    ] {
        assert!(protocol.contains(part), "{protocol}");
    }
    let (given, relaxed) = (case.energies("given.csv.gz"), case.energies("relaxed.csv.gz"));
    assert_eq!(given.len(), 6);
    // An element stays, however far above its ground state it is given.
    assert!(given["na-cubic"] > given["na"] + 0.1 && relaxed.contains_key("na-cubic"));
    assert!(given["dense"] > given["halite"] + 0.1 && !relaxed.contains_key("dense"));
    for (id, energy) in &relaxed {
        assert!(*energy < given[id] + 1e-5, "{id}: {energy} {}", given[id]);
    }
    assert!(relaxed["halite"] < given["halite"] - 1e-4);

    let all = case.make("all.csv.gz", "--relax --near inf");
    assert_eq!(all["count"], 6);
    assert!((case.energies("all.csv.gz")["dense"] - relaxed["halite"]).abs() < 2e-3, "it relaxes to halite");

    for (more, words) in [
        ("--near 0.2", "--relax"),
        ("--pressure 20", "--relax"),
        ("--relax --near=-1", "--near: found -1, expected 0 or a number above (eV/atom)"),
        ("--relax --pressure=-1", "--pressure: found -1, expected 0 or a number above (GPa)"),
        ("--relax --checkpoint all.part --fmax 0.2", "was begun with protocol"),
    ] {
        fs::copy(case.path("all.csv.gz.part"), case.path("all.part")).unwrap();
        let refused = run(case.command("other.csv.gz", more).current_dir(case.0.path()));
        assert_eq!(refused.status.code(), Some(2), "{more}: {}", told(&refused));
        assert!(told(&refused).contains(words), "{more}: {}", told(&refused));
    }
}

#[test]
fn killed_and_continued_it_is_the_same_table() {
    let Some(case) = Case::new() else { return };
    case.make("whole.csv.gz", "--relax");
    let bytes = |name: &str| fs::read(case.path(name)).unwrap();
    let (table, checkpoint) = (bytes("whole.csv.gz"), bytes("whole.csv.gz.part"));
    let text = String::from_utf8(checkpoint.clone()).unwrap();
    // In the first pass, between both, and among the relaxations; each in the middle of a line.
    let first = text.find("halite,").unwrap();
    let relaxed = first + text[first..].find("\nhalite,").unwrap();
    let between = text.rfind("as given").unwrap();
    for (place, threads) in [(first + 9, "1"), (between + 3, "2"), (relaxed + 12, "1")] {
        fs::write(case.path("cut.csv.gz.part"), &checkpoint[..place]).unwrap();
        case.make("cut.csv.gz", &format!("--relax --threads {threads}"));
        assert_eq!(bytes("cut.csv.gz"), table, "cut at {place}");
    }

    // Killed as soon as the first relaxations can have begun, and again from there.
    let lines = |name: &str| fs::read_to_string(case.path(name)).map_or(0, |text| text.lines().count());
    let head = text.lines().take_while(|line| !line.starts_with("na,")).count();
    for least in [head + 1, head + 6] {
        let mut child = case
            .command("killed.csv.gz", "--relax")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let start = Instant::now();
        while lines("killed.csv.gz.part") < least && child.try_wait().unwrap().is_none() {
            assert!(start.elapsed() < Duration::from_secs(100), "no progress");
            std::thread::sleep(Duration::from_millis(2));
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }
    case.make("killed.csv.gz", "--relax");
    assert_eq!(bytes("killed.csv.gz"), table);

    // Structures that were begun with have to be there to the end.
    fs::write(case.path("cut.csv.gz.part"), &checkpoint[..relaxed]).unwrap();
    let few: String =
        PHASES.lines().filter(|line| !line.contains("\"halite\"")).map(|line| format!("{line}\n")).collect();
    fs::write(case.path("phases.jsonl"), few).unwrap();
    let refused = run(&mut case.command("cut.csv.gz", "--relax"));
    assert_eq!(refused.status.code(), Some(2));
    assert!(told(&refused).contains("found all but 1 of the structures near the hull"), "{}", told(&refused));
}

#[test]
fn under_pressure_volumes_shrink_and_the_slope_of_the_enthalpy_is_the_volume() {
    let Some(chgnet) = chgnet() else { return };
    let [na, cl] = ["Na", "Cl"].map(|symbol| symbol.parse::<Element>().unwrap());
    let half = Lattice::from_rows([[0.0, 2.8, 2.8], [2.8, 0.0, 2.8], [2.8, 2.8, 0.0]]);
    let salt = Crystal::ordered(half, [(na, [0.0; 3]), (cl, [0.5; 3])]);
    let at = |pressure: f64| {
        let options = RelaxOptions { fmax: 0.001, ..RelaxOptions::at_pressure(pressure) };
        let relaxation = relax(&chgnet, &[&salt], &options).remove(0);
        assert!(relaxation.is_converged());
        let (energy, volume) = (relaxation.prediction.unwrap().energy, relaxation.crystal.lattice.volume());
        (energy, volume, enthalpy(energy, volume, pressure))
    };
    let [free, low, middle, high] = [0.0, 9.0, 10.0, 11.0].map(at);
    assert!(free.1 > low.1 && low.1 > middle.1 && middle.1 > high.1);
    // Work is done on the crystal: its energy rises, its enthalpy by more, and by less than p V of the start.
    assert!(middle.0 > free.0 && middle.2 > middle.0);
    assert!(middle.2 < free.0 + 10.0 / GPA_PER_EV_PER_A3 * free.1);
    let slope = (high.2 - low.2) / 2.0 * GPA_PER_EV_PER_A3;
    assert!((slope / middle.1 - 1.0).abs() < 0.01, "dH/dp {slope} Å^3, V {} Å^3", middle.1);
}

#[test]
fn candidates_and_references_are_under_the_same_pressure() {
    let Some(case) = Case::new() else { return };
    case.make("free.csv.gz", "--relax");
    let pressed = case.make("pressed.csv.gz", "--relax --pressure 20");
    assert_eq!(pressed["pressure"], 20.0);
    assert!(pressed["protocol"].as_str().unwrap().contains("at 20 GPa; enthalpy E + pV"), "{pressed}");
    let (free, under) = (case.energies("free.csv.gz"), case.energies("pressed.csv.gz"));
    for (id, enthalpy) in &under {
        assert!(free.get(id).is_none_or(|energy| enthalpy > energy), "{id}");
    }
    let info = succeed(druse().args(["data", "info", "--reference"]).arg(case.path("pressed.csv.gz")));
    assert!(info.contains("enthalpies at 20 GPa"), "{info}");

    let hull = |more: &[&str], reference: Option<&str>| {
        let mut command = druse();
        command.arg("hull").arg(case.path("phases.jsonl")).args(more);
        if let Some(reference) = reference {
            command.arg("--reference").arg(case.path(reference));
        }
        run(&mut command)
    };
    let placed = hull(&["--relax", "--json", "-"], Some("pressed.csv.gz"));
    let placed: Value = serde_json::from_slice(&placed.stdout).unwrap();
    let of = |id: &str| placed.as_array().unwrap().iter().find(|row| row["id"] == id).unwrap();
    for id in under.keys() {
        let row = of(id);
        // The same relaxation in the table and here.
        assert!((row["enthalpy_per_atom"].as_f64().unwrap() - under[id]).abs() < 1e-5, "{row}");
        assert!(row["energy_above_hull"].as_f64().unwrap() > -1e-5, "{row}");
        assert!(
            row["quantity"] == "enthalpy above hull at 20 GPa" && row["metastability"].is_null(),
            "{row}"
        );
    }
    let shown = hull(&["--relax", "--pressure", "20"], Some("pressed.csv.gz"));
    assert!(String::from_utf8_lossy(&shown.stdout).contains("H_hull"));
    assert!(told(&shown).contains("enthalpy above hull at 20 GPa"), "{}", told(&shown));
    for (reference, pressure) in [(None, "20"), (Some("free.csv.gz"), "20"), (Some("pressed.csv.gz"), "0")] {
        let refused = hull(&["--relax", "--pressure", pressure], reference);
        assert_eq!(refused.status.code(), Some(2));
        assert!(told(&refused).contains("`druse data reference FILES… --relax"), "{}", told(&refused));
    }

    let campaign = |pressure: &str, reference: &str, out: &Path| {
        let text = format!(
            "campaign = {{ name = \"deep\", budget = 6, population = 6, seed = 3 }}\n\
             space = {{ elements = [\"Na\", \"Cl\"], atoms = [2, 4] }}\n\
             generator = [{{ kind = \"random\" }}]\n\
             relax = {{ steps = 30, pressure = {pressure} }}\nhull.reference = \"{reference}\"\n\
             objective = [{{ name = \"energy_above_hull\" }}]\n"
        );
        fs::write(case.path("campaign.toml"), text).unwrap();
        run(druse().arg("run").arg(case.path("campaign.toml")).arg("--out").arg(out))
    };
    for (pressure, reference) in [("20", "free.csv.gz"), ("0", "pressed.csv.gz")] {
        let refused = campaign(pressure, reference, &case.path("refused"));
        assert_eq!(refused.status.code(), Some(2));
        assert!(told(&refused).contains("hull.reference: found e"), "{}", told(&refused));
        assert!(told(&refused).contains("`druse data reference FILES… --relax"), "{}", told(&refused));
    }
    let out = case.path("out");
    let done = campaign("20", "pressed.csv.gz", &out);
    assert!(done.status.success(), "{}", told(&done));
    assert!(String::from_utf8_lossy(&done.stdout).contains("enthalpy above hull at 20 GPa"));
    let summary: Value =
        serde_json::from_str(&succeed(druse().arg("show").arg(&out).args(["--json", "-"]))).unwrap();
    assert!(summary["protocol"].to_string().contains("enthalpies at 20 GPa"), "{summary}");
    let member = &summary["front"][0]["properties"];
    let more = member["enthalpy_per_atom"].as_f64().unwrap() - member["energy_per_atom"].as_f64().unwrap();
    // p V of 5 to 30 Å^3 an atom.
    assert!(more > 5.0 * 20.0 / GPA_PER_EV_PER_A3 && more < 30.0 * 20.0 / GPA_PER_EV_PER_A3, "{member}");
}

//! A campaign whose children a surrogate screens and whose verdicts a second potential reviews: the same on any number of threads and
//! after it was killed, and the second word counts near the hull.

use std::path::{Path, PathBuf};
use std::time::Duration;

use druse_tests::campaigns::{assert_same, finish, kill_after, results};
use druse_tests::{druse, succeed};
use serde_json::Value;

const CAMPAIGN: &str = r#"
campaign = { name = "reviewed", seed = 4, budget = 36, population = 8 }
space = { elements = ["Li", "Mg", "Ti", "O", "F"], atoms = [2, 6] }
generator = [{ kind = "nsga2", screen = 4 }]
relax = { fmax = 0.1, steps = 60 }
second_opinion = { below = 0.2 }
objective = [{ name = "energy_above_hull" }, { name = "crustal_abundance" }]
limit = [{ name = "energy_above_hull_doubt", max = 0.15 }]
"#;

fn start(folder: &Path, name: &str, threads: &str) -> (std::process::Command, PathBuf) {
    let (file, out) = (folder.join("campaign.toml"), folder.join(name));
    std::fs::write(&file, CAMPAIGN).unwrap();
    let mut command = druse();
    command.arg("run").arg(&file).arg("--out").arg(&out).args(["--threads", threads]);
    (command, out)
}

#[test]
fn near_the_hull_the_second_word_counts() {
    let folder = tempfile::tempdir().unwrap();
    let (mut one, out) = start(folder.path(), "one", "1");
    succeed(&mut one);
    let expected = results(&out);
    let (mut two, other) = start(folder.path(), "two", "2");
    succeed(&mut two);
    assert_same(&other, &expected, "two threads");
    let (mut killed, out) = start(folder.path(), "killed", "2");
    kill_after(&mut killed, Duration::from_millis(1500));
    finish(&out, 1, &mut start(folder.path(), "killed", "1").0);
    assert_same(&out, &expected, "after a kill");

    let mut reviewed = 0;
    for number in 0..40 {
        let shown = druse()
            .arg("show")
            .arg(&out)
            .args(["--candidate", &number.to_string(), "--json", "-"])
            .output()
            .unwrap();
        let Ok(candidate) = serde_json::from_slice::<Value>(&shown.stdout) else { continue };
        let properties = &candidate["properties"];
        let value = |name: &str| properties[name].as_f64();
        let Some(first) = value("energy_above_hull_first") else { continue };
        let second = value("energy_above_hull").unwrap();
        match value("energy_above_hull_doubt") {
            Some(doubt) => {
                assert!(first <= 0.2 && (doubt - (first - second).abs()).abs() < 1e-9, "{properties}");
                reviewed += 1;
            }
            None => assert!(first > 0.2 && first == second, "{properties}"),
        }
    }
    assert!(reviewed > 3, "{reviewed} candidates were near the hull");
}

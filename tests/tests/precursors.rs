//! A campaign that looks for oxides that two precursors give, within what is known to be made: the same on any number of threads.

use druse_tests::campaigns::{assert_same, results};
use druse_tests::{druse, succeed};
use serde_json::Value;

const CAMPAIGN: &str = r#"
campaign = { name = "made", seed = 2, budget = 16, population = 8 }
space = { elements = ["Li", "Mn", "O"], required = ["O"], atoms = [2, 6] }
generator = [{ kind = "nsga2" }]
relax = { fmax = 0.1, steps = 40 }
hull = { precursors = ["Li2CO3", "MnO2"] }
objective = [{ name = "reaction_energy" }, { name = "embodied_carbon" }]
limit = [{ name = "metastability", max = 1.0 }, { name = "known_compositions", min = 3 }]
"#;

#[test]
fn candidates_are_judged_by_their_reactions() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("campaign.toml");
    std::fs::write(&file, CAMPAIGN).unwrap();
    let [one, two] = ["1", "2"].map(|threads| {
        let out = folder.path().join(threads);
        succeed(druse().arg("run").arg(&file).arg("--out").arg(&out).args(["--threads", threads]));
        out
    });
    assert_same(&two, &results(&one), "two threads");

    let mut judged = 0;
    for number in 0..24 {
        let number = number.to_string();
        let shown =
            druse().arg("show").arg(&one).args(["--candidate", &number, "--json", "-"]).output().unwrap();
        let Ok(candidate) = serde_json::from_slice::<Value>(&shown.stdout) else { continue };
        let properties = &candidate["properties"];
        let value = |name: &str| properties[name].as_f64();
        let Some(above) = value("energy_above_hull") else { continue };
        // Of lithium, manganese and oxygen there are oxides only: all have one window.
        let share = value("metastability").unwrap();
        assert!((share - above / 0.1804).abs() < 1e-9, "{properties}");
        // What the energy above hull rests on; the whole system has more compositions than its subsystems.
        assert!(value("hull_sensitivity").unwrap() >= 0.0, "{properties}");
        assert!((1.0..500.0).contains(&value("known_compositions").unwrap()), "{properties}");
        assert!(value("reaction_energy").unwrap().is_finite(), "{properties}");
        // Not asked for.
        assert!(value("inverse_hull_energy").is_none(), "{properties}");
        judged += 1;
    }
    assert!(judged > 3, "{judged} candidates were judged");
}

//! A campaign with filters from end to end: the same on any number of threads, and what `druse show` says
//! of the funnel, of the cost of constraints, and of time and energy.

use std::path::{Path, PathBuf};

use druse_tests::{druse, succeed};
use serde_json::Value;

/// Without a relaxation, so that it ends in seconds.
const CAMPAIGN: &str = r#"
campaign = { name = "filtered", seed = 2, budget = 120, population = 20 }
space = { elements = ["Na", "K", "Mg", "Ca", "Fe", "Cu", "Zn", "Pb", "O", "S", "Cl"], atoms = [2, 8] }
objective = [{ name = "supply_risk" }, { name = "toxicity" }, { name = "density" }]
limit = [{ name = "density", max = 6.0 }]
filter = [{ name = "toxicity", max = 0.5, audit = 0.3 }, { name = "density", min = 1.5, audit = 0.0 }]
funnel = { audit = 0.2 }
"#;

fn campaign(folder: &Path, threads: &str) -> PathBuf {
    let (file, out) = (folder.join("campaign.toml"), folder.join(threads));
    std::fs::write(&file, CAMPAIGN).unwrap();
    succeed(druse().arg("run").arg(&file).arg("--out").arg(&out).args(["--threads", threads]));
    out
}

fn show(folder: &Path, arguments: &[&str]) -> Value {
    let json = succeed(druse().arg("show").arg(folder).args(arguments).args(["--json", "-"]));
    serde_json::from_str(&json).unwrap()
}

/// The line of this name in a list.
fn find<'a>(list: &'a Value, key: &str, name: &str) -> &'a Value {
    let all = list.as_array().unwrap();
    all.iter().find(|line| line[key] == name).unwrap_or_else(|| panic!("no {name} in {list}"))
}

#[test]
fn a_filtered_campaign_tells_what_its_filters_cost() {
    let folder = tempfile::tempdir().unwrap();
    let one = campaign(folder.path(), "1");
    let summary = show(&one, &[]);
    let two = campaign(folder.path(), "2");
    assert_eq!(summary, show(&two, &[]));
    assert_eq!(show(&one, &["--constraints"]), show(&two, &["--constraints"]));

    let stages: Vec<&str> =
        summary["funnel"].as_array().unwrap().iter().map(|stage| stage["stage"].as_str().unwrap()).collect();
    assert_eq!(stages[..3], ["filter toxicity", "checks", "toxicity"], "{stages:?}");
    let toxicity = find(&summary["funnel"], "stage", "filter toxicity");
    let number = |value: &Value| value.as_u64().unwrap();
    assert!(number(&toxicity["rejected"]) > 0 && number(&toxicity["chance"]["passed"]) > 0, "{toxicity}");
    let last = summary["funnel"].as_array().unwrap().last().unwrap();
    assert_eq!(last["survivors"], summary["candidates"]["evaluated"], "the funnel loses nobody");
    assert!(summary["protocol"].as_array().unwrap().iter().any(|line| line == "checks: audit 0.2"));
    let rejected = std::fs::read_to_string(one.join("rejected.csv")).unwrap();
    assert!(rejected.contains(",filter: toxicity "), "{rejected}");

    let costs = show(&one, &["--constraints"]);
    let costs = &costs["constraints"]["constraints"];
    assert_eq!(find(costs, "constraint", "design space")["known"], "by_construction");
    assert_eq!(find(costs, "constraint", "limit density")["known"], "exactly");
    let filter = find(costs, "constraint", "filter toxicity");
    assert_eq!(filter["known"], "at_least");
    assert_eq!(filter["removed"], toxicity["rejected"]);
    let text = succeed(druse().arg("show").arg(&one).arg("--constraints"));
    assert!(text.contains("limit density") && text.lines().all(|line| line.chars().count() <= 80), "{text}");

    let ledger = show(&one, &["--ledger"]);
    let ledger = &ledger["ledger"];
    assert!(ledger["joules"].as_f64().unwrap() >= 0.0);
    assert!(number(&find(&ledger["stages"], "stage", "checks")["runs"]) >= 120);
    let one_of = show(&one, &["--candidate", "3", "--ledger"]);
    assert_eq!(one_of["ledger"]["number"], 3);
    let text = succeed(druse().arg("show").arg(&one).args(["--candidate", "3"]));
    assert!(text.contains("candidate"), "{text}");
}

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::{CampaignReport, Comparison, ReportError};
use crate::campaign::{self, Machine};
use crate::config;
use crate::engine::Silent;
use crate::plugins::Plugins;

/// Salts judged by formulas.
const SALTS: &str = r#"
campaign = { name = "salts", budget = 5, population = 5, seed = 5 }
space = { elements = ["Na", "K", "F"], atoms = [2, 4], space_groups = [123, 129, 221] }
generator = [{ kind = "nsga2" }]
objective = [{ name = "density" }, { name = "price" }]
limit = [{ name = "density", max = 2.1 }]
"#;

/// Complexes that are assembled only.
const COMPLEXES: &str = r#"
campaign = { name = "palladium", domain = "complex", budget = 6, population = 6, seed = 5 }
complexes = { metals = { Pd = [2] }, geometries = ["square_planar"], charge = [-2, 2] }
ligands = { builtin = ["Cl", "NH3", "CN"] }
generator = [{ kind = "nsga2" }]
objective = [{ name = "molecular_weight" }, { name = "synthetic_accessibility" }]
"#;

fn run(folder: &Path, name: &str, text: &str) -> PathBuf {
    let directory = folder.join(name);
    let campaign = config::parse(text, "campaign.toml", folder, None).unwrap();
    campaign::run(&campaign, &directory, &Machine::default(), &Silent).unwrap();
    directory
}

fn report(text: &str) -> CampaignReport {
    let folder = tempfile::tempdir().unwrap();
    CampaignReport::of(&run(folder.path(), "out", text), &Plugins::default()).unwrap()
}

/// Takes out what differs from run to run, or with every version.
fn steady(mut data: Value) -> Value {
    data["druse"] = Value::Null;
    data["hash"] = Value::Null;
    data["bill"] = Value::Null;
    data["basis"] = Value::Null;
    data["curve"]["hours"] = Value::Null;
    data["curve"]["kwh"] = Value::Null;
    data["candidates"]["evaluated"]["cpu"] = Value::Null;
    // The same for all campaigns, and long.
    data["candidates"]["operations"] = Value::Null;
    data["constraints"]["protocol"] = Value::Null;
    data["file"] = Value::Null;
    data
}

/// The data that the scripts of a page read.
fn data_in(page: &str) -> Value {
    let (_, rest) = page.split_once(r#"<script type="application/json" id="data">"#).unwrap();
    serde_json::from_str(rest.split_once("</script>").unwrap().0).unwrap()
}

#[test]
fn the_data_of_a_small_campaign() {
    let report = report(SALTS);
    insta::assert_snapshot!(serde_json::to_string_pretty(&steady(report.data().clone())).unwrap());
    assert_eq!(data_in(&report.html()), *report.data());
}

#[test]
fn columns_have_a_place_for_each_candidate() {
    for text in [SALTS, COMPLEXES] {
        let report = report(text);
        let evaluated = &report.data()["candidates"]["evaluated"];
        let count = evaluated["number"].as_array().unwrap().len();
        assert_eq!(json!(count), report.data()["counts"]["evaluated"]);
        let lists = evaluated.as_object().unwrap().iter();
        for (name, list) in lists.filter(|(name, _)| !["objectives", "properties"].contains(&name.as_str())) {
            assert_eq!(list.as_array().map(Vec::len), Some(count), "{name}");
        }
        for group in ["objectives", "properties"] {
            for (name, list) in evaluated[group].as_object().unwrap() {
                assert_eq!(list.as_array().map(Vec::len), Some(count), "{name}");
            }
        }
        let structures = evaluated["structure"].as_array().unwrap();
        assert!(structures.iter().all(|structure| structure.as_str().is_some_and(|text| text.contains(';'))));
    }
}

#[test]
fn the_page_loads_nothing_and_reads_no_markup() {
    let page = report(SALTS).html();
    assert_eq!((page.matches("<script").count(), page.matches("</script>").count()), (2, 2));
    for way in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("] {
        assert!(!page.contains(way), "{way}");
    }
    for address in ["http://", "https://", "href=\"/", "@import", "url(", "fetch(", "XMLHttpRequest"] {
        assert!(!page.contains(address), "{address}");
    }
    assert!(page.contains("default-src 'none'"));
}

#[test]
fn campaigns_are_compared_in_one_box() {
    let folder = tempfile::tempdir().unwrap();
    let first = run(folder.path(), "first", SALTS);
    let second = run(folder.path(), "second", &SALTS.replace("seed = 5", "seed = 6"));
    let comparison = Comparison::of(&[first, second], &Plugins::default()).unwrap();
    let data = comparison.data();
    let campaigns = data["campaigns"].as_array().unwrap();
    // Campaigns of one name are told apart by their folders.
    assert!(campaigns[0]["name"].as_str().unwrap().ends_with("(first)"));
    for campaign in campaigns {
        assert!(campaign["curve"]["hypervolume"][0].as_f64().unwrap() > 0.0, "{campaign}");
        assert!(!campaign["front"].as_array().unwrap().is_empty());
    }
    assert_eq!(data_in(&comparison.html()), *data);
}

#[test]
fn unlike_campaigns_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let first = run(folder.path(), "first", SALTS);
    let plugins = Plugins::default();
    let goal = SALTS.replace("{ name = \"price\" }", "{ name = \"price\", goal = \"maximise\" }");
    let fewer = SALTS.replace(", { name = \"price\" }", "");
    for (name, text) in [("goal", goal), ("fewer", fewer), ("complexes", COMPLEXES.to_owned())] {
        let other = run(folder.path(), name, &text);
        let error = Comparison::of(&[first.clone(), other], &plugins).unwrap_err();
        assert!(matches!(error, ReportError::Objectives { .. }), "{error}");
        let text = error.to_string();
        assert!(text.contains(name) && text.contains("expected density (minimise in g/cm^3)"), "{text}");
    }
    // Filters and checks choose among candidates; their values stay comparable.
    let filtered = format!("{SALTS}filter = [{{ name = \"price\", max = 100 }}]\n");
    let other = run(folder.path(), "filtered", &filtered);
    assert!(Comparison::of(&[first, other], &plugins).is_ok());
}

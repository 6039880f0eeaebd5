//! Campaign files: the shipped ones are right, each wrong one is told exactly why.

use std::fs;
use std::path::{Path, PathBuf};

use druse::config::{self, Campaign, ConfigError, CrystalSpec, Domain};

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn toml_files(name: &str) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder(name))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .collect();
    files.sort();
    assert!(!files.is_empty());
    files
}

#[test]
fn shipped_campaigns_are_right() {
    for file in toml_files("campaigns") {
        let campaign = config::load(&file, None).unwrap_or_else(|error| panic!("{error:?}"));
        assert!(campaign.budget >= 3 * campaign.population as u64, "{}", file.display());
    }
}

fn crystals(campaign: &Campaign) -> &CrystalSpec {
    match &campaign.domain {
        Domain::Crystal(spec) => spec,
        other => panic!("a campaign of {}", other.name()),
    }
}

#[test]
fn the_default_campaign_is_what_it_says() {
    let campaign = config::load(&folder("campaigns/default.toml"), None).unwrap();
    assert_eq!(crystals(&campaign).space.elements.len(), 30);
    assert!(campaign.budget >= 300);
    let names: Vec<&str> = campaign.objectives.iter().map(|objective| objective.name.as_str()).collect();
    assert_eq!(names, ["energy_above_hull", "crustal_abundance", "toxicity", "supply_risk"]);
}

/// Lines `line message` that a snippet wants, 0 for no line.
fn wanted(snippet: &str) -> Vec<String> {
    let mut line_above = 0;
    let mut wanted = Vec::new();
    for (index, line) in snippet.lines().enumerate() {
        if let Some(message) = line.strip_prefix("#^ ") {
            wanted.push(format!("{line_above} {message}"));
        } else if let Some(message) = line.strip_prefix("#! ") {
            wanted.push(format!("0 {message}"));
        } else {
            line_above = index + 1;
        }
    }
    wanted.sort();
    wanted
}

/// The same of an error.
fn reported(error: &ConfigError) -> Vec<String> {
    let mut reported: Vec<String> = error
        .mistakes
        .iter()
        .map(|mistake| {
            let line = mistake.span.as_ref().map_or(0, |span| error.text[..span.start].split('\n').count());
            let help = mistake.help.as_ref().map_or(String::new(), |help| format!(" ({help})"));
            format!("{line} {mistake}{help}")
        })
        .collect();
    reported.sort();
    reported
}

fn compare(reported: &[String], wanted: &[String], file: &Path) {
    let only = |these: &[String], those: &[String]| -> String {
        these.iter().filter(|line| !those.contains(line)).map(|line| format!("  {line}\n")).collect()
    };
    let (extra, absent) = (only(reported, wanted), only(wanted, reported));
    assert!(reported == wanted, "{}\nonly reported:\n{extra}only wanted:\n{absent}", file.display());
}

#[test]
fn each_mistake_is_reported_where_it_is() {
    let mut count = 0;
    for file in toml_files("tests/bad_input") {
        // Without libtorch there are no models that something could be wrong with.
        if !cfg!(feature = "torch") && file.ends_with("learned.toml") {
            continue;
        }
        for snippet in fs::read_to_string(&file).unwrap().split("+++\n") {
            let error = config::parse(snippet, "bad.toml", Path::new("."), None).expect_err(snippet);
            compare(&reported(&error), &wanted(snippet), &file);
            count += error.mistakes.len();
        }
    }
    assert!(count > 40, "{count} mistakes");
}

const SALT: &str = r#"
campaign = { name = "salt", budget = 100 }
space = { elements = ["Na", "Cl"] }
objective = [{ name = "toxicity" }]
"#;

#[test]
fn the_hash_follows_what_results_depend_on() {
    let hash = |text: &str, seed| config::parse(text, "x", Path::new("."), seed).unwrap().hash();
    let plain = hash(SALT, None);
    assert_eq!(plain.len(), 64);
    assert_eq!(hash(&format!("# comment\n{SALT}"), None), plain);
    assert_eq!(hash(&SALT.replace("[\"Na\", \"Cl\"]", "[\"cl\", \"Na\"]"), None), plain);
    assert_eq!(hash(&format!("{SALT}output.directory = \"there\""), None), plain);
    assert_eq!(hash(SALT, Some(0)), plain);
    assert_ne!(hash(SALT, Some(1)), plain);
    let cached = format!("{SALT}cache = {{ shared = \"known.db\", memory = 5 }}");
    assert_eq!(hash(&cached, None), plain);
    assert_ne!(hash(&SALT.replace("100", "101"), None), plain);
    let filtered = format!("{SALT}filter = [{{ name = \"toxicity\", max = 0.5 }}]\n");
    assert_ne!(hash(&filtered, None), plain);
    assert_ne!(hash(&filtered.replace("0.5", "0.5, audit = 0.1"), None), hash(&filtered, None));
    assert_eq!(hash(&filtered.replace("0.5", "0.5, audit = 0.02"), None), hash(&filtered, None));
    assert_ne!(hash(&format!("{SALT}funnel.audit = 0.1"), None), plain);
    let relaxed = |relax: &str| hash(&format!("{SALT}relax = {{ {relax} }}"), None);
    assert_eq!(relaxed("pressure = 0"), relaxed(""));
    assert_ne!(relaxed("pressure = 5"), relaxed(""));
}

#[test]
fn reference_files_count_by_contents() {
    let folder = tempfile::tempdir().unwrap();
    let with = |name: &str| {
        let text = format!("{SALT}novelty.reference = \"{name}\"");
        config::parse(&text, "x", folder.path(), None).unwrap()
    };
    fs::write(folder.path().join("a"), "1").unwrap();
    fs::write(folder.path().join("b"), "1").unwrap();
    fs::write(folder.path().join("c"), "2").unwrap();
    assert_eq!(with("a").hash(), with("b").hash());
    assert_ne!(with("a").hash(), with("c").hash());
    assert!(with("a").novelty.path().unwrap().is_absolute());
}

#[test]
fn a_campaign_written_out_reads_as_itself() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("table"), "1").unwrap();
    let text = r#"
        campaign = { name = "all-keys", seed = 7, budget = 100, population = 10 }
        generator = [{ kind = "random" }, { kind = "nsga2", weight = 2.5, prototypes = 0.1, newcomers = 0.2, symprec = 0.01, initial = 5 }]
        relax = { fmax = 0.03, steps = 77, pressure = 2.5 }
        trust = { max_force = 2.5, below_hull = inf }
        objective = [{ name = "density", goal = { target = 4.0 } }, { name = "toxicity", goal = "maximise" }]
        limit = [{ name = "density", max = 6.0 }, { name = "max_force", min = 0.001, max = 1.0 }, { name = "enthalpy_per_atom", max = 9.0 }]
        filter = [{ name = "density", max = 9.0 }, { name = "converged", min = 1, audit = 0 }]
        funnel.audit = 0.1
        checks.min_distance = 0.7
        novelty = { reference = "table", reject = ["near_duplicate", "exact_duplicate"] }
        output.directory = "there"
        cache = { shared = "known.db", memory = 5 }
        [space]
        elements = ["O", "Ti", "Mg"]
        elements_per_design = [1, 2]
        atoms = [3, 9]
        space_groups = [225, 2]
        required = ["O"]
        excluded = [["O", "Ti"]]
        metals_alone = false
        charge_neutral = true
    "#;
    let campaign = config::parse(text, "x", folder.path(), None).unwrap();
    let again = config::parse(&campaign.to_toml().unwrap(), "y", Path::new("/"), None).unwrap();
    assert_eq!(again, campaign);
    assert_eq!(again.hash(), campaign.hash());
    assert_eq!(crystals(&again).space.space_groups, [2, 225]);
}

#[test]
fn what_is_flagged_is_outside_unless_the_file_says_otherwise() {
    let flags = |more: &str| {
        let text = format!("{SALT}{more}");
        let campaign = config::parse(&text, "x", Path::new("/"), None).unwrap();
        let limits = campaign.limits.iter().filter(|limit| limit.name == "flagged");
        limits.map(|limit| limit.max).collect::<Vec<_>>()
    };
    assert!(flags("").is_empty());
    assert_eq!(flags("relax = {}"), [Some(0.0)]);
    assert_eq!(flags("relax = {}\nlimit = [{ name = \"flagged\", max = 1 }]"), [Some(1.0)]);
}

#[test]
fn a_campaign_of_complexes_written_out_reads_as_itself() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("mine.csv"), "1").unwrap();
    let text = r#"
        campaign = { name = "complexes", domain = "complex", budget = 100 }
        generator = [{ kind = "pl_moga", lighthouse = [0.5, 0.0] }, { kind = "nsga3", screen = 7 }, { kind = "weighted_sum", weights = [2.0, 1.0] }]
        objective = [{ name = "gap", goal = { target = 3.0 } }, { name = "molecular_weight" }]
        limit = [{ name = "static_correlation", max = 0.5 }]
        xtb = { level = "tight", force_field = true, spin_states = false, fod = true, solvent = "water", timeout = 60 }
        [complexes]
        metals = { Fe = [3, 2], Zn = [2] }
        geometries = ["OC-6", "square_planar"]
        charge = [-2, 3]
        electrons = [18]
        atoms = [5, 60]
        donors = ["N", "O"]
        denticities = [1, 2]
        most_distinct = 2
        required = ["bipy"]
        spin = "any"
        evolve_ligands = true
        [ligands]
        builtin = ["bipy", "CN"]
        files = ["mine.csv"]
        library = { most = 7, denticities = [2], donors = ["N"], charges = [0], atoms = 30, metals = ["Fe"], occurrences = 3 }
    "#;
    let campaign = config::parse(text, "x", folder.path(), None).unwrap();
    let again = config::parse(&campaign.to_toml().unwrap(), "y", Path::new("/"), None).unwrap();
    assert_eq!(again, campaign);
    assert_eq!(again.hash(), campaign.hash());
}

#[test]
fn designs_to_begin_with_count_by_contents() {
    let folder = tempfile::tempdir().unwrap();
    let line = |edge: f64| {
        format!(
            r#"{{"id": "salt", "cell": [{edge}, {edge}, {edge}, 60, 60, 60], "species": ["Na", "Cl"], "frac": [[0, 0, 0], [0.5, 0.5, 0.5]]}}"#
        ) + "\n"
    };
    for (name, text) in [("a.jsonl", line(4.0)), ("b.jsonl", line(4.1)), ("c.jsonl", line(4.0) + "{}\n")] {
        fs::write(folder.path().join(name), text).unwrap();
    }
    let with = |name: &str| {
        let text = format!("{SALT}warm_start.files = [\"{name}\"]");
        config::parse(&text, "x", folder.path(), None).unwrap()
    };
    assert_eq!(with("a.jsonl").hash(), with("a.jsonl").hash());
    assert_ne!(with("a.jsonl").hash(), with("b.jsonl").hash());
    let campaign = with("c.jsonl");
    let start = campaign.warm_start.clone().unwrap();
    assert_eq!(start.designs[0].note, "c.jsonl: salt");
    assert!(start.designs[1].problem.is_some());
    // Written into a folder of its own it is the same campaign.
    let other = tempfile::tempdir().unwrap();
    fs::write(other.path().join(druse::warm_start::FILE), start.to_text()).unwrap();
    let again = config::parse(&campaign.to_toml().unwrap(), "y", other.path(), None).unwrap();
    assert_eq!(again, campaign);
    assert_eq!(again.hash(), campaign.hash());
}

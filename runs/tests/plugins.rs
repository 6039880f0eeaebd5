//! Plug-ins in campaigns: where they stand, what a changed one does to a campaign that was begun, and that one
//! that misbehaves costs its candidates a recorded failure and nothing else.

use std::fs;
use std::path::Path;
use std::time::Duration;

use druse::campaign::{self, CampaignError, Machine};
use druse::config::{self, Campaign, ConfigError};
use druse::domain;
use druse::engine::{EngineError, Silent};
use druse::fitness::{Goal, Objective, ObjectiveError, Properties, Tier, TierOutcome};
use druse::generators::{Evaluated, Generator, GeneratorError, Lineage, Proposal};
use druse::plugins::{Plugins, Setting};
use druse::representations::{Complex, Crystal, Lattice};
use druse::summary::Summary;
use serde_json::{Value, json};

const SPACE: &str = r#"
campaign = { name = "own", budget = 24, population = 12, seed = 1 }
space = { elements = ["Na", "K", "Cl"], atoms = [2, 6] }
"#;

fn checked(rest: &str, plugins: &Plugins) -> Result<Campaign, ConfigError> {
    config::parse_with(&format!("{SPACE}{rest}"), "own.toml", Path::new("."), None, plugins)
}

fn run(rest: &str, plugins: &Plugins, folder: &Path) -> Result<Summary, CampaignError> {
    campaign::run(
        &checked(rest, plugins).unwrap_or_else(|error| panic!("{:?}", error.lines())),
        folder,
        &Machine::default(),
        &Silent,
    )
}

/// A number from 0 to 4 that a crystal has.
fn kind(crystal: &Crystal) -> u64 {
    let sum = crystal.lattice.lengths()[0] + crystal.sites.iter().map(|site| site.frac[0].abs()).sum::<f64>();
    (sum * 1e4) as u64 % 5
}

/// Misbehaves on some crystals, as an objective and as a tier.
struct Bad;

impl Objective<Crystal> for Bad {
    fn name(&self) -> &str {
        "bad"
    }
    fn goal(&self) -> Goal {
        Goal::Minimise
    }
    fn unit(&self) -> &str {
        "1"
    }
    fn evaluate(&self, crystal: &Crystal, _: &Properties) -> Result<f64, ObjectiveError> {
        Ok(kind(crystal) as f64)
    }
    fn evaluate_batch(&self, items: &[(&Crystal, &Properties)]) -> Vec<Result<f64, ObjectiveError>> {
        let mut values = Vec::new();
        for (crystal, _) in items {
            match kind(crystal) {
                0 => panic!("no value for kind {}", 0),
                1 => values.push(Ok(f64::NAN)),
                2 => {}
                3 => {
                    std::thread::sleep(Duration::from_millis(30));
                    values.push(Ok(3.0));
                }
                _ => values.push(Ok(4.0)),
            }
        }
        values
    }
}

impl Tier<Crystal> for Bad {
    fn name(&self) -> &str {
        "bad tier"
    }
    fn protocol(&self) -> String {
        "bad tier 1".to_owned()
    }
    fn writes(&self) -> Vec<String> {
        vec!["kind".to_owned()]
    }
    fn run(&self, items: &[(&Crystal, &Properties)]) -> Vec<TierOutcome<Crystal>> {
        let mut outcomes = Vec::new();
        for (crystal, _) in items {
            let passed = |value| TierOutcome::Passed {
                design: (*crystal).clone(),
                properties: Properties::from([("kind".to_owned(), value)]),
            };
            match kind(crystal) {
                0 => panic!("the tier panics"),
                1 => outcomes.push(passed(f64::INFINITY)),
                2 => {}
                other => outcomes.push(passed(other as f64)),
            }
        }
        outcomes
    }
}

#[test]
fn bad_objectives_and_tiers_cost_their_candidates_only() {
    let folder = tempfile::tempdir().unwrap();
    let bad = "objective = [{ name = \"bad\" }]\ngenerator = [{ kind = \"random\" }]\n";
    for (name, rest, stage, reasons) in [
        (
            "objective",
            bad.to_owned(),
            "bad",
            ["bad panicked: no value for kind 0", "objective 'bad': the value is NaN", "gave no outcome"],
        ),
        (
            "tier",
            "tier = [{ name = \"bad tier\" }]\nobjective = [{ name = \"density\" }]\n\
             generator = [{ kind = \"random\" }]\nlimit = [{ name = \"kind\", min = 1 }]\n"
                .to_owned(),
            "bad tier",
            ["bad tier panicked: the tier panics", "a property is no finite number", "gave no outcome"],
        ),
    ] {
        let plugins = Plugins::new().objective(Bad).tier(Bad);
        let out = folder.path().join(name);
        let summary = run(&rest, &plugins, &out).unwrap();
        assert!(!summary.front.is_empty());
        let rejected = fs::read_to_string(out.join("rejected.csv")).unwrap();
        for reason in reasons {
            assert!(rejected.contains(reason), "{stage}: '{reason}' is not among\n{rejected}");
        }
        let again = campaign::summary(&out, &plugins).unwrap();
        assert_eq!(json!(again.front), json!(summary.front));
        // Whoever does not have the parts is told which are missing.
        let error = campaign::summary(&out, &Plugins::new()).unwrap_err();
        assert!(matches!(error, CampaignError::Load(config::LoadError::Mistakes(_))), "{error}");
    }
}

fn constant(name: &'static str) -> impl Objective<Crystal> {
    druse::objective(name, Goal::Minimise, "1", |crystal: &Crystal, _| Ok(crystal.density()))
}

#[test]
fn another_version_does_not_continue_a_campaign() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let plugins = |version| Plugins::new().of("mine", version).objective(constant("own"));
    let rest = "objective = [{ name = \"own\", goal = \"maximise\" }]";
    let first = run(rest, &plugins("1.0.0"), &out).unwrap();
    let resume = |plugins: &Plugins| campaign::resume(&out, plugins, &Machine::default(), &Silent);
    assert_eq!(json!(resume(&plugins("1.0.0")).unwrap().front), json!(first.front));
    let error = resume(&plugins("1.1.0")).unwrap_err().to_string();
    assert!(error.contains("a protocol differs"), "{error}");
    assert!(
        error.contains("objective 'own': mine 1.1.0") && error.contains("objective 'own': mine 1.0.0"),
        "{error}"
    );
}

#[test]
fn campaigns_with_plug_ins_are_written_down_whole() {
    let plugins = Plugins::new()
        .objective(constant("own"))
        .tier(Bad)
        .generator("walk", |_: &Setting<Crystal>| Ok(Cells { outside: false, panics: false }));
    let rest = r#"
        objective = [{ name = "own" }]
        tier = [{ name = "bad tier", after = "checks" }]
        [[generator]]
        kind = "walk"
        options = { step = 0.5, count = 3, words = ["a", "b"], inner = { deep = true } }
    "#;
    let schema = config::schema(&plugins);
    let kinds = &schema["$defs"]["GeneratorSection"]["properties"]["kind"]["enum"];
    assert!(kinds.as_array().unwrap().contains(&json!("walk")), "{kinds}");
    let campaign = checked(rest, &plugins).unwrap();
    let text = campaign.to_toml().unwrap();
    let again = config::parse_with(&text, "again", Path::new("/"), None, &plugins).unwrap();
    assert_eq!(again, campaign);
    assert_eq!(again.hash(), campaign.hash());
    assert_eq!(Value::Object(again.generators[0].settings.clone())["inner"]["deep"], true);
    let other = checked(&rest.replace("0.5", "0.6"), &plugins).unwrap();
    assert_ne!(other.hash(), campaign.hash());
}

#[test]
fn mistakes_list_the_plug_ins() {
    let plugins = Plugins::new()
        .objective(constant("own"))
        .tier(Bad)
        .generator("walk", |_: &Setting<Crystal>| Ok(Cells { outside: false, panics: false }));
    let rest = r#"
        generator = [{ kind = "wlak" }, { kind = "walk", symprec = 0.1, options = { far = inf, day = 2026-01-01 } }]
        objective = [{ name = "onw" }, { name = "own" }]
        tier = [{ name = "bad", after = "checks" }, { name = "bad tier", after = "relax" }, { name = "bad tier" }]
        limit = [{ name = "kind", min = 1 }]
    "#;
    let text = checked(rest, &plugins).unwrap_err().lines().join("\n");
    for expected in [
        "generator[0].kind: found \"wlak\", expected one of nsga2, nsga3, pl_moga, weighted_sum, random, \
         substitution, diffusion, vae, process, walk",
        "generator[1].symprec: found it beside kind = \"walk\", expected it beside a genetic algorithm only",
        "generator[1].options.far: found inf, expected a finite number",
        "generator[1].options.day: found 2026-01-01, expected a text, number, truth value, list or table",
        "objective[0].name: found \"onw\", expected one of energy_above_hull, ",
        "us_critical_share, own",
        "tier[0].name: found \"bad\", expected one of bad tier",
        "tier[1].after: found \"relax\", expected \"\" or one of checks, which come before it in this campaign",
        "tier[2].name: found \"bad tier\" again, expected each tier once",
    ] {
        assert!(text.contains(expected), "'{expected}' is not in\n{text}");
    }
    assert!(!text.contains("limit[0]"), "{text}");
}

/// A tier that does nothing.
struct Idle(&'static str);

impl Tier<Crystal> for Idle {
    fn name(&self) -> &str {
        self.0
    }
    fn protocol(&self) -> String {
        format!("idle {}", self.0)
    }
    fn run(&self, items: &[(&Crystal, &Properties)]) -> Vec<TierOutcome<Crystal>> {
        let passed =
            |design: &Crystal| TierOutcome::Passed { design: design.clone(), properties: Properties::new() };
        items.iter().map(|(design, _)| passed(design)).collect()
    }
}

#[test]
fn tiers_stand_where_the_file_puts_them() {
    let plugins = ["a", "b", "c", "d", "e"].into_iter().fold(Plugins::new(), |p, name| p.tier(Idle(name)));
    let rest = r#"
        objective = [{ name = "novelty" }]
        tier = [{ name = "a", after = "checks" }, { name = "b" }, { name = "c", after = "" },
                { name = "d", after = "checks" }, { name = "e", after = "" }]
    "#;
    let campaign = checked(rest, &plugins).unwrap();
    let protocol = domain::of(&campaign).evaluation(&campaign, "cpu").unwrap().protocol();
    let words: Vec<&str> = protocol.lines().map(|line| line.split(['{', ';', ':']).next().unwrap()).collect();
    assert_eq!(
        words[..7],
        ["idle c", "idle e", "checks", "idle a", "idle d", "audit", "idle b"],
        "{protocol}"
    );
}

/// Cubic cells that grow, perhaps of an element that is not allowed; panics in its second step when told so.
struct Cells {
    outside: bool,
    panics: bool,
}

impl Generator<Crystal> for Cells {
    fn name(&self) -> &str {
        "walk"
    }
    fn propose(&mut self, first: u64, n: usize) -> Result<Vec<Proposal<Crystal>>, GeneratorError> {
        assert!(!(self.panics && first > 0), "no second step");
        let proposal = |number: u64| {
            let symbol = if self.outside && number % 2 == 1 { "Br" } else { "Cl" };
            let atoms = [("Na".parse().unwrap(), [0.0; 3]), (symbol.parse().unwrap(), [0.5; 3])];
            let lineage = Lineage::new(String::new(), "grow", Vec::new());
            Proposal {
                number,
                design: Crystal::ordered(Lattice::cubic(3.0 + number as f64 / 50.0), atoms),
                lineage,
            }
        };
        Ok((first..first + n as u64).map(proposal).collect())
    }
    fn learn(&mut self, _: &[Evaluated<Crystal>]) {}
    fn state(&self) -> Value {
        Value::Null
    }
    fn restore(&mut self, _: &Value) -> Result<(), GeneratorError> {
        Ok(())
    }
}

#[test]
fn generators_cannot_leave_the_space_and_their_panics_end_the_campaign_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let with = |outside, panics| {
        Plugins::new().generator("walk", move |_: &Setting<Crystal>| Ok(Cells { outside, panics }))
    };
    let rest = "objective = [{ name = \"density\" }]\ngenerator = [{ kind = \"walk\" }]";
    let out = folder.path().join("outside");
    let summary = run(rest, &with(true, false), &out).unwrap();
    assert!(!summary.front.is_empty());
    let rejected = fs::read_to_string(out.join("rejected.csv")).unwrap();
    assert!(rejected.contains("constraint: "), "{rejected}");
    assert!(!fs::read_to_string(out.join("pareto.csv")).unwrap().contains("Br"));

    let out = folder.path().join("panics");
    let error = run(rest, &with(false, true), &out).unwrap_err();
    assert!(matches!(error, CampaignError::Engine(EngineError::Generator(_))), "{error:?}");
    assert!(error.to_string().contains("walk cannot propose: it panicked: no second step"), "{error}");
    // What was evaluated before is kept, and a mended generator goes on from it.
    let summary = campaign::resume(&out, &with(false, false), &Machine::default(), &Silent).unwrap();
    assert!(!summary.front.is_empty());
}

#[test]
fn parts_that_cannot_be_made_are_errors_of_the_campaign() {
    let folder = tempfile::tempdir().unwrap();
    let plugins = Plugins::new()
        .generator("walk", |_: &Setting<Crystal>| -> Result<Cells, _> { Err("no map".into()) })
        .generator("stroll", |_: &Setting<Crystal>| Ok(Cells { outside: false, panics: false }));
    for (kind, expected) in [
        ("walk", "the plug-in generator 'walk' cannot be used: no map"),
        ("stroll", "the plug-in generator 'stroll' cannot be used: it calls itself 'walk'"),
    ] {
        let rest = format!("objective = [{{ name = \"density\" }}]\ngenerator = [{{ kind = \"{kind}\" }}]");
        let out = folder.path().join(kind);
        assert_eq!(run(&rest, &plugins, &out).unwrap_err().to_string(), expected);
        assert!(!out.exists());
    }
}

/// Counts the atoms of assembled complexes.
struct Size;

impl Tier<Complex> for Size {
    fn name(&self) -> &str {
        "size"
    }
    fn protocol(&self) -> String {
        "size 1".to_owned()
    }
    fn writes(&self) -> Vec<String> {
        vec!["atoms".to_owned()]
    }
    fn run(&self, items: &[(&Complex, &Properties)]) -> Vec<TierOutcome<Complex>> {
        let count = |(complex, _): &(&Complex, &Properties)| match &complex.positions {
            Some(positions) => TierOutcome::Passed {
                design: (*complex).clone(),
                properties: Properties::from([("atoms".to_owned(), positions.len() as f64)]),
            },
            None => TierOutcome::Rejected { reason: "size: not assembled".to_owned() },
        };
        items.iter().map(count).collect()
    }
}

#[test]
fn complexes_have_plug_ins_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let hydrogen = druse::objective("hydrogen", Goal::Minimise, "1", |complex: &Complex, properties| {
        let atoms = properties.get("atoms").ok_or("the tier 'size' has not run")?;
        let hydrogen: f64 =
            complex.composition().iter().filter(|(e, _)| e.symbol() == "H").map(|(_, count)| count).sum();
        Ok(hydrogen / atoms)
    });
    // A part of the same name for the other domain is another one.
    let plugins = Plugins::new().objective(hydrogen).objective(constant("hydrogen")).tier(Size);
    let text = r#"
        campaign = { name = "own", budget = 16, population = 8, seed = 1, domain = "complex" }
        complexes = { metals = { Pd = [2], Ni = [2] }, geometries = ["square_planar"] }
        generator = [{ kind = "nsga2", representation = "ligand_graph" }]
        tier = [{ name = "size", after = "assembly" }]
        objective = [{ name = "hydrogen" }, { name = "molecular_weight" }]
        limit = [{ name = "atoms", max = 60 }]
    "#;
    let campaign = config::parse_with(text, "own.toml", Path::new("."), None, &plugins).unwrap();
    let summary =
        campaign::run(&campaign, folder.path().join("out").as_path(), &Machine::default(), &Silent).unwrap();
    assert!(!summary.front.is_empty());
    for member in &summary.front {
        let share = member.row.objectives["hydrogen"];
        assert!((0.0..1.0).contains(&share) && member.row.properties["atoms"] <= 60.0);
    }
}

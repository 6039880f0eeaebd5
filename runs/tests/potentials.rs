//! Potentials of the user's in campaign files: by contents, with a hull of their own, or refused in words.

use std::fs;
use std::path::Path;

use druse::config::{self, Campaign, CrystalSpec, Domain, PotentialSpec};
use druse::fitness::potential::{Potential, PotentialError, Prediction, Want};
use druse::plugins::{AnyError, PluginError, Plugins};
use druse::representations::Crystal;

const SPACE: &str = r#"
campaign = { name = "own", budget = 24, population = 12, seed = 1 }
space = { elements = ["Na", "Cl"] }
"#;

fn crystals(campaign: &Campaign) -> &CrystalSpec {
    match &campaign.domain {
        Domain::Crystal(spec) => spec,
        _ => panic!("a campaign of crystals"),
    }
}

fn checked(rest: &str, folder: &Path, plugins: &Plugins) -> Result<Campaign, String> {
    let text = format!("{SPACE}{rest}");
    config::parse_with(&text, "own.toml", folder, None, plugins).map_err(|error| error.lines().join("\n"))
}

#[test]
fn files_count_by_name_and_contents() {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in
        [("mine.safetensors", "1"), ("there/mine.safetensors", "1"), ("other/mine.safetensors", "2")]
    {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    fs::write(folder.path().join("table"), "1").unwrap();
    let with = |file: &str| {
        let rest = format!(
            "relax = {{ model = \"{file}\" }}\nsecond_opinion = {{ reference = \"table\" }}\n\
             hull.reference = \"table\"\nobjective = [{{ name = \"energy_above_hull\" }}]\n"
        );
        checked(&rest, folder.path(), &Plugins::new()).unwrap()
    };
    let campaign = with("mine.safetensors");
    let model = &crystals(&campaign).relax.as_ref().unwrap().model;
    assert_eq!(model.name(), "mine");
    assert!(matches!(model, PotentialSpec::File { path, .. } if path.is_absolute()), "{model}");
    assert_eq!(campaign.hash(), with("there/mine.safetensors").hash());
    assert_ne!(campaign.hash(), with("other/mine.safetensors").hash());
    let again = config::parse(&campaign.to_toml().unwrap(), "again", Path::new("/"), None).unwrap();
    assert_eq!(again, campaign);
    assert_eq!(again.hash(), campaign.hash());
}

/// A potential that knows nothing.
struct Silent(&'static str);

impl Potential for Silent {
    fn name(&self) -> &str {
        self.0
    }
    fn protocol(&self) -> String {
        "silent 1".to_owned()
    }
    fn evaluate(&self, crystals: &[&Crystal], _: Want) -> Vec<Result<Prediction, PotentialError>> {
        crystals.iter().map(|_| Err(PotentialError::Failed("it says nothing".to_owned()))).collect()
    }
}

#[test]
fn without_reference_energies_of_the_model_there_is_one_error_that_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("mine.safetensors"), "1").unwrap();
    let plugins = Plugins::new().potential("silent", |_| Ok(Silent("silent")));
    let hull = "objective = [{ name = \"energy_above_hull\" }]\n";
    let expected = |key: &str, name: &str, table: &str| {
        format!(
            "{key}: found \"{name}\", expected one of chgnet-0.3.0, sevennet-l3i5, whose energies come with druse, or \
             {table} = TABLE by `druse data reference` with this model"
        )
    };
    for (model, name) in [("mine.safetensors", "mine"), ("silent", "silent"), ("sevennet-0", "sevennet-0")] {
        let rest = format!("relax = {{ model = \"{model}\" }}\n{hull}");
        let refused = checked(&rest, folder.path(), &plugins).unwrap_err();
        assert!(refused.ends_with(&expected("relax.model", name, "hull.reference")), "{refused}");
        assert_eq!(refused.lines().count(), 1, "{refused}");
        let rest = format!("relax = {{}}\nsecond_opinion = {{ model = \"{model}\" }}\n{hull}");
        let refused = checked(&rest, folder.path(), &plugins).unwrap_err();
        let expected = expected("second_opinion.model", name, "second_opinion.reference");
        assert!(refused.ends_with(&expected), "{refused}");
        // Nobody asks for a hull here.
        let rest = format!("relax = {{ model = \"{model}\" }}\nobjective = [{{ name = \"density\" }}]");
        checked(&rest, folder.path(), &plugins).unwrap();
    }
    let absent = "relax = { model = \"absent.safetensors\" }\nobjective = [{ name = \"density\" }]";
    let refused = checked(absent, folder.path(), &plugins).unwrap_err();
    assert!(refused.contains("relax.model: found \"absent.safetensors\" (No such file"), "{refused}");
    let unknown = "relax = { model = \"silnt\" }\nobjective = [{ name = \"density\" }]";
    let refused = checked(unknown, folder.path(), &plugins).unwrap_err();
    assert!(
        refused.contains("sevennet-l3i5, silent, a .safetensors file of Nequix or SevenNet"),
        "{refused}"
    );
}

#[test]
fn plug_ins_are_loaded_under_their_names() {
    let broken = |_: &str| -> Result<Silent, AnyError> { Err("no parameters".into()) };
    let plugins = Plugins::new()
        .potential("silent", |device| Ok(Silent(if device == "cpu" { "silent" } else { "loud" })))
        .potential("broken", broken);
    assert_eq!(plugins.check(), Ok(()));
    let load =
        |name: &str, device: &str| plugins.load_potential(name, device).map_err(|error| error.to_string());
    assert_eq!(load("silent", "cpu").unwrap().name(), "silent");
    let refused = |name: &str, device: &str| load(name, device).err().unwrap_or_default();
    assert_eq!(
        refused("silent", "cuda"),
        "the plug-in potential 'silent' cannot be used: it calls itself 'loud'"
    );
    assert_eq!(refused("broken", "cpu"), "the plug-in potential 'broken' cannot be used: no parameters");
    assert!(refused("other", "cpu").contains("sevennet-l3i5, silent, broken, a .safetensors"));
    let schema = config::schema(&plugins);
    let names = &schema["$defs"]["RelaxSection"]["properties"]["model"]["anyOf"][0]["enum"];
    assert!(names.as_array().unwrap().contains(&"silent".into()), "{schema}");
    let twice = Plugins::new().potential("chgnet-0.3.0", |_| Ok(Silent("chgnet-0.3.0")));
    assert!(matches!(twice.check(), Err(PluginError::BuiltIn { what: "potential", .. })));
}

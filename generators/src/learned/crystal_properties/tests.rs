//! From features over a short training to estimates.

use std::path::Path;

use druse_datasets::prototypes::{prototype, prototypes};
use druse_representations::Crystal;
use druse_representations::io::Record;
use serde_json::{Map, Value, json};
use tch::Device;

use super::readings::{Reading, ReadingKind};
use super::*;
use crate::learned::house::{DataCard, Job, Learner, ModelFile, Start, train_job};
use crate::learned::{Conditions, Label};

/// Prototypes with density, volume and whether there are more than two elements.
fn records() -> Vec<Record> {
    let record = |(name, crystal): (String, Crystal)| {
        let kinds = crystal.composition().elements().count();
        let properties = [
            ("mass", json!(crystal.density())),
            ("room", json!(crystal.lattice.volume() / crystal.sites.len() as f64)),
            ("many", json!(i32::from(kinds > 2))),
        ];
        let properties = properties.map(|(name, value)| (name.to_owned(), value)).into_iter().collect();
        Record { id: name, crystal, properties, source: String::new() }
    };
    let all =
        prototypes().iter().filter_map(|one| Some((one.name.to_owned(), one.code().to_primitive().ok()?)));
    all.filter(|(_, crystal)| crystal.sites.len() <= 12).map(record).collect()
}

fn trained(to: &Path, steps: u64) -> ModelFile {
    druse_fitness::chgnet::torch::single_threaded();
    let map = |value: Value| -> Map<String, Value> { serde_json::from_value(value).unwrap() };
    let records = records();
    let job = Job {
        validation: records[..4].to_vec(),
        training: records,
        judged: Vec::new(),
        conditions: ["mass", "room", "many"].map(str::to_owned).to_vec(),
        config: map(json!({ "members": 2, "hidden": 32, "logarithmic": ["room"] })),
        options: map(json!({ "steps": steps, "batch": 32, "warmup": 5, "validate_every": steps })),
        start: Start::Fresh,
        data: DataCard::default(),
        command: String::new(),
        date: String::new(),
        druse: String::new(),
        to: to.to_owned(),
        checkpoint_every: std::time::Duration::from_secs(3600),
        device: Device::Cpu,
    };
    train_job::<CrystalProperties>(job, &mut ()).unwrap();
    ModelFile::read(to).unwrap()
}

#[test]
fn features_know_neither_cell_nor_origin() {
    let crystal = prototype("rutile").unwrap().code().to_primitive().unwrap();
    let plain = features(&crystal).unwrap();
    assert_eq!(plain.len(), FEATURES);
    let mut moved = crystal.clone();
    moved.sites.iter_mut().for_each(|site| site.frac[0] += 0.3);
    moved.sites.reverse();
    let away = features(&moved).unwrap();
    let most = plain.iter().zip(&away).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(most < 1e-3, "{most}");
}

#[test]
fn a_short_training_tells_light_from_heavy_and_simple_from_complicated() {
    let folder = tempfile::tempdir().unwrap();
    let (first, again) = (folder.path().join("a.safetensors"), folder.path().join("b.safetensors"));
    let file = trained(&first, 300);
    let model = PropertyModel::new(&file.weights::<CrystalProperties>(Device::Cpu).unwrap());
    assert_eq!(model.names().collect::<Vec<_>>(), ["mass", "room", "many"]);
    let (mut error, mut spread, mut right, mut count) = (0.0, 0.0, 0, 0.0);
    for record in records() {
        let number = |name: &str| record.properties[name].as_f64().unwrap();
        let said = model.estimate(&record.crystal).unwrap();
        assert!(said.iter().all(|one| one.value.is_finite() && one.doubt >= 0.0), "{said:?}");
        error += (said[0].value - number("mass")).abs();
        spread += (number("mass") - 5.0).abs();
        assert!(said[1].value > 0.0 && (0.0..=1.0).contains(&said[2].value));
        right += usize::from((said[2].value > 0.5) == (number("many") > 0.5));
        count += 1.0;
    }
    assert!(error < 0.5 * spread, "{error} of {spread}");
    assert!(right as f64 > 0.9 * count, "{right} of {count}");
    let same = trained(&again, 300).weights::<CrystalProperties>(Device::Cpu).unwrap();
    let crystal = &records()[0].crystal;
    assert_eq!(model.estimate(crystal), PropertyModel::new(&same).estimate(crystal));
}

#[test]
fn columns_are_read_and_said_in_their_units() {
    let records = records();
    let records: Vec<&Record> = records.iter().collect();
    let names = ["mass", "room", "many"].map(str::to_owned);
    let conditions = Conditions::fit(&names, &records).unwrap();
    let config = CrystalPropertiesConfig { logarithmic: vec!["room".to_owned()], ..Default::default() };
    let readings = Reading::all(&conditions, &config);
    assert!(matches!(readings[0].kind, ReadingKind::Linear { .. }));
    assert!(matches!(readings[1].kind, ReadingKind::Logarithm { .. }));
    assert_eq!(readings[2].kind, ReadingKind::Chance);
    for (reading, x) in readings.iter().zip([4.2, 17.0]) {
        let target = reading.target(Some(&Label::Number(x))).unwrap();
        let (value, doubt) = reading.estimate(&[[target, -5.0], [target, -5.0]]);
        assert!((value - x).abs() < 1e-9 * x && doubt > 0.0 && doubt < 0.1 * x, "{value} {doubt}");
        let (_, apart) = reading.estimate(&[[target - 1.0, -5.0], [target + 1.0, -5.0]]);
        assert!(apart > 10.0 * doubt);
    }
    assert_eq!(readings[1].target(Some(&Label::Number(-3.0))), None);
    assert_eq!(readings[2].estimate(&[[0.0, 0.0]]), (0.5, 0.0));
}

#[test]
fn what_chgnet_cannot_see_has_no_features() {
    let mut crystal = records()[0].crystal.clone();
    crystal.sites[0].occupants[0].occupancy = 0.5;
    assert!(features(&crystal).is_err());
    assert_eq!(CrystalProperties::KIND, "crystal-properties");
}

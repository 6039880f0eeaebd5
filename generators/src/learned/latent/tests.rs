//! Both autoencoders, small and trained for moments, with everything that is built on them.

use druse_datasets::prototypes::prototypes;
use druse_representations::io::Record;
use druse_representations::{Composition, Crystal, Element};
use druse_validation::matching::{Pattern, Pymatgen, PymatgenOptions};
use serde_json::{Map, json};
use tch::Device;

use super::*;
use crate::breeding::Constraints;
use crate::conformance::{check_breeder, check_generator};
use crate::crystals::{CrystalBreeder, DesignSpace, Newcomers};
use crate::genetic::{Genetic, GeneticOptions, Selection};
use crate::learned::house::{
    DataCard, Generative, Job, ModelFile, Start, TrainOptions, TrainingSet, Weights, train, train_job,
};
use crate::learned::matrix_vae::MatrixVae;
use crate::learned::nets::TransformerShape;
use crate::learned::symmetry_vae::SymmetryVae;
use crate::learned::{Conditions, GeneticAlgorithm, Request, RequestError, Sampler, Target, Wanted};

/// Structure types with few atoms.
fn records() -> Vec<Record> {
    let small = prototypes().iter().filter(|prototype| prototype.code().primitive_atom_count() <= 8);
    small
        .map(|prototype| Record {
            id: prototype.name.to_owned(),
            crystal: prototype.code().to_primitive().unwrap(),
            properties: Map::new(),
            source: String::new(),
        })
        .collect()
}

fn trained<M: Generative + CrystalModel>(config: &M::Config, steps: u64) -> LatentSampler<M> {
    druse_fitness::chgnet::torch::single_threaded();
    let records = records();
    let names = ["elements", "density"].map(str::to_owned);
    let conditions = Conditions::fit(&names, &records.iter().collect::<Vec<_>>()).unwrap();
    let examples: Vec<M::Example> =
        records.iter().map(|record| M::example(config, &conditions, record).unwrap()).collect();
    let labels = records.iter().map(|record| conditions.labels(record)).collect();
    let set = TrainingSet::<M> { examples, labels };
    let none = TrainingSet::<M> { examples: Vec::new(), labels: Vec::new() };
    let options = TrainOptions {
        steps,
        batch: 32,
        shards: 1,
        warmup: 20,
        learning_rate: 3e-3,
        ema: 0.95,
        validate_every: steps + 1,
        ..TrainOptions::default()
    };
    let result = train(config, &conditions, &set, &none, &options, |_| {}).unwrap();
    let (config, store) = (config.clone(), result.weights);
    LatentSampler::new(Weights { config, conditions, store, sha256: String::new() })
}

/// Everything that has to hold for any model.
fn check<M: Generative + CrystalModel + 'static>(model: &LatentSampler<M>) {
    let crystals: Vec<Crystal> = records().into_iter().map(|record| record.crystal).collect();
    let encoded: Vec<Encoded> = model.encode(&crystals).into_iter().collect::<Result<_, _>>().unwrap();
    let latents: Vec<Vec<f32>> = encoded.iter().map(|one| one.mean.clone()).collect();

    // What it has seen comes back.
    let matcher = Pymatgen::new("cdvae", PymatgenOptions::cdvae());
    let decoded = model.decode(&latents, Limits::NONE);
    let back = crystals.iter().zip(&decoded).filter(|(crystal, decoded)| {
        let Some(decoded) = decoded else { return false };
        assert!(decoded.confidence <= 0.0);
        let same = decoded.crystal.composition().reduced_formula() == crystal.composition().reduced_formula();
        let patterns = (Pattern::of(crystal).unwrap(), Pattern::of(&decoded.crystal).unwrap());
        same && matcher.rms(&patterns.0, &patterns.1).is_some()
    });
    let (back, all) = (back.count(), crystals.len());
    assert!(back * 3 >= all * 2, "{} of {all} came back", back);
    assert_eq!(model.decode(&latents, Limits::NONE), decoded);
    assert_eq!(model.decode(&[vec![0.0; 3], vec![f32::NAN; model.width()]], Limits::NONE), [None, None]);

    // Ends of a way are the crystals themselves.
    let way = model.interpolate(&latents[0], &latents[1], 5, Path::Linear, Limits::NONE);
    let crystal = |decoded: &Option<Decoded>| decoded.as_ref().map(|d| d.crystal.composition());
    assert_eq!((crystal(&way[0]), crystal(&way[4])), (crystal(&decoded[0]), crystal(&decoded[1])));

    // Climbing goes up and stays within its radius.
    let up = Objective { property: "density".into(), weight: 1.0, target: None };
    let ascent = Ascent { steps: 10, ..Ascent::default() };
    let climbed = model.climb(&latents[..4], std::slice::from_ref(&up), &ascent).unwrap();
    let before = model.predict(&latents[..4]);
    for ((climbed, before), start) in climbed.iter().zip(&before).zip(&latents) {
        assert!(climbed.predicted[0] > before["density"]);
        let away: f32 = climbed.latent.iter().zip(start).map(|(x, y)| (x - y).powi(2)).sum();
        assert!(f64::from(away / start.len() as f32).sqrt() <= ascent.radius * 1.001);
    }
    let unknown = Objective { property: "hardness".into(), ..up };
    assert_eq!(
        model.climb(&latents[..1], &[unknown], &ascent).unwrap_err(),
        "the model has no property 'hardness'; it has density"
    );

    check_sampler(model);
    check_operators(model);
}

fn space(symbols: &str) -> DesignSpace {
    let elements = symbols.split(' ').map(|symbol| symbol.parse::<Element>().unwrap());
    DesignSpace { atoms: [2, 8], ..DesignSpace::new(elements) }
}

fn check_sampler<M: Generative + CrystalModel + 'static>(model: &LatentSampler<M>) {
    let oxygen = "O".parse().unwrap();
    let space = DesignSpace { required: vec![oxygen], ..space("Li Na Mg Ca Ti Sr O F Cl") };
    let request = Request { steps: Some(4), ..Request::new(space.clone()) };
    let numbers: Vec<u64> = (0..40).collect();
    let samples = model.sample(&request, 1, &numbers).unwrap();
    let came = samples.iter().flatten().count();
    assert!(came >= 10, "{came} of 40 samples");
    for sample in samples.iter().flatten() {
        space.check_design(&sample.crystal).unwrap();
        assert!(sample.predicted.contains_key("density") && sample.log_likelihood.is_some());
    }
    // A sample depends on its number alone.
    assert_eq!(model.sample(&request, 1, &[7, 3]).unwrap(), [samples[7].clone(), samples[3].clone()]);
    assert_ne!(model.sample(&request, 2, &numbers).unwrap(), samples);

    let formula: Composition = "MgO".parse().unwrap();
    let exact = Request { formula: Some(formula.clone()), ..request.clone() };
    let samples = model.sample(&exact, 1, &numbers).unwrap();
    assert!(samples.iter().flatten().count() > 0);
    assert!(samples.iter().flatten().all(|sample| sample.crystal.composition() == formula));

    let refused = |request: Request| model.sample(&request, 1, &[0]).unwrap_err();
    let target = Target { column: "hardness".into(), wanted: Wanted::Number(1.0) };
    let unknown = refused(Request { targets: vec![target], ..request.clone() });
    assert!(matches!(unknown, RequestError::UnknownCondition { .. }));
    let outside = Request { formula: Some("MgS".parse().unwrap()), ..request.clone() };
    assert!(matches!(refused(outside), RequestError::NotPossible { .. }));
    let huge = Request { space: DesignSpace { atoms: [50, 60], ..space }, ..request };
    assert!(matches!(refused(huge), RequestError::NotPossible { .. }));
}

fn check_operators<M: Generative + CrystalModel + 'static>(model: &LatentSampler<M>) {
    let space = space("Li Na Mg Ca Ti Sr O F Cl");
    let plain = CrystalBreeder::new(&space, Newcomers::Mixture(0.6), 0.05).unwrap();
    let lighter = Objective { property: "density".into(), weight: -1.0, target: None };
    let options = LatentOptions { share: 0.8, objectives: vec![lighter], ..LatentOptions::default() };
    let breeder = LatentBreeder::new(plain.clone(), model.clone(), options.clone()).unwrap();
    check_breeder("latent", &breeder, &space).unwrap();
    let options = LatentOptions { share: 1.5, ..options };
    assert!(LatentBreeder::new(plain, model.clone(), options).is_err());
    let few = GeneticOptions { population: 8, initial: 12, ..GeneticOptions::default() };
    let mut generator = Genetic::new(Selection::Nsga2, breeder, 1, few);
    check_generator(&mut generator, &space, &|crystal: &Crystal| {
        vec![crystal.density(), crystal.lattice.volume() / crystal.sites.len() as f64]
    })
    .unwrap();
    assert_eq!(generator.violations(), 0);
}

#[test]
fn matrix_vae_works_as_a_whole() {
    let shape = TransformerShape { width: 32, heads: 2, layers: 1 };
    let config = json!({
        "atoms": 8, "kinds": 4, "latent": 24, "width": 96, "points": 13, "substitute": 0.0,
        "encoder": shape, "decoder": shape, "prior": {"width": 32, "blocks": 1}
    });
    check(&trained::<MatrixVae>(&serde_json::from_value(config).unwrap(), 300));
}

#[test]
fn symmetry_vae_works_as_a_whole() {
    let shape = TransformerShape { width: 32, heads: 2, layers: 1 };
    let config = json!({
        "atoms": 8, "sites": 8, "kinds": 4, "latent": 24, "width": 96, "substitute": 0.0,
        "encoder": shape, "decoder": shape, "prior": {"width": 32, "blocks": 1}
    });
    check(&trained::<SymmetryVae>(&serde_json::from_value(config).unwrap(), 300));
}

/// A training of two steps.
fn short_job(conditions: &[&str], to: &std::path::Path) -> Job<Record> {
    let table = |value: serde_json::Value| value.as_object().unwrap().clone();
    Job {
        training: records(),
        judged: Vec::new(),
        validation: Vec::new(),
        conditions: conditions.iter().map(|&name| name.to_owned()).collect(),
        config: table(json!({"atoms": 8, "kinds": 4, "latent": 8, "width": 16})),
        options: table(json!({"steps": 2, "batch": 16})),
        start: Start::Fresh,
        data: DataCard::default(),
        command: String::new(),
        date: String::new(),
        druse: String::new(),
        to: to.to_owned(),
        checkpoint_every: std::time::Duration::from_secs(3600),
        device: Device::Cpu,
    }
}

#[test]
fn fine_tuning_adds_property_heads() {
    druse_fitness::chgnet::torch::single_threaded();
    let folder = tempfile::tempdir().unwrap();
    let (to, tuned) = (folder.path().join("a.safetensors"), folder.path().join("b.safetensors"));
    train_job::<MatrixVae>(short_job(&["density"], &to), &mut ()).unwrap();
    let start = Start::From(Box::new(ModelFile::read(&to).unwrap()));
    let mut job = Job { start, ..short_job(&["volume_per_atom"], &tuned) };
    job.options.insert("steps".into(), json!(0));
    train_job::<MatrixVae>(job, &mut ()).unwrap();
    let predicted = |path: &std::path::Path| {
        let file = ModelFile::read(path).unwrap();
        let model = LatentSampler::<MatrixVae>::new(file.weights(Device::Cpu).unwrap());
        model.predict(&[vec![0.5; model.width()]]).remove(0)
    };
    let (before, after) = (predicted(&to), predicted(&tuned));
    assert_eq!(before["density"], after["density"]);
    assert!(after.contains_key("volume_per_atom") && after.len() == 2);
}

#[test]
fn genetic_algorithms_are_made_from_files() {
    druse_fitness::chgnet::torch::single_threaded();
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("model.safetensors");
    train_job::<MatrixVae>(short_job(&["density"], &to), &mut ()).unwrap();
    let mut file = ModelFile::read(&to).unwrap();
    let (space, options) = (space("Na Mg O F Cl"), GeneticOptions::default());
    let make = |file: &ModelFile| {
        let (name, selection) = ("nsga2/latent", Selection::Nsga2);
        let algorithm = GeneticAlgorithm { name, selection, space: &space, seed: 1, options: &options };
        file.bred(Device::Cpu, algorithm)
    };
    let mut search = make(&file).unwrap();
    assert_eq!(search.propose(0, 2).unwrap()[0].lineage.generator, "nsga2/latent");
    let hardness = Objective { property: "hardness".into(), weight: 1.0, target: None };
    let model = LatentSampler::<MatrixVae>::new(file.weights(Device::Cpu).unwrap());
    let bad = LatentOptions { objectives: vec![hardness], ..LatentOptions::default() };
    assert!(bad.check(&model).unwrap_err().contains("no property 'hardness'"));
    file.card.kind = "symmetry-diffusion".into();
    assert!(make(&file).is_err());
}

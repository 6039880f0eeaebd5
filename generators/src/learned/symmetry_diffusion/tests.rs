//! Tests of the whole model with tiny networks; fresh weights propose nonsense, but legal nonsense.

use druse_datasets::prototypes::prototypes;
use druse_representations::io::Record;
use druse_representations::symmetry::SymmetryRepresentation;
use druse_representations::{Composition, Element, Representation};
use tch::{Device, Tensor};

use super::occupation::{Draft, Guide, occupy};
use super::plan::Plan;
use super::*;
use crate::breeding::Constraints;
use crate::crystals::DesignSpace;
use crate::learned::house::{TrainOptions, TrainingSet, fresh, train};
use crate::learned::nets::TransformerShape;
use crate::learned::{Request, RequestError, Sampler, Target, Wanted};
use crate::stream::stream;

fn tiny() -> Config {
    Config {
        transformer: TransformerShape { width: 24, heads: 2, layers: 2 },
        components: 4,
        ..Config::default()
    }
}

fn records() -> Vec<Record> {
    prototypes()
        .iter()
        .enumerate()
        .filter_map(|(k, prototype)| {
            let crystal = prototype.code().to_primitive().ok()?;
            let mut properties = serde_json::Map::new();
            properties.insert("e_hull".into(), (0.01 * (k % 7) as f64).into());
            Some(Record { id: prototype.name.into(), crystal, properties, source: String::new() })
        })
        .collect()
}

fn conditions(records: &[Record]) -> Conditions {
    let names = ["e_hull", "elements", "density"].map(String::from);
    Conditions::fit(&names, &records.iter().collect::<Vec<_>>()).unwrap()
}

fn elements(symbols: &str) -> Vec<Element> {
    symbols.split(' ').map(|s| s.parse().unwrap()).collect()
}

/// A sampler with fresh weights.
fn untrained() -> SymmetrySampler {
    let conditions = conditions(&records());
    let (store, _) = fresh(1, Device::Cpu, |path| Network::new(path, &tiny(), &conditions));
    SymmetrySampler::new(&store, &tiny(), &conditions)
}

#[test]
fn every_sample_is_legal_and_within_the_space() {
    let sampler = untrained();
    let mut space = DesignSpace::new(elements("Li Na Mg Al Ti O F Cl"));
    space.required = elements("O");
    space.excluded = vec![elements("F Cl")];
    space.element_count = [2, 3];
    space.atoms = [3, 12];
    space.space_groups = (3..=230).collect();
    let request = Request { guidance: 2.0, ..Request::new(space.clone()) };
    let numbers: Vec<u64> = (0..64).collect();
    let samples = sampler.sample(&request, 7, &numbers).unwrap();
    let there: Vec<_> = samples.iter().flatten().collect();
    assert!(there.len() > 16, "{} samples", there.len());
    for sample in there {
        assert_eq!(space.check_design(&sample.crystal), Ok(()));
        assert!(sample.log_likelihood.unwrap().is_finite());
        assert!(sample.predicted.values().all(|x| x.is_finite()) && sample.predicted.len() == 2);
    }
    // The same again, whichever numbers are asked for.
    assert_eq!(sampler.sample(&request, 7, &[5, 3]).unwrap(), vec![samples[5].clone(), samples[3].clone()]);
    assert_ne!(sampler.sample(&request, 8, &[5]).unwrap()[0], samples[5]);
}

#[test]
fn formulas_are_met_exactly() {
    let sampler = untrained();
    // The last one has a long search for the positions of 20 atoms of five elements.
    for (text, least) in [("CaTiO3", 8), ("Ba2YCu3O7", 8), ("La2Ba2Mn2Fe2O12", 4)] {
        let formula: Composition = text.parse().unwrap();
        let space = DesignSpace {
            charge: None,
            element_count: [1, 5],
            ..DesignSpace::new(elements("Ca Ti O Ba Y Cu La Mn Fe"))
        };
        let request = Request { formula: Some(formula.clone()), ..Request::new(space) };
        let samples = sampler.sample(&request, 1, &(0..96).collect::<Vec<_>>()).unwrap();
        let there: Vec<_> = samples.iter().flatten().collect();
        assert!(there.len() >= least, "{text}: {} samples", there.len());
        assert!(there.iter().all(|sample| sample.crystal.composition() == formula));
    }
}

#[test]
fn looking_ahead_finds_charges_that_balance() {
    let conditions = conditions(&records());
    let (_store, network) = fresh(1, Device::Cpu, |path| Network::new(path, &tiny(), &conditions));
    let mut space = DesignSpace::new(elements("Li Na Mg Al Si Ti Fe O F S"));
    space.required = elements("O");
    space.element_count = [3, 4];
    let plan = Plan::new(&Request::new(space), &tiny(), &conditions).unwrap();
    let alive = |ahead: bool| {
        let mut drafts: Vec<Draft> = (0..64).map(|k| Draft::new(&plan, stream(4, k))).collect();
        occupy(&Guide { network: &network, guidance: 1.0 }, &plan, &mut drafts, ahead);
        let alive = drafts.iter().filter(|draft| !draft.dead);
        alive.inspect(|draft| assert!(plan.neutral(&draft.state.composition()))).count()
    };
    let (blind, ahead) = (alive(false), alive(true));
    assert!(blind < 40 && ahead > blind + 10, "{blind} and {ahead} of 64");
}

#[test]
fn impossible_requests_are_refused() {
    let sampler = untrained();
    let space = DesignSpace::new(elements("Na Cl"));
    let target = |column: &str, wanted| Target { column: column.into(), wanted };
    let check = |request: Request| sampler.check(&request).unwrap_err();
    let base = Request::new(space.clone());
    let unknown = Request { targets: vec![target("hardness", Wanted::Number(1.0))], ..base.clone() };
    assert!(matches!(check(unknown), RequestError::UnknownCondition { .. }));
    let bad = Request { targets: vec![target("e_hull", Wanted::Text("low".into()))], ..base.clone() };
    assert!(matches!(check(bad), RequestError::BadValue { .. }));
    let large = DesignSpace { atoms: [30, 40], ..space };
    assert!(matches!(check(Request::new(large)), RequestError::NotPossible { .. }));
    let charged = Request { formula: Some("NaCl3".parse().unwrap()), ..base };
    assert!(matches!(check(charged), RequestError::NotPossible { .. }));
}

#[test]
fn reading_does_not_depend_on_the_order_of_sites() {
    let (_store, network) = fresh(2, Device::Cpu, |path| Network::new(path, &tiny(), &Conditions::default()));
    let records = records();
    let record = records.iter().find(|r| r.id == "spinel").unwrap();
    let state = Example::new(&tiny(), record).unwrap().state;
    let mut turned = state.clone();
    turned.sites.rotate_left(1);
    let read = |state: &state::State| {
        let inputs = state::Inputs::new(&[state], Device::Cpu);
        network.encode(&inputs, &network.labels(&[Vec::new()])).whole
    };
    assert!(f64::try_from((read(&state) - read(&turned)).abs().max()).unwrap() < 1e-5);
}

#[test]
fn examples_keep_the_crystal() {
    for record in records() {
        let Ok(example) = Example::new(&Config::default(), &record) else { continue };
        let code = example.state.code().unwrap();
        let again = code.to_primitive().unwrap();
        assert_eq!(again.composition().reduced_formula(), record.crystal.composition().reduced_formula());
        let direct = SymmetryRepresentation::new(0.1).encode(&record.crystal).unwrap();
        assert_eq!(code.fingerprint(), direct.fingerprint(), "{}", record.id);
    }
}

#[test]
fn training_lowers_the_loss_and_learns_what_it_sees() {
    let records = records();
    let conditions = conditions(&records);
    let set = || {
        let mut set = TrainingSet::EMPTY;
        for record in &records {
            if let Ok(example) = SymmetryDiffusion::example(&tiny(), &conditions, record) {
                set.examples.push(example);
                set.labels.push(conditions.labels(record));
            }
        }
        set
    };
    let options = TrainOptions {
        steps: 120,
        batch: 64,
        warmup: 10,
        learning_rate: 5e-3,
        ema: 0.9,
        validate_every: 60,
        ..TrainOptions::default()
    };
    let trained = train::<SymmetryDiffusion>(&tiny(), &conditions, &set(), &set(), &options, |_| ()).unwrap();
    let first = {
        let mut rng = stream(1, 1);
        let (_store, model) =
            fresh(options.seed, Device::Cpu, |path| SymmetryDiffusion::new(path, &tiny(), &conditions));
        let set = set();
        let loss = model.loss(&set.examples.iter().collect::<Vec<_>>(), &set.labels, &mut rng);
        f64::try_from(loss.total).unwrap()
    };
    let last = trained.curve.last().unwrap();
    let validation = last.validation.unwrap();
    assert!(validation.is_finite() && validation < 0.75 * first, "{first} {last:?}");
    assert!(last.parts.iter().all(|(_, x)| x.is_finite()), "{last:?}");
}

#[test]
fn gradients_reach_every_weight() {
    let records = records();
    let conditions = conditions(&records);
    let (store, model) = fresh(3, Device::Cpu, |path| SymmetryDiffusion::new(path, &tiny(), &conditions));
    let examples: Vec<Example> = records.iter().filter_map(|r| Example::new(&tiny(), r).ok()).collect();
    let labels: Vec<_> = records.iter().map(|r| conditions.labels(r)).take(examples.len()).collect();
    let loss = model.loss(&examples.iter().collect::<Vec<_>>(), &labels, &mut stream(3, 3));
    loss.total.backward();
    for (name, weight) in store.variables() {
        let sum = f64::try_from(Tensor::abs(&weight.grad()).sum(tch::Kind::Double)).unwrap();
        assert!(sum > 0.0 && sum.is_finite(), "{name}: {sum}");
    }
}

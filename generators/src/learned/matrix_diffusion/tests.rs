//! Symmetries of the network, ways from noise to crystals, and what sampling promises; tiny networks.

use druse_datasets::prototypes::prototype;
use druse_representations::io::Record;
use druse_representations::nalgebra::{Matrix3, Vector3};
use druse_representations::{Composition, Crystal, Element, Lattice};
use rand::RngExt;
use tch::{Device, Kind, Tensor, nn, no_grad};

use super::learner::MatrixDiffusion;
use super::noising::{Lesson, VELOCITY, noised, point, strain_noise};
use super::state::{Batch, State, length_scale, mandel};
use super::{Example, MatrixDiffusionConfig, MatrixDiffusionSampler};
use crate::breeding::Constraints;
use crate::crystals::DesignSpace;
use crate::learned::house::{Learner, fresh};
use crate::learned::matrix::strain::{cell_of, shortest, signed_permutations};
use crate::learned::{
    Column, Conditions, Fixed, Label, Request, RequestError, Sampler, Scale, Target, Wanted,
};
use crate::stream::stream;

fn config() -> MatrixDiffusionConfig {
    MatrixDiffusionConfig {
        width: 16,
        layers: 2,
        vectors: 4,
        tensors: 3,
        neighbours: 12,
        composition_width: 16,
        composition_layers: 1,
        ..MatrixDiffusionConfig::default()
    }
}

fn conditions() -> Conditions {
    let scale = Scale::Number { mean: 0.05, sd: 0.1, range: [0.0, 0.5] };
    Conditions { columns: vec![Column { name: "e_hull".into(), scale }] }
}

fn network() -> (nn::VarStore, MatrixDiffusion) {
    fresh(7, Device::Cpu, |path| MatrixDiffusion::new(path, &config(), &conditions()))
}

fn examples() -> Vec<Example> {
    ["spinel", "rutile", "rocksalt", "perovskite"]
        .iter()
        .filter_map(|name| prototype(name))
        .map(|prototype| {
            let crystal = prototype.code().to_primitive().unwrap();
            let record =
                Record { id: "x".into(), crystal, properties: Default::default(), source: String::new() };
            MatrixDiffusion::example(&config(), &conditions(), &record).unwrap()
        })
        .collect()
}

fn random_state(atoms: usize, seed: u64) -> State {
    let mut rng = stream(seed, 0);
    State {
        strain: strain_noise(atoms, &mut rng),
        frac: (0..atoms).map(|_| point(&mut rng)).collect(),
        elements: (0..atoms).map(|_| rng.random_range(1..60)).collect(),
        noise: vec![0.3; atoms],
        cell_noise: 0.3,
    }
}

/// Velocity, strain, logits of elements, properties; in double precision rows.
fn outputs(model: &MatrixDiffusion, state: &State) -> [Vec<f64>; 4] {
    let labels = vec![vec![Some(Label::Number(0.1))]];
    let output = no_grad(|| model.structure(&Batch::new(std::slice::from_ref(state), 12), &labels));
    let flat = |tensor: &Tensor| Vec::<f64>::try_from(tensor.to_kind(Kind::Double).flatten(0, -1)).unwrap();
    [flat(&output.velocity), flat(&output.strain), flat(&output.elements), flat(&output.properties)]
}

fn close(a: &[f64], b: &[f64]) {
    assert_eq!(a.len(), b.len());
    let size = a.iter().map(|x| x.abs()).fold(1e-3, f64::max);
    a.iter().zip(b).for_each(|(x, y)| assert!((x - y).abs() < 2e-3 * size, "{x} {y} of {size}"));
}

#[test]
fn the_network_moves_with_its_input() {
    let (_store, model) = network();
    let state = random_state(5, 3);
    let [velocity, strain, elements, properties] = outputs(&model, &state);
    assert!(velocity.iter().any(|x| x.abs() > 1e-4));

    // Another origin, other copies.
    let mut moved = state.clone();
    moved.frac.iter_mut().for_each(|f| *f += Vector3::new(0.3, -1.2, 2.7));
    moved.frac[2] += Vector3::new(1.0, 0.0, -2.0);
    let got = outputs(&model, &moved);
    close(&velocity, &got[0]);
    close(&strain, &got[1]);
    close(&properties, &got[3]);

    // Another order of the atoms.
    let order = [3, 1, 4, 0, 2];
    let mut permuted = state.clone();
    for (to, &from) in order.iter().enumerate() {
        permuted.frac[to] = state.frac[from];
        permuted.elements[to] = state.elements[from];
    }
    let got = outputs(&model, &permuted);
    close(&strain, &got[1]);
    for (to, &from) in order.iter().enumerate() {
        close(&velocity[3 * from..3 * from + 3], &got[0][3 * to..3 * to + 3]);
        close(&elements[119 * from..119 * (from + 1)], &got[2][119 * to..119 * (to + 1)]);
    }

    // Other names of the cell vectors: rotations and mirrors of the symmetric cell.
    for p in signed_permutations().into_iter().step_by(5) {
        let mut turned = state.clone();
        turned.strain = p * state.strain * p.transpose();
        turned.frac.iter_mut().for_each(|f| *f = p * *f);
        let got = outputs(&model, &turned);
        let expected: Vec<f64> =
            velocity.chunks(3).flat_map(|v| (p * Vector3::from_column_slice(v)).data.0[0]).collect();
        close(&expected, &got[0]);
        let matrix = super::state::from_mandel(&strain);
        close(&mandel(&(p * matrix * p.transpose())), &got[1]);
        close(&properties, &got[3]);
    }
}

#[test]
fn batches_do_not_mix_crystals() {
    let (_store, model) = network();
    let states = [random_state(3, 1), random_state(6, 2)];
    let labels = vec![vec![Some(Label::Number(0.1))]; 2];
    let output = no_grad(|| model.structure(&Batch::new(&states, 12), &labels));
    let alone = outputs(&model, &states[1]);
    let both = Vec::<f64>::try_from(output.velocity.to_kind(Kind::Double).flatten(0, -1)).unwrap();
    close(&alone[0], &both[9..]);
}

#[test]
fn velocities_lead_from_noise_to_the_crystal() {
    let mut rng = stream(5, 5);
    for example in examples() {
        for _ in 0..20 {
            let noisy = noised(&example, Lesson::Structure, &config(), &mut rng);
            let state = &noisy.state;
            let strain = state.strain + noisy.strain * state.cell_noise;
            let n = state.frac.len();
            let inverse = cell_of(&state.strain).try_inverse().unwrap();
            let unit = VELOCITY * length_scale(&state.strain, n);
            let ends: Vec<Vector3<f64>> = (0..n)
                .map(|i| state.frac[i] + inverse.tr_mul(&(noisy.velocity[i] * unit)) * state.noise[i])
                .collect();
            // The same distances between the same elements as in the crystal.
            let distances = |strain: &Matrix3<f64>, frac: &[Vector3<f64>]| {
                let lattice = Lattice::from_matrix(cell_of(strain));
                let list = druse_representations::Neighbours::of_points(&lattice, frac, 4.0).unwrap();
                let mut all: Vec<(u8, u8, i64)> = list
                    .iter()
                    .map(|(i, j, _, d)| (example.elements[i], example.elements[j], (d * 1e4).round() as i64))
                    .collect();
                all.sort_unstable();
                all
            };
            let (got, want) = (distances(&strain, &ends), distances(&example.strain, &example.frac));
            assert_eq!(got.len(), want.len());
            got.iter().zip(&want).for_each(|(a, b)| assert!((a.2 - b.2).abs() < 20, "{a:?} {b:?}"));
        }
    }
}

#[test]
fn a_few_steps_of_training_lower_the_loss() {
    let (store, model) = network();
    let examples = examples();
    let batch: Vec<&Example> = examples.iter().cycle().take(16).collect();
    let labels = vec![vec![Some(Label::Number(0.0))]; 16];
    let mut optimiser = nn::OptimizerConfig::build(nn::Adam::default(), &store, 5e-3).unwrap();
    let mut losses = Vec::new();
    for step in 0..60 {
        let loss = model.loss(&batch, &labels, &mut stream(9, step % 3));
        assert!(loss.parts.iter().all(|(_, part)| part.double_value(&[]).is_finite()));
        losses.push(loss.total.double_value(&[]));
        optimiser.backward_step(&loss.total);
    }
    let mean = |part: &[f64]| part.iter().sum::<f64>() / part.len() as f64;
    assert!(mean(&losses[51..]) < 0.7 * mean(&losses[..9]), "{losses:?}");
}

fn sampler() -> MatrixDiffusionSampler {
    let (store, _) = network();
    MatrixDiffusionSampler::new(&store, config(), conditions())
}

fn space() -> DesignSpace {
    let elements = ["Li", "Fe", "P", "O", "Na", "Mg"].map(|s| Element::from_symbol(s).unwrap());
    DesignSpace { charge: None, element_count: [2, 3], atoms: [3, 6], ..DesignSpace::new(elements) }
}

#[test]
fn samples_keep_constraints_and_repeat() {
    let sampler = sampler();
    let oxygen = Element::from_symbol("O").unwrap();
    let space = DesignSpace { required: vec![oxygen], ..space() };
    let request = Request { steps: Some(4), ..Request::new(space.clone()) };
    let numbers: Vec<u64> = (0..40).collect();
    let samples = sampler.sample(&request, 3, &numbers).unwrap();
    let made: Vec<_> = samples.iter().flatten().collect();
    assert!(made.len() >= 10, "{} of 40", made.len());
    for sample in &made {
        assert_eq!(space.check_design(&sample.crystal), Ok(()));
        assert!(sample.log_likelihood.is_some_and(|x| x < 0.0));
        assert!(sample.predicted.contains_key("e_hull"));
    }
    // Numbers decide, not what else is asked for, nor the number of threads.
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let again = pool.install(|| sampler.sample(&request, 3, &[37, 2, 17])).unwrap();
    assert_eq!(again, [37, 2, 17].map(|k| samples[k].clone()));
    assert_ne!(sampler.sample(&request, 4, &[2]).unwrap(), [samples[2].clone()]);
}

#[test]
fn formulas_are_kept() {
    let sampler = sampler();
    let formula: Composition = [("Li", 1.0), ("Fe", 1.0), ("O", 2.0)]
        .map(|(s, n)| (Element::from_symbol(s).unwrap(), n))
        .into_iter()
        .collect();
    let request = Request { formula: Some(formula.clone()), steps: Some(4), ..Request::new(space()) };
    let samples = sampler.sample(&request, 1, &(0..16).collect::<Vec<_>>()).unwrap();
    let made: Vec<_> = samples.into_iter().flatten().collect();
    assert!(!made.is_empty());
    made.iter().for_each(|sample| assert_eq!(sample.crystal.composition(), formula));
    let request = Request { formula: Some(Composition::new()), ..request };
    assert!(matches!(sampler.check(&request), Err(RequestError::BadValue { .. })));
}

#[test]
fn fixed_parts_stay() {
    let sampler = sampler();
    let element = |symbol: &str| Element::from_symbol(symbol).unwrap();
    // A skew setting of a simple cell: the network works in the reduced one.
    let lattice = Lattice::from_rows([[4.0, 0.0, 0.0], [8.0, 4.2, 0.0], [0.3, 4.0, 5.0]]);
    let part = Crystal::ordered(lattice, [(element("Fe"), [0.0; 3]), (element("O"), [0.5; 3])]);
    let fixed = Some(Fixed { crystal: part.clone(), cell: true });
    let request = Request { fixed, steps: Some(4), ..Request::new(space()) };
    let samples = sampler.sample(&request, 1, &(0..16).collect::<Vec<_>>()).unwrap();
    let made: Vec<_> = samples.into_iter().flatten().collect();
    assert!(!made.is_empty());
    for sample in made {
        assert_eq!(sample.crystal.lattice, lattice);
        assert_eq!(sample.crystal.sites[..2], part.sites[..]);
        assert!(sample.crystal.sites.len() >= 3);
    }
    let sulphur = Crystal::ordered(lattice, [(element("S"), [0.0; 3])]);
    let fixed = Some(Fixed { crystal: sulphur, cell: false });
    assert!(matches!(
        sampler.check(&Request { fixed, ..Request::new(space()) }),
        Err(RequestError::NotPossible { .. })
    ));
}

#[test]
fn bad_targets_are_named() {
    let sampler = sampler();
    let with = |column: &str, wanted: Wanted| {
        let targets = vec![Target { column: column.into(), wanted }];
        sampler.check(&Request { targets, ..Request::new(space()) })
    };
    assert_eq!(with("e_hull", Wanted::Range([0.0, 0.1])), Ok(()));
    assert!(matches!(with("gap", Wanted::Number(1.0)), Err(RequestError::UnknownCondition { .. })));
    assert!(matches!(with("e_hull", Wanted::Text("low".into())), Err(RequestError::BadValue { .. })));
}

#[test]
fn ends_of_shortest_ways_agree() {
    let mut rng = stream(1, 1);
    for _ in 0..100 {
        let (a, b) = (point(&mut rng), point(&mut rng));
        let way = shortest(b - a);
        assert!(way.iter().all(|x| x.abs() <= 0.5));
        assert!((a + way - b).iter().all(|x| (x - x.round()).abs() < 1e-12));
    }
}

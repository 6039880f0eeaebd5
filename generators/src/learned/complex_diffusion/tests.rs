//! Symmetries of the network, the noise, crowds, and what placing promises; a tiny network.

use druse_fitness::assembly::{Distances, Options, Vacancy, assemble};
use druse_representations::nalgebra::Rotation3;
use druse_representations::{Complex, Ligand};
use tch::{Device, Kind, Tensor, nn, no_grad};

use super::batch::{Batch, Scene};
use super::crowd::crowd;
use super::learner::Example;
use super::noise::Noise;
use super::sampler::PlacementError;
use super::skeleton::Relation;
use super::{ComplexDiffusion, ComplexDiffusionConfig, ComplexDiffusionSampler, Placement, Point, Skeleton};
use crate::learned::house::{Learner, Weights, fresh};
use crate::learned::{Conditions, LigandEntry, METAL};
use crate::stream::stream;

fn config() -> ComplexDiffusionConfig {
    ComplexDiffusionConfig {
        width: 16,
        layers: 2,
        vectors: 4,
        tensors: 3,
        neighbours: 12,
        ..ComplexDiffusionConfig::default()
    }
}

fn network() -> (nn::VarStore, ComplexDiffusion) {
    fresh(7, Device::Cpu, |path| ComplexDiffusion::new(path, &config(), &Conditions::default()))
}

fn built() -> Complex {
    let text = "Pt(II)|SP-4|m1|{[Cl-:1]}@0|{[NH2:1]CC(=O)[O-:2]}@1,2|{C[NH2:1]}@3";
    let complex: Complex = text.parse().unwrap();
    let built = assemble(&complex, &Distances::from_radii(), &Options::default()).unwrap();
    complex.with_positions(built.positions).unwrap()
}

fn examples() -> Vec<Example> {
    let complex = built();
    let positions = complex.positions.clone().unwrap();
    complex
        .ligands
        .iter()
        .zip(complex.offsets())
        .map(|(placed, first)| {
            let own = positions[first..first + placed.ligand.graph.node_count()].to_vec();
            let mut entry = LigandEntry::new(placed.ligand.clone().with_positions(own).unwrap());
            entry.properties.insert(METAL.to_owned(), "Pt".into());
            ComplexDiffusion::example(&config(), &Conditions::default(), &entry).unwrap()
        })
        .collect()
}

#[test]
fn skeletons_know_donors_bonds_and_hydrogens() {
    let skeleton = Skeleton::new(&Ligand::from_smiles("[NH2:1]CC(=O)[O-:2]").unwrap());
    assert_eq!((skeleton.len(), skeleton.bonds.len(), skeleton.donors.len()), (5, 4, 2));
    assert_eq!(skeleton.bonds_to_donor().iter().max(), Some(&2));
    let donor = skeleton.donors[0][0];
    assert_eq!(skeleton.features[donor][2], 1.0);
    assert_eq!(skeleton.known[donor][0].1, Relation::Single);
    // Hydrides flow themselves, as does the hydrogen of a bridge.
    assert_eq!(Skeleton::new(&Ligand::from_smiles("[H-:1]").unwrap()).len(), 1);
}

#[test]
fn velocities_turn_and_mirror_with_everything() {
    let (_store, model) = network();
    let example = &examples()[1];
    let mut rng = stream(1, 0);
    let positions = Noise::new(&example.skeleton, &example.sites).sample(&mut rng);
    let others = [(17u8, Point::new(-2.0, 0.3, 0.1)), (7, Point::new(0.2, -2.0, 0.4))];
    let velocity = |turn: &dyn Fn(&Point) -> Point| {
        let turned = |points: &[Point]| points.iter().map(turn).collect::<Vec<Point>>();
        let (positions, anchors) = (turned(&positions), turned(&example.sites));
        let others: Vec<(u8, Point)> = others.iter().map(|(z, at)| (*z, turn(at))).collect();
        let scene = Scene {
            skeleton: &example.skeleton,
            positions: &positions,
            noise: 0.4,
            metal: example.metal,
            anchors: &anchors,
            others: &others,
        };
        no_grad(|| model.velocity(&Batch::new(&[scene], 12), &[Conditions::default().absent()]))
    };
    let still = velocity(&|p| *p);
    assert!(f64::try_from(still.abs().max()).unwrap() > 1e-4);
    let turn = Rotation3::from_euler_angles(0.3, -1.1, 2.0);
    for sign in [1.0, -1.0] {
        let found = velocity(&|p| turn * p * sign);
        let matrix: Vec<f32> = turn.matrix().iter().map(|&x| (x * sign) as f32).collect();
        // Columns first, so this is the transposed matrix, as rows need it.
        let expected = still.matmul(&Tensor::from_slice(&matrix).view([3, 3]));
        let off = f64::try_from((found - expected).abs().max()).unwrap();
        assert!(off < 1e-4, "{sign}: {off}");
    }
}

#[test]
fn noise_is_around_the_sites_and_hangs_together() {
    let example = &examples()[1];
    let noise = Noise::new(&example.skeleton, &example.sites);
    let mut rng = stream(2, 0);
    let count = 400;
    let (mut donor, mut bond) = (Point::zeros(), 0.0);
    let atom = example.skeleton.donors[0][0];
    let [a, b] = example.skeleton.bonds[0];
    for _ in 0..count {
        let at = noise.sample(&mut rng);
        donor += at[atom] / f64::from(count);
        bond += (at[a] - at[b]).norm_squared() / f64::from(count);
    }
    assert!((donor - example.sites[0]).norm() < 0.7, "{donor}");
    assert!((0.5..4.0).contains(&bond), "{bond}");
}

#[test]
fn crowds_leave_room() {
    let examples = examples();
    let pool: Vec<&Example> = examples.iter().collect();
    let mut most = 0;
    for seed in 0..30 {
        let around = crowd(pool[1], &pool, &mut stream(seed, 0));
        most = most.max(around.len());
        for (z, at) in &around {
            let room =
                |z: u8| examples.iter().flat_map(|e| &e.all).find(|(other, ..)| *other == z).unwrap().2;
            assert!(
                pool[1].all.iter().all(|(_, there, reach)| (at - there).norm() > reach + room(*z) - 1e-9)
            );
        }
    }
    assert!(most > 5);
}

#[test]
fn losses_are_numbers_from_which_gradients_flow() {
    let (store, model) = network();
    let examples = examples();
    let batch: Vec<&Example> = examples.iter().collect();
    let labels = vec![Conditions::default().absent(); batch.len()];
    let loss = model.loss(&batch, &labels, &mut stream(3, 0));
    let total = f64::try_from(&loss.total).unwrap();
    assert!((0.05..5.0).contains(&total), "{total}");
    loss.total.backward();
    let with = store
        .variables()
        .values()
        .filter(|v| v.grad().defined() && f64::try_from(v.grad().abs().sum(Kind::Float)).unwrap() > 0.0)
        .count();
    assert!(with > 10, "{with}");
}

#[test]
fn ligands_are_placed_whole_again_and_again_the_same() {
    let (store, _) = network();
    let weights =
        Weights { config: config(), conditions: Conditions::default(), store, sha256: String::new() };
    let sampler = ComplexDiffusionSampler::new(weights);
    let complex = built();
    let vacancy = Vacancy::of(&complex, 1).unwrap();
    let ligand = Ligand::from_smiles("[NH2:1]CC[NH2:2]").unwrap();
    let distances = Distances::from_radii();
    let placement = |ligand, number| Placement { ligand, vacancy: &vacancy, number };
    let place = |ligand| sampler.place(&[placement(ligand, 4), placement(ligand, 5)], &distances, Some(4), 9);
    let placed = place(&ligand);
    assert_eq!(placed, place(&ligand));
    let [one, two] = &placed[..] else { panic!("two") };
    let (one, two) = (one.as_ref().unwrap(), two.as_ref().unwrap());
    let (one, two) = (&one.positions, &two.positions);
    assert!(one != two && one.len() == 12 && one.iter().flatten().all(|x| x.is_finite()));
    let single = Ligand::from_smiles("[NH3:1]").unwrap();
    assert!(matches!(place(&single)[0], Err(PlacementError::Assembly(_))));
    let large = Ligand::from_smiles(&format!("[NH2:1]CC[NH:2]{}", "C".repeat(60))).unwrap();
    assert!(matches!(place(&large)[0], Err(PlacementError::Size { .. })));
}

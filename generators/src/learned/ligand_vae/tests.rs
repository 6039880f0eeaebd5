//! The whole model on a few ligands.

use std::collections::BTreeSet;

use druse_datasets::ligands::builtin_ligands;
use druse_representations::{Element, Geometry, Ligand};

use super::growth::Growth;
use super::read::read;
use super::{
    Improved, Improvement, LatentComplexBreeder, LigandRequest, LigandVae, LigandVaeConfig, Vocabulary,
};
use crate::complexes::Variation;
use crate::learned::house::{Learner, TrainOptions, TrainingSet, Weights, train};
use crate::learned::latent::{LatentOptions, LatentSampler, Objective, PriorShape};
use crate::learned::nets::TransformerShape;
use crate::learned::{Conditions, LigandEntry, Subject};
use crate::stream::stream;
use crate::{Breeder, ComplexBreeder, ComplexSpace, LigandLimits, LigandPool, LigandSpace, check_breeder};

fn ligands() -> Vec<Ligand> {
    builtin_ligands().iter().map(|known| known.ligand()).collect()
}

fn vocabulary(ligands: &[Ligand], whole_rings: usize) -> Vocabulary {
    Vocabulary::fit(&ligands.iter().collect::<Vec<_>>(), whole_rings, 4096)
}

#[test]
fn ligands_grow_back_from_their_steps() {
    let ligands = ligands();
    // Rings as pieces, and rings that are closed step by step.
    for whole_rings in [1, 1000] {
        let vocabulary = vocabulary(&ligands, whole_rings);
        let mut closed = 0;
        for ligand in &ligands {
            let steps = read(ligand, &vocabulary).unwrap();
            let mut growth = Growth::new(&vocabulary);
            for step in &steps {
                match *step {
                    super::Step::Grow { slot: Some(slot), .. } => assert!(growth.slots().contains(&slot)),
                    super::Step::Close { from, to } => {
                        closed += 1;
                        assert!(growth.slots().contains(&from) && growth.closures(from).contains(&to));
                    }
                    super::Step::Grow { slot: None, .. } => {}
                }
                growth.take(*step);
            }
            let back = growth.ligand(&ligand.name).unwrap();
            assert_eq!(back.canonical().key, ligand.canonical().key, "{}", ligand.name);
            assert_eq!(read(&back, &vocabulary).unwrap(), steps, "{}", ligand.name);
        }
        assert_eq!(closed > 0, whole_rings > 1);
        let texts: Vec<String> = vocabulary.clone().into();
        assert_eq!(Vocabulary::try_from(texts).unwrap(), vocabulary);
    }
}

#[test]
fn the_order_of_atoms_makes_no_difference() {
    let vocabulary = vocabulary(&ligands(), 1000);
    for (one, two) in [
        ("[NH2:1]CC[NH2:2]", "C([NH2:2])C[NH2:1]"),
        ("c1cc(-c2cccc[n:1]2)[n:2]cc1", "[n:1]1ccccc1-c1cccc[n:2]1"),
        ("C1C[NH:1]CCC[NH:2]CC[NH:3]CCC[NH:4]1", "C1CC[NH:1]CC[NH:2]CCC[NH:3]CC[NH:4]1"),
    ] {
        let steps = |smiles: &str| read(&Ligand::from_smiles(smiles).unwrap(), &vocabulary);
        assert!(steps(one).is_ok(), "{one}");
        assert_eq!(steps(one), steps(two));
    }
}

#[test]
fn texts_that_are_no_pieces_are_refused() {
    for text in ["", "N", "N/x", "Q/1", "N/1 C/1|0-2", "N/1|0-0"] {
        assert!(text.parse::<super::Piece>().is_err(), "{text}");
    }
}

fn trained(steps: u64) -> LatentSampler<LigandVae> {
    druse_fitness::chgnet::torch::single_threaded();
    let entries: Vec<LigandEntry> = ligands().into_iter().map(LigandEntry::new).collect();
    let shape = TransformerShape { width: 32, heads: 4, layers: 1 };
    let config = LigandVaeConfig {
        latent: 16,
        width: 32,
        encoder: shape,
        decoder: shape,
        looks: 4,
        slice: 4,
        whole_rings: 2,
        prior: PriorShape { width: 32, blocks: 1 },
        ..LigandVaeConfig::default()
    };
    let config = LigandVae::fit(config, &entries);
    let names: Vec<String> = LigandEntry::BUILT_IN.iter().map(|&name| name.to_owned()).collect();
    let conditions = Conditions::fit(&names, &entries.iter().collect::<Vec<_>>()).unwrap();
    let mut set = TrainingSet::<LigandVae> { examples: Vec::new(), labels: Vec::new() };
    for entry in &entries {
        set.examples.push(LigandVae::example(&config, &conditions, entry).unwrap());
        set.labels.push(conditions.labels(entry));
    }
    let none = TrainingSet::<LigandVae> { examples: Vec::new(), labels: Vec::new() };
    let options =
        TrainOptions { steps, batch: 32, warmup: 10, learning_rate: 3e-3, ema: 0.98, ..LigandVae::options() };
    let trained = train::<LigandVae>(&config, &conditions, &set, &none, &options, |_| {}).unwrap();
    let weights = Weights { config, conditions, store: trained.weights, sha256: String::new() };
    LatentSampler::new(weights)
}

#[test]
fn samples_are_valid_within_the_space_and_repeatable() {
    let model = trained(150);
    let element = |symbol: &str| symbol.parse::<Element>().unwrap();
    let space = |of: &dyn Fn(&mut LigandSpace)| {
        let mut space = LigandSpace::default();
        of(&mut space);
        space
    };
    let numbers: Vec<u64> = (0..64).collect();
    for space in [
        LigandSpace::default(),
        space(&|s| (s.denticity, s.charges) = (Some([2, 2]), vec![0])),
        space(&|s| (s.donors, s.heavy_atoms) = (vec![element("N"), element("O")], Some([4, 12]))),
        space(&|s| {
            (s.elements, s.atoms) = (["C", "H", "N", "O"].map(element).to_vec(), Some([2, 30]));
        }),
        space(&|s| s.haptic = Some(false)),
    ] {
        let request = LigandRequest::new(space);
        let drawn = model.sample_ligands(&request, 5, &numbers).unwrap();
        let found: Vec<&Ligand> = drawn.iter().flatten().map(|sample| &sample.ligand).collect();
        assert!(found.len() > 32, "{}: {:?}", found.len(), request.space);
        for ligand in &found {
            assert_eq!(request.space.check_ligand(ligand), Ok(()));
            assert!(ligand.check().is_ok() && ligand.check_valence().is_ok());
        }
        // The same in other company, and other ones for another seed.
        let smiles = |sample: &Option<super::LigandSample>| sample.as_ref().map(|s| s.ligand.to_smiles());
        let again = model.sample_ligands(&request, 5, &[63, 7]).unwrap();
        assert_eq!(again.iter().map(smiles).collect::<Vec<_>>(), [smiles(&drawn[63]), smiles(&drawn[7])]);
        let other = model.sample_ligands(&request, 6, &numbers).unwrap();
        assert_ne!(
            other.iter().map(smiles).collect::<Vec<_>>(),
            drawn.iter().map(smiles).collect::<Vec<_>>()
        );
    }
}

#[test]
fn impossible_requests_are_named() {
    let model = trained(1);
    let element = |symbol: &str| symbol.parse::<Element>().unwrap();
    let error = |space: LigandSpace| model.check_ligands(&LigandRequest::new(space)).unwrap_err().to_string();
    let both = LigandSpace { donors: vec![element("N")], denticity: Some([2, 2]), ..Default::default() };
    assert!(error(both).contains("donors: found 1 of them, expected 2 to 2"));
    let alien = LigandSpace { donors: vec![element("Xe")], ..Default::default() };
    assert!(error(alien).contains("no donor that is allowed"));
    let none =
        LigandSpace { elements: vec![element("C")], excluded: vec![element("C")], ..Default::default() };
    assert!(error(none).contains("excluded"));
}

#[test]
fn latents_hold_ligands_and_are_bred() {
    let model = trained(400);
    let ligands = ligands();
    let latents: Vec<Vec<f32>> =
        model.encode_ligands(&ligands).into_iter().map(|encoded| encoded.unwrap().mean).collect();
    let back = model.decode_ligands(&latents, &LigandSpace::default());
    let right = ligands.iter().zip(&back).filter(|(ligand, back)| {
        back.as_ref().is_some_and(|back| back.ligand.canonical().key == ligand.canonical().key)
    });
    let right = right.count();
    assert!(2 * right > ligands.len(), "{right} of {}", ligands.len());

    // Improved towards fewer and more atoms.
    for weight in [1.0, -1.0] {
        let objectives = [Objective { property: "heavy_atoms".to_owned(), weight, target: None }];
        let space = LigandSpace { heavy_atoms: Some([1, 24]), ..LigandSpace::default() };
        let improve = |ligands: &[Ligand], seed| {
            let improvement = Improvement { attempts: 4, ..Improvement::default() };
            model.improve_ligands(ligands, &objectives, &space, &improvement, seed).unwrap()
        };
        let heavy = |ligand: &Ligand| ligand.elements().filter(|element| element.atomic_number() > 1).count();
        let improved = improve(&ligands, 1);
        let (mut found, mut right) = (0, 0);
        for (ligand, improved) in ligands.iter().zip(&improved) {
            let Some(Improved { ligand: other, gain }) = improved else { continue };
            assert!(*gain > 0.0 && other.canonical().key != ligand.canonical().key);
            assert_eq!((other.denticity(), other.charge()), (ligand.denticity(), ligand.charge()));
            assert_eq!(space.check_ligand(other), Ok(()));
            found += 1;
            right += usize::from((heavy(other) as f64 - heavy(ligand) as f64) * weight > 0.0);
        }
        assert!(found > 20 && 4 * right >= 3 * found, "{right} of {found}");
        let smiles = |found: Vec<Option<Improved>>| -> Vec<Option<String>> {
            found.iter().map(|one| one.as_ref().map(|one| one.ligand.to_smiles())).collect()
        };
        assert_eq!(smiles(improve(&ligands[..3], 1)), smiles(improved)[..3]);
    }
    let unknown = [Objective { property: "gap".to_owned(), weight: 1.0, target: None }];
    let error =
        model.improve_ligands(&ligands, &unknown, &LigandSpace::default(), &Improvement::default(), 1);
    assert!(error.unwrap_err().contains("no property 'gap'"));

    // Bred inside of complexes, ligands of the pool alone or any others.
    let pd = ("Pd".parse().unwrap(), vec![2]);
    let closed = ComplexSpace::new([pd], [Geometry::SquarePlanar], LigandPool::new(ligands));
    let limits = LigandLimits { atoms: 60, elements: Vec::new() };
    let open = ComplexSpace { evolve: Some(limits), ..closed.clone() };
    for (name, space) in [("closed", closed), ("open", open)] {
        let plain = ComplexBreeder::new(&space, Variation::Single).unwrap();
        let options = LatentOptions { share: 1.0, ..LatentOptions::default() };
        let breeder = LatentComplexBreeder::new(plain, model.clone(), options).unwrap();
        check_breeder(name, &breeder, &space).unwrap();
        let parents: Vec<_> = (0..8).map(|k| breeder.newcomer(&mut stream(4, k)).unwrap().genome).collect();
        let children = (0..160u64).filter_map(|k| {
            let (rng, pair) = (&mut stream(3, k), [k % 8, k % 7].map(|k| &parents[k as usize]));
            let operator = breeder.operator(rng);
            breeder.child(operator, pair[0], pair[1], rng)
        });
        let operators: BTreeSet<&str> = children.map(|child| child.operator).collect();
        assert_eq!(
            operators.into_iter().collect::<Vec<_>>(),
            ["latent-crossover", "latent-mutate", "latent-sample"],
            "{name}"
        );
    }
}

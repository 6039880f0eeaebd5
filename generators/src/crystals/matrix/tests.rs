use std::collections::BTreeMap;

use druse_datasets::elements::hhi_production;
use druse_fitness::pareto::hypervolume;
use druse_representations::{Crystal, Element};

use super::*;
use crate::breeding::{Breeder, Constraints};
use crate::conformance::{check_breeder, check_generator};
use crate::crystals::space::DesignSpace;
use crate::stream::stream;
use crate::{Evaluated, Generator, Genetic, GeneticOptions, Selection, Unguided};

fn space() -> DesignSpace {
    let symbols = "Li Na K Mg Ca Ba Ti V Mn Fe Co Ni Cu Zn Al Si Sn B C N P O S F Cl";
    DesignSpace {
        element_count: [2, 4],
        atoms: [2, 12],
        ..DesignSpace::new(symbols.split(' ').map(|s| s.parse::<Element>().unwrap()))
    }
}

/// Density (g/cm^3), to be maximised, and mass-weighted production index.
fn dense_and_safe(crystal: &Crystal) -> Vec<f64> {
    let composition = crystal.composition();
    let index: f64 =
        composition.iter().map(|(e, n)| n * e.mass() * hhi_production(e).unwrap_or(10_000.0)).sum::<f64>()
            / composition.mass();
    vec![-crystal.density(), index]
}

#[test]
fn the_breeder_conforms() {
    let narrow = DesignSpace {
        required: vec!["O".parse().unwrap()],
        excluded: vec![["Li", "Na"].map(|s| s.parse().unwrap()).to_vec()],
        atoms: [4, 10],
        ..space()
    };
    for space in [space(), narrow] {
        for newcomers in [MatrixNewcomers::Packed, MatrixNewcomers::Mixture(0.6)] {
            let breeder = MatrixBreeder::new(&space, newcomers, 0.05).unwrap();
            check_breeder("matrix", &breeder, &space).unwrap();
        }
    }
}

#[test]
fn generators_on_it_conform() {
    let symmetric = DesignSpace { space_groups: vec![62, 139, 166, 194, 221, 225, 227], ..space() };
    for space in [space(), symmetric] {
        let options = GeneticOptions { population: 12, initial: 16, ..GeneticOptions::default() };
        let breeder = |newcomers| MatrixBreeder::new(&space, newcomers, 0.05).unwrap();
        let mixture = breeder(MatrixNewcomers::Mixture(0.6));
        let mut genetic = Genetic::new(Selection::Nsga2, mixture, 5, options);
        check_generator(&mut genetic, &space, &dense_and_safe).unwrap();
        let mut random = Unguided::new("random", breeder(MatrixNewcomers::Packed), 5);
        check_generator(&mut random, &space, &dense_and_safe).unwrap();
    }
}

/// Every operator finds children of newcomers, and all of them keep the constraints.
#[test]
fn every_operator_makes_children_within_the_space() {
    let space = DesignSpace { required: vec!["O".parse().unwrap()], ..space() };
    let breeder = MatrixBreeder::new(&space, MatrixNewcomers::Mixture(0.5), 0.05).unwrap();
    let newcomer = |number| {
        let mut rng = stream(7, number);
        (0..MatrixBreeder::TRIALS).find_map(|_| breeder.newcomer(&mut rng)).unwrap()
    };
    let parents: Vec<_> = (0..24).map(|number| newcomer(number).genome).collect();
    let mut found = BTreeMap::new();
    for (number, pair) in parents.windows(2).enumerate() {
        for operator in MatrixOperator::ALL {
            let mut rng = stream(8, number as u64);
            let child = (0..50).find_map(|_| breeder.child(operator, &pair[0], &pair[1], &mut rng));
            let Some(child) = child else { continue };
            assert_eq!(child.operator, operator.name());
            space.check_design(&child.design).unwrap();
            *found.entry(operator.name()).or_insert(0) += 1;
        }
    }
    println!("children of {} pairs: {found:?}", parents.len() - 1);
    // Whether the elements of one parent fit the structure of the other is no matter of chance.
    let least = |name: &str| if name == MatrixOperator::Graft.name() { 2 } else { 15 };
    assert!(found.len() == MatrixOperator::ALL.len(), "{found:?}");
    assert!(found.iter().all(|(name, &n)| n >= least(name)), "{found:?}");
}

/// Hypervolume after 400 evaluations.
fn hypervolume_of(generator: &mut dyn Generator<Crystal>) -> f64 {
    let mut points = Vec::new();
    for batch in 0..10 {
        let proposals = generator.propose(40 * batch, 40).unwrap();
        let evaluated: Vec<Evaluated<Crystal>> = proposals
            .into_iter()
            .map(|p| Evaluated {
                number: p.number,
                costs: Some(dense_and_safe(&p.design)),
                design: p.design,
                violation: 0.0,
            })
            .collect();
        points.extend(evaluated.iter().filter_map(|e| e.costs.clone()));
        generator.learn(&evaluated);
    }
    hypervolume(&points, &[-2.0, 4000.0])
}

#[test]
fn the_genetic_algorithm_beats_random_search() {
    let space = space();
    let breeder = |newcomers| MatrixBreeder::new(&space, newcomers, 0.05).unwrap();
    let (mut random, mut genetic) = (Vec::new(), Vec::new());
    for seed in 0..3 {
        let packed = breeder(MatrixNewcomers::Packed);
        random.push(hypervolume_of(&mut Unguided::new("random", packed, seed)));
        let mixture = breeder(MatrixNewcomers::Mixture(0.6));
        let options = GeneticOptions::default();
        genetic.push(hypervolume_of(&mut Genetic::new(Selection::Nsga2, mixture, seed, options)));
    }
    println!("random {random:.0?}, nsga2 {genetic:.0?}");
    assert!(genetic.iter().sum::<f64>() > 1.02 * random.iter().sum::<f64>());
}

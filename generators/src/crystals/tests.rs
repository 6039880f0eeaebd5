use druse_datasets::elements::hhi_production;
use druse_fitness::pareto::hypervolume;
use druse_representations::Element;

use std::collections::BTreeMap;

use druse_representations::Crystal;

use super::*;
use crate::conformance::{check_breeder, check_generator};
use crate::registry::crystal_generator;
use crate::{Evaluated, Generator, GeneratorError, Genetic, GeneticOptions, Proposal, Selection};

fn space() -> DesignSpace {
    let symbols = "Li Na K Mg Ca Ba Ti V Mn Fe Co Ni Cu Zn Al Si Sn B C N P O S F Cl";
    DesignSpace {
        element_count: [2, 4],
        atoms: [2, 12],
        ..DesignSpace::new(symbols.split(' ').map(|s| s.parse::<Element>().unwrap()))
    }
}

/// Density (g/cm^3) and mass-weighted production index, both to be minimised.
fn light_and_safe(crystal: &Crystal) -> Vec<f64> {
    let composition = crystal.composition();
    let index: f64 =
        composition.iter().map(|(e, n)| n * e.mass() * hhi_production(e).unwrap_or(10_000.0)).sum::<f64>()
            / composition.mass();
    vec![crystal.density(), index]
}

/// High melting points and light weight pull apart: density to be maximised, index minimised.
fn dense_and_safe(crystal: &Crystal) -> Vec<f64> {
    let costs = light_and_safe(crystal);
    vec![-costs[0], costs[1]]
}

fn genetic(
    selection: Selection,
    space: &DesignSpace,
    seed: u64,
    options: GeneticOptions,
) -> Genetic<CrystalBreeder> {
    let breeder =
        CrystalBreeder::new(space, Newcomers::Mixture(options.prototypes), options.symprec).unwrap();
    Genetic::new(selection, breeder, seed, options)
}

fn evaluate(proposals: Vec<Proposal<Crystal>>, costs: fn(&Crystal) -> Vec<f64>) -> Vec<Evaluated<Crystal>> {
    proposals
        .into_iter()
        .map(|p| Evaluated {
            number: p.number,
            costs: Some(costs(&p.design)),
            design: p.design,
            violation: 0.0,
        })
        .collect()
}

#[test]
fn all_generators_conform() {
    let narrow = DesignSpace {
        space_groups: vec![62, 139, 166, 194, 221, 225, 227],
        required: vec!["O".parse().unwrap()],
        excluded: vec![["Li", "Na"].map(|s| s.parse().unwrap()).to_vec()],
        atoms: [4, 10],
        ..space()
    };
    for space in [space(), narrow] {
        for (name, _) in crate::CRYSTAL_GENERATORS {
            let options = GeneticOptions { population: 12, initial: 16, ..GeneticOptions::default() };
            let mut generator = crystal_generator(name, &space, 5, &options).unwrap();
            check_generator(generator.as_mut(), &space, &dense_and_safe).unwrap();
        }
    }
}

#[test]
fn constraints_hold_over_many_proposals_and_operators_are_used() {
    let space = DesignSpace { required: vec!["O".parse().unwrap()], ..space() };
    let mut generator = genetic(Selection::Nsga3, &space, 7, GeneticOptions::default());
    let mut operators = BTreeMap::new();
    let (mut next, mut ids) = (0, std::collections::BTreeSet::new());
    while next < 2000 {
        let proposals = generator.propose(next, 50).unwrap();
        assert_eq!(proposals.len(), 50);
        for proposal in &proposals {
            let crystal = &proposal.design;
            space.check_composition(&crystal.composition()).unwrap();
            assert!((2..=12).contains(&crystal.sites.len()));
            assert!(ids.insert(proposal.lineage.operator.clone() + &serde_json::to_string(crystal).unwrap()));
            *operators.entry(proposal.lineage.operator.clone()).or_insert(0) += 1;
            assert!(proposal.lineage.parents.iter().all(|&parent| parent < next));
        }
        next += 50;
        generator.learn(&evaluate(proposals, dense_and_safe));
    }
    assert_eq!(generator.violations(), 0);
    assert_eq!(generator.sizes(), (40, 0));
    for name in ["prototype", "random", "substitute", "perturb", "graft", "decorate"] {
        assert!(operators.get(name).is_some_and(|&count| count >= 10), "{name}: {operators:?}");
    }
}

/// Hypervolume after 400 evaluations.
fn hypervolume_of(name: &str, seed: u64, costs: fn(&Crystal) -> Vec<f64>, reference: [f64; 2]) -> f64 {
    let mut generator = crystal_generator(name, &space(), seed, &GeneticOptions::default()).unwrap();
    let mut points = Vec::new();
    for batch in 0..10 {
        let proposals = generator.propose(40 * batch, 40).unwrap();
        let evaluated = evaluate(proposals, costs);
        points.extend(evaluated.iter().filter_map(|e| e.costs.clone()));
        generator.learn(&evaluated);
    }
    hypervolume(&points, &reference)
}

#[test]
fn genetic_algorithms_beat_random_search() {
    let problems =
        [(light_and_safe as fn(&Crystal) -> Vec<f64>, [6.0, 4000.0]), (dense_and_safe, [-2.0, 4000.0])];
    for (costs, reference) in problems {
        let totals = ["random", "nsga2", "nsga3"].map(|name| {
            let volumes: Vec<f64> = (0..3).map(|seed| hypervolume_of(name, seed, costs, reference)).collect();
            println!("{name}: {volumes:.0?}");
            volumes.iter().sum::<f64>()
        });
        assert!(totals[1] > 1.02 * totals[0] && totals[2] > 1.02 * totals[0], "{totals:?}");
    }
}

#[test]
fn states_of_other_settings_are_refused() {
    let make = |selection, population| {
        let options = GeneticOptions { population, ..GeneticOptions::default() };
        genetic(selection, &space(), 0, options)
    };
    let state = make(Selection::Nsga2, 10).state();
    assert!(make(Selection::Nsga2, 10).restore(&state).is_ok());
    assert!(make(Selection::Nsga2, 11).restore(&state).is_err());
    assert!(make(Selection::Nsga3, 10).restore(&state).is_err());
}

#[test]
fn a_state_from_before_the_journal_is_taken_over_into_it() {
    let make = || genetic(Selection::Nsga2, &space(), 0, GeneticOptions::default());
    let mut generator = make();
    let first = generator.propose(0, 40).unwrap();
    generator.learn(&evaluate(first, dense_and_safe));
    // The state as it was: with all keys, and with the rows of the surrogate.
    let mut old = generator.state();
    old["ledger"]["seen"] = generator.journal()[0]["seen"].clone();
    old["archive"] = serde_json::json!({ "rows": [] });
    let mut again = make();
    again.restore(&old).unwrap();
    let designs = |generator: &mut dyn Generator<Crystal>| -> Vec<Crystal> {
        generator.propose(40, 20).unwrap().into_iter().map(|proposal| proposal.design).collect()
    };
    assert_eq!(designs(&mut again), designs(&mut generator));
    let keys = again.journal()[0]["seen"].as_array().unwrap().len();
    assert_eq!(keys, 60, "the old keys and those of the new proposals");
}

#[test]
fn a_used_up_space_says_so() {
    let elements = ["Na", "Cl"].map(|s| s.parse().unwrap());
    let space = DesignSpace {
        element_count: [2, 2],
        atoms: [2, 2],
        space_groups: vec![225],
        ..DesignSpace::new(elements)
    };
    for (name, _) in crate::CRYSTAL_GENERATORS {
        let mut generator = crystal_generator(name, &space, 0, &GeneticOptions::default()).unwrap();
        let first = generator.propose(0, 10).unwrap();
        assert_eq!(first.len(), 1, "{name}: rock salt only");
        let error = generator.propose(1, 10).unwrap_err();
        assert!(matches!(error, GeneratorError::Impossible { .. }), "{error}");
    }
}

#[test]
fn bad_news_alone_do_no_harm() {
    for selection in Selection::ALL {
        let mut generator = genetic(selection, &space(), 3, GeneticOptions::default());
        let mut evaluated = evaluate(generator.propose(0, 40).unwrap(), dense_and_safe);
        for (i, one) in evaluated.iter_mut().enumerate() {
            match i % 3 {
                0 => one.costs = Some(vec![f64::INFINITY, f64::NAN]),
                1 => one.violation = 1.0 + i as f64,
                _ => one.costs = None,
            }
        }
        generator.learn(&evaluated);
        generator.learn(&[]);
        let (state, journal) = (generator.state().to_string(), generator.journal());
        let state = serde_json::from_str(&state).unwrap();
        let expected: Vec<Crystal> =
            generator.propose(40, 20).unwrap().into_iter().map(|p| p.design).collect();
        generator.restore(&state).unwrap();
        journal.iter().for_each(|entry| generator.replay(entry).unwrap());
        let found: Vec<Crystal> = generator.propose(40, 20).unwrap().into_iter().map(|p| p.design).collect();
        assert_eq!(found, expected);
        assert_eq!(found.len(), 20);
    }
}

#[test]
fn our_breeder_conforms() {
    let space = space();
    for newcomers in [Newcomers::Random, Newcomers::Prototypes] {
        let breeder = CrystalBreeder::new(&space, newcomers, 0.05).unwrap();
        check_breeder("symmetry", &breeder, &space).unwrap();
    }
}

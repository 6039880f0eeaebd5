use std::collections::{BTreeMap, BTreeSet};

use druse_fitness::pareto::hypervolume;
use druse_representations::{Complex, Design, Element, Geometry};

use super::testing::ligands;
use super::*;
use crate::conformance::{check_breeder, check_generator};
use crate::registry::{COMPLEX_GENERATORS, complex_generator};
use crate::{Evaluated, Generator, GeneratorError, Genetic, GeneticOptions, Proposal, Selection};

fn metal(symbol: &str, states: &[i32]) -> (Element, Vec<i32>) {
    (symbol.parse().unwrap(), states.to_vec())
}

/// Square-planar Pd(II) with four of six ligands, charge -1 to 1.
fn palladium() -> ComplexSpace {
    ComplexSpace::new(
        [metal("Pd", &[2])],
        [Geometry::SquarePlanar],
        LigandPool::new(ligands("Cl Br NH3 PMe3 CN CO")),
    )
}

/// Several metals, polyhedra and denticities.
fn wide() -> ComplexSpace {
    ComplexSpace {
        charge: [-1, 2],
        spin: SpinRule::Any,
        ..ComplexSpace::new(
            [metal("Fe", &[2, 3]), metal("Co", &[2, 3]), metal("Ni", &[0, 2]), metal("Ru", &[2])],
            [Geometry::Tetrahedral, Geometry::SquarePlanar, Geometry::Octahedral],
            LigandPool::new(ligands("Cl Br NH3 H2O PMe3 CN CO py en acac bipy dppe benzene Cp")),
        )
    }
}

fn evolving() -> ComplexSpace {
    ComplexSpace {
        evolve: Some(LigandLimits { atoms: 40, ..LigandLimits::default() }),
        atoms: [1, 120],
        ..wide()
    }
}

/// Two costs that pull apart: mass, and the share of it that is carbon (negative).
fn light_and_organic(complex: &Complex) -> Vec<f64> {
    let composition = complex.composition();
    let carbon =
        composition.iter().filter(|(e, _)| e.symbol() == "C").map(|(e, n)| e.mass() * n).sum::<f64>();
    vec![composition.mass(), -carbon / composition.mass()]
}

fn evaluate(proposals: Vec<Proposal<Complex>>) -> Vec<Evaluated<Complex>> {
    proposals
        .into_iter()
        .map(|p| Evaluated {
            number: p.number,
            costs: Some(light_and_organic(&p.design)),
            design: p.design,
            violation: 0.0,
        })
        .collect()
}

#[test]
fn all_generators_conform() {
    let options = GeneticOptions { population: 12, initial: 16, ..GeneticOptions::default() };
    for (space, small) in [(palladium(), true), (wide(), false), (evolving(), false)] {
        for (name, _) in COMPLEX_GENERATORS.iter().filter(|(name, _)| small || *name != Exhaustive::NAME) {
            let mut generator = complex_generator(name, &space, 5, &options).unwrap();
            check_generator(generator.as_mut(), &space, &light_and_organic).unwrap();
        }
    }
}

#[test]
fn screened_generators_conform_and_find_the_front_sooner() {
    let plain = GeneticOptions { population: 12, initial: 12, ..GeneticOptions::default() };
    let screened = GeneticOptions { screen: 8, ..plain.clone() };
    for space in [palladium(), evolving()] {
        let mut generator = complex_generator("nsga2", &space, 5, &screened).unwrap();
        check_generator(generator.as_mut(), &space, &light_and_organic).unwrap();
    }
    // A quarter of the small space: costs that ligands add up to are what the surrogate can learn.
    let search = |options: &GeneticOptions| {
        let mut generator = complex_generator("nsga2", &palladium(), 3, options).unwrap();
        let mut costs = Vec::new();
        while costs.len() < 48 {
            let evaluated = evaluate(generator.propose(costs.len() as u64, 6).unwrap());
            costs.extend(evaluated.iter().filter_map(|one| one.costs.clone()));
            generator.learn(&evaluated);
        }
        costs
    };
    let (with, without) = (search(&screened), search(&plain));
    let worst = |goal: usize| with.iter().chain(&without).map(|costs| costs[goal]).fold(f64::MIN, f64::max);
    let reference = [worst(0), worst(1)];
    assert!(hypervolume(&with, &reference) >= hypervolume(&without, &reference));
}

#[test]
fn constraints_hold_over_many_proposals_and_operators_are_used() {
    let space = ComplexSpace {
        electrons: vec![16, 18],
        denticities: vec![1, 2],
        donors: ["N", "C", "P", "Cl", "O"].map(|s| s.parse().unwrap()).to_vec(),
        required: vec!["bipy".into()],
        most_distinct: 3,
        ..evolving()
    };
    let breeder = ComplexBreeder::new(&space, Variation::Single).unwrap();
    let mut generator = Genetic::new(Selection::Nsga2, breeder, 7, GeneticOptions::default());
    let (mut operators, mut ids, mut evolved) = (BTreeMap::new(), BTreeSet::new(), 0);
    for batch in 0..30 {
        let proposals = generator.propose(50 * batch, 50).unwrap();
        assert_eq!(proposals.len(), 50);
        for proposal in &proposals {
            space.check_complex(&proposal.design).unwrap();
            assert!(ids.insert(proposal.design.content_id()));
            assert!(proposal.design.ligands.iter().any(|placed| placed.ligand.name == "bipy"));
            assert!([16, 18].contains(&valence_electrons(&proposal.design)));
            let new = |l: &druse_representations::PlacedLigand| l.ligand.name.contains('~');
            evolved += usize::from(proposal.design.ligands.iter().any(new));
            *operators.entry(proposal.lineage.operator.clone()).or_insert(0) += 1;
        }
        generator.learn(&evaluate(proposals));
    }
    assert_eq!(generator.violations(), 0);
    assert_eq!(generator.sizes(), (40, 0));
    assert!(evolved > 200, "{evolved}");
    for name in ["random", "metal", "similar", "replace", "mix", "evolve", "splice", "geometry"] {
        assert!(operators.get(name).is_some_and(|&count| count >= 10), "{name}: {operators:?}");
    }
}

#[test]
fn isomers_are_explored() {
    let breeder = ComplexBreeder::new(&wide(), Variation::Single).unwrap();
    let mut generator = Genetic::new(Selection::Nsga3, breeder, 1, GeneticOptions::default());
    let mut operators = BTreeMap::new();
    for batch in 0..20 {
        let proposals = generator.propose(50 * batch, 50).unwrap();
        for proposal in &proposals {
            *operators.entry(proposal.lineage.operator.clone()).or_insert(0) += 1;
        }
        generator.learn(&evaluate(proposals));
    }
    for name in ["isomer", "exchange", "oxidation", "spin", "graft"] {
        assert!(operators.get(name).is_some_and(|&count| count >= 5), "{name}: {operators:?}");
    }
}

/// All complexes of a small space with their costs, found by placing ligands in every way.
fn table(space: &ComplexSpace) -> BTreeMap<String, Vec<f64>> {
    let pool: Vec<_> = space.ligands.ligands().cloned().collect();
    let mut table = BTreeMap::new();
    for code in 0..pool.len().pow(4) {
        let ligands: Vec<_> =
            (0..4).map(|site| pool[code / pool.len().pow(site) % pool.len()].clone()).collect();
        let placed = ligands
            .into_iter()
            .enumerate()
            .map(|(site, ligand)| druse_representations::PlacedLigand { ligand, sites: vec![site] })
            .collect();
        let complex = Complex::new("Pd".parse().unwrap(), 2, 1, Geometry::SquarePlanar, placed).unwrap();
        if space.check_complex(&complex).is_ok() {
            table.insert(complex.content_id(), light_and_organic(&complex));
        }
    }
    table
}

/// Distinct evaluations until the front has this share of the hypervolume of the whole table, or all.
fn effort(name: &str, seed: u64, table: &BTreeMap<String, Vec<f64>>, share: f64) -> usize {
    let reference = [600.0, 0.0];
    let whole = hypervolume(&table.values().cloned().collect::<Vec<_>>(), &reference);
    let options = GeneticOptions { population: 12, initial: 12, ..GeneticOptions::default() };
    let mut generator = complex_generator(name, &palladium(), seed, &options).unwrap();
    let mut found: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    while let Ok(proposals) = generator.propose(found.len() as u64, 6) {
        for proposal in &proposals {
            let id = proposal.design.content_id();
            let costs = table.get(&id).expect("proposals stay within the table").clone();
            assert!(found.insert(id, costs).is_none());
        }
        if hypervolume(&found.values().cloned().collect::<Vec<_>>(), &reference) >= share * whole {
            break;
        }
        generator.learn(&evaluate(proposals));
    }
    found.len()
}

#[test]
fn a_small_space_is_searched_faster_than_at_random_and_used_up() {
    let space = palladium();
    let table = table(&space);
    // Burnside: n ligands on a square make (n^4 + 2 n^3 + 3 n^2 + 2 n) / 8 complexes, 231 of 6; those
    // of neutral or of anionic ligands alone, 21 each, have forbidden charges.
    assert_eq!(table.len(), 231 - 2 * 21);
    let total = |name: &str| -> usize { (0..5).map(|seed| effort(name, seed, &table, 0.98)).sum() };
    let efforts: Vec<(&str, usize)> =
        COMPLEX_GENERATORS.iter().map(|&(name, _)| (name, total(name))).collect();
    println!("{} complexes, evaluations over 5 seeds: {efforts:?}", table.len());
    let of = |name: &str| efforts.iter().find(|(other, _)| *other == name).unwrap().1;
    assert!(of("nsga2") < of("random") && of("nsga3") < of("random"), "{efforts:?}");
    for name in ["random", "nsga2", "pl_moga"] {
        let mut generator = complex_generator(name, &space, 1, &GeneticOptions::default()).unwrap();
        let mut ids = BTreeSet::new();
        let error = loop {
            match generator.propose(ids.len() as u64, 40) {
                Ok(proposals) => {
                    ids.extend(proposals.iter().map(|proposal| proposal.design.content_id()));
                    generator.learn(&evaluate(proposals));
                }
                Err(error) => break error,
            }
        };
        assert!(matches!(error, GeneratorError::Impossible { .. }), "{error}");
        assert_eq!(ids.len(), table.len(), "{name}");
    }
}

#[test]
fn contradictions_are_named() {
    let make = |space: ComplexSpace| ComplexBreeder::new(&space, Variation::Single).map(|_| ()).unwrap_err();
    let good = palladium;
    assert_eq!(make(ComplexSpace { metals: vec![], ..good() }), ComplexSpaceError::NoMetals);
    let bad = ComplexSpace { metals: vec![metal("Na", &[1])], ..good() };
    assert!(matches!(make(bad), ComplexSpaceError::NotATransitionMetal(_)));
    let bad = ComplexSpace { metals: vec![metal("Pd", &[])], ..good() };
    assert!(matches!(make(bad), ComplexSpaceError::OxidationStates { .. }));
    assert_eq!(make(ComplexSpace { geometries: vec![], ..good() }), ComplexSpaceError::NoGeometries);
    assert_eq!(make(ComplexSpace { charge: [1, 0], ..good() }), ComplexSpaceError::BadCharges([1, 0]));
    assert_eq!(make(ComplexSpace { atoms: [9, 8], ..good() }), ComplexSpaceError::BadAtoms([9, 8]));
    let bad = ComplexSpace { denticities: vec![3], ..good() };
    assert_eq!(make(bad), ComplexSpaceError::NoLigands { pool: 6 });
    let bad = ComplexSpace { required: vec!["en".into()], ..good() };
    assert_eq!(make(bad), ComplexSpaceError::RequiredNotAllowed("en".into()));
    let bad = ComplexSpace { required: vec!["Cl".into(), "Br".into()], most_distinct: 1, ..good() };
    assert!(matches!(make(bad), ComplexSpaceError::TooFewDistinct { .. }));
    let error = make(ComplexSpace { charge: [3, 5], ..good() });
    assert!(error.to_string().contains("a charge from 3 to 5"), "{error}");
    let error = make(ComplexSpace { electrons: vec![18], ..good() });
    assert!(error.to_string().contains("[18] valence electrons"), "{error}");
}

#[test]
fn violations_are_found() {
    let space = wide();
    let breeder = ComplexBreeder::new(&space, Variation::Single).unwrap();
    let mut generator = crate::Unguided::new("random", breeder, 3);
    let complexes: Vec<Complex> = generator.propose(0, 40).unwrap().into_iter().map(|p| p.design).collect();
    let complex = complexes.iter().find(|complex| complex.ligands.len() > 2).unwrap();
    let check = |space: ComplexSpace| space.check_complex(complex).unwrap_err();
    assert_eq!(space.check_complex(complex), Ok(()));
    assert!(matches!(check(ComplexSpace { metals: vec![], ..wide() }), ComplexViolation::Metal(_)));
    assert!(matches!(check(ComplexSpace { geometries: vec![], ..wide() }), ComplexViolation::Geometry(_)));
    assert!(matches!(check(ComplexSpace { atoms: [1, 2], ..wide() }), ComplexViolation::AtomCount { .. }));
    assert!(matches!(check(ComplexSpace { charge: [9, 9], ..wide() }), ComplexViolation::Charge { .. }));
    assert!(matches!(
        check(ComplexSpace { electrons: vec![1], ..wide() }),
        ComplexViolation::Electrons { .. }
    ));
    assert!(matches!(check(ComplexSpace { most_distinct: 0, ..wide() }), ComplexViolation::Distinct { .. }));
    let pool = LigandPool::new(ligands("OMe2"));
    assert!(matches!(check(ComplexSpace { ligands: pool, ..wide() }), ComplexViolation::UnknownLigand(_)));
    let mut wrong = complex.clone();
    wrong.multiplicity += 1;
    assert!(matches!(space.check_complex(&wrong), Err(ComplexViolation::Impossible(_))));
    wrong.ligands.pop();
    assert!(matches!(space.check_complex(&wrong), Err(ComplexViolation::Impossible(_))));
}

#[test]
fn evaluated_complexes_of_others_are_learnt_from() {
    let space = wide();
    let breeder = || ComplexBreeder::new(&space, Variation::Single).unwrap();
    let mut other = crate::Unguided::new("random", breeder(), 11);
    let mut generator = Genetic::new(
        Selection::Nsga2,
        breeder(),
        12,
        GeneticOptions { initial: 0, ..GeneticOptions::default() },
    );
    let mut evaluated = evaluate(other.propose(0, 40).unwrap());
    // Another numbering of the donors and other positions are no obstacle.
    for placed in evaluated.iter_mut().flat_map(|one| &mut one.design.ligands) {
        placed.ligand.donors.reverse();
        placed.sites.reverse();
    }
    generator.learn(&evaluated);
    let proposals = generator.propose(40, 40).unwrap();
    assert!(proposals.iter().filter(|p| !p.lineage.parents.is_empty()).count() > 20);
    for proposal in proposals {
        space.check_complex(&proposal.design).unwrap();
    }
}

#[test]
fn parents_from_outside_the_space_do_no_harm() {
    let breeder = |space: &ComplexSpace| ComplexBreeder::new(space, Variation::Single).unwrap();
    let mut evaluated = evaluate(crate::Unguided::new("random", breeder(&wide()), 4).propose(0, 60).unwrap());
    evaluated[0].design.ligands.clear();
    let narrow = ComplexSpace {
        metals: vec![metal("Fe", &[2]), metal("Co", &[3])],
        geometries: vec![Geometry::Octahedral],
        ligands: LigandPool::new(ligands("NH3 CN bipy en Cl")),
        ..evolving()
    };
    let options = GeneticOptions { initial: 0, newcomers: 0.0, ..GeneticOptions::default() };
    let mut generator = Genetic::new(Selection::PlMoga, breeder(&narrow), 5, options);
    generator.learn(&evaluated);
    for proposal in generator.propose(60, 60).unwrap() {
        narrow.check_complex(&proposal.design).unwrap();
    }
    assert_eq!(generator.violations(), 0);
}

#[test]
fn our_breeder_conforms() {
    let space = evolving();
    let breeder = ComplexBreeder::new(&space, Variation::Single).unwrap();
    check_breeder("ligand_graph", &breeder, &space).unwrap();
}

use std::collections::BTreeSet;

use druse_datasets::ligands::builtin_ligands;
use petgraph::graph::NodeIndex;

use super::*;
use crate::complexes::testing::{ligand, ligands};
use crate::stream::stream;

const NAMES: &str = "NH3 PMe3 PEt3 OMe2 py en acac bipy dppe benzene Cp CN Cl";

fn pattern(ligand: &Ligand) -> Vec<Vec<&'static str>> {
    let symbol = |&atom: &usize| ligand.graph[NodeIndex::new(atom)].element.symbol();
    ligand.donors.iter().map(|donor| donor.iter().map(symbol).collect()).collect()
}

/// Each chain of mutations starts from a known ligand and goes on from what became of it.
#[test]
fn a_thousand_mutations_keep_donors_charge_and_valence() {
    let limits = LigandLimits { atoms: 60, ..LigandLimits::default() };
    let (mut done, mut keys) = (0, BTreeSet::new());
    for (start, original) in ligands(NAMES).into_iter().enumerate() {
        let mut part = Part::new(original.clone());
        for step in 0..120 {
            let mut rng = stream(start as u64, step);
            let Some(next) = mutate(&part, &limits, &mut rng) else {
                part = Part::new(original.clone());
                continue;
            };
            done += 1;
            assert_eq!(pattern(&next.ligand), pattern(&original), "{}", original.name);
            assert_eq!(next.ligand.charge(), original.charge());
            assert_eq!(next.angles, part.angles);
            assert!(next.atoms() <= 60);
            assert_ne!(next.key, part.key);
            next.ligand.check().unwrap();
            next.ligand.check_valence().unwrap();
            keys.insert(next.key.clone());
            part = next;
        }
    }
    assert!(done >= 1000 && keys.len() >= 600, "{done} {}", keys.len());
}

#[test]
fn ligands_that_come_with_druse_evolve() {
    let limits = LigandLimits::default();
    let mut unchanged = Vec::new();
    for (start, builtin) in builtin_ligands().iter().enumerate() {
        let part = Part::new(builtin.ligand());
        let children: Vec<Part> =
            (0..4).filter_map(|step| mutate(&part, &limits, &mut stream(start as u64, step))).collect();
        for child in &children {
            assert_eq!(pattern(&child.ligand), pattern(&part.ligand), "{}", part.ligand.name);
            assert_eq!(child.charge, part.charge);
            child.ligand.check_valence().unwrap();
        }
        if children.is_empty() {
            unchanged.push(part.ligand.name);
        }
    }
    // Those without a C-H bond, a chain or a substituent.
    println!("{} of {} do not evolve: {unchanged:?}", unchanged.len(), builtin_ligands().len());
    assert!(2 * unchanged.len() < builtin_ligands().len(), "{unchanged:?}");
}

#[test]
fn crossover_keeps_donors_charge_and_valence() {
    let limits = LigandLimits::default();
    let parts: Vec<Part> = ["PMe3", "PEt3", "dppe"].map(|name| Part::new(ligand(name))).into();
    let mut keys = BTreeSet::new();
    for number in 0..200 {
        let (a, b) = (&parts[number % 3], &parts[(number / 3) % 3]);
        let Some(child) = cross(a, b, &limits, &mut stream(9, number as u64)) else { continue };
        assert_eq!(pattern(&child.ligand), pattern(&a.ligand));
        assert_eq!(child.charge, a.charge);
        child.ligand.check_valence().unwrap();
        keys.insert(child.key);
    }
    assert!(keys.len() >= 4, "{keys:?}");
}

#[test]
fn what_cannot_change_says_so() {
    for name in ["Cl", "CN", "CO", "NH3"] {
        let part = Part::new(ligand(name));
        assert!(mutate(&part, &LigandLimits::default(), &mut stream(0, 0)).is_none(), "{name}");
    }
    let part = Part::new(ligand("py"));
    let limits = LigandLimits { elements: vec!["C".parse().unwrap()], ..LigandLimits::default() };
    assert!(mutate(&part, &limits, &mut stream(0, 0)).is_none());
}

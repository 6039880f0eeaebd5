//! Groups for splits that leak nothing from training into test sets.

use std::collections::BTreeMap;

use druse_datasets::split::prototype_of;
use druse_representations::Crystal;
use rayon::prelude::*;

use super::unique::{Groups, Member};
use crate::matching::{Matcher, Pattern};

/// For every crystal the name of the group that must stay in one part of a split: the same composition
/// (and with it all duplicates and polymorphs), or variants of one solid solution by `disorder`, or,
/// with a tolerance for their symmetry (Å), the same structure type whatever the elements. Groups are
/// connected components and named by their first formula, so they do not depend on the order.
pub fn leak_free_groups(
    crystals: &[&Crystal],
    disorder: &dyn Matcher,
    prototypes: Option<f64>,
) -> Vec<String> {
    let formulas: Vec<String> =
        crystals.par_iter().map(|crystal| crystal.composition().reduced_formula()).collect();
    let members: Vec<Option<Member>> = crystals
        .par_iter()
        .map(|crystal| {
            let pattern = Pattern::of(crystal).ok()?;
            Some(Member { pattern, composition: crystal.composition() })
        })
        .collect();
    let variants = Groups::of(&members, disorder).first;
    let types: Vec<Option<String>> = match prototypes {
        None => vec![None; crystals.len()],
        Some(symprec) => crystals.par_iter().map(|crystal| prototype_of(crystal, symprec).ok()).collect(),
    };
    // Groups are joined through what their members have in common.
    let mut joined = Joined::new(crystals.len());
    let mut of_formula = BTreeMap::new();
    let mut of_variant = BTreeMap::new();
    let mut of_type = BTreeMap::new();
    for (number, formula) in formulas.iter().enumerate() {
        joined.join(number, *of_formula.entry(formula).or_insert(number));
        if let Some(variant) = variants[number] {
            joined.join(number, *of_variant.entry(variant).or_insert(number));
        }
        if let Some(kind) = &types[number] {
            joined.join(number, *of_type.entry(kind).or_insert(number));
        }
    }
    let roots: Vec<usize> = (0..crystals.len()).map(|number| joined.root(number)).collect();
    let mut names: BTreeMap<usize, &String> = BTreeMap::new();
    for (root, formula) in roots.iter().zip(&formulas) {
        let name = names.entry(*root).or_insert(formula);
        *name = (*name).min(formula);
    }
    roots.iter().map(|root| names[root].clone()).collect()
}

/// Sets that grow together (union-find).
struct Joined(Vec<usize>);

impl Joined {
    fn new(count: usize) -> Self {
        Self((0..count).collect())
    }

    fn root(&mut self, mut number: usize) -> usize {
        while self.0[number] != number {
            self.0[number] = self.0[self.0[number]];
            number = self.0[number];
        }
        number
    }

    fn join(&mut self, x: usize, y: usize) {
        let (x, y) = (self.root(x), self.root(y));
        self.0[x.max(y)] = x.min(y);
    }
}

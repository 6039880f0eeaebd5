//! Chemical systems with their pairs of elements, from files of experimental crystals.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use druse_fitness::objectives::disorder::{Pair, like_pairs};
use druse_representations::io::{ReadError, read_path};
use druse_representations::{Crystal, Element};

/// Occupancies up to this are traces that a refinement leaves.
const TRACE: f64 = 0.01;

/// A chemical system.
#[derive(Default)]
pub struct System {
    /// Its pairs, and whether they share a site in one of its crystals; features as in the first crystal.
    pub pairs: Vec<(Pair, bool)>,
    /// Whether any two elements share a site.
    pub shares: bool,
    /// Which of the paths it comes from.
    pub sources: BTreeSet<usize>,
}

/// Pairs of elements that share a site, the one of smaller atomic number first.
fn sharing(crystal: &Crystal) -> BTreeSet<[Element; 2]> {
    let mut found = BTreeSet::new();
    for site in &crystal.sites {
        let here: BTreeSet<Element> =
            site.occupants.iter().filter(|o| o.occupancy > TRACE).map(|o| o.element).collect();
        for &first in &here {
            found.extend(here.range(first..).skip(1).map(|&second| [first, second]));
        }
    }
    found
}

/// All systems by name; says what is left out.
pub fn read(paths: &[PathBuf]) -> Result<BTreeMap<String, System>, ReadError> {
    let mut systems: BTreeMap<String, System> = BTreeMap::new();
    let mut left_out: BTreeMap<String, usize> = BTreeMap::new();
    let (mut crystals, mut unlike) = (0, 0);
    for (source, path) in paths.iter().enumerate() {
        for record in read_path(path)? {
            let Ok(record) = record else {
                *left_out.entry("no crystal".to_owned()).or_default() += 1;
                continue;
            };
            crystals += 1;
            let composition = record.crystal.composition();
            let pairs = match like_pairs(&composition) {
                Ok(pairs) => pairs,
                Err(reason) => {
                    *left_out.entry(reason.to_string()).or_default() += 1;
                    continue;
                }
            };
            let sharing = sharing(&record.crystal);
            let is_like = |elements: &&[Element; 2]| pairs.iter().any(|pair| pair.elements == **elements);
            unlike += sharing.iter().filter(|elements| !is_like(elements)).count();
            let system = systems.entry(composition.chemical_system()).or_default();
            system.shares |= !sharing.is_empty();
            system.sources.insert(source);
            for pair in pairs {
                let shares = sharing.contains(&pair.elements);
                match system.pairs.iter_mut().find(|(known, _)| known.elements == pair.elements) {
                    Some((_, known)) => *known |= shares,
                    None => system.pairs.push((pair, shares)),
                }
            }
        }
    }
    let pairs: Vec<bool> = systems.values().flat_map(|s| s.pairs.iter().map(|(_, shares)| *shares)).collect();
    println!("{crystals} crystals in {} chemical systems", systems.len());
    println!("{} pairs, {} share a site", pairs.len(), pairs.iter().filter(|shares| **shares).count());
    println!("{unlike} pairs of unlike charge share a site");
    for (reason, count) in left_out {
        println!("left out: {count}, {reason}");
    }
    println!();
    Ok(systems)
}

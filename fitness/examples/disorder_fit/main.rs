//! Fits and tests the chance of substitutional disorder (`druse_fitness::objectives::disorder`).
//!
//! ```text
//! cargo run -p druse-fitness --no-default-features --example disorder_fit -- FILES…
//! ```
//!
//! FILES are experimental crystals, ordered and disordered: files, folders or archives. Every pair of elements of one
//! sign of charge is an example: it shares a site in some crystal of its chemical system, or in none. Each pair of a
//! system counts once, however many crystals of it there are, and so does each system as a whole. Everything but the last
//! lines is said by models that have not seen the chemical system, or no example of the pair of elements.

mod fit;
mod measures;
mod systems;

use std::error::Error;
use std::path::PathBuf;

use druse_fitness::objectives::disorder::{FEATURE_NAMES, FEATURES, Logistic, Pair, SHARES_A_SITE};

use fit::fitted;
use measures::print;
use systems::{System, read};

/// Parts of the cross-validation.
const FOLDS: u64 = 10;

/// A pair of elements of a chemical system, and whether they share a site.
struct Example<'a> {
    system: &'a str,
    pair: &'a Pair,
    shares: bool,
}

/// FNV-1a, for parts that do not depend on the order of files.
fn part(text: &str) -> u64 {
    let hash = text
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
    hash % FOLDS
}

fn of_system(example: &Example) -> u64 {
    part(example.system)
}

fn of_pair(example: &Example) -> u64 {
    part(&example.pair.elements.map(|element| element.symbol()).join("-"))
}

fn fit_of<'a>(examples: impl Iterator<Item = &'a Example<'a>>) -> Logistic<FEATURES> {
    fitted(&examples.map(|example| (example.pair.features, example.shares)).collect::<Vec<_>>())
}

/// Models that have not seen the examples of one part each.
fn held_out(examples: &[Example], part_of: fn(&Example) -> u64) -> Vec<Logistic<FEATURES>> {
    (0..FOLDS).map(|left_out| fit_of(examples.iter().filter(|e| part_of(e) != left_out))).collect()
}

fn main() -> Result<(), Box<dyn Error>> {
    let paths: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let systems = read(&paths)?;
    let examples: Vec<Example> = systems
        .iter()
        .flat_map(|(system, found)| {
            found.pairs.iter().map(move |(pair, shares)| Example { system, pair, shares: *shares })
        })
        .collect();

    for (name, part_of) in
        [("chemical systems", of_system as fn(&Example) -> u64), ("pairs of elements", of_pair)]
    {
        let models = held_out(&examples, part_of);
        let said = |keep: &dyn Fn(&Example) -> bool| -> Vec<(f64, bool)> {
            let kept = examples.iter().filter(|example| keep(example));
            kept.map(|e| (models[part_of(e) as usize].probability(&e.pair.features), e.shares)).collect()
        };
        print(&format!("pairs, {name} held out"), &said(&|_| true));
        let with_lithium = |e: &Example| e.pair.elements.iter().any(|element| element.symbol() == "Li");
        print("with lithium", &said(&with_lithium));
        print("without lithium", &said(&|e| !with_lithium(e)));
    }

    let models = held_out(&examples, of_system);
    let chance = |(name, system): (&String, &System)| {
        let model = &models[part(name) as usize];
        1.0 - system.pairs.iter().map(|(pair, _)| 1.0 - model.probability(&pair.features)).product::<f64>()
    };
    let crystals = |keep: &dyn Fn(&System) -> bool| -> Vec<(f64, bool)> {
        let kept = systems.iter().filter(|(_, system)| !system.pairs.is_empty() && keep(system));
        kept.map(|entry| (chance(entry), entry.1.shares)).collect()
    };
    print("crystals, chemical systems held out", &crystals(&|_| true));
    print("with one pair", &crystals(&|system| system.pairs.len() == 1));
    for (index, path) in paths.iter().enumerate() {
        print(&format!("of {}", path.display()), &crystals(&|system| system.sources.contains(&index)));
    }
    let paired = systems.values().filter(|system| !system.pairs.is_empty());
    print(
        "by the number of pairs alone",
        &paired.map(|system| (system.pairs.len() as f64, system.shares)).collect::<Vec<_>>(),
    );
    let alone: Vec<&System> = systems.values().filter(|system| system.pairs.is_empty()).collect();
    let sharing = alone.iter().filter(|system| system.shares).count();
    println!("without pairs: {} systems, {sharing} share\n", alone.len());

    let model = fit_of(examples.iter());
    println!("intercept {:.6} (shipped {:.6})", model.intercept, SHARES_A_SITE.intercept);
    for (k, name) in FEATURE_NAMES.iter().enumerate() {
        println!("{name} {:.6} (shipped {:.6})", model.weights[k], SHARES_A_SITE.weights[k]);
    }
    Ok(())
}

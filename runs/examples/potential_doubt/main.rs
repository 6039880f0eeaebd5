//! Does the distance from known structures tell the errors of CHGNet?
//!
//! ```text
//! cargo run --release -p druse --example potential_doubt -- summarise structures.jsonl.gz 8000 2000 known_atoms.safetensors
//! cargo run --release -p druse --example potential_doubt -- measure structures.jsonl.gz labels.csv.gz known_atoms.safetensors \
//!     1200 500 measured.csv
//! ```
//!
//! `summarise` makes the summary of known atoms from the 8,000 structures whose ids have the smallest hashes, and scales it by the
//! 2,000 after them. `measure` takes structures with a label (column `e_hull`, eV/atom) from the end of that order, so that none is in
//! the summary: 1,200 as they are, against their labels, and 500 made strange in four ways, against SevenNet-l3i5. Every row goes into a
//! table; the figures are printed. What is compared with what stands in `samples.rs`.

mod figures;
mod samples;

use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;

use druse::datasets::import::join_columns;
use druse::fitness::Potential;
use druse::fitness::chgnet::{AtomFeatures, Chgnet, ChgnetKind};
use druse::fitness::training_distance::{KnownAtoms, Summary};
use druse::generators::breeding::fnv1a;
use druse::representations::Crystal;
use druse::representations::io::read_path;
use druse::representations::symmetry::CellSymmetry;
use rayon::prelude::*;
use serde_json::{Map, Value};

type Failure = Box<dyn Error>;

/// A structure and its energy above the hull by its label (eV/atom), if it has one.
struct Known {
    id: String,
    crystal: Crystal,
    label: Option<f64>,
}

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["summarise", structures, count, others, to] => {
            summarise(Path::new(structures), count.parse()?, others.parse()?, Path::new(to))
        }
        ["measure", structures, labels, summary, count, strange, to] => {
            let mut known = in_order(Path::new(structures))?;
            label(&mut known, Path::new(labels))?;
            known.retain(|one| one.label.is_some());
            known.reverse();
            let summary = KnownAtoms::from_bytes(&std::fs::read(summary)?)?;
            let judges = samples::Judges::open(summary)?;
            let samples = judges.samples(&known, count.parse()?, strange.parse()?);
            figures::write(&samples, Path::new(to))?;
            figures::print(&samples);
            Ok(())
        }
        _ => {
            Err("expected summarise STRUCTURES COUNT OTHERS TO, or measure STRUCTURES LABELS SUMMARY COUNT \
                  STRANGE TO"
                .into())
        }
    }
}

/// Ordered structures of a file by the hashes of their ids.
fn in_order(path: &Path) -> Result<Vec<Known>, Failure> {
    let records = read_path(path)?.into_iter().filter_map(Result::ok);
    let known = records.filter(|record| record.crystal.is_ordered());
    let mut known: Vec<Known> =
        known.map(|record| Known { id: record.id, crystal: record.crystal, label: None }).collect();
    known.sort_by_cached_key(|one| (fnv1a(one.id.as_bytes()), one.id.clone()));
    Ok(known)
}

fn label(known: &mut [Known], labels: &Path) -> Result<(), Failure> {
    let mut columns: Vec<Map<String, Value>> = vec![Map::new(); known.len()];
    let rows = known.iter().map(|one| one.id.as_str()).zip(&mut columns).collect();
    join_columns(rows, labels)?;
    for (one, columns) in known.iter_mut().zip(columns) {
        one.label = columns.get("e_hull").and_then(Value::as_f64);
    }
    Ok(())
}

fn summarise(structures: &Path, count: usize, others: usize, to: &Path) -> Result<(), Failure> {
    let chgnet = Chgnet::load(ChgnetKind::V030)?;
    let known = in_order(structures)?;
    let seen = |one: &Known| {
        let (exact, symmetry) = CellSymmetry::find(&one.crystal, 0.01);
        chgnet.atoms(&exact, &symmetry).ok()
    };
    let features: Vec<Option<Vec<AtomFeatures>>> =
        known[..(count + others).min(known.len())].par_iter().map(seen).collect();
    let (added, rest) = features.split_at(count.min(features.len()));
    let mut summary = Summary::default();
    added.iter().flatten().for_each(|atoms| summary.add(atoms));
    let rest: Vec<Vec<AtomFeatures>> = rest.iter().flatten().cloned().collect();
    std::fs::write(to, summary.finish(&rest, chgnet.weights_hash().unwrap_or_default())?)?;
    let atoms: BTreeMap<u8, usize> = summary.atoms();
    println!(
        "{} structures, {} atoms of {} elements (one of each orbit), at least {} of one element; scaled by {}",
        added.iter().flatten().count(),
        atoms.values().sum::<usize>(),
        atoms.len(),
        atoms.values().min().unwrap_or(&0),
        rest.len(),
    );
    Ok(())
}

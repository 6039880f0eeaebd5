//! Fits the atomic volumes of `generators/src/building/volumes.csv`.
//!
//! ```text
//! cargo run --release -p druse-generators --no-default-features --example fit_volumes -- \
//!     structures.jsonl labels.csv > volumes.csv
//! ```
//!
//! `structures.jsonl` has one `{"id", "cell", "species", ...}` a line, `labels.csv` the columns
//! `id` and `e_hull` (eV/atom). Structures within 0.05 eV/atom of the hull are used. The volume of
//! a cell is modelled as the sum of volumes of its atoms, one number per element in compounds with
//! a non-metal and one without, by least absolute relative errors (iteratively reweighted).

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::io::{BufRead, BufReader};

use druse_generators::crystals::building::has_anion_former;
use druse_representations::{Element, Lattice};
use nalgebra::{DMatrix, DVector};

#[derive(serde::Deserialize)]
struct Row {
    id: String,
    cell: [f64; 6],
    species: Vec<Element>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, structures, labels] = &arguments[..] else {
        return Err("usage: fit_volumes STRUCTURES.jsonl LABELS.csv".into());
    };
    let labels = std::fs::read_to_string(labels)?;
    let mut lines = labels.lines();
    let columns: Vec<&str> = lines.next().ok_or("labels are empty")?.split(',').collect();
    let column = |name: &str| columns.iter().position(|c| *c == name).ok_or(format!("no column {name}"));
    let (id, hull) = (column("id")?, column("e_hull")?);
    let near: BTreeSet<&str> = lines
        .filter_map(|line| {
            let cells: Vec<&str> = line.split(',').collect();
            (cells.get(hull)?.parse::<f64>().ok()? < 0.05).then_some(*cells.get(id)?)
        })
        .collect();

    // Rows of relative contributions: sum over n_k v_k / V = 1.
    let mut samples: Vec<BTreeMap<(Element, bool), f64>> = Vec::new();
    for line in BufReader::new(std::fs::File::open(structures)?).lines() {
        let row: Row = serde_json::from_str(&line?)?;
        if !near.contains(row.id.as_str()) {
            continue;
        }
        let volume = Lattice::from_parameters(row.cell)?.volume();
        let ionic = has_anion_former(row.species.iter().copied());
        let mut sample = BTreeMap::new();
        for &element in &row.species {
            *sample.entry((element, ionic)).or_insert(0.0) += 1.0 / volume;
        }
        samples.push(sample);
    }
    let keys: Vec<(Element, bool)> =
        samples.iter().flat_map(|s| s.keys().copied()).collect::<BTreeSet<_>>().into_iter().collect();
    let place: BTreeMap<_, _> = keys.iter().enumerate().map(|(i, key)| (*key, i)).collect();
    let mut weights = vec![1.0; samples.len()];
    let mut volumes = DVector::zeros(keys.len());
    let mut errors = Vec::new();
    for _ in 0..50 {
        let mut normal = DMatrix::<f64>::identity(keys.len(), keys.len()) * 1e-6;
        let mut right = DVector::zeros(keys.len());
        for (sample, weight) in samples.iter().zip(&weights) {
            for (key, x) in sample {
                right[place[key]] += weight * x;
                for (other, y) in sample {
                    normal[(place[key], place[other])] += weight * x * y;
                }
            }
        }
        volumes = normal.cholesky().ok_or("singular normal equations")?.solve(&right);
        errors = samples
            .iter()
            .map(|s| (s.iter().map(|(key, x)| x * volumes[place[key]]).sum::<f64>() - 1.0).abs())
            .collect();
        weights = errors.iter().map(|error| 1.0 / error.max(0.03)).collect();
    }
    errors.sort_by(f64::total_cmp);
    let quantile = |q: f64| errors[((errors.len() - 1) as f64 * q) as usize];
    eprintln!("{} structures, median error {:.4}, 90 % {:.4}", samples.len(), quantile(0.5), quantile(0.9));
    println!("element,ionic,metallic");
    for element in Element::all() {
        let text = |ionic| {
            place.get(&(element, ionic)).map_or(String::new(), |&i| format!("{:.2}", volumes[i].max(1.0)))
        };
        if place.contains_key(&(element, true)) || place.contains_key(&(element, false)) {
            println!("{element},{},{}", text(true), text(false));
        }
    }
    Ok(())
}

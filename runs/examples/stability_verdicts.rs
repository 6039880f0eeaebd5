//! What verdicts of stability are worth: energies above hull of known structures against labels, for potentials alone and for a
//! funnel of two.
//!
//! ```text
//! cargo run --release -p druse --example stability_verdicts -- structures.jsonl.gz labels.csv.gz 2400 \
//!     chgnet-0.3.0=shipped sevennet-l3i5=reference_sevennet_l3i5.csv.gz
//! ```
//!
//! Structures are drawn by a hash of their ids among those with a label in the column `e_hull` (eV/atom). Each is relaxed by every
//! potential and placed on the hull of that potential's own reference energies, its own entry left out, as a candidate that nobody
//! knows would be. Verdict and label are "stable" at or below a limit. The funnel asks the last potential where the first one finds
//! at most [`PASSED`] above the hull, from the first one's relaxed structure, and keeps the first one's verdict elsewhere.
//! Energies below the hull count as 0 in errors, for labels cannot be negative.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;

use druse::datasets::import::join_columns;
use druse::datasets::reference::ReferenceTable;
use druse::fitness::Potential;
use druse::fitness::cpu::thread_seconds;
use druse::fitness::hull::{Exclude, PhaseDiagram};
use druse::fitness::potentials::load;
use druse::fitness::relax::{RelaxOptions, relax};
use druse::generators::breeding::fnv1a;
use druse::representations::Crystal;
use druse::representations::io::read_path;
use rayon::prelude::*;
use serde_json::{Map, Value};

/// What the first potential may find (eV/atom) for the funnel to ask the second.
const PASSED: f64 = 0.15;
/// Limits (eV/atom) of stability.
const LIMITS: [f64; 2] = [0.0, 0.1];
/// Energies this near the hull (eV/atom) are on it.
const ON_HULL: f64 = 1e-4;

type Failure = Box<dyn Error>;

/// A potential with the hull of its own energies.
struct Judge {
    potential: Box<dyn Potential>,
    diagram: PhaseDiagram,
}

/// What a judge says of one structure.
struct Judged {
    above_hull: f64,
    relaxed: Crystal,
    seconds: f64,
}

struct Labelled {
    id: String,
    crystal: Crystal,
    label: f64,
}

impl Judge {
    fn open(name: &str, table: &str) -> Result<Self, Failure> {
        let potential = load(name, "cpu")?;
        let read;
        let table = if table == "shipped" {
            ReferenceTable::shipped().ok_or("nothing is shipped")?
        } else {
            read = ReferenceTable::read(Path::new(table))?;
            &read
        };
        let header = table.header();
        if !potential.computed(header) {
            return Err(format!("energies of {}, expected {}", header.model, potential.hull_name()).into());
        }
        let entries = table.rows().map(|row| row.entry()).collect::<Result<Vec<_>, _>>()?;
        Ok(Self { potential, diagram: PhaseDiagram::from_computed(&entries)? })
    }

    fn judge(&self, id: &str, crystal: &Crystal) -> Option<Judged> {
        let start = thread_seconds();
        let options = RelaxOptions { fmax: 0.05, steps: 300, ..RelaxOptions::default() };
        let done = relax(self.potential.as_ref(), &[crystal], &options).pop()?;
        let relaxed = done.verdict.is_usable().then_some(done.crystal)?;
        let energy = self.potential.hull_energy(&relaxed, done.prediction?.energy);
        let per_atom = energy / relaxed.sites.len() as f64;
        let composition = relaxed.composition();
        let place = self.diagram.energy_above_hull(&composition, per_atom, Exclude::Entry(id)).ok()?;
        Some(Judged { above_hull: place.energy_above_hull, relaxed, seconds: thread_seconds() - start })
    }
}

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [structures, labels, count, first, second] = &arguments[..] else {
        return Err("expected STRUCTURES LABELS COUNT MODEL=REFERENCE MODEL=REFERENCE".into());
    };
    let open = |text: &str| {
        let (name, table) = text.split_once('=').ok_or("expected MODEL=REFERENCE")?;
        Judge::open(name, table)
    };
    let judges = [open(first)?, open(second)?];
    let chosen = choose(Path::new(structures), Path::new(labels), count.parse()?)?;
    println!("{} structures with labels, {} stable at 0", chosen.len(), stable(&chosen, 0.0));

    let verdicts: Vec<[Option<Judged>; 3]> = chosen
        .par_iter()
        .map(|one| {
            let [first, second] = [0, 1].map(|k| judges[k].judge(&one.id, &one.crystal));
            let funnel = first.as_ref().map(|cheap| {
                let again = (cheap.above_hull <= PASSED).then(|| judges[1].judge(&one.id, &cheap.relaxed));
                match again.flatten() {
                    Some(fine) => Judged { seconds: fine.seconds + cheap.seconds, ..fine },
                    None => Judged {
                        above_hull: cheap.above_hull,
                        relaxed: cheap.relaxed.clone(),
                        seconds: cheap.seconds,
                    },
                }
            });
            [first, second, funnel]
        })
        .collect();
    let names =
        [judges[0].potential.hull_name(), judges[1].potential.hull_name(), "funnel of both".to_owned()];
    for (place, name) in names.iter().enumerate() {
        report(name, &chosen, verdicts.iter().map(|all| all[place].as_ref()).collect());
    }
    Ok(())
}

fn stable(chosen: &[Labelled], limit: f64) -> usize {
    chosen.iter().filter(|one| one.label <= limit + ON_HULL).count()
}

fn choose(structures: &Path, labels: &Path, count: usize) -> Result<Vec<Labelled>, Failure> {
    let mut records: BTreeMap<u64, _> = read_path(structures)?
        .into_iter()
        .filter_map(Result::ok)
        .filter(|record| record.crystal.is_ordered())
        .map(|record| (fnv1a(record.id.as_bytes()), record))
        .collect();
    let mut columns: Vec<(String, Map<String, Value>)> =
        records.values().map(|record| (record.id.clone(), Map::new())).collect();
    join_columns(columns.iter_mut().map(|(id, columns)| (id.as_str(), columns)).collect(), labels)?;
    let labels: BTreeMap<String, f64> = columns
        .into_iter()
        .filter_map(|(id, columns)| Some((id, columns.get("e_hull")?.as_f64()?)))
        .collect();
    records.retain(|_, record| labels.contains_key(&record.id));
    let chosen = records.into_values().take(count);
    Ok(chosen
        .map(|record| Labelled { label: labels[&record.id], id: record.id, crystal: record.crystal })
        .collect())
}

fn report(name: &str, chosen: &[Labelled], verdicts: Vec<Option<&Judged>>) {
    let pairs: Vec<(f64, &Judged)> =
        chosen.iter().zip(verdicts).filter_map(|(one, verdict)| Some((one.label, verdict?))).collect();
    let n = pairs.len() as f64;
    let mean = |of: &dyn Fn(&(f64, &Judged)) -> f64| pairs.iter().map(of).sum::<f64>() / n;
    let error = |pair: &(f64, &Judged)| pair.1.above_hull.max(0.0) - pair.0;
    println!(
        "\n{name}: {} judged, mean absolute error {:.1} meV/atom, mean error {:+.1}, {:.3} CPU s each",
        pairs.len(),
        1e3 * mean(&|pair| error(pair).abs()),
        1e3 * mean(&error),
        mean(&|pair| pair.1.seconds),
    );
    for limit in LIMITS {
        let count = |found: bool, labelled: bool| {
            let is = |energy: f64| energy <= limit + ON_HULL;
            pairs.iter().filter(|(label, v)| is(*label) == labelled && is(v.above_hull) == found).count()
                as f64
        };
        let (hits, false_alarms, misses) = (count(true, true), count(true, false), count(false, true));
        let (precision, recall) = (hits / (hits + false_alarms), hits / (hits + misses));
        println!(
            "  at {limit:.1} eV/atom: precision {:.3}, recall {:.3}, F1 {:.3}",
            precision,
            recall,
            2.0 * precision * recall / (precision + recall),
        );
    }
}

//! Speed of comparing crystals as pymatgen does, beside pymatgen when it is there.
//!
//! ```text
//! DRUSE_PEER_PYTHON=python3 cargo bench -p druse-validation --bench matching
//! ```
//!
//! `DRUSE_PEER_PYTHON` is a Python with `pymatgen==2026.10.24`; without it only our own figures are
//! printed. The pairs are every 18th of the labelled pairs of the development data
//! (`../shared/data/novelty` or `$DRUSE_SHARED_DATA/novelty`); without them each shipped structure type
//! stands beside a shaken copy of itself. Same pairs on both sides, CPU time of one thread.

#[path = "../tests/labelled/mod.rs"]
mod labelled;

use std::hint::black_box;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use druse_datasets::prototypes::prototypes;
use druse_representations::{Crystal, Representation, SymmetryRepresentation};
use druse_validation::matching::{Pattern, Pymatgen};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};

/// Least CPU time of a measurement (s).
const SECONDS: f64 = 1.0;
/// One of so many labelled pairs is taken.
const STRIDE: usize = 18;

struct Rates {
    reduction: f64,
    kernel: f64,
    cold: f64,
    distance: f64,
}

fn main() {
    let (source, pairs) = pairs();
    println!("{} pairs: {source}", pairs.len());
    let ours = ours(&pairs);
    let peer = std::env::var_os("DRUSE_PEER_PYTHON").map(|python| peer(Path::new(&python), &pairs));
    let theirs = match peer {
        Some(Ok(rates)) => Some(rates),
        Some(Err(reason)) => {
            println!("pymatgen could not be run: {reason}");
            None
        }
        None => {
            println!("pymatgen not run: set DRUSE_PEER_PYTHON to a Python that has it");
            None
        }
    };
    println!("{:<52}{:>12}{:>12}{:>8}", "per second of CPU time", "druse", "pymatgen", "ratio");
    print_row("reductions (Niggli and primitive cell)", &ours, theirs.as_ref(), |rates| rates.reduction);
    print_row("verdicts on reduced pairs (fit)", &ours, theirs.as_ref(), |rates| rates.kernel);
    print_row("verdicts with both reductions (fit, cold)", &ours, theirs.as_ref(), |rates| rates.cold);
    print_row("distances of reduced pairs (get_rms_dist)", &ours, theirs.as_ref(), |rates| rates.distance);
}

fn print_row(name: &str, ours: &Rates, theirs: Option<&Rates>, rate: impl Fn(&Rates) -> f64) {
    let [other, ratio] = theirs.map_or([String::new(), String::new()], |theirs| {
        [format!("{:.1}", rate(theirs)), format!("{:.0}", rate(ours) / rate(theirs))]
    });
    println!("{name:<52}{:>12.0}{other:>12}{ratio:>8}", rate(ours));
}

fn pairs() -> (&'static str, Vec<[Crystal; 2]>) {
    if let Some(data) = labelled::labelled() {
        let ids = data.pairs.iter().step_by(STRIDE).map(|pair| [&pair.first, &pair.second]);
        let pairs = ids.map(|pair| pair.map(|id| data.crystals[id].clone())).collect();
        return ("labelled pairs of the development data", pairs);
    }
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let pairs = prototypes().iter().filter_map(|prototype| {
        let crystal = SymmetryRepresentation::default().decode(&prototype.code()).ok()?;
        let mut shaken = crystal.clone();
        let lengths = shaken.lattice.lengths();
        for site in &mut shaken.sites {
            for (x, length) in site.frac.iter_mut().zip(lengths) {
                *x += rng.random_range(-0.1..0.1) / length;
            }
        }
        Some([crystal, shaken])
    });
    ("shipped structure types beside shaken copies (0.1 Å)", pairs.collect())
}

fn ours(pairs: &[[Crystal; 2]]) -> Rates {
    let matcher = Pymatgen::default();
    let prepare = |crystal: &Crystal| Pattern::of(black_box(crystal)).ok();
    let patterns: Vec<[Pattern; 2]> =
        pairs.iter().filter_map(|[x, y]| Some([prepare(x)?, prepare(y)?])).collect();
    Rates {
        reduction: 2.0 * rate(pairs, |[x, y]| (prepare(x), prepare(y))),
        kernel: rate(&patterns, |[x, y]| matcher.fit(x, y)),
        cold: rate(pairs, |[x, y]| Some(matcher.fit(&prepare(x)?, &prepare(y)?))),
        distance: rate(&patterns, |[x, y]| matcher.rms(x, y)),
    }
}

/// Items per second of CPU time.
fn rate<T, R>(items: &[T], work: impl Fn(&T) -> R) -> f64 {
    let start = cpu_seconds();
    let mut rounds = 0;
    loop {
        for item in items {
            black_box(work(item));
        }
        rounds += 1;
        let spent = cpu_seconds() - start;
        if spent >= SECONDS {
            return (rounds * items.len()) as f64 / spent;
        }
    }
}

/// CPU time of this thread where the system tells it (Linux), else the time that has passed.
fn cpu_seconds() -> f64 {
    let nanoseconds = std::fs::read_to_string("/proc/thread-self/schedstat")
        .ok()
        .and_then(|text| text.split_whitespace().next()?.parse::<f64>().ok());
    thread_local!(static START: Instant = Instant::now());
    nanoseconds.map_or_else(|| START.with(|start| start.elapsed().as_secs_f64()), |ns| ns * 1e-9)
}

fn peer(python: &Path, pairs: &[[Crystal; 2]]) -> Result<Rates, String> {
    let failed = |error: &dyn std::fmt::Display| format!("{}: {error}", python.display());
    let mut child = Command::new(python)
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("../benches/peers/matching.py"))
        .envs([("OMP_NUM_THREADS", "1"), ("OPENBLAS_NUM_THREADS", "1"), ("MKL_NUM_THREADS", "1")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| failed(&error))?;
    let mut input = child.stdin.take().ok_or_else(|| failed(&"no input"))?;
    for pair in pairs {
        let line = json!(pair.iter().map(structure).collect::<Vec<_>>());
        writeln!(input, "{line}").map_err(|error| failed(&error))?;
    }
    drop(input);
    let output = child.wait_with_output().map_err(|error| failed(&error))?;
    if !output.status.success() {
        return Err(failed(&output.status));
    }
    let rates: Value = serde_json::from_slice(&output.stdout).map_err(|error| failed(&error))?;
    let rate = |key: &str| rates[key].as_f64().ok_or_else(|| failed(&format!("no {key} in {rates}")));
    Ok(Rates {
        reduction: rate("reduction")?,
        kernel: rate("kernel")?,
        cold: rate("cold")?,
        distance: rate("distance")?,
    })
}

fn structure(crystal: &Crystal) -> Value {
    let species = crystal.sites.iter().map(|site| {
        let shares = site.occupants.iter().map(|o| (o.element.symbol().to_owned(), json!(o.occupancy)));
        Value::Object(shares.collect())
    });
    let frac: Vec<[f64; 3]> = crystal.sites.iter().map(|site| site.frac.into()).collect();
    json!({"lattice": crystal.lattice.rows(), "species": species.collect::<Vec<_>>(), "frac": frac})
}

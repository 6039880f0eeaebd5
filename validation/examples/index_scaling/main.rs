//! How the cost of an index grows with the number of references.
//!
//! ```text
//! cargo run --release -p druse-validation --example index_scaling -- [--most N] [--svg FILE]
//! ```
//!
//! Indexes of 1e3, 1e4 and 1e5 structures of `../shared/data/mp` (or `$DRUSE_SHARED_DATA/mp`) and, with
//! `--most 1000000`, of a million made from them: supercells and copies with other elements, from a
//! fixed seed. Each is built, opened and asked in a process of its own, so that the peak memory is that of
//! one size. With `DRUSE_PEER_PYTHON`, a Python that has pymatgen, the same 200 queries are then looked
//! up by `benches/peers/novelty.py` among all structures.

mod figure;
mod structures;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

use druse_validation::index::{Builder, Contents, Index, NewSource, Query};
use druse_validation::matching::{Matcher, Pymatgen};
use serde_json::{Value, json};

const QUERIES: usize = 200;
type Failure = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Failure> {
    let (mut most, mut svg, mut one) = (100_000, None, None);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let value = arguments.next().ok_or_else(|| format!("{argument}: expected a value"))?;
        match argument.as_str() {
            "--most" => most = value.parse()?,
            "--svg" => svg = Some(PathBuf::from(value)),
            "--one" => one = Some(value.parse()?),
            other => return Err(format!("found {other}, expected --most N or --svg FILE").into()),
        }
    }
    let Some(files) = structures::files() else {
        println!(
            "skipped: no structures of the Materials Project in ../shared/data/mp or $DRUSE_SHARED_DATA/mp"
        );
        return Ok(());
    };
    if let Some(size) = one {
        println!("{}", measure(&files, size)?);
        return Ok(());
    }
    println!(
        "{:>9}{:>11}{:>12}{:>10}{:>11}{:>14}{:>10}{:>11}{:>11}",
        "entries", "build CPU", "build wall", "open", "prepare", "look-up", "p95", "peak", "file"
    );
    let mut rows = Vec::new();
    for size in [1_000, 10_000, 100_000, 1_000_000].into_iter().filter(|&size| size <= most) {
        let child = Command::new(std::env::current_exe()?).args(["--one", &size.to_string()]).output()?;
        if !child.status.success() {
            return Err(String::from_utf8_lossy(&child.stderr).into_owned().into());
        }
        let row: Value = serde_json::from_slice(&child.stdout)?;
        let number = |key: &str| row[key].as_f64().unwrap_or(f64::NAN);
        println!(
            "{:>9}{:>9.1} s{:>10.1} s{:>7.0} ms{:>8.1} µs{:>11.1} µs{:>7.1} µs{:>8.0} MB{:>8.1} MB",
            number("entries"),
            number("build_cpu"),
            number("build_wall"),
            1e3 * number("open"),
            1e6 * number("prepare"),
            1e6 * number("median"),
            1e6 * number("p95"),
            number("peak") / 1e6,
            number("file") / 1e6,
        );
        rows.push(row);
    }
    println!(
        "prepare: reduction and invariants of a query; look-up: median of {QUERIES} queries until the first"
    );
    println!("that pymatgen's rules call the same; peak: resident memory of building and asking");
    if let Some(path) = svg {
        std::fs::write(path, figure::draw(&rows))?;
    }
    // The largest index of real structures only: the peer knows no others.
    let real = |row: &&Value| row["entries"].as_u64() <= Some(structures::REAL as u64);
    let last = rows.iter().rev().find(real).ok_or("no size was measured")?;
    match std::env::var_os("DRUSE_PEER_PYTHON") {
        Some(python) => beside_pymatgen(Path::new(&python), &files, last),
        None => {
            println!("pymatgen not run: set DRUSE_PEER_PYTHON to a Python that has it");
            Ok(())
        }
    }
}

/// Builds, opens and asks one index.
fn measure(files: &[PathBuf], size: usize) -> Result<Value, Failure> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("scaling.index");
    let (start, before) = (Instant::now(), cpu_seconds());
    let mut builder = Builder::new(Contents::Structures, folder.path());
    let source = NewSource { name: "mp".to_owned(), ..NewSource::default() };
    let stream = structures::stream(files.to_vec(), size);
    let added = builder.add_crystals(&source, String::new(), stream)?;
    builder.write(&path)?;
    let (build_wall, build_cpu) = (start.elapsed().as_secs_f64(), cpu_seconds() - before);

    let start = Instant::now();
    let index = Index::open(&path)?;
    let open = start.elapsed().as_secs_f64();
    let matcher = Pymatgen::default();
    let (mut prepare, mut seconds, mut found) = (Vec::new(), Vec::new(), 0);
    for crystal in structures::queries(files, QUERIES) {
        let start = Instant::now();
        let query = Query::of(&crystal)?;
        prepare.push(start.elapsed().as_secs_f64());
        let start = Instant::now();
        found += usize::from(is_known(&index, &query, &matcher));
        seconds.push(start.elapsed().as_secs_f64());
    }
    seconds.sort_by(f64::total_cmp);
    prepare.sort_by(f64::total_cmp);
    // The clock of CPU time has coarse ticks: all queries again and again.
    let queries: Vec<Query> =
        structures::queries(files, QUERIES).iter().map(Query::of).collect::<Result<_, _>>()?;
    let (before, mut rounds) = (cpu_seconds(), 0);
    while rounds < 10 || cpu_seconds() - before < 1.0 {
        for query in &queries {
            std::hint::black_box(is_known(&index, query, &matcher));
        }
        rounds += 1;
    }
    let mean = (cpu_seconds() - before) / (rounds * queries.len()) as f64;
    Ok(json!({
        "entries": index.len(),
        "refused": added.refused.len(),
        "build_cpu": build_cpu,
        "build_wall": build_wall,
        "open": open,
        "prepare": prepare[prepare.len() / 2],
        "median": seconds[seconds.len() / 2],
        "p95": seconds[seconds.len() * 95 / 100],
        "mean_cpu": mean,
        "found": found,
        "peak": peak_memory(),
        "file": std::fs::metadata(&path)?.len(),
    }))
}

/// Whether any entry is the same.
fn is_known(index: &Index, query: &Query, matcher: &dyn Matcher) -> bool {
    let mut patterns =
        index.near(query, matcher.scope()).into_iter().filter_map(|hit| index.entry(hit.entry)?.pattern());
    patterns.any(|known| matcher.same(&known, &query.pattern))
}

/// The same queries by pymatgen, with the ratio of CPU times.
fn beside_pymatgen(python: &Path, files: &[PathBuf], ours: &Value) -> Result<(), Failure> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../benches/peers/novelty.py");
    let mut child = Command::new(python)
        .arg(script)
        .args(files)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("{}: {error}", python.display()))?;
    if let Some(mut input) = child.stdin.take() {
        for crystal in structures::queries(files, QUERIES) {
            let species: Vec<Value> = crystal.sites.iter().map(|site| json!(site.main_element())).collect();
            let line = json!({ "lattice": crystal.lattice.rows(), "species": species, "frac": crystal.fractional() });
            writeln!(input, "{line}")?;
        }
    }
    let output = child.wait_with_output()?;
    if !output.status.success() {
        return Err("pymatgen could not be run".into());
    }
    let theirs: Value = serde_json::from_slice(&output.stdout)?;
    let number = |value: &Value, key: &str| value[key].as_f64().unwrap_or(f64::NAN);
    let (query, peer) = (number(ours, "mean_cpu") + number(ours, "prepare"), number(&theirs, "seconds"));
    println!(
        "novelty of {QUERIES} queries among {} references, CPU time a query: druse {:.3} ms with reduction \
         ({:.3} ms without), pymatgen {} {:.2} ms, ratio {:.0}; known: druse {}, pymatgen {}",
        theirs["references"],
        1e3 * query,
        1e3 * number(ours, "mean_cpu"),
        theirs["version"].as_str().unwrap_or("?"),
        1e3 * peer,
        peer / query,
        ours["found"],
        theirs["found"],
    );
    Ok(())
}

/// CPU time of this process (s), in ticks of 0.01 s.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after = stat.rsplit(')').next().unwrap_or_default();
    let ticks = after.split_whitespace().skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok());
    ticks.sum::<f64>() / 100.0
}

/// Largest resident memory of this process (bytes).
fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kilobytes.unwrap_or_default() * 1024
}

//! CPU time of fingerprints and of the distances between them, beside the published package.
//!
//! ```text
//! DRUSE_PEER_PYTHON=python3 cargo bench -p druse-validation --bench fingerprint
//! ```
//!
//! `DRUSE_PEER_PYTHON` is a Python with `average-minimum-distance==1.6.1`; without it only our own figures
//! are printed. One thread on both sides, from structures in memory. The structures are the 1,004
//! references of the development data (`novelty/`) when they are there, else the archetypes of the
//! prototype library.

use std::hint::black_box;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use druse_datasets::prototypes::prototypes;
use druse_representations::{Crystal, Representation, SymmetryRepresentation, io};
use druse_validation::fingerprint::{FingerprintError, Invariants, Pdd, PlainPdd};

/// Neighbours in plain distributions.
const K: usize = 100;
/// CPU seconds that a figure of ours is the mean of.
const SECONDS: f64 = 0.5;
/// Times that the peer goes through all structures.
const PEER_ROUNDS: usize = 5;
/// Structures whose distance to the next is measured (the peer takes 15 ms each).
const PAIRS: usize = 300;
/// Sizes of cells (sites) that get a line each.
const CLASSES: [(usize, usize); 5] = [(1, 5), (6, 12), (13, 30), (31, 500), (1, 500)];

fn main() -> Result<(), FingerprintError> {
    let (crystals, source) = crystals();
    let peer = match std::env::var_os("DRUSE_PEER_PYTHON").map(|python| amd(Path::new(&python), &crystals)) {
        Some(Ok(peer)) => Some(peer),
        Some(Err(reason)) => {
            println!("average-minimum-distance could not be run: {reason}");
            None
        }
        None => {
            println!("average-minimum-distance not run: set DRUSE_PEER_PYTHON to a Python that has it");
            None
        }
    };
    println!("{} structures: {source}; CPU µs per structure", crystals.len());
    println!(
        "{:<8}{:>11}{:>12}{:>14}{:>12}{:>14}{:>8}",
        "sites", "structures", "invariants", "resolved PDD", "plain PDD", "peer's plain", "ratio"
    );
    for (least, most) in CLASSES {
        let members: Vec<usize> =
            (0..crystals.len()).filter(|&n| (least..=most).contains(&crystals[n].sites.len())).collect();
        let of = |run: &dyn Fn(&Crystal) -> Result<(), FingerprintError>| {
            microseconds(members.len(), |n| run(&crystals[members[n]]))
        };
        let invariants = of(&|crystal| Invariants::of(crystal).map(|made| drop(black_box(made))))?;
        let resolved = of(&|crystal| Pdd::of(crystal).map(|made| drop(black_box(made))))?;
        let plain = of(&|crystal| PlainPdd::of(crystal, K).map(|made| drop(black_box(made))))?;
        print!("{:<8}{:>11}", format!("{least}-{most}"), members.len());
        print!("{invariants:>12.1}{resolved:>14.1}{plain:>12.1}");
        if let Some(peer) = &peer {
            let sum: f64 = members.iter().map(|&n| peer[n].pdd_seconds).sum();
            let theirs = sum * 1e6 / members.len() as f64;
            print!("{theirs:>14.1}{:>8.1}", theirs / plain);
        }
        println!();
    }
    distances(&crystals, peer.as_deref())
}

/// Earth mover's distances from each structure to the next.
fn distances(crystals: &[Crystal], peer: Option<&[Peer]>) -> Result<(), FingerprintError> {
    let pairs = PAIRS.min(crystals.len() - 1);
    let first = &crystals[..=pairs];
    let plain: Vec<PlainPdd> =
        first.iter().map(|crystal| PlainPdd::of(crystal, K)).collect::<Result<_, _>>()?;
    let resolved: Vec<Pdd> = first.iter().map(Pdd::of).collect::<Result<_, _>>()?;
    let time = |distance: &dyn Fn(usize) -> f64| {
        microseconds(pairs, |n| -> Result<(), FingerprintError> {
            black_box(distance(n));
            Ok(())
        })
    };
    let ours = time(&|n| plain[n].distance(&plain[n + 1]))?;
    let blind = time(&|n| resolved[n].blind_distance(&resolved[n + 1]))?;
    println!("earth mover's distances of {pairs} pairs, CPU µs each: plain {ours:.1}, normalised {blind:.1}");
    if let Some(peer) = peer {
        let found: Vec<[f64; 2]> = peer.iter().filter_map(|row| row.emd).collect();
        let theirs = found.iter().map(|emd| emd[1]).sum::<f64>() * 1e6 / found.len() as f64;
        let differences = (0..pairs).map(|n| (found[n][0] - plain[n].distance(&plain[n + 1])).abs());
        let largest = differences.fold(0.0, f64::max);
        println!(
            "peer's {theirs:.1}, ratio {:.0}; the values differ by at most {largest:.1e} Å",
            theirs / ours
        );
    }
    Ok(())
}

/// Mean CPU time (µs) of a run for each of `count` numbers.
fn microseconds<E>(count: usize, run: impl Fn(usize) -> Result<(), E>) -> Result<f64, E> {
    let (mut rounds, start) = (0, cpu_seconds());
    while rounds < 3 || cpu_seconds() - start < SECONDS {
        (0..count).try_for_each(&run)?;
        rounds += 1;
    }
    Ok((cpu_seconds() - start) * 1e6 / (rounds * count) as f64)
}

fn crystals() -> (Vec<Crystal>, &'static str) {
    let shared = std::env::var_os("DRUSE_SHARED_DATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data"), Into::into);
    match io::read_path(&shared.join("novelty/refs.jsonl.gz")) {
        Ok(records) => (records.into_iter().flatten().map(|record| record.crystal).collect(), "novelty/refs"),
        Err(_) => {
            let symmetry = SymmetryRepresentation::default();
            let archetypes = prototypes().iter().filter_map(|known| symmetry.decode(&known.code()).ok());
            (archetypes.collect(), "prototype library")
        }
    }
}

/// What the peer says of a structure.
struct Peer {
    pdd_seconds: f64,
    /// Distance (Å) to the next structure and the CPU seconds for it.
    emd: Option<[f64; 2]>,
}

fn amd(python: &Path, crystals: &[Crystal]) -> Result<Vec<Peer>, String> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../benches/peers/amd_peer.py");
    let threads = ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"];
    let mut child = Command::new(python)
        .args([script, &PEER_ROUNDS.to_string(), &PAIRS.to_string()])
        .envs(threads.map(|name| (name, "1")))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("{}: {error}", python.display()))?;
    let lines: String = crystals.iter().map(|crystal| json(crystal) + "\n").collect();
    child.stdin.take().expect("piped").write_all(lines.as_bytes()).map_err(|error| error.to_string())?;
    let output = child.wait_with_output().map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(&output.stdout);
    let row = |line: &str| -> Option<Peer> {
        let row: serde_json::Value = serde_json::from_str(line).ok()?;
        let emd = row["emd"].as_f64().zip(row["emd_seconds"].as_f64());
        Some(Peer { pdd_seconds: row["pdd_seconds"].as_f64()?, emd: emd.map(|(emd, time)| [emd, time]) })
    };
    let rows: Vec<Peer> = text.lines().filter_map(row).collect();
    if rows.len() == crystals.len() { Ok(rows) } else { Err(format!("it ended with {}", output.status)) }
}

fn json(crystal: &Crystal) -> String {
    let frac: Vec<[f64; 3]> = crystal.sites.iter().map(|site| site.frac.into()).collect();
    serde_json::json!({"lattice": crystal.lattice.rows(), "frac": frac}).to_string()
}

/// CPU time of this thread where the system tells it (Linux), else the time that has passed.
fn cpu_seconds() -> f64 {
    let nanoseconds = std::fs::read_to_string("/proc/thread-self/schedstat")
        .ok()
        .and_then(|text| text.split_whitespace().next()?.parse::<f64>().ok());
    thread_local!(static START: Instant = Instant::now());
    nanoseconds.map_or_else(|| START.with(|start| start.elapsed().as_secs_f64()), |ns| ns * 1e-9)
}

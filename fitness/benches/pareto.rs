//! CPU time and quality of the searches, beside pymoo when it is there.
//!
//! ```text
//! DRUSE_PEER_PYTHON=python3 cargo bench -p druse-fitness --no-default-features --bench pareto
//! ```
//!
//! `DRUSE_PEER_PYTHON` is a Python with `pymoo==0.6.2`; without it only our own figures are printed.
//! Same problems, populations, generations and operators on both sides; seeds 1 to 5; hypervolume
//! of the last population from 1.1 per axis.

use std::path::Path;
use std::process::Command;

use druse_fitness::cpu::thread_seconds;
use druse_fitness::pareto::problems::{Dtlz2, Zdt1};
use druse_fitness::pareto::{Settings, VectorProblem, das_dennis, hypervolume, minimise};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// CPU seconds and hypervolumes of several runs.
#[derive(Default)]
struct Runs {
    cpu: Vec<f64>,
    volume: Vec<f64>,
}

fn main() {
    let directions = das_dennis(3, 12);
    let ours = [
        ("ZDT1", "NSGA-II, 100 x 250", search(&Zdt1::new(30), &Settings::nsga2(100, 250), 2)),
        ("DTLZ2", "NSGA-III, 92 x 250", search(&Dtlz2::new(12, 3), &Settings::nsga3(directions, 92, 250), 3)),
    ];
    let peer = std::env::var_os("DRUSE_PEER_PYTHON").map(|python| pymoo(Path::new(&python)));
    println!("{:<7}{:<20}{:<7}{:>22}{:>22}{:>8}", "", "", "", "hypervolume", "CPU ms a run", "ratio");
    for (problem, method, runs) in &ours {
        print_row(problem, method, "druse", runs, "");
        match &peer {
            Some(Ok(lines)) => {
                let theirs = peer_runs(lines, problem);
                let ratio = mean(&theirs.cpu).0 / mean(&runs.cpu).0;
                print_row(problem, method, "pymoo", &theirs, &format!("{ratio:.1}"));
            }
            Some(Err(reason)) => println!("{problem:<7}pymoo could not be run: {reason}"),
            None => println!("{problem:<7}pymoo not run: set DRUSE_PEER_PYTHON to a Python that has it"),
        }
    }
}

fn search(problem: &dyn VectorProblem, settings: &Settings, objectives: usize) -> Runs {
    let mut runs = Runs::default();
    for seed in 1..=5 {
        let start = thread_seconds();
        let last = minimise(problem, settings.clone(), &mut ChaCha8Rng::seed_from_u64(seed));
        runs.cpu.push(thread_seconds() - start);
        let costs: Vec<Vec<f64>> = last.into_iter().map(|individual| individual.costs).collect();
        runs.volume.push(hypervolume(&costs, &vec![1.1; objectives]));
    }
    runs
}

fn pymoo(python: &Path) -> Result<Vec<serde_json::Value>, String> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../benches/peers/pymoo_peer.py");
    let output = Command::new(python)
        .arg(script)
        .envs([("OMP_NUM_THREADS", "1"), ("OPENBLAS_NUM_THREADS", "1"), ("MKL_NUM_THREADS", "1")])
        .output()
        .map_err(|error| format!("{}: {error}", python.display()))?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines().map(|line| serde_json::from_str(line).map_err(|error| format!("{line}: {error}"))).collect()
}

fn peer_runs(lines: &[serde_json::Value], problem: &str) -> Runs {
    let mut runs = Runs::default();
    for line in lines.iter().filter(|line| line["problem"] == problem) {
        runs.cpu.extend(line["cpu_seconds"].as_f64());
        runs.volume.extend(line["hypervolume"].as_f64());
    }
    runs
}

fn print_row(problem: &str, method: &str, program: &str, runs: &Runs, ratio: &str) {
    let (volume, volume_deviation) = mean(&runs.volume);
    let (cpu, cpu_deviation) = mean(&runs.cpu);
    println!(
        "{problem:<7}{method:<20}{program:<7}{:>22}{:>22}{ratio:>8}",
        format!("{volume:.6} +- {volume_deviation:.6}"),
        format!("{:.1} +- {:.1}", cpu * 1e3, cpu_deviation * 1e3),
    );
}

/// Mean and sample standard deviation.
fn mean(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    (mean, (values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt())
}

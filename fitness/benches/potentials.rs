//! CPU time of CHGNet and SevenNet for cells of 2 to 80 atoms, beside the Python packages when they are there.
//!
//! ```text
//! DRUSE_PEER_PYTHON=python3 cargo bench -p druse-fitness --no-default-features --bench potentials
//! ```
//!
//! `DRUSE_PEER_PYTHON` is a Python with `chgnet==0.4.2` and `sevenn==0.13.0`; without it only our own figures are printed.
//! Both sides run on one thread, from structure to numbers, on the same rattled supercells of
//! textbook structures, which are made here.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use druse_fitness::cpu::thread_seconds;
use druse_fitness::potentials::load;
use druse_fitness::{Potential, Prediction, Want};
use druse_representations::nalgebra::Vector3;
use druse_representations::{Crystal, Element, Lattice};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// CPU seconds that a figure is the mean of.
const SECONDS: f64 = 1.0;

/// Potentials, and the scripts of their packages with arguments.
const POTENTIALS: [(&str, &[&str]); 3] = [
    ("chgnet-0.3.0", &["chgnet_peer.py"]),
    ("sevennet-0", &["sevennet_peer.py", "sevennet-0"]),
    ("sevennet-l3i5", &["sevennet_peer.py", "sevennet-l3i5"]),
];

fn main() {
    let crystals = crystals();
    for (name, script) in POTENTIALS {
        match load(name, "cpu") {
            Ok(model) => compare(model.as_ref(), script, &crystals),
            Err(error) => println!("{name} not run: {error}"),
        }
    }
}

fn compare(model: &dyn Potential, script: &[&str], crystals: &[Crystal]) {
    let name = model.name();
    let peer =
        std::env::var_os("DRUSE_PEER_PYTHON").map(|python| package(Path::new(&python), script, crystals));
    println!(
        "\n{name}\n{:>5}{:>18}{:>29}{:>29}{:>8}",
        "atoms", "druse energy (ms)", "druse energy, force, stress", "the package, the same", "ratio"
    );
    for (n, crystal) in crystals.iter().enumerate() {
        let energy = milliseconds(model, crystal, Want::ENERGY);
        let all = milliseconds(model, crystal, Want::FORCES);
        let (theirs, ratio) = match &peer {
            Some(Ok(peer)) => (format!("{:.1}", peer[n]), format!("{:.1}", peer[n] / all)),
            _ => (String::new(), String::new()),
        };
        println!("{:>5}{energy:>18.2}{all:>29.2}{theirs:>29}{ratio:>8}", crystal.sites.len());
    }
    match peer {
        Some(Ok(_)) => {}
        Some(Err(reason)) => println!("its package could not be run: {reason}"),
        None => println!("its package was not run: set DRUSE_PEER_PYTHON to a Python that has it"),
    }
}

/// Mean CPU time of one prediction.
fn milliseconds(model: &dyn Potential, crystal: &Crystal, want: Want) -> f64 {
    let run = || -> Option<Prediction> { model.evaluate(&[crystal], want).pop()?.ok() };
    std::hint::black_box(run().expect("the bench's crystals have energies"));
    let (mut runs, start) = (0, thread_seconds());
    while runs < 3 || thread_seconds() - start < SECONDS {
        std::hint::black_box(run());
        runs += 1;
    }
    (thread_seconds() - start) * 1e3 / f64::from(runs)
}

/// CPU time of a Python package for each crystal (ms).
fn package(python: &Path, script: &[&str], crystals: &[Crystal]) -> Result<Vec<f64>, String> {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../benches/peers"));
    let mut child = Command::new(python)
        .arg(folder.join(script[0]))
        .args(&script[1..])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("{}: {error}", python.display()))?;
    let lines: String = crystals.iter().map(|crystal| json(crystal) + "\n").collect();
    child.stdin.take().expect("piped").write_all(lines.as_bytes()).map_err(|error| error.to_string())?;
    let output = child.wait_with_output().map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(&output.stdout);
    let times: Vec<f64> = text
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok()?["cpu_seconds"].as_f64())
        .map(|seconds| seconds * 1e3)
        .collect();
    if times.len() == crystals.len() { Ok(times) } else { Err(format!("it ended with {}", output.status)) }
}

fn json(crystal: &Crystal) -> String {
    let species: Vec<&str> = crystal.sites.iter().map(|site| site.occupants[0].element.symbol()).collect();
    let frac: Vec<[f64; 3]> = crystal.sites.iter().map(|site| site.frac.into()).collect();
    serde_json::json!({"lattice": crystal.lattice.rows(), "species": species, "frac": frac}).to_string()
}

/// Rattled cells of 2, 8, 20, 40 and 80 atoms, then 10 and 35.
fn crystals() -> Vec<Crystal> {
    let atoms = |list: &[(&str, [f64; 3])]| -> Vec<(Element, [f64; 3])> {
        list.iter().filter_map(|&(symbol, x)| Some((Element::from_symbol(symbol)?, x))).collect()
    };
    let half = 4.212 / 2.0;
    let primitive = Lattice::from_rows([[0.0, half, half], [half, 0.0, half], [half, half, 0.0]]);
    let magnesia = Crystal::ordered(primitive, atoms(&[("Mg", [0.0; 3]), ("O", [0.5; 3])]));
    let corners = [[0.0, 0.0, 0.0], [0.0, 0.5, 0.5], [0.5, 0.0, 0.5], [0.5, 0.5, 0.0]];
    let salt: Vec<(&str, [f64; 3])> =
        corners.iter().flat_map(|x| [("Mg", *x), ("O", [x[0] + 0.5, x[1], x[2]])]).collect();
    let magnesia_cube = Crystal::ordered(Lattice::cubic(4.212), atoms(&salt));
    let sites = [
        ("Sr", [0.0; 3]),
        ("Ti", [0.5; 3]),
        ("O", [0.5, 0.5, 0.0]),
        ("O", [0.5, 0.0, 0.5]),
        ("O", [0.0, 0.5, 0.5]),
    ];
    let titanate = Crystal::ordered(Lattice::cubic(3.905), atoms(&sites));
    vec![
        rattled_supercell(&magnesia, [1, 1, 1]),
        rattled_supercell(&magnesia_cube, [1, 1, 1]),
        rattled_supercell(&titanate, [2, 2, 1]),
        rattled_supercell(&titanate, [2, 2, 2]),
        rattled_supercell(&titanate, [4, 2, 2]),
        rattled_supercell(&titanate, [2, 1, 1]),
        rattled_supercell(&titanate, [7, 1, 1]),
    ]
}

/// `n` copies along each vector, every site moved by up to 0.05 Å along each axis.
fn rattled_supercell(cell: &Crystal, n: [usize; 3]) -> Crystal {
    let mut rng = ChaCha8Rng::seed_from_u64((n[0] * 100 + n[1] * 10 + n[2]) as u64);
    let scale = Vector3::from(n.map(|n| n as f64));
    let rows = cell.lattice.rows();
    let lattice = Lattice::from_rows(std::array::from_fn(|i| rows[i].map(|x| x * scale[i])));
    let mut atoms = Vec::new();
    for corner in 0..n.iter().product::<usize>() {
        let corner = [corner / (n[1] * n[2]), corner / n[2] % n[1], corner % n[2]];
        for site in &cell.sites {
            let shift = Vector3::from_fn(|_, _| rng.random_range(-0.05..0.05));
            let frac = (site.frac + Vector3::from(corner.map(|n| n as f64))).component_div(&scale);
            let frac = frac + lattice.to_fractional(&shift).expect("a cell with volume");
            atoms.push((site.occupants[0].element, frac.into()));
        }
    }
    Crystal::ordered(lattice, atoms)
}

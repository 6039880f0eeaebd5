//! What symmetry saves: CPU time of CHGNet and of relaxations, beside the Python package when it is there.
//!
//! ```text
//! druse sample symmetry-diffusion -n 200 --to crystals.jsonl
//! DRUSE_PEER_PYTHON=python3 cargo run --release -p druse --example symmetric_speed -- energies crystals.jsonl 200
//! DRUSE_PEER_PYTHON=python3 cargo run --release -p druse --example symmetric_speed -- relaxations crystals.jsonl 200
//! ```
//!
//! `DRUSE_PEER_PYTHON` is a Python with `chgnet==0.4.2`; without it only our own figures are printed. Structures are taken from
//! the file evenly. Both sides run on one thread, from structure to numbers; ours finds the symmetry within that time. The
//! peer relaxes with its own relaxer (ASE's FIRE on its cell filter) to the same largest generalised force.

use std::error::Error;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use druse::fitness::chgnet::{Chgnet, ChgnetKind};
use druse::fitness::cpu::thread_seconds;
use druse::fitness::relax::{RelaxOptions, Relaxation, relax};
use druse::fitness::{PotentialError, Prediction, Want};
use druse::representations::Crystal;
use druse::representations::io::read_path;
use druse::representations::symmetry::CellSymmetry;

/// Tolerance of the symmetry of single points (Å): positions of five decimals keep it.
const SYMPREC: f64 = 1e-3;
/// Each figure is the mean of so many CPU seconds or one run, if that takes longer.
const SECONDS: f64 = 0.1;
/// Generalised force (eV/Å) and steps of relaxations.
const FMAX: f64 = 0.05;
const STEPS: usize = 500;

type Failure = Box<dyn Error>;

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let [what, file, count] = arguments[..] else {
        return Err("expected energies FILE COUNT or relaxations FILE COUNT".into());
    };
    let crystals = crystals(Path::new(file), count.parse()?)?;
    let model = Chgnet::load(ChgnetKind::V030)?;
    match what {
        "energies" => energies(&model, &crystals),
        "relaxations" => relaxations(&model, &crystals),
        _ => Err(format!("{what}: expected energies or relaxations").into()),
    }?;
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    for line in status.lines().filter(|line| line.starts_with("VmHWM")) {
        println!("peak memory of druse: {}", line.trim_start_matches("VmHWM:").trim());
    }
    Ok(())
}

/// As many ordered structures of a file, evenly.
fn crystals(file: &Path, count: usize) -> Result<Vec<Crystal>, Failure> {
    let all: Vec<Crystal> = read_path(file)?
        .into_iter()
        .filter_map(|record| Some(record.ok()?.crystal).filter(Crystal::is_ordered))
        .collect();
    let count = count.min(all.len());
    Ok((0..count).map(|k| all[k * all.len() / count].clone()).collect())
}

fn energies(model: &Chgnet, crystals: &[Crystal]) -> Result<(), Failure> {
    type Answer = Result<Prediction, PotentialError>;
    let plain = |crystal: &Crystal| -> Option<Answer> { model.predict(&[crystal], Want::FORCES).pop() };
    let symmetric = |crystal: &Crystal| -> Option<Answer> {
        let (crystal, symmetry) = CellSymmetry::find(crystal, SYMPREC);
        model.predict_symmetric(&[(&crystal, &symmetry)], Want::FORCES).pop()
    };
    let (mut times, mut finding, mut worst, mut energies) = ([0.0; 2], 0.0, 0.0_f64, Vec::new());
    for crystal in crystals {
        let (whole, time) = timed(|| plain(crystal));
        times[0] += time;
        let (reduced, time) = timed(|| symmetric(crystal));
        times[1] += time;
        finding += timed(|| CellSymmetry::find(crystal, SYMPREC)).1;
        let atoms = crystal.sites.len() as f64;
        let [whole, reduced] =
            [whole, reduced].map(|answer| answer.and_then(Result::ok).map(|p| p.energy / atoms));
        if let (Some(whole), Some(reduced)) = (whole, reduced) {
            worst = worst.max((whole - reduced).abs());
        }
        energies.push(reduced);
    }
    println!(
        "energy, force and stress of {} crystals: {:.2} s without, {:.2} s with symmetry ({:.1} times less; {:.2} s of it \
         find the symmetry); energies at most {worst:.1e} eV/atom apart",
        crystals.len(),
        times[0],
        times[1],
        times[0] / times[1],
        finding,
    );
    if let Some(peer) = peer("chgnet_peer.py", &["0.1"], crystals)? {
        let theirs: f64 = peer.iter().filter_map(|row| row["cpu_seconds"].as_f64()).sum();
        println!(
            "chgnet: {theirs:.2} s, so {:.1} times ours without and {:.1} times ours with symmetry",
            theirs / times[0],
            theirs / times[1]
        );
    }
    Ok(())
}

/// The answer and the mean CPU time of one call.
fn timed<T>(mut run: impl FnMut() -> T) -> (T, f64) {
    let (start, mut runs) = (thread_seconds(), 0);
    loop {
        let answer = std::hint::black_box(run());
        runs += 1;
        let seconds = thread_seconds() - start;
        if seconds > SECONDS {
            return (answer, seconds / f64::from(runs));
        }
    }
}

fn relaxations(model: &Chgnet, crystals: &[Crystal]) -> Result<(), Failure> {
    let kept = RelaxOptions { fmax: FMAX, steps: STEPS, ..RelaxOptions::default() };
    let left = RelaxOptions { leave_saddles: true, ..kept };
    let ours = [("kept", kept), ("left where it is a saddle's", left)]
        .map(|(symmetry, options)| (symmetry, Relaxed::all(model, crystals, &options)));
    for (symmetry, relaxed) in &ours {
        relaxed.print(symmetry);
    }
    let arguments = [FMAX.to_string(), STEPS.to_string()];
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let Some(peer) = peer("chgnet_relax_peer.py", &arguments, crystals)? else { return Ok(()) };
    let theirs: f64 = peer.iter().filter_map(|row| row["cpu_seconds"].as_f64()).sum();
    let their_steps: u64 = peer.iter().filter_map(|row| row["steps"].as_u64()).sum();
    for (symmetry, relaxed) in &ours {
        let ratio = theirs / relaxed.seconds();
        println!(
            "symmetry {symmetry}: chgnet's {theirs:.2} s, {their_steps} steps, are {ratio:.1} times ours"
        );
        relaxed.compare(crystals, &peer);
    }
    Ok(())
}

/// Relaxations of crystals with one set of options, each with its CPU seconds.
struct Relaxed {
    ends: Vec<(Relaxation, f64)>,
    /// How many lost symmetry.
    broken: usize,
}

impl Relaxed {
    fn all(model: &Chgnet, crystals: &[Crystal], options: &RelaxOptions) -> Self {
        let (mut ends, mut broken) = (Vec::new(), 0);
        for crystal in crystals {
            let start = thread_seconds();
            let relaxation = relax(model, &[crystal], options).remove(0);
            let time = thread_seconds() - start;
            let order = |crystal: &Crystal, symprec| CellSymmetry::find(crystal, symprec).1.order();
            broken += usize::from(order(&relaxation.crystal, 1e-6) < order(crystal, options.symprec));
            ends.push((relaxation, time));
        }
        Self { ends, broken }
    }

    fn seconds(&self) -> f64 {
        self.ends.iter().map(|(_, time)| time).sum()
    }

    fn print(&self, symmetry: &str) {
        let count = |wanted: fn(&Relaxation) -> bool| self.ends.iter().filter(|(end, _)| wanted(end)).count();
        println!(
            "symmetry {symmetry}: {} relaxations to {FMAX} eV/Å, {:.2} s, {} steps, {} converged, {} left a saddle, {} lost symmetry",
            self.ends.len(),
            self.seconds(),
            self.ends.iter().map(|(end, _)| end.steps).sum::<usize>(),
            count(Relaxation::is_converged),
            count(|end| end.saddles > 0),
            self.broken,
        );
    }

    /// How many end within 1 meV/atom of the peer's or lower; the others are listed.
    fn compare(&self, crystals: &[Crystal], peer: &[serde_json::Value]) {
        let (mut good, mut both) = (0, 0);
        for ((row, (end, time)), crystal) in peer.iter().zip(&self.ends).zip(crystals) {
            let atoms = crystal.sites.len();
            let usable = end.prediction.as_ref().filter(|_| end.verdict.is_usable());
            let energy = usable.map(|prediction| prediction.energy / atoms as f64);
            let theirs = row["energy_per_atom"].as_f64();
            let fine = energy.zip(theirs).is_some_and(|(energy, theirs)| energy <= theirs + 1e-3);
            both += usize::from(energy.is_some() && theirs.is_some());
            good += usize::from(fine);
            if !fine {
                println!(
                    "  {}, {atoms} sites: {energy:?} eV/atom ({} steps, {time:.2} s, {}), chgnet {theirs:?} ({} steps)",
                    crystal.composition().reduced_formula(),
                    end.steps,
                    end.verdict,
                    row["steps"]
                );
            }
        }
        println!("{good} of {both} end within 1 meV/atom of chgnet or lower");
    }
}

/// What a script of `benches/peers` prints for each crystal, or `None` where there is no peer.
fn peer(
    script: &str,
    arguments: &[&str],
    crystals: &[Crystal],
) -> Result<Option<Vec<serde_json::Value>>, Failure> {
    let Some(python) = std::env::var_os("DRUSE_PEER_PYTHON") else {
        println!("chgnet not run: set DRUSE_PEER_PYTHON to a Python that has it");
        return Ok(None);
    };
    let script = format!("{}/../benches/peers/{script}", env!("CARGO_MANIFEST_DIR"));
    let mut child = Command::new(python)
        .arg(script)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let lines: String = crystals
        .iter()
        .map(|crystal| {
            let species: Vec<&str> =
                crystal.sites.iter().map(|site| site.occupants[0].element.symbol()).collect();
            let frac: Vec<[f64; 3]> = crystal.sites.iter().map(|site| site.frac.into()).collect();
            serde_json::json!({"lattice": crystal.lattice.rows(), "species": species, "frac": frac})
                .to_string()
                + "\n"
        })
        .collect();
    // All at once: the peer reads everything before it answers.
    child.stdin.take().ok_or("no pipe")?.write_all(lines.as_bytes())?;
    let output = child.wait_with_output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let rows: Vec<serde_json::Value> =
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    if rows.len() != crystals.len() {
        return Err(format!("the peer ended with {} after {} crystals", output.status, rows.len()).into());
    }
    Ok(Some(rows))
}

//! A hundred SIGKILLs at random moments, spread over campaigns of both domains: after each the campaign
//! goes on, on another number of threads, and in the end its files and the content of its store equal
//! those of the run that nobody disturbed.

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use druse_tests::campaigns::{
    assert_same, children, finish, kill_after, kill_process, kill_while_writing, results,
};
use druse_tests::{druse, succeed, workspace};

/// Without relaxation: many short steps, most of the time goes into writing.
const CRYSTALS: &str = r#"
campaign = { name = "crystals", budget = 60, population = 6, seed = 5 }
space = { elements = ["Na", "K", "Mg", "Ti", "F", "Cl", "O"], elements_per_design = [2, 3], atoms = [2, 6] }
generator = [{ kind = "nsga2", weight = 2 }, { kind = "random" }]
objective = [{ name = "density" }, { name = "toxicity" }, { name = "supply_risk" }]
"#;

/// With CHGNet on coarse settings.
const RELAXED: &str = r#"
campaign = { name = "relaxed", budget = 8, population = 4, seed = 2 }
space = { elements = ["Na", "Mg", "F", "O"], elements_per_design = [2, 2], atoms = [2, 4] }
generator = [{ kind = "nsga3" }]
relax = { model = "chgnet-0.3.0", fmax = 0.5, steps = 5 }
objective = [{ name = "energy_above_hull" }, { name = "density" }]
"#;

/// Of the graphs of complexes alone.
const COMPLEXES: &str = r#"
campaign = { name = "complexes", domain = "complex", budget = 60, population = 6, seed = 4 }
complexes = { geometries = ["square_planar", "octahedral"], charge = [-1, 1], metals = { Ni = [2], Co = [3], Pd = [2] } }
ligands = { builtin = ["Cl", "Br", "CN", "NH3", "H2O", "CO", "PMe3", "py", "en", "acac"] }
generator = [{ kind = "nsga2", screen = 3 }]
objective = [{ name = "metal_abundance" }, { name = "synthetic_accessibility" }]
"#;

/// With xtb on its coarsest level.
const XTB: &str = r#"
campaign = { name = "xtb", domain = "complex", budget = 5, population = 3, seed = 1 }
complexes = { geometries = ["square_planar"], charge = [-1, 1], atoms = [1, 14], metals = { Ni = [2], Pd = [2] } }
ligands = { builtin = ["Cl", "CN", "NH3", "H2O", "CO"] }
generator = [{ kind = "nsga2" }]
xtb = { level = "crude", spin_states = false }
objective = [{ name = "gap" }, { name = "metal_abundance" }]
"#;

/// With a program of the user's as objective.
const PROGRAM: &str = r#"
campaign = { name = "program", budget = 40, population = 8, seed = 3 }
space = { elements = ["Na", "K", "F", "Cl", "Br"], elements_per_design = [2, 2], atoms = [2, 6] }
generator = [{ kind = "nsga2" }]
objective = [{ name = "packing", type = "process", command = ["python3", "packing.py"], goal = { target = 0.4 },
               attempts = 20 },
             { name = "density" }]
"#;

/// Random numbers of a seed: splitmix64 (Steele, Lea and Flood, 2014).
struct Random(Cell<u64>);

impl Random {
    /// Between 0 and 1.
    fn share(&self) -> f64 {
        self.0.set(self.0.get().wrapping_add(0x9e37_79b9_7f4a_7c15));
        let mut z = self.0.get();
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn moment(&self, within: Duration) -> Duration {
        within.mul_f64(self.share())
    }
}

struct Setting {
    folder: tempfile::TempDir,
    file: PathBuf,
}

impl Setting {
    fn new(text: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("campaign.toml");
        std::fs::write(&file, text).unwrap();
        std::fs::copy(
            workspace().join("runs/examples/programs/packing.py"),
            folder.path().join("packing.py"),
        )
        .unwrap();
        Self { folder, file }
    }

    fn start(&self, out: &Path, threads: usize) -> Command {
        let mut command = druse();
        command.arg("run").arg(&self.file).arg("--out").arg(out).args(["--threads", &threads.to_string()]);
        command
    }

    /// The command that goes on with a campaign, wherever it stands.
    fn go_on(&self, out: &Path, threads: usize) -> Command {
        if !out.join("campaign.db").exists() {
            return self.start(out, threads);
        }
        let mut command = druse();
        command.arg("resume").arg(out).args(["--threads", &threads.to_string()]);
        command
    }
}

/// Kills a campaign `kills` times at moments spread over its whole life and compares.
fn survives(text: &str, kills: usize, seed: u64) {
    let setting = Setting::new(text);
    let whole = setting.folder.path().join("whole");
    let start = Instant::now();
    succeed(&mut setting.start(&whole, 2));
    let life = start.elapsed();
    let expected = results(&whole);
    let start = Instant::now();
    succeed(&mut setting.go_on(&whole, 2));
    let ending = start.elapsed();
    assert_same(&whole, &expected, "resuming what is done");

    let random = Random(Cell::new(seed));
    let (mut killed, mut round) = (0, 0);
    while killed < kills {
        let out = setting.folder.path().join(format!("killed-{round}"));
        // Every other campaign is also stopped while its first files are written.
        if round % 2 == 0 && kill_while_writing(&mut setting.start(&out, 2), &out) {
            killed += 1;
        }
        let early = kills.min(killed + 4);
        while killed < early
            && kill_after(&mut setting.go_on(&out, [1, 2, 4][killed % 3]), random.moment(life))
        {
            killed += 1;
        }
        let threads = [1, 2, 4][round % 3];
        finish(&out, threads, &mut setting.start(&out, threads));
        // Resuming what is done replaces its files: at some moment of that, and while one is written.
        if killed < kills && kill_after(&mut setting.go_on(&out, threads), random.moment(ending)) {
            killed += 1;
        }
        for _ in 0..2 {
            if killed < kills && kill_while_writing(&mut setting.go_on(&out, threads), &out) {
                killed += 1;
            }
        }
        finish(&out, threads, &mut setting.start(&out, threads));
        assert_same(&out, &expected, &format!("round {round} after {killed} kills"));
        let left: Vec<_> = std::fs::read_dir(&out).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        let hidden = left.iter().find(|name| name.to_string_lossy().starts_with('.'));
        assert_eq!(hidden, None, "round {round}");
        std::fs::remove_dir_all(&out).unwrap();
        round += 1;
    }
    println!("{killed} kills in {round} campaigns of {:.2} s", life.as_secs_f64());
}

#[test]
fn crystals_survive_30_kills() {
    survives(CRYSTALS, 30, 1);
}

#[test]
fn relaxed_crystals_survive_15_kills() {
    survives(RELAXED, 15, 2);
}

#[test]
fn complexes_survive_30_kills() {
    survives(COMPLEXES, 30, 3);
}

#[test]
fn complexes_with_xtb_survive_10_kills() {
    if Command::new("xtb").arg("--version").output().is_err() {
        println!("skipped: xtb is not installed");
        return;
    }
    survives(XTB, 10, 4);
}

#[test]
fn campaigns_with_a_program_survive_15_kills_and_so_does_the_program() {
    survives(PROGRAM, 15, 5);
    // The program alone is killed: it is started again and nothing is lost.
    let setting = Setting::new(PROGRAM);
    let whole = setting.folder.path().join("whole");
    let start = Instant::now();
    succeed(&mut setting.start(&whole, 2));
    let (life, expected) = (start.elapsed(), results(&whole));
    let random = Random(Cell::new(6));
    let (mut killed, mut round) = (0, 0);
    while killed < 4 {
        assert!(round < 40, "only {killed} kills in {round} campaigns of {} s", life.as_secs_f64());
        let out = setting.folder.path().join(format!("out-{round}"));
        let mut command = setting.start(&out, 2);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        // A program that does not start is another matter.
        while !out.join("campaign.db").exists() && child.try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_millis(1));
        }
        while killed < 4 && child.try_wait().unwrap().is_none() {
            std::thread::sleep(random.moment(life / 4));
            if let Some(&program) = children(child.id()).first() {
                kill_process(program);
                killed += 1;
            }
        }
        let status = child.wait().unwrap();
        assert!(status.success(), "{status} after {killed} kills");
        assert_same(&out, &expected, "with a program that was killed");
        round += 1;
    }
}

//! Programs that pretend to be xtb and misbehave. Each must end in the right failure and leave
//! neither a process nor a folder behind.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use super::molecules::{hydrogen, molecule};
use crate::xtb::{Failure, Job, Level, Method, Rung, Task, Xtb, XtbError};

const RESULTS: &str = r#"{"total energy": -0.98, "HOMO-LUMO gap/eV": 15.0, "dipole": [0, 0, 0],
    "partial charges": [0, 0], "number of electrons": 2, "orbital energies/eV": [-16, -1],
    "method": "GFN2-xTB"}"#;
const GOOD: &str = "echo '          | TOTAL ENERGY -0.98 Eh |'; cp \"$HOME_OF_FAKE/results\" xtbout.json; \
                    echo '1 2 0.99' > wbo";
const CONVERGED: &str = "echo '   *** GEOMETRY OPTIMIZATION CONVERGED AFTER 6 ITERATIONS ***'";
const SCC: &str = "echo '[ERROR] Program stopped due to fatal error'; echo '-2- Single point terminated'; \
                   echo '-1- scf: Self consistent charge iterator did not converge'; exit 1";

/// A fake xtb and the folders that it lives and works in.
struct Fake {
    home: tempfile::TempDir,
    xtb: Xtb,
}

impl Fake {
    fn new(body: &str) -> Self {
        let home = tempfile::tempdir().unwrap();
        let xtb = Xtb::at(script(home.path(), body)).unwrap().with_scratch(home.path().join("scratch"));
        fs::create_dir(home.path().join("scratch")).unwrap();
        fs::write(home.path().join("results"), RESULTS).unwrap();
        Self { home, xtb: xtb.with_time_limit(Duration::from_secs(20)) }
    }

    fn with_limit(self, milliseconds: u64) -> Self {
        Self { xtb: self.xtb.with_time_limit(Duration::from_millis(milliseconds)), ..self }
    }

    fn run(&self, task: Task) -> Result<(), Failure> {
        let result = self.xtb.run(&Job::new(hydrogen(), 0, 0).with_task(task)).map(|_| ());
        self.assert_clean();
        result
    }

    fn failure(&self, task: Task) -> String {
        self.run(task).unwrap_err().to_string()
    }

    /// No scratch folder, and none of the processes that wrote their number into `pids`.
    fn assert_clean(&self) {
        let left = fs::read_dir(self.home.path().join("scratch")).unwrap().count();
        assert_eq!(left, 0, "scratch folders left");
        let pids = fs::read_to_string(self.home.path().join("pids")).unwrap_or_default();
        for pid in pids.split_whitespace() {
            assert!(!is_running(pid), "process {pid} left");
        }
    }

    fn log(&self) -> String {
        fs::read_to_string(self.home.path().join("log")).unwrap_or_default()
    }
}

/// Whether the process runs; killed ones may wait a moment for their parent as zombies.
fn is_running(pid: &str) -> bool {
    let started = Instant::now();
    loop {
        let state = fs::read_to_string(format!("/proc/{pid}/stat")).ok();
        match state.as_deref().and_then(|stat| stat.rsplit_once(") ")).map(|(_, rest)| rest.starts_with('Z'))
        {
            None | Some(true) => return false,
            Some(false) if started.elapsed() > Duration::from_secs(2) => return true,
            Some(false) => std::thread::sleep(Duration::from_millis(5)),
        }
    }
}

fn script(home: &Path, body: &str) -> PathBuf {
    let path = home.join("xtb");
    let text = format!(
        "#!/bin/sh\nif [ \"$1\" = --version ]; then echo '   * xtb version 6.5.1 (fake)'; exit 0; fi\n\
         HOME_OF_FAKE='{}'\n{body}\n",
        home.display()
    );
    fs::write(home.join("text"), text).unwrap();
    // Copied by a child: a program that this process has written itself may still be open for
    // writing in a child that another test is about to start, and would be "busy".
    let copy = "cp text xtb && chmod +x xtb";
    assert!(Command::new("sh").args(["-c", copy]).current_dir(home).status().unwrap().success());
    path
}

#[test]
fn a_faithful_fake_gives_results() {
    let fake = Fake::new(GOOD);
    let result = fake.xtb.run(&Job::new(hydrogen(), 0, 0)).unwrap();
    assert!((result.energy + 0.98 * 27.211_386).abs() < 1e-5);
    assert_eq!((result.homo, result.lumo, result.gap), (Some(-16.0), Some(-1.0), Some(15.0)));
    assert_eq!(result.bond_orders, [(0, 1, 0.99)]);
    assert_eq!(result.version, "6.5.1");
    fake.assert_clean();
}

#[test]
fn a_hanging_program_is_stopped_with_its_children() {
    let body = "echo $$ >> \"$HOME_OF_FAKE/pids\"; sleep 600 & echo $! >> \"$HOME_OF_FAKE/pids\"; wait";
    let fake = Fake::new(body).with_limit(400);
    let started = Instant::now();
    assert_eq!(fake.failure(Task::SinglePoint), "timeout: stopped after 0.4 s");
    assert!(started.elapsed() < Duration::from_secs(10));
    assert_eq!(fs::read_to_string(fake.home.path().join("pids")).unwrap().lines().count(), 2);
}

#[test]
fn children_left_running_end_too() {
    let fake = Fake::new(&format!("sleep 600 & echo $! > \"$HOME_OF_FAKE/pids\"; {GOOD}"));
    assert_eq!(fake.run(Task::SinglePoint), Ok(()));
}

#[test]
fn a_killed_program_is_told_from_one_that_gave_up() {
    assert_eq!(Fake::new("kill -KILL $$").failure(Task::SinglePoint), "killed: by signal 9");
    assert_eq!(Fake::new("kill -SEGV $$").failure(Task::SinglePoint), "killed: by signal 11");
    let failure = Fake::new("echo 'no licence today' >&2; exit 3").failure(Task::SinglePoint);
    assert_eq!(failure, "aborted: exit code 3, no licence today");
    let text = "echo '[ERROR] Program stopped due to fatal error'; echo '-2- outer'; echo '-1- solv: \
                no such solvent'; echo '####'; exit 1";
    let failure = Fake::new(text).failure(Task::SinglePoint);
    assert_eq!(failure, "aborted: exit code 1, solv: no such solvent");
}

#[test]
fn success_without_results_is_none() {
    let opt = Task::Optimise(Level::Crude);
    let silent = Fake::new("exit 0");
    let missing = "output: xtbout.json: found no such file, expected a file of results";
    assert_eq!(silent.failure(Task::SinglePoint), missing);
    assert!(silent.failure(opt).starts_with("output: stdout: found no word on the geometry"));
    assert!(silent.failure(Task::Gradient).starts_with("output: gradient: found no such file"));
    assert!(Fake::new(CONVERGED).failure(opt).starts_with("output: xtbopt.xyz: found no such file"));
    let no_fod = Fake::new(GOOD).failure(Task::FractionalOccupation);
    assert!(no_fod.starts_with("output: stdout: found no number NFOD"), "{no_fod}");
}

#[test]
fn garbage_is_named() {
    let json = |text: &str| Fake::new(&format!("echo '{text}' > xtbout.json")).failure(Task::SinglePoint);
    assert!(
        json("{\"total energy\": NaN}").starts_with("output: xtbout.json: found expected value at line 1")
    );
    assert!(json("{\"total energy\": -0.98").starts_with("output: xtbout.json: found EOF"));
    assert!(json("{\"total energy\": \"low\"}").contains("invalid type: string"));
    assert!(json("[]").starts_with("output: xtbout.json: "));
    assert_eq!(json("{}"), "output: xtbout.json: found no method, expected GFN2-xTB");
    let other = Fake::new(&format!("{GOOD}; sed -i s/GFN2/GFN1/ xtbout.json")).failure(Task::SinglePoint);
    assert_eq!(other, "output: xtbout.json: found GFN1-xTB, expected GFN2-xTB");
    let fewer =
        Fake::new(&format!("{GOOD}; sed -i '/charges/s/0, 0/0/' xtbout.json")).failure(Task::SinglePoint);
    assert!(fewer.contains("found 1 partial charges, expected 2"), "{fewer}");
    let ion = format!("{GOOD}; sed -i 's/electrons\": 2/electrons\": 3/' xtbout.json");
    assert!(Fake::new(&ion).failure(Task::SinglePoint).contains("found 3 electrons, expected 2"));
    for (line, text) in [("1 7 0.9", "'1 7 0.9'"), ("1 2 NaN", "'1 2 NaN'"), ("x", "'x'")] {
        let failure = Fake::new(&format!("{GOOD}; echo '{line}' > wbo")).failure(Task::SinglePoint);
        assert!(failure.starts_with("output: wbo: ") && failure.contains(text), "{failure}");
    }
    let binary = format!("{GOOD}; head -c 300 /dev/urandom > xtbout.json");
    assert!(Fake::new(&binary).failure(Task::SinglePoint).starts_with("output: xtbout.json: "));
}

#[test]
fn false_claims_of_convergence_are_seen() {
    let opt = Task::Optimise(Level::Normal);
    let not = format!("{GOOD}; echo ' *** FAILED TO CONVERGE GEOMETRY OPTIMIZATION IN 200 ITERATIONS ***'");
    assert_eq!(Fake::new(&not).failure(opt), "not converged: geometry after 200 cycles");
    let moved = |xyz: &str| Fake::new(&format!("{GOOD}; {CONVERGED}; printf '{xyz}' > xtbopt.xyz")).run(opt);
    assert_eq!(moved("2\\n energy\\nH 0 0 0\\nH 0.75 0 0\\n"), Ok(()));
    for xyz in
        ["", "3\\n\\n", "2\\n\\nH 0 0 0\\n", "2\\n\\nH 0 0 0\\nHe 1 0 0\\n", "2\\n\\nH 0 0 0\\nH 0 0 ***\\n"]
    {
        assert!(moved(xyz).unwrap_err().to_string().starts_with("output: xtbopt.xyz: "), "{xyz}");
    }
    let absurd = format!("{GOOD}; sed -i s/-0.98/1029.0/ xtbout.json");
    assert!(Fake::new(&absurd).failure(Task::SinglePoint).starts_with("energy: 14000.258 eV per valence"));
}

#[test]
fn the_ladder_is_climbed_in_order() {
    let log = "echo \"$*\" >> \"$HOME_OF_FAKE/log\"";
    let job = Job::new(hydrogen(), 0, 0);
    let never = Fake::new(&format!("{log}; {SCC}"));
    let failure = never.xtb.run_with_retries(&job, true).unwrap_err().to_string();
    assert!(failure.starts_with("scc not converged: scf: Self consistent charge iterator"), "{failure}");
    assert!(failure.ends_with("; 3 other settings failed too"), "{failure}");
    let log_of = |fake: &Fake| fake.log().lines().map(str::to_owned).collect::<Vec<_>>();
    let lines = log_of(&never);
    assert_eq!(lines.len(), 4);
    assert_eq!(lines[0], "start.xyz --gfn 2 --chrg 0 --uhf 0 --sp --json");
    assert_eq!(lines[1], "start.xyz --gfn 2 --chrg 0 --uhf 0 --sp --etemp 1000 --json");
    assert_eq!(lines[2], "start.xyz --gfn 2 --chrg 0 --uhf 0 --sp --iterations 500 --acc 5 --json");
    assert_eq!(lines[3], "start.xyz --gfn 1 --chrg 0 --uhf 0 --sp --json");
    never.assert_clean();

    let only_gfn2 = Fake::new(&format!("{log}; {SCC}"));
    assert!(only_gfn2.xtb.run_with_retries(&job, false).is_err());
    assert_eq!(log_of(&only_gfn2).len(), 3);

    // Converges at 1000 K, and at 300 K only from there.
    let warm = format!(
        "{log}; case \"$*\" in *etemp*) echo warm > xtbrestart;; *) [ -e xtbrestart ] || {{ {SCC}; }};; esac; {GOOD}"
    );
    let warm = Fake::new(&warm);
    let attempt = warm.xtb.run_with_retries(&job, true).unwrap();
    assert_eq!((attempt.rung, attempt.result.method, attempt.failures.len()), (Rung::Warm, Method::Gfn2, 1));
    assert_eq!(log_of(&warm).len(), 3);
    warm.assert_clean();

    let gfn1 = format!("case \"$*\" in *'gfn 2'*) {SCC};; esac; {GOOD}; sed -i s/GFN2/GFN1/ xtbout.json");
    let attempt = Fake::new(&gfn1).xtb.run_with_retries(&job, true).unwrap();
    assert_eq!((attempt.rung, attempt.result.method), (Rung::Gfn1, Method::Gfn1));

    let hang = Fake::new(&format!("{log}; sleep 600")).with_limit(300);
    assert!(matches!(hang.xtb.run_with_retries(&job, true), Err(Failure::Timeout { .. })));
    assert_eq!(hang.log().lines().count(), 1);
}

#[test]
fn jobs_without_sense_are_not_started() {
    let fake = Fake::new("echo started >> \"$HOME_OF_FAKE/log\"");
    let refuse = |job: Job| fake.xtb.run(&job).unwrap_err().to_string();
    let with = |atoms, charge, unpaired| refuse(Job::new(molecule(atoms), charge, unpaired));
    let h2 = || Job::new(hydrogen(), 0, 0);
    assert_eq!(with(&[], 0, 0), "input: the molecule has no atoms");
    assert!(with(&[("H", [f64::NAN, 0.0, 0.0])], 0, 1).starts_with("input: atom 0 is at [NaN"));
    let uranyl = [("O", [0.0; 3]), ("U", [1.8, 0.0, 0.0])];
    assert_eq!(with(&uranyl, 0, 0), "element: atom 1 is U, xtb covers H to Rn (Z <= 86)");
    let near = [("Pd", [0.0; 3]), ("Cl", [0.3, 0.0, 0.0])];
    assert_eq!(with(&near, 0, 1), "clash: Pd0-Cl1 0.30 Å, at least 1.21 Å");
    assert_eq!(
        with(&[("H", [0.0; 3]), ("H", [0.74, 0.0, 0.0])], 0, 1),
        "parity: 1 unpaired of 2 valence electrons"
    );
    assert_eq!(with(&[("H", [0.0; 3])], 0, 3), "parity: 3 unpaired of 1 valence electrons");
    assert_eq!(with(&[("H", [0.0; 3])], 2, 0), "parity: 0 unpaired of -1 valence electrons");
    // Cerium's 4f electron is core to xtb.
    assert_eq!(with(&[("Ce", [0.0; 3])], 0, 0), "parity: 0 unpaired of 3 valence electrons");
    assert!(refuse(Job { solvent: Some("--opt".into()), ..h2() }).contains("solvent is '--opt'"));
    assert!(refuse(Job { accuracy: Some(-1.0), ..h2() }).contains("accuracy is -1"));
    assert!(
        refuse(h2().with_method(Method::GfnFf).with_task(Task::FractionalOccupation)).starts_with("input: ")
    );
    assert_eq!(fake.log(), "");
    let nowhere = fake.xtb.clone().with_scratch("/no/such/folder").run(&h2()).unwrap_err().to_string();
    assert!(nowhere.starts_with("system: no scratch folder in /no/such/folder"), "{nowhere}");
}

#[test]
fn programs_that_are_no_xtb_are_refused_with_advice() {
    let missing = Xtb::at("/no/such/xtb").unwrap_err().to_string();
    assert!(missing.contains("/no/such/xtb") && missing.contains("apt install xtb"), "{missing}");
    let home = tempfile::tempdir().unwrap();
    let install = |text: &str| {
        let path = script(home.path(), "");
        fs::write(home.path().join("text"), text).unwrap();
        let copy = "cat text > xtb";
        assert!(Command::new("sh").args(["-c", copy]).current_dir(home.path()).status().unwrap().success());
        path
    };
    let old = Xtb::at(install("#!/bin/sh\necho 'xtb version 6.2.3 (x)'\n"));
    assert!(matches!(&old, Err(XtbError::TooOld { found, .. }) if found == "6.2.3"), "{old:?}");
    let other = Xtb::at(install("#!/bin/sh\necho 'hello'\n")).unwrap_err().to_string();
    assert!(other.contains("it says 'hello', expected a line 'xtb version"), "{other}");
    let broken = Xtb::at(install("#!/no/such/shell\n")).unwrap_err().to_string();
    assert!(broken.contains("it does not start"), "{broken}");
    let new = Xtb::at(install("#!/bin/sh\necho 'xtb version 6.10.1'\n")).unwrap();
    assert_eq!(new.version(), "6.10.1");
}

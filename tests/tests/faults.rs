//! What disks and people do to campaign folders: full, read-only, deleted, cut off, with a flipped bit.
//! One clear error each, nothing half-written, and the same end once the trouble is over.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use druse_tests::campaigns::{assert_same, results};
use druse_tests::{contents, druse, run, succeed};

const CAMPAIGN: &str = r#"
campaign = { name = "faults", budget = 120, population = 12, seed = 1 }
space = { elements = ["Na", "K", "Mg", "F", "Cl", "O"], elements_per_design = [2, 3], atoms = [2, 6] }
generator = [{ kind = "nsga2" }]
objective = [{ name = "density" }, { name = "toxicity" }]
"#;

/// The same with steps that leave time to look.
const LONG: &str = "budget = 5000";

fn start(folder: &Path, out: &Path) -> Command {
    let file = folder.join("faults.toml");
    if !file.exists() {
        std::fs::write(&file, CAMPAIGN).unwrap();
    }
    let mut command = druse();
    command.arg("run").arg(file).arg("--out").arg(out).args(["--threads", "2"]);
    command
}

fn resume(out: &Path) -> Command {
    let mut command = druse();
    command.arg("resume").arg(out);
    command
}

/// Asserts an exit code and gives the one error.
fn error(output: &Output, code: i32) -> String {
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{text}");
    let errors: Vec<&str> = text.lines().filter(|line| line.starts_with("error: ")).collect();
    assert!(errors.len() == 1 && !text.contains("panicked"), "{text}");
    errors[0].to_owned()
}

/// A file system of its own in memory; taken away with the value.
struct Disk(tempfile::TempDir);

impl Disk {
    /// `None` where the test may not mount.
    fn new(size: &str) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mounted = mount(&["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"], folder.path());
        if !mounted {
            println!("skipped: a file system of its own can be mounted by root only");
            return None;
        }
        Some(Self(folder))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn remount(&self, options: &str) {
        assert!(mount(&["-o", &format!("remount,{options}")], self.path()), "remount {options}");
    }

    /// Fills it but for about so many kB.
    fn fill(&self, left: u64) -> PathBuf {
        let ballast = self.path().join("ballast");
        let output = Command::new("df").args(["--output=avail", "-k"]).arg(self.path()).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let free: u64 = text.lines().nth(1).unwrap().trim().parse().unwrap();
        std::fs::write(&ballast, vec![1_u8; 1024 * free.saturating_sub(left) as usize]).unwrap();
        ballast
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.path()).output();
    }
}

fn mount(arguments: &[&str], folder: &Path) -> bool {
    Command::new("mount").args(arguments).arg(folder).output().is_ok_and(|output| output.status.success())
}

#[test]
fn a_full_disk_costs_nothing_but_time() {
    let Some(disk) = Disk::new("8m") else { return };
    let home = tempfile::tempdir().unwrap();
    let whole = home.path().join("whole");
    succeed(&mut start(home.path(), &whole));
    let expected = results(&whole);
    let out = disk.path().join("out");

    // Full from the start, and after so many kB: while the store is created, while the first or a later
    // step is written.
    let mut stopped_midway = 0;
    for left in [0, 4, 16, 40, 80, 120, 160, 240, 320, 480, 640, 900] {
        let ballast = disk.fill(left);
        let output = run(&mut start(home.path(), &out));
        if output.status.success() {
            std::fs::remove_dir_all(&out).unwrap();
            std::fs::remove_file(ballast).unwrap();
            continue;
        }
        let text = error(&output, 1);
        assert!(text.contains(&*out.to_string_lossy()), "{left} kB: {text}");
        assert!(!out.join("pareto").exists() || out.join("campaign.db").exists(), "{left} kB");
        std::fs::remove_file(ballast).unwrap();
        if out.join("campaign.db").exists() {
            stopped_midway += 1;
            succeed(&mut resume(&out));
        } else {
            assert!(!out.exists(), "{left} kB: {:?}", contents(&out).keys());
            succeed(&mut start(home.path(), &out));
        }
        assert_same(&out, &expected, &format!("{left} kB"));
        std::fs::remove_dir_all(&out).unwrap();
    }
    assert!(stopped_midway > 2, "{stopped_midway}");
}

#[test]
fn an_export_to_a_full_disk_leaves_nothing() {
    let Some(disk) = Disk::new("8m") else { return };
    let home = tempfile::tempdir().unwrap();
    let whole = home.path().join("whole");
    succeed(&mut start(home.path(), &whole));
    for format in ["cif", "jsonl"] {
        let ballast = disk.fill(8);
        let to = disk.path().join("files");
        let mut export = druse();
        export
            .arg("export")
            .arg(&whole)
            .args(["--format", format, "--candidates", "evaluated", "--to"])
            .arg(&to);
        let text = error(&run(&mut export), 1);
        assert!(text.contains("No space left") && text.contains(&*to.to_string_lossy()), "{text}");
        std::fs::remove_file(ballast).unwrap();
        assert_eq!(std::fs::read_dir(disk.path()).unwrap().count(), 0, "{format}");
        succeed(&mut export);
        assert!(to.exists());
        std::fs::remove_dir_all(to).unwrap();
    }
}

#[test]
fn a_read_only_folder_is_refused_but_can_be_looked_at() {
    let Some(disk) = Disk::new("8m") else { return };
    let home = tempfile::tempdir().unwrap();
    let out = disk.path().join("out");
    let whole = home.path().join("whole");
    succeed(&mut start(home.path(), &whole));
    let expected = results(&whole);
    succeed(&mut start(home.path(), &out));
    disk.remount("ro");
    for command in [&mut resume(&out), &mut start(home.path(), &disk.path().join("other"))] {
        let text = error(&run(command), 1);
        assert!(text.contains("Read-only file system"), "{text}");
    }
    succeed(druse().arg("show").arg(&out));
    let to = home.path().join("files");
    succeed(druse().arg("export").arg(&out).args(["--format", "cif", "--to"]).arg(&to));
    assert!(to.exists());
    let text = error(&run(&mut start(home.path(), &out)), 2);
    assert!(text.contains("already holds a campaign"), "{text}");
    disk.remount("rw");
    succeed(&mut resume(&out));
    assert_same(&out, &expected, "writable again");
}

/// Every command that opens a campaign.
fn commands(out: &Path, to: &Path) -> [Command; 4] {
    let [mut show, mut one, mut export] = [druse(), druse(), druse()];
    show.arg("show").arg(out);
    one.arg("show").arg(out).args(["--candidate", "3"]);
    export.arg("export").arg(out).args(["--format", "jsonl", "--to"]).arg(to);
    [resume(out), show, one, export]
}

#[test]
fn a_damaged_store_is_one_error_and_stays_as_it_is() {
    let home = tempfile::tempdir().unwrap();
    let out = home.path().join("out");
    succeed(&mut start(home.path(), &out));
    let (database, to) = (out.join("campaign.db"), home.path().join("files"));
    let expected = results(&out);
    let whole = std::fs::read(&database).unwrap();
    // In the design of candidate 3, which all of them read, and in old versions of its row.
    let flipped_design = {
        let store = druse::store::Store::read(&out).unwrap();
        let design = store.candidate(3).unwrap().unwrap().proposed.to_string().into_bytes();
        let mut bytes = whole.clone();
        for place in 0..bytes.len() - design.len() {
            if bytes[place..].starts_with(&design) {
                bytes[place + design.len() / 2] ^= 1;
            }
        }
        bytes
    };
    let mut flipped_header = whole.clone();
    flipped_header[5] ^= 1;
    for (what, bytes) in [
        ("empty", Vec::new()),
        ("cut off in the header", whole[..60].to_vec()),
        ("cut off in the middle", whole[..whole.len() / 2].to_vec()),
        ("another file", b"not a database at all".repeat(999)),
        ("a flipped bit in the header", flipped_header),
        ("a flipped bit in a design", flipped_design),
    ] {
        std::fs::write(&database, &bytes).unwrap();
        let before = contents(&out);
        for mut command in commands(&out, &to) {
            let text = error(&run(&mut command), 1);
            let named = text.contains(&format!("'{}'", database.display()));
            assert!(named && text.contains("druse run"), "{what}: {command:?}: {text}");
        }
        let mut after = contents(&out);
        // The lock may say who tried.
        after.insert("campaign.lock".into(), before[Path::new("campaign.lock")].clone());
        assert!(before == after && !to.exists(), "{what}: {:?} {:?}", before.keys(), after.keys());
    }

    std::fs::remove_file(&database).unwrap();
    for mut command in commands(&out, &to) {
        let text = error(&run(&mut command), 2);
        assert!(text.contains("holds no campaign") && text.contains("The store was deleted"), "{text}");
    }
    // As the message says.
    succeed(druse().arg("run").arg(out.join("campaign.toml")).arg("--out").arg(&out));
    assert_same(&out, &expected, "begun again");
}

#[test]
fn two_engines_do_not_share_a_campaign() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("faults.toml");
    std::fs::write(&file, CAMPAIGN.replace("budget = 120", LONG)).unwrap();
    let out = home.path().join("out");
    let mut first = start(home.path(), &out)
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    while !out.join("campaign.db").exists() {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    let text = error(&run(&mut resume(&out)), 1);
    assert!(
        text.contains(&format!("process {} on ", first.id())) && text.contains("campaign.lock"),
        "{text}"
    );
    succeed(druse().arg("show").arg(&out));
    first.kill().unwrap();
    first.wait().unwrap();
    // What the killed one left is no obstacle, and that is said.
    let mut second = resume(&out).stderr(std::process::Stdio::piped()).spawn().unwrap();
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(second.stderr.take().unwrap()));
    let line = lines.next().unwrap().unwrap();
    assert!(line.contains(&format!("process {} on ", first.id())) && line.contains("stopped"), "{line}");
    second.kill().unwrap();
    second.wait().unwrap();
}

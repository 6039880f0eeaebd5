//! Campaigns on a real Slurm cluster of four nodes: whatever is killed, they end as they do in one
//! process. Skipped where there is no Slurm.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use druse_tests::slurm::{Cluster, NODES, tail};
use druse_tests::{campaigns, druse, run, succeed};

/// Cheap candidates: nothing but checks and tables.
fn campaign(folder: &Path, candidates: u64, unit: u64) -> PathBuf {
    let text = format!(
        r#"
campaign = {{ name = "cheap", budget = {candidates}, population = {candidates}, seed = 1 }}
space = {{ elements = ["Na", "K", "Mg", "Ca", "Al", "Si", "O", "S", "Cl", "Br"], atoms = [2, 8] }}
generator = [{{ kind = "random" }}]
objective = [{{ name = "toxicity" }}, {{ name = "supply_risk" }}]
slurm = {{ unit = {unit}, grace = 5 }}
"#
    );
    let path = folder.join(format!("cheap-{candidates}.toml"));
    fs::write(&path, text).unwrap();
    path
}

/// Everything that a campaign hands on, and the content of its store. The campaign file tells who
/// evaluated, and is left out.
fn results(folder: &Path) -> BTreeMap<PathBuf, String> {
    let mut results = campaigns::results(folder);
    results.remove(Path::new("campaign.toml"));
    results
}

/// A campaign that runs beside the test.
struct Running {
    child: Child,
    folder: PathBuf,
}

impl Running {
    fn start(cluster: &Cluster, command: &mut Command, folder: &Path) -> Self {
        let log = fs::File::options().create(true).append(true).open(log_of(folder)).unwrap();
        cluster.address(command);
        let command = command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        Self { child: command.spawn().unwrap(), folder: folder.to_owned() }
    }

    /// Results that lie in the folder.
    fn results(&self) -> usize {
        let names = fs::read_dir(self.folder.join("results")).into_iter().flatten().flatten();
        names.filter(|entry| entry.file_name().to_string_lossy().ends_with(".jsonl")).count()
    }

    fn is_over(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Waits for something that must come before the campaign ends.
    fn until(&mut self, cluster: &Cluster, what: &str, mut reached: impl FnMut(&Self) -> bool) {
        let start = Instant::now();
        while !reached(self) {
            let over = self.is_over();
            assert!(!over, "the campaign ended before {what}\n{}", report(cluster, &self.folder));
            let late = start.elapsed() > Duration::from_secs(300);
            assert!(!late, "{what}: it does not come\n{}", report(cluster, &self.folder));
            sleep(Duration::from_millis(20));
        }
    }

    /// Waits for the end, with an administrator at hand.
    fn finish(mut self, cluster: &Cluster) {
        let start = Instant::now();
        let mut visit = Instant::now();
        while !self.is_over() {
            let late = start.elapsed() > Duration::from_secs(600);
            if late {
                let _ = self.child.kill();
            }
            assert!(!late, "the campaign does not end\n{}", report(cluster, &self.folder));
            if visit.elapsed() > Duration::from_secs(5) {
                cluster.administer();
                visit = Instant::now();
            }
            sleep(Duration::from_millis(50));
        }
        let status = self.child.wait().unwrap();
        assert!(status.success(), "the campaign failed: {status}\n{}", report(cluster, &self.folder));
    }
}

fn log_of(folder: &Path) -> PathBuf {
    folder.with_extension("log")
}

/// What to look at when something went wrong.
fn report(cluster: &Cluster, folder: &Path) -> String {
    let mut text = tail(&log_of(folder), 40);
    let mut logs: Vec<PathBuf> =
        fs::read_dir(folder.join("logs")).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    logs.retain(|path| fs::metadata(path).is_ok_and(|data| data.len() > 0));
    logs.sort();
    text.extend(logs.iter().rev().take(5).map(|path| tail(path, 10)));
    text + &cluster.tails()
}

/// Runs a campaign in this process' way, and gives its folder.
fn local(folder: &Path, file: &Path) -> PathBuf {
    let out = folder.join(format!("local-{}", file.file_stem().unwrap().display()));
    succeed(druse().arg("run").arg(file).arg("--out").arg(&out));
    out
}

fn assert_same(cluster: &Cluster, found: &Path, expected: &Path) {
    let (found_results, wanted) = (results(found), results(expected));
    assert!(found_results.keys().eq(wanted.keys()), "{:?}\n{}", found_results.keys(), report(cluster, found));
    for (name, wanted) in &wanted {
        let differs = found_results[name] != *wanted;
        assert!(!differs, "{} differs\n{}", name.display(), report(cluster, found));
    }
    // Nothing of the work is left, whatever was killed.
    for name in ["units", "results"] {
        let left = fs::read_dir(found.join(name)).map(Iterator::count).unwrap_or(0);
        assert_eq!(left, 0, "{name} holds {left} files");
    }
}

/// Units of two candidates that a campaign had.
fn units(folder: &Path) -> usize {
    let store = campaigns::logical_content(folder);
    let mut steps: BTreeMap<&str, usize> = BTreeMap::new();
    for line in store.lines().filter(|line| line.starts_with("candidate ")) {
        let step = line.split(" step=").nth(1).and_then(|rest| rest.split(' ').next()).unwrap_or_default();
        *steps.entry(step).or_default() += 1;
    }
    steps.values().map(|candidates| candidates.div_ceil(2)).sum()
}

fn start(cluster: &Cluster, file: &Path, out: &Path) -> Running {
    let mut command = druse();
    command.arg("run").arg(file).arg("--out").arg(out).args(["--executor", "slurm", "--threads", "1"]);
    Running::start(cluster, &mut command, out)
}

fn resume(cluster: &Cluster, out: &Path) -> Running {
    Running::start(cluster, druse().arg("resume").arg(out), out)
}

#[test]
fn campaigns_on_a_cluster_end_as_local_ones_whatever_is_killed() {
    let cluster = match Cluster::start(1001) {
        Ok(cluster) => cluster,
        Err(reason) => {
            println!("skipped: {reason}");
            return;
        }
    };
    let folder = tempfile::tempdir().unwrap();
    let file = campaign(folder.path(), 300, 2);
    let expected = local(folder.path(), &file);
    undisturbed(&cluster, folder.path(), &file, &expected);
    // From here on an array has at most eleven units, so that all of them are split.
    cluster.kill_controller();
    cluster.restart_controller(Some(11));
    a_node_and_the_controller_are_killed(&cluster, folder.path(), &file, &expected);
    let file = campaign(folder.path(), 60, 2);
    let expected = local(folder.path(), &file);
    the_coordinator_is_killed(&cluster, folder.path(), &file, &expected);
    a_cluster_that_dies_is_left_behind(&cluster, folder.path(), &file, &expected);
}

fn undisturbed(cluster: &Cluster, folder: &Path, file: &Path, expected: &Path) {
    let out = folder.join("undisturbed");
    let begin = Instant::now();
    let mut running = start(cluster, file, &out);
    running.until(cluster, "the units", |_| out.join("units").is_dir());
    running.finish(cluster);
    let wall = begin.elapsed().as_secs_f64();
    assert_same(cluster, &out, expected);
    // The candidates are worth next to nothing, so all of it is the price of units.
    let units = units(&out);
    assert!(units >= 200, "{units} units");
    println!("undisturbed: {units} units in {wall:.1} s, {:.0} ms each", 1000.0 * wall / units as f64);
}

fn a_node_and_the_controller_are_killed(cluster: &Cluster, folder: &Path, file: &Path, expected: &Path) {
    let out = folder.join("killed");
    let begin = Instant::now();
    let mut running = start(cluster, file, &out);
    running.until(cluster, "30 results", |running| running.results() >= 30);
    running.until(cluster, "a job on a node", |_| cluster.kill_node(2));
    running.until(cluster, "70 results", |running| running.results() >= 70);
    cluster.kill_controller();
    sleep(Duration::from_secs(5));
    cluster.restart_controller(None);
    running.finish(cluster);
    println!("a node and the controller killed: {:.1} s", begin.elapsed().as_secs_f64());
    assert_same(cluster, &out, expected);
    cluster.start_node(2);
}

fn the_coordinator_is_killed(cluster: &Cluster, folder: &Path, file: &Path, expected: &Path) {
    let out = folder.join("coordinator");
    let begin = Instant::now();
    let mut running = start(cluster, file, &out);
    running.until(cluster, "10 results", |running| running.results() >= 10);
    // A second coordinator is refused.
    let second = run(druse().arg("resume").arg(&out));
    assert!(!second.status.success());
    let text = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(text.contains("another druse is running"), "{text}");
    running.child.kill().unwrap();
    running.child.wait().unwrap();
    resume(cluster, &out).finish(cluster);
    println!("the coordinator killed: {:.1} s", begin.elapsed().as_secs_f64());
    assert_same(cluster, &out, expected);
}

fn a_cluster_that_dies_is_left_behind(cluster: &Cluster, folder: &Path, file: &Path, expected: &Path) {
    let out = folder.join("left");
    let mut running = start(cluster, file, &out);
    running.until(cluster, "10 results", |running| running.results() >= 10);
    cluster.kill_controller();
    for node in 1..=NODES {
        cluster.kill_node(node);
    }
    running.child.kill().unwrap();
    running.child.wait().unwrap();
    succeed(druse().arg("resume").arg(&out).args(["--executor", "local"]));
    assert_same(cluster, &out, expected);
    cluster.restart_controller(None);
}

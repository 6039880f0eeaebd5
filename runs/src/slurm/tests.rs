//! The executor against commands of Slurm that are scripts of the test.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::scope;

use super::*;
use crate::engine::Silent;
use crate::store::Status;
use crate::units::Worker;
use crate::units::testing::{Thirds, identity, outcome, task};

/// Takes arrays into the queue, unless a file in the folder says otherwise.
const SBATCH: &str = r#"#!/bin/sh
d='@D@'; n=$(($(cat $d/calls) + 1)); echo $n > $d/calls
[ -f $d/refuse.$n ] && { cat $d/refuse.$n >&2; exit 1; }
name=$(basename "$2" .sh); offset=$(echo $name | cut -d- -f3)
range=$(sed -n 's/^#SBATCH --array=//p' "$2"); range=${range%\%*}
for i in $(seq ${range%-*} ${range#*-}); do
    [ -f $d/lost.$((offset + i)) ] && continue
    echo "${n}_$i|$name|RUNNING|None" >> $d/queue
    touch $d/inbox/$((offset + i))
done
[ -f $d/unclear.$n ] && { echo 'Socket timed out on send/recv operation' >&2; exit 1; }
echo $n
"#;
/// What is in the queue, without jobs that have their result.
const SQUEUE: &str = r#"#!/bin/sh
d='@D@'
[ -f $d/dead ] && { echo 'Unable to contact slurm controller' >&2; exit 1; }
while IFS='|' read -r job name state; do
    unit=$(($(echo $name | cut -d- -f3) + ${job#*_}))
    case $state in RUNNING*) [ -f $d/campaign/results/$(printf %06d $unit).jsonl ] && continue ;; esac
    echo "$job|$name|$state"
done < $d/queue
"#;
const SCANCEL: &str = "#!/bin/sh\necho \"$@\" >> '@D@'/cancelled\n";
const SCONTROL: &str = "#!/bin/sh\necho 'MaxArraySize            = 3'\n";
const SINFO: &str = "#!/bin/sh\necho 'w1|drained|Duplicate jobid'\n";

/// Scripts in the place of a cluster, and a thread in the place of its nodes.
struct Cluster {
    folder: tempfile::TempDir,
    campaign: PathBuf,
}

impl Cluster {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let campaign = folder.path().join("campaign");
        for name in ["bin", "inbox", "campaign"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        let cluster = Self { folder, campaign };
        cluster.write("calls", "0");
        cluster.write("queue", "");
        for (name, text) in [
            ("sbatch", SBATCH),
            ("squeue", SQUEUE),
            ("scancel", SCANCEL),
            ("scontrol", SCONTROL),
            ("sinfo", SINFO),
        ] {
            let path = cluster.path(&format!("bin/{name}"));
            fs::write(&path, text.replace("@D@", &cluster.folder.path().display().to_string())).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        cluster
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    fn executor<'a>(&self, observer: &'a dyn Observer) -> SlurmExecutor<'a> {
        let spec = SlurmSpec { unit: 2, grace: Duration::from_millis(100), ..SlurmSpec::default() };
        let path = self.path("bin");
        let search =
            std::env::join_paths([path.as_path(), Path::new("/usr/bin"), Path::new("/bin")]).unwrap();
        let worker = vec!["druse".to_owned()];
        let mut slurm =
            SlurmExecutor::new(&self.campaign, identity(), spec, worker, &search, observer).unwrap();
        slurm.pace = Pace {
            results: [Duration::from_millis(5), Duration::from_millis(20)],
            queue: [Duration::from_millis(20), Duration::from_millis(50)],
            patience: Duration::from_millis(150),
            answer: Duration::from_secs(20),
            back_off: Duration::from_millis(5),
        };
        slurm
    }

    /// Evaluates ten candidates, five units; `meanwhile` runs beside it.
    fn evaluate(
        &self,
        slurm: &mut SlurmExecutor<'_>,
        meanwhile: impl Fn(&Self) + Send + Sync,
    ) -> Result<Vec<Outcome>, ExecutorError> {
        let tasks: Vec<Task> = (0..10).map(task).collect();
        let (got, over) = (Mutex::new(Vec::new()), AtomicBool::new(false));
        let done = |outcomes: Vec<Outcome>| got.lock().unwrap().extend(outcomes);
        let result = scope(|scope| {
            scope.spawn(|| self.work(&over));
            scope.spawn(|| meanwhile(self));
            let result = slurm.evaluate(0, &tasks, &Thirds, &done);
            over.store(true, Ordering::SeqCst);
            result
        });
        let mut got = got.into_inner().unwrap();
        got.sort_by_key(|outcome| outcome.number);
        result.map(|()| got)
    }

    /// Evaluates whatever unit comes into the inbox.
    fn work(&self, over: &AtomicBool) {
        while !over.load(Ordering::SeqCst) {
            for entry in fs::read_dir(self.path("inbox")).unwrap() {
                let path = entry.unwrap().path();
                let unit = path.file_name().unwrap().to_str().unwrap().parse().unwrap();
                fs::remove_file(path).unwrap();
                if let Ok(mut worker) = Worker::new(&self.campaign, &identity(), unit) {
                    worker.run(&Thirds, &AtomicBool::new(false)).unwrap();
                }
            }
            sleep(Duration::from_millis(5));
        }
    }

    fn calls(&self) -> u32 {
        // Empty while it is being written.
        self.read("calls").trim().parse().unwrap_or(0)
    }
}

/// Remembers what the campaign waits for.
#[derive(Default)]
struct Heard(Mutex<Vec<String>>);

impl Observer for Heard {
    fn notice(&self, event: &Event<'_>) {
        if let Event::Waiting { text } = event {
            self.0.lock().unwrap().push((*text).to_owned());
        }
    }
}

fn expected() -> Vec<Outcome> {
    (0..10).map(outcome).collect()
}

#[test]
fn arrays_keep_to_the_site_and_leave_nothing_behind() {
    let cluster = Cluster::new();
    let mut slurm = cluster.executor(&Silent);
    assert_eq!(cluster.evaluate(&mut slurm, |_| {}).unwrap(), expected());
    // Indices below three: two arrays for five units.
    assert_eq!(cluster.calls(), 2);
    assert!(slurm.seconds_elsewhere() >= 0.0);
    assert_eq!(slurm.seconds_elsewhere(), 0.0);
    slurm.recorded(10);
    for name in ["units", "results", "logs", "failed"] {
        assert_eq!(fs::read_dir(cluster.campaign.join(name)).unwrap().count(), 0, "{name}");
    }
}

#[test]
fn results_that_are_there_are_taken_and_not_submitted() {
    let cluster = Cluster::new();
    let mut slurm = cluster.executor(&Silent);
    cluster.evaluate(&mut slurm, |_| {}).unwrap();
    cluster.write("dead", "");
    let mut again = cluster.executor(&Silent);
    assert_eq!(cluster.evaluate(&mut again, |_| {}).unwrap(), expected());
    assert_eq!(cluster.calls(), 2);
}

#[test]
fn a_controller_that_refuses_for_a_moment_is_asked_again() {
    let cluster = Cluster::new();
    cluster.write("refuse.1", "Unable to contact slurm controller (connect failure)");
    cluster.write("refuse.2", "Unable to contact slurm controller (connect failure)");
    let mut slurm = cluster.executor(&Silent);
    assert_eq!(cluster.evaluate(&mut slurm, |_| {}).unwrap(), expected());
    assert_eq!(cluster.calls(), 4);
}

#[test]
fn jobs_that_slurm_never_takes_stop_the_campaign() {
    let cluster = Cluster::new();
    (1..20)
        .for_each(|n| cluster.write(&format!("refuse.{n}"), "sbatch: error: invalid partition specified: x"));
    let mut slurm = cluster.executor(&Silent);
    let error = cluster.evaluate(&mut slurm, |_| {}).unwrap_err().to_string();
    assert!(
        error.contains("Slurm does not take the campaign's jobs: sbatch: sbatch: error: invalid partition"),
        "{error}"
    );
    assert_eq!(cluster.calls(), MOST_REFUSALS);
}

#[test]
fn a_site_that_limits_jobs_gets_smaller_arrays() {
    let cluster = Cluster::new();
    cluster.write("refuse.1", "sbatch: error: AssocMaxSubmitJobLimit");
    let mut slurm = cluster.executor(&Silent);
    assert_eq!(cluster.evaluate(&mut slurm, |_| {}).unwrap(), expected());
    assert_eq!(slurm.array_size, Some(1));
    assert_eq!(cluster.calls(), 6);
}

#[test]
fn an_array_whose_answer_was_lost_is_found_in_the_queue() {
    let cluster = Cluster::new();
    cluster.write("unclear.1", "");
    let mut slurm = cluster.executor(&Silent);
    assert_eq!(cluster.evaluate(&mut slurm, |_| {}).unwrap(), expected());
    assert_eq!(cluster.calls(), 2, "the first array was submitted again");
}

#[test]
fn a_lost_unit_is_tried_three_times_and_its_candidates_fail() {
    let cluster = Cluster::new();
    cluster.write("lost.1", "");
    let mut slurm = cluster.executor(&Silent);
    fs::create_dir(cluster.campaign.join("logs")).unwrap();
    let log = cluster.campaign.join(format!("logs/druse-{}-0-1_1_1.out", slurm.tag));
    fs::write(log, "out of memory\n").unwrap();
    let got = cluster.evaluate(&mut slurm, |_| {}).unwrap();
    let failed: Vec<&Outcome> = got.iter().filter(|outcome| outcome.status == Status::Failed).collect();
    assert_eq!(failed.iter().map(|outcome| outcome.number).collect::<Vec<_>>(), [2, 3]);
    let reason = "lost: no result of unit 1 after 3 attempts; last words: out of memory";
    assert_eq!(failed[0].reason.as_deref(), Some(reason));
    assert_eq!(got.len(), 10);
    assert_eq!(cluster.calls(), 4);
    let record: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(cluster.campaign.join("failed/000001.json")).unwrap())
            .unwrap();
    assert_eq!(record["attempts"], 3);
    assert_eq!(record["log"][0], "out of memory");
}

#[test]
fn a_unit_that_comes_back_at_the_second_attempt_is_no_failure() {
    let cluster = Cluster::new();
    cluster.write("lost.4", "");
    let mut slurm = cluster.executor(&Silent);
    let meanwhile = |cluster: &Cluster| {
        // Its neighbour in the array is done, so the first attempt is over.
        while !cluster.campaign.join("results/000003.jsonl").exists() {
            sleep(Duration::from_millis(5));
        }
        fs::remove_file(cluster.path("lost.4")).unwrap();
    };
    assert_eq!(cluster.evaluate(&mut slurm, meanwhile).unwrap(), expected());
    assert_eq!(cluster.calls(), 3);
    assert!(!cluster.campaign.join("failed/000004.json").exists());
}

#[test]
fn when_no_unit_at_all_comes_back_the_campaign_stops() {
    let cluster = Cluster::new();
    (0..5).for_each(|unit| cluster.write(&format!("lost.{unit}"), ""));
    let mut slurm = cluster.executor(&Silent);
    let error = cluster.evaluate(&mut slurm, |_| {}).unwrap_err().to_string();
    assert!(error.contains("no unit of step 0 came back from Slurm"), "{error}");
}

#[test]
fn a_unit_whose_node_is_lost_runs_elsewhere_at_once() {
    let cluster = Cluster::new();
    cluster.write("lost.0", "");
    let mut slurm = cluster.executor(&Silent);
    // Seen at work, then held back by Slurm for two minutes.
    let name = format!("druse-{}-0-1", slurm.tag);
    cluster.write("queue", &format!("99_0|{name}|RUNNING|None\n"));
    let meanwhile = |cluster: &Cluster| {
        sleep(Duration::from_millis(150));
        fs::remove_file(cluster.path("lost.0")).unwrap();
        cluster.write("queue", &format!("99_0|{name}|PENDING|BeginTime\n"));
    };
    assert_eq!(cluster.evaluate(&mut slurm, meanwhile).unwrap(), expected());
    // The job that Slurm holds back has nothing to do any more.
    assert!(cluster.read("cancelled").contains("99_0"), "{}", cluster.read("cancelled"));
}

#[test]
fn a_dead_controller_and_drained_nodes_are_reported_with_what_to_do() {
    let cluster = Cluster::new();
    cluster.write("lost.0", "");
    let heard = Heard::default();
    let mut slurm = cluster.executor(&heard);
    let name = format!("druse-{}-0-1", slurm.tag);
    cluster.write("dead", "");
    let meanwhile = |cluster: &Cluster| {
        sleep(Duration::from_millis(500));
        cluster.write("queue", &format!("99_0|{name}|PENDING|JobHeldAdmin\n"));
        (1..5).for_each(|unit| cluster.write(&format!("lost.{unit}"), ""));
        fs::remove_file(cluster.path("dead")).unwrap();
        sleep(Duration::from_millis(500));
        (0..5).for_each(|unit| fs::remove_file(cluster.path(&format!("lost.{unit}"))).unwrap());
        cluster.write("inbox/0", "");
    };
    slurm.spec.attempts = 100;
    slurm.spec.grace = Duration::from_millis(400);
    assert_eq!(cluster.evaluate(&mut slurm, meanwhile).unwrap(), expected());
    let heard: BTreeSet<String> = heard.0.into_inner().unwrap().into_iter().collect();
    let heard = heard.into_iter().collect::<Vec<_>>().join("\n");
    for words in [
        "Slurm does not answer (squeue: Unable to contact slurm controller)",
        "nodes w1: drained (Duplicate jobid)",
        "scontrol update nodename=w1 state=resume",
        "scontrol release 99",
        "--executor local",
    ] {
        assert!(heard.contains(words), "{words} is not in\n{heard}");
    }
}

#[test]
fn absent_commands_are_named() {
    let cluster = Cluster::new();
    fs::remove_file(cluster.path("bin/squeue")).unwrap();
    let path = cluster.path("bin").into_os_string();
    let made =
        SlurmExecutor::new(&cluster.campaign, identity(), SlurmSpec::default(), Vec::new(), &path, &Silent);
    let Err(error) = made else { panic!("made without squeue") };
    assert!(error.to_string().contains("found no squeue on PATH"), "{error}");
}

//! A Slurm cluster of four nodes on this machine, started and stopped by a test.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Nodes of the cluster, `w1` to `w4`.
pub const NODES: usize = 4;
/// Programs that a cluster needs.
const PROGRAMS: [&str; 6] = ["slurmctld", "slurmd", "munged", "sbatch", "scontrol", "runuser"];
/// How long a daemon may take to do what it is told.
const LONG: Duration = Duration::from_secs(60);

/// A running cluster; it is stopped when this value ends.
pub struct Cluster {
    folder: tempfile::TempDir,
}

impl Cluster {
    /// Starts a cluster whose arrays have indices below `array_size`.
    ///
    /// # Errors
    /// When this machine cannot run one: the reason in words.
    ///
    /// # Panics
    /// When it should and does not; shows the logs.
    pub fn start(array_size: u32) -> Result<Self, String> {
        if output(Command::new("id").arg("-u")).trim() != "0" {
            return Err("a cluster of daemons needs root".to_owned());
        }
        if let Some(name) = PROGRAMS.iter().find(|name| !is_there(name)) {
            return Err(format!("no {name} (Debian: apt-get install slurm-wlm munge)"));
        }
        let cluster = Self { folder: tempfile::tempdir().expect("a temporary folder") };
        let root = cluster.folder.path();
        fs::set_permissions(root, fs::Permissions::from_mode(0o755)).expect("own folder");
        for name in ["state", "log", "spool/w1", "spool/w2", "spool/w3", "spool/w4"] {
            fs::create_dir_all(root.join(name)).expect("own folder");
        }
        cluster.start_munge();
        cluster.configure(array_size);
        cluster.start_controller(true);
        (1..=NODES).for_each(|node| cluster.start_node(node));
        cluster.wait("nodes are idle", |cluster| {
            output(cluster.command("sinfo").args(["-h", "-N", "-o", "%T"])).matches("idle").count() == NODES
        });
        Ok(cluster)
    }

    /// A program that talks to this cluster.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        self.address(&mut command);
        command
    }

    /// Lets a program talk to this cluster.
    pub fn address(&self, command: &mut Command) {
        command.env("SLURM_CONF", self.path("slurm.conf"));
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("SLURM_") || text.starts_with("SBATCH_") {
                command.env_remove(&name);
            }
        }
        command.env("SLURM_CONF", self.path("slurm.conf"));
    }

    /// Kills the controller as a crash would, and waits a while.
    pub fn kill_controller(&self) {
        kill(self.daemon("slurmctld").expect("a controller"));
        fs::remove_file(self.path("slurmctld.pid")).ok();
    }

    /// Starts the controller with the limit of array indices set anew.
    pub fn restart_controller(&self, array_size: Option<u32>) {
        if let Some(size) = array_size {
            let text = fs::read_to_string(self.path("slurm.conf")).expect("own file");
            let lines = text.lines().map(|line| match line.starts_with("MaxArraySize=") {
                true => format!("MaxArraySize={size}\n"),
                false => format!("{line}\n"),
            });
            fs::write(self.path("slurm.conf"), lines.collect::<String>()).expect("own file");
        }
        self.start_controller(false);
    }

    /// Kills the daemon of a node with the step and the job that run there, if one does; tells whether
    /// one did.
    pub fn kill_node(&self, node: usize) -> bool {
        let jobs = self.jobs_on(node);
        if jobs.is_empty() {
            return false;
        }
        let name = format!("slurmd.w{node}");
        if let Some(daemon) = self.daemon(&name) {
            kill(daemon);
            // Its number may be another process' one day.
            fs::remove_file(self.path(&format!("{name}.pid"))).ok();
        }
        for job in jobs {
            if let Some(step) = parent(job).filter(|&step| step > 1) {
                kill(step);
            }
            kill(job);
        }
        true
    }

    /// Starts the daemon of a node, again if need be.
    pub fn start_node(&self, node: usize) {
        let status = self.command("slurmd").args(["-N", &format!("w{node}")]).status();
        assert!(status.is_ok_and(|status| status.success()), "slurmd does not start\n{}", self.tails());
    }

    /// Does what an administrator does after a controller that forgot its jobs: takes drained nodes
    /// back and lets held jobs go.
    pub fn administer(&self) {
        let nodes = output(self.command("sinfo").args(["-h", "-N", "-o", "%N %T"]));
        for line in nodes.lines().filter(|line| line.contains("drain")) {
            let node = line.split(' ').next().unwrap_or_default();
            println!("the administrator takes {line} back");
            output(
                self.command("scontrol").arg("update").arg(format!("nodename={node}")).arg("state=resume"),
            );
        }
        let jobs = output(self.command("squeue").args(["-h", "-o", "%A %r"]));
        for line in jobs.lines().filter(|line| line.to_ascii_lowercase().contains("held")) {
            println!("the administrator releases {line}");
            output(self.command("scontrol").args(["release", line.split(' ').next().unwrap_or_default()]));
        }
    }

    /// The last lines of every log, and the state of the cluster.
    pub fn tails(&self) -> String {
        let mut text = String::new();
        for entry in fs::read_dir(self.path("log")).into_iter().flatten().flatten() {
            text += &tail(&entry.path(), 25);
        }
        for (program, arguments) in [("sinfo", "-N"), ("squeue", "-r")] {
            let state = output(self.command(program).arg(arguments));
            text += &format!(
                "== {program}\n{}",
                state.lines().take(30).map(|line| format!("{line}\n")).collect::<String>()
            );
        }
        text
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A daemon of the system's munge user, with a key of its own.
    fn start_munge(&self) {
        let folder = self.path("munge");
        let key = self.path("key");
        let mut bytes = vec![0; 128];
        let random = fs::File::open("/dev/urandom")
            .and_then(|mut file| std::io::Read::read_exact(&mut file, &mut bytes));
        random.and_then(|()| fs::write(&key, bytes)).expect("a key");
        for arguments in [
            vec!["-d", "-o", "munge", "-g", "munge", "-m", "755", &text(&folder)],
            vec!["-o", "munge", "-g", "munge", "-m", "600", &text(&key), &text(&folder.join("munge.key"))],
        ] {
            assert!(Command::new("install").args(arguments).status().is_ok_and(|status| status.success()));
        }
        let file = |option: &str, name: &str| format!("--{option}={}", text(&folder.join(name)));
        let status = Command::new("runuser")
            .args(["-u", "munge", "--", "munged", "--origin=127.0.0.1"])
            .args([
                file("key-file", "munge.key"),
                file("socket", "munge.sock"),
                file("pid-file", "munged.pid"),
            ])
            .args([file("log-file", "munged.log"), file("seed-file", "seed")])
            .status();
        assert!(status.is_ok_and(|status| status.success()), "{}", tail(&folder.join("munged.log"), 25));
    }

    fn configure(&self, array_size: u32) {
        // Free ports: the listeners live until all are chosen, so that they differ.
        let listeners: Vec<TcpListener> =
            (0..=NODES).map(|_| TcpListener::bind("127.0.0.1:0").expect("a free port")).collect();
        let ports: Vec<u16> =
            listeners.iter().map(|listener| listener.local_addr().expect("its port").port()).collect();
        let root = text(self.folder.path());
        let mut lines = vec![
            "ClusterName=druse".to_owned(),
            "SlurmctldHost=localhost(127.0.0.1)".to_owned(),
            "SlurmUser=root".to_owned(),
            format!("SlurmctldPort={}", ports[0]),
            format!("SlurmctldPidFile={root}/slurmctld.pid"),
            format!("SlurmctldLogFile={root}/log/slurmctld"),
            format!("StateSaveLocation={root}/state"),
            format!("SlurmdPidFile={root}/slurmd.%n.pid"),
            format!("SlurmdLogFile={root}/log/slurmd.%n"),
            format!("SlurmdSpoolDir={root}/spool/%n"),
            "AuthType=auth/munge".to_owned(),
            format!("AuthInfo=socket={root}/munge/munge.sock"),
            "CredType=cred/munge".to_owned(),
            // One machine plays all nodes, without control groups and accounting.
            "ProctrackType=proctrack/linuxproc".to_owned(),
            "TaskPlugin=task/none".to_owned(),
            "SelectType=select/cons_tres".to_owned(),
            "SelectTypeParameters=CR_Core".to_owned(),
            "SlurmdParameters=config_overrides".to_owned(),
            "AccountingStorageType=accounting_storage/none".to_owned(),
            "JobAcctGatherType=jobacct_gather/none".to_owned(),
            "MpiDefault=none".to_owned(),
            // Short waits where real sites have long ones.
            "SchedulerType=sched/backfill".to_owned(),
            "SchedulerParameters=batch_sched_delay=1,sched_interval=1,bf_interval=1,sched_min_interval=0"
                .to_owned(),
            "SlurmdTimeout=10".to_owned(),
            "SlurmctldTimeout=10".to_owned(),
            "KillWait=2".to_owned(),
            "ReturnToService=2".to_owned(),
            "JobRequeue=1".to_owned(),
            "TreeWidth=64".to_owned(),
            "MaxJobCount=20000".to_owned(),
            format!("MaxArraySize={array_size}"),
        ];
        for (node, port) in ports.iter().enumerate().skip(1) {
            lines.push(format!(
                "NodeName=w{node} NodeHostname=localhost NodeAddr=127.0.0.1 Port={port} CPUs=1 RealMemory=1000 State=UNKNOWN"
            ));
        }
        lines.push("PartitionName=main Nodes=w[1-4] Default=YES MaxTime=INFINITE State=UP\n".to_owned());
        fs::write(self.path("slurm.conf"), lines.join("\n")).expect("own folder");
    }

    fn start_controller(&self, first: bool) {
        let mut command = self.command("slurmctld");
        if first {
            // There is no state to recover yet.
            command.arg("-i");
        }
        let status = command.status();
        assert!(status.is_ok_and(|status| status.success()), "slurmctld does not start\n{}", self.tails());
        self.wait("the controller answers", |cluster| {
            cluster.command("scontrol").arg("ping").output().is_ok_and(|output| output.status.success())
        });
    }

    fn wait(&self, what: &str, done: impl Fn(&Self) -> bool) {
        let start = Instant::now();
        while !done(self) {
            assert!(start.elapsed() < LONG, "{what}: not within {LONG:?}\n{}", self.tails());
            sleep(Duration::from_millis(100));
        }
    }

    /// Process of a daemon by its file.
    fn daemon(&self, name: &str) -> Option<u32> {
        fs::read_to_string(self.path(&format!("{name}.pid"))).ok()?.trim().parse().ok()
    }

    /// First processes of the jobs on a node of this cluster, told by their environment.
    fn jobs_on(&self, node: usize) -> Vec<u32> {
        let (node, conf) =
            (format!("SLURMD_NODENAME=w{node}"), format!("SLURM_CONF={}", text(&self.path("slurm.conf"))));
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        let numbers = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
        let ours = |pid: &u32| {
            let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            let has = |word: &str| environment.split(|&byte| byte == 0).any(|entry| entry == word.as_bytes());
            has(&node) && has(&conf)
        };
        numbers.filter(ours).collect()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        output(self.command("scontrol").arg("shutdown"));
        let names: Vec<String> = ["slurmctld".to_owned()]
            .into_iter()
            .chain((1..=NODES).map(|node| format!("slurmd.w{node}")))
            .collect();
        let start = Instant::now();
        while names.iter().any(|name| self.daemon(name).is_some())
            && start.elapsed() < Duration::from_secs(10)
        {
            sleep(Duration::from_millis(100));
        }
        for node in 1..=NODES {
            self.jobs_on(node).into_iter().for_each(kill);
        }
        names.iter().filter_map(|name| self.daemon(name)).for_each(kill);
        if let Some(munged) = self.daemon("munge/munged") {
            output(Command::new("kill").arg(munged.to_string()));
        }
    }
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

fn is_there(program: &str) -> bool {
    Command::new("sh")
        .args(["-c", &format!("command -v {program}")])
        .stdout(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

fn output(command: &mut Command) -> String {
    command.output().map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default()
}

fn kill(pid: u32) {
    output(Command::new("kill").args(["-9", &pid.to_string()]));
}

/// Parent of a process.
fn parent(pid: u32) -> Option<u32> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    text.rsplit(')').next()?.split_whitespace().nth(1)?.parse().ok()
}

/// The last lines of a file, below its name.
pub fn tail(path: &Path, lines: usize) -> String {
    let text = fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
    let all: Vec<&str> = text.lines().collect();
    format!("== {}\n{}\n", path.display(), all[all.len().saturating_sub(lines)..].join("\n"))
}

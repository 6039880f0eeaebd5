//! Slurm's commands.

use std::ffi::OsStr;
use std::io::{self, Read, Seek};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Slurm's commands as found on a search path.
#[derive(Clone, Debug)]
pub(super) struct Programs {
    pub(super) sbatch: PathBuf,
    pub(super) squeue: PathBuf,
    pub(super) scancel: PathBuf,
    /// Tells of nodes; only warnings depend on it.
    pub(super) sinfo: Option<PathBuf>,
    /// Tells the limits of the site; the usual ones are assumed without it.
    pub(super) scontrol: Option<PathBuf>,
}

/// Slurm's commands are not there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "executor \"slurm\": found no {} on PATH, expected the commands of Slurm; start druse on a machine of the cluster that has them, or use --executor local",
    .0.join(", ")
)]
pub struct NoSlurm(pub(super) Vec<&'static str>);

impl Programs {
    /// Looks for them in the folders of a search path.
    pub(super) fn find(path: &OsStr) -> Result<Self, NoSlurm> {
        let find = |name: &str| {
            std::env::split_paths(path).map(|folder| folder.join(name)).find(|program| program.is_file())
        };
        match (find("sbatch"), find("squeue"), find("scancel")) {
            (Some(sbatch), Some(squeue), Some(scancel)) => {
                Ok(Self { sbatch, squeue, scancel, sinfo: find("sinfo"), scontrol: find("scontrol") })
            }
            _ => {
                let needed = ["sbatch", "squeue", "scancel"];
                Err(NoSlurm(needed.into_iter().filter(|name| find(name).is_none()).collect()))
            }
        }
    }
}

/// Runs a command and gives what it writes to standard output; one that takes longer than `limit` is
/// killed.
///
/// # Errors
/// When it does not start, fails or is killed: in words. What it did before is then unknown.
pub(super) fn ask(command: &mut Command, limit: Duration) -> Result<String, String> {
    let name = Path::new(command.get_program()).file_name().unwrap_or_default();
    let name = name.to_string_lossy().into_owned();
    run(command, limit).map_err(|error| format!("{name}: {error}"))
}

fn run(command: &mut Command, limit: Duration) -> io::Result<String> {
    // Files, not pipes: nobody has to read while the command runs.
    let (mut out, mut err) = (tempfile::tempfile()?, tempfile::tempfile()?);
    let mut child = command.stdin(Stdio::null()).stdout(out.try_clone()?).stderr(err.try_clone()?).spawn()?;
    let start = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break Some(status);
        }
        if start.elapsed() > limit {
            child.kill()?;
            child.wait()?;
            break None;
        }
        sleep(Duration::from_millis(10));
    };
    let text = |file: &mut std::fs::File| -> io::Result<String> {
        let mut bytes = Vec::new();
        file.rewind()?;
        file.read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    };
    match status {
        Some(status) if status.success() => text(&mut out),
        Some(status) => {
            let said = text(&mut err)?;
            let words = said.lines().map(str::trim).filter(|line| !line.is_empty());
            let words: Vec<&str> = words.collect();
            Err(io::Error::other(if words.is_empty() { status.to_string() } else { words.join("; ") }))
        }
        None => Err(io::Error::other(format!("no answer within {} s", limit.as_secs_f64()))),
    }
}

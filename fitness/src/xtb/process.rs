//! Child processes that always end: own process group, limits of time and of file size, and
//! nothing left behind.

use std::io;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

/// Largest file (bytes) that a child may write: xtb's are far smaller, a runaway would fill the disk.
#[cfg(target_os = "linux")]
const LARGEST_FILE: u64 = 1 << 28;

/// How a child came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// It returned this code.
    Code(i32),
    /// This signal ended it.
    Signal(i32),
    /// It was stopped at the time limit.
    TimedOut,
}

/// Runs a command to its end or to the time limit, then kills whatever is left of its process group.
/// The caller has directed its output to files; its input is empty.
pub(super) fn run_to_end(command: &mut Command, limit: Duration) -> io::Result<Ended> {
    let started = Instant::now();
    let mut leader = Leader::start(command)?;
    leader.limit(limit);
    let mut pause = Duration::from_micros(500);
    let timed_out = loop {
        if leader.has_ended()? {
            break false;
        }
        let left = limit.saturating_sub(started.elapsed());
        if left.is_zero() {
            break true;
        }
        std::thread::sleep(pause.min(left));
        // Small molecules take 20 ms, so the first looks are quick.
        pause = (pause * 5 / 4).min(Duration::from_millis(20));
    };
    let status = leader.finish()?;
    Ok(match (timed_out, status.code(), status.signal()) {
        (true, ..) => Ended::TimedOut,
        (false, Some(code), _) => Ended::Code(code),
        (false, None, signal) => Ended::Signal(signal.unwrap_or_default()),
    })
}

/// The first process of a group of its own. The group ends with this value.
struct Leader {
    child: Child,
    reaped: bool,
}

impl Leader {
    fn start(command: &mut Command) -> io::Result<Self> {
        Ok(Self { child: command.stdin(Stdio::null()).process_group(0).spawn()?, reaped: false })
    }

    fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// Limits that hold even when this program is killed and nobody watches the child any more.
    #[cfg(target_os = "linux")]
    fn limit(&self, time: Duration) {
        use rustix::process::{Resource, Rlimit, prlimit};
        let at_most = |value: u64| Rlimit { current: Some(value), maximum: Some(value) };
        // A child that has ended already cannot be limited, and need not be.
        let _ = prlimit(Some(self.pid()), Resource::Cpu, at_most(time.as_secs().saturating_add(1)));
        let _ = prlimit(Some(self.pid()), Resource::Fsize, at_most(LARGEST_FILE));
    }

    #[cfg(not(target_os = "linux"))]
    fn limit(&self, _: Duration) {}

    /// Whether the leader has ended; it stays a zombie, so that its number is not given away.
    fn has_ended(&self) -> io::Result<bool> {
        let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        Ok(waitid(WaitId::Pid(self.pid()), look)?.is_some())
    }

    /// Kills the group while the leader's number is still its own, then reaps the leader.
    fn finish(&mut self) -> io::Result<std::process::ExitStatus> {
        // Fails only when nobody is left in the group.
        let _ = kill_process_group(self.pid(), Signal::KILL);
        let status = self.child.wait();
        self.reaped = status.is_ok();
        status
    }
}

impl Drop for Leader {
    fn drop(&mut self) {
        if !self.reaped {
            let _ = self.finish();
        }
    }
}

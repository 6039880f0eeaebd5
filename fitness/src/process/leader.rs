//! Child processes that leave nothing behind: each leads a process group that ends with it.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus};
use std::time::Duration;

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

/// The first process of a group of its own. The group ends with this value.
pub(crate) struct Leader {
    child: Child,
    reaped: bool,
}

impl Leader {
    /// Starts a command as the first of its group.
    pub(crate) fn start(command: &mut Command) -> io::Result<Self> {
        Ok(Self { child: command.process_group(0).spawn()?, reaped: false })
    }

    /// The child, for its pipes.
    pub(crate) fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// Limits that hold even when this program is killed and nobody watches the child any more.
    #[cfg(target_os = "linux")]
    pub(crate) fn limit(&self, time: Duration, largest_file: u64) {
        use rustix::process::{Resource, Rlimit, prlimit};
        let at_most = |value: u64| Rlimit { current: Some(value), maximum: Some(value) };
        // A child that has ended already cannot be limited, and need not be.
        let _ = prlimit(Some(self.pid()), Resource::Cpu, at_most(time.as_secs().saturating_add(1)));
        let _ = prlimit(Some(self.pid()), Resource::Fsize, at_most(largest_file));
    }

    #[cfg(not(target_os = "linux"))]
    pub(crate) fn limit(&self, _: Duration, _: u64) {}

    /// Whether the leader has ended; it stays a zombie, so that its number is not given away.
    pub(crate) fn has_ended(&self) -> io::Result<bool> {
        let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        Ok(waitid(WaitId::Pid(self.pid()), look)?.is_some())
    }

    /// Kills the group while the leader's number is still its own, then reaps the leader.
    pub(crate) fn finish(&mut self) -> io::Result<ExitStatus> {
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

//! Child processes that leave nothing behind: each leads a process group that ends with it.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus};
use std::time::Duration;

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use wait4::Wait4;

use crate::cpu::{self, Account};

/// The first process of a group of its own. The group ends with this value. Its CPU time is charged to the
/// thread that asks for it ([`cpu`]).
pub(crate) struct Leader {
    /// `None` once it was waited for.
    child: Option<Child>,
    pid: Pid,
    status: Option<ExitStatus>,
    account: Account,
}

impl Leader {
    /// Starts a command as the first of its group.
    pub(crate) fn start(command: &mut Command) -> io::Result<Self> {
        let child = command.process_group(0).spawn()?;
        let pid = Pid::from_child(&child);
        Ok(Self { child: Some(child), pid, status: None, account: Account::default() })
    }

    /// The child, for its pipes; `None` when it has ended and was waited for.
    pub(crate) fn child(&mut self) -> Option<&mut Child> {
        self.child.as_mut()
    }

    /// Charges this thread for the CPU time that the living leader has spent since the last time, and those
    /// of its children that have ended.
    pub(crate) fn charge(&mut self) {
        if let Some(child) = &self.child
            && let Some(seconds) = cpu::process_seconds(child.id())
        {
            self.account.running(seconds);
        }
    }

    /// Limits that hold even when this program is killed and nobody watches the child any more.
    #[cfg(target_os = "linux")]
    pub(crate) fn limit(&self, time: Duration, largest_file: u64) {
        use rustix::process::{Resource, Rlimit, prlimit};
        let at_most = |value: u64| Rlimit { current: Some(value), maximum: Some(value) };
        // A child that has ended already cannot be limited, and need not be.
        let _ = prlimit(Some(self.pid), Resource::Cpu, at_most(time.as_secs().saturating_add(1)));
        let _ = prlimit(Some(self.pid), Resource::Fsize, at_most(largest_file));
    }

    #[cfg(not(target_os = "linux"))]
    pub(crate) fn limit(&self, _: Duration, _: u64) {}

    /// Whether the leader has ended; it stays a zombie, so that its number is not given away.
    pub(crate) fn has_ended(&self) -> io::Result<bool> {
        let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        Ok(self.child.is_none() || waitid(WaitId::Pid(self.pid), look)?.is_some())
    }

    /// Kills the group while the leader's number is still its own, then reaps the leader and charges this
    /// thread for the rest of its CPU time.
    pub(crate) fn finish(&mut self) -> io::Result<ExitStatus> {
        let Some(child) = self.child.take() else {
            return self.status.ok_or_else(|| io::Error::other("it could not be waited for"));
        };
        // Fails only when nobody is left in the group.
        let _ = kill_process_group(self.pid, Signal::KILL);
        let ended = child.wait4();
        let used = ended.as_ref().ok().map(|ended| ended.rusage.utime + ended.rusage.stime);
        self.account.ended(used.map(|used| used.as_secs_f64()));
        let status = ended?.status;
        self.status = Some(status);
        Ok(status)
    }
}

impl Drop for Leader {
    fn drop(&mut self) {
        if self.child.is_some() {
            let _ = self.finish();
        }
    }
}

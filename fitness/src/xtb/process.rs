//! Child processes that always end: own process group, limits of time and of file size, and
//! nothing left behind.

use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::process::Leader;

/// Largest file (bytes) that a child may write: xtb's are far smaller, a runaway would fill the disk.
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
    let mut leader = Leader::start(command.stdin(Stdio::null()))?;
    leader.limit(limit, LARGEST_FILE);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::{running_seconds, thread_seconds};

    #[test]
    fn cpu_time_of_a_child_and_of_its_children_is_charged() {
        let burn = "import time\nwhile time.process_time() < 0.3: pass";
        let (before, running) = (thread_seconds(), running_seconds());
        let mut command = Command::new("sh");
        command.args(["-c", "python3 -c \"$0\"; true", burn]).stdout(Stdio::null());
        assert_eq!(run_to_end(&mut command, Duration::from_secs(60)).unwrap(), Ended::Code(0));
        let spent = thread_seconds() - before;
        assert!((0.3..2.0).contains(&spent), "{spent}");
        assert!(running_seconds() - running < 0.01, "an ended child is the system's to count");
    }

    #[test]
    fn a_child_that_is_stopped_has_its_price_too() {
        let before = thread_seconds();
        let mut command = Command::new("sh");
        command.args(["-c", "while :; do :; done"]);
        assert_eq!(run_to_end(&mut command, Duration::from_millis(400)).unwrap(), Ended::TimedOut);
        assert!(thread_seconds() - before > 0.02);
    }
}

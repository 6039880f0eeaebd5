//! CPU time of the work at hand, with that of the programs which it runs.
//!
//! The system adds a child's CPU time to the parent process when the child has ended and been waited for,
//! but to no thread of it. So whoever runs a program here charges its CPU seconds to the thread that asked,
//! and [`thread_seconds`] tells of both: the difference of two readings is what a tier has cost, whether
//! it counts itself or has a program count. Programs that go on living are charged after each answer.

use std::cell::Cell;
use std::fs;
use std::sync::Mutex;

thread_local! {
    /// CPU seconds of programs that this thread ran.
    static CHARGED: Cell<f64> = const { Cell::new(0.0) };
}

/// CPU seconds that living programs were charged for and the system does not tell yet.
static RUNNING: Mutex<f64> = Mutex::new(0.0);

/// CPU seconds of this thread and of the programs that it ran.
pub fn thread_seconds() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9 + CHARGED.get()
}

/// Charges this thread for CPU seconds that something outside of it spent on its behalf, for instance a
/// program that a tier of one's own started and waited for.
pub fn charge(seconds: f64) {
    CHARGED.set(CHARGED.get() + seconds.max(0.0));
}

/// CPU seconds of programs that are charged for and still run: the system's account of this process's
/// children leaves them out until they end.
pub fn running_seconds() -> f64 {
    *RUNNING.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// The account of one program.
#[derive(Debug, Default)]
pub(crate) struct Account {
    charged: f64,
    ended: bool,
}

impl Account {
    /// Charges this thread for what the program has spent since the last time, when it has spent `total`
    /// CPU seconds since it started.
    pub(crate) fn running(&mut self, total: f64) {
        let new = (total - self.charged).max(0.0);
        charge(new);
        self.charged += new;
        Self::add(new);
    }

    /// The same for a program that has ended and been waited for; `total` is `None` when nobody knows.
    pub(crate) fn ended(&mut self, total: Option<f64>) {
        if self.ended {
            return;
        }
        self.ended = true;
        charge(total.map_or(0.0, |total| total - self.charged));
        Self::add(-self.charged);
    }

    fn add(seconds: f64) {
        *RUNNING.lock().unwrap_or_else(std::sync::PoisonError::into_inner) += seconds;
    }
}

/// CPU seconds of a living process and of those of its children that it has waited for, to 0.01 s; `None`
/// where the system does not tell.
pub fn process_seconds(id: u32) -> Option<f64> {
    /// `sysconf(_SC_CLK_TCK)` on every Linux that Rust supports.
    const TICKS_PER_SECOND: f64 = 100.0;
    let text = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    // The second field, the program's name in brackets, may hold spaces.
    let fields = text.rsplit(')').next()?.split_whitespace();
    let ticks: Vec<f64> = fields.skip(11).take(4).filter_map(|field| field.parse().ok()).collect();
    (ticks.len() == 4).then(|| ticks.iter().sum::<f64>() / TICKS_PER_SECOND)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_charged_once_and_to_their_thread() {
        let before = thread_seconds();
        let mut account = Account::default();
        account.running(1.0);
        account.running(1.5);
        assert!((thread_seconds() - before - 1.5).abs() < 0.2);
        account.ended(Some(1.75));
        account.ended(Some(9.0));
        assert!((thread_seconds() - before - 1.75).abs() < 0.2);
        let elsewhere = std::thread::spawn(thread_seconds).join().unwrap();
        assert!(elsewhere < 0.5, "{elsewhere}");
        let mut unknown = Account::default();
        unknown.running(0.5);
        unknown.ended(None);
        assert!((thread_seconds() - before - 2.25).abs() < 0.2);
    }

    #[test]
    fn this_process_has_a_clock() {
        assert!(process_seconds(std::process::id()).is_some());
        assert_eq!(process_seconds(u32::MAX), None);
    }
}

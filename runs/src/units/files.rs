//! Units that whoever wants may evaluate.

use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use super::folder::Folder;
use super::round::Round;
use super::stamp::Identity;
use crate::engine::{Evaluate, Event, Executor, ExecutorError, Observer, Outcome, Task};
use crate::slurm::ranges;

/// Between two looks for results, while they come and at most.
const PAUSES: [Duration; 2] = [Duration::from_millis(100), Duration::from_secs(5)];

/// Writes units, has a launcher started once for those of a step, and waits for their results.
pub struct Files<'a> {
    folder: Folder,
    identity: Identity,
    size: usize,
    worker: Vec<String>,
    launch: Option<String>,
    observer: &'a dyn Observer,
    seconds: f64,
}

impl<'a> Files<'a> {
    /// For the campaign in this folder. `worker` is the program with its options of
    /// `druse worker` beside the unit; `launch` is a line for a shell, which finds the units as
    /// `DRUSE_UNITS` (`120-124,130`), and the program and the folder as `DRUSE_PROGRAM` and
    /// `DRUSE_CAMPAIGN`. Without it the observer is told which units wait.
    pub fn new(
        campaign: &Path,
        identity: Identity,
        size: usize,
        worker: Vec<String>,
        launch: Option<String>,
        observer: &'a dyn Observer,
    ) -> Self {
        let folder = Folder::of(campaign);
        Self { folder, identity, size, worker, launch, observer, seconds: 0.0 }
    }

    fn launch(&self, units: &str) -> Result<(), ExecutorError> {
        let Some(line) = &self.launch else {
            let text = format!("units {units} wait for: {} --unit N", self.worker.join(" "));
            self.observer.notice(&Event::Waiting { text: &text });
            return Ok(());
        };
        let failed = |reason: String| ExecutorError(format!("files.launch: '{line}' {reason}"));
        let status = Command::new("sh")
            .args(["-c", line])
            .env("DRUSE_UNITS", units)
            .env("DRUSE_PROGRAM", self.worker.first().map_or("druse", String::as_str))
            .env("DRUSE_CAMPAIGN", self.folder.root())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .status()
            .map_err(|error| failed(format!("does not start: {error}")))?;
        if status.success() { Ok(()) } else { Err(failed(format!("failed with {status}"))) }
    }
}

impl Executor for Files<'_> {
    fn evaluate(
        &mut self,
        _step: u64,
        tasks: &[Task],
        evaluate: &dyn Evaluate,
        done: &(dyn Fn(Vec<Outcome>) + Sync),
    ) -> Result<(), ExecutorError> {
        let folder = self.folder.clone();
        let cannot = |error: std::io::Error| {
            ExecutorError(format!("cannot use '{}': {error}", folder.root().display()))
        };
        let mut round =
            Round::publish(&folder, &self.identity, tasks, evaluate, self.size).map_err(cannot)?;
        let (mut pause, mut launched) = (PAUSES[0], false);
        loop {
            let given = round
                .take(|unit, broken| {
                    let text = format!("warning: the result of unit {unit} is not taken: {broken}");
                    self.observer.notice(&Event::Waiting { text: &text });
                })
                .map_err(cannot)?;
            if !given.is_empty() {
                pause = PAUSES[0];
            }
            for given in given {
                self.seconds += given.header.cpu_seconds;
                done(given.outcomes);
            }
            if round.is_done() {
                return Ok(());
            }
            if !launched {
                launched = true;
                self.launch(&ranges(round.open()))?;
            }
            sleep(pause);
            pause = (pause * 3 / 2).min(PAUSES[1]);
        }
    }

    fn recorded(&mut self, below: u64) {
        self.folder.clear(below);
    }

    fn seconds_elsewhere(&mut self) -> f64 {
        std::mem::take(&mut self.seconds)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::engine::Silent;
    use crate::units::Worker;
    use crate::units::testing::{Thirds, identity, outcome, task};

    #[test]
    fn a_launcher_is_told_the_units() {
        let root = tempfile::tempdir().unwrap();
        let (campaign, tasks) = (root.path(), (0..5).map(task).collect::<Vec<_>>());
        let launch = "printf '%s' \"$DRUSE_UNITS $DRUSE_PROGRAM\" > \"$DRUSE_CAMPAIGN/told\"".to_owned();
        let worker = vec!["/bin/druse".to_owned(), "worker".to_owned()];
        let mut files = Files::new(campaign, identity(), 2, worker, Some(launch), &Silent);
        let got = Mutex::new(Vec::new());
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !campaign.join("told").exists() {
                    sleep(Duration::from_millis(5));
                }
                for unit in 0..3 {
                    let mut worker = Worker::new(campaign, &identity(), unit).unwrap();
                    worker.run(&Thirds, &false.into()).unwrap();
                }
            });
            files.evaluate(0, &tasks, &Thirds, &|outcomes| got.lock().unwrap().extend(outcomes)).unwrap();
        });
        assert_eq!(std::fs::read_to_string(campaign.join("told")).unwrap(), "0-2 /bin/druse");
        assert_eq!(got.into_inner().unwrap(), (0..5).map(outcome).collect::<Vec<_>>());
        assert!(files.seconds_elsewhere() >= 0.0);
    }

    #[test]
    fn a_launcher_that_fails_is_an_error() {
        let root = tempfile::tempdir().unwrap();
        let launch = Some("exit 3".to_owned());
        let mut files = Files::new(root.path(), identity(), 2, Vec::new(), launch, &Silent);
        let error = files.evaluate(0, &[task(0)], &Thirds, &|_| {}).unwrap_err().to_string();
        assert!(error.contains("files.launch: 'exit 3' failed with exit status: 3"), "{error}");
    }
}

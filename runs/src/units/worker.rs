//! The evaluation of one unit.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rayon::prelude::*;

use super::folder::{Folder, remove, sync_folder_of};
use super::lines::{self, Broken};
use super::stamp::{Identity, NotMeasured, Reading, ResultHeader, Stamp, digest};
use crate::engine::{Evaluate, Outcome, Task};
use crate::ledger::{Meter, cpu_time};

/// Why a unit has no result.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WorkerError {
    /// There is no such unit.
    #[error("there is no unit {unit} in '{path}': it is recorded already, or was never there")]
    NoUnit {
        /// Unit.
        unit: u64,
        /// Campaign.
        path: String,
    },
    /// The unit's file cannot be used.
    #[error("unit {unit}: {reason}")]
    Unit {
        /// Unit.
        unit: u64,
        /// Reason.
        reason: Broken,
    },
    /// The unit was made by another campaign or program than this one.
    #[error(
        "unit {unit} belongs to another {what} than this worker (found {found}, expected {expected}); start the worker with the program and the campaign that made the unit"
    )]
    Foreign {
        /// Unit.
        unit: u64,
        /// What differs.
        what: &'static str,
        /// The worker's.
        found: String,
        /// The unit's.
        expected: String,
    },
    /// It was asked to stop.
    #[error("stopped by a signal; {done} of {all} candidates are done and kept: run the unit again to go on")]
    Stopped {
        /// Candidates with an outcome.
        done: usize,
        /// Candidates of the unit.
        all: usize,
    },
    /// Somebody took the unit away or put another in its place.
    #[error("unit {0} was withdrawn while it was evaluated")]
    Withdrawn(u64),
    /// The result cannot be written.
    #[error("cannot write '{path}': {source}")]
    Write {
        /// File.
        path: String,
        /// Reason.
        source: io::Error,
    },
}

/// How a worker came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finished {
    /// The result was there already.
    Before,
    /// It has written the result.
    Now {
        /// Candidates of the unit.
        candidates: usize,
        /// Those whose outcomes an earlier worker had left behind.
        reused: usize,
    },
}

/// One unit that is to be evaluated.
pub struct Worker {
    folder: Folder,
    stamp: Stamp,
    tasks: Vec<Task>,
    /// Attempt, from 1, as the result tells.
    pub attempt: u32,
    /// Wall and CPU time when the unit was read.
    start: (Instant, Duration),
    meter: Meter,
}

impl Worker {
    /// Reads a unit of the campaign in this folder. The clock of the unit starts here.
    ///
    /// # Errors
    /// When there is none, or it belongs to another campaign or version of the program.
    pub fn new(campaign: &Path, identity: &Identity, unit: u64) -> Result<Self, WorkerError> {
        let (start, meter) = ((Instant::now(), cpu_time()), Meter::start());
        let folder = Folder::of(campaign);
        let (stamp, tasks) = folder.read_unit(unit).map_err(|reason| match reason {
            Broken::Io(error) if error.kind() == io::ErrorKind::NotFound => {
                WorkerError::NoUnit { unit, path: campaign.display().to_string() }
            }
            reason => WorkerError::Unit { unit, reason },
        })?;
        agree(unit, "campaign", &identity.campaign, &stamp.campaign)?;
        agree(unit, "version of the program", &identity.program, &stamp.program)?;
        Ok(Self { folder, stamp, tasks, attempt: 1, start, meter })
    }

    /// Whether the result is there already.
    pub fn is_done(&self) -> bool {
        self.folder.read_result(&self.stamp, &self.tasks).is_ok()
    }

    /// Evaluates the unit, batches side by side, and writes its result. Outcomes are written down as
    /// they come; those that an earlier worker left behind are taken over. When `stop` is set, the
    /// batches at hand are finished and kept.
    ///
    /// # Errors
    /// When `evaluate` computes by another protocol than the unit asks for, when the worker is
    /// stopped, and when files cannot be written.
    pub fn run(&mut self, evaluate: &dyn Evaluate, stop: &AtomicBool) -> Result<Finished, WorkerError> {
        let unit = self.stamp.unit;
        agree(unit, "protocol", &digest(&evaluate.protocol()), &self.stamp.protocol)?;
        if self.is_done() {
            return Ok(Finished::Before);
        }
        let name = format!("{}.{}", host(), std::process::id());
        let path = self.folder.part(unit, &name);
        let known = self.folder.read_parts(&self.stamp).into_iter();
        let mut known: BTreeMap<u64, Outcome> = known.map(|outcome| (outcome.number, outcome)).collect();
        // Only whole batches count: the others are evaluated as they would have been.
        let covered = |batch: &[Task]| batch.iter().all(|task| known.contains_key(&task.number));
        let (done, open): (Vec<&[Task]>, Vec<&[Task]>) =
            self.tasks.chunks(evaluate.batch().max(1)).partition(|batch| covered(batch));
        let reused: Vec<u64> = done.into_iter().flatten().map(|task| task.number).collect();
        known.retain(|number, _| reused.contains(number));

        let part = Mutex::new(Part::begin(&path, &self.stamp, known).map_err(written(&path))?);
        open.par_iter().for_each(|batch| {
            if !stop.load(Ordering::Relaxed) {
                let outcomes = evaluate.evaluate(batch);
                part.lock().unwrap_or_else(PoisonError::into_inner).add(outcomes);
            }
        });
        let part = part.into_inner().unwrap_or_else(PoisonError::into_inner);
        let outcomes = part.finish().map_err(written(&path))?;
        let ordered: Vec<&Outcome> =
            self.tasks.iter().filter_map(|task| outcomes.get(&task.number)).collect();
        if ordered.len() < self.tasks.len() {
            return Err(WorkerError::Stopped { done: ordered.len(), all: self.tasks.len() });
        }
        let energy = self.meter.lap();
        let header = ResultHeader {
            stamp: self.stamp.clone(),
            host: host(),
            attempt: self.attempt,
            wall_seconds: self.start.0.elapsed().as_secs_f64(),
            cpu_seconds: cpu_time().saturating_sub(self.start.1).as_secs_f64(),
            energy: match energy.basis.processor_is_measured() {
                true => Reading::Joules(energy.joules),
                false => Reading::None(NotMeasured::NotMeasured),
            },
        };
        let text = lines::write(&header, &ordered).map_err(io::Error::from).map_err(written(&path))?;
        if !self.folder.read_unit(unit).is_ok_and(|(stamp, _)| stamp == self.stamp) {
            remove(&path);
            return Err(WorkerError::Withdrawn(unit));
        }
        self.hand_in(&name, &text).map_err(written(&self.folder.result(unit)))?;
        remove(&path);
        Ok(Finished::Now { candidates: ordered.len(), reused: reused.len() })
    }

    /// Lets the result appear in one piece; another of the same unit may be there by now, and is equal.
    fn hand_in(&self, worker: &str, text: &str) -> io::Result<()> {
        let whole = self.folder.part(self.stamp.unit, &format!("{worker}.whole"));
        let result = self.folder.result(self.stamp.unit);
        let attempt = File::create(&whole).and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.sync_all()
        });
        let attempt = attempt.and_then(|()| fs::rename(&whole, &result));
        if attempt.is_err() {
            remove(&whole);
        }
        attempt?;
        sync_folder_of(&result);
        Ok(())
    }
}

/// Outcomes so far, in memory and in a file.
struct Part {
    file: File,
    outcomes: BTreeMap<u64, Outcome>,
    error: Option<io::Error>,
}

impl Part {
    fn begin(path: &Path, stamp: &Stamp, known: BTreeMap<u64, Outcome>) -> io::Result<Self> {
        let mut file = File::create(path)?;
        let mut header = serde_json::to_vec(stamp)?;
        header.push(b'\n');
        file.write_all(&header)?;
        let mut part = Self { file, outcomes: BTreeMap::new(), error: None };
        part.add(known.into_values());
        Ok(part)
    }

    /// Writes outcomes down; the first failure is told at the end.
    fn add(&mut self, outcomes: impl IntoIterator<Item = Outcome>) {
        for outcome in outcomes {
            let line = serde_json::to_vec(&outcome).map_err(io::Error::from);
            let written = line.and_then(|mut line| {
                line.push(b'\n');
                self.file.write_all(&line)
            });
            if let Err(error) = written {
                self.error.get_or_insert(error);
            }
            self.outcomes.insert(outcome.number, outcome);
        }
    }

    fn finish(self) -> io::Result<BTreeMap<u64, Outcome>> {
        match self.error {
            Some(error) => Err(error),
            None => self.file.sync_all().map(|()| self.outcomes),
        }
    }
}

fn agree(unit: u64, what: &'static str, found: &str, expected: &str) -> Result<(), WorkerError> {
    if found == expected {
        return Ok(());
    }
    Err(WorkerError::Foreign { unit, what, found: found.to_owned(), expected: expected.to_owned() })
}

fn written(path: &Path) -> impl Fn(io::Error) -> WorkerError + use<> {
    let path = path.display().to_string();
    move |source| WorkerError::Write { path: path.clone(), source }
}

/// Name of this machine, fit for file names.
fn host() -> String {
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' }).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;
    use crate::units::testing::{Thirds, Watched, identity, outcome, stamp, task};

    /// Counts what it evaluates, and sets `stop` after so many.
    struct Counted {
        seen: AtomicUsize,
        stop_after: usize,
        stop: AtomicBool,
    }

    impl Counted {
        fn new(stop_after: usize) -> Self {
            Self { seen: AtomicUsize::new(0), stop_after, stop: AtomicBool::new(false) }
        }

        fn evaluation(&self) -> Watched<impl Fn(&[Task]) + Sync> {
            Watched(|tasks: &[Task]| {
                let seen = self.seen.fetch_add(tasks.len(), Ordering::SeqCst) + tasks.len();
                self.stop.fetch_or(seen >= self.stop_after, Ordering::SeqCst);
            })
        }
    }

    fn published(root: &Path) -> (Folder, Stamp, Vec<Task>) {
        let folder = Folder::of(root);
        folder.create().unwrap();
        let tasks: Vec<Task> = (10..15).map(task).collect();
        let stamp = stamp(10, &tasks);
        folder.publish(&stamp, &tasks).unwrap();
        (folder, stamp, tasks)
    }

    #[test]
    fn a_stopped_worker_leaves_what_is_done_to_the_next() {
        let root = tempfile::tempdir().unwrap();
        let (folder, stamp, tasks) = published(root.path());
        let mut worker = Worker::new(root.path(), &identity(), 10).unwrap();
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        let first = Counted::new(2);
        let stopped = pool.install(|| worker.run(&first.evaluation(), &first.stop)).unwrap_err();
        assert!(matches!(stopped, WorkerError::Stopped { done: 2, all: 5 }), "{stopped}");
        assert!(folder.results().unwrap().is_empty());
        assert_eq!(folder.read_parts(&stamp).len(), 2);

        // A line that was cut short, and another worker's.
        let part = folder.part(10, "other.7");
        let text = [&stamp_line(&stamp)[..], &outcome_line(12)[..], &outcome_line(13)[..20]].concat();
        fs::write(&part, text).unwrap();
        let second = Counted::new(100);
        let finished = worker.run(&second.evaluation(), &second.stop).unwrap();
        assert_eq!(finished, Finished::Now { candidates: 5, reused: 2 });
        assert_eq!(second.seen.into_inner(), 3);
        let (header, outcomes) = folder.read_result(&stamp, &tasks).unwrap();
        assert_eq!(outcomes, (10..15).map(outcome).collect::<Vec<_>>());
        assert_eq!(header.stamp, stamp);
        let third = Counted::new(100);
        assert_eq!(worker.run(&third.evaluation(), &third.stop).unwrap(), Finished::Before);
    }

    fn stamp_line(stamp: &Stamp) -> Vec<u8> {
        format!("{}\n", serde_json::to_string(stamp).unwrap()).into_bytes()
    }

    fn outcome_line(number: u64) -> Vec<u8> {
        format!("{}\n", serde_json::to_string(&outcome(number)).unwrap()).into_bytes()
    }

    #[test]
    fn units_of_others_are_refused() {
        let root = tempfile::tempdir().unwrap();
        let (folder, stamp, tasks) = published(root.path());
        assert!(matches!(Worker::new(root.path(), &identity(), 11), Err(WorkerError::NoUnit { .. })));
        let Err(error) = Worker::new(root.path(), &Identity { campaign: "other".into(), ..identity() }, 10)
        else {
            panic!("taken")
        };
        assert!(
            error.to_string().contains("another campaign than this worker (found other, expected campaign)")
        );
        let old = Stamp { program: "0.0.1".into(), ..stamp.clone() };
        folder.publish(&old, &tasks).unwrap();
        let Err(error) = Worker::new(root.path(), &identity(), 10) else { panic!("taken") };
        assert!(error.to_string().contains("another version of the program"), "{error}");
        let other = Stamp { protocol: "other".into(), ..stamp };
        folder.publish(&other, &tasks).unwrap();
        let mut worker = Worker::new(root.path(), &identity(), 10).unwrap();
        let error = worker.run(&Thirds, &AtomicBool::new(false)).unwrap_err();
        assert!(error.to_string().contains("another protocol"), "{error}");
    }

    #[test]
    fn a_unit_that_was_withdrawn_gets_no_result() {
        let root = tempfile::tempdir().unwrap();
        let (folder, ..) = published(root.path());
        let mut worker = Worker::new(root.path(), &identity(), 10).unwrap();
        let error =
            worker.run(&Watched(|_: &[Task]| folder.clear(100)), &AtomicBool::new(false)).unwrap_err();
        assert!(matches!(error, WorkerError::Withdrawn(10)), "{error}");
        assert_eq!(fs::read_dir(root.path().join("results")).unwrap().count(), 0);
    }
}

//! Evaluation by the jobs of a Slurm cluster.
//!
//! A step is cut into [units](crate::units), which go to Slurm as arrays of jobs that run
//! `druse worker`, by the program that runs the campaign. What is done is what lies in the folder of
//! results; what Slurm says of its jobs is a hint that tells which units need another attempt. So a
//! campaign lives through lost nodes, a restarted controller and its own death: jobs of an earlier
//! run are known by their names, and their results are taken.

mod array;
mod logs;
mod programs;
mod queue;
mod trouble;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use druse_datasets::bytes::hexadecimal;
use druse_representations::io::write_atomically;
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::config::SlurmSpec;
use crate::engine::{Evaluate, Event, Executor, ExecutorError, Observer, Outcome, Task};
use crate::units::{Folder, Identity, Round};
use array::Array;
pub(crate) use array::ranges;
pub use programs::NoSlurm;
use programs::{Programs, ask};
use queue::{Entry, State};
use trouble::Trouble;

/// Arrays in the queue at once: enough to keep nodes busy, few enough for the controller.
const MOST_ARRAYS: usize = 4;
/// `MaxArraySize` of sites that do not say otherwise.
const USUAL_ARRAY_SIZE: u64 = 1001;
/// Refusals in a row, with nothing in the queue, before the campaign stops.
const MOST_REFUSALS: u32 = 6;
/// Stage of candidates whose unit was given up.
const STAGE: &str = "slurm";

/// How often what is looked at.
#[derive(Clone, Copy, Debug)]
struct Pace {
    /// Between two looks for results, while they come and at most.
    results: [Duration; 2],
    /// Between two questions to Slurm, while results come and at most.
    queue: [Duration; 2],
    /// How long nothing may happen before it is called trouble.
    patience: Duration,
    /// Longest that a command of Slurm may take.
    answer: Duration,
    /// Wait after the first refusal; twice as long after each further one.
    back_off: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            results: [Duration::from_millis(200), Duration::from_secs(5)],
            queue: [Duration::from_secs(2), Duration::from_secs(30)],
            patience: Duration::from_secs(30),
            answer: Duration::from_secs(60),
            back_off: Duration::from_secs(1),
        }
    }
}

/// Has candidates evaluated by the jobs of a Slurm cluster.
pub struct SlurmExecutor<'a> {
    folder: Folder,
    identity: Identity,
    /// Part of the names of the campaign's jobs.
    tag: String,
    spec: SlurmSpec,
    programs: Programs,
    worker: Vec<String>,
    pace: Pace,
    observer: &'a dyn Observer,
    /// Numbers of indices in one array; `None` before the site was asked.
    array_size: Option<u64>,
    /// CPU seconds of results that were taken.
    seconds: f64,
    /// Whether any unit ever came back.
    returned: bool,
}

/// A unit without a result.
#[derive(Clone, Debug)]
struct Waiting {
    /// Attempts so far.
    attempts: u32,
    /// Whether the last attempt may still be alive.
    submitted: bool,
    /// Since when Slurm does not know it, while it is submitted.
    missing: Option<Instant>,
    /// Whether the last attempt was seen at work.
    ran: bool,
    /// Outcomes in part files when the last attempt began.
    parts: usize,
}

impl Waiting {
    fn new() -> Self {
        Self { attempts: 0, submitted: false, missing: None, ran: false, parts: 0 }
    }
}

impl<'a> SlurmExecutor<'a> {
    /// For the campaign in this folder, which every node must see under the same path.
    /// `worker` is the program with its options of `druse worker` beside the unit; `path` is where
    /// Slurm's commands are looked for. What has to wait for somebody is told to `observer`.
    ///
    /// # Errors
    /// When Slurm's commands are not there.
    pub fn new(
        campaign: &Path,
        identity: Identity,
        spec: SlurmSpec,
        worker: Vec<String>,
        path: &OsStr,
        observer: &'a dyn Observer,
    ) -> Result<Self, NoSlurm> {
        // A campaign may run in several folders at once: the folder tells their jobs apart.
        let tag = hexadecimal(Sha256::digest(format!("{} {}", identity.campaign, campaign.display())));
        Ok(Self {
            folder: Folder::of(campaign),
            identity,
            tag: tag[..8].to_owned(),
            spec,
            programs: Programs::find(path)?,
            worker,
            pace: Pace::default(),
            observer,
            array_size: None,
            seconds: 0.0,
            returned: false,
        })
    }

    /// The jobs of this campaign that Slurm knows.
    fn entries(&self) -> Result<Vec<Entry>, String> {
        let user = rustix::process::getuid().as_raw().to_string();
        let mut command = Command::new(&self.programs.squeue);
        command.args(["-h", "-r", "-u", &user, "-o", queue::COLUMNS]);
        Ok(queue::read(&ask(&mut command, self.pace.answer)?, &self.tag))
    }

    /// The largest number of indices in an array of this site.
    fn array_size(&mut self) -> u64 {
        if let Some(size) = self.array_size {
            return size;
        }
        let mut command = Command::new(self.programs.scontrol.as_ref().unwrap_or(&PathBuf::from("scontrol")));
        let told = ask(command.args(["show", "config"]), self.pace.answer).ok();
        let size = told.as_deref().and_then(|text| {
            let line = text.lines().find_map(|line| line.trim().strip_prefix("MaxArraySize"))?;
            line.trim_start_matches([' ', '=']).trim().parse::<u64>().ok()
        });
        self.array_size = size.map(|size| size.max(1));
        self.array_size.unwrap_or(USUAL_ARRAY_SIZE)
    }

    /// Writes the script of an array and submits it.
    fn submit(&self, array: &Array) -> Result<(), String> {
        let script = self.folder.logs().join(format!("{}.sh", array.name(&self.tag)));
        let text = array.script(&self.tag, &self.spec, &self.worker);
        write_atomically(&script, text.as_bytes())
            .map_err(|error| format!("cannot write '{}': {error}", script.display()))?;
        let mut command = Command::new(&self.programs.sbatch);
        command.current_dir(self.folder.root()).arg("--parsable").arg(&script);
        ask(&mut command, self.pace.answer).map(drop)
    }

    /// Cancels jobs whose units are done: second attempts, and those that a lost node held up.
    fn cancel(&self, entries: &[Entry]) {
        let jobs: Vec<&str> = entries
            .iter()
            .filter(|entry| entry.state != State::Ending)
            .map(|entry| entry.job.as_str())
            .collect();
        for jobs in jobs.chunks(500) {
            // They find nothing to do even when they are not cancelled.
            let _ = ask(Command::new(&self.programs.scancel).args(jobs), self.pace.answer);
        }
    }

    /// What `sinfo` says of the nodes that may be used.
    fn nodes(&self) -> String {
        let Some(sinfo) = &self.programs.sinfo else { return String::new() };
        let mut command = Command::new(sinfo);
        command.args(["-h", "-N", "-o", trouble::NODE_COLUMNS]);
        if let Some((_, partition)) = self.spec.options.iter().find(|(name, _)| *name == "partition") {
            command.args(["-p", partition]);
        }
        ask(&mut command, self.pace.answer).unwrap_or_default()
    }

    /// Writes down that a unit was given up, and gives the reason.
    fn give_up(&self, unit: u64, attempts: u32) -> Result<String, ExecutorError> {
        let log = logs::last_words(&self.folder.logs(), &self.tag, unit);
        let words =
            log.last().map_or_else(|| "its log is empty".to_owned(), |line| format!("last words: {line}"));
        let reason = format!("lost: no result of unit {unit} after {attempts} attempts; {words}");
        let record = json!({"unit": unit, "attempts": attempts, "reason": reason, "log": log});
        let path = self.folder.failed(unit);
        write_atomically(&path, format!("{record:#}\n").as_bytes()).map_err(|error| cannot(&path, &error))?;
        Ok(reason)
    }
}

fn cannot(path: &Path, error: &std::io::Error) -> ExecutorError {
    ExecutorError(format!("cannot use '{}': {error}", path.display()))
}

impl Executor for SlurmExecutor<'_> {
    fn evaluate(
        &mut self,
        step: u64,
        tasks: &[Task],
        evaluate: &dyn Evaluate,
        done: &(dyn Fn(Vec<Outcome>) + Sync),
    ) -> Result<(), ExecutorError> {
        let folder = self.folder.clone();
        let round = Round::publish(&folder, &self.identity, tasks, evaluate, self.spec.unit)
            .map_err(|error| cannot(folder.root(), &error))?;
        Step::new(self, round).run(step, done)
    }

    fn recorded(&mut self, below: u64) {
        self.folder.clear(below);
        logs::clear(&self.folder.logs(), &self.tag, below);
    }

    fn seconds_elsewhere(&mut self) -> f64 {
        std::mem::take(&mut self.seconds)
    }
}

/// One step on its way.
struct Step<'s, 'a> {
    slurm: &'s mut SlurmExecutor<'a>,
    round: Round<'s>,
    waiting: BTreeMap<u64, Waiting>,
    trouble: Trouble<'a>,
    /// When something last went forward.
    moved: Instant,
    /// Refusals in a row, and until when nothing is submitted because of them.
    refusals: u32,
    quiet_until: Instant,
    /// Since when Slurm does not answer.
    silent: Option<Instant>,
    /// Whether a unit may have two jobs.
    doubled: bool,
    given_up: Vec<Outcome>,
}

impl<'s, 'a> Step<'s, 'a> {
    fn new(slurm: &'s mut SlurmExecutor<'a>, round: Round<'s>) -> Self {
        let now = Instant::now();
        let waiting = round.open().map(|unit| (unit, Waiting::new())).collect();
        let trouble = Trouble::new(slurm.observer);
        Self {
            slurm,
            round,
            waiting,
            trouble,
            moved: now,
            refusals: 0,
            quiet_until: now,
            silent: None,
            doubled: false,
            given_up: Vec::new(),
        }
    }

    /// Waits until every unit has its result or is given up.
    fn run(mut self, step: u64, done: &dyn Fn(Vec<Outcome>)) -> Result<(), ExecutorError> {
        let pace = self.slurm.pace;
        let (mut pause, mut ask_at) = (pace.results[0], Instant::now());
        loop {
            if self.take(done)? {
                (self.moved, pause) = (Instant::now(), pace.results[0]);
            }
            if self.round.is_done() {
                break;
            }
            if Instant::now() >= ask_at {
                self.ask()?;
                let quiet = self.moved.elapsed() / 4;
                ask_at = Instant::now() + quiet.clamp(pace.queue[0], pace.queue[1]);
            }
            sleep(pause);
            pause = (pause * 3 / 2).min(pace.results[1]);
        }
        if self.doubled
            && let Ok(entries) = self.slurm.entries()
        {
            self.slurm.cancel(&entries);
        }
        if !self.slurm.returned && !self.given_up.is_empty() {
            let reason = self.given_up.first().and_then(|outcome| outcome.reason.clone()).unwrap_or_default();
            return Err(ExecutorError(format!(
                "no unit of step {step} came back from Slurm, so this is no matter of single candidates: {reason}; see '{}'",
                self.slurm.folder.failed(0).parent().unwrap_or(Path::new("failed")).display()
            )));
        }
        done(self.given_up);
        Ok(())
    }

    /// Takes the results that have come; tells whether there were any.
    fn take(&mut self, done: &dyn Fn(Vec<Outcome>)) -> Result<bool, ExecutorError> {
        let (root, observer) = (self.slurm.folder.root(), self.slurm.observer);
        let bad = |unit: u64, broken: &crate::units::Broken| {
            let text = format!("warning: the result of unit {unit} is not taken: {broken}");
            observer.notice(&Event::Waiting { text: &text });
        };
        let given = self.round.take(bad).map_err(|error| cannot(root, &error))?;
        let any = !given.is_empty();
        for given in given {
            self.slurm.seconds += given.header.cpu_seconds;
            self.slurm.returned = true;
            self.waiting.remove(&given.unit);
            done(given.outcomes);
        }
        Ok(any)
    }

    /// Asks Slurm how the jobs are, and submits what is needed.
    fn ask(&mut self) -> Result<(), ExecutorError> {
        match self.slurm.entries() {
            Ok(entries) => {
                self.silent = None;
                self.hear(&entries)?;
                self.submit(&entries)?;
                self.explain(&entries);
            }
            Err(words) => {
                let since = *self.silent.get_or_insert_with(Instant::now);
                if since.elapsed() >= self.slurm.pace.patience {
                    self.trouble.say(trouble::silent(&words, self.slurm.folder.root()));
                }
            }
        }
        Ok(())
    }

    /// Finds out which units are alive, and which are lost.
    fn hear(&mut self, entries: &[Entry]) -> Result<(), ExecutorError> {
        let mut states: BTreeMap<u64, State> = BTreeMap::new();
        for entry in entries {
            let state = states.entry(entry.unit).or_insert(entry.state);
            *state = entry.state.max(*state);
        }
        let most = self.slurm.spec.attempts;
        let mut lost = Vec::new();
        for (&unit, waiting) in &mut self.waiting {
            let state = states.get(&unit).copied().unwrap_or(State::Ending);
            if state > State::Ending {
                // Submitted by an earlier run of this campaign, or by a command that failed after all.
                waiting.attempts = waiting.attempts.max(1);
                (waiting.submitted, waiting.missing) = (true, None);
                waiting.ran |= state == State::Running;
            }
            if state == State::Requeued && waiting.ran && waiting.attempts < most {
                // Its node is gone, and Slurm waits minutes before it starts it elsewhere: we do not.
                (waiting.submitted, self.doubled) = (false, true);
            }
            if state > State::Ending || !waiting.submitted {
                continue;
            }
            // A result may be later than the end of its job, and a look at the results than both.
            if waiting.missing.get_or_insert_with(Instant::now).elapsed() > self.slurm.spec.grace {
                if self.round.in_parts(unit) > waiting.parts {
                    // It ran out of its time, not of luck: the next attempt goes on from there.
                    waiting.attempts = waiting.attempts.saturating_sub(1);
                }
                if waiting.attempts < most { waiting.submitted = false } else { lost.push(unit) }
            }
        }
        for unit in lost {
            let attempts = self.waiting.remove(&unit).map_or(most, |waiting| waiting.attempts);
            let reason = self.slurm.give_up(unit, attempts)?;
            self.given_up.extend(self.round.give_up(unit, STAGE, &reason));
        }
        Ok(())
    }

    /// Submits units that have no live attempt, as many as may be in the queue.
    fn submit(&mut self, entries: &[Entry]) -> Result<(), ExecutorError> {
        if Instant::now() < self.quiet_until {
            return Ok(());
        }
        let alive = entries.iter().filter(|entry| matches!(entry.state, State::Waiting | State::Running));
        let mut arrays = alive.map(|entry| entry.array.as_str()).collect::<BTreeSet<&str>>().len();
        // Several arrays at once would each use the whole of a limit.
        let most = if self.slurm.spec.nodes.is_some() { 1 } else { MOST_ARRAYS };
        let mut by_attempt: BTreeMap<u32, Vec<u64>> = BTreeMap::new();
        for (&unit, waiting) in self.waiting.iter().filter(|(_, waiting)| !waiting.submitted) {
            by_attempt.entry(waiting.attempts + 1).or_default().push(unit);
        }
        if by_attempt.is_empty() {
            return Ok(());
        }
        let size = self.slurm.array_size();
        let all = by_attempt.iter().flat_map(|(&attempt, units)| array::split(units, attempt, size));
        for array in all.collect::<Vec<_>>() {
            if arrays >= most {
                break;
            }
            match self.slurm.submit(&array) {
                Ok(()) => {
                    arrays += 1;
                    self.refusals = 0;
                    self.submitted(&array);
                }
                Err(words) => return self.refused(&words, arrays > 0),
            }
        }
        Ok(())
    }

    fn submitted(&mut self, array: &Array) {
        self.moved = Instant::now();
        for &unit in &array.units {
            let parts = self.round.in_parts(unit);
            let Some(waiting) = self.waiting.get_mut(&unit) else { continue };
            waiting.attempts += 1;
            (waiting.submitted, waiting.missing, waiting.ran) = (true, None, false);
            waiting.parts = parts;
            self.doubled |= waiting.attempts > 1;
        }
    }

    /// Slurm did not take an array, or its answer was lost: whether it took it shows in the queue.
    fn refused(&mut self, words: &str, any_in_queue: bool) -> Result<(), ExecutorError> {
        self.refusals += 1;
        if self.refusals >= MOST_REFUSALS && !any_in_queue {
            return Err(ExecutorError(format!(
                "Slurm does not take the campaign's jobs: {words}; see [slurm] in '{}', or use --executor local",
                self.slurm.folder.root().join(crate::campaign::CAMPAIGN_FILE).display()
            )));
        }
        // Sites limit how many jobs one user may have.
        if words.to_ascii_lowercase().contains("limit") {
            let size = self.slurm.array_size();
            self.slurm.array_size = Some((size / 2).max(1));
        } else if words.contains("array") {
            self.slurm.array_size = None;
        }
        self.quiet_until =
            Instant::now() + self.slurm.pace.back_off * 2u32.pow(self.refusals.min(MOST_REFUSALS) - 1);
        Ok(())
    }

    /// Tells why nothing goes forward, if there is a reason.
    fn explain(&mut self, entries: &[Entry]) {
        let runs = entries.iter().any(|entry| entry.state == State::Running);
        if runs || entries.is_empty() || self.moved.elapsed() < self.slurm.pace.patience {
            return;
        }
        if let Some(text) = trouble::standstill(entries, &self.slurm.nodes(), self.slurm.folder.root()) {
            self.trouble.say(text);
        }
    }
}

#[cfg(test)]
mod tests;

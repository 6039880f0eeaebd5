//! The threads of this process, after what workers have done already.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::folder::Folder;
use super::stamp::{Identity, Stamp, digest, digest_of};
use crate::engine::{Evaluate, Executor, ExecutorError, Outcome, Task, in_batches};

/// Evaluates candidates on the threads of this process, but takes the results that workers of a
/// cluster left in the campaign's folder: so a campaign whose cluster is gone is finished here.
pub struct LocalAfter {
    folder: Folder,
    identity: Identity,
}

impl LocalAfter {
    /// For the campaign in this folder.
    pub fn new(campaign: &Path, identity: Identity) -> Self {
        Self { folder: Folder::of(campaign), identity }
    }

    /// Outcomes of whole units that are among `tasks`.
    fn found(&self, tasks: &[Task], protocol: &str) -> Vec<Outcome> {
        let places: BTreeMap<u64, &Task> = tasks.iter().map(|task| (task.number, task)).collect();
        let mut outcomes = Vec::new();
        // No folder of results: nothing was done elsewhere.
        for unit in self.folder.results().unwrap_or_default() {
            let Ok((found, unit_tasks)) = self.folder.read_unit(unit) else { continue };
            let same = unit_tasks.iter().map(|task| places.get(&task.number).map(|&task| task.clone()));
            let Some(same) = same.collect::<Option<Vec<Task>>>() else { continue };
            let stamp = Stamp {
                unit,
                campaign: self.identity.campaign.clone(),
                program: self.identity.program.clone(),
                protocol: protocol.to_owned(),
                tasks: digest_of(&same),
            };
            if found == stamp
                && let Ok((_, result)) = self.folder.read_result(&stamp, &same)
            {
                outcomes.extend(result);
            }
        }
        outcomes
    }
}

impl Executor for LocalAfter {
    fn evaluate(
        &mut self,
        _step: u64,
        tasks: &[Task],
        evaluate: &dyn Evaluate,
        done: &(dyn Fn(Vec<Outcome>) + Sync),
    ) -> Result<(), ExecutorError> {
        let found = self.found(tasks, &digest(&evaluate.protocol()));
        if found.is_empty() {
            in_batches(tasks, evaluate, done);
            return Ok(());
        }
        let numbers: BTreeSet<u64> = found.iter().map(|outcome| outcome.number).collect();
        done(found);
        // Units are whole batches, so what is left falls into the same batches as the whole.
        let left: Vec<Task> = tasks.iter().filter(|task| !numbers.contains(&task.number)).cloned().collect();
        in_batches(&left, evaluate, done);
        Ok(())
    }

    fn recorded(&mut self, below: u64) {
        self.folder.clear(below);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::atomic::AtomicBool;

    use super::*;
    use crate::units::testing::{Thirds, Watched, identity, outcome, task};
    use crate::units::{Round, Worker};

    #[test]
    fn what_workers_did_is_taken_and_the_rest_is_done_here() {
        let root = tempfile::tempdir().unwrap();
        let folder = Folder::of(root.path());
        // Duplicates left gaps; three candidates a unit are made four, which is two batches.
        let tasks: Vec<Task> = [3, 4, 5, 8, 9, 10, 11].map(task).to_vec();
        let round = Round::publish(&folder, &identity(), &tasks, &Thirds, 3).unwrap();
        assert_eq!(round.open().collect::<Vec<_>>(), [3, 4]);
        assert_eq!(round.candidates(4).collect::<Vec<_>>(), [9, 10, 11]);
        Worker::new(root.path(), &identity(), 3).unwrap().run(&Thirds, &AtomicBool::new(false)).unwrap();

        let (seen, got) = (Mutex::new(Vec::new()), Mutex::new(Vec::new()));
        let watched = Watched(|tasks: &[Task]| {
            seen.lock().unwrap().push(tasks.iter().map(|task| task.number).collect::<Vec<_>>());
        });
        let done = |outcomes: Vec<Outcome>| got.lock().unwrap().extend(outcomes);
        let mut executor = LocalAfter::new(root.path(), identity());
        executor.evaluate(0, &tasks, &watched, &done).unwrap();
        let mut seen = seen.into_inner().unwrap();
        seen.sort();
        assert_eq!(seen, [vec![9, 10], vec![11]]);
        let mut got = got.into_inner().unwrap();
        got.sort_by_key(|outcome| outcome.number);
        assert_eq!(got, tasks.iter().map(|task| outcome(task.number)).collect::<Vec<_>>());

        // Another campaign's results are left alone, and a recorded step leaves nothing.
        let other = LocalAfter::new(root.path(), Identity { campaign: "other".into(), ..identity() });
        assert!(other.found(&tasks, &digest("thirds")).is_empty());
        executor.recorded(12);
        assert!(folder.results().unwrap().is_empty());
    }
}

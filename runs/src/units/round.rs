//! The units of one step, from their publication to their last result.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::ops::Range;

use super::folder::Folder;
use super::lines::Broken;
use super::stamp::{Identity, ResultHeader, Stamp, digest, digest_of};
use crate::engine::{Evaluate, Outcome, Task};

/// The units of one step that have no result yet.
pub struct Round<'a> {
    folder: &'a Folder,
    tasks: &'a [Task],
    open: BTreeMap<u64, Open>,
}

/// A unit without a result.
struct Open {
    stamp: Stamp,
    tasks: Range<usize>,
}

/// A result that was taken.
#[derive(Debug)]
pub struct Given {
    /// Unit.
    pub unit: u64,
    /// How it came about.
    pub header: ResultHeader,
    /// One outcome for each of its tasks, in order.
    pub outcomes: Vec<Outcome>,
}

impl<'a> Round<'a> {
    /// Cuts the tasks of a step into units of about `size`, whole batches each, so that batches are
    /// those of a run in one process, and writes their files. A file that is there for the same
    /// candidates stays, together with its result.
    ///
    /// # Errors
    /// When files cannot be written.
    pub fn publish(
        folder: &'a Folder,
        identity: &Identity,
        tasks: &'a [Task],
        evaluate: &dyn Evaluate,
        size: usize,
    ) -> io::Result<Self> {
        folder.create()?;
        let batch = evaluate.batch().max(1);
        let size = size.div_ceil(batch).max(1) * batch;
        let first = tasks.first().map_or(0, |task| task.number);
        let protocol = digest(&evaluate.protocol());
        let mut open = BTreeMap::new();
        for (unit, start) in (first..).zip((0..tasks.len()).step_by(size)) {
            let range = start..tasks.len().min(start + size);
            let stamp = Stamp {
                unit,
                campaign: identity.campaign.clone(),
                program: identity.program.clone(),
                protocol: protocol.clone(),
                tasks: digest_of(&tasks[range.clone()]),
            };
            if folder.read_unit(unit).is_ok_and(|(found, _)| found == stamp) {
                super::folder::remove(&folder.failed(unit));
            } else {
                folder.clear_results(unit);
                folder.publish(&stamp, &tasks[range.clone()])?;
            }
            open.insert(unit, Open { stamp, tasks: range });
        }
        Ok(Self { folder, tasks, open })
    }

    /// Units without a result, ascending.
    pub fn open(&self) -> impl Iterator<Item = u64> + '_ {
        self.open.keys().copied()
    }

    /// Whether every unit has its result.
    pub fn is_done(&self) -> bool {
        self.open.is_empty()
    }

    /// Candidates of an open unit.
    pub fn candidates(&self, unit: u64) -> impl Iterator<Item = u64> + '_ {
        let tasks = self.open.get(&unit).map_or(0..0, |open| open.tasks.clone());
        self.tasks[tasks].iter().map(|task| task.number)
    }

    /// Candidates of an open unit whose outcomes stopped workers left behind.
    pub fn in_parts(&self, unit: u64) -> usize {
        let Some(open) = self.open.get(&unit) else { return 0 };
        let parts = self.folder.read_parts(&open.stamp);
        parts.into_iter().map(|outcome| outcome.number).collect::<BTreeSet<_>>().len()
    }

    /// Takes the results that have come. One that is not whole or not of its unit is removed, so that
    /// another can take its place, and told to `bad`.
    ///
    /// # Errors
    /// When the folder of results cannot be listed.
    pub fn take(&mut self, mut bad: impl FnMut(u64, &Broken)) -> io::Result<Vec<Given>> {
        let mut taken = Vec::new();
        for unit in self.folder.results()? {
            let Some(open) = self.open.get(&unit) else { continue };
            match self.folder.read_result(&open.stamp, &self.tasks[open.tasks.clone()]) {
                Ok((header, outcomes)) => {
                    taken.push(Given { unit, header, outcomes });
                    self.open.remove(&unit);
                }
                // Seen in the list and not there: a network file system between two states.
                Err(Broken::Io(_)) => {}
                Err(broken) => {
                    super::folder::remove(&self.folder.result(unit));
                    bad(unit, &broken);
                }
            }
        }
        Ok(taken)
    }

    /// Gives up a unit: each of its candidates fails for this reason.
    pub fn give_up(&mut self, unit: u64, stage: &str, reason: &str) -> Vec<Outcome> {
        let numbers: Vec<u64> = self.candidates(unit).collect();
        self.open.remove(&unit);
        numbers.into_iter().map(|number| Outcome::failed(number, stage, reason)).collect()
    }
}

//! Where the files of units lie.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use druse_representations::io::write_atomically;

use super::lines::{self, Broken};
use super::stamp::{ResultHeader, Stamp};
use crate::engine::{Outcome, Task};

const UNITS: &str = "units";
const RESULTS: &str = "results";
const FAILED: &str = "failed";
const LOGS: &str = "logs";
/// Stands between the name of a result and the worker that is writing it.
const PART: &str = ".jsonl.tmp.";

/// The files of units in a campaign's folder.
#[derive(Clone, Debug)]
pub struct Folder {
    root: PathBuf,
}

impl Folder {
    /// Those in the folder of this campaign.
    pub fn of(campaign: &Path) -> Self {
        Self { root: campaign.to_owned() }
    }

    /// The campaign's folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The tasks of a unit.
    pub fn unit(&self, unit: u64) -> PathBuf {
        self.root.join(UNITS).join(format!("{unit:06}.jsonl"))
    }

    /// The outcomes of a unit.
    pub fn result(&self, unit: u64) -> PathBuf {
        self.root.join(RESULTS).join(format!("{unit:06}.jsonl"))
    }

    /// Outcomes so far, of one worker.
    pub(super) fn part(&self, unit: u64, worker: &str) -> PathBuf {
        self.root.join(RESULTS).join(format!("{unit:06}{PART}{worker}"))
    }

    /// Why a unit was given up.
    pub fn failed(&self, unit: u64) -> PathBuf {
        self.root.join(FAILED).join(format!("{unit:06}.json"))
    }

    /// What launchers and workers said.
    pub fn logs(&self) -> PathBuf {
        self.root.join(LOGS)
    }

    /// Makes the folders.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn create(&self) -> io::Result<()> {
        for name in [UNITS, RESULTS, FAILED, LOGS] {
            fs::create_dir_all(self.root.join(name))?;
        }
        Ok(())
    }

    /// Writes the tasks of a unit.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn publish(&self, stamp: &Stamp, tasks: &[Task]) -> io::Result<()> {
        write_atomically(&self.unit(stamp.unit), lines::write(stamp, tasks)?.as_bytes())
    }

    /// The tasks of a unit.
    ///
    /// # Errors
    /// When there are none or the file is not whole.
    pub fn read_unit(&self, unit: u64) -> Result<(Stamp, Vec<Task>), Broken> {
        lines::read(&fs::read(self.unit(unit))?)
    }

    /// The outcomes of the unit with this stamp, one for each of its `tasks`.
    ///
    /// # Errors
    /// When there are none, or the file is not whole or not the result of this unit.
    pub fn read_result(&self, stamp: &Stamp, tasks: &[Task]) -> Result<(ResultHeader, Vec<Outcome>), Broken> {
        let (header, outcomes): (ResultHeader, Vec<Outcome>) =
            lines::read(&fs::read(self.result(stamp.unit))?)?;
        header.stamp.check(stamp)?;
        if !outcomes.iter().map(|outcome| outcome.number).eq(tasks.iter().map(|task| task.number)) {
            return Err(Broken::NotWhole("its candidates are not those of the unit"));
        }
        Ok((header, outcomes))
    }

    /// Outcomes that workers wrote down before they were stopped; several of one candidate where
    /// several workers tried.
    pub fn read_parts(&self, stamp: &Stamp) -> Vec<Outcome> {
        let mut outcomes = Vec::new();
        for path in self.parts_of(stamp.unit) {
            let Ok(bytes) = fs::read(path) else { continue };
            if let Ok((header, found)) = lines::read_part::<Stamp, Outcome>(&bytes)
                && header.check(stamp).is_ok()
            {
                outcomes.extend(found);
            }
        }
        outcomes
    }

    /// Numbers of the results that are there; the folder is opened anew, so that a network file
    /// system looks anew too.
    ///
    /// # Errors
    /// When the folder cannot be listed.
    pub fn results(&self) -> io::Result<Vec<u64>> {
        let mut numbers = Vec::new();
        for entry in fs::read_dir(self.root.join(RESULTS))? {
            let name = entry?.file_name();
            let number = name.to_str().and_then(|name| name.strip_suffix(".jsonl")).map(str::parse::<u64>);
            numbers.extend(number.into_iter().flatten());
        }
        numbers.sort_unstable();
        Ok(numbers)
    }

    /// Removes everything of one unit except its tasks.
    pub fn clear_results(&self, unit: u64) {
        for path in self.parts_of(unit).chain([self.result(unit), self.failed(unit)]) {
            remove(&path);
        }
    }

    /// Removes everything of units below `below` but the reasons of those that were given up.
    pub fn clear(&self, below: u64) {
        for name in [UNITS, RESULTS] {
            let stale = names(&self.root.join(name))
                .filter(|(file, _)| leading_number(file).is_some_and(|number| number < below));
            stale.for_each(|(_, path)| remove(&path));
        }
    }

    fn parts_of(&self, unit: u64) -> impl Iterator<Item = PathBuf> {
        let start = format!("{unit:06}{PART}");
        names(&self.root.join(RESULTS))
            .filter(move |(name, _)| name.starts_with(&start))
            .map(|(_, path)| path)
    }
}

/// Names and paths of what lies in a folder; nothing when there is none.
fn names(folder: &Path) -> impl Iterator<Item = (String, PathBuf)> + use<> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| (entry.file_name().to_string_lossy().into_owned(), entry.path()))
}

/// `000017.jsonl` and `.000017.jsonl.99.part`: 17.
fn leading_number(name: &str) -> Option<u64> {
    let name = name.trim_start_matches('.');
    name.split_once('.')?.0.parse().ok()
}

/// Removes a file if it is there: that it is gone is all that matters.
pub(super) fn remove(path: &Path) {
    let _ = fs::remove_file(path);
}

/// Makes the names in the folder of `path` durable, where the system can do that.
pub(super) fn sync_folder_of(path: &Path) {
    if let Some(Ok(folder)) = path.parent().map(File::open) {
        let _ = folder.sync_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::testing::{outcome, stamp, task};

    #[test]
    fn old_files_go_and_others_stay() {
        let root = tempfile::tempdir().unwrap();
        let folder = Folder::of(root.path());
        folder.create().unwrap();
        for unit in [3, 4, 1_000_000] {
            folder.publish(&stamp(unit, &[task(unit)]), &[task(unit)]).unwrap();
            fs::write(folder.result(unit), "x").unwrap();
            fs::write(folder.part(unit, "host.1"), "x").unwrap();
            fs::write(folder.failed(unit), "x").unwrap();
        }
        folder.clear(4);
        assert_eq!(folder.results().unwrap(), [4, 1_000_000]);
        assert!(!folder.unit(3).exists() && folder.unit(4).exists());
        assert!(!folder.part(3, "host.1").exists() && folder.part(4, "host.1").exists());
        assert!(folder.failed(3).exists());
        folder.clear_results(4);
        assert_eq!(folder.results().unwrap(), [1_000_000]);
        assert!(!folder.part(4, "host.1").exists() && folder.unit(4).exists());
    }

    #[test]
    fn a_result_of_something_else_does_not_exist() {
        let root = tempfile::tempdir().unwrap();
        let folder = Folder::of(root.path());
        folder.create().unwrap();
        let tasks = [task(1), task(2)];
        let stamp = stamp(1, &tasks);
        let header = |stamp: &Stamp| crate::units::testing::header(stamp.clone());
        let write = |stamp: &Stamp, outcomes: &[Outcome]| {
            fs::write(folder.result(1), lines::write(&header(stamp), outcomes).unwrap()).unwrap();
        };
        let whole = [outcome(1), outcome(2)];
        write(&stamp, &whole);
        assert_eq!(folder.read_result(&stamp, &tasks).unwrap(), (header(&stamp), whole.to_vec()));
        write(&stamp, &whole[..1]);
        assert!(folder.read_result(&stamp, &tasks).is_err());
        for other in [
            Stamp { campaign: "other".into(), ..stamp.clone() },
            Stamp { program: "other".into(), ..stamp.clone() },
            Stamp { protocol: "other".into(), ..stamp.clone() },
            Stamp { tasks: "other".into(), ..stamp.clone() },
            Stamp { unit: 2, ..stamp.clone() },
        ] {
            write(&other, &whole);
            assert!(folder.read_result(&stamp, &tasks).is_err());
        }
    }
}

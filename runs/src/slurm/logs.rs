//! What the jobs of a campaign said.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::queue;

/// Most bytes read of one log.
const MOST: usize = 16 * 1024;
/// Lines kept of one log.
const LINES: usize = 20;

/// The last lines of the latest log of a unit.
pub(super) fn last_words(folder: &Path, tag: &str, unit: u64) -> Vec<String> {
    let mut logs: Vec<(SystemTime, PathBuf)> = all(folder, tag)
        .filter(|(of, _)| *of == Unit::One(unit))
        .filter_map(|(_, path)| Some((fs::metadata(&path).ok()?.modified().ok()?, path)))
        .collect();
    logs.sort();
    let Some((_, path)) = logs.pop() else { return Vec::new() };
    let bytes = fs::read(path).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes[bytes.len().saturating_sub(MOST)..]).into_owned();
    let lines: Vec<String> = text.lines().filter(|line| !line.trim().is_empty()).map(str::to_owned).collect();
    lines[lines.len().saturating_sub(LINES)..].to_vec()
}

/// Removes logs and scripts of units below `below`.
pub(super) fn clear(folder: &Path, tag: &str, below: u64) {
    for (of, path) in all(folder, tag) {
        let (Unit::One(unit) | Unit::From(unit)) = of;
        if unit < below {
            // That it is gone is all that matters.
            let _ = fs::remove_file(path);
        }
    }
}

/// What a file in the folder of logs is about.
#[derive(PartialEq, Eq)]
enum Unit {
    /// The log of a unit.
    One(u64),
    /// The script of an array that starts with this unit.
    From(u64),
}

fn all<'a>(folder: &Path, tag: &'a str) -> impl Iterator<Item = (Unit, PathBuf)> + use<'a> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(move |entry| {
        let name = entry.file_name();
        Some((unit_of(name.to_str()?, tag)?, entry.path()))
    })
}

/// `druse-TAG-OFFSET-ATTEMPT_JOB_INDEX.out` and `druse-TAG-OFFSET-ATTEMPT.sh`.
fn unit_of(name: &str, tag: &str) -> Option<Unit> {
    if let Some(script) = name.strip_suffix(".sh") {
        return queue::offset(script, tag).map(Unit::From);
    }
    let (rest, index) = name.strip_suffix(".out")?.rsplit_once('_')?;
    let (array, _) = rest.rsplit_once('_')?;
    Some(Unit::One(queue::offset(array, tag)?.checked_add(index.parse().ok()?)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_log_of_a_unit_is_found_and_old_ones_go() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        write("druse-ab12-120-1_7_3.out", "first\n");
        write("druse-ab12-120-1_7_4.out", "another unit\n");
        std::thread::sleep(std::time::Duration::from_millis(20));
        write("druse-ab12-123-2_9_0.out", &(0..30).map(|n| format!("line {n}\n\n")).collect::<String>());
        write("druse-ab12-123-2.sh", "#!/bin/sh\n");
        write("mine.out", "x");
        let words = last_words(folder.path(), "ab12", 123);
        assert_eq!((words.len(), words[0].as_str(), words[19].as_str()), (20, "line 10", "line 29"));
        assert!(last_words(folder.path(), "ab12", 5).is_empty());
        clear(folder.path(), "ab12", 124);
        let mut left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, ["druse-ab12-120-1_7_4.out", "mine.out"]);
    }
}

//! What keeps the jobs of a campaign from running, in plain words.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::{Duration, Instant};

use super::queue::{Entry, State};
use crate::engine::{Event, Observer};

/// Jobs named one by one.
const NAMED: usize = 5;
/// After this long the same is said again.
const AGAIN: Duration = Duration::from_secs(600);

/// Says what is wrong: at once when it is new, and again after a while.
pub(super) struct Trouble<'a> {
    observer: &'a dyn Observer,
    said: Option<(String, Instant)>,
}

impl<'a> Trouble<'a> {
    pub(super) fn new(observer: &'a dyn Observer) -> Self {
        Self { observer, said: None }
    }

    pub(super) fn say(&mut self, text: String) {
        if self.said.as_ref().is_some_and(|(said, at)| *said == text && at.elapsed() < AGAIN) {
            return;
        }
        self.observer.notice(&Event::Waiting { text: &text });
        self.said = Some((text, Instant::now()));
    }
}

/// The controller does not answer.
pub(super) fn silent(words: &str, campaign: &Path) -> String {
    format!(
        "warning: Slurm does not answer ({words}). Results of jobs that still run are taken all the same, and druse keeps asking.\n{}",
        way_out(campaign)
    )
}

/// Jobs are in the queue and none of them runs: why, if there is a reason that does not go away by
/// itself. `nodes` is what `sinfo` says in the [columns](NODE_COLUMNS).
pub(super) fn standstill(entries: &[Entry], nodes: &str, campaign: &Path) -> Option<String> {
    let held: Vec<&Entry> = entries.iter().filter(|entry| entry.state == State::Held).collect();
    let waits = entries.iter().filter(|entry| entry.state == State::Waiting && !is_usual(&entry.reason));
    let waits: BTreeSet<&str> = waits.map(|entry| entry.reason.as_str()).collect();
    let (usable, broken) = broken_nodes(nodes);
    if held.is_empty() && waits.is_empty() && (usable || broken.is_empty()) {
        return None;
    }
    let mut text = "warning: Slurm runs none of this campaign's jobs:\n".to_owned();
    let mut remedies = Vec::new();
    for (reason, names) in &broken {
        text += &format!("    nodes {}: {reason}\n", names.join(", "));
        remedies.push(format!("    scontrol update nodename={} state=resume\n", names.join(",")));
    }
    if !held.is_empty() {
        let reasons: BTreeSet<&str> = held.iter().map(|entry| entry.reason.as_str()).collect();
        let mut jobs: Vec<&str> = held.iter().take(NAMED).map(|entry| entry.job.as_str()).collect();
        if held.len() > NAMED {
            jobs.push("…");
        }
        let reasons = reasons.into_iter().collect::<Vec<_>>().join("; ");
        text += &format!("    {} held ({reasons}): {}\n", held.len(), jobs.join(", "));
        let arrays: BTreeSet<&str> = held.iter().map(|entry| entry.array.as_str()).collect();
        remedies.extend(arrays.into_iter().map(|array| format!("    scontrol release {array}\n")));
    }
    for reason in waits {
        text += &format!("    waiting: {reason}\n");
    }
    if !remedies.is_empty() {
        text += "An administrator of the cluster can set that right with\n";
        text.extend(remedies);
    }
    text += "druse keeps waiting. ";
    text += &way_out(campaign);
    Some(text)
}

/// The columns of `sinfo` that [`standstill`] reads.
pub(super) const NODE_COLUMNS: &str = "%N|%T|%E";

/// Whether any node can be used, and those that cannot, by state and reason.
fn broken_nodes(text: &str) -> (bool, BTreeMap<String, Vec<&str>>) {
    let mut usable = false;
    let mut broken: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for line in text.lines() {
        let mut columns = line.trim().splitn(3, '|');
        let (Some(name), Some(state)) = (columns.next(), columns.next()) else { continue };
        let reason = columns.next().unwrap_or_default();
        if !["down", "drain", "fail", "error", "unknown"].iter().any(|word| state.starts_with(word)) {
            usable = true;
            continue;
        }
        let names = broken.entry(format!("{state} ({reason})")).or_default();
        // A node in several partitions has several lines.
        if !names.contains(&name) {
            names.push(name);
        }
    }
    (usable, broken)
}

/// Reasons that go away by themselves.
fn is_usual(reason: &str) -> bool {
    ["", "None", "Priority", "Resources", "JobArrayTaskLimit", "BeginTime", "Dependency", "Cleaning"]
        .contains(&reason)
        || reason.ends_with("Limit") && reason != "PartitionTimeLimit" && reason != "PartitionNodeLimit"
}

fn way_out(campaign: &Path) -> String {
    format!(
        "To finish without the cluster, stop druse and run\n    druse resume {} --executor local",
        campaign.display()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::slurm::queue::read;

    #[test]
    fn drained_nodes_and_held_jobs_come_with_their_remedy() {
        let queue = "12_3|druse-ab12-0-1|PENDING|JobHeldAdmin\n12_4|druse-ab12-0-1|PENDING|Resources\n";
        let nodes = "w1|drained|Duplicate jobid\nw2|drained|Duplicate jobid\nw2|drained|Duplicate jobid\n\
                     w3|down*|Not responding\n";
        let text = standstill(&read(queue, "ab12"), nodes, Path::new("/data/salts")).unwrap();
        insta::assert_snapshot!(text, @r"
        warning: Slurm runs none of this campaign's jobs:
            nodes w3: down* (Not responding)
            nodes w1, w2: drained (Duplicate jobid)
            1 held (JobHeldAdmin): 12_3
        An administrator of the cluster can set that right with
            scontrol update nodename=w3 state=resume
            scontrol update nodename=w1,w2 state=resume
            scontrol release 12
        druse keeps waiting. To finish without the cluster, stop druse and run
            druse resume /data/salts --executor local
        ");
    }

    #[test]
    fn a_long_queue_is_no_trouble() {
        let queue = "12_3|druse-ab12-0-1|PENDING|Priority\n";
        let nodes = "w1|allocated|none\nw2|drained|disk\n";
        assert_eq!(standstill(&read(queue, "ab12"), nodes, Path::new("x")), None);
        assert_eq!(standstill(&read(queue, "ab12"), "", Path::new("x")), None);
        let queue = "12_3|druse-ab12-0-1|PENDING|PartitionTimeLimit\n";
        let text = standstill(&read(queue, "ab12"), nodes, Path::new("x")).unwrap();
        assert!(text.contains("waiting: PartitionTimeLimit"), "{text}");
    }
}

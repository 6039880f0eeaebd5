//! What Slurm says of the jobs of a campaign: a hint, never the truth.

/// How it stands with one job of an array, the hopeless first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum State {
    /// It has ended or is about to.
    Ending,
    /// Its node was lost; Slurm starts it again, but not before two minutes have passed.
    Requeued,
    /// Somebody has to release it.
    Held,
    /// It waits for its turn.
    Waiting,
    /// It runs.
    Running,
}

/// One job of an array.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// The unit that it evaluates.
    pub(super) unit: u64,
    /// Number of the array.
    pub(super) array: String,
    /// Number of the array, and index in it: `12_3`.
    pub(super) job: String,
    pub(super) state: State,
    /// Why it is in this state, in Slurm's words.
    pub(super) reason: String,
}

/// The columns that [`read`] takes, as `squeue` is asked for them.
pub(super) const COLUMNS: &str = "%i|%j|%T|%r";

/// Reads the jobs whose names start with `druse-TAG-`; others are not ours.
pub(super) fn read(text: &str, tag: &str) -> Vec<Entry> {
    text.lines().filter_map(|line| entry(line, tag)).collect()
}

fn entry(line: &str, tag: &str) -> Option<Entry> {
    let mut columns = line.trim().splitn(4, '|');
    let (job, name, state) = (columns.next()?, columns.next()?, columns.next()?);
    let reason = columns.next().unwrap_or_default();
    let (array, index) = job.split_once('_')?;
    let offset = offset(name, tag)?;
    Some(Entry {
        unit: offset.checked_add(index.parse().ok()?)?,
        array: array.to_owned(),
        job: job.to_owned(),
        state: state_of(state, reason),
        reason: reason.to_owned(),
    })
}

/// The unit of index 0 of an array with this name.
pub(super) fn offset(name: &str, tag: &str) -> Option<u64> {
    let rest = name.strip_prefix("druse-")?.strip_prefix(tag)?.strip_prefix('-')?;
    rest.split_once('-')?.0.parse().ok()
}

fn state_of(state: &str, reason: &str) -> State {
    match state {
        "RUNNING" | "SUSPENDED" | "STOPPED" | "SIGNALING" | "STAGE_OUT" | "RESIZING" => State::Running,
        "REQUEUE_HOLD" | "SPECIAL_EXIT" => State::Held,
        "PENDING" | "REQUEUED" | "REQUEUE_FED" if is_held(reason) => State::Held,
        "PENDING" | "REQUEUED" | "REQUEUE_FED" if reason == "BeginTime" => State::Requeued,
        "PENDING" | "REQUEUED" | "REQUEUE_FED" | "CONFIGURING" => State::Waiting,
        _ => State::Ending,
    }
}

fn is_held(reason: &str) -> bool {
    reason.to_ascii_lowercase().contains("held")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_of_the_campaign_are_told_from_others() {
        let text = "12_0|druse-ab12-120-1|RUNNING|None\n\
                    12_3|druse-ab12-120-1|PENDING|Resources\n\
                    13_0|druse-ab12-140-2|PENDING|BeginTime\n\
                    13_1|druse-ab12-140-2|PENDING|launch failed requeued held\n\
                    13_2|druse-ab12-140-2|PENDING|ReqNodeNotAvail, UnavailableNodes:w[1-4]\n\
                    13_4|druse-ab12-140-2|COMPLETING|None\n\
                    14_0|druse-ffff-120-1|RUNNING|None\n\
                    15|somebody|RUNNING|None\n\
                    squeue: error\n\n";
        let entries = read(text, "ab12");
        let found: Vec<(u64, &str, State)> =
            entries.iter().map(|entry| (entry.unit, entry.job.as_str(), entry.state)).collect();
        assert_eq!(
            found,
            [
                (120, "12_0", State::Running),
                (123, "12_3", State::Waiting),
                (140, "13_0", State::Requeued),
                (141, "13_1", State::Held),
                (142, "13_2", State::Waiting),
                (144, "13_4", State::Ending),
            ]
        );
        assert_eq!(entries[4].reason, "ReqNodeNotAvail, UnavailableNodes:w[1-4]");
    }
}

//! What the screens of generators are worth: candidates that a surrogate chose against those that passed by chance.

use std::collections::BTreeMap;

use druse_generators::NOT_SCREENED;
use serde::Serialize;

use crate::funnel::Share;
use crate::store::{CandidateRow, Status};

/// What became of the candidates of a generator that screens its children. What passed by chance is like the children that
/// are refused for each one that is chosen: the share of it that keeps within all limits is the share of false rejections.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ScreenCount {
    /// The generator.
    pub generator: String,
    /// Candidates that were chosen among several children.
    pub chosen: Worth,
    /// Candidates that passed by chance.
    pub by_chance: Worth,
}

/// How many of some candidates are worth something.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Worth {
    /// How many there are: evaluated, rejected or failed.
    pub candidates: u64,
    /// Within all limits.
    pub within_limits: Share,
    /// On the Pareto front.
    pub on_front: Share,
}

/// Counts of one generator so far: candidates, and those within all limits, chosen and by chance.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    candidates: [u64; 2],
    within: [u64; 2],
}

/// Counts candidates one by one.
#[derive(Debug, Default)]
pub struct Screens {
    counts: BTreeMap<String, Counts>,
}

impl Screens {
    /// Adds a candidate.
    pub fn add(&mut self, row: &CandidateRow) {
        // Those without a choice, the first of a campaign among them, are no part of the comparison.
        if matches!(row.status, Status::Proposed | Status::Duplicate) {
            return;
        }
        let side = usize::from(by_chance(row));
        let counts = self.counts.entry(row.lineage.generator.clone()).or_default();
        counts.candidates[side] += 1;
        counts.within[side] += u64::from(row.violation == Some(0.0));
    }

    /// The generators of which something passed by chance. `front` are the candidates of the Pareto front.
    pub fn finish<'a>(self, front: impl Iterator<Item = &'a CandidateRow>) -> Vec<ScreenCount> {
        let mut on_front: BTreeMap<&str, [u64; 2]> = BTreeMap::new();
        for row in front {
            on_front.entry(&row.lineage.generator).or_default()[usize::from(by_chance(row))] += 1;
        }
        let screened = self.counts.into_iter().filter(|(_, counts)| counts.candidates[1] > 0);
        screened
            .map(|(generator, counts)| {
                let front = on_front.get(generator.as_str()).copied().unwrap_or_default();
                let worth = |side: usize| {
                    let candidates = counts.candidates[side];
                    Worth {
                        candidates,
                        within_limits: Share::wilson(counts.within[side], candidates),
                        on_front: Share::wilson(front[side], candidates),
                    }
                };
                ScreenCount { chosen: worth(0), by_chance: worth(1), generator }
            })
            .collect()
    }
}

fn by_chance(row: &CandidateRow) -> bool {
    row.lineage.note.as_deref() == Some(NOT_SCREENED)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(status: Status, chance: bool, violation: f64) -> CandidateRow {
        let mut row = crate::made_up::row(0);
        row.status = status;
        row.violation = (status == Status::Evaluated).then_some(violation);
        row.lineage.generator = "nsga3".into();
        row.lineage.note = chance.then(|| NOT_SCREENED.to_owned());
        row
    }

    #[test]
    fn what_passed_by_chance_is_told_from_what_was_chosen() {
        let rows = [
            row(Status::Evaluated, false, 0.0),
            row(Status::Evaluated, false, 0.2),
            row(Status::Rejected, false, 0.0),
            row(Status::Duplicate, true, 0.0),
            row(Status::Evaluated, true, 0.0),
            row(Status::Failed, true, 0.0),
        ];
        let mut screens = Screens::default();
        rows.iter().for_each(|row| screens.add(row));
        let found = screens.finish([&rows[0], &rows[4]].into_iter());
        assert_eq!(found.len(), 1);
        let numbers = |worth: &Worth| (worth.candidates, worth.within_limits.count, worth.on_front.count);
        assert_eq!(numbers(&found[0].chosen), (3, 1, 1));
        assert_eq!(numbers(&found[0].by_chance), (2, 1, 1));
        // A generator without a screen is not listed.
        let mut none = Screens::default();
        none.add(&rows[0]);
        assert!(none.finish(std::iter::empty()).is_empty());
    }
}

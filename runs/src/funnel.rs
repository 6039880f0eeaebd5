//! The funnel in numbers: how many candidates came to each stage, how many ended there, how many passed
//! by chance and what became of them. Added up row by row.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::engine::{Stage, StageKind};
use crate::store::{CandidateRow, Status};

/// One stage of the funnel.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StageCount {
    /// Name.
    pub stage: String,
    /// What it is.
    pub kind: StageKind,
    /// Candidates that came to it.
    pub entered: u64,
    /// Candidates that it removed.
    pub rejected: u64,
    /// Candidates that failed in it.
    pub failed: u64,
    /// Candidates that went on.
    pub survivors: u64,
    /// What became of those that it would have removed; `None` when none passed by chance.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chance: Option<Chance>,
}

/// Candidates that a filter or check would have removed and that passed by chance.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Chance {
    /// The share that was asked for.
    pub share: f64,
    /// How many passed.
    pub passed: u64,
    /// Of these: evaluated, within all limits, and nothing else in the funnel was against them.
    pub within_limits: Share,
    /// Of these: on the Pareto front.
    pub on_front: Share,
}

/// A share with the interval that holds the true one in 95 of 100 cases.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Share {
    /// How many.
    pub count: u64,
    /// Lower end of Wilson's interval.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl Share {
    /// Interval of a share of which `count` of `of` were seen: E. B. Wilson, J. Am. Stat. Assoc. 22, 209
    /// (1927), at z = 1.96. From 0 to 1 when nothing was seen.
    ///
    /// ```text
    /// (p + z²/2n ± z √(p(1-p)/n + z²/4n²)) / (1 + z²/n),  p = count / n
    /// ```
    pub fn wilson(count: u64, of: u64) -> Self {
        const Z: f64 = 1.959_963_984_540_054;
        if of == 0 {
            return Self { count, low: 0.0, high: 1.0 };
        }
        let n = of as f64;
        let p = count as f64 / n;
        let middle = p + Z * Z / (2.0 * n);
        let half = Z * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
        let scale = 1.0 + Z * Z / n;
        // The ends are 0 and 1 exactly when none or all were seen; rounding must not say otherwise.
        let low = if count == 0 { 0.0 } else { (middle - half) / scale };
        let high = if count == of { 1.0 } else { (middle + half) / scale };
        Self { count, low, high }
    }
}

/// Adds up the funnel; its size does not depend on the number of candidates.
#[derive(Clone, Debug)]
pub struct FunnelCount {
    stages: Vec<Stage>,
    entered: u64,
    stopped: BTreeMap<String, Stopped>,
    /// Candidates that passed a stage by chance, and those of them that are within all limits.
    passed: BTreeMap<String, (u64, u64)>,
    /// For filters that act as soon as they can: the number of tiers that a candidate had behind it.
    behind: BTreeMap<String, usize>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Stopped {
    rejected: u64,
    failed: u64,
}

impl FunnelCount {
    /// Of a campaign with these stages.
    pub fn new(stages: Vec<Stage>) -> Self {
        let empty = BTreeMap::new;
        Self { stages, entered: 0, stopped: BTreeMap::new(), passed: empty(), behind: BTreeMap::new() }
    }

    /// Adds a candidate. Those that are not evaluated yet and those that repeat another one do not
    /// count.
    pub fn add(&mut self, row: &CandidateRow) {
        if matches!(row.status, Status::Proposed | Status::Duplicate) {
            return;
        }
        self.entered += 1;
        if let Some(stage) = &row.stage {
            let stopped = self.stopped.entry(stage.clone()).or_default();
            match row.status {
                Status::Rejected => stopped.rejected += 1,
                _ => stopped.failed += 1,
            }
            if self.floats(stage) {
                let passed =
                    self.tiers().filter(|tier| row.costs.iter().any(|cost| cost.tier == *tier)).count();
                let behind = self.behind.entry(stage.clone()).or_insert(passed);
                *behind = passed.min(*behind);
            }
        }
        for stage in &row.audited {
            let (passed, within) = self.passed.entry(stage.clone()).or_default();
            *passed += 1;
            *within += u64::from(row.violation == Some(0.0) && row.audited.len() == 1);
        }
    }

    /// The stages in the order in which candidates came to them. `front` are the candidates of the
    /// Pareto front.
    pub fn finish<'a>(&self, front: impl Iterator<Item = &'a CandidateRow>) -> Vec<StageCount> {
        let mut on_front: BTreeMap<&str, u64> = BTreeMap::new();
        for row in front.filter(|row| row.audited.len() == 1) {
            *on_front.entry(row.audited[0].as_str()).or_default() += 1;
        }
        let mut entered = self.entered;
        let count = |stage: &Stage| {
            let Stopped { rejected, failed } = self.stopped.get(&stage.name).copied().unwrap_or_default();
            let came = entered;
            entered = entered.saturating_sub(rejected + failed);
            let chance = self.passed.get(&stage.name).map(|&(passed, within)| Chance {
                share: stage.audit,
                passed,
                within_limits: Share::wilson(within, passed),
                on_front: Share::wilson(on_front.get(stage.name.as_str()).copied().unwrap_or(0), passed),
            });
            StageCount {
                stage: stage.name.clone(),
                kind: stage.kind,
                entered: came,
                rejected,
                failed,
                survivors: entered,
                chance,
            }
        };
        self.ordered().iter().map(count).collect()
    }

    fn floats(&self, name: &str) -> bool {
        self.stages.iter().any(|stage| stage.name == name && stage.kind == StageKind::FloatingFilter)
    }

    fn tiers(&self) -> impl Iterator<Item = &str> {
        let tiers = self.stages.iter().filter(|stage| matches!(stage.kind, StageKind::Tier(_)));
        tiers.map(|stage| stage.name.as_str())
    }

    /// Filters whose place follows from the candidates go there; candidates that ended where the
    /// campaign knows no stage ended before all.
    fn ordered(&self) -> Vec<Stage> {
        let known = |name: &str| self.stages.iter().any(|stage| stage.name == name);
        let strange = self.stopped.keys().filter(|name| !known(name));
        let mut ordered: Vec<Stage> = strange
            .map(|name| Stage { name: name.clone(), kind: StageKind::Objective, audit: 0.0 })
            .collect();
        let (floating, fixed): (Vec<&Stage>, Vec<&Stage>) =
            self.stages.iter().partition(|stage| stage.kind == StageKind::FloatingFilter);
        let all = self.tiers().count();
        let mut behind = 0;
        let placed = |ordered: &mut Vec<Stage>, behind: usize, last: bool| {
            for stage in &floating {
                let place = self.behind.get(&stage.name).copied().unwrap_or(all);
                if place == behind && !ordered.contains(stage) && (last || place < all) {
                    ordered.push((*stage).clone());
                }
            }
        };
        for stage in fixed {
            ordered.push(stage.clone());
            if matches!(stage.kind, StageKind::Tier(_)) {
                behind += 1;
                placed(&mut ordered, behind, behind == all);
            }
        }
        if all == 0 {
            placed(&mut ordered, 0, true);
        }
        ordered
    }
}

#[cfg(test)]
mod tests {
    use druse_fitness::TierKind;

    use super::*;
    use crate::store::TierCost;

    #[test]
    fn intervals_are_wilsons() {
        // scipy 1.17.1: binomtest(3, 10).proportion_ci(method = "wilson"), and of 0 of 20.
        let three = Share::wilson(3, 10);
        assert!((three.low - 0.107_791).abs() < 1e-6 && (three.high - 0.603_222).abs() < 1e-6, "{three:?}");
        let none = Share::wilson(0, 20);
        assert!(none.low == 0.0 && (none.high - 0.161_125).abs() < 1e-6, "{none:?}");
        assert_eq!(Share::wilson(0, 0), Share { count: 0, low: 0.0, high: 1.0 });
        assert_eq!(Share::wilson(5, 5).high, 1.0);
    }

    fn stage(name: &str, kind: StageKind) -> Stage {
        Stage { name: name.into(), kind, audit: if kind.is_filter() { 0.5 } else { 0.0 } }
    }

    fn stages() -> Vec<Stage> {
        vec![
            stage("filter a", StageKind::Filter),
            stage("checks", StageKind::Tier(TierKind::Check)),
            stage("relax", StageKind::Tier(TierKind::Work)),
            stage("hull", StageKind::Tier(TierKind::Work)),
            stage("filter e", StageKind::FloatingFilter),
            stage("a", StageKind::Objective),
        ]
    }

    /// A candidate that ran these tiers and ended at `stage`.
    fn row(status: Status, stage: Option<&str>, ran: &[&str], audited: &[&str]) -> CandidateRow {
        let cost = |tier: &&str| TierCost { tier: tier.to_string(), seconds: 1.0, cpu: 1.0, reused: false };
        CandidateRow {
            status,
            stage: stage.map(str::to_owned),
            costs: ran.iter().map(cost).collect(),
            audited: audited.iter().map(|name| name.to_string()).collect(),
            violation: (status == Status::Evaluated).then_some(0.0),
            ..crate::made_up::row(0)
        }
    }

    #[test]
    fn each_stage_passes_its_survivors_on() {
        let rows = [
            row(Status::Rejected, Some("filter a"), &[], &[]),
            row(Status::Rejected, Some("checks"), &["checks"], &[]),
            row(Status::Rejected, Some("filter e"), &["checks", "relax"], &[]),
            row(Status::Failed, Some("hull"), &["checks", "hull", "relax"], &["filter e"]),
            row(Status::Evaluated, None, &["checks", "hull", "relax"], &["filter e"]),
            row(Status::Evaluated, None, &["checks", "hull", "relax"], &["filter e", "checks"]),
            row(Status::Failed, Some("a"), &["checks", "hull", "relax"], &[]),
            row(Status::Duplicate, None, &[], &[]),
            row(Status::Proposed, None, &[], &[]),
        ];
        let mut funnel = FunnelCount::new(stages());
        rows.iter().for_each(|row| funnel.add(row));
        let found = funnel.finish([&rows[4]].into_iter());
        let numbers: Vec<(&str, u64, u64, u64, u64)> = found
            .iter()
            .map(|line| (line.stage.as_str(), line.entered, line.rejected, line.failed, line.survivors))
            .collect();
        let expected = [
            ("filter a", 7, 1, 0, 6),
            ("checks", 6, 1, 0, 5),
            ("relax", 5, 0, 0, 5),
            ("filter e", 5, 1, 0, 4),
            ("hull", 4, 0, 1, 3),
            ("a", 3, 0, 1, 2),
        ];
        assert_eq!(numbers, expected);
        let chance = found[3].chance.as_ref().unwrap();
        assert_eq!((chance.passed, chance.within_limits.count, chance.on_front.count), (3, 1, 1));
        assert_eq!(found[1].chance.as_ref().unwrap().within_limits.count, 0, "the filter was against it too");
    }

    #[test]
    fn unknown_stages_come_first_and_unused_filters_last() {
        let mut funnel = FunnelCount::new(stages());
        funnel.add(&row(Status::Failed, Some("design"), &[], &[]));
        let found = funnel.finish(std::iter::empty());
        let names: Vec<&str> = found.iter().map(|line| line.stage.as_str()).collect();
        assert_eq!(names, ["design", "filter a", "checks", "relax", "hull", "filter e", "a"]);
    }
}

//! What constraints cost: what each of them removed, and what the front would gain without it.
//!
//! A limit removes nothing before its candidates are evaluated, so its cost among them is exact. Filters
//! and checks remove candidates whose worth is never found out; it is known of those alone that passed
//! by chance, which gives a lower bound. Hard constraints let nothing pass, so what they cost can only
//! be learnt by a campaign without them.

use std::collections::BTreeMap;
use std::path::Path;

use druse_fitness::TierKind;
use serde::Serialize;

use crate::campaign::{self, CampaignError};
use crate::engine::{HypervolumeBox, Limit, ObjectiveInfo, Stage, StageKind, Undominated};
use crate::plugins::Plugins;
use crate::setup;
use crate::store::{CandidateRow, Status, Store};

/// How the numbers were found, in plain words.
pub const PROTOCOL: [&str; 5] = [
    "Front and hypervolume are those of the candidates that this campaign evaluated, in the box of its \
     hypervolume; a search without the constraint would have gone other ways.",
    "Limits: exact among these candidates. One limit is dropped at a time; candidates outside of another \
     one stay out.",
    "Filters and checks: a lower bound from the candidates that passed by chance and that nothing else \
     was against. The campaign's own front holds them; without the others, it is at least this much worse.",
    "Hard constraints: what they reject never passes, so what they cost is not known from this campaign.",
    "The design space is built in: nothing outside of it is proposed, so it removed nothing, and what it costs \
     is not known from this campaign.",
];

/// What the constraints of a campaign cost.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ConstraintCosts {
    /// How the numbers were found.
    pub protocol: Vec<&'static str>,
    /// Candidates evaluated.
    pub evaluated: u64,
    /// Candidates on the campaign's front.
    pub front: usize,
    /// Hypervolume of the campaign's front; `None` where it is not defined.
    pub hypervolume: Option<f64>,
    /// One for each constraint.
    pub constraints: Vec<ConstraintCost>,
}

/// What one constraint cost.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ConstraintCost {
    /// For instance `limit converged`.
    pub constraint: String,
    /// Candidates that it removed: rejected, or evaluated but outside of a limit.
    pub removed: u64,
    /// Of these, those that no other limit is against; limits only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alone: Option<u64>,
    /// Candidates that it would have removed and that passed by chance; filters and checks only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub passed_by_chance: Option<u64>,
    /// What exactly it was against, where that is more than one thing.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub reasons: BTreeMap<String, u64>,
    /// How the gain is known.
    pub known: Known,
    /// What the front would gain without it; `None` where that is not known.
    pub gain: Option<Gain>,
}

/// How it is known what a constraint costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Known {
    /// All that it is against was evaluated.
    Exactly,
    /// Some of what it is against was evaluated.
    AtLeast,
    /// Nothing of what it is against was evaluated.
    Not,
    /// Nothing against it is proposed.
    ByConstruction,
}

/// The front with a constraint and without it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Gain {
    /// Candidates on the front with it.
    pub front_with: usize,
    /// Candidates on the front without it.
    pub front_without: usize,
    /// Candidates on the front without it that it is against.
    pub new: usize,
    /// Hypervolume with it.
    pub hypervolume_with: Option<f64>,
    /// Hypervolume without it.
    pub hypervolume_without: Option<f64>,
}

/// Candidates that no others dominate, and whether they are new to the front.
type Front = Undominated<bool>;

/// The front of all these, those of `new` marked.
fn front_of<'a>(old: impl Iterator<Item = &'a [f64]>, new: impl Iterator<Item = &'a [f64]>) -> Front {
    let mut front = Front::default();
    old.for_each(|costs| front.insert(costs.to_vec(), || false));
    new.for_each(|costs| front.insert(costs.to_vec(), || true));
    front
}

/// Adds up candidates; keeps fronts, not candidates.
pub struct ConstraintCount {
    limits: Vec<Limit>,
    objectives: Vec<ObjectiveInfo>,
    evaluated: u64,
    /// Within all limits, by the filters and checks that they passed by chance.
    within: BTreeMap<Vec<String>, Front>,
    /// By limit: outside of it, outside of it alone, and the front of the latter.
    outside: Vec<(u64, u64, Front)>,
    rejected: BTreeMap<String, BTreeMap<String, u64>>,
    passed: BTreeMap<String, u64>,
}

impl ConstraintCount {
    /// Of a campaign with these limits and objectives.
    pub fn new(limits: Vec<Limit>, objectives: Vec<ObjectiveInfo>) -> Self {
        Self {
            outside: vec![(0, 0, Front::default()); limits.len()],
            limits,
            objectives,
            evaluated: 0,
            within: BTreeMap::new(),
            rejected: BTreeMap::new(),
            passed: BTreeMap::new(),
        }
    }

    /// Adds a candidate.
    pub fn add(&mut self, row: &CandidateRow) {
        if let (Status::Rejected, Some(stage)) = (row.status, &row.stage) {
            let reasons = self.rejected.entry(stage.clone()).or_default();
            *reasons.entry(kind(row.reason.as_deref().unwrap_or_default())).or_default() += 1;
        }
        if !matches!(row.status, Status::Proposed | Status::Duplicate) {
            for stage in &row.audited {
                *self.passed.entry(stage.clone()).or_default() += 1;
            }
        }
        if row.status != Status::Evaluated {
            return;
        }
        self.evaluated += 1;
        let costs: Vec<f64> = self.objectives.iter().map(|objective| objective.cost(row)).collect();
        let violated = |limit: &Limit| limit.violation(&row.properties, &row.objectives) > 0.0;
        let outside: Vec<usize> = (0..self.limits.len()).filter(|&i| violated(&self.limits[i])).collect();
        for &i in &outside {
            self.outside[i].0 += 1;
        }
        match *outside {
            [] => self.within.entry(row.audited.clone()).or_default().insert(costs, || false),
            [i] => {
                self.outside[i].1 += 1;
                self.outside[i].2.insert(costs, || false);
            }
            _ => {}
        }
    }

    /// What each constraint costs. `stages` are those of the funnel in their order.
    pub fn finish(&self, stages: &[Stage], measure: Option<&HypervolumeBox>) -> ConstraintCosts {
        let volume = |front: &Front| measure.and_then(|measure| measure.hypervolume(front.costs()));
        let none = Front::default();
        let gain = |with: &Front, new: &Front| {
            let without = front_of(with.costs(), new.costs());
            Gain {
                front_with: with.costs().count(),
                front_without: without.costs().count(),
                new: without.values().filter(|new| **new).count(),
                hypervolume_with: volume(with),
                hypervolume_without: volume(&without),
            }
        };
        // All within the limits but for those that this stage is against.
        let but = |stage: Option<&str>| -> Front {
            let against = |of: &[String]| of.iter().any(|name| Some(name.as_str()) == stage);
            let others = self.within.iter().filter(|(of, _)| !against(of));
            front_of(others.flat_map(|(_, front)| front.costs()), none.costs())
        };
        let front = but(None);
        let mut constraints = vec![by_construction()];
        for (limit, (removed, alone, new)) in self.limits.iter().zip(&self.outside) {
            constraints.push(ConstraintCost {
                constraint: format!("limit {}", limit.name),
                removed: *removed,
                alone: Some(*alone),
                passed_by_chance: None,
                reasons: BTreeMap::new(),
                known: Known::Exactly,
                gain: Some(gain(&front, new)),
            });
        }
        for stage in stages {
            let name = stage.name.as_str();
            let reasons = self.rejected.get(name).cloned().unwrap_or_default();
            let removed = reasons.values().sum();
            let passed = self.passed.get(name).copied().unwrap_or(0);
            let chance = match stage.kind {
                StageKind::Filter | StageKind::FloatingFilter | StageKind::Tier(TierKind::Check) => {
                    Some(passed)
                }
                StageKind::Tier(TierKind::Constraint) => None,
                StageKind::Tier(TierKind::Work) | StageKind::Objective => continue,
            };
            let tried = chance.filter(|&n| n > 0).map(|_| {
                let alone = self.within.get(std::slice::from_ref(&stage.name));
                gain(&but(Some(name)), alone.unwrap_or(&none))
            });
            // A constraint that removed nothing and let nothing pass costs nothing.
            let idle = removed == 0 && tried.is_none();
            let known = match (&tried, idle) {
                (Some(_), _) => Known::AtLeast,
                (None, true) => Known::Exactly,
                (None, false) => Known::Not,
            };
            constraints.push(ConstraintCost {
                constraint: name.to_owned(),
                removed,
                alone: None,
                passed_by_chance: chance,
                reasons: if stage.kind.is_filter() { BTreeMap::new() } else { reasons },
                known,
                gain: if idle { Some(gain(&front, &none)) } else { tried },
            });
        }
        ConstraintCosts {
            protocol: PROTOCOL.to_vec(),
            evaluated: self.evaluated,
            front: front.costs().count(),
            hypervolume: volume(&front),
            constraints,
        }
    }
}

fn by_construction() -> ConstraintCost {
    ConstraintCost {
        constraint: "design space".to_owned(),
        removed: 0,
        alone: None,
        passed_by_chance: None,
        reasons: BTreeMap::new(),
        known: Known::ByConstruction,
        gain: None,
    }
}

/// What a rejection is about, without its numbers: `clash` of `clash: Na-Cl 0.42 Å`, `space group is not
/// allowed` of `constraint: space group 12 is not allowed`.
pub(crate) fn kind(reason: &str) -> String {
    let (kind, rest) = reason.split_once(": ").unwrap_or((reason, ""));
    if kind != "constraint" {
        return kind.to_owned();
    }
    let clause = rest.split([',', ':']).next().unwrap_or_default();
    let numberless = |word: &&str| !word.contains(|c: char| c.is_ascii_digit());
    clause.split_whitespace().filter(numberless).collect::<Vec<_>>().join(" ")
}

/// What the constraints of the campaign in a folder cost so far.
///
/// # Errors
/// When there is no campaign or its files cannot be read.
pub fn constraint_costs(directory: &Path, plugins: &Plugins) -> Result<ConstraintCosts, CampaignError> {
    let store = Store::read(directory)?;
    let campaign = campaign::load(directory, plugins)?;
    let mut count = ConstraintCount::new(setup::limits(&campaign), campaign::objectives(&store)?);
    campaign::for_each_candidate(&store, &campaign, |row| -> Result<(), CampaignError> {
        count.add(&row);
        Ok(())
    })?;
    Ok(count.finish(&campaign::stages(&store)?, HypervolumeBox::of(&store)?.as_ref()))
}

#[cfg(test)]
mod tests {
    use druse_fitness::Goal;

    use super::*;

    fn objective(name: &str) -> ObjectiveInfo {
        ObjectiveInfo { name: name.to_owned(), goal: Goal::Minimise, unit: "1".to_owned() }
    }

    fn limit(name: &str, max: f64) -> Limit {
        Limit { name: name.to_owned(), min: None, max: Some(max) }
    }

    fn evaluated(number: u64, x: f64, y: f64, z: f64, audited: &[&str]) -> CandidateRow {
        CandidateRow {
            status: Status::Evaluated,
            objectives: [("x", x), ("y", y)].map(|(name, value)| (name.to_owned(), value)).into(),
            properties: [("z".to_owned(), z)].into(),
            audited: audited.iter().map(|stage| stage.to_string()).collect(),
            ..crate::made_up::row(number)
        }
    }

    fn rejected(number: u64, stage: &str, reason: &str) -> CandidateRow {
        CandidateRow {
            status: Status::Rejected,
            stage: Some(stage.to_owned()),
            reason: Some(reason.to_owned()),
            ..crate::made_up::row(number)
        }
    }

    fn stage(name: &str, kind: StageKind) -> Stage {
        Stage { name: name.to_owned(), kind, audit: 0.0 }
    }

    /// Worked out on paper. The box is the unit square, so the hypervolume is the area of the square that
    /// lies above and to the right of the front:
    ///
    /// ```text
    /// within both limits       A (0.2, 0.6), B (0.6, 0.2), C (0.7, 0.7)   A, B: 0.8·0.4 + 0.4·0.4 = 0.48
    /// x <= 0.8 broken alone    D (0.9, 0.1)                       adds 0.1·0.1 = 0.01
    /// z <= 1 broken alone      E (0.1, 0.1)                       dominates A and B: 0.9·0.9 = 0.81
    /// both broken              F (0.85, 0.05)
    /// by chance past the filter  G (0.4, 0.4)                      adds (0.6 - 0.4)·(0.6 - 0.4) = 0.04
    /// by chance past filter and check  H (0.3, 0.5)                neither is against it alone
    /// ```
    #[test]
    fn costs_are_those_worked_out_by_hand() {
        let limits = vec![limit("x", 0.8), limit("z", 1.0)];
        let mut count = ConstraintCount::new(limits, vec![objective("x"), objective("y")]);
        for row in [
            evaluated(0, 0.2, 0.6, 0.0, &[]),
            evaluated(1, 0.6, 0.2, 0.0, &[]),
            evaluated(2, 0.7, 0.7, 0.0, &[]),
            evaluated(3, 0.9, 0.1, 0.0, &[]),
            evaluated(4, 0.1, 0.1, 2.0, &[]),
            evaluated(5, 0.85, 0.05, 2.0, &[]),
            evaluated(6, 0.4, 0.4, 0.0, &["filter w"]),
            rejected(7, "filter w", "filter: w 3.000 above 2"),
            rejected(8, "filter w", "filter: w 4.000 above 2"),
            rejected(9, "checks", "clash: Na-Cl 0.42 Å"),
            rejected(10, "constraints", "constraint: space group 12 is not allowed"),
            rejected(11, "constraints", "constraint: 7 atoms in the primitive cell, allowed are [3, 9]"),
        ] {
            count.add(&row);
        }
        let stages = [
            stage("filter w", StageKind::FloatingFilter),
            stage("checks", StageKind::Tier(TierKind::Check)),
            stage("relax", StageKind::Tier(TierKind::Work)),
            stage("constraints", StageKind::Tier(TierKind::Constraint)),
            stage("filter v", StageKind::Filter),
            stage("x", StageKind::Objective),
        ];
        let unit = HypervolumeBox { ideal: vec![0.0; 2], reference: vec![1.0; 2] };
        let costs = count.finish(&stages, Some(&unit));
        let near = |found: Option<f64>, expected: f64| (found.unwrap() - expected).abs() < 1e-12;
        assert_eq!((costs.evaluated, costs.front), (7, 3));
        assert!(near(costs.hypervolume, 0.52));
        let names: Vec<&str> = costs.constraints.iter().map(|cost| cost.constraint.as_str()).collect();
        let expected =
            ["design space", "limit x", "limit z", "filter w", "checks", "constraints", "filter v"];
        assert_eq!(names, expected);
        let line = |n: usize| &costs.constraints[n];
        let gain = |n: usize| line(n).gain.unwrap();
        let sizes = |n: usize| (gain(n).front_with, gain(n).front_without, gain(n).new);

        assert_eq!((line(1).removed, line(1).alone, line(1).known), (2, Some(1), Known::Exactly));
        assert_eq!(sizes(1), (3, 4, 1));
        assert!(near(gain(1).hypervolume_with, 0.52) && near(gain(1).hypervolume_without, 0.53));

        assert_eq!((line(2).removed, line(2).alone), (2, Some(1)));
        assert_eq!(sizes(2), (3, 1, 1));
        assert!(near(gain(2).hypervolume_without, 0.81));

        assert_eq!((line(3).removed, line(3).passed_by_chance), (2, Some(1)));
        assert_eq!((line(3).known, sizes(3)), (Known::AtLeast, (2, 3, 1)));
        assert!(near(gain(3).hypervolume_with, 0.48) && near(gain(3).hypervolume_without, 0.52));

        assert_eq!((line(4).removed, line(4).known, line(4).gain), (1, Known::Not, None));
        let about: Vec<&str> = line(5).reasons.keys().map(String::as_str).collect();
        assert_eq!(about, ["atoms in the primitive cell", "space group is not allowed"]);
        assert_eq!((line(5).removed, line(5).known, line(5).gain), (2, Known::Not, None));
        assert_eq!((line(6).removed, line(6).known, sizes(6)), (0, Known::Exactly, (3, 3, 0)));

        count.add(&evaluated(12, 0.3, 0.5, 0.0, &["filter w", "checks"]));
        let costs = count.finish(&stages, Some(&unit));
        let check = costs.constraints[4].gain.unwrap();
        assert_eq!((check.front_with, check.front_without), (3, 3), "the filter was against it too");
        assert_eq!(costs.constraints[4].passed_by_chance, Some(1));
    }
}

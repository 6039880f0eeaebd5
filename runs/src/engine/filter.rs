//! Filters: limits that take candidates out of the funnel as soon as they can, and the chance that lets
//! some pass, so that a campaign learns what its filters cost it.
//!
//! A filter acts when its value becomes known, so that nothing is spent on what it removes:
//!
//! - before the first tier when an objective [needs](druse_fitness::Needs) nothing but the composition
//!   or the bonds;
//! - after the first tier that writes the property, or the properties that the objective reads;
//! - after the last tier and right after the objective for all others. Plain formulas are evaluated
//!   before objectives behind a model or a program, and those with a filter before those without.
//!
//! A value that was computed for a filter is not computed again. What a filter lets pass is the same
//! with it and without.
//!
//! Of the candidates that a filter would remove, the share `audit` passes by chance and goes on as if
//! that filter were not there: other filters and checks may still remove it. It is marked, and counts
//! as every other candidate does: it is part of the budget, the generator learns from it, and it may
//! stand on the front. Whether it passes depends on the campaign's seed, its number and the filter
//! alone.

use druse_fitness::{Needs, Objective, TierKind};
use druse_representations::Design;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::evaluation::{Absent, Evaluation, Traveller};
use super::pipeline::Limit;
use crate::store::Status;

/// Filters of a campaign, and how they are audited.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Funnel {
    /// Seed of the campaign.
    pub seed: u64,
    /// The filters; each name once.
    pub filters: Vec<Filter>,
    /// Share, 0 to 1, of what [checks](TierKind::Check) reject that passes by chance.
    pub audit: f64,
}

/// A limit that removes candidates.
#[derive(Clone, Debug, PartialEq)]
pub struct Filter {
    /// The values that pass.
    pub limit: Limit,
    /// Share, 0 to 1, of what it would remove that passes by chance.
    pub audit: f64,
}

impl Filter {
    /// Name of its stage in the funnel.
    pub fn stage(&self) -> String {
        format!("filter {}", self.limit.name)
    }

    /// Why it removes a candidate with this value, if it does.
    fn objection(&self, value: Option<f64>) -> Option<String> {
        let Limit { name, min, max } = &self.limit;
        let Some(value) = value else { return Some(format!("filter: {name} has no value")) };
        let (side, bound) = match (min, max) {
            (Some(min), _) if value < *min => ("below", *min),
            (_, Some(max)) if value > *max => ("above", *max),
            _ => return None,
        };
        // Three decimals read well, unless they hide what is wrong.
        let short = format!("{value:.3}");
        let hidden = short.parse() == Ok(bound);
        Some(format!("filter: {name} {} {side} {bound}", if hidden { value.to_string() } else { short }))
    }

    fn protocol(&self) -> String {
        let bound = |what: &str, value: Option<f64>| value.map(|value| format!("{what} {value}, "));
        let bounds =
            [bound("min", self.limit.min), bound("max", self.limit.max)].map(Option::unwrap_or_default);
        format!("{}: {}audit {}", self.stage(), bounds.concat(), self.audit)
    }
}

impl Funnel {
    /// Whether candidate `number` goes on although `stage` would remove it, as `share` of them do.
    pub(super) fn passes_by_chance(&self, number: u64, stage: &str, share: f64) -> bool {
        // A key of its own: generators draw from the stream of the plain seed and the same number.
        let key = Sha256::digest(format!("audit\n{}\n{stage}", self.seed));
        let mut random = ChaCha8Rng::from_seed(key.into());
        random.set_stream(number);
        share > 0.0 && random.random::<f64>() < share
    }

    /// What results depend on, one line for each part; none when there is nothing of it.
    pub(super) fn protocol(&self) -> Vec<String> {
        let mut lines: Vec<String> = self.filters.iter().map(Filter::protocol).collect();
        if self.audit > 0.0 {
            lines.push(format!("checks: audit {}", self.audit));
        }
        lines
    }
}

/// One place of the funnel where candidates may end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stage {
    /// Name, as in [`CandidateRow::stage`](crate::store::CandidateRow::stage).
    pub name: String,
    /// What it is.
    pub kind: StageKind,
    /// Share of what it would remove that passes by chance.
    pub audit: f64,
}

/// What a stage of the funnel is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StageKind {
    /// A tier.
    Tier(TierKind),
    /// A filter in a place that is known beforehand.
    Filter,
    /// A filter behind the tier that makes its value known, whichever that is.
    FloatingFilter,
    /// An objective.
    Objective,
}

impl StageKind {
    /// Whether it is a filter.
    pub fn is_filter(self) -> bool {
        matches!(self, Self::Filter | Self::FloatingFilter)
    }
}

impl<D: Design> Evaluation<D> {
    /// The objective of this name.
    fn objective(&self, name: &str) -> Option<&dyn Objective<D>> {
        self.objectives.iter().find(|objective| objective.name() == name).map(Box::as_ref)
    }

    /// When a filter acts.
    fn when(&self, filter: &Filter) -> Needs {
        self.objective(&filter.limit.name).map_or(Needs::Properties, Objective::needs)
    }

    /// Lets the filters act whose values are known from this on.
    pub(super) fn filter(&self, now: Needs, unit: &mut [Traveller<'_, D>]) {
        for (place, filter) in self.funnel.filters.iter().enumerate() {
            if self.when(filter) != now || !unit.iter().any(|t| t.alive() && !t.judged.contains(&place)) {
                continue;
            }
            if let Some(objective) = self.objective(&filter.limit.name) {
                self.run_objective(objective, Absent::Waits, unit);
            }
            self.judge(place, filter, false, unit);
        }
    }

    /// Lets the filter on an objective act that was just evaluated.
    pub(super) fn filter_by(&self, objective: &str, unit: &mut [Traveller<'_, D>]) {
        for (place, filter) in self.funnel.filters.iter().enumerate() {
            if filter.limit.name == objective {
                self.judge(place, filter, true, unit);
            }
        }
    }

    /// Lets the filters act on properties that no tier has written.
    pub(super) fn filter_absent(&self, unit: &mut [Traveller<'_, D>]) {
        for (place, filter) in self.funnel.filters.iter().enumerate() {
            if self.objective(&filter.limit.name).is_none() {
                self.judge(place, filter, true, unit);
            }
        }
    }

    fn judge(&self, place: usize, filter: &Filter, last: bool, unit: &mut [Traveller<'_, D>]) {
        for traveller in unit.iter_mut().filter(|t| t.alive() && !t.judged.contains(&place)) {
            let value = traveller.value(&filter.limit.name);
            if value.is_none() && !last {
                continue;
            }
            traveller.judged.push(place);
            let Some(reason) = filter.objection(value) else { continue };
            let stage = filter.stage();
            if self.funnel.passes_by_chance(traveller.number(), &stage, filter.audit) {
                traveller.outcome.audited.push(stage);
            } else {
                traveller.stop(Status::Rejected, &stage, reason);
            }
        }
    }

    /// Objectives in the order in which they are evaluated: cheap ones first.
    pub(super) fn by_cost(&self) -> Vec<&dyn Objective<D>> {
        let mut ordered: Vec<&dyn Objective<D>> = self.objectives.iter().map(Box::as_ref).collect();
        let filtered = |name: &str| self.funnel.filters.iter().any(|filter| filter.limit.name == name);
        ordered.sort_by_key(|objective| (objective.protocol().is_some(), !filtered(objective.name())));
        ordered
    }

    /// The places of the funnel in their order, as far as it is known beforehand.
    pub(super) fn places(&self) -> Vec<Stage> {
        let stage = |name: &str, kind, audit| Stage { name: name.to_owned(), kind, audit };
        let filters = |when: Needs, kind| {
            let these = self.funnel.filters.iter().filter(move |filter| self.when(filter) == when);
            these.map(move |filter| stage(&filter.stage(), kind, filter.audit))
        };
        let mut stages: Vec<Stage> = filters(Needs::Identity, StageKind::Filter).collect();
        for tier in &self.tiers {
            let audit = if tier.kind() == TierKind::Check { self.funnel.audit } else { 0.0 };
            stages.push(stage(tier.name(), StageKind::Tier(tier.kind()), audit));
        }
        stages.extend(filters(Needs::Properties, StageKind::FloatingFilter));
        for objective in self.by_cost() {
            stages.push(stage(objective.name(), StageKind::Objective, 0.0));
            let late = self.funnel.filters.iter().filter(|filter| filter.limit.name == objective.name());
            for filter in late.filter(|_| objective.needs() == Needs::Refined) {
                stages.push(stage(&filter.stage(), StageKind::Filter, filter.audit));
            }
        }
        stages
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(min: Option<f64>, max: Option<f64>) -> Filter {
        Filter { limit: Limit { name: "x".into(), min, max }, audit: 0.02 }
    }

    #[test]
    fn objections_name_value_and_bound() {
        let both = filter(Some(0.1), Some(0.3));
        assert_eq!(both.objection(Some(0.4123)).unwrap(), "filter: x 0.412 above 0.3");
        assert_eq!(both.objection(Some(-1.0)).unwrap(), "filter: x -1.000 below 0.1");
        assert_eq!(both.objection(Some(0.3001)).unwrap(), "filter: x 0.3001 above 0.3");
        assert_eq!(both.objection(None).unwrap(), "filter: x has no value");
        assert_eq!((both.objection(Some(0.1)), both.objection(Some(0.3))), (None, None));
        assert_eq!(filter(None, Some(0.3)).objection(Some(-9.0)), None);
        assert_eq!(both.protocol(), "filter x: min 0.1, max 0.3, audit 0.02");
        assert_eq!(filter(Some(0.1), None).protocol(), "filter x: min 0.1, audit 0.02");
    }

    /// The binomial distribution is within four standard deviations of its mean 99.99 % of the time,
    /// and this is one fixed draw of it.
    #[test]
    fn chance_lets_the_asked_share_pass() {
        for (seed, share) in [(0, 0.02), (1, 0.5), (7, 0.9)] {
            let funnel = Funnel { seed, ..Funnel::default() };
            let n = 20_000;
            let passed = (0..n).filter(|&i| funnel.passes_by_chance(i, "filter x", share)).count() as f64;
            let deviation = (n as f64 * share * (1.0 - share)).sqrt();
            assert!((passed - n as f64 * share).abs() < 4.0 * deviation, "{passed} of {n} at {share}");
        }
        let funnel = Funnel::default();
        assert!((0..1000).all(|i| !funnel.passes_by_chance(i, "filter x", 0.0)));
        assert!((0..1000).all(|i| funnel.passes_by_chance(i, "filter x", 1.0)));
    }

    #[test]
    fn filters_and_seeds_draw_independently() {
        let draws = |seed, stage: &str| -> Vec<bool> {
            let funnel = Funnel { seed, ..Funnel::default() };
            (0..2000).map(|i| funnel.passes_by_chance(i, stage, 0.5)).collect()
        };
        let same = |x: &[bool], y: &[bool]| x.iter().zip(y).filter(|(x, y)| x == y).count();
        let first = draws(1, "filter x");
        assert_eq!(first, draws(1, "filter x"));
        for other in [draws(2, "filter x"), draws(1, "filter y")] {
            assert!((900..1100).contains(&same(&first, &other)), "half agree when they are independent");
        }
    }
}

//! What a campaign may spend, and when it is not worth going on.

use serde::{Deserialize, Serialize};

use crate::ledger::JOULES_PER_KWH;
use crate::store::StepRow;

/// Steps over which the gain in hypervolume is measured.
const GAIN_STEPS: usize = 5;

/// Limits beside the number of evaluated candidates; `None` for none. Hours and energy are looked at between
/// steps, so a campaign spends at most one step more; where one of them ends a campaign, how far it came depends on
/// the machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Budgets {
    /// Candidates that may go through the funnel, whatever becomes of them there; the campaign's budget
    /// counts those that come out evaluated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evaluations: Option<u64>,
    /// Wall time of all steps (hours).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hours: Option<f64>,
    /// Energy of all steps (kWh), measured or estimated as the ledger says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kwh: Option<f64>,
    /// Smallest growth of the hypervolume, relative to what it is, per kWh over the last five steps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gain_per_kwh: Option<f64>,
}

/// Why a campaign is at its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum End {
    /// All candidates are evaluated.
    Evaluations,
    /// Too many proposals came to nothing.
    Proposals,
    /// The design space is used up.
    Space,
    /// As many candidates as allowed went through the funnel.
    MostEvaluations,
    /// The wall time is spent.
    Wall,
    /// The energy is spent.
    Energy,
    /// The front grows too little for its energy.
    Gain,
}

impl End {
    /// Whether another machine, or the same one on another day, may get to this end elsewhere.
    pub fn depends_on_machine(self) -> bool {
        matches!(self, Self::Wall | Self::Energy | Self::Gain)
    }

    /// The reason for people.
    pub fn words(self) -> &'static str {
        match self {
            Self::Evaluations => "all candidates of the budget are evaluated",
            Self::Proposals => "too many proposals came to nothing",
            Self::Space => "the design space is used up",
            Self::MostEvaluations => "max_evaluations of [budget] are spent",
            Self::Wall => "the wall time of [budget] is spent",
            Self::Energy => "the energy of [budget] is spent",
            Self::Gain => "the hypervolume grows less per kWh than [budget] asks for",
        }
    }
}

impl Budgets {
    /// Whether the steps so far end the campaign.
    pub(super) fn ended(&self, steps: &[StepRow]) -> Option<End> {
        let seconds: f64 = steps.iter().map(|step| step.seconds).sum();
        let joules: f64 = steps.iter().map(|step| step.energy.joules).sum();
        if self.hours.is_some_and(|hours| seconds >= hours * 3600.0) {
            return Some(End::Wall);
        }
        if self.kwh.is_some_and(|kwh| joules >= kwh * JOULES_PER_KWH) {
            return Some(End::Energy);
        }
        let least = self.gain_per_kwh?;
        let recent = steps.len().checked_sub(GAIN_STEPS + 1).map(|start| &steps[start..])?;
        let (first, last) = (recent.first()?.hypervolume?, recent.last()?.hypervolume?);
        let kwh = recent[1..].iter().map(|step| step.energy.joules).sum::<f64>() / JOULES_PER_KWH;
        let gain = if last > 0.0 { (last - first) / last } else { return None };
        (kwh > 0.0 && gain / kwh < least).then_some(End::Gain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{Basis, Energy};

    fn steps(hypervolumes: &[f64]) -> Vec<StepRow> {
        let step = |(step, &hypervolume): (usize, &f64)| StepRow {
            step: step as u64,
            evaluated: 0,
            front: 1,
            hypervolume: Some(hypervolume),
            seconds: 1800.0,
            energy: Energy { joules: 3.6e5, basis: Basis::Estimated },
        };
        hypervolumes.iter().enumerate().map(step).collect()
    }

    #[test]
    fn time_and_energy_are_sums_of_steps() {
        let four = steps(&[1.0; 4]);
        let hours = |hours| Budgets { hours: Some(hours), ..Budgets::default() }.ended(&four);
        assert_eq!((hours(2.0), hours(2.1)), (Some(End::Wall), None));
        let kwh = |kwh| Budgets { kwh: Some(kwh), ..Budgets::default() }.ended(&four);
        assert_eq!((kwh(0.39), kwh(0.5)), (Some(End::Energy), None));
        assert_eq!(Budgets::default().ended(&four), None);
    }

    #[test]
    fn gain_is_relative_and_over_five_steps() {
        let gain = |least, hypervolumes: &[f64]| {
            Budgets { gain_per_kwh: Some(least), ..Budgets::default() }.ended(&steps(hypervolumes))
        };
        // From 1.0 to 1.25 in five steps of 0.1 kWh: 0.2 / 0.5 kWh.
        let rising = [0.2, 1.0, 1.1, 1.2, 1.2, 1.2, 1.25];
        assert_eq!(gain(0.39, &rising), None);
        assert_eq!(gain(0.41, &rising), Some(End::Gain));
        assert_eq!(gain(100.0, &rising[2..]), None, "five steps are not six hypervolumes");
        assert_eq!(gain(100.0, &[0.0; 6]), None);
    }
}

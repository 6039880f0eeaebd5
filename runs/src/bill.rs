//! What a campaign spent, stage by stage: wall and CPU seconds and joules, and what known results saved.
//!
//! The energy of a step that was measured is shared among its candidates by their CPU seconds. Where it
//! is estimated, a candidate's joules are its CPU seconds times [`ASSUMED_WATTS_PER_CORE`], and the rest
//! is the engine's own: proposing, comparing, writing. Results that were known already count as saved,
//! never as spent.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;

use crate::campaign::{self, CampaignError};
use crate::config::Campaign;
use crate::ledger::{ASSUMED_WATTS_PER_CORE, Basis, JOULES_PER_KWH};
use crate::plugins::Plugins;
use crate::store::{CandidateRow, Status, StepRow, Store, StoreError, TierCost};

/// What was spent on one stage, or saved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Spent {
    /// Candidates that it was done for.
    pub runs: u64,
    /// Wall seconds of one core or batch place.
    pub seconds: f64,
    /// CPU seconds.
    pub cpu_seconds: f64,
    /// Joules.
    pub joules: f64,
    /// Candidates whose result was known already.
    pub reused: u64,
    /// CPU seconds that these would have taken, as far as they are known.
    pub saved_cpu_seconds: f64,
}

impl Spent {
    fn add(&mut self, cost: &TierCost) {
        if cost.reused {
            self.reused += 1;
            self.saved_cpu_seconds += cost.cpu;
        } else {
            self.runs += 1;
            self.seconds += cost.seconds;
            self.cpu_seconds += cost.cpu;
        }
    }
}

/// Joules of one CPU second of a step in which candidates took `cpu` of them.
pub fn joules_per_cpu_second(step: &StepRow, cpu: f64) -> f64 {
    match step.energy.basis {
        Basis::Estimated => ASSUMED_WATTS_PER_CORE,
        _ if cpu > 0.0 => step.energy.joules / cpu,
        _ => 0.0,
    }
}

/// Adds up what was spent; its size does not depend on the number of candidates. Candidates come in
/// order of number, so those of a step one after the other.
pub struct Spending<'a> {
    steps: &'a [StepRow],
    stages: BTreeMap<String, Spent>,
    step: u64,
    /// CPU seconds in the present step, by stage.
    present: BTreeMap<String, f64>,
}

impl<'a> Spending<'a> {
    /// Over these steps.
    pub fn new(steps: &'a [StepRow]) -> Self {
        Self { steps, stages: BTreeMap::new(), step: 0, present: BTreeMap::new() }
    }

    /// Adds a candidate.
    pub fn add(&mut self, row: &CandidateRow) {
        if row.step != self.step {
            self.close_step();
            self.step = row.step;
        }
        for cost in &row.costs {
            self.stages.entry(cost.tier.clone()).or_default().add(cost);
            if !cost.reused {
                *self.present.entry(cost.tier.clone()).or_default() += cost.cpu;
            }
        }
    }

    /// Shares out the energy of the present step.
    fn close_step(&mut self) {
        let cpu = std::mem::take(&mut self.present);
        let Some(step) = self.steps.iter().find(|step| step.step == self.step) else { return };
        let joules = joules_per_cpu_second(step, cpu.values().sum());
        for (stage, seconds) in cpu {
            self.stages.entry(stage).or_default().joules += joules * seconds;
        }
    }

    /// What each stage took, by name.
    pub fn finish(mut self) -> BTreeMap<String, Spent> {
        self.close_step();
        self.stages
    }
}

/// The ledger of a campaign. All of it differs from run to run.
#[derive(Clone, Debug, Serialize)]
pub struct Bill {
    /// Name of the campaign.
    pub name: String,
    /// Wall seconds of all steps.
    pub seconds: f64,
    /// CPU seconds of all stages.
    pub cpu_seconds: f64,
    /// Joules of all steps.
    pub joules: f64,
    /// How the joules were found.
    pub basis: Basis,
    /// Watts assumed for a busy core, where they were estimated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assumed_watts_per_core: Option<f64>,
    /// Joules that belong to no stage: proposing, comparing, writing.
    pub engine_joules: f64,
    /// Grams of CO2 equivalent.
    pub grams_co2: f64,
    /// The same per kWh.
    pub grams_co2_per_kwh: f64,
    /// Distinct candidates evaluated.
    pub evaluated: u64,
    /// Candidates on the front.
    pub front: u64,
    /// Joules for each candidate evaluated.
    pub joules_per_evaluated: Option<f64>,
    /// Joules for each candidate of the front.
    pub joules_per_front_member: Option<f64>,
    /// Results that were known already.
    pub reused: u64,
    /// CPU seconds that these would have taken.
    pub saved_cpu_seconds: f64,
    /// Joules that these would have taken, at the campaign's joules per CPU second.
    pub saved_joules: f64,
    /// By stage, in the order of the funnel, others behind.
    pub stages: Vec<StageBill>,
}

/// What one stage took.
#[derive(Clone, Debug, Serialize)]
pub struct StageBill {
    /// Stage.
    pub stage: String,
    /// What it took.
    #[serde(flatten)]
    pub spent: Spent,
}

impl Bill {
    /// From what the stages took. `order` names the stages in the order of the funnel.
    pub(crate) fn new(
        (name, grams_co2_per_kwh): (&str, f64),
        steps: &[StepRow],
        mut stages: BTreeMap<String, Spent>,
        order: impl Iterator<Item = String>,
    ) -> Self {
        let last = steps.last();
        let (evaluated, front) = last.map_or((0, 0), |step| (step.evaluated, step.front));
        let joules: f64 = steps.iter().map(|step| step.energy.joules).sum();
        let measured = steps.iter().all(|step| step.energy.basis == Basis::Measured);
        let basis = if measured { Basis::Measured } else { Basis::Estimated };
        let total = |of: fn(&Spent) -> f64| -> f64 { stages.values().map(of).sum() };
        let (cpu, of_stages) = (total(|spent| spent.cpu_seconds), total(|spent| spent.joules));
        let saved = total(|spent| spent.saved_cpu_seconds);
        let reused = stages.values().map(|spent| spent.reused).sum();
        let each = |count: u64| (count > 0).then(|| joules / count as f64);
        let mut lines: Vec<StageBill> =
            order.filter_map(|stage| stages.remove(&stage).map(|spent| StageBill { stage, spent })).collect();
        lines.extend(stages.into_iter().map(|(stage, spent)| StageBill { stage, spent }));
        Self {
            name: name.to_owned(),
            seconds: steps.iter().map(|step| step.seconds).sum(),
            cpu_seconds: cpu,
            joules,
            basis,
            assumed_watts_per_core: (basis == Basis::Estimated).then_some(ASSUMED_WATTS_PER_CORE),
            engine_joules: (joules - of_stages).max(0.0),
            grams_co2: joules / JOULES_PER_KWH * grams_co2_per_kwh,
            grams_co2_per_kwh,
            evaluated,
            front,
            joules_per_evaluated: each(evaluated),
            joules_per_front_member: each(front),
            reused,
            saved_cpu_seconds: saved,
            saved_joules: if cpu > 0.0 { saved * of_stages / cpu } else { 0.0 },
            stages: lines,
        }
    }
}

/// The ledger of the campaign in a folder.
///
/// # Errors
/// When there is no campaign or its files cannot be read.
pub fn bill(directory: &Path, plugins: &Plugins) -> Result<Bill, CampaignError> {
    let store = Store::read(directory)?;
    Ok(of(&store, &campaign::load(directory, plugins)?)?)
}

/// The ledger of the campaign in `store`.
///
/// # Errors
/// When the store cannot be read.
pub fn of(store: &Store, campaign: &Campaign) -> Result<Bill, StoreError> {
    let steps = store.steps()?;
    let mut spending = Spending::new(&steps);
    store.for_each_candidate(|row| -> Result<(), StoreError> {
        spending.add(&row);
        Ok(())
    })?;
    let of = (campaign.name.as_str(), campaign.grams_co2_per_kwh);
    Ok(Bill::new(of, &steps, spending.finish(), order(store)?))
}

/// Names of stages in the order of the funnel of the campaign in `store`.
pub(crate) fn order(store: &Store) -> Result<impl Iterator<Item = String>, StoreError> {
    Ok(campaign::stages(store)?.into_iter().flat_map(|stage| {
        // A costly objective is billed under a name that no tier has.
        let objective = format!("objective {}", stage.name);
        [stage.name, objective]
    }))
}

/// What one candidate took.
#[derive(Clone, Debug, Serialize)]
pub struct CandidateBill {
    /// Candidate number.
    pub number: u64,
    /// What became of it.
    pub status: Status,
    /// How the joules were found; `None` while its step is not recorded.
    pub basis: Option<Basis>,
    /// Wall seconds.
    pub seconds: f64,
    /// CPU seconds.
    pub cpu_seconds: f64,
    /// Joules.
    pub joules: f64,
    /// Grams of CO2 equivalent.
    pub grams_co2: f64,
    /// By stage.
    pub stages: Vec<StageBill>,
}

impl CandidateBill {
    /// Of a candidate of the campaign in `store`.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn new(row: &CandidateRow, store: &Store, grams_co2_per_kwh: f64) -> Result<Self, StoreError> {
        let mut cpu = 0.0;
        store.for_each_candidate(|other| -> Result<(), StoreError> {
            if other.step == row.step {
                cpu += other.costs.iter().filter(|cost| !cost.reused).map(|cost| cost.cpu).sum::<f64>();
            }
            Ok(())
        })?;
        let step = store.steps()?.into_iter().find(|step| step.step == row.step);
        Ok(Self::shared(row, step.as_ref(), cpu, grams_co2_per_kwh))
    }

    /// `cpu` are the CPU seconds of all candidates of its step.
    pub(crate) fn shared(
        row: &CandidateRow,
        step: Option<&StepRow>,
        cpu: f64,
        grams_co2_per_kwh: f64,
    ) -> Self {
        let joules = step.map_or(0.0, |step| joules_per_cpu_second(step, cpu));
        let stage = |cost: &TierCost| {
            let mut spent = Spent::default();
            spent.add(cost);
            spent.joules = joules * spent.cpu_seconds;
            StageBill { stage: cost.tier.clone(), spent }
        };
        let stages: Vec<StageBill> = row.costs.iter().map(stage).collect();
        let total = |of: fn(&Spent) -> f64| -> f64 { stages.iter().map(|line| of(&line.spent)).sum() };
        let joules = total(|spent| spent.joules);
        Self {
            number: row.number,
            status: row.status,
            basis: step.map(|step| step.energy.basis),
            seconds: total(|spent| spent.seconds),
            cpu_seconds: total(|spent| spent.cpu_seconds),
            joules,
            grams_co2: joules / JOULES_PER_KWH * grams_co2_per_kwh,
            stages,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::Energy;

    fn step(step: u64, joules: f64, basis: Basis) -> StepRow {
        let energy = Energy { joules, basis };
        StepRow { step, evaluated: 4, front: 2, hypervolume: None, seconds: 3.0, energy }
    }

    fn row(number: u64, step: u64, costs: &[(&str, f64, bool)]) -> CandidateRow {
        let cost = |&(tier, cpu, reused): &(&str, f64, bool)| TierCost {
            tier: tier.to_owned(),
            seconds: 2.0 * cpu,
            cpu,
            reused,
        };
        CandidateRow { step, costs: costs.iter().map(cost).collect(), ..crate::made_up::row(number) }
    }

    fn rows() -> Vec<CandidateRow> {
        vec![
            row(0, 0, &[("relax", 3.0, false), ("hull", 0.5, false)]),
            row(1, 0, &[("relax", 1.5, false), ("hull", 0.0, true)]),
            row(2, 1, &[("relax", 2.0, false)]),
            row(3, 1, &[("relax", 7.0, true)]),
        ]
    }

    fn spent(steps: &[StepRow]) -> Bill {
        let mut spending = Spending::new(steps);
        rows().iter().for_each(|row| spending.add(row));
        let order = ["relax", "hull"].map(str::to_owned).into_iter();
        Bill::new(("x", 360.0), steps, spending.finish(), order)
    }

    #[test]
    fn measured_energy_is_shared_by_cpu_seconds() {
        let bill = spent(&[step(0, 100.0, Basis::Measured), step(1, 50.0, Basis::Measured)]);
        let joules: Vec<f64> = bill.stages.iter().map(|line| line.spent.joules).collect();
        assert_eq!(joules, [100.0 * 4.5 / 5.0 + 50.0, 10.0]);
        assert_eq!((bill.joules, bill.engine_joules, bill.assumed_watts_per_core), (150.0, 0.0, None));
        assert_eq!((bill.joules_per_evaluated, bill.joules_per_front_member), (Some(37.5), Some(75.0)));
        assert_eq!(bill.grams_co2, 150.0 / 1e4);
        assert_eq!((bill.reused, bill.saved_cpu_seconds), (2, 7.0));
        assert_eq!(bill.saved_joules, 7.0 * 150.0 / 7.0);
    }

    #[test]
    fn estimates_leave_the_rest_to_the_engine() {
        let bill = spent(&[step(0, 70.0, Basis::Estimated), step(1, 30.0, Basis::Estimated)]);
        let spent: Vec<Spent> = bill.stages.iter().map(|line| line.spent).collect();
        let relax = Spent {
            runs: 3,
            seconds: 13.0,
            cpu_seconds: 6.5,
            joules: 65.0,
            reused: 1,
            saved_cpu_seconds: 7.0,
        };
        assert_eq!(spent[0], relax);
        assert_eq!((bill.engine_joules, bill.cpu_seconds, bill.seconds), (30.0, 7.0, 6.0));
    }

    #[test]
    fn candidates_add_up_to_their_step() {
        let steps = [step(0, 100.0, Basis::Measured), step(1, 50.0, Basis::Measured)];
        let of = |(row, step, cpu): (&CandidateRow, usize, f64)| {
            CandidateBill::shared(row, Some(&steps[step]), cpu, 473.0)
        };
        let rows = rows();
        let bills = [(&rows[0], 0, 5.0), (&rows[1], 0, 5.0), (&rows[2], 1, 2.0), (&rows[3], 1, 2.0)].map(of);
        assert_eq!(bills.each_ref().map(|bill| bill.joules), [70.0, 30.0, 50.0, 0.0]);
        assert_eq!((bills[3].cpu_seconds, bills[3].stages[0].spent.saved_cpu_seconds), (0.0, 7.0));
    }
}

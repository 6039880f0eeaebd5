//! The ledger of a campaign, and of one candidate, for a terminal of 80 columns.

use crate::bill::{Bill, CandidateBill, StageBill};
use crate::ledger::Energy;

use super::summary::{duration, mass};
use super::table::table;

/// The ledger of a campaign.
pub fn ledger(bill: &Bill) -> String {
    let energy = Energy { joules: bill.joules, basis: bill.basis };
    let mut text = format!("{}\n\n", bill.name);
    let mut line = |what: &str, value: String| text += &format!("{what:>12}  {value}\n");
    line("wall time", duration(bill.seconds));
    line("CPU time", format!("{} in the stages below", duration(bill.cpu_seconds)));
    line("energy", energy.to_string());
    line("CO2e", format!("{} at {} g/kWh", mass(bill.grams_co2), bill.grams_co2_per_kwh));
    let each = |joules: Option<f64>| joules.map_or("-".to_owned(), |joules| format!("{joules:.1} J"));
    line("each", format!("{} of {} evaluated candidates", each(bill.joules_per_evaluated), bill.evaluated));
    line("", format!("{} of {} candidates of the front", each(bill.joules_per_front_member), bill.front));
    if bill.reused > 0 {
        let (saved, joules) = (duration(bill.saved_cpu_seconds), bill.saved_joules);
        line(
            "saved",
            format!("{saved} of CPU time and {joules:.1} J; results known already: {}", bill.reused),
        );
    }
    let mut rows = rows(&bill.stages);
    let engine = ["the engine", "-", "-", "-", &format!("{:.1}", bill.engine_joules), "-"];
    rows.push(engine.map(str::to_owned).into());
    format!("{text}\n{}", table(&HEADER, &rows))
}

/// The ledger of a candidate.
pub fn candidate(bill: &CandidateBill) -> String {
    let basis = bill.basis.map_or(String::new(), |basis| format!(", {}", basis.name()));
    format!(
        "{}\n{:.1} J{basis}, {} CO2e\n",
        table(&HEADER, &rows(&bill.stages)),
        bill.joules,
        mass(bill.grams_co2)
    )
}

const HEADER: [&str; 6] = ["stage", "runs", "wall\ns", "CPU\ns", "energy\nJ", "known\nalready"];

fn rows(stages: &[StageBill]) -> Vec<Vec<String>> {
    let row = |StageBill { stage, spent }: &StageBill| {
        vec![
            stage.clone(),
            spent.runs.to_string(),
            format!("{:.2}", spent.seconds),
            format!("{:.2}", spent.cpu_seconds),
            format!("{:.1}", spent.joules),
            spent.reused.to_string(),
        ]
    };
    stages.iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bill::Spending;
    use crate::ledger::Basis;
    use crate::store::{CandidateRow, StepRow, TierCost};

    #[test]
    fn the_ledger_fits_a_terminal() {
        let cost =
            |tier: &str, cpu: f64, reused| TierCost { tier: tier.into(), seconds: 1.5 * cpu, cpu, reused };
        let costs = vec![
            cost("checks of the relaxed", 0.004, false),
            cost("novelty look-up", 0.031, false),
            cost("relax", 12345.678, false),
            cost("objective density_by_my_program", 3.0, true),
        ];
        let rows = [CandidateRow { costs, ..crate::made_up::row(0) }];
        let energy = Energy { joules: 125_000.0, basis: Basis::Estimated };
        let steps = [StepRow {
            step: 0,
            evaluated: 1200,
            front: 75,
            hypervolume: Some(0.9),
            seconds: 9000.0,
            energy,
        }];
        let mut spending = Spending::new(&steps);
        rows.iter().for_each(|row| spending.add(row));
        let order = ["relax", "checks of the relaxed"].map(str::to_owned).into_iter();
        let whole = ledger(&Bill::new(("abundant", 473.0), &steps, spending.finish(), order));
        let one = candidate(&CandidateBill::shared(&rows[0], Some(&steps[0]), 12_348.7, 473.0));
        let text = format!("{whole}\n{one}");
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
        insta::assert_snapshot!(text);
    }
}

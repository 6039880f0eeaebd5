//! What constraints cost, for a terminal of 80 columns.

use crate::constraints::{ConstraintCost, ConstraintCosts, Known};

use super::table::{number, table, wrapped};

/// Columns of a terminal.
const WIDTH: usize = 80;

/// The constraints as a table with the protocol below.
pub fn constraints(costs: &ConstraintCosts) -> String {
    let volume = costs.hypervolume.map_or(String::new(), |x| format!(", hypervolume {x:.4}"));
    let mut text =
        format!("{} candidates evaluated, {} on the front{volume}\n\n", costs.evaluated, costs.front);
    let header = ["constraint", "removed", "alone", "by\nchance", "front\nwithout", "new", "gain", "known"];
    let rows: Vec<Vec<String>> = costs.constraints.iter().map(row).collect();
    text += &table(&header, &rows);
    for cost in costs.constraints.iter().filter(|cost| !cost.reasons.is_empty()) {
        let reasons: Vec<String> = cost.reasons.iter().map(|(kind, n)| format!("{kind} {n}")).collect();
        text += &format!("\n{}", wrapped(&format!("{}: {}", cost.constraint, reasons.join(", ")), WIDTH));
    }
    text += &format!("\n{}", wrapped(LEGEND, WIDTH));
    for sentence in &costs.protocol {
        text += &wrapped(sentence, WIDTH);
    }
    text
}

/// What the columns say.
const LEGEND: &str = "Alone: no other limit is against these. Front without: candidates on the front when \
                      the constraint is dropped, and how many of them are new. Gain: growth of the hypervolume.";

fn row(cost: &ConstraintCost) -> Vec<String> {
    let count = |n: Option<u64>| n.map_or("-".to_owned(), |n| n.to_string());
    let (front, new, gain) = match &cost.gain {
        None => ("-".to_owned(), "-".to_owned(), "-".to_owned()),
        Some(gain) => {
            let grown =
                gain.hypervolume_with.zip(gain.hypervolume_without).map(|(with, without)| without - with);
            (gain.front_without.to_string(), gain.new.to_string(), number(grown, 4))
        }
    };
    let known = match cost.known {
        Known::Exactly => "exactly",
        Known::AtLeast => "at least",
        Known::Not => "no",
        Known::ByConstruction => "built in",
    };
    vec![
        cost.constraint.clone(),
        cost.removed.to_string(),
        count(cost.alone),
        count(cost.passed_by_chance),
        front,
        new,
        gain,
        known.to_owned(),
    ]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::constraints::{Gain, PROTOCOL};

    #[test]
    fn the_table_fits_a_terminal() {
        let gain = |with, without, new, from, to| {
            Some(Gain {
                front_with: with,
                front_without: without,
                new,
                hypervolume_with: Some(from),
                hypervolume_without: Some(to),
            })
        };
        let line = |constraint: &str, removed, alone, chance, known, gain| ConstraintCost {
            constraint: constraint.into(),
            removed,
            alone,
            passed_by_chance: chance,
            reasons: BTreeMap::new(),
            known,
            gain,
        };
        let reasons = [("space group is not allowed", 11), ("atoms in the primitive cell", 3)];
        let reasons = reasons.map(|(kind, n)| (kind.to_owned(), n)).into();
        let costs = ConstraintCosts {
            protocol: PROTOCOL.to_vec(),
            evaluated: 1200,
            front: 75,
            hypervolume: Some(0.98765),
            constraints: vec![
                line("design space", 0, None, None, Known::ByConstruction, None),
                line(
                    "limit energy_above_hull",
                    934,
                    Some(900),
                    None,
                    Known::Exactly,
                    gain(75, 120, 60, 0.98765, 1.2),
                ),
                line("limit converged", 12, Some(3), None, Known::Exactly, gain(75, 75, 0, 0.98765, 0.98765)),
                line(
                    "filter crustal_abundance",
                    321,
                    None,
                    Some(7),
                    Known::AtLeast,
                    gain(74, 75, 1, 0.98, 0.98765),
                ),
                line("checks of the relaxed", 20, None, Some(0), Known::Not, None),
                ConstraintCost { reasons, ..line("constraints", 14, None, None, Known::Not, None) },
            ],
        };
        let text = constraints(&costs);
        assert!(text.lines().all(|line| line.chars().count() <= WIDTH), "{text}");
        insta::assert_snapshot!(text);
    }
}

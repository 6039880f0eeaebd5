//! The funnel of a campaign for a terminal of 80 columns.

use crate::engine::StageKind;
use crate::funnel::{Share, StageCount};
use crate::screens::{ScreenCount, Worth};

use super::table::table;

/// Stages with what came in and what went on, and what is known of false rejections. Objectives that
/// removed nothing are left out.
pub fn funnel(stages: &[StageCount]) -> String {
    let shown = |line: &&StageCount| line.kind != StageKind::Objective || line.survivors < line.entered;
    let chance = |line: &StageCount| line.chance.as_ref().map_or(0, |chance| chance.passed);
    let audited = stages.iter().any(|line| line.chance.is_some());
    let rows: Vec<Vec<String>> = stages
        .iter()
        .filter(shown)
        .map(|line| {
            let mut numbers = vec![line.entered, line.rejected, line.failed];
            numbers.extend(audited.then(|| chance(line)));
            numbers.push(line.survivors);
            let mut cells = vec![line.stage.clone()];
            cells.extend(numbers.iter().map(u64::to_string));
            cells
        })
        .collect();
    if rows.is_empty() {
        return String::new();
    }
    let mut header = vec!["funnel", "entered", "rejected", "failed"];
    header.extend(audited.then_some("passed\nby chance"));
    header.push("left");
    let mut text = table(&header, &rows);
    if audited {
        text += &format!("\n{}", false_rejections(stages));
    }
    text
}

fn false_rejections(stages: &[StageCount]) -> String {
    let rows: Vec<Vec<String>> = stages
        .iter()
        .filter_map(|line| {
            let chance = line.chance.as_ref()?;
            let passed = chance.passed.to_string();
            Some(vec![line.stage.clone(), passed, share(chance.within_limits), share(chance.on_front)])
        })
        .collect();
    let header = [
        "rejections on trial",
        "passed\nby chance",
        "within all limits\n(95 % interval)",
        "on the front\n(95 % interval)",
    ];
    table(&header, &rows)
}

/// What screens chose, against what passed by chance; empty without a screen.
pub fn screens(screens: &[ScreenCount]) -> String {
    let row = |generator: &str, worth: &Worth| {
        let count = worth.candidates.to_string();
        vec![generator.to_owned(), count, share(worth.within_limits), share(worth.on_front)]
    };
    let rows: Vec<Vec<String>> = screens
        .iter()
        .flat_map(|one| {
            [row(&one.generator, &one.chosen), row(&format!("{}, by chance", one.generator), &one.by_chance)]
        })
        .collect();
    if rows.is_empty() {
        return String::new();
    }
    let header = [
        "screened children",
        "candidates",
        "within all limits\n(95 % interval)",
        "on the front\n(95 % interval)",
    ];
    table(&header, &rows)
}

/// A count with its interval.
fn share(share: Share) -> String {
    format!("{} ({} to {} %)", share.count, percent(share.low), percent(share.high))
}

/// A share in percent, with a decimal where it is small.
fn percent(share: f64) -> String {
    let percent = 100.0 * share;
    if percent > 0.0 && percent < 9.95 { format!("{percent:.1}") } else { format!("{percent:.0}") }
}

#[cfg(test)]
mod tests {
    use druse_fitness::TierKind;

    use super::*;
    use crate::funnel::Chance;

    #[test]
    fn the_table_fits_a_terminal() {
        let mut left = 123_456;
        let mut line = |stage: &str, kind, rejected, failed, passed: u64| {
            let entered = left;
            left -= rejected + failed;
            let chance = (passed > 0).then(|| Chance {
                share: 0.02,
                passed,
                within_limits: Share::wilson(passed / 7, passed),
                on_front: Share::wilson(0, passed),
            });
            StageCount { stage: stage.into(), kind, entered, rejected, failed, survivors: left, chance }
        };
        let stages = [
            line("filter supply_risk", StageKind::Filter, 1234, 0, 21),
            line("checks", StageKind::Tier(TierKind::Check), 17, 0, 0),
            line("relax", StageKind::Tier(TierKind::Work), 0, 3, 0),
            line("checks of the relaxed", StageKind::Tier(TierKind::Check), 5, 0, 0),
            line("hull", StageKind::Tier(TierKind::Work), 0, 0, 0),
            line("filter energy_above_hull", StageKind::FloatingFilter, 98_765, 0, 2015),
            line("energy_above_hull", StageKind::Objective, 0, 0, 0),
            line("price", StageKind::Objective, 0, 2, 0),
        ];
        let text = funnel(&stages);
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
        insta::assert_snapshot!(text);
        assert_eq!(funnel(&[]), "");
    }
}

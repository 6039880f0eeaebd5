//! An audit's summary for a terminal of 80 columns.

use crate::validation::audit::{AuditReport, AuditRow, FoundIn, SetInfo, Verdict};

use crate::cli::table::{number, table};

/// Rows of the table of leaks.
const MOST_LEAKS: usize = 12;

/// The whole summary.
pub fn summary(report: &AuditReport) -> String {
    let mut text = format!("{}\n{}", counts(report), unique(report));
    let leaks = leaks(&report.rows);
    if !leaks.is_empty() {
        text += &format!("\n{leaks}");
    }
    text + &format!("\n{}", sets(report))
}

/// Number and share of every verdict that occurs.
fn counts(report: &AuditReport) -> String {
    let all = report.unique.of;
    let mut text = format!("{} of {} structures audited by {}\n\n", all, report.rows.len(), report.matcher);
    let share = |count: usize| 100.0 * count as f64 / all as f64;
    for &(verdict, count) in report.counts.iter().filter(|(_, count)| *count > 0) {
        let mut line = format!("{:>28} {count:6}  {:5.1} %", verdict.words(), share(count));
        let in_training = |row: &&AuditRow| row.verdict == Some(verdict) && row.found_in == FoundIn::Training;
        let trained = report.rows.iter().filter(in_training).count();
        if trained > 0 {
            line += &format!("  {trained} by the training data");
        }
        text += &format!("{line}\n");
    }
    let leaks: usize =
        report.counts.iter().filter(|(verdict, _)| verdict.is_leak()).map(|(_, count)| count).sum();
    text + &format!("\n{:>28} {leaks:6}  {:5.1} %\n", "known materials in all", share(leaks))
}

fn unique(report: &AuditReport) -> String {
    let unique = report.unique;
    format!(
        "{:>28} {:6}  {:5.1} %  groups of equal structures ({} if counted greedily)\n",
        "unique",
        unique.groups,
        100.0 * unique.groups as f64 / unique.of as f64,
        unique.greedy
    )
}

/// The most known structures first.
fn leaks(rows: &[AuditRow]) -> String {
    let mut known: Vec<&AuditRow> =
        rows.iter().filter(|row| row.verdict.is_some_and(Verdict::is_leak)).collect();
    if known.is_empty() {
        return String::new();
    }
    let place = |row: &AuditRow| (row.found_in != FoundIn::Training, row.verdict);
    let far = |row: &AuditRow| row.distance.unwrap_or(f64::INFINITY);
    known.sort_by(|x, y| place(x).cmp(&place(y)).then(far(x).total_cmp(&far(y))));
    let all = known.len();
    let cells: Vec<Vec<String>> = known
        .iter()
        .take(MOST_LEAKS)
        .map(|row| {
            vec![
                shortened(&row.id, 20),
                shortened(&row.formula, 14),
                row.verdict.map_or("", short).to_owned(),
                shortened(row.nearest_id.as_deref().unwrap_or_default(), 20),
                number(row.distance, 3),
            ]
        })
        .collect();
    let shown = cells.len();
    let heading = if shown < all { format!("{shown} of {all} known") } else { "Known".to_owned() };
    format!(
        "{heading}, worst first\n\n{}",
        table(&["id", "formula", "verdict", "nearest", "distance"], &cells)
    )
}

/// The verdict where there is little room.
fn short(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::SupercellOrSetting => "other cell",
        Verdict::SameSolidSolutionOtherRatio => "other ratio",
        other => other.words(),
    }
}

/// What counted as known, and whether verdicts are exact.
fn sets(report: &AuditReport) -> String {
    let mut text = String::new();
    for (what, sets) in [("training", &report.training), ("reference", &report.references)] {
        for set in sets {
            text += &format!("{what:>9}  {}\n", set.stamp());
        }
    }
    let without: Vec<&SetInfo> =
        report.training.iter().chain(&report.references).filter(|set| !set.exact).collect();
    if !without.is_empty() {
        text += "\nWithout coordinates verdicts rest on invariants: known means probably known, and\n\
                 ordering variants are not seen. For exact verdicts index the full structures:\n\
                 druse index build STRUCTURES --to INDEX, then --reference INDEX\n";
    }
    text
}

/// A text of at most `most` characters.
fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most - 1).chain(['…']).collect()
}

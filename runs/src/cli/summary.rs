//! A campaign's summary for a terminal of 80 columns.

use std::path::Path;

use crate::engine::End;
use crate::fitness::{Goal, property};
use crate::store::Status;
use crate::summary::{Member, Summary};

use super::funnel::{funnel, screens};
use super::table::{MEASURED, number, stacked, table};
use super::tell::compared;

/// Reasons for rejection that get a place of their own.
const MOST_REASONS: usize = 6;

/// The whole summary with at most `most` rows of the front.
pub fn text(summary: &Summary, most: usize) -> String {
    let compared = match summary.measured.as_slice() {
        [] => String::new(),
        measured => format!("{}\n", compared(measured)),
    };
    let funnel = match funnel(&summary.funnel) {
        none if none.is_empty() => none,
        table => format!("{table}\n"),
    };
    let screens = match screens(&summary.screens) {
        none if none.is_empty() => none,
        table => format!("{table}\n"),
    };
    format!("{}\n{funnel}{screens}{}\n{compared}{}", counts(summary), front(summary, most), costs(summary))
}

/// What to do next with a campaign in `folder`.
pub fn hint(program: &str, folder: &Path) -> String {
    format!(
        "all of it: {program} show {0} --pareto; one candidate: {program} show {0} --candidate N;\n\
         time and energy: --ledger; what limits and filters cost: --constraints;\n\
         as a page: {program} report {0}",
        folder.display()
    )
}

fn counts(summary: &Summary) -> String {
    let mut text = format!("{} (seed {})\n\n", summary.name, summary.seed);
    let mut line = |what: &str, count: u64, note: String| {
        if count > 0 || what == "evaluated" {
            let note = if note.is_empty() { note } else { format!("  {note}") };
            text += &format!("{what:>12} {count:6}{note}\n");
        }
    };
    line("proposed", summary.proposed(), String::new());
    if let Some(seeds) = &summary.warm_start {
        let left_out: Vec<String> =
            seeds.left_out.iter().map(|(reason, count)| format!("{count} left out: {reason}")).collect();
        line("warm start", seeds.proposed, left_out.join(", "));
    }
    line("duplicates", summary.count(Status::Duplicate), "of earlier candidates".into());
    line("rejected", summary.count(Status::Rejected) + summary.count(Status::Failed), reasons(summary));
    line("pending", summary.count(Status::Proposed), "to be evaluated by druse resume".into());
    let within = summary.count(Status::Evaluated) - summary.outside_limits;
    line("evaluated", summary.count(Status::Evaluated), format!("{within} within all limits"));
    for (&novelty, &count) in summary.novelty.iter().rev() {
        line("", count, novelty.words().into());
    }
    let violations = match summary.constraint_violations {
        0 => "no evaluated candidate breaks a hard constraint".to_owned(),
        n => format!("{n} evaluated candidates break a hard constraint: please report this"),
    };
    text += &format!("{:>12} {violations}\n", "");
    match summary.end {
        None | Some(End::Evaluations) => text,
        Some(end) => text + &format!("{:>12} ended early: {}\n", "", end.words()),
    }
}

fn reasons(summary: &Summary) -> String {
    let mut reasons: Vec<(&str, u64)> =
        summary.reasons.iter().map(|(kind, &count)| (kind.as_str(), count)).collect();
    reasons.sort_by_key(|&(kind, count)| (std::cmp::Reverse(count), kind));
    let rest: u64 = reasons.iter().skip(MOST_REASONS).map(|(_, count)| count).sum();
    let mut parts: Vec<String> =
        reasons.iter().take(MOST_REASONS).map(|(kind, count)| format!("{kind} {count}")).collect();
    if rest > 0 {
        parts.push(format!("others {rest}"));
    }
    parts.join(", ")
}

/// The Pareto front, at most `most` rows of it.
pub fn front(summary: &Summary, most: usize) -> String {
    let all = summary.front.len();
    if all == 0 {
        return "Pareto front: empty; no candidate is within all limits\n".to_owned();
    }
    let shown = all.min(most);
    let first = &summary.objectives[0].name.replace('_', " ");
    let part = if shown < all { format!("{shown} of {all}") } else { all.to_string() };
    let mut text = format!("Pareto front, {part} by {first}\n\n");
    let mut header = vec!["formula".to_owned(), stacked(summary.shape_heading)];
    for objective in &summary.objectives {
        let arrow = match objective.goal {
            Goal::Minimise => "↓".to_owned(),
            Goal::Maximise => "↑".to_owned(),
            Goal::Target(value) => format!("→{value}"),
        };
        let unit = if objective.unit == "1" { String::new() } else { format!("\n{}", objective.unit) };
        header.push(format!("{}{unit}\n{arrow}", stacked(&objective.name)));
    }
    header.extend([summary.novelty_heading.to_owned(), "no.".to_owned()]);
    let header: Vec<&str> = header.iter().map(String::as_str).collect();
    let rows: Vec<Vec<String>> = summary.front.iter().take(most).map(|member| row(member, summary)).collect();
    text += &table(&header, &rows);
    for remark in &summary.remarks {
        text += &format!("{remark}\n");
    }
    if summary.front.iter().take(most).any(|member| !converged(member)) {
        text += "* not relaxed to the end\n";
    }
    if summary.front.iter().take(most).any(|member| !member.row.measured.is_empty()) {
        text += &format!("{MEASURED} measured\n");
    }
    if summary.front.iter().take(most).any(audited) {
        text += "+ a filter or check was against it; it passed by chance\n";
    }
    text
}

fn row(member: &Member, summary: &Summary) -> Vec<String> {
    let mark = if converged(member) { "" } else { "*" };
    let chance = if audited(member) { "+" } else { "" };
    let mut cells = vec![
        format!("{}{mark}{chance}", member.formula),
        member.shape.clone().unwrap_or_else(|| "-".to_owned()),
    ];
    for objective in &summary.objectives {
        let value = number(member.row.objectives.get(&objective.name).copied(), 3);
        let measured = member.row.measured.contains_key(&objective.name);
        cells.push(if measured { format!("{MEASURED}{value}") } else { value });
    }
    cells.push(member.row.novelty.as_ref().map_or("-", |nearest| nearest.novelty.words()).to_owned());
    cells.push(member.row.number.to_string());
    cells
}

/// Whether it is there by chance only.
fn audited(member: &Member) -> bool {
    !member.row.audited.is_empty()
}

/// Whether the relaxation converged, where there was one.
fn converged(member: &Member) -> bool {
    member.row.properties.get(property::CONVERGED) != Some(&0.0)
}

fn costs(summary: &Summary) -> String {
    let seconds = summary.seconds();
    let energy = summary.energy();
    let mut text = format!("{}, {energy}\n", duration(seconds));
    let grams = summary.grams_co2();
    text += &format!("{} CO2e at {} g/kWh", mass(grams), summary.grams_co2_per_kwh);
    if !summary.front.is_empty() {
        text +=
            &format!(", {:.1} J for each candidate of the front", energy.joules / summary.front.len() as f64);
    }
    text += "\n";
    let cores: f64 = summary.tier_seconds.values().sum();
    if cores > 0.0 {
        let mut tiers: Vec<(&String, &f64)> = summary.tier_seconds.iter().collect();
        tiers.sort_by(|x, y| y.1.total_cmp(x.1));
        let shares: Vec<String> = tiers
            .into_iter()
            .filter(|(_, seconds)| **seconds / cores >= 0.005)
            .map(|(tier, seconds)| format!("{tier} {:.0} %", 100.0 * seconds / cores))
            .collect();
        text += &format!("of {} core time: {}\n", duration(cores), shares.join(", "));
    }
    text += &saved(summary);
    if let (Some(first), Some(last)) = (summary.steps.first(), summary.steps.last())
        && let (Some(from), Some(to)) = (first.hypervolume, last.hypervolume)
    {
        text += &format!("hypervolume {from:.3} after the first step, {to:.3} at the end\n");
    }
    text
}

/// What known evaluations saved, by tier; what took no time to speak of is left out.
fn saved(summary: &Summary) -> String {
    let tiers: Vec<String> = summary
        .saved
        .iter()
        .map(|(tier, saved)| format!("{tier} {} ({} of CPU time)", saved.evaluations, duration(saved.cpu)))
        .collect();
    if tiers.is_empty() { String::new() } else { format!("evaluations saved: {}\n", tiers.join(", ")) }
}

/// Grams in words.
pub fn mass(grams: f64) -> String {
    match grams {
        g if g < 0.1 => format!("{:.2} mg", g * 1000.0),
        g if g < 1000.0 => format!("{g:.2} g"),
        g => format!("{:.2} kg", g / 1000.0),
    }
}

/// Seconds in words.
pub fn duration(seconds: f64) -> String {
    match seconds {
        s if s < 100.0 => format!("{s:.1} s"),
        s if s < 6000.0 => format!("{:.1} min", s / 60.0),
        s => format!("{:.1} h", s / 3600.0),
    }
}

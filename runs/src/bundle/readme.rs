//! The page for whoever opens a bundle.

use std::fmt::Write;

use super::facts::Facts;
use super::pack::Packing;
use crate::store::Status;
use crate::summary::Summary;

/// The README of a bundle. Markdown.
pub(super) fn of(facts: &Facts, summary: &Summary, cards: &[(String, String)], packing: Packing) -> String {
    let Facts { name, domain, seed, druse, .. } = facts;
    let designs = if domain == "complex" { "transition-metal complexes" } else { "inorganic crystals" };
    let goals: Vec<String> = summary
        .objectives
        .iter()
        .map(|objective| format!("{} ({})", objective.name, objective.unit))
        .collect();
    let mut text = format!(
        "# {name}\n\nA campaign of druse: inverse design of {designs} by {}, seed {seed}. {} candidates, {} of them \
         evaluated, {} on the Pareto front.\n\n",
        goals.join(", "),
        summary.proposed(),
        summary.count(Status::Evaluated),
        summary.front.len(),
    );
    let mut row = |name: &str, what: &str| {
        // Writing into a string cannot fail.
        let _ = writeln!(text, "| `{name}` | {what} |");
    };
    row("file", "what it is");
    row("---", "---");
    row("campaign.toml", "the campaign: everything that results depend on, nothing left to defaults");
    row("bundle.json", "versions, checksums and protocols; what was done after the beginning");
    row(
        "results/candidates.jsonl",
        "every candidate as it was proposed and as it came out, or why it did not",
    );
    let format = |ending: &str, what: &str| (format!("results/evaluated.{ending}"), what.to_owned());
    for (name, what) in [
        format("extxyz", "evaluated candidates with their values (ASE, OVITO)"),
        format("jsonl", "the same, one JSON object a line"),
    ] {
        row(&name, &what);
    }
    row("results/front/, front.csv", "the Pareto front: one file for each candidate, and a table");
    row("results/verdicts.csv", "what is known of each candidate, by which matcher");
    row("results/rejected.csv", "rejected and failed candidates with the reason");
    row("results/summary.json", "the campaign in numbers");
    for input in &facts.inputs {
        let what = format!("{} of campaign.toml, SHA-256 {}", input.key, input.sha256);
        row(&input.member, &if input.packed { what } else { format!("NOT INCLUDED: {what}") });
    }
    for (card, _) in cards {
        row(&format!("cards/{card}"), "where data or weights come from, their licence and limits");
    }
    if packing.report {
        row("report.html", "all of it as a page, opens in any browser");
        row("ledger.json", "time, energy and CO2 by stage");
    }
    row("MANIFEST", "SHA-256 of every file: `sha256sum -c MANIFEST`");
    text.replace("| `file` |", "| file |").replace("| `---` |", "| --- |")
        + &format!(
            "\nDo it again and compare every number (druse {druse}):\n\n```\ndruse reproduce THIS-FILE.zip\n```\n\n\
             The numbers depend on:\n\n{}",
            facts.protocol.iter().map(|line| format!("* {line}\n")).collect::<String>()
        )
}

//! `druse data split --check`: what leaks from a training set.

use std::path::{Path, PathBuf};

use crate::validation::audit::{Audit, AuditReport, AuditRow, Matchers, Verdict};
use serde_json::{Value, json};

use crate::cli::audit::{audited, row_json};
use crate::cli::failure::Failure;
use crate::cli::known;
use crate::cli::structures::Files;
use crate::cli::table::table;
use crate::cli::{Global, output};

/// Kinds of leaks with the verdicts that belong to them.
const KINDS: [(&str, &[Verdict]); 4] = [
    ("duplicates", &[Verdict::ExactDuplicate, Verdict::SupercellOrSetting, Verdict::NearDuplicate]),
    ("variants", &[Verdict::OrderedVariant, Verdict::SameSolidSolutionOtherRatio]),
    ("polymorphs", &[Verdict::KnownComposition]),
    ("prototypes", &[Verdict::KnownPrototype]),
];

/// Audits the other sets of a split against the training set.
pub(super) fn run(training: &Path, others: &[PathBuf], global: &Global) -> Result<(), Failure> {
    let matchers = Matchers::usual().map_err(Failure::other)?;
    let audit = Audit::new(matchers, vec![known::open(training, global)?], Vec::new());
    let mut parts = Vec::new();
    for path in others {
        let files = Files { files: vec![path.clone()] };
        let report = audited(&audit, files.read()?, global);
        if report.unique.of == 0 {
            let first = report.rows.first().and_then(|row| row.error.clone()).unwrap_or_default();
            return Err(Failure::input(format!("{}: all structures failed: {first}", path.display())));
        }
        parts.push((path, report));
    }
    if !global.json_on_stdout() {
        output::print(&text(training, &parts))?;
    }
    for row in parts.iter().flat_map(|(_, report)| &report.rows) {
        if let Some(error) = &row.error {
            eprintln!("{}: {error}", row.id);
        }
    }
    let parts: Vec<Value> = parts.iter().map(|(path, report)| part_json(path, report)).collect();
    global.write_json(&json!({ "train": training, "protocol": audit.protocol(), "parts": parts }))
}

fn leaks<'a>(report: &'a AuditReport, verdicts: &'a [Verdict]) -> impl Iterator<Item = &'a AuditRow> {
    report.rows.iter().filter(|row| row.verdict.is_some_and(|verdict| verdicts.contains(&verdict)))
}

fn part_json(path: &Path, report: &AuditReport) -> Value {
    let mut part = json!({ "file": path, "structures": report.rows.len(), "compared": report.unique.of });
    for (kind, verdicts) in KINDS {
        part[kind] = json!(leaks(report, verdicts).count());
    }
    part["clean"] = json!(leaks(report, &[Verdict::New]).count());
    part["rows"] = report.rows.iter().map(row_json).collect();
    part
}

fn text(training: &Path, parts: &[(&PathBuf, AuditReport)]) -> String {
    let mut rows = Vec::new();
    for (path, report) in parts {
        let all = report.unique.of as f64;
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        let mut row = |kind: &str, count: usize| {
            let share = format!("{:.1}", 100.0 * count as f64 / all);
            rows.push(vec![name.clone(), kind.to_owned(), count.to_string(), share]);
        };
        for (kind, verdicts) in KINDS {
            row(kind, leaks(report, verdicts).count());
        }
        row("clean", leaks(report, &[Verdict::New]).count());
    }
    format!(
        "What {} tells of the other sets\n\n{}",
        training.display(),
        table(&["set", "by the training set", "number", "%"], &rows)
    )
}

//! An audit of novelty as a page and as a table.

mod data;
mod table;
#[cfg(test)]
mod tests;

use druse_validation::audit::AuditReport;

use super::page::{Page, TABLE_STYLES, VIEWER_SCRIPTS, VIEWER_STYLE};

pub use table::audit_csv;

/// What is particular to the page of an audit; runs after the viewer's scripts.
const SCRIPTS: [&str; 5] = [
    include_str!("../assets/verdicts.js"),
    include_str!("../assets/chart.js"),
    include_str!("../assets/table.js"),
    include_str!("../assets/detail.js"),
    include_str!("../assets/audit.js"),
];

/// An audit as one HTML file: counts of the verdicts, histogram of the distances, a table with
/// filters, and both structures of each row in 3D. It works without a network, on a phone and on
/// paper, and depends on the report alone, so equal audits give equal bytes.
///
/// Coordinates are rounded to 1e-4; structures after the first million sites are left out, and the
/// page says so.
pub fn audit_page(report: &AuditReport) -> String {
    let scripts = [&VIEWER_SCRIPTS[..], &SCRIPTS].concat();
    Page {
        title: "Novelty audit",
        styles: &[&[VIEWER_STYLE], &TABLE_STYLES[..], &[include_str!("../assets/audit.css")]].concat(),
        body: include_str!("../assets/audit.html"),
        scripts: &scripts,
        data: &data::of(report),
    }
    .html()
}

//! The data of the page: the report with rounded numbers, and the elements that its views draw.

use druse_representations::Crystal;
use druse_validation::audit::{AuditReport, Verdict};
use serde_json::{Map, Value, json};

use crate::report::numbers::{radii, rounded};

/// Sites whose coordinates fit into a page of some 50 MB.
const MOST_SITES: usize = 1_000_000;

/// The data of the page of a report.
pub fn of(report: &AuditReport) -> Value {
    // Names and numbers alone: this cannot fail.
    let mut data = compact(serde_json::to_value(report).unwrap_or_default(), 6);
    let left_out = leave_out_structures(report, &mut data, MOST_SITES);
    data["left_out"] = left_out.into();
    data["elements"] = elements(report);
    data["verdicts"] = Verdict::ALL
        .into_iter()
        .map(|verdict| (verdict.name().to_owned(), json!([verdict.words(), verdict.meaning()])))
        .collect::<Map<_, _>>()
        .into();
    data
}

/// Takes the structures out of the rows after the one with which the sites become too many. Returns
/// the number of those rows.
fn leave_out_structures(report: &AuditReport, data: &mut Value, most: usize) -> usize {
    let sites = |crystal: &Option<Crystal>| crystal.as_ref().map_or(0, |crystal| crystal.sites.len());
    let mut total = 0;
    let mut left_out = 0;
    for (number, row) in report.rows.iter().enumerate() {
        let own = sites(&row.structure) + sites(&row.nearest_structure);
        total += own;
        if total <= most || own == 0 {
            continue;
        }
        left_out += 1;
        if let Some(fields) = data["rows"][number].as_object_mut() {
            fields.shift_remove("structure");
            fields.shift_remove("nearest_structure");
        }
    }
    left_out
}

/// What is drawn of the elements of the structures.
fn elements(report: &AuditReport) -> Value {
    let crystals = report.rows.iter().flat_map(|row| [&row.structure, &row.nearest_structure]).flatten();
    let sites = crystals.flat_map(|crystal| &crystal.sites);
    radii(sites.flat_map(|site| site.occupants.iter().map(|occupant| occupant.element)))
}

/// Rounds numbers to so many decimals (coordinates and distances of single sites to four) and drops
/// what is null.
fn compact(value: Value, decimals: i32) -> Value {
    match value {
        Value::Number(number) if number.is_f64() => rounded(number.as_f64().unwrap_or_default(), decimals),
        Value::Array(items) => items.into_iter().map(|item| compact(item, decimals)).collect(),
        Value::Object(fields) => {
            let fields = fields.into_iter().filter(|(_, field)| !field.is_null()).map(|(name, field)| {
                let of_sites = ["lattice", "frac", "distances"].contains(&name.as_str());
                let field = compact(field, if of_sites { 4 } else { decimals });
                (name, field)
            });
            Value::Object(fields.collect::<Map<_, _>>())
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::audit::tests::report;

    #[test]
    fn numbers_are_short_and_nulls_are_dropped() {
        let value =
            json!({ "frac": [[0.123456789, -1e-9, 1.0]], "rms": 0.123456789, "strain": null, "n": 3 });
        let expected = json!({ "frac": [[0.1235, 0, 1]], "rms": 0.123457, "n": 3 });
        assert_eq!(compact(value, 6), expected);
    }

    #[test]
    fn structures_are_left_out_when_there_are_too_many() {
        let report = report();
        let mut data = of(&report);
        assert_eq!(data["left_out"], 0);
        let first = report.rows[0].structure.as_ref().unwrap().sites.len()
            + report.rows[0].nearest_structure.as_ref().unwrap().sites.len();
        assert!(leave_out_structures(&report, &mut data, first) > 0);
        assert!(data["rows"][0].get("structure").is_some());
        assert!(data["rows"][1].get("structure").is_none());
        assert_eq!(data["rows"][1]["id"], report.rows[1].id);
    }
}

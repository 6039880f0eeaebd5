//! An audit as comma-separated values.

use druse_validation::audit::{AuditReport, AuditRow, FoundIn};

/// The columns.
const HEADER: [&str; 23] = [
    "id",
    "formula",
    "sites",
    "error",
    "verdict",
    "found_in",
    "nearest_id",
    "nearest_set",
    "nearest_formula",
    "distance",
    "rms",
    "max_dist",
    "volume_ratio",
    "strain",
    "matcher",
    "reference",
    "group",
    "exact",
    "mirror_image_only",
    "elements",
    "mixing",
    "ratio_gap",
    "words",
];

/// An audit as comma-separated values, one line for each structure in the order of the input, all
/// digits of all numbers. Distances are in units of (V/N)^(1/3), `volume_ratio` and `strain` are
/// pure numbers; `elements` reads `Na=K;Cl=Br`, `mixing` reads `Cr+Ta;Na+K`; what is unknown is empty.
pub fn audit_csv(report: &AuditReport) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    // Memory takes all lines, and all have the same number of fields: none of this can fail.
    let written = writer
        .write_record(HEADER)
        .and_then(|()| report.rows.iter().try_for_each(|row| writer.write_record(fields(row))));
    debug_assert!(written.is_ok());
    String::from_utf8(writer.into_inner().unwrap_or_default()).unwrap_or_default()
}

fn fields(row: &AuditRow) -> [String; HEADER.len()] {
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let number = |value: Option<f64>| value.map(|value| value.to_string()).unwrap_or_default();
    let evidence = &row.evidence;
    let elements: Vec<String> =
        evidence.elements.iter().map(|(own, known)| format!("{own}={known}")).collect();
    let mixing = evidence.family.iter().flat_map(|family| &family.mixing);
    let mixing: Vec<String> =
        mixing.map(|set| set.iter().map(|element| element.symbol()).collect::<Vec<_>>().join("+")).collect();
    [
        row.id.clone(),
        row.formula.clone(),
        row.sites.to_string(),
        text(&row.error),
        row.verdict.map(|verdict| verdict.name().to_owned()).unwrap_or_default(),
        found_in(row.found_in).to_owned(),
        text(&row.nearest_id),
        text(&row.nearest_set),
        text(&row.nearest_formula),
        number(row.distance),
        number(row.rms),
        number(row.max_dist),
        number(row.volume_ratio),
        number(row.strain),
        row.matcher.clone(),
        row.reference.clone(),
        row.group.map(|group| group.to_string()).unwrap_or_default(),
        evidence.exact.to_string(),
        evidence.mirror_image_only.map(|only| only.to_string()).unwrap_or_default(),
        elements.join(";"),
        mixing.join(";"),
        number(evidence.family.as_ref().map(|family| family.ratio_gap)),
        evidence.words.clone(),
    ]
}

fn found_in(found: FoundIn) -> &'static str {
    match found {
        FoundIn::Training => "training",
        FoundIn::Reference => "reference",
        FoundIn::None => "none",
    }
}

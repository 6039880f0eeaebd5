use druse_representations::crystal::Occupant;
use druse_representations::{Crystal, Element, Lattice};
use druse_validation::audit::{AuditReport, AuditRow, Evidence, FoundIn, SetInfo, UniquenessInfo, Verdict};
use druse_validation::matching::{Family, Mapping, Sublattice};
use serde_json::Value;

use super::{audit_csv, audit_page};

/// What a stranger's file may call a structure.
const HOSTILE: [&str; 4] = [
    "</script><script>alert(1)</script>",
    "<!--<script>",
    "<img src=x onerror=alert(1)>&lt;\"'",
    "line\nbreak,\u{2028}comma",
];

fn element(symbol: &str) -> Element {
    symbol.parse().unwrap()
}

fn rutile(cation: &str, a: f64) -> Crystal {
    let lattice = Lattice::from_parameters([a, a, 0.644 * a, 90.0, 90.0, 90.0]).unwrap();
    let u = 0.3053;
    let anions = [[u, u, 0.0], [1.0 - u, 1.0 - u, 0.0], [0.5 + u, 0.5 - u, 0.5], [0.5 - u, 0.5 + u, 0.5]];
    let cations = [[0.0; 3], [0.5; 3]].map(|frac| (element(cation), frac));
    Crystal::ordered(lattice, cations.into_iter().chain(anions.map(|frac| (element("O"), frac))))
}

/// A duplicate with a mapping, a member of a disordered family, a prototype whose nearest structure has
/// no coordinates, a new one and one that failed, with names that try to break out of the page.
pub fn report() -> AuditReport {
    let mut mixed = rutile("Ti", 4.6);
    for site in &mut mixed.sites[..2] {
        site.occupants = [("Ta", 1.0 / 3.0), ("Cr", 2.0 / 3.0)]
            .map(|(symbol, occupancy)| Occupant { element: element(symbol), occupancy })
            .to_vec();
    }
    let family = Family {
        mixing: vec![vec![element("Cr"), element("Ta")]],
        ratio_gap: 1.0 / 6.0,
        sublattices: vec![Sublattice {
            elements: vec![element("Cr"), element("Ta")],
            sites: 2,
            first: vec![2.0 / 3.0, 1.0 / 3.0],
            second: vec![0.5, 0.5],
        }],
    };
    let row = |id: &str, verdict: Verdict, found_in: FoundIn| AuditRow {
        id: id.to_owned(),
        formula: "TiO2".to_owned(),
        sites: 6,
        verdict: Some(verdict),
        found_in,
        matcher: "leak-safe(ltol=0.2, stol=0.3)".to_owned(),
        reference: "known.jsonl 9f86d081".to_owned(),
        structure: Some(rutile("Ti", 4.594)),
        ..AuditRow::default()
    };
    let near = |row: AuditRow, id: &str, distance: f64| AuditRow {
        nearest_id: Some(id.to_owned()),
        nearest_set: Some("known.jsonl".to_owned()),
        nearest_formula: Some("TiO2".to_owned()),
        distance: Some(distance),
        ..row
    };
    let rows = vec![
        AuditRow {
            rms: Some(0.0123456789),
            max_dist: Some(0.025),
            volume_ratio: Some(1.02),
            strain: Some(0.01),
            group: Some(0),
            evidence: Evidence {
                mapping: Some(Mapping {
                    lattice: [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
                    of_first: true,
                    sites: vec![(0, 0), (1, 1)],
                    distances: vec![0.01, 0.025],
                    translation: [0.0; 3],
                }),
                mirror_image_only: Some(false),
                exact: true,
                words: "The same structure, displaced.".to_owned(),
                ..Evidence::default()
            },
            nearest_structure: Some(rutile("Ti", 4.63)),
            ..near(row(HOSTILE[0], Verdict::NearDuplicate, FoundIn::Training), "known-1", 0.031)
        },
        AuditRow {
            group: Some(1),
            evidence: Evidence { family: Some(family), exact: true, ..Evidence::default() },
            nearest_structure: Some(mixed),
            ..near(row(HOSTILE[1], Verdict::SameSolidSolutionOtherRatio, FoundIn::Reference), HOSTILE[2], 0.2)
        },
        AuditRow {
            group: Some(2),
            evidence: Evidence { elements: vec![(element("Ti"), element("Sn"))], ..Evidence::default() },
            ..near(row("p", Verdict::KnownPrototype, FoundIn::None), "invariants-only", 0.4)
        },
        AuditRow { group: Some(0), ..row(HOSTILE[3], Verdict::New, FoundIn::None) },
        AuditRow {
            id: "broken".to_owned(),
            error: Some("broken.cif, line 3: found 'x' as _cell_length_a, expected a length in Å".to_owned()),
            ..AuditRow::default()
        },
    ];
    let count = |verdict| rows.iter().filter(|row| row.verdict == Some(verdict)).count();
    AuditReport {
        matcher: "leak-safe".to_owned(),
        protocol: "leak-safe: ltol 0.2, stol 0.3\nnear duplicate below 0.1".to_owned(),
        references: vec![SetInfo {
            name: "known.jsonl".to_owned(),
            structures: 30_220,
            sha256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08".to_owned(),
            exact: true,
        }],
        training: vec![],
        counts: Verdict::ALL.map(|verdict| (verdict, count(verdict))).to_vec(),
        unique: UniquenessInfo { groups: 3, greedy: 3, of: 4 },
        rows,
    }
}

/// The data that the page's scripts read.
fn data(page: &str) -> Value {
    let (_, rest) = page.split_once(r#"<script type="application/json" id="data">"#).unwrap();
    serde_json::from_str(rest.split_once("</script>").unwrap().0).unwrap()
}

#[test]
fn the_page_holds_all_rows() {
    let report = report();
    let data = data(&audit_page(&report));
    let rows = data["rows"].as_array().unwrap();
    assert_eq!(rows.len(), report.rows.len());
    for (found, row) in rows.iter().zip(&report.rows) {
        assert_eq!(found["id"], row.id);
        assert_eq!(found["formula"], row.formula);
        assert_eq!(found.get("error").and_then(Value::as_str), row.error.as_deref());
        assert_eq!(found.get("verdict").and_then(Value::as_str), row.verdict.map(Verdict::name));
        assert_eq!(found.get("nearest_id").and_then(Value::as_str), row.nearest_id.as_deref());
        assert_eq!(found.get("distance").and_then(Value::as_f64), row.distance);
        assert_eq!(found.get("structure").is_some(), row.structure.is_some());
        assert_eq!(found.get("nearest_structure").is_some(), row.nearest_structure.is_some());
    }
    assert_eq!(rows[0]["rms"], 0.012346);
    assert_eq!(rows[1]["nearest_structure"]["species"][0]["Ta"], 0.333333);
    assert_eq!(rows[0]["structure"]["species"][2], "O");
    assert_eq!(data["references"][0]["sha256"], report.references[0].sha256);
    assert_eq!(data["counts"][7], serde_json::json!(["new", 1]));
    // Cordero et al., Dalton Trans. 2008, 2832: O 0.66 Å, Ti 1.60 Å.
    assert_eq!(data["elements"]["O"], serde_json::json!([0.66, false]));
    assert_eq!(data["elements"]["Ti"], serde_json::json!([1.6, true]));
}

#[test]
fn names_cannot_break_out_of_the_page() {
    let page = audit_page(&report());
    assert_eq!(page.matches("<script").count(), 2);
    assert_eq!(page.matches("</script>").count(), 2);
    assert!(!page.contains("<!--") && !page.contains("<img"));
    // Scripts never read text as markup.
    for way in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("] {
        assert!(!page.contains(way), "{way}");
    }
}

#[test]
fn the_page_loads_nothing() {
    let page = audit_page(&report());
    for address in ["http://", "https://", "src=", "href=\"/", "@import", "url(", "fetch(", "XMLHttpRequest"]
    {
        let page = page.replace("img src=x", "");
        assert!(!page.contains(address), "{address}");
    }
    assert!(page.contains("default-src 'none'"));
}

#[test]
fn equal_audits_give_equal_bytes() {
    assert_eq!(audit_page(&report()), audit_page(&report()));
}

#[test]
fn a_thousand_structures_fit_into_three_megabytes() {
    let mut report = report();
    let twenty_sites = |a: f64| {
        let mut crystal = rutile("Ti", a);
        let sites = crystal.sites.clone();
        crystal.sites = sites.iter().cycle().take(20).cloned().collect();
        for (number, site) in crystal.sites.iter_mut().enumerate() {
            site.frac.iter_mut().for_each(|x| *x += 0.0123456 * number as f64);
        }
        crystal
    };
    let row = AuditRow {
        structure: Some(twenty_sites(4.6)),
        nearest_structure: Some(twenty_sites(4.7)),
        ..report.rows[0].clone()
    };
    report.rows = vec![row; 1000];
    let size = audit_page(&report).len();
    assert!(size < 3_000_000, "{size} bytes");
}

#[test]
fn the_table_has_a_line_for_each_structure() {
    let text = audit_csv(&report());
    insta::assert_snapshot!(text);
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let ids: Vec<String> = reader.records().map(|record| record.unwrap()[0].to_owned()).collect();
    assert_eq!(ids, [HOSTILE[0], HOSTILE[1], "p", HOSTILE[3], "broken"]);
}

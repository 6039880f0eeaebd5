//! From a file or a text to computed entries.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use flate2::read::MultiGzDecoder;

use super::document::{Node, Record};
use super::{ComputedEntry, EntryError, EntrySet};

/// Reads the computed entries of a JSON file (plain or gzip), in the order of the file.
///
/// # Errors
/// When the file is unreadable, is no JSON, contains no entries or an incomplete one.
pub fn read_entries(path: &Path) -> Result<Vec<ComputedEntry>, EntryError> {
    let unreadable = |source| EntryError::Unreadable { path: path.to_owned(), source };
    let mut bytes = Vec::new();
    File::open(path).and_then(|mut file| file.read_to_end(&mut bytes)).map_err(unreadable)?;
    if bytes.starts_with(&[0x1f, 0x8b]) {
        let mut plain = Vec::new();
        MultiGzDecoder::new(bytes.as_slice()).read_to_end(&mut plain).map_err(unreadable)?;
        bytes = plain;
    }
    parse_entries(&bytes, path)
}

/// Reads several files into one set; see [`EntrySet`] for what energies are counted from.
///
/// # Errors
/// As [`read_entries`], for the first file that fails.
pub fn read_entry_set<P: AsRef<Path>>(paths: &[P]) -> Result<EntrySet, EntryError> {
    let mut entries = Vec::new();
    for path in paths {
        entries.extend(read_entries(path.as_ref())?);
    }
    Ok(EntrySet::new(entries))
}

/// Reads computed entries from JSON text; `origin` is the file that error messages name.
///
/// # Errors
/// As [`read_entries`].
pub fn parse_entries(json: &[u8], origin: &Path) -> Result<Vec<ComputedEntry>, EntryError> {
    let document: Node = serde_json::from_slice(json)
        .map_err(|e| EntryError::Malformed { path: origin.to_owned(), reason: e.to_string() })?;
    let mut entries = Vec::new();
    collect(document, String::new(), origin, &mut entries)?;
    if entries.is_empty() {
        return Err(EntryError::NoEntries { path: origin.to_owned() });
    }
    Ok(entries)
}

/// Walks the document in its order; `place` is the way to `node`.
fn collect(
    node: Node,
    place: String,
    origin: &Path,
    entries: &mut Vec<ComputedEntry>,
) -> Result<(), EntryError> {
    match node {
        Node::Record(record) => entries.push(entry(*record, &place, origin)?),
        Node::List(nodes) => {
            // A list with an entry in it holds nothing else; other lists are other fields of a map.
            let of_entries = nodes.iter().any(|node| matches!(node, Node::Record(_)));
            for (index, node) in nodes.into_iter().enumerate() {
                let place = format!("{place}[{index}]");
                if let (true, Node::Other(kind)) = (of_entries, &node) {
                    let reason = format!("found {kind}, expected an object");
                    return Err(EntryError::BadEntry { path: origin.to_owned(), place, reason });
                }
                collect(node, place, origin, entries)?;
            }
        }
        Node::Map(nodes) => {
            for (key, node) in nodes {
                let place = if place.is_empty() { key } else { format!("{place}.{key}") };
                collect(node, place, origin, entries)?;
            }
        }
        Node::Other(_) => {}
    }
    Ok(())
}

fn entry(record: Record, place: &str, origin: &Path) -> Result<ComputedEntry, EntryError> {
    let bad = |reason: &str| EntryError::BadEntry {
        path: origin.to_owned(),
        place: match &record.id {
            Some(id) if place.is_empty() => id.clone(),
            Some(id) => format!("{place} ({id})"),
            None => place.to_owned(),
        },
        reason: reason.to_owned(),
    };
    let composition = record
        .composition
        .as_ref()
        .ok_or_else(|| bad("'composition' is missing, expected a map or formula"))?;
    if composition.element_count() == 0 {
        return Err(bad("'composition' is empty, expected at least one element"));
    }
    let energy = record.energy.ok_or_else(|| bad("'energy' is missing, expected eV per cell"))?;
    let correction = match (record.correction, &record.adjustments) {
        (Some(correction), _) => correction,
        (None, None) => 0.0,
        (None, Some(adjustments)) => {
            adjustments.iter().map(|adjustment| adjustment.energy()).sum::<Option<f64>>().ok_or_else(
                || bad("'energy_adjustments' has one of unknown form and 'correction' is missing"),
            )?
        }
    };
    Ok(ComputedEntry {
        id: record.id.clone().unwrap_or_else(|| place.to_owned()),
        composition: composition.clone(),
        energy: energy + correction,
        correction,
        e_above_hull: record.e_above_hull,
        e_form_per_atom: record.e_form_per_atom,
    })
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::super::EnergyBasis;
    use super::*;

    fn parse(json: &str) -> Result<Vec<ComputedEntry>, String> {
        parse_entries(json.as_bytes(), Path::new("x.json")).map_err(|e| e.to_string())
    }

    #[test]
    fn pymatgen_entries_in_all_containers() {
        // Shape of `ComputedEntry.as_dict()` of pymatgen 2026.10; figures of mp-1265 (MgO) rounded.
        let entry = r#"{"@module": "pymatgen.entries.computed_entries", "@class": "ComputedEntry",
            "energy": -11.9, "composition": {"Mg": 1.0, "O": 1.0}, "entry_id": "mp-1265", "correction": -0.687,
            "energy_adjustments": [], "parameters": {"run_type": "GGA"}, "data": {"energy": "ignored"}}"#;
        let documents = [
            entry.to_owned(),
            format!("[{entry}]"),
            format!(r#"{{"MgO": {entry}}}"#),
            format!(r#"{{"@class": "PhaseDiagram", "elements": ["Mg", "O"], "all_entries": [{entry}]}}"#),
            format!(r#"{{"material_id": {{"0": "mp-1265"}}, "entry": {{"0": {entry}}}}}"#),
        ];
        for document in documents {
            let entries = parse(&document).unwrap();
            assert_eq!(entries.len(), 1, "{document}");
            assert_eq!(entries[0].id, "mp-1265");
            assert_eq!(entries[0].composition.reduced_formula(), "MgO");
            assert!((entries[0].energy - -12.587).abs() < 1e-12);
            assert!((entries[0].energy_per_atom() - -6.2935).abs() < 1e-12);
        }
    }

    #[test]
    fn corrections_are_summed_from_adjustments_when_the_total_is_missing() {
        let entries = parse(
            r#"[{"composition": {"Fe3+": 2, "O2-": 3}, "energy": -30, "energy_adjustments": [
                {"value": -0.5}, {"adj_per_atom": -0.687, "n_atoms": 3.0},
                {"adj_per_deg": 1e-4, "temp": 300.0, "n_atoms": 5}]}]"#,
        )
        .unwrap();
        assert_eq!(entries[0].id, "[0]");
        assert_eq!(entries[0].composition.reduced_formula(), "Fe2O3");
        assert!((entries[0].correction - (-0.5 - 2.061 + 0.15)).abs() < 1e-12);
    }

    #[test]
    fn exchanged_files_are_read() {
        let Some(folder) = shared_data() else { return };
        let elements = read_entries(&folder.join("hulls/mp-elemental-reference-entries.json.gz")).unwrap();
        assert_eq!(elements.len(), 89);
        let total = read_entry_set(&[folder.join("hulls/Li-Fe-P-O.json.gz")]).unwrap();
        assert_eq!((total.entries.len(), total.basis), (973, EnergyBasis::Total));
        let formation = read_entry_set(&[folder.join("hulls/Li-Co-O.json.gz")]).unwrap();
        assert_eq!((formation.entries.len(), formation.basis), (413 + 3, EnergyBasis::Formation));
    }

    fn shared_data() -> Option<PathBuf> {
        let folder = std::env::var_os("DRUSE_SHARED_DATA")
            .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data"), PathBuf::from);
        let found = folder.is_dir();
        if !found {
            println!("skipped: no shared data");
        }
        found.then_some(folder)
    }

    #[test]
    fn bad_documents_are_refused_with_the_place() {
        for (json, expected) in [
            ("[", "line 1 column 1"),
            ("[]", "no computed entries"),
            ("{\"a\": 1}", "no computed entries"),
            (r#"{"Li": {"energy": -1.9}}"#, "entry Li: 'composition' is missing"),
            (r#"[{"composition": {"Li": 1}, "entry_id": "a-1"}]"#, "entry [0] (a-1): 'energy' is missing"),
            (r#"[{"composition": {}, "energy": -1}]"#, "'composition' is empty"),
            (r#"[{"composition": {"Li": -1}, "energy": -1}]"#, "amount of Li is -1"),
            (r#"[{"composition": {"Qq": 1}, "energy": -1}]"#, "unknown element 'Qq'"),
            (r#"[{"composition": "LiO", "energy": "low"}]"#, "expected f64 at line 1"),
            (r#"[{"composition": "LiO", "energy": NaN}]"#, "line 1 column"),
            (r#"[{"composition": "LiO", "energy": -1}, 7]"#, "entry [1]: found a number"),
            (
                r#"[{"composition": "LiO", "energy": -1, "energy_adjustments": [{"name": "x"}]}]"#,
                "'energy_adjustments' has one of unknown form",
            ),
        ] {
            let message = parse(json).unwrap_err();
            assert!(message.starts_with("x.json: ") && message.contains(expected), "{json}: {message}");
        }
        assert!(read_entries(Path::new("absent.json")).unwrap_err().to_string().contains("absent.json"));
    }
}

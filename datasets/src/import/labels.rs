//! Labels from a table: columns of a CSV file joined to structures by id.

use std::collections::BTreeMap;
use std::path::Path;

use druse_representations::io::Record;
use serde_json::{Map, Value};

use super::{ImportError, open_text};

/// What a join did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JoinReport {
    /// Structures that got labels.
    pub joined: usize,
    /// Structures without a row.
    pub without_row: usize,
    /// Rows without a structure.
    pub unused_rows: usize,
    /// For each column the number of structures that got a value.
    pub filled: BTreeMap<String, usize>,
}

/// Adds the columns of a CSV file (plain or gzip-compressed, with a column `id`) to the properties
/// of the structures with the same id. Numbers become numbers, other texts stay texts, empty cells
/// add nothing; an existing property of the same name is replaced.
///
/// # Errors
/// When the file cannot be read, has no column `id`, an id twice, or rows of unequal length.
pub fn join_labels(records: &mut [Record], path: &Path) -> Result<JoinReport, ImportError> {
    join_columns(
        records.iter_mut().map(|record| (record.id.as_str(), &mut record.properties)).collect(),
        path,
    )
}

/// The same for whatever has an id and properties.
///
/// # Errors
/// As [`join_labels`].
pub fn join_columns(
    mut records: Vec<(&str, &mut Map<String, Value>)>,
    path: &Path,
) -> Result<JoinReport, ImportError> {
    let text = open_text(path).map_err(ImportError::file("read", path))?;
    let bad = |reason: String| ImportError::Content { path: path.to_owned(), reason };
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text);
    let header = reader.headers().map_err(|e| bad(e.to_string()))?.clone();
    let Some(id_column) = header.iter().position(|name| name == "id") else {
        let found: Vec<&str> = header.iter().collect();
        return Err(bad(format!("line 1: columns {}, expected one named 'id'", found.join(", "))));
    };
    let places: BTreeMap<String, usize> =
        records.iter().enumerate().map(|(place, (id, _))| ((*id).to_owned(), place)).collect();
    let mut report = JoinReport::default();
    let mut done = vec![false; records.len()];
    for row in reader.into_records() {
        let row = row.map_err(|e| bad(e.to_string()))?;
        let Some(&place) = places.get(&row[id_column]) else {
            report.unused_rows += 1;
            continue;
        };
        if std::mem::replace(&mut done[place], true) {
            let line = row.position().map_or(0, csv::Position::line);
            return Err(bad(format!(
                "line {line}: id '{}' came before, expected each id once",
                &row[id_column]
            )));
        }
        for (name, cell) in header.iter().zip(&row).filter(|&(name, cell)| name != "id" && !cell.is_empty()) {
            let number = cell.parse::<f64>().ok().and_then(serde_json::Number::from_f64);
            let value = number.map_or_else(|| Value::from(cell), Value::from);
            records[place].1.insert(name.to_owned(), value);
            *report.filled.entry(name.to_owned()).or_default() += 1;
        }
    }
    report.joined = done.iter().filter(|&&done| done).count();
    report.without_row = done.len() - report.joined;
    Ok(report)
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::super::Imported;
    use super::super::tests::LINES;
    use super::*;

    fn join(table: &[u8]) -> Result<(Vec<Record>, JoinReport), ImportError> {
        let folder = tempfile::tempdir().unwrap();
        let (structures, labels) = (folder.path().join("s.jsonl"), folder.path().join("labels.csv.gz"));
        std::fs::write(&structures, LINES).unwrap();
        std::fs::write(&labels, table).unwrap();
        let mut records = Imported::read(&structures, "", "", "").unwrap().records;
        let report = join_labels(&mut records, &labels)?;
        Ok((records, report))
    }

    #[test]
    fn columns_become_properties() {
        let table = "nsites,id,gap,split\n2,csau,2.6,test\n9,other,1,\n1,po,,train\n";
        let mut packed = Vec::new();
        flate2::read::GzEncoder::new(table.as_bytes(), flate2::Compression::fast())
            .read_to_end(&mut packed)
            .unwrap();
        for bytes in [table.as_bytes(), &packed] {
            let (records, report) = join(bytes).unwrap();
            assert_eq!((report.joined, report.without_row, report.unused_rows), (2, 0, 1));
            assert_eq!(
                report.filled,
                BTreeMap::from([("gap".into(), 1), ("nsites".into(), 2), ("split".into(), 2)])
            );
            assert_eq!(records[1].properties["gap"], 2.6);
            assert_eq!(records[0].properties["gap"], 0.5); // an empty cell leaves what was there
            assert_eq!(records[0].properties["split"], "train");
        }
    }

    #[test]
    fn wrong_tables_are_refused() {
        let message = |table: &str| join(table.as_bytes()).unwrap_err().to_string();
        assert!(message("name,gap\npo,1\n").contains("columns name, gap, expected one named 'id'"));
        assert!(message("id,gap\npo,1\npo,2\n").contains("line 3: id 'po' came before"));
        assert!(message("id,gap\npo\n").contains("labels.csv.gz"));
    }
}

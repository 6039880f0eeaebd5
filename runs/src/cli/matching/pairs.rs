//! Tables of pairs.

use std::fs::File;
use std::path::Path;

use crate::cli::failure::Failure;

/// The pairs of a CSV file by its columns `id1` and `id2`.
pub(super) fn read(path: &Path) -> Result<Vec<(String, String)>, Failure> {
    let bad = |reason: String| Failure::input(format!("{}: {reason}", path.display()));
    let file = File::open(path)
        .map_err(|error| Failure::input(format!("cannot read '{}': {error}", path.display())))?;
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(file);
    let header = reader.headers().map_err(|error| bad(error.to_string()))?.clone();
    let column = |wanted: &str| {
        header.iter().position(|name| name == wanted).ok_or_else(|| {
            let found: Vec<&str> = header.iter().collect();
            bad(format!("line 1: found the columns {}, expected id1 and id2 among them", found.join(", ")))
        })
    };
    let (first, second) = (column("id1")?, column("id2")?);
    let mut pairs = Vec::new();
    for row in reader.into_records() {
        let row = row.map_err(|error| bad(error.to_string()))?;
        pairs.push((row[first].to_owned(), row[second].to_owned()));
    }
    if pairs.is_empty() {
        return Err(bad("found no pair, expected one or more".to_owned()));
    }
    Ok(pairs)
}

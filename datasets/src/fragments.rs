//! How often circular fragments occur in ligands that chemists have made.
//!
//! The format is gzip-compressed text:
//!
//! ```text
//! # druse ligand fragments 1
//! # fingerprint: 1
//! # source: MetaLig 1.1.0 (dartassembler 1.1.1), file sha256 ...
//! # licence: MIT, cite ...
//! # ligands: 41018
//! # fragments: 18000000
//! # common: 90
//! fragment,count
//! 000024f1,57
//! ```
//!
//! `fragment` is a number of [`Fingerprint::of_molecule`] in hexadecimal, ascending; `count` is how
//! often it occurs in crystal structures: its count in each ligand times the occurrences of the
//! ligand. `fragments` is the sum of all counts and `common` the smallest number of different
//! fragments that make up 80 % of it; both include the rare fragments that are left out of the rows.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::path::Path;
use std::sync::LazyLock;

use druse_representations::Ligand;
use druse_representations::io::write_atomically;
use druse_representations::ligand::{FINGERPRINT_VERSION, Fingerprint};
use flate2::read::MultiGzDecoder;
use flate2::{Compression, GzBuilder};

/// First line of every file.
const MAGIC: &str = "# druse ligand fragments 1";
/// Line above the rows.
const COLUMNS: &str = "fragment,count";
/// Share of all fragments that the common ones make up.
const COMMON_SHARE: f64 = 0.8;
/// Fragments seen less often are not written.
const KEPT: u64 = 3;

/// Counts of fragments in a set of ligands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FragmentTable {
    source: String,
    licence: String,
    ligands: u64,
    fragments: u64,
    common: u64,
    /// By ascending fragment.
    counts: Vec<(u32, u64)>,
}

/// Why a table of fragments cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FragmentTableError {
    /// The file system said no.
    #[error("cannot write {path}: {source}")]
    File {
        /// File.
        path: String,
        /// Cause.
        source: std::io::Error,
    },
    /// The content is not what is expected.
    #[error("{origin}, line {line}: found {found}, expected {expected}")]
    Content {
        /// File or other origin.
        origin: String,
        /// Line of the decompressed text, from 1.
        line: usize,
        /// What is there.
        found: String,
        /// What should be there.
        expected: String,
    },
}

static SHIPPED: LazyLock<FragmentTable> = LazyLock::new(|| {
    // The file is part of the program and a test reads it, so failing here is a bug.
    FragmentTable::from_bytes(
        include_bytes!("../data/ligand_fragments.csv.gz"),
        "data/ligand_fragments.csv.gz",
    )
    .expect("data/ligand_fragments.csv.gz is well formed")
});

impl FragmentTable {
    /// The table that comes with druse: fragments of the MetaLig ligands.
    pub fn shipped() -> &'static Self {
        &SHIPPED
    }

    /// Counts the fragments of ligands, each with its occurrences. `source` and `licence` say where
    /// the ligands come from.
    pub fn count<'a>(
        source: impl Into<String>,
        licence: impl Into<String>,
        ligands: impl IntoIterator<Item = (&'a Ligand, u64)>,
    ) -> Self {
        let mut number = 0;
        let mut all: BTreeMap<u32, u64> = BTreeMap::new();
        for (ligand, occurrences) in ligands {
            number += 1;
            for &(fragment, count) in Fingerprint::of_molecule(ligand).counts() {
                *all.entry(fragment).or_default() += u64::from(count) * occurrences;
            }
        }
        let fragments: u64 = all.values().sum();
        let mut descending: Vec<u64> = all.values().copied().collect();
        descending.sort_unstable_by(|a, b| b.cmp(a));
        let mut covered = 0;
        let reaches = |&count: &u64| {
            covered += count;
            covered as f64 >= COMMON_SHARE * fragments as f64
        };
        let common = descending.iter().position(reaches).map_or(0, |place| place as u64 + 1);
        let counts = all.into_iter().filter(|&(_, count)| count >= KEPT).collect();
        Self { source: source.into(), licence: licence.into(), ligands: number, fragments, common, counts }
    }

    /// Times that a fragment was seen; `None` for rare and unseen ones.
    pub fn get(&self, fragment: u32) -> Option<u64> {
        let place = self.counts.binary_search_by_key(&fragment, |&(known, _)| known).ok()?;
        Some(self.counts[place].1)
    }

    /// Smallest number of different fragments that make up 80 % of all fragments.
    pub fn common(&self) -> u64 {
        self.common
    }

    /// Number of fragments with a row.
    pub fn len(&self) -> usize {
        self.counts.len()
    }

    /// Whether no fragment has a row.
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    /// Number of ligands that were counted.
    pub fn ligands(&self) -> u64 {
        self.ligands
    }

    /// Where the ligands come from.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The content of the file, before compression.
    fn text(&self) -> String {
        let line = |text: &str| text.replace(['\n', '\r'], " ").trim().to_owned();
        let mut text = format!(
            "{MAGIC}\n# fingerprint: {FINGERPRINT_VERSION}\n# source: {}\n# licence: {}\n# ligands: {}\n\
             # fragments: {}\n# common: {}\n{COLUMNS}\n",
            line(&self.source),
            line(&self.licence),
            self.ligands,
            self.fragments,
            self.common
        );
        for (fragment, count) in &self.counts {
            text += &format!("{fragment:08x},{count}\n");
        }
        text
    }

    /// Writes the table; the same table gives the same bytes.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), FragmentTableError> {
        let write = || -> std::io::Result<()> {
            // No time and no file name in the header: equal tables are equal files.
            let mut encoder = GzBuilder::new().mtime(0).write(Vec::new(), Compression::best());
            encoder.write_all(self.text().as_bytes())?;
            write_atomically(path, &encoder.finish()?)
        };
        write().map_err(|source| FragmentTableError::File { path: path.display().to_string(), source })
    }

    /// Reads a table from the bytes of a file; `origin` names it in errors.
    ///
    /// # Errors
    /// Names the origin, the line, what was found and what was expected.
    pub fn from_bytes(bytes: &[u8], origin: &str) -> Result<Self, FragmentTableError> {
        let wrong = |line: usize, found: String, expected: &str| FragmentTableError::Content {
            origin: origin.to_owned(),
            line,
            found,
            expected: expected.to_owned(),
        };
        let mut text = String::new();
        MultiGzDecoder::new(bytes)
            .read_to_string(&mut text)
            .map_err(|error| wrong(1, error.to_string(), "gzip-compressed UTF-8 text"))?;
        let mut lines = text.lines().zip(1..);
        let mut next = |expected: &str| {
            let (line, number) = lines.next().ok_or_else(|| wrong(0, "the end".to_owned(), expected))?;
            let rest = line.strip_prefix(expected);
            rest.map(|rest| (rest, number)).ok_or_else(|| wrong(number, format!("'{line}'"), expected))
        };
        next(MAGIC)?;
        let (version, line) = next("# fingerprint: ")?;
        if version != FINGERPRINT_VERSION.to_string() {
            let expected = format!("fingerprint {FINGERPRINT_VERSION}");
            return Err(wrong(line, format!("fingerprint {version}"), &expected));
        }
        let source = next("# source: ")?.0.to_owned();
        let licence = next("# licence: ")?.0.to_owned();
        let mut number = |name: &str| {
            let (value, line) = next(name)?;
            value.parse::<u64>().map_err(|_| wrong(line, format!("'{value}'"), "a count"))
        };
        let (ligands, fragments, common) =
            (number("# ligands: ")?, number("# fragments: ")?, number("# common: ")?);
        if common == 0 {
            return Err(wrong(7, "no common fragments".to_owned(), "at least one"));
        }
        next(COLUMNS)?;
        let mut counts: Vec<(u32, u64)> = Vec::new();
        for (row, line) in lines {
            let parsed = row.split_once(',').and_then(|(fragment, count)| {
                Some((u32::from_str_radix(fragment, 16).ok()?, count.parse().ok()?))
            });
            let expected = "an ascending hexadecimal fragment, a comma and a count above 0";
            match parsed {
                Some((fragment, count))
                    if count > 0 && counts.last().is_none_or(|&(last, _)| last < fragment) =>
                {
                    counts.push((fragment, count));
                }
                _ => return Err(wrong(line, format!("'{row}'"), expected)),
            }
        }
        Ok(Self { source, licence, ligands, fragments, common, counts })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ligands::LigandLibrary;

    fn chain(length: usize) -> Ligand {
        let atoms = vec![r#"["N",0]"#; length].join(",");
        let bonds: Vec<String> = (1..length).map(|i| format!("[{},{i},1]", i - 1)).collect();
        let text = format!(r#"{{"atoms":[{atoms}],"bonds":[{}],"donors":[[0]]}}"#, bonds.join(","));
        serde_json::from_str(&text).unwrap()
    }

    fn compressed(text: &str) -> Vec<u8> {
        let mut encoder = GzBuilder::new().write(Vec::new(), Compression::fast());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn counts_by_hand() {
        // N: one fragment. N-N: two atoms alike and their bond.
        let table = FragmentTable::count("two", "none", [(&chain(1), 5), (&chain(2), 10)]);
        assert_eq!((table.ligands(), table.fragments, table.len()), (2, 5 + 20 + 10, 3));
        // 20 + 10 of 35 are more than 80 %.
        assert_eq!(table.common(), 2);
        let single = Fingerprint::of_molecule(&chain(1)).counts()[0].0;
        assert_eq!(table.get(single), Some(5));
        // What was seen once is left out.
        let rare = FragmentTable::count("one", "none", [(&chain(1), 1)]);
        assert_eq!((rare.len(), rare.get(single)), (0, None));
    }

    #[test]
    fn files_read_back_and_mistakes_are_named() {
        let table = FragmentTable::count("some\nligands", "MIT", [(&chain(3), 4)]);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("table.csv.gz");
        table.write(&path).unwrap();
        let read = FragmentTable::from_bytes(&std::fs::read(&path).unwrap(), "table").unwrap();
        assert_eq!(read.text(), table.text());
        let error = |text: &str| FragmentTable::from_bytes(&compressed(text), "t").unwrap_err().to_string();
        let good = table.text();
        assert!(error("").contains("found the end, expected # druse ligand fragments 1"));
        assert!(
            error(&good.replace("fingerprint: 1", "fingerprint: 0"))
                .contains("t, line 2: found fingerprint 0")
        );
        assert!(
            error(&good.replace("ligands: 1", "ligands: x")).contains("line 5: found 'x', expected a count")
        );
        assert!(error(&format!("{good}00000000,1\n")).contains("expected an ascending"));
        assert!(FragmentTable::from_bytes(b"no gzip", "t").is_err());
    }

    #[test]
    fn the_shipped_table_is_of_the_library() {
        let shipped = FragmentTable::shipped();
        assert!(shipped.len() > 10_000 && shipped.common() > 50);
        let Ok(library) = LigandLibrary::find() else {
            println!("skipped: no library of ligands");
            return;
        };
        assert_eq!(shipped.ligands(), library.len() as u64);
        for index in (0..library.len()).step_by(499) {
            let occurrences = u64::from(library.record(index).unwrap().occurrences());
            for &(fragment, count) in Fingerprint::of_molecule(&library.ligand(index).unwrap()).counts() {
                let least = u64::from(count) * occurrences;
                assert!(shipped.get(fragment).unwrap_or(KEPT - 1) >= least, "ligand {index}");
            }
        }
    }
}

//! Writing a table of reference energies in a computation that may be stopped at any moment.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};

use druse_representations::Composition;
use druse_representations::io::write_atomically;
use flate2::{Compression, GzBuilder};

use super::{COLUMNS, ReferenceError, ReferenceHeader, ReferenceRow, ReferenceTable};

/// Rows appended between two calls of fsync.
const ROWS_PER_SYNC: usize = 64;

/// A row as held until the table is finished.
#[derive(Clone, Debug)]
struct Row {
    formula: String,
    space_group: Option<u8>,
    atoms: u32,
    energy_per_atom: f64,
}

/// Collects reference energies in an append-only checkpoint and writes the table at the end.
///
/// The checkpoint is plain text, one line a structure. A line that was cut off by a crash is
/// dropped on opening, so after a restart the caller skips what [`contains`](Self::contains) knows
/// and computes the rest. Structures that failed are remembered with their reason and do not enter
/// the table.
///
/// ```
/// use druse_datasets::reference::{ReferenceHeader, ReferenceRow, ReferenceWriter};
///
/// let folder = tempfile::tempdir()?;
/// let header = ReferenceHeader { model: "CHGNet 0.3.0".into(), ..Default::default() };
/// let mut writer = ReferenceWriter::open(&folder.path().join("checkpoint.csv"), &header)?;
/// if !writer.contains("mp-22862") {
///     let row = ReferenceRow {
///         id: "mp-22862", formula: "NaCl", space_group: Some(225), atoms: 2, energy_per_atom: -3.40116,
///     };
///     writer.append(&row)?;
/// }
/// let table = writer.finish(&folder.path().join("reference.csv.gz"))?;
/// assert_eq!(table.len(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct ReferenceWriter {
    path: PathBuf,
    file: File,
    header: ReferenceHeader,
    /// Rows by id; `Err` holds the reason of a failure.
    rows: BTreeMap<String, Result<Row, String>>,
    unsynced: usize,
}

impl ReferenceWriter {
    /// Opens or creates a checkpoint.
    ///
    /// # Errors
    /// When the file cannot be read or written, holds something else, or was begun with another
    /// model, hash, protocol or source.
    pub fn open(path: &Path, header: &ReferenceHeader) -> Result<Self, ReferenceError> {
        let fail = |action| move |source| ReferenceError::File { action, path: path.to_owned(), source };
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .map_err(fail("open"))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(fail("read"))?;
        // A crash can leave a cut last line, nothing else: drop it.
        let whole = bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |last| last + 1);
        let text = std::str::from_utf8(&bytes[..whole]).map_err(|e| ReferenceError::Content {
            origin: path.display().to_string(),
            line: 1,
            found: e.to_string(),
            expected: "UTF-8 text".to_owned(),
        })?;
        let head = format!("{}{COLUMNS},reason\n", header.text());
        let mut writer =
            Self { path: path.to_owned(), file, header: header.clone(), rows: BTreeMap::new(), unsynced: 0 };
        let lines_of_head = head.lines().count();
        if text.lines().count() < lines_of_head {
            if !head.as_bytes().starts_with(&bytes[..bytes.len().min(head.len())]) {
                writer.compare_header(text)?;
            }
            writer.cut(0)?;
            writer.file.write_all(head.as_bytes()).map_err(fail("write"))?;
            writer.sync()?;
        } else {
            writer.compare_header(text)?;
            for (index, line) in text.lines().enumerate().skip(lines_of_head) {
                writer.read_line(line, index + 1)?;
            }
            writer.cut(whole as u64)?;
        }
        Ok(writer)
    }

    /// Shortens the file to `length` bytes and goes to its end.
    fn cut(&mut self, length: u64) -> Result<(), ReferenceError> {
        let cut = self.file.set_len(length).and_then(|()| self.file.seek(std::io::SeekFrom::End(0)));
        cut.map(|_| ()).map_err(|source| self.error("write", source))
    }

    fn error(&self, action: &'static str, source: std::io::Error) -> ReferenceError {
        ReferenceError::File { action, path: self.path.clone(), source }
    }

    /// Compares the checkpoint's header with the wanted one; the date may differ and stays the
    /// earlier one.
    fn compare_header(&mut self, text: &str) -> Result<(), ReferenceError> {
        let wanted_text = format!("{}{COLUMNS},reason\n", self.header.text());
        for (index, wanted) in wanted_text.lines().enumerate() {
            let found = text.lines().nth(index).unwrap_or_default();
            let key_value = |line: &str| -> Option<(String, String)> {
                let (key, value) = line.strip_prefix("# ")?.split_once(':')?;
                Some((key.to_owned(), value.trim().to_owned()))
            };
            if found == wanted {
                continue;
            }
            let fields = self.header.fields();
            let field = key_value(found).and_then(|(key, value)| {
                let &(name, wanted) = fields.iter().find(|(name, _)| *name == key)?;
                Some((name, value, wanted.to_owned()))
            });
            match field {
                Some(("date", value, _)) => self.header.date = value,
                Some((key, found, expected)) => {
                    return Err(ReferenceError::OtherHeader {
                        path: self.path.clone(),
                        key,
                        found,
                        expected,
                    });
                }
                None => return Err(self.content(index + 1, found, wanted)),
            }
        }
        Ok(())
    }

    fn content(&self, line: usize, found: &str, expected: &str) -> ReferenceError {
        ReferenceError::Content {
            origin: self.path.display().to_string(),
            line,
            found: format!("'{found}'"),
            expected: format!("'{expected}'"),
        }
    }

    fn read_line(&mut self, line: &str, number: usize) -> Result<(), ReferenceError> {
        let cells: Vec<&str> = line.splitn(6, ',').collect();
        let entry = match cells[..] {
            [id, "", "", "", "", reason] => Some((id, Err(reason.to_owned()))),
            [id, formula, space_group, atoms, energy, ""] => {
                let space_group =
                    if space_group.is_empty() { Some(None) } else { space_group.parse().ok().map(Some) };
                match (space_group, atoms.parse(), energy.parse()) {
                    (Some(space_group), Ok(atoms), Ok(energy_per_atom)) => {
                        let row = Row { formula: formula.to_owned(), space_group, atoms, energy_per_atom };
                        Some((id, Ok(row)))
                    }
                    _ => None,
                }
            }
            _ => None,
        };
        let (id, row) = entry.ok_or_else(|| self.content(number, line, &format!("{COLUMNS},reason")))?;
        self.rows.insert(id.to_owned(), row);
        Ok(())
    }

    /// Whether this id is done, with an energy or with a failure.
    pub fn contains(&self, id: &str) -> bool {
        self.rows.contains_key(id)
    }

    /// Number of rows with an energy.
    pub fn len(&self) -> usize {
        self.rows.values().filter(|row| row.is_ok()).count()
    }

    /// Whether there is no row with an energy.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Ids that failed, with reasons.
    pub fn failures(&self) -> impl Iterator<Item = (&str, &str)> {
        self.rows.iter().filter_map(|(id, row)| Some((id.as_str(), row.as_ref().err()?.as_str())))
    }

    /// Appends a row.
    ///
    /// # Errors
    /// When the row has an id that is there already or that contains a comma or line end, a formula
    /// that is not its own reduced formula, no atoms or no finite energy; when writing fails.
    pub fn append(&mut self, row: &ReferenceRow) -> Result<(), ReferenceError> {
        let bad = |reason: String| ReferenceError::BadRow { id: row.id.to_owned(), reason };
        let reduced = row.formula.parse::<Composition>().map(|composition| composition.reduced_formula());
        match reduced {
            Ok(reduced) if reduced == row.formula => {}
            Ok(reduced) => {
                return Err(bad(format!(
                    "formula '{}', expected the reduced formula '{reduced}'",
                    row.formula
                )));
            }
            Err(e) => return Err(bad(e.to_string())),
        }
        if row.atoms == 0 || !row.energy_per_atom.is_finite() {
            let found = format!("{} atoms and {} eV/atom", row.atoms, row.energy_per_atom);
            return Err(bad(format!("{found}, expected atoms and a finite energy")));
        }
        if row.space_group.is_some_and(|number| !(1..=230).contains(&number)) {
            return Err(bad(format!("space group {:?}, expected 1 to 230", row.space_group)));
        }
        let space_group = row.space_group.map(|number| number.to_string()).unwrap_or_default();
        let line =
            format!("{},{},{space_group},{},{},\n", row.id, row.formula, row.atoms, row.energy_per_atom);
        let kept = Row {
            formula: row.formula.to_owned(),
            space_group: row.space_group,
            atoms: row.atoms,
            energy_per_atom: row.energy_per_atom,
        };
        self.write_line(row.id, Ok(kept), &line)
    }

    /// Records that there is no energy for a structure, and why.
    ///
    /// # Errors
    /// As for [`append`](Self::append).
    pub fn append_failure(&mut self, id: &str, reason: &str) -> Result<(), ReferenceError> {
        let reason = reason.replace(['\n', '\r'], " ");
        let reason = if reason.is_empty() { "no reason given".to_owned() } else { reason };
        let line = format!("{id},,,,,{reason}\n");
        self.write_line(id, Err(reason), &line)
    }

    fn write_line(&mut self, id: &str, row: Result<Row, String>, line: &str) -> Result<(), ReferenceError> {
        let bad = |reason: &str| ReferenceError::BadRow { id: id.to_owned(), reason: reason.to_owned() };
        if id.is_empty() || id.contains([',', '\n', '\r']) {
            return Err(bad("expected an id without comma and line end"));
        }
        if self.contains(id) {
            return Err(bad("this id is there already"));
        }
        self.file.write_all(line.as_bytes()).map_err(|source| self.error("write", source))?;
        self.rows.insert(id.to_owned(), row);
        self.unsynced += 1;
        if self.unsynced >= ROWS_PER_SYNC {
            self.sync()?;
        }
        Ok(())
    }

    /// Makes everything appended so far durable; done by itself every 64 rows.
    ///
    /// # Errors
    /// When the file system fails.
    pub fn sync(&mut self) -> Result<(), ReferenceError> {
        self.unsynced = 0;
        self.file.sync_data().map_err(|source| self.error("write", source))
    }

    /// Sorts the rows, writes the table to `to` (atomically: either the whole file or none) and
    /// reads it back. The checkpoint stays.
    ///
    /// # Errors
    /// When writing fails.
    pub fn finish(mut self, to: &Path) -> Result<ReferenceTable, ReferenceError> {
        self.sync()?;
        let mut rows: Vec<(&String, &Row)> =
            self.rows.iter().filter_map(|(id, row)| Some((id, row.as_ref().ok()?))).collect();
        rows.sort_by(|(id, x), (other, y)| {
            (&x.formula, x.space_group)
                .cmp(&(&y.formula, y.space_group))
                .then(x.energy_per_atom.total_cmp(&y.energy_per_atom))
                .then(id.cmp(other))
        });
        let mut text = self.header.text();
        text.push_str(&format!("# count: {}\n{COLUMNS}\n", rows.len()));
        for (id, row) in rows {
            let space_group = row.space_group.map(|number| number.to_string()).unwrap_or_default();
            text.push_str(&format!(
                "{id},{},{space_group},{},{:.5}\n",
                row.formula, row.atoms, row.energy_per_atom
            ));
        }
        let write = || -> std::io::Result<()> {
            // No time and no file name in the header: equal tables are equal files.
            let mut encoder = GzBuilder::new().mtime(0).write(Vec::new(), Compression::best());
            encoder.write_all(text.as_bytes())?;
            write_atomically(to, &encoder.finish()?)
        };
        write().map_err(|source| ReferenceError::File { action: "write", path: to.to_owned(), source })?;
        ReferenceTable::read(to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header() -> ReferenceHeader {
        ReferenceHeader {
            model: "test".into(),
            model_hash: "abc".into(),
            date: "2026-11-22".into(),
            ..Default::default()
        }
    }

    fn row<'a>(id: &'a str, formula: &'a str, energy_per_atom: f64) -> ReferenceRow<'a> {
        ReferenceRow { id, formula, space_group: Some(225), atoms: 2, energy_per_atom }
    }

    fn rows() -> Vec<ReferenceRow<'static>> {
        vec![
            row("b", "NaCl", -3.0),
            row("a", "MgO", -5.987654321),
            row("c", "NaCl", -3.5),
            row("d", "Fe", 0.0),
        ]
    }

    #[test]
    fn a_cut_checkpoint_continues_to_the_same_table() {
        let folder = tempfile::tempdir().unwrap();
        let (checkpoint, table) = (folder.path().join("c.csv"), folder.path().join("t.csv.gz"));
        let mut writer = ReferenceWriter::open(&checkpoint, &header()).unwrap();
        writer.append_failure("broken", "no volume,\nreally").unwrap();
        for row in rows() {
            writer.append(&row).unwrap();
        }
        let whole = writer.finish(&table).unwrap();
        let ids: Vec<&str> = whole.rows().map(|row| row.id).collect();
        assert_eq!(ids, ["d", "a", "c", "b"]);
        assert_eq!(whole.rows().nth(1).unwrap().energy_per_atom, -5.98765);
        let (file, bytes) = (std::fs::read(&checkpoint).unwrap(), std::fs::read(&table).unwrap());
        for length in (0..file.len()).step_by(5) {
            std::fs::write(&checkpoint, &file[..length]).unwrap();
            let mut writer = ReferenceWriter::open(&checkpoint, &header()).unwrap();
            if !writer.contains("broken") {
                writer.append_failure("broken", "no volume,\nreally").unwrap();
            }
            assert_eq!(writer.failures().collect::<Vec<_>>(), [("broken", "no volume, really")]);
            for row in rows() {
                if !writer.contains(row.id) {
                    writer.append(&row).unwrap();
                }
            }
            writer.finish(&table).unwrap();
            assert_eq!(std::fs::read(&checkpoint).unwrap(), file, "cut at {length}");
            assert_eq!(std::fs::read(&table).unwrap(), bytes, "cut at {length}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_device_is_written_to_and_not_replaced() {
        if !Path::new("/dev/full").exists() {
            println!("skipped: no /dev/full");
            return;
        }
        // Through a link, so that a failure of this test cannot harm the device.
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("full");
        std::os::unix::fs::symlink("/dev/full", &link).unwrap();
        let mut writer = ReferenceWriter::open(&folder.path().join("c.csv"), &header()).unwrap();
        writer.append(&row("a", "MgO", -6.0)).unwrap();
        let error = writer.finish(&link).unwrap_err().to_string();
        assert!(error.contains("No space left"), "{error}");
        assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
    }

    #[test]
    fn other_models_do_not_mix() {
        let folder = tempfile::tempdir().unwrap();
        let checkpoint = folder.path().join("c.csv");
        ReferenceWriter::open(&checkpoint, &header()).unwrap().append(&rows()[0]).unwrap();
        let later = ReferenceHeader { date: "2027-01-01".into(), ..header() };
        assert!(ReferenceWriter::open(&checkpoint, &later).unwrap().contains("b"));
        let other = ReferenceHeader { model_hash: "def".into(), ..header() };
        let error = ReferenceWriter::open(&checkpoint, &other).unwrap_err().to_string();
        assert!(error.contains("was begun with model_hash 'abc', not with 'def'"), "{error}");
        std::fs::write(&checkpoint, "id,energy\n1,2\n").unwrap();
        assert!(ReferenceWriter::open(&checkpoint, &header()).is_err());
    }

    #[test]
    fn bad_rows_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = ReferenceWriter::open(&folder.path().join("c.csv"), &header()).unwrap();
        writer.append(&row("a", "MgO", -6.0)).unwrap();
        for bad in [
            row("a", "MgO", -6.0),
            row("x,y", "MgO", -6.0),
            row("", "MgO", -6.0),
            row("x", "Mg2O2", -6.0),
            row("x", "OMg", -6.0),
            row("x", "Mgo", -6.0),
            row("x", "MgO", f64::NAN),
            ReferenceRow { atoms: 0, ..row("x", "MgO", -6.0) },
            ReferenceRow { space_group: Some(231), ..row("x", "MgO", -6.0) },
        ] {
            assert!(writer.append(&bad).is_err(), "{bad:?}");
        }
        assert_eq!(writer.len(), 1);
    }
}

//! Writing a table of reference energies in a computation that may be stopped at any moment.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};

use druse_representations::io::write_atomically;
use flate2::{Compression, GzBuilder};

use super::checkpoint::{Line, Row};
use super::{ReferenceError, ReferenceHeader, ReferenceRow, ReferenceTable};

/// Rows appended between two calls of fsync.
const ROWS_PER_SYNC: usize = 64;

/// Collects reference energies in an append-only checkpoint and writes the table at the end.
///
/// The checkpoint is plain text, one line a structure. A line that was cut off by a crash is
/// dropped on opening, so after a restart the caller skips what [`contains`](Self::contains) knows
/// and computes the rest. Structures that failed are remembered with their reason and do not enter
/// the table.
///
/// Where only some structures are worth a longer computation, [`append_first`](Self::append_first) keeps the cheap
/// energies that decide it, and [`leave_out`](Self::leave_out) takes the others out.
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
    /// Energies that decide what becomes a row.
    first: BTreeMap<String, Row>,
    /// Ids of rows whose relaxation ran out of steps.
    out_of_steps: BTreeSet<String>,
    /// Ids that do not enter the table.
    left_out: BTreeSet<String>,
    unsynced: usize,
}

impl ReferenceWriter {
    /// Opens or creates a checkpoint.
    ///
    /// # Errors
    /// When the file cannot be read or written, holds something else, or was begun with another
    /// model, hash, protocol, source or pressure.
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
        let head = head(header);
        let mut writer = Self {
            path: path.to_owned(),
            file,
            header: header.clone(),
            rows: BTreeMap::new(),
            first: BTreeMap::new(),
            out_of_steps: BTreeSet::new(),
            left_out: BTreeSet::new(),
            unsynced: 0,
        };
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
        // A table without pressure has no line of it.
        let pressure = text.lines().take_while(|line| line.starts_with("# "));
        let pressure =
            pressure.filter_map(|line| line.strip_prefix("# pressure: ")).next().unwrap_or("0 GPa");
        if pressure != self.header.pressure_text() {
            return Err(ReferenceError::OtherHeader {
                path: self.path.clone(),
                key: "pressure",
                found: pressure.to_owned(),
                expected: self.header.pressure_text(),
            });
        }
        let wanted_text = head(&self.header);
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
                let (name, wanted) = fields.iter().find(|(name, _)| *name == key)?;
                Some((*name, value, wanted.clone().into_owned()))
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
        let (id, entry) = Line::read(line)
            .ok_or_else(|| self.content(number, line, &format!("{},reason", self.header.columns())))?;
        self.keep(id, entry);
        Ok(())
    }

    fn keep(&mut self, id: &str, line: Line) {
        match line {
            Line::AsGiven(row) => {
                self.first.insert(id.to_owned(), row);
            }
            Line::Done { row, out_of_steps } => {
                if out_of_steps {
                    self.out_of_steps.insert(id.to_owned());
                }
                self.rows.insert(id.to_owned(), Ok(row));
            }
            Line::Failed(reason) => {
                self.rows.insert(id.to_owned(), Err(reason));
            }
        }
    }

    /// Whether this id is done, with an energy or with a failure.
    pub fn contains(&self, id: &str) -> bool {
        self.rows.contains_key(id)
    }

    /// Whether there is a first energy of this id, or a failure.
    pub fn contains_first(&self, id: &str) -> bool {
        self.first.contains_key(id) || self.rows.get(id).is_some_and(Result::is_err)
    }

    /// The first energies, by id.
    pub fn first(&self) -> impl Iterator<Item = ReferenceRow<'_>> {
        self.first.iter().map(|(id, row)| row.named(id))
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

    /// Number of rows of the table whose relaxation ran out of steps.
    pub fn out_of_steps(&self) -> usize {
        self.out_of_steps.difference(&self.left_out).count()
    }

    /// Appends a row.
    ///
    /// # Errors
    /// When the row has an id that is there already or that contains a comma or line end, a formula
    /// that is not its own reduced formula, no atoms or no finite energy; when writing fails.
    pub fn append(&mut self, row: &ReferenceRow) -> Result<(), ReferenceError> {
        self.write_line(row.id, Line::Done { row: Row::checked(row)?, out_of_steps: false })
    }

    /// Appends a row whose relaxation ran out of steps.
    ///
    /// # Errors
    /// As for [`append`](Self::append).
    pub fn append_out_of_steps(&mut self, row: &ReferenceRow) -> Result<(), ReferenceError> {
        self.write_line(row.id, Line::Done { row: Row::checked(row)?, out_of_steps: true })
    }

    /// Keeps an energy that decides whether the structure becomes a row; it never enters the table itself.
    ///
    /// # Errors
    /// As for [`append`](Self::append).
    pub fn append_first(&mut self, row: &ReferenceRow) -> Result<(), ReferenceError> {
        self.write_line(row.id, Line::AsGiven(Row::checked(row)?))
    }

    /// Records that there is no energy for a structure, and why.
    ///
    /// # Errors
    /// As for [`append`](Self::append).
    pub fn append_failure(&mut self, id: &str, reason: &str) -> Result<(), ReferenceError> {
        let reason = reason.replace(['\n', '\r'], " ");
        let reason = if reason.is_empty() { "no reason given".to_owned() } else { reason };
        self.write_line(id, Line::Failed(reason))
    }

    /// Keeps these ids out of the table. Their lines stay in the checkpoint.
    pub fn leave_out(&mut self, ids: BTreeSet<String>) {
        self.left_out = ids;
    }

    /// Adds words to the protocol of the table, which are not yet known when the checkpoint is begun.
    pub fn add_to_protocol(&mut self, words: &str) {
        self.header.protocol.push_str(words);
    }

    fn write_line(&mut self, id: &str, line: Line) -> Result<(), ReferenceError> {
        let bad = |reason: &str| ReferenceError::BadRow { id: id.to_owned(), reason: reason.to_owned() };
        if id.is_empty() || id.contains([',', '\n', '\r']) {
            return Err(bad("expected an id without comma and line end"));
        }
        let there = match line {
            Line::AsGiven(_) => self.contains_first(id),
            _ => self.contains(id),
        };
        if there {
            return Err(bad("this id is there already"));
        }
        self.file.write_all(line.text(id).as_bytes()).map_err(|source| self.error("write", source))?;
        self.keep(id, line);
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

    /// Sorts the rows that are not [left out](Self::leave_out), writes the table to `to` (atomically: either the whole file or none) and
    /// reads it back. The checkpoint stays.
    ///
    /// # Errors
    /// When writing fails.
    pub fn finish(mut self, to: &Path) -> Result<ReferenceTable, ReferenceError> {
        self.sync()?;
        let rows = self.rows.iter().filter(|(id, _)| !self.left_out.contains(*id));
        let mut rows: Vec<(&String, &Row)> =
            rows.filter_map(|(id, row)| Some((id, row.as_ref().ok()?))).collect();
        rows.sort_by(|(id, x), (other, y)| {
            (&x.formula, x.space_group)
                .cmp(&(&y.formula, y.space_group))
                .then(x.energy_per_atom.total_cmp(&y.energy_per_atom))
                .then(id.cmp(other))
        });
        let mut text = self.header.text();
        text.push_str(&format!("# count: {}\n{}\n", rows.len(), self.header.columns()));
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

/// What stands above the lines of a checkpoint.
fn head(header: &ReferenceHeader) -> String {
    format!("{}{},reason\n", header.text(), header.columns())
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
        let pressed = ReferenceHeader { pressure: 20.0, ..header() };
        let error = ReferenceWriter::open(&checkpoint, &pressed).unwrap_err().to_string();
        assert!(error.contains("was begun with pressure '0 GPa', not with '20 GPa'"), "{error}");
        std::fs::remove_file(&checkpoint).unwrap();
        ReferenceWriter::open(&checkpoint, &pressed).unwrap().append(&rows()[0]).unwrap();
        assert!(ReferenceWriter::open(&checkpoint, &pressed).unwrap().contains("b"));
        let error = ReferenceWriter::open(&checkpoint, &header()).unwrap_err().to_string();
        assert!(error.contains("was begun with pressure '20 GPa', not with '0 GPa'"), "{error}");
        std::fs::write(&checkpoint, "id,energy\n1,2\n").unwrap();
        assert!(ReferenceWriter::open(&checkpoint, &header()).is_err());
    }

    #[test]
    fn first_energies_decide_and_never_enter() {
        let folder = tempfile::tempdir().unwrap();
        let (checkpoint, table) = (folder.path().join("c.csv"), folder.path().join("t.csv.gz"));
        let pressed = ReferenceHeader { pressure: 5.0, protocol: "relaxed".into(), ..header() };
        let mut writer = ReferenceWriter::open(&checkpoint, &pressed).unwrap();
        for row in rows() {
            writer.append_first(&row).unwrap();
        }
        assert!(writer.append_first(&rows()[0]).is_err(), "twice");
        assert!(writer.is_empty() && !writer.contains("a") && writer.contains_first("a"));
        writer.append_failure("a", "clash").unwrap();
        writer.append(&row("b", "NaCl", -3.1)).unwrap();
        writer.append_out_of_steps(&row("c", "NaCl", -3.6)).unwrap();
        drop(writer);
        let mut writer = ReferenceWriter::open(&checkpoint, &pressed).unwrap();
        let first: Vec<(&str, f64)> = writer.first().map(|row| (row.id, row.energy_per_atom)).collect();
        assert_eq!(first, [("a", -5.987654321), ("b", -3.0), ("c", -3.5), ("d", 0.0)]);
        assert!(!writer.contains("d") && writer.len() == 2 && writer.out_of_steps() == 1);
        writer.leave_out(BTreeSet::from(["c".to_owned(), "d".to_owned()]));
        assert_eq!(writer.out_of_steps(), 0);
        writer.add_to_protocol("; 2 left out");
        let table = writer.finish(&table).unwrap();
        assert_eq!((table.header().pressure, table.header().protocol.as_str()), (5.0, "relaxed; 2 left out"));
        assert_eq!(table.rows().collect::<Vec<_>>(), [row("b", "NaCl", -3.1)]);
        // The words about the table are not part of what the checkpoint is compared with.
        assert!(ReferenceWriter::open(&checkpoint, &pressed).is_ok());
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

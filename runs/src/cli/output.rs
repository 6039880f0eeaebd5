//! Writing results: to standard output, or to a file in one piece.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use crate::representations::io::{Format, Record, WriteError, write_atomically, write_file as io_write};
use serde_json::Value;

use super::Global;
use super::failure::Failure;

/// Writes `bytes` to `path` in one piece.
pub fn write_file(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    write_atomically(path, bytes).map_err(|error| Failure::write(path, &error))
}

/// Writes all files beside their place first, so that a full disk leaves nothing half-written.
/// Existing files of the same names are replaced.
pub fn write_folder(folder: &Path, files: &[(String, String)]) -> Result<(), Failure> {
    let mut writer = FolderWriter::new(folder)?;
    files.iter().try_for_each(|(name, text)| writer.add(name, text.as_bytes()))?;
    writer.finish().map(|_| ())
}

/// Files on their way into a folder, written beside it until all are complete.
pub struct FolderWriter<'a> {
    folder: &'a Path,
    staging: tempfile::TempDir,
    names: Vec<String>,
}

impl<'a> FolderWriter<'a> {
    /// A writer of files that shall lie in `folder`.
    pub fn new(folder: &'a Path) -> Result<Self, Failure> {
        let fail = |error: io::Error| Failure::write(folder, &error);
        let absolute = std::path::absolute(folder).map_err(fail)?;
        let parent = absolute.parent().unwrap_or(&absolute);
        fs::create_dir_all(parent).map_err(fail)?;
        let staging = tempfile::Builder::new().prefix(".druse-").tempdir_in(parent).map_err(fail)?;
        Ok(Self { folder, staging, names: Vec::new() })
    }

    /// Adds bytes to the end of a file; files come one after the other.
    pub fn add(&mut self, name: &str, bytes: &[u8]) -> Result<(), Failure> {
        let path = self.staging.path().join(name);
        let append = |mut file: fs::File| file.write_all(bytes);
        fs::File::options()
            .create(true)
            .append(true)
            .open(path)
            .and_then(append)
            .map_err(|error| Failure::write(self.folder, &error))?;
        if self.names.last().is_none_or(|last| last != name) {
            self.names.push(name.to_owned());
        }
        Ok(())
    }

    /// Moves all files into the folder; gives their names.
    pub fn finish(self) -> Result<Vec<String>, Failure> {
        let fail = |error: io::Error| Failure::write(self.folder, &error);
        fs::create_dir_all(self.folder).map_err(fail)?;
        for name in &self.names {
            fs::rename(self.staging.path().join(name), self.folder.join(name)).map_err(fail)?;
        }
        Ok(self.names)
    }
}

/// The format that the ending of a file name tells.
pub fn format_of(path: &Path) -> Result<Format, Failure> {
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default().to_lowercase();
    let known = Format::ALL.iter().find(|format| format.extension() == ending || format.name() == ending);
    known.copied().or_else(|| (ending == "xyz").then_some(Format::Extxyz)).ok_or_else(|| {
        let mut endings: Vec<String> = Vec::new();
        for ending in Format::ALL.iter().map(|format| format!(".{}", format.extension())) {
            if !endings.contains(&ending) {
                endings.push(ending);
            }
        }
        let found = path.display();
        Failure::input(format!(
            "found the file name '{found}', expected one that ends in {}",
            endings.join(", ")
        ))
    })
}

/// Writes structures to one file, in one piece.
pub fn write_records(path: &Path, format: Format, records: &[Record]) -> Result<(), Failure> {
    io_write(path, format, records).map_err(|error| match error {
        WriteError::Io { error, .. } => Failure::write(path, &error),
        other => Failure::input(other),
    })
}

/// Prints text on standard output. A reader that went away (`druse ... | head`) is no failure.
pub fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::other(format!("cannot write to standard output: {error}")))
        }
        _ => Ok(()),
    }
}

impl Global {
    /// Writes the machine-readable results, one line for each input, where `--json` says, if it was given.
    pub fn write_json(&self, results: &Value) -> Result<(), Failure> {
        let Some(path) = &self.json else { return Ok(()) };
        let text = match results {
            Value::Array(items) => {
                let lines: Vec<String> = items.iter().map(Value::to_string).collect();
                format!("[\n{}\n]\n", lines.join(",\n"))
            }
            other => format!("{other:#}\n"),
        };
        if self.json_on_stdout() { print(&text) } else { write_file(path, text.as_bytes()) }
    }

    /// Whether `--json -` was given: tables for people then stay away from standard output.
    pub fn json_on_stdout(&self) -> bool {
        self.json.as_deref() == Some(Path::new("-"))
    }
}

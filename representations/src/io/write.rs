//! Writing records to texts and files.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use super::error::WriteError;
use super::format::Format;
use super::record::Record;
use super::{cif, extxyz, jsonl, poscar, pymatgen};

/// All records as one text.
///
/// CIF, JSON and JSON lines keep ids and properties, extXYZ too; POSCAR keeps the ids (in the
/// comment line).
///
/// # Errors
/// When a record has partial occupancies and the format (POSCAR, extXYZ) cannot say them.
pub fn write_string(format: Format, records: &[Record]) -> Result<String, WriteError> {
    match format {
        Format::Cif => Ok(cif::write(records)),
        Format::Poscar => poscar::write(records),
        Format::Extxyz => extxyz::write(records),
        Format::Json => Ok(pymatgen::write(records)),
        Format::Jsonl => Ok(jsonl::write(records)),
    }
}

/// Writes all records to one file. The file appears complete or not at all: the text goes to a
/// temporary file in the same folder, which is synchronised and then renamed.
///
/// # Errors
/// As [`write_string`], and when the system refuses.
pub fn write_file(path: &Path, format: Format, records: &[Record]) -> Result<(), WriteError> {
    let text = write_string(format, records)?;
    let io = |error| WriteError::Io { path: path.to_owned(), error };
    let name = path.file_name().ok_or_else(|| io(std::io::ErrorKind::InvalidInput.into()))?;
    let temporary = path.with_file_name(format!(".{}.{}.part", name.to_string_lossy(), std::process::id()));
    let written = File::create(&temporary)
        .and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.sync_all()
        })
        .and_then(|()| fs::rename(&temporary, path));
    if written.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    written.map_err(io)?;
    // The rename itself is durable once the folder is; not every system can do that.
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
    Ok(())
}

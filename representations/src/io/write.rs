//! Writing records to texts and files.

use std::path::Path;

use super::atomic::write_atomically;
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

/// Writes all records to one file, in one piece (see [`write_atomically`]).
///
/// # Errors
/// As [`write_string`], and when the system refuses.
pub fn write_file(path: &Path, format: Format, records: &[Record]) -> Result<(), WriteError> {
    let text = write_string(format, records)?;
    write_atomically(path, text.as_bytes()).map_err(|error| WriteError::Io { path: path.to_owned(), error })
}

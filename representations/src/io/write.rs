//! Writing records to texts and files.

use std::path::Path;

use super::atomic::write_atomically;
use super::error::WriteError;
use super::format::Format;
use super::record::Record;
use super::{asedb, cif, entries, extxyz, jsonl, optimade, poscar, pymatgen};

/// All records as one text.
///
/// All formats keep ids and properties but POSCAR, which keeps the ids (in the comment line). Of OPTIMADE, properties that are null are
/// lost.
///
/// # Errors
/// When a record has partial occupancies and the format (POSCAR, extXYZ) cannot say them, when one has no energy and the format
/// (pymatgen) needs one, and when the format (ASE database) is no text.
pub fn write_string(format: Format, records: &[Record]) -> Result<String, WriteError> {
    match format {
        Format::Cif => Ok(cif::write(records)),
        Format::Poscar => poscar::write(records),
        Format::Extxyz => extxyz::write(records),
        Format::Json => Ok(pymatgen::write(records)),
        Format::Jsonl => Ok(jsonl::write(records)),
        Format::Pymatgen => entries::write(records),
        Format::Optimade => Ok(optimade::write(records)),
        Format::AseDb => Err(WriteError::NoText { format: format.name() }),
    }
}

/// All records in any format.
///
/// # Errors
/// When a format cannot hold a record, as in [`write_string`].
pub fn write_bytes(format: Format, records: &[Record]) -> Result<Vec<u8>, WriteError> {
    match format {
        Format::AseDb => asedb::write(records),
        text => write_string(text, records).map(String::into_bytes),
    }
}

/// Writes all records to one file, in one piece (see [`write_atomically`]).
///
/// # Errors
/// As [`write_bytes`], and when the system refuses.
pub fn write_file(path: &Path, format: Format, records: &[Record]) -> Result<(), WriteError> {
    let bytes = write_bytes(format, records)?;
    write_atomically(path, &bytes).map_err(|error| WriteError::Io { path: path.to_owned(), error })
}

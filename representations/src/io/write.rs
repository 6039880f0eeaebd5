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
    // A device or pipe must not be replaced by a file.
    if fs::metadata(path).is_ok_and(|data| !data.is_file()) {
        return File::options()
            .write(true)
            .open(path)
            .and_then(|mut device| device.write_all(text.as_bytes()))
            .map_err(io);
    }
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

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_written_to_and_not_replaced() {
        if !Path::new("/dev/full").exists() {
            println!("skipped: no /dev/full");
            return;
        }
        // Through a link, so that a failure of this test cannot harm the device.
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("full.jsonl");
        std::os::unix::fs::symlink("/dev/full", &link).unwrap();
        let salt = r#"{"id": "a", "cell": [4, 4, 4, 90, 90, 90], "species": ["Na"], "frac": [[0, 0, 0]]}"#;
        let file = folder.path().join("a.jsonl");
        fs::write(&file, salt).unwrap();
        let records = vec![crate::io::read_path(&file).unwrap().remove(0).unwrap()];
        let error = write_file(&link, Format::Jsonl, &records).unwrap_err().to_string();
        assert!(error.contains("No space left"), "{error}");
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    }
}

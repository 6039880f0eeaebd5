//! An import as a folder: `structures.jsonl.gz` and `provenance.json`.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use druse_representations::io::{self, Format, Record};
use flate2::{Compression, GzBuilder};
use sha2::{Digest, Sha256};

use super::{ImportError, Imported, Provenance};
use crate::bytes::hexadecimal;

const STRUCTURES: &str = "structures.jsonl.gz";
const PROVENANCE: &str = "provenance.json";
/// Records turned into text at once.
const BLOCK: usize = 1000;

impl Imported {
    /// Writes the folder: it appears complete or not at all. Equal imports give equal files.
    ///
    /// # Errors
    /// When the folder is there already or cannot be written.
    pub fn write(&mut self, folder: &Path) -> Result<(), ImportError> {
        if folder.exists() {
            return Err(ImportError::Exists { path: folder.to_owned() });
        }
        let parent =
            folder.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let failed = || ImportError::file("write", folder);
        std::fs::create_dir_all(parent).map_err(failed())?;
        // Beside the target, so that the last step is a rename; removed by itself after an error.
        let temporary = tempfile::Builder::new().prefix(".import-").tempdir_in(parent).map_err(failed())?;
        self.provenance.count = self.records.len();
        self.provenance.structures_sha256 =
            write_structures(&temporary.path().join(STRUCTURES), &self.records).map_err(failed())?;
        let mut text = serde_json::to_string_pretty(&self.provenance)
            .map_err(|e| ImportError::Content { path: folder.join(PROVENANCE), reason: e.to_string() })?;
        text.push('\n');
        let write_provenance = || -> std::io::Result<()> {
            let mut file = File::create(temporary.path().join(PROVENANCE))?;
            file.write_all(text.as_bytes())?;
            file.sync_all()
        };
        write_provenance().map_err(failed())?;
        std::fs::rename(temporary.path(), folder).map_err(failed())
    }

    /// Reads a folder that [`write`](Self::write) made and checks that its structures are whole.
    ///
    /// # Errors
    /// When a file is missing, cannot be read, or does not agree with the provenance.
    pub fn open(folder: &Path) -> Result<Self, ImportError> {
        let path = folder.join(PROVENANCE);
        let text = std::fs::read_to_string(&path).map_err(ImportError::file("read", &path))?;
        let provenance: Provenance =
            serde_json::from_str(&text).map_err(|e| ImportError::Content { path, reason: e.to_string() })?;
        let path = folder.join(STRUCTURES);
        let mut records = Vec::with_capacity(provenance.count);
        for result in io::read_path(&path)? {
            match result {
                Ok(record) => records.push(record),
                Err(error) => return Err(ImportError::Content { path, reason: error.to_string() }),
            }
        }
        if records.len() != provenance.count {
            let reason =
                format!("{} structures, expected {} by {PROVENANCE}", records.len(), provenance.count);
            return Err(ImportError::Content { path, reason });
        }
        let found = structures_checksum(&path)?;
        if found != provenance.structures_sha256 {
            let expected = &provenance.structures_sha256;
            let reason = format!("SHA-256 of the structures is {found}, expected {expected} by {PROVENANCE}");
            return Err(ImportError::Content { path, reason });
        }
        Ok(Self { records, provenance })
    }
}

/// Writes JSON lines, compressed; returns the checksum of the uncompressed text.
fn write_structures(path: &Path, records: &[Record]) -> std::io::Result<String> {
    let mut hasher = Sha256::new();
    // No time and no file name in the header: equal structures are equal files.
    let mut encoder = GzBuilder::new().mtime(0).write(File::create(path)?, Compression::default());
    for block in records.chunks(BLOCK) {
        let text = io::write_string(Format::Jsonl, block).map_err(std::io::Error::other)?;
        hasher.update(&text);
        encoder.write_all(text.as_bytes())?;
    }
    encoder.finish()?.sync_all()?;
    Ok(hexadecimal(hasher.finalize()))
}

fn structures_checksum(path: &Path) -> Result<String, ImportError> {
    let file = File::open(path).map_err(ImportError::file("read", path))?;
    let mut decoder = flate2::read::MultiGzDecoder::new(std::io::BufReader::new(file));
    let mut hasher = Sha256::new();
    std::io::copy(&mut decoder, &mut HashWriter(&mut hasher)).map_err(ImportError::file("read", path))?;
    Ok(hexadecimal(hasher.finalize()))
}

/// Lets a hasher take what is written.
struct HashWriter<'a>(&'a mut Sha256);

impl Write for HashWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::LINES;
    use super::*;

    #[test]
    fn folders_round_trip_and_are_reproducible() {
        let place = tempfile::tempdir().unwrap();
        let source = place.path().join("some.jsonl");
        std::fs::write(&source, LINES).unwrap();
        let mut imported = Imported::read(&source, "hand", "CC0", "2026-11-22").unwrap();
        let folder = place.path().join("deep/er/import");
        imported.write(&folder).unwrap();
        let back = Imported::open(&folder).unwrap();
        assert_eq!(back.provenance, imported.provenance);
        for (x, y) in back.records.iter().zip(&imported.records) {
            assert_eq!((&x.id, &x.properties), (&y.id, &y.properties));
            assert!((x.crystal.lattice.matrix() - y.crystal.lattice.matrix()).norm() < 1e-9);
        }
        assert!(matches!(imported.write(&folder), Err(ImportError::Exists { .. })));
        let again = place.path().join("again");
        imported.write(&again).unwrap();
        for file in [STRUCTURES, PROVENANCE] {
            assert_eq!(std::fs::read(folder.join(file)).unwrap(), std::fs::read(again.join(file)).unwrap());
        }
        // Nothing but the two folders and the source is left.
        assert_eq!(place.path().read_dir().unwrap().count(), 3);
    }

    #[test]
    fn changed_structures_are_noticed() {
        let place = tempfile::tempdir().unwrap();
        let source = place.path().join("some.jsonl");
        std::fs::write(&source, LINES).unwrap();
        let mut imported = Imported::read(&source, "hand", "CC0", "2026-11-22").unwrap();
        let folder = place.path().join("import");
        imported.write(&folder).unwrap();
        let mut other = imported.records.clone();
        other[0].id = "changed".into();
        write_structures(&folder.join(STRUCTURES), &other).unwrap();
        let error = Imported::open(&folder).unwrap_err().to_string();
        assert!(error.contains("SHA-256 of the structures"), "{error}");
        write_structures(&folder.join(STRUCTURES), &other[..1]).unwrap();
        let error = Imported::open(&folder).unwrap_err().to_string();
        assert!(error.contains("1 structures, expected 2"), "{error}");
    }
}

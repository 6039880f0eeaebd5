//! Reference files.

use std::fs::File;
use std::io;
use std::path::Path;

use sha2::{Digest, Sha256};

use super::{Mistakes, quoted};
use crate::config::campaign::{Reference, hexadecimal};

pub(super) fn check_reference(
    key: &str,
    name: Option<&str>,
    base: &Path,
    mistakes: &mut Mistakes,
) -> Option<Reference> {
    match name {
        None | Some("shipped") => Some(Reference::Shipped),
        Some(name) => check_file(key, name, "\"shipped\" or a readable file", base, mistakes),
    }
}

/// A file by its contents; `expected` says what may stand there.
pub(super) fn check_file(
    key: &str,
    name: &str,
    expected: &str,
    base: &Path,
    mistakes: &mut Mistakes,
) -> Option<Reference> {
    let path = base.join(name);
    let read = || -> io::Result<Reference> {
        let mut hasher = Sha256::new();
        io::copy(&mut File::open(&path)?, &mut HashWriter(&mut hasher))?;
        Ok(Reference::File { path: path.canonicalize()?, sha256: hexadecimal(&hasher.finalize()) })
    };
    match read() {
        Ok(reference) => Some(reference),
        Err(error) => {
            let found = format!("{} ({error})", quoted(name));
            mistakes.report(key, found, format!("{expected}, relative to the campaign file"));
            None
        }
    }
}

/// Feeds a hash as if it were a file.
struct HashWriter<'a>(&'a mut Sha256);

impl io::Write for HashWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

//! Files that appear complete or not at all.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// Writes `bytes` to `path` in one piece: they go to a temporary file in the same folder, which is
/// synchronised and then renamed. Links are followed; devices and pipes are written directly.
///
/// # Errors
/// When the system refuses; then the old file, if there was one, is unchanged.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> io::Result<()> {
    write_atomically_with(path, |error| error, |out| out.write_all(bytes))
}

/// As [`write_atomically`], for contents that are better not held in memory: whatever `write` writes.
/// `failed` makes the caller's error of one of the system's.
///
/// # Errors
/// When the system refuses or `write` fails; then the old file, if there was one, is unchanged.
pub fn write_atomically_with<T, E>(
    path: &Path,
    failed: impl Fn(io::Error) -> E,
    write: impl FnOnce(&mut dyn Write) -> Result<T, E>,
) -> Result<T, E> {
    // A device or pipe must not be replaced by a file.
    if fs::metadata(path).is_ok_and(|data| !data.is_file()) {
        let mut device = File::options().write(true).open(path).map_err(&failed)?;
        let value = write(&mut device)?;
        device.flush().map_err(failed)?;
        return Ok(value);
    }
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let temporary = beside(&target).map_err(&failed)?;
    let attempt = || {
        let mut file = BufWriter::new(File::create(&temporary).map_err(&failed)?);
        let value = write(&mut file)?;
        let file = file.into_inner().map_err(|error| failed(error.into_error()))?;
        file.sync_all().and_then(|()| fs::rename(&temporary, &target)).map_err(&failed)?;
        Ok(value)
    };
    let written = attempt();
    if written.is_err() {
        // The first error is the one to tell.
        let _ = fs::remove_file(&temporary);
    }
    // The rename itself is durable once the folder is; not every system can do that.
    if written.is_ok()
        && let Some(Ok(folder)) = target.parent().map(|folder| File::open(or_here(folder)))
    {
        let _ = folder.sync_all();
    }
    written
}

/// A name for the temporary file that no other process uses.
fn beside(target: &Path) -> io::Result<PathBuf> {
    let name = target.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    Ok(target.with_file_name(format!(".{}.{}.part", name.to_string_lossy(), std::process::id())))
}

fn or_here(folder: &Path) -> &Path {
    if folder.as_os_str().is_empty() { Path::new(".") } else { folder }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_through_its_link_and_nothing_else_stays() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        write_atomically(&file, b"old").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        write_atomically(&link, b"new").unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"new");
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
        assert!(write_atomically(&folder.path().join("absent/file"), b"").is_err());
    }

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
        let error = write_atomically(&link, b"x").unwrap_err().to_string();
        assert!(error.contains("No space left"), "{error}");
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    }
}

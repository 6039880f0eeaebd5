//! Members on their way into an archive, or into checksums only.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Seek, Write};
use std::os::unix::fs::PermissionsExt;

use druse_datasets::bytes::hexadecimal;
use sha2::{Digest, Sha256};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use super::{BundleError, MANIFEST};
use crate::campaign::CampaignError;
use crate::store::StoreError;

/// Writes the contents of a member.
pub(super) type Contents<'a> = dyn FnMut(&mut dyn Write) -> Result<(), Failed> + 'a;

/// Why a member cannot be written.
pub(super) enum Failed {
    /// The output failed.
    Output(io::Error),
    /// What was to be written is not there.
    Input(Box<BundleError>),
}

impl From<io::Error> for Failed {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

impl From<BundleError> for Failed {
    fn from(error: BundleError) -> Self {
        Self::Input(Box::new(error))
    }
}

impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Self {
        BundleError::from(error).into()
    }
}

impl From<CampaignError> for Failed {
    fn from(error: CampaignError) -> Self {
        BundleError::from(error).into()
    }
}

/// Takes the members of a bundle one after the other.
pub(super) trait Sink {
    /// Takes one member.
    fn add(&mut self, name: &str, contents: &mut Contents<'_>) -> Result<(), Failed>;
}

/// SHA-256 of members, and nothing else of them.
#[derive(Default)]
pub(super) struct Checksums(pub(super) BTreeMap<String, String>);

impl Sink for Checksums {
    fn add(&mut self, name: &str, contents: &mut Contents<'_>) -> Result<(), Failed> {
        let mut hash = Sha256::new();
        contents(&mut Both(&mut hash, &mut io::sink()))?;
        self.0.insert(name.to_owned(), hexadecimal(hash.finalize()));
        Ok(())
    }
}

/// A zip archive that is being written.
pub(super) struct Archive<W: Write + Seek> {
    zip: ZipWriter<W>,
    folder: String,
    sums: Checksums,
}

impl<W: Write + Seek> Archive<W> {
    /// An archive whose members lie in `folder`.
    pub(super) fn new(out: W, folder: String) -> Self {
        Self { zip: ZipWriter::new(out), folder, sums: Checksums::default() }
    }

    fn start(&mut self, name: &str, permissions: u32, large: bool) -> Result<(), Failed> {
        // No time of the day, so that the same campaign gives the same bytes.
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .last_modified_time(DateTime::default())
            .large_file(large)
            .unix_permissions(permissions);
        Ok(self.zip.start_file(format!("{}/{name}", self.folder), options).map_err(io::Error::from)?)
    }

    /// Adds a file as it is, so that programs stay executable, and gives its SHA-256.
    pub(super) fn add_file(&mut self, name: &str, mut file: File) -> Result<String, Failed> {
        let data = file.metadata()?;
        let permissions = if data.permissions().mode() & 0o111 != 0 { 0o755 } else { 0o644 };
        self.start(name, permissions, data.len() >= u64::from(u32::MAX))?;
        let mut hash = Sha256::new();
        io::copy(&mut file, &mut Both(&mut hash, &mut self.zip))?;
        let sum = hexadecimal(hash.finalize());
        self.sums.0.insert(name.to_owned(), sum.clone());
        Ok(sum)
    }

    /// Adds the list of checksums and ends the archive; gives the number of its members.
    pub(super) fn finish(mut self) -> Result<usize, Failed> {
        self.start(MANIFEST, 0o644, false)?;
        for (name, sum) in &self.sums.0 {
            writeln!(self.zip, "{sum}  {name}")?;
        }
        self.zip.finish().map_err(io::Error::from)?;
        Ok(self.sums.0.len() + 1)
    }
}

impl<W: Write + Seek> Sink for Archive<W> {
    fn add(&mut self, name: &str, contents: &mut Contents<'_>) -> Result<(), Failed> {
        self.start(name, 0o644, false)?;
        let mut hash = Sha256::new();
        contents(&mut Both(&mut hash, &mut self.zip))?;
        self.sums.0.insert(name.to_owned(), hexadecimal(hash.finalize()));
        Ok(())
    }
}

/// Feeds a hash with what is written.
pub(super) struct Both<'a>(pub(super) &'a mut Sha256, pub(super) &'a mut dyn Write);

impl Write for Both<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.1.write(bytes)?;
        self.0.update(&bytes[..written]);
        Ok(written)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.1.flush()
    }
}

/// The first names of a list.
pub(super) fn listed(names: &[String]) -> String {
    /// Names that are told.
    const MOST: usize = 5;
    let mut text = names.iter().take(MOST).cloned().collect::<Vec<_>>().join(", ");
    if names.len() > MOST {
        text += &format!(" and {} more", names.len() - MOST);
    }
    text
}

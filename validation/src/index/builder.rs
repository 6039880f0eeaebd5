//! Collecting the entries of an index.

use std::collections::HashSet;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};

use druse_datasets::import::checksum;
use druse_representations::Crystal;
use druse_representations::io::for_each;
use memmap2::Mmap;
use rayon::prelude::*;
use tempfile::{SpooledData, SpooledTempFile};

use super::keys::{Amount, Keys, amounts};
use super::layout::{Kind, Record};
use super::source::{Added, Description, NewSource, Refused, Source};
use super::writer::{self, Held};
use super::{Index, IndexError, PrepareError, piece};
use crate::fingerprint::Invariants;
use crate::matching::Pattern;

/// Structures prepared side by side.
const BATCH: usize = 1024;
/// Batches read ahead.
const AHEAD: usize = 2;
/// Bytes of pieces held in memory; more of them go to a temporary file.
const SPOOL: usize = 256 << 20;

/// What of a structure is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contents {
    /// The structure in reduced cells: verdicts are exact.
    Structures,
    /// Invariants only, from which no structure can be made again. In files, which are small, they are
    /// rounded to bytes.
    InvariantsOnly,
}

/// Collects entries. The index does not depend on the number of threads.
///
/// In memory stay about 200 bytes an entry; the rest goes to a temporary file once there is much of it.
pub struct Builder {
    contents: Contents,
    sources: Vec<Source>,
    held: Vec<Held>,
    /// Ids with the first source of their name.
    ids: HashSet<(u16, Arc<str>)>,
    spool: SpooledTempFile,
    spooled: u64,
    folder: PathBuf,
}

/// A crystal that became an entry.
struct Prepared {
    amounts: Vec<Amount>,
    sites: u32,
    volume_per_site: f32,
    invariants: Invariants,
    pattern: Option<Pattern>,
}

/// A structure under its id, or why it could not be read.
type Item = (String, Result<Crystal, String>);

impl Builder {
    /// An empty index; much data go to temporary files in `folder`.
    pub fn new(contents: Contents, folder: impl Into<PathBuf>) -> Self {
        let folder = folder.into();
        Self {
            contents,
            sources: Vec::new(),
            held: Vec::new(),
            ids: HashSet::new(),
            spool: tempfile::spooled_tempfile_in(SPOOL, &folder),
            spooled: 0,
            folder,
        }
    }

    /// Number of entries.
    pub fn len(&self) -> usize {
        self.held.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    /// Adds the structures of a file, folder or archive; `progress` is told of every number of structures
    /// that are done.
    ///
    /// # Errors
    /// When `path` cannot be read at all, or with more entries than an index can hold.
    pub fn add_path(
        &mut self,
        source: &NewSource,
        path: &Path,
        progress: &mut dyn FnMut(usize),
    ) -> Result<Added, IndexError> {
        let number = self.start(source, checksum(path)?)?;
        let mut added = Added::default();
        // One thread reads while the others prepare what was read before.
        std::thread::scope(|scope| {
            let (sender, receiver) = mpsc::sync_channel::<Vec<Item>>(AHEAD);
            let reader = scope.spawn(move || {
                let mut batch = Vec::with_capacity(BATCH);
                let read = for_each(path, &mut |record| {
                    batch.push(match record {
                        Ok(record) => (record.id, Ok(record.crystal)),
                        Err(error) => (error.id.clone(), Err(error.to_string())),
                    });
                    if batch.len() == BATCH {
                        // The receiver is gone only when adding failed, and then that error is told.
                        let _ = sender.send(std::mem::replace(&mut batch, Vec::with_capacity(BATCH)));
                    }
                });
                let _ = sender.send(batch);
                read
            });
            for batch in receiver {
                let count = batch.len();
                self.add_batch(number, batch, &mut added)?;
                progress(count);
            }
            match reader.join() {
                Ok(read) => read.map_err(IndexError::from),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        })?;
        Ok(added)
    }

    /// Adds crystals under their ids; `sha256` is that of where they come from.
    ///
    /// # Errors
    /// With more entries than an index can hold, or when the temporary file cannot be written.
    pub fn add_crystals(
        &mut self,
        source: &NewSource,
        sha256: String,
        crystals: impl IntoIterator<Item = (String, Crystal)>,
    ) -> Result<Added, IndexError> {
        let number = self.start(source, sha256)?;
        let mut added = Added::default();
        let mut crystals = crystals.into_iter().map(|(id, crystal)| (id, Ok(crystal)));
        loop {
            let batch: Vec<Item> = crystals.by_ref().take(BATCH).collect();
            if batch.is_empty() {
                return Ok(added);
            }
            self.add_batch(number, batch, &mut added)?;
        }
    }

    /// Adds the entries of another index with their sources; nothing is computed again. Of an exact index
    /// only the invariants are taken when no more is wanted.
    ///
    /// # Errors
    /// As [`Self::add_crystals`].
    pub fn add_index(&mut self, index: &Index) -> Result<Added, IndexError> {
        let mut added = Added::default();
        let exact = self.contents == Contents::Structures;
        let mut numbers = Vec::new();
        for source in index.sets() {
            let said = NewSource {
                name: source.name.clone(),
                licence: source.licence.clone(),
                date: source.date.clone(),
            };
            let number = self.start(&said, source.sha256.clone())?;
            self.sources[usize::from(number)].exact = exact && source.exact;
            numbers.push(number);
        }
        let mut bytes = Vec::new();
        for entry in index.entries() {
            let (record, parts) = (entry.record, entry.piece);
            let Some(amounts) = parts.amounts() else { continue };
            let Some(&number) = numbers.get(usize::from(record.source)) else { continue };
            let id: Arc<str> = parts.id.into();
            if !self.ids.insert((self.first(number), id.clone())) {
                added.known += 1;
                continue;
            }
            let resolved: Vec<f32> = parts.resolved().collect();
            bytes.clear();
            piece::write(parts.id, &amounts, &resolved, None, &mut bytes);
            let exact = exact && record.exact;
            if exact {
                bytes.extend_from_slice(parts.pattern_bytes());
            }
            let record = Record { source: number, exact, length: bytes.len() as u32, ..record };
            self.hold(id, Keys::of(&amounts), record, &bytes, entry.blind_bytes())?;
            added.added += 1;
        }
        Ok(added)
    }

    /// Begins a source, or goes on with the one that is the same.
    fn start(&mut self, source: &NewSource, sha256: String) -> Result<u16, IndexError> {
        let NewSource { name, licence, date } = source.clone();
        let same = |known: &Source| known.name == name && known.sha256 == sha256;
        if let Some(number) = self.sources.iter().position(same) {
            return Ok(number as u16);
        }
        let most = usize::from(u16::MAX);
        if self.sources.len() >= most {
            return Err(IndexError::TooMany { what: "sources", count: self.sources.len() + 1, most });
        }
        let exact = self.contents == Contents::Structures;
        self.sources.push(Source { name, sha256, structures: 0, exact, licence, date });
        Ok((self.sources.len() - 1) as u16)
    }

    /// The first source of the same name.
    fn first(&self, number: u16) -> u16 {
        let name = &self.sources[usize::from(number)].name;
        self.sources.iter().position(|source| source.name == *name).map_or(number, |first| first as u16)
    }

    fn add_batch(&mut self, number: u16, batch: Vec<Item>, added: &mut Added) -> Result<(), IndexError> {
        let first = self.first(number);
        let mut new = Vec::with_capacity(batch.len());
        for (id, crystal) in batch {
            let crystal = match crystal {
                Ok(_) if id.len() > usize::from(u16::MAX) => {
                    Err("its id is longer than 65535 bytes".to_owned())
                }
                other => other,
            };
            let id: Arc<str> = id.into();
            match crystal {
                Err(reason) => added.refused.push(Refused { id: id.to_string(), reason }),
                Ok(_) if !self.ids.insert((first, id.clone())) => added.known += 1,
                Ok(crystal) => new.push((id, crystal)),
            }
        }
        let contents = self.contents;
        let prepared: Vec<_> = new.into_par_iter().map(|(id, x)| (id, Prepared::of(&x, contents))).collect();
        let mut bytes = Vec::new();
        for (id, prepared) in prepared {
            let prepared = match prepared {
                Ok(prepared) => prepared,
                Err(error) => {
                    self.ids.remove(&(first, id.clone()));
                    added.refused.push(Refused { id: id.to_string(), reason: error.to_string() });
                    continue;
                }
            };
            let Prepared { amounts, sites, volume_per_site, invariants, pattern } = prepared;
            bytes.clear();
            piece::write(&id, &amounts, &invariants.resolved, pattern.as_ref(), &mut bytes);
            let record = Record {
                start: 0,
                length: bytes.len() as u32,
                source: number,
                id: id.len() as u16,
                sites,
                volume_per_site,
                elements: amounts.len() as u8,
                exact: pattern.is_some(),
            };
            let blind: Vec<u8> = invariants.blind.iter().flat_map(|x| x.to_le_bytes()).collect();
            self.hold(id, Keys::of(&amounts), record, &bytes, &blind)?;
            added.added += 1;
        }
        Ok(())
    }

    fn hold(
        &mut self,
        id: Arc<str>,
        keys: Keys,
        record: Record,
        piece: &[u8],
        blind: &[u8],
    ) -> Result<(), IndexError> {
        let most = u32::MAX as usize;
        if self.held.len() >= most {
            return Err(IndexError::TooMany { what: "entries", count: self.held.len() + 1, most });
        }
        let failed = IndexError::unwritable(&self.folder);
        self.spool.write_all(piece).and_then(|()| self.spool.write_all(blind)).map_err(failed)?;
        self.sources[usize::from(record.source)].structures += 1;
        let place = self.spooled;
        self.spooled += (piece.len() + blind.len()) as u64;
        self.held.push(Held { id, keys, record, place });
        Ok(())
    }

    /// Writes the index to a file, which appears complete or not at all.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn write(self, path: &Path) -> Result<(), IndexError> {
        let kind = match self.contents {
            Contents::Structures => Kind::Plain,
            Contents::InvariantsOnly => Kind::Packed,
        };
        writer::replace(path, |out| self.emit(kind, out)).map_err(IndexError::unwritable(path))
    }

    /// The index in memory.
    ///
    /// # Errors
    /// When temporary files cannot be read.
    pub fn index(self) -> Result<Index, IndexError> {
        let folder = self.folder.clone();
        let mut bytes = Vec::new();
        self.emit(Kind::Plain, &mut bytes).map_err(IndexError::unwritable(&folder))?;
        Index::from_bytes(bytes, "the index in memory")
    }

    fn emit(self, kind: Kind, out: &mut dyn Write) -> io::Result<()> {
        let description = Description::new(self.sources).to_json()?;
        match self.spool.into_inner() {
            SpooledData::InMemory(bytes) => {
                writer::write(kind, &description, self.held, bytes.get_ref(), out)
            }
            SpooledData::OnDisk(mut file) => {
                file.flush()?;
                // The file has no name, so that nobody else can change the bytes below the map.
                #[allow(unsafe_code)]
                let map = unsafe { Mmap::map(&file) }?;
                writer::write(kind, &description, self.held, &map, out)
            }
        }
    }
}

impl Prepared {
    fn of(crystal: &Crystal, contents: Contents) -> Result<Self, PrepareError> {
        let invariants = Invariants::of(crystal)?;
        let amounts = amounts(crystal);
        let elements = amounts.iter().map(|known| &known.element);
        if !elements.eq(&invariants.elements) {
            return Err(PrepareError::Occupancy);
        }
        let pattern = match contents {
            Contents::Structures => Some(Pattern::of(crystal)?),
            Contents::InvariantsOnly => None,
        };
        let sites = crystal.sites.len();
        let volume_per_site = (crystal.lattice.volume() / sites as f64) as f32;
        Ok(Self { amounts, sites: sites as u32, volume_per_site, invariants, pattern })
    }
}

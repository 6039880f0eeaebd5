//! An index that is open.

use std::fs::File;
use std::ops::{Deref, Range};
use std::path::Path;
use std::sync::OnceLock;

use druse_datasets::bytes::hexadecimal;
use memmap2::Mmap;
use sha2::{Digest, Sha256};

use super::entry::Entry;
use super::layout::{BLIND, Header, KEY, Kind, MAGIC, RECORD, Record, SYSTEM, Sections};
use super::piece::Piece;
use super::source::{Description, Source};
use super::{IndexError, packed};

/// Known crystals, in buckets. Opening maps the file and checks all of it; an entry is decoded when
/// it is asked for. May be shared by threads.
#[derive(Debug)]
pub struct Index {
    bytes: Bytes,
    sections: Sections,
    sources: Vec<Source>,
    length: usize,
    sha256: OnceLock<String>,
}

#[derive(Debug)]
enum Bytes {
    Mapped(Mmap),
    Owned(Vec<u8>),
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Mapped(map) => map,
            Self::Owned(bytes) => bytes,
        }
    }
}

impl Index {
    /// Whether a file begins as an index does.
    pub fn is_index(path: &Path) -> bool {
        use std::io::Read;
        let mut begin = [0; MAGIC.len()];
        File::open(path).and_then(|mut file| file.read_exact(&mut begin)).is_ok() && begin == *MAGIC
    }

    /// Opens a file.
    ///
    /// # Errors
    /// When it cannot be read, is no index, of another version, or damaged.
    pub fn open(path: &Path) -> Result<Self, IndexError> {
        let unreadable = |error| IndexError::Unreadable { path: path.to_owned(), error };
        let file = File::open(path).map_err(unreadable)?;
        // A new index takes the place of an old one by a rename and nothing writes into one that is
        // there, so the bytes below the map do not change.
        #[allow(unsafe_code)]
        let map = unsafe { Mmap::map(&file) }.map_err(unreadable)?;
        Self::new(Bytes::Mapped(map)).map_err(|reason| IndexError::unusable(path, reason))
    }

    /// An index from the bytes of a file; `place` names it in errors.
    ///
    /// # Errors
    /// When they are no index, of another version, or damaged.
    pub fn from_bytes(bytes: Vec<u8>, place: &str) -> Result<Self, IndexError> {
        let unusable = |reason| IndexError::Unusable { place: place.to_owned(), reason };
        Self::new(Bytes::Owned(bytes)).map_err(unusable)
    }

    fn new(bytes: Bytes) -> Result<Self, String> {
        let header = Header::read(&bytes)?;
        let description = Description::read(&bytes[header.description()])?;
        let (bytes, header, sha256) = match header.kind {
            Kind::Plain => (bytes, header, OnceLock::new()),
            Kind::Packed => {
                let sha256 = OnceLock::from(hexadecimal(Sha256::digest(&*bytes)));
                let plain = packed::unpack(&bytes, &header)?;
                let header = Header::read(&plain)?;
                (Bytes::Owned(plain), header, sha256)
            }
        };
        let (sections, length, sources) = (header.sections(), header.entries, description.sources);
        let index = Self { bytes, sections, sources, length, sha256 };
        index.check()?;
        Ok(index)
    }

    /// Checks the sections against each other.
    fn check(&self) -> Result<(), String> {
        let mut end = 0;
        for number in 0..self.length {
            let bad = || format!("entry {number} is impossible");
            let record = self.record(number).ok_or_else(bad)?;
            if record.start != end || usize::from(record.source) >= self.sources.len() {
                return Err(bad());
            }
            end += u64::from(record.length);
            self.piece(&record).ok_or_else(bad)?;
        }
        let keys = (0..self.length).map(|number| self.key(number));
        let systems: Vec<(u128, u32)> =
            (0..self.system_count()).map(|place| (self.system(place), self.system_entry(place))).collect();
        if !keys.is_sorted() || !systems.is_sorted() {
            return Err("its keys are not in order".to_owned());
        }
        if systems.iter().any(|&(_, entry)| entry as usize >= self.length) {
            return Err("its table of elements names entries that are not there".to_owned());
        }
        Ok(())
    }

    /// Number of entries.
    pub fn len(&self) -> usize {
        self.length
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Whether patterns of all entries are there, so that a matcher can decide; otherwise some or all
    /// have invariants only.
    pub fn is_exact(&self) -> bool {
        self.sources.iter().all(|source| source.exact)
    }

    /// The sets of structures in it.
    pub fn sets(&self) -> &[Source] {
        &self.sources
    }

    /// SHA-256 of the file in hexadecimal digits.
    pub fn sha256(&self) -> &str {
        self.sha256.get_or_init(|| hexadecimal(Sha256::digest(&*self.bytes)))
    }

    /// Entry `number`; `None` beyond the last.
    pub fn entry(&self, number: u32) -> Option<Entry<'_>> {
        let place = number as usize;
        let record = self.record(place)?;
        let blind = self.blind(place);
        let source = self.sources.get(usize::from(record.source))?;
        Some(Entry { number, record, piece: self.piece(&record)?, blind, source })
    }

    /// All entries in order.
    pub fn entries(&self) -> impl Iterator<Item = Entry<'_>> {
        (0..self.length as u32).filter_map(|number| self.entry(number))
    }

    fn record(&self, number: usize) -> Option<Record> {
        let section = &self.bytes[self.sections.records.clone()];
        Record::read(section.get(number.checked_mul(RECORD)?..)?.get(..RECORD)?)
    }

    fn piece(&self, record: &Record) -> Option<Piece<'_>> {
        let section = &self.bytes[self.sections.pieces.clone()];
        let start = usize::try_from(record.start).ok()?;
        Piece::read(section.get(start..)?.get(..record.length as usize)?, record)
    }

    /// The invariants by elements of an entry.
    pub(super) fn resolved(&self, number: usize) -> Option<impl Iterator<Item = f32>> {
        let record = self.record(number)?;
        self.piece(&record).map(|piece| piece.resolved())
    }

    /// The bytes of the blind invariants of an entry that is there.
    pub(super) fn blind(&self, number: usize) -> &[u8] {
        &self.bytes[self.sections.blind.start + number * BLIND..][..BLIND]
    }

    fn key(&self, number: usize) -> (u64, u64) {
        let start = self.sections.keys.start + number * KEY;
        (number_at(&self.bytes[start..]), number_at(&self.bytes[start + 8..]))
    }

    fn system_count(&self) -> usize {
        self.sections.systems.len() / SYSTEM
    }

    fn system(&self, place: usize) -> u128 {
        let bytes = &self.bytes[self.sections.systems.start + place * SYSTEM..];
        u128::from(number_at(bytes)) | u128::from(number_at(&bytes[8..])) << 64
    }

    fn system_entry(&self, place: usize) -> u32 {
        let bytes = &self.bytes[self.sections.systems.start + place * SYSTEM + 16..];
        u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
    }

    /// Entries of an anonymous formula.
    pub(super) fn of_anonymous(&self, key: u64) -> Range<usize> {
        let from = first(0..self.length, |number| self.key(number).0 < key);
        from..first(from..self.length, |number| self.key(number).0 <= key)
    }

    /// Entries of a composition.
    pub(super) fn of_composition(&self, key: (u64, u64)) -> Range<usize> {
        let from = first(0..self.length, |number| self.key(number) < key);
        from..first(from..self.length, |number| self.key(number) <= key)
    }

    /// Entries that stand under a set of elements.
    pub(super) fn of_system(&self, set: u128) -> impl Iterator<Item = u32> {
        let count = self.system_count();
        let from = first(0..count, |place| self.system(place) < set);
        (from..count)
            .take_while(move |&place| self.system(place) == set)
            .map(|place| self.system_entry(place))
    }
}

fn number_at(bytes: &[u8]) -> u64 {
    bytes.first_chunk().copied().map_or(0, u64::from_le_bytes)
}

/// The first place of a range where `below` is no longer true, by halving.
fn first(range: Range<usize>, below: impl Fn(usize) -> bool) -> usize {
    let (mut low, mut high) = (range.start, range.end);
    while low < high {
        let middle = low + (high - low) / 2;
        if below(middle) { low = middle + 1 } else { high = middle }
    }
    low
}

//! The layout of the file.
//!
//! Little endian throughout. A header of [`HEADER`] bytes, then the sections without gaps, then
//! the CRC-32 of all that:
//!
//! | section | bytes | content |
//! |---|---|---|
//! | description | as in the header | JSON: reduction, invariants, sources |
//! | keys | 16 an entry | anonymous formula, composition; ascending |
//! | records | 32 an entry | place of the piece, source, numbers |
//! | blind | 64 an entry | invariants for all sites alike |
//! | systems | 20 each | set of elements, entry; ascending |
//! | pieces | as in the header | id, composition, invariants, pattern |
//!
//! A packed file has the header and the description, followed by one compressed stream (see `packed`).
//!
//! CRC-32 and not SHA-256: the whole file is checked whenever it is opened, against truncation and bad
//! disks and not against forgers. crc32fast (MIT or Apache-2.0, the one that flate2 uses) does several
//! GB/s a core where SHA-256 does about 0.5.

use std::ops::Range;

use druse_datasets::bytes::Cursor;
use rayon::prelude::*;

pub const MAGIC: &[u8; 8] = b"DRUSEIDX";
pub const VERSION: u32 = 1;
pub const HEADER: usize = 64;
pub const KEY: usize = 16;
pub const RECORD: usize = 32;
pub const BLIND: usize = 64;
pub const SYSTEM: usize = 20;
pub const CHECKSUM: usize = 4;

/// How the entries are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Sections that can be used where they are.
    Plain,
    /// One compressed stream.
    Packed,
}

/// Numbers at the begin of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    pub kind: Kind,
    pub entries: usize,
    pub systems: usize,
    pub description: usize,
    /// Bytes of the pieces, or of the compressed stream.
    pub pieces: usize,
}

/// Places of the sections of a plain file.
#[derive(Clone, Debug)]
pub struct Sections {
    pub keys: Range<usize>,
    pub records: Range<usize>,
    pub blind: Range<usize>,
    pub systems: Range<usize>,
    pub pieces: Range<usize>,
}

impl Header {
    pub fn to_bytes(self) -> [u8; HEADER] {
        let mut bytes = [0; HEADER];
        let kind: u32 = if self.kind == Kind::Packed { 1 } else { 0 };
        let mut place = 0;
        let mut put = |part: &[u8]| {
            bytes[place..place + part.len()].copy_from_slice(part);
            place += part.len();
        };
        put(MAGIC);
        put(&VERSION.to_le_bytes());
        put(&kind.to_le_bytes());
        for number in [self.entries, self.systems, self.description, self.pieces] {
            put(&(number as u64).to_le_bytes());
        }
        bytes
    }

    /// Reads the header and checks version, length and checksum of the file.
    pub fn read(bytes: &[u8]) -> Result<Self, String> {
        let short = || format!("{} bytes, a header has {HEADER}", bytes.len());
        let mut cursor = Cursor(bytes);
        if cursor.take(MAGIC.len()) != Some(MAGIC) {
            return Err("it does not begin with DRUSEIDX".to_owned());
        }
        let version = cursor.u32().ok_or_else(short)?;
        if version != VERSION {
            return Err(format!("format version {version}, expected {VERSION}; build it again"));
        }
        let kind = match cursor.u32().ok_or_else(short)? {
            0 => Kind::Plain,
            1 => Kind::Packed,
            other => return Err(format!("kind of file {other}, expected 0 or 1")),
        };
        let mut numbers = [0; 4];
        for number in &mut numbers {
            *number = cursor.place().ok_or_else(short)?;
        }
        let [entries, systems, description, pieces] = numbers;
        let header = Self { kind, entries, systems, description, pieces };
        let expected = header.length().ok_or("lengths in the header are impossible")?;
        if bytes.len() != expected {
            return Err(format!("{} bytes, expected {expected}: the file is not whole", bytes.len()));
        }
        let (content, end) = bytes.split_at(bytes.len() - CHECKSUM);
        let stored = Cursor(end).u32().ok_or_else(short)?;
        let found = checksum(content);
        if found != stored {
            return Err(format!("checksum {found:08x}, expected {stored:08x}: the file is damaged"));
        }
        Ok(header)
    }

    /// Bytes of the whole file; `None` when that overflows.
    fn length(&self) -> Option<usize> {
        let (entry, system) = match self.kind {
            Kind::Plain => (KEY + RECORD + BLIND, SYSTEM),
            Kind::Packed => (0, 0),
        };
        HEADER
            .checked_add(self.description)?
            .checked_add(self.entries.checked_mul(entry)?)?
            .checked_add(self.systems.checked_mul(system)?)?
            .checked_add(self.pieces)?
            .checked_add(CHECKSUM)
    }

    /// Place of the description.
    pub fn description(&self) -> Range<usize> {
        HEADER..HEADER + self.description
    }

    /// Places of the sections of a plain file that [`Self::read`] found whole.
    pub fn sections(&self) -> Sections {
        let mut end = HEADER + self.description;
        let mut next = |length: usize| {
            let start = end;
            end += length;
            start..end
        };
        Sections {
            keys: next(self.entries * KEY),
            records: next(self.entries * RECORD),
            blind: next(self.entries * BLIND),
            systems: next(self.systems * SYSTEM),
            pieces: next(self.pieces),
        }
    }
}

/// CRC-32, computed in parts side by side.
fn checksum(bytes: &[u8]) -> u32 {
    let parts: Vec<crc32fast::Hasher> = bytes
        .par_chunks(1 << 22)
        .map(|part| {
            let mut hasher = crc32fast::Hasher::new();
            hasher.update(part);
            hasher
        })
        .collect();
    let mut whole = crc32fast::Hasher::new();
    parts.iter().for_each(|part| whole.combine(part));
    whole.finalize()
}

/// The fixed numbers of an entry.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Record {
    /// Place of the piece in its section.
    pub start: u64,
    pub length: u32,
    pub source: u16,
    /// Bytes of the id.
    pub id: u16,
    /// Sites of the cell as given.
    pub sites: u32,
    /// Å^3.
    pub volume_per_site: f32,
    /// Number of elements.
    pub elements: u8,
    /// Whether a pattern is there.
    pub exact: bool,
}

impl Record {
    pub fn to_bytes(self) -> [u8; RECORD] {
        let mut bytes = [0; RECORD];
        bytes[..8].copy_from_slice(&self.start.to_le_bytes());
        bytes[8..12].copy_from_slice(&self.length.to_le_bytes());
        bytes[12..14].copy_from_slice(&self.source.to_le_bytes());
        bytes[14..16].copy_from_slice(&self.id.to_le_bytes());
        bytes[16..20].copy_from_slice(&self.sites.to_le_bytes());
        bytes[20..24].copy_from_slice(&self.volume_per_site.to_le_bytes());
        bytes[24] = self.elements;
        bytes[25] = self.exact.into();
        bytes
    }

    pub fn read(bytes: &[u8]) -> Option<Self> {
        let mut cursor = Cursor(bytes);
        Some(Self {
            start: cursor.u64()?,
            length: cursor.u32()?,
            source: cursor.u16()?,
            id: cursor.u16()?,
            sites: cursor.u32()?,
            volume_per_site: cursor.f32()?,
            elements: cursor.u8()?,
            exact: cursor.u8()? != 0,
        })
    }
}

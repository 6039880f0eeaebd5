//! Small files of invariants alone.
//!
//! Numbers are rounded to bytes by [`Invariants::quantise`] and written as differences between
//! neighbouring k, each k for all entries together, so that deflate finds few different bytes in one
//! place. Ids are written without what they share with the one before.

use std::io::{self, Read, Write};

use druse_datasets::bytes::Cursor;
use druse_representations::{Composition, Element};
use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;

use super::keys::{Amount, Keys};
use super::layout::{Header, Kind, Record};
use super::piece::{self, Piece, invariants, resolved_count};
use super::writer::{self, Held};
use crate::fingerprint::Invariants;

/// Set beside the atomic number of an element that shares a site.
const MIXED: u8 = 0x80;
const BLIND_COUNT: usize = Invariants::BLIND_K.len();
const RESOLVED_COUNT: usize = Invariants::RESOLVED_K.len();

/// The stream of entries.
pub(super) fn pack(held: &[Held], spool: &[u8]) -> io::Result<Vec<u8>> {
    let mut planes = Planes::default();
    let mut before = "";
    for known in held {
        let piece = Piece::read(known.piece(spool), &known.record);
        let amounts = piece.and_then(|piece| piece.amounts().map(|amounts| (piece, amounts)));
        let (piece, amounts) = amounts.ok_or(io::ErrorKind::InvalidData)?;
        planes.entry(before, &known.record, &piece, &amounts, known.blind(spool));
        before = &known.id;
    }
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    for plane in planes.all() {
        encoder.write_all(&(plane.len() as u64).to_le_bytes())?;
        encoder.write_all(plane)?;
    }
    encoder.finish()
}

/// Bytes of one kind each.
#[derive(Default)]
struct Planes {
    source: Vec<u8>,
    /// Bytes that an id shares with the one before, and bytes that follow.
    shared: Vec<u8>,
    rest: Vec<u8>,
    id: Vec<u8>,
    count: Vec<u8>,
    element: Vec<u8>,
    amount: Vec<u8>,
    sites: Vec<u8>,
    volume: [Vec<u8>; 3],
    blind: [Vec<u8>; BLIND_COUNT],
    resolved: [Vec<u8>; RESOLVED_COUNT],
}

impl Planes {
    fn all(&self) -> impl Iterator<Item = &Vec<u8>> {
        [
            &self.source,
            &self.shared,
            &self.rest,
            &self.id,
            &self.count,
            &self.element,
            &self.amount,
            &self.sites,
        ]
        .into_iter()
        .chain(&self.volume)
        .chain(&self.blind)
        .chain(&self.resolved)
    }

    fn entry(&mut self, before: &str, record: &Record, piece: &Piece, amounts: &[Amount], blind: &[u8]) {
        whole(record.source.into(), &mut self.source);
        let pairs = before.bytes().zip(piece.id.bytes());
        let shared = pairs.take_while(|(x, y)| x == y).count();
        whole(shared as u64, &mut self.shared);
        whole((piece.id.len() - shared) as u64, &mut self.rest);
        self.id.extend_from_slice(&piece.id.as_bytes()[shared..]);
        self.count.push(record.elements);
        for known in amounts {
            self.element.push(known.element.atomic_number() | if known.mixed { MIXED } else { 0 });
            if known.amount.fract() == 0.0 && known.amount < 1e9 {
                whole(known.amount as u64 * 2, &mut self.amount);
            } else {
                whole(1, &mut self.amount);
                self.amount.extend_from_slice(&known.amount.to_le_bytes());
            }
        }
        whole(record.sites.into(), &mut self.sites);
        // The last 8 bits are rounded away: 1 in 65536.
        let volume = (record.volume_per_site.to_bits() + 0x80) >> 8;
        for (plane, byte) in self.volume.iter_mut().zip(volume.to_le_bytes()) {
            plane.push(byte);
        }
        let composition = composition(amounts);
        let bytes = invariants(amounts, piece, blind).quantise(&composition);
        let (blind, resolved) = bytes.split_at(BLIND_COUNT);
        columns(blind, &mut self.blind);
        columns(resolved, &mut self.resolved);
    }
}

fn composition(amounts: &[Amount]) -> Composition {
    amounts.iter().map(|known| (known.element, known.amount)).collect()
}

/// Appends groups of bytes, one byte to each column, as differences to the byte before.
fn columns(bytes: &[u8], columns: &mut [Vec<u8>]) {
    for group in bytes.chunks(columns.len()) {
        let mut before = 0;
        for (column, &byte) in columns.iter_mut().zip(group) {
            column.push(byte.wrapping_sub(before));
            before = byte;
        }
    }
}

/// Appends a whole number in groups of seven bits, the lowest first.
fn whole(mut x: u64, out: &mut Vec<u8>) {
    while x >= 0x80 {
        out.push(x as u8 | 0x80);
        x >>= 7;
    }
    out.push(x as u8);
}

fn read_whole(cursor: &mut Cursor) -> Option<u64> {
    let mut x = 0;
    for shift in (0..63).step_by(7) {
        let byte = cursor.u8()?;
        x |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(x);
        }
    }
    None
}

/// The bytes of a plain file with the same entries.
pub(super) fn unpack(bytes: &[u8], header: &Header) -> Result<Vec<u8>, String> {
    let description = &bytes[header.description()];
    let stream = &bytes[header.description().end..][..header.pieces];
    let mut inflated = Vec::new();
    DeflateDecoder::new(stream)
        .read_to_end(&mut inflated)
        .map_err(|error| format!("its entries: {error}"))?;
    let (held, spool) = entries(&inflated, header.entries).ok_or("its entries are impossible")?;
    let mut plain = Vec::new();
    writer::write(Kind::Plain, description, held, &spool, &mut plain).map_err(|error| error.to_string())?;
    Ok(plain)
}

fn entries(inflated: &[u8], count: usize) -> Option<(Vec<Held>, Vec<u8>)> {
    let mut stream = Cursor(inflated);
    let mut plane = || {
        let length = stream.place()?;
        stream.take(length).map(Cursor)
    };
    let mut source = plane()?;
    let mut shared = plane()?;
    let mut rest = plane()?;
    let mut ids = plane()?;
    let mut counts = plane()?;
    let mut elements = plane()?;
    let mut amount = plane()?;
    let mut sites = plane()?;
    let mut volume = [plane()?, plane()?, plane()?];
    let mut blind: Vec<Cursor> = (0..BLIND_COUNT).map(|_| plane()).collect::<Option<_>>()?;
    let mut resolved: Vec<Cursor> = (0..RESOLVED_COUNT).map(|_| plane()).collect::<Option<_>>()?;
    let (mut held, mut spool) = (Vec::new(), Vec::new());
    let (mut id, mut bytes) = (Vec::new(), Vec::new());
    for _ in 0..count {
        id.truncate(read_whole(&mut shared)? as usize);
        id.extend_from_slice(ids.take(read_whole(&mut rest)? as usize)?);
        let text = std::str::from_utf8(&id).ok()?;
        let mut one = || {
            let z = elements.u8()?;
            let amount = match read_whole(&mut amount)? {
                1 => amount.f64()?,
                twice => (twice / 2) as f64,
            };
            Some(Amount { element: Element::from_atomic_number(z & !MIXED)?, amount, mixed: z & MIXED != 0 })
        };
        let number = counts.u8()?;
        let amounts: Vec<Amount> = (0..number).map(|_| one()).collect::<Option<_>>()?;
        bytes.clear();
        group(&mut blind, &mut bytes)?;
        for _ in 0..resolved_count(number.into()) / RESOLVED_COUNT {
            group(&mut resolved, &mut bytes)?;
        }
        let invariants = Invariants::dequantise(&bytes, &composition(&amounts))?;
        let place = spool.len();
        piece::write(text, &amounts, &invariants.resolved, None, &mut spool);
        let length = (spool.len() - place) as u32;
        spool.extend(invariants.blind.iter().flat_map(|x| x.to_le_bytes()));
        let [x, y, z] = &mut volume;
        let volume = u32::from_le_bytes([x.u8()?, y.u8()?, z.u8()?, 0]) << 8;
        let record = Record {
            start: 0,
            length,
            source: read_whole(&mut source)?.try_into().ok()?,
            id: text.len().try_into().ok()?,
            sites: read_whole(&mut sites)?.try_into().ok()?,
            volume_per_site: f32::from_bits(volume),
            elements: number,
            exact: false,
        };
        held.push(Held { id: text.into(), keys: Keys::of(&amounts), record, place: place as u64 });
    }
    Some((held, spool))
}

/// Reads one byte of each column.
fn group(columns: &mut [Cursor], out: &mut Vec<u8>) -> Option<()> {
    let mut byte = 0_u8;
    for column in columns {
        byte = byte.wrapping_add(column.u8()?);
        out.push(byte);
    }
    Some(())
}

//! Writing the sections in their order.

use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::sync::Arc;

use super::keys::Keys;
use super::layout::{BLIND, Header, Kind, Record};
use super::packed;

/// An entry whose piece and blind invariants lie one after the other at `place` of a spool.
pub(super) struct Held {
    pub id: Arc<str>,
    pub keys: Keys,
    pub record: Record,
    pub place: u64,
}

impl Held {
    pub fn piece<'a>(&self, spool: &'a [u8]) -> &'a [u8] {
        &spool[self.place as usize..][..self.record.length as usize]
    }

    pub fn blind<'a>(&self, spool: &'a [u8]) -> &'a [u8] {
        &spool[self.place as usize + self.record.length as usize..][..BLIND]
    }
}

/// Counts the checksum of what passes through.
struct Summed<'a> {
    out: &'a mut dyn Write,
    hasher: crc32fast::Hasher,
}

impl Write for Summed<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.out.write(bytes)?;
        self.hasher.update(&bytes[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Writes a file of either kind.
pub(super) fn write(
    kind: Kind,
    description: &[u8],
    mut held: Vec<Held>,
    spool: &[u8],
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(1 << 20, Summed { out, hasher: crc32fast::Hasher::new() });
    match kind {
        Kind::Plain => {
            held.sort_unstable_by(|x, y| {
                let key = |held: &Held| (held.keys.formula, held.record.source, held.id.len());
                key(x).cmp(&key(y)).then_with(|| x.id.cmp(&y.id))
            });
            plain(description, &held, spool, &mut out)?;
        }
        Kind::Packed => {
            // Ids that follow each other differ in few digits.
            held.sort_unstable_by(|x, y| {
                let key = |held: &Held| (held.record.source, held.id.len());
                key(x).cmp(&key(y)).then_with(|| x.id.cmp(&y.id))
            });
            let stream = packed::pack(&held, spool)?;
            let (entries, description_length) = (held.len(), description.len());
            let pieces = stream.len();
            let header = Header { kind, entries, systems: 0, description: description_length, pieces };
            out.write_all(&header.to_bytes())?;
            out.write_all(description)?;
            out.write_all(&stream)?;
        }
    }
    out.flush()?;
    let checksum = out.get_ref().hasher.clone().finalize();
    out.write_all(&checksum.to_le_bytes())?;
    out.flush()
}

fn plain(description: &[u8], held: &[Held], spool: &[u8], out: &mut dyn Write) -> io::Result<()> {
    let mut systems: Vec<(u128, u32)> = Vec::with_capacity(held.len());
    for (entry, known) in held.iter().enumerate() {
        systems.extend(known.keys.systems().map(|system| (system, entry as u32)));
    }
    systems.sort_unstable();
    let pieces: usize = held.iter().map(|known| known.record.length as usize).sum();
    let (entries, description_length) = (held.len(), description.len());
    let header = Header {
        kind: Kind::Plain,
        entries,
        systems: systems.len(),
        description: description_length,
        pieces,
    };
    out.write_all(&header.to_bytes())?;
    out.write_all(description)?;
    for Held { keys, .. } in held {
        out.write_all(&keys.formula.0.to_le_bytes())?;
        out.write_all(&keys.formula.1.to_le_bytes())?;
    }
    let mut start = 0;
    for known in held {
        out.write_all(&Record { start, ..known.record }.to_bytes())?;
        start += u64::from(known.record.length);
    }
    for known in held {
        out.write_all(known.blind(spool))?;
    }
    for (system, entry) in systems {
        out.write_all(&system.to_le_bytes())?;
        out.write_all(&entry.to_le_bytes())?;
    }
    for known in held {
        out.write_all(known.piece(spool))?;
    }
    Ok(())
}

/// Writes a file beside its place and renames it.
pub(super) fn replace(path: &Path, emit: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let target = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    builder.prefix(".druse-");
    // Others may read the index too.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644));
    let mut file = builder.tempfile_in(folder)?;
    emit(file.as_file_mut())?;
    file.as_file().sync_all()?;
    file.persist(&target)?;
    Ok(())
}

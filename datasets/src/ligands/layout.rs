//! The layout of the file, as `scripts/metalig.py` writes and describes it.

use std::ops::Range;

use druse_representations::Element;

use crate::bytes::Cursor;

pub const MAGIC: &[u8; 8] = b"DRUSELIG";
pub const VERSION: u32 = 1;
pub const HEADER: usize = 128;
pub const INDEX: usize = 48;
pub const METAL: usize = 8;
pub const DISTANCE: usize = 24;
/// Most sites in an index record.
pub const SITES: usize = 12;
/// Oxidation state that is not known.
const UNKNOWN_STATE: i8 = -128;

/// An oxidation state, where it is known.
pub fn state(cursor: &mut Cursor) -> Option<Option<i32>> {
    cursor.i8().map(|state| (state != UNKNOWN_STATE).then_some(state.into()))
}

/// The sections of the file and how many records each has.
#[derive(Clone, Debug)]
pub struct Header {
    pub ligands: usize,
    pub archetypes: usize,
    pub index: Range<usize>,
    pub metals: Range<usize>,
    pub distances: Range<usize>,
    pub names: Range<usize>,
    pub data: Range<usize>,
    /// SHA-256 of the wheel that the ligands come from.
    pub source: [u8; 32],
}

impl Header {
    /// Reads the header and checks that the sections fill the file exactly.
    pub fn read(bytes: &[u8]) -> Result<Self, String> {
        let short = || format!("{} bytes, a header has {HEADER}", bytes.len());
        let mut cursor = Cursor(bytes.get(..HEADER).ok_or_else(short)?);
        if cursor.take(MAGIC.len()) != Some(MAGIC) {
            return Err("it does not begin with DRUSELIG".to_owned());
        }
        let version = cursor.u32().ok_or_else(short)?;
        if version != VERSION {
            return Err(format!("layout {version}, expected {VERSION}"));
        }
        let mut counts = [0; 5];
        for count in &mut counts {
            *count = cursor.u32().ok_or_else(short)? as usize;
        }
        let [ligands, metals, distances, archetypes, _] = counts;
        let mut places = [0; 6];
        for place in &mut places {
            *place = cursor.place().ok_or_else(short)?;
        }
        let mut source = [0; 32];
        source.copy_from_slice(cursor.take(32).ok_or_else(short)?);
        let [at_index, at_metals, at_distances, at_names, at_data, end] = places;
        if end != bytes.len() {
            return Err(format!("{} bytes, expected {end}", bytes.len()));
        }
        let header = Self {
            ligands,
            archetypes,
            index: at_index..at_metals,
            metals: at_metals..at_distances,
            distances: at_distances..at_names,
            names: at_names..at_data,
            data: at_data..end,
            source,
        };
        let sizes = [
            ("index", &header.index, ligands, INDEX),
            ("metals", &header.metals, metals, METAL),
            ("distances", &header.distances, distances, DISTANCE),
        ];
        for (name, range, count, size) in sizes {
            if range.end.checked_sub(range.start) != count.checked_mul(size) || range.end > end {
                return Err(format!(
                    "section '{name}' from {} to {} for {count} records",
                    range.start, range.end
                ));
            }
        }
        if at_index != HEADER || at_names > at_data || at_data > end {
            return Err("its sections do not follow each other".to_owned());
        }
        Ok(header)
    }
}

/// A record of the index.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    pub data: usize,
    pub length: usize,
    pub occurrences: u32,
    pub first_metal: usize,
    pub metals: usize,
    pub atoms: usize,
    pub bonds: usize,
    pub charge: i8,
    pub denticity: usize,
    pub archetype: usize,
    pub flags: u8,
    pub metal: Element,
    pub state: Option<i32>,
    pub sites: [u8; SITES],
}

impl Entry {
    /// Reads one record; `None` when a number in it is impossible by itself.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let mut cursor = Cursor(bytes);
        Some(Self {
            data: cursor.place()?,
            length: cursor.u32()? as usize,
            occurrences: cursor.u32()?,
            first_metal: cursor.u32()? as usize,
            metals: cursor.u16()?.into(),
            atoms: cursor.u16()?.into(),
            bonds: cursor.u16()?.into(),
            charge: i8::from_le_bytes([cursor.u8()?]),
            denticity: cursor.u8()?.into(),
            archetype: cursor.u8()?.into(),
            flags: cursor.u8()?,
            metal: cursor.element()?,
            state: state(&mut cursor)?,
            sites: cursor.array()?,
        })
    }

    /// Elements of the sites; `None` when a number is no element or there are too few or too many.
    pub fn site_elements(&self) -> Option<Vec<Element>> {
        let (used, unused) = self.sites.split_at_checked(self.denticity)?;
        let elements: Option<Vec<Element>> = used.iter().map(|&z| Element::from_atomic_number(z)).collect();
        elements.filter(|elements| !elements.is_empty() && unused.iter().all(|&z| z == 0))
    }
}

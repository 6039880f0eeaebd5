//! The bytes of one entry: id, composition, invariants by elements, pattern.

use druse_datasets::bytes::Cursor;
use druse_representations::nalgebra::Vector3;
use druse_representations::{Element, Lattice, Occupant};

use super::keys::Amount;
use super::layout::Record;
use crate::fingerprint::Invariants;
use crate::matching::{Cell, Pattern, Species};

/// Set beside the atomic number of an element that shares a site.
const MIXED: u8 = 0x80;
/// Bytes of an element with its amount.
const AMOUNT: usize = 9;
/// Coordinates are stored in steps of 2^-32: 5e-9 Å in a cell of 20 Å.
const STEPS: f64 = 4_294_967_296.0;

/// Appends the piece of an entry.
pub(super) fn write(
    id: &str,
    amounts: &[Amount],
    resolved: &[f32],
    pattern: Option<&Pattern>,
    out: &mut Vec<u8>,
) {
    out.extend_from_slice(id.as_bytes());
    for known in amounts {
        out.push(known.element.atomic_number() | if known.mixed { MIXED } else { 0 });
        out.extend_from_slice(&known.amount.to_le_bytes());
    }
    out.extend(resolved.iter().flat_map(|x| x.to_le_bytes()));
    if let Some(pattern) = pattern {
        write_pattern(pattern, out);
    }
}

/// Number of invariants by elements.
pub(super) fn resolved_count(elements: usize) -> usize {
    elements * elements * Invariants::RESOLVED_K.len()
}

/// The parts of a piece.
#[derive(Clone, Copy)]
pub(super) struct Piece<'a> {
    pub id: &'a str,
    amounts: &'a [u8],
    resolved: &'a [u8],
    pattern: &'a [u8],
}

impl<'a> Piece<'a> {
    /// Takes a piece apart; `None` when it is too short, or its id no text.
    pub fn read(bytes: &'a [u8], record: &Record) -> Option<Self> {
        let mut cursor = Cursor(bytes);
        let elements = usize::from(record.elements);
        let id = std::str::from_utf8(cursor.take(record.id.into())?).ok()?;
        let amounts = cursor.take(elements * AMOUNT)?;
        let resolved = cursor.take(resolved_count(elements) * 4)?;
        Some(Self { id, amounts, resolved, pattern: cursor.0 })
    }

    /// Elements with their amounts; `None` when one is no element or has no amount.
    pub fn amounts(&self) -> Option<Vec<Amount>> {
        let one = |bytes: &[u8]| {
            let mut cursor = Cursor(bytes);
            let z = cursor.u8()?;
            let element = Element::from_atomic_number(z & !MIXED)?;
            let amount = cursor.f64().filter(|x| *x > 0.0 && x.is_finite())?;
            Some(Amount { element, amount, mixed: z & MIXED != 0 })
        };
        self.amounts.chunks_exact(AMOUNT).map(one).collect()
    }

    /// Invariants by elements.
    pub fn resolved(&self) -> impl Iterator<Item = f32> + use<'a> {
        floats(self.resolved)
    }

    /// The pattern; `None` without one, or when it is impossible.
    pub fn pattern(&self) -> Option<Pattern> {
        if self.pattern.is_empty() { None } else { read_pattern(self.pattern) }
    }

    /// The bytes of the pattern.
    pub fn pattern_bytes(&self) -> &'a [u8] {
        self.pattern
    }
}

/// The invariants of an entry.
pub(super) fn invariants(amounts: &[Amount], piece: &Piece, blind_bytes: &[u8]) -> Invariants {
    let mut blind = [0.0; Invariants::BLIND_K.len()];
    blind.iter_mut().zip(floats(blind_bytes)).for_each(|(number, x)| *number = x);
    let elements = amounts.iter().map(|known| known.element).collect();
    Invariants { elements, resolved: piece.resolved().collect(), blind }
}

/// Numbers from their bytes.
pub(super) fn floats(bytes: &[u8]) -> impl Iterator<Item = f32> + use<'_> {
    bytes.chunks_exact(4).map(|chunk| f32::from_le_bytes([chunk[0], chunk[1], chunk[2], chunk[3]]))
}

fn write_pattern(pattern: &Pattern, out: &mut Vec<u8>) {
    out.extend_from_slice(&(pattern.species.len() as u16).to_le_bytes());
    for species in &pattern.species {
        out.push(species.len() as u8);
        for occupant in species {
            out.push(occupant.element.atomic_number());
            out.extend_from_slice(&occupant.occupancy.to_le_bytes());
        }
    }
    write_cell(&pattern.given, out);
    if let Some(primitive) = &pattern.primitive {
        write_cell(primitive, out);
    }
}

fn write_cell(cell: &Cell, out: &mut Vec<u8>) {
    out.extend_from_slice(&(cell.kinds.len() as u32).to_le_bytes());
    out.extend(cell.lattice.rows().as_flattened().iter().flat_map(|x| x.to_le_bytes()));
    out.extend(cell.kinds.iter().flat_map(|kind| kind.to_le_bytes()));
    for x in cell.frac.iter().flat_map(|frac| frac.iter()) {
        // 1 is 0 again.
        let steps = ((x - x.floor()) * STEPS).round() as u64 as u32;
        out.extend_from_slice(&steps.to_le_bytes());
    }
}

fn read_pattern(bytes: &[u8]) -> Option<Pattern> {
    let mut cursor = Cursor(bytes);
    let count = cursor.u16()?;
    let species: Option<Vec<Species>> = (0..count).map(|_| read_species(&mut cursor)).collect();
    let species = species?;
    let given = read_cell(&mut cursor, species.len())?;
    let primitive = if cursor.0.is_empty() { None } else { Some(read_cell(&mut cursor, species.len())?) };
    cursor.0.is_empty().then_some(Pattern { species, given, primitive })
}

fn read_species(cursor: &mut Cursor) -> Option<Species> {
    let count = cursor.u8()?;
    let one = |_| {
        let element = Element::from_atomic_number(cursor.u8()?)?;
        let occupancy = cursor.f64().filter(|x| *x > 0.0 && x.is_finite())?;
        Some(Occupant { element, occupancy })
    };
    (0..count).map(one).collect::<Option<Species>>().filter(|species| !species.is_empty())
}

fn read_cell(cursor: &mut Cursor, species: usize) -> Option<Cell> {
    let count = cursor.u32()? as usize;
    let mut rows = [[0.0; 3]; 3];
    for x in rows.as_flattened_mut() {
        *x = cursor.f64()?;
    }
    let lattice = Lattice::from_rows(rows);
    let volume = lattice.volume();
    let kinds = cursor.take(count.checked_mul(2)?)?;
    let kinds: Vec<u16> = kinds.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
    let mut steps = Cursor(cursor.take(count.checked_mul(12)?)?);
    let frac: Option<Vec<Vector3<f64>>> = (0..count)
        .map(|_| {
            let mut coordinate = || steps.u32().map(|x| f64::from(x) / STEPS);
            Some(Vector3::new(coordinate()?, coordinate()?, coordinate()?))
        })
        .collect();
    let possible = count > 0
        && volume > 0.0
        && volume.is_finite()
        && kinds.iter().all(|&kind| usize::from(kind) < species);
    possible.then_some(Cell { lattice, kinds, frac: frac? })
}

//! Reading a table of reference energies.

use std::io::Read;
use std::path::Path;
use std::sync::LazyLock;

use druse_representations::{Composition, Element};
use sha2::{Digest, Sha256};

use super::{MAGIC, ReferenceError, ReferenceHeader};
use crate::bytes::hexadecimal;
use crate::entries::ComputedEntry;

/// One row of a table.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReferenceRow<'a> {
    /// Id in the source.
    pub id: &'a str,
    /// Reduced formula as [`Composition::reduced_formula`] writes it.
    pub formula: &'a str,
    /// Number of the space group; `None` when it was not determined.
    pub space_group: Option<u8>,
    /// Atoms of the computed cell.
    pub atoms: u32,
    /// Energy (eV/atom); the enthalpy in a table under pressure.
    pub energy_per_atom: f64,
}

impl ReferenceRow<'_> {
    /// The row as a computed entry: the composition of the cell and its energy or enthalpy (eV).
    ///
    /// # Errors
    /// When the formula is none.
    pub fn entry(&self) -> Result<ComputedEntry, ReferenceError> {
        let bad = |reason: String| ReferenceError::BadRow { id: self.id.to_owned(), reason };
        let reduced: Composition = self
            .formula
            .parse()
            .map_err(|e: druse_representations::composition::FormulaError| bad(e.to_string()))?;
        let units = f64::from(self.atoms) / reduced.atom_count();
        Ok(ComputedEntry {
            id: self.id.to_owned(),
            composition: reduced.iter().map(|(element, amount)| (element, amount * units)).collect(),
            energy: self.energy_per_atom * f64::from(self.atoms),
            correction: 0.0,
            e_above_hull: None,
            e_form_per_atom: None,
        })
    }
}

/// Place of a row in the text and its numbers.
#[derive(Clone, Debug)]
struct Packed {
    start: u32,
    id_length: u16,
    formula_length: u16,
    atoms: u32,
    space_group: u8,
    energy_per_atom: f64,
    /// Bit Z is set for every element of the formula.
    elements: u128,
}

/// A table of reference energies, held as its text plus 48 bytes a row.
#[derive(Clone, Debug)]
pub struct ReferenceTable {
    header: ReferenceHeader,
    checksum: String,
    text: String,
    rows: Vec<Packed>,
}

/// A table of the program. A test reads it, so failing here is a bug.
fn built_in(bytes: &[u8], name: &str) -> Option<ReferenceTable> {
    let table = ReferenceTable::from_bytes(bytes, name).expect("shipped tables are well formed");
    (!table.is_empty()).then_some(table)
}

static CHGNET: LazyLock<Option<ReferenceTable>> = LazyLock::new(|| {
    let bytes = include_bytes!("../../data/reference_chgnet_0.3.0.csv.gz");
    built_in(bytes, "data/reference_chgnet_0.3.0.csv.gz")
});

static SEVENNET: LazyLock<Option<ReferenceTable>> = LazyLock::new(|| {
    let bytes = include_bytes!("../../data/reference_sevennet_l3i5.csv.gz");
    built_in(bytes, "data/reference_sevennet_l3i5.csv.gz")
});

/// Potentials whose energies come with druse, and their tables.
static TABLES: [(&str, &LazyLock<Option<ReferenceTable>>); 2] =
    [("chgnet-0.3.0", &CHGNET), ("sevennet-l3i5", &SEVENNET)];

impl ReferenceTable {
    /// Names of the potentials whose energies come with druse.
    pub fn shipped_models() -> [&'static str; 2] {
        TABLES.map(|(name, _)| name)
    }

    /// The table of CHGNet 0.3.0 that comes with druse; `None` when this build carries none.
    pub fn shipped() -> Option<&'static Self> {
        CHGNET.as_ref()
    }

    /// The table that comes with druse for energies of this potential, with corrections where they need some.
    pub fn shipped_for(potential: &str) -> Option<&'static Self> {
        TABLES.iter().find(|(name, _)| *name == potential).and_then(|(_, table)| table.as_ref())
    }

    /// Reads a table from a file.
    ///
    /// # Errors
    /// Names the file, the line, what was found and what was expected.
    pub fn read(path: &Path) -> Result<Self, ReferenceError> {
        let bytes = std::fs::read(path).map_err(|source| ReferenceError::File {
            action: "read",
            path: path.to_owned(),
            source,
        })?;
        Self::from_bytes(&bytes, &path.display().to_string())
    }

    /// Reads a table from the bytes of a file, gzip-compressed or plain; `origin` names it in
    /// errors.
    ///
    /// # Errors
    /// Names the origin, the line, what was found and what was expected.
    pub fn from_bytes(bytes: &[u8], origin: &str) -> Result<Self, ReferenceError> {
        let content = |found: String, expected: &str| ReferenceError::Content {
            origin: origin.to_owned(),
            line: 1,
            found,
            expected: expected.to_owned(),
        };
        let mut text = String::new();
        if bytes.starts_with(&[0x1f, 0x8b]) {
            flate2::read::MultiGzDecoder::new(bytes)
                .read_to_string(&mut text)
                .map_err(|e| content(e.to_string(), "gzip-compressed UTF-8 text"))?;
        } else {
            let plain = std::str::from_utf8(bytes).map_err(|e| content(e.to_string(), "UTF-8 text"))?;
            plain.clone_into(&mut text);
        }
        if u32::try_from(text.len()).is_err() {
            return Err(content(format!("{} bytes", text.len()), "less than 4 GiB"));
        }
        let checksum = hexadecimal(Sha256::digest(&text));
        let mut table =
            Self { header: ReferenceHeader::default(), checksum, text: String::new(), rows: Vec::new() };
        let (body, count) = table.read_header(&text, origin)?;
        table.read_rows(&text, body, origin)?;
        if table.len() != count {
            return Err(content(
                format!("{} rows", table.len()),
                &format!("{count} rows, as the header says"),
            ));
        }
        table.text = text;
        Ok(table)
    }

    /// Reads the header; returns where the rows begin (byte, line) and how many there should be.
    fn read_header(&mut self, text: &str, origin: &str) -> Result<((usize, usize), usize), ReferenceError> {
        let mut count = None;
        let mut place = 0;
        for (index, line) in text.split_inclusive('\n').enumerate() {
            place += line.len();
            let line = line.trim_end();
            let error = |expected: &str| ReferenceError::Content {
                origin: origin.to_owned(),
                line: index + 1,
                found: format!("'{}'", line.chars().take(60).collect::<String>()),
                expected: expected.to_owned(),
            };
            if index == 0 {
                if line != MAGIC {
                    return Err(error(&format!("'{MAGIC}'")));
                }
            } else if line == self.header.columns() {
                let rows: usize = count.ok_or_else(|| error("a line '# count: N' before"))?;
                self.rows.reserve(rows.min(text.len() / 10));
                return Ok(((place, index + 2), rows));
            } else {
                let (key, value) = line
                    .strip_prefix("# ")
                    .and_then(|rest| rest.split_once(':'))
                    .ok_or_else(|| error(&format!("'# key: value' or '{}'", self.header.columns())))?;
                let value = value.trim();
                if key == "count" {
                    count = Some(value.parse().map_err(|_| error("'# count: N'"))?);
                } else if key == "pressure" {
                    let number = value.strip_suffix(" GPa").and_then(|number| number.parse::<f64>().ok());
                    self.header.pressure = number
                        .filter(|number| number.is_finite() && *number > 0.0)
                        .ok_or_else(|| error("a pressure above 0 such as '# pressure: 20 GPa'"))?;
                } else if let Some(field) = self.header.field_mut(key) {
                    value.clone_into(field);
                } else {
                    return Err(error(
                        "a known key (model, model_hash, protocol, source, licence, date, pressure, count)",
                    ));
                }
            }
        }
        Err(ReferenceError::Content {
            origin: origin.to_owned(),
            line: text.lines().count().max(1),
            found: "the end of the file".to_owned(),
            expected: format!("'{}'", self.header.columns()),
        })
    }

    fn read_rows(&mut self, text: &str, body: (usize, usize), origin: &str) -> Result<(), ReferenceError> {
        let (mut place, first_line) = body;
        let mut last = ("", u8::MAX);
        for (index, whole) in text[place..].split_inclusive('\n').enumerate() {
            let line = whole.trim_end();
            let error = |found: &str, expected: &str| ReferenceError::Content {
                origin: origin.to_owned(),
                line: first_line + index,
                found: format!("'{found}'"),
                expected: expected.to_owned(),
            };
            let mut cells = line.split(',');
            let (Some(id), Some(formula), Some(space_group), Some(atoms), Some(energy), None) =
                (cells.next(), cells.next(), cells.next(), cells.next(), cells.next(), cells.next())
            else {
                return Err(error(line, &format!("five cells: {}", self.header.columns())));
            };
            let elements = element_set(formula).ok_or_else(|| error(formula, "a reduced formula"))?;
            let space_group = match space_group {
                "" => 0,
                number => match number.parse() {
                    Ok(number @ 1..=230) => number,
                    _ => return Err(error(number, "a space group from 1 to 230, or nothing")),
                },
            };
            let atoms = match atoms.parse() {
                Ok(number) if number > 0 => number,
                _ => return Err(error(atoms, "a number of atoms")),
            };
            let energy_per_atom = match energy.parse::<f64>() {
                Ok(value) if value.is_finite() => value,
                _ => return Err(error(energy, "an energy in eV/atom")),
            };
            if index > 0 && (formula, space_group) < last {
                return Err(error(line, "rows sorted by formula and space group"));
            }
            last = (formula, space_group);
            let (Ok(id_length), Ok(formula_length)) = (u16::try_from(id.len()), u16::try_from(formula.len()))
            else {
                return Err(error(id, "an id and a formula below 65536 bytes"));
            };
            self.rows.push(Packed {
                start: place as u32,
                id_length,
                formula_length,
                atoms,
                space_group,
                energy_per_atom,
                elements,
            });
            place += whole.len();
        }
        Ok(())
    }

    /// What the energies depend on and where the structures come from.
    pub fn header(&self) -> &ReferenceHeader {
        &self.header
    }

    /// SHA-256 of the uncompressed text, in hexadecimal digits.
    pub fn checksum(&self) -> &str {
        &self.checksum
    }

    /// Name of the table for the stamp of a result: model, source, enthalpies and their pressure where they are
    /// such, rows and checksum.
    pub fn reference(&self) -> String {
        let ReferenceHeader { model, source, pressure, .. } = &self.header;
        let quantity = if *pressure == 0.0 { String::new() } else { format!(", {}", self.header.quantity()) };
        format!("{model} on {source}{quantity}, {} rows, sha256 {}", self.len(), &self.checksum[..12])
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether the table has no rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    fn row(&self, packed: &Packed) -> ReferenceRow<'_> {
        let id = packed.start as usize;
        let formula = id + usize::from(packed.id_length) + 1;
        ReferenceRow {
            id: &self.text[id..formula - 1],
            formula: &self.text[formula..formula + usize::from(packed.formula_length)],
            space_group: (packed.space_group > 0).then_some(packed.space_group),
            atoms: packed.atoms,
            energy_per_atom: packed.energy_per_atom,
        }
    }

    /// All rows, by formula, space group, energy and id.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = ReferenceRow<'_>> {
        self.rows.iter().map(|packed| self.row(packed))
    }

    /// The rows of one reduced formula.
    pub fn with_formula(&self, formula: &str) -> impl ExactSizeIterator<Item = ReferenceRow<'_>> {
        let start = self.rows.partition_point(|packed| self.row(packed).formula < formula);
        let end = self.rows.partition_point(|packed| self.row(packed).formula <= formula);
        self.rows[start..end].iter().map(|packed| self.row(packed))
    }

    /// The rows that contain no other elements than these: the phase diagram of a chemical system.
    pub fn within(&self, elements: &[Element]) -> impl Iterator<Item = ReferenceRow<'_>> {
        let allowed = elements.iter().fold(0u128, |set, element| set | 1 << element.atomic_number());
        self.rows.iter().filter(move |packed| packed.elements & !allowed == 0).map(|packed| self.row(packed))
    }

    /// The rows within these elements as computed entries.
    ///
    /// # Errors
    /// When a formula is none; reading checks elements only.
    pub fn entries_within(&self, elements: &[Element]) -> Result<Vec<ComputedEntry>, ReferenceError> {
        self.within(elements).map(|row| row.entry()).collect()
    }
}

/// Atomic numbers by first letter and second letter (0 for none); 0 where there is no element.
static ATOMIC_NUMBERS: LazyLock<[[u8; 27]; 26]> = LazyLock::new(|| {
    let mut numbers = [[0; 27]; 26];
    for element in Element::all() {
        let symbol = element.symbol().as_bytes();
        let second = symbol.get(1).map_or(0, |letter| letter - b'a' + 1);
        numbers[usize::from(symbol[0] - b'A')][usize::from(second)] = element.atomic_number();
    }
    numbers
});

/// The elements of a formula without brackets as a bit set; `None` when it is no formula.
fn element_set(formula: &str) -> Option<u128> {
    let numbers = &*ATOMIC_NUMBERS;
    let bytes = formula.as_bytes();
    let mut set = 0;
    let mut i = 0;
    while i < bytes.len() {
        let first = bytes[i].checked_sub(b'A').filter(|&letter| letter < 26)?;
        i += 1;
        let second =
            bytes.get(i).filter(|letter| letter.is_ascii_lowercase()).map_or(0, |letter| letter - b'a' + 1);
        i += usize::from(second > 0);
        match numbers[usize::from(first)][usize::from(second)] {
            0 => return None,
            z => set |= 1u128 << z,
        }
        while bytes.get(i).is_some_and(|byte| byte.is_ascii_digit() || *byte == b'.') {
            i += 1;
        }
    }
    (set != 0).then_some(set)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# druse reference energies 1
# model: test 1
# model_hash: abc
# protocol: none
# source: two structures
# licence: CC0
# date: 2026-11-22
# count: 3
id,formula,space_group,atoms,energy_per_atom
mp-1265,MgO,225,2,-5.98512
x-1,NaCl,,8,-3.3
mp-22862,NaCl,225,2,-3.40116
";

    fn el(symbol: &str) -> Element {
        symbol.parse().unwrap()
    }

    #[test]
    fn rows_and_entries() {
        let table = ReferenceTable::from_bytes(TEXT.as_bytes(), "test").unwrap();
        assert_eq!(table.len(), 3);
        assert_eq!(table.header().licence, "CC0");
        assert!(table.reference().starts_with("test 1 on two structures, 3 rows, sha256 "));
        let salt: Vec<&str> = table.with_formula("NaCl").map(|row| row.id).collect();
        assert_eq!(salt, ["x-1", "mp-22862"]);
        assert_eq!(table.with_formula("NaCl2").len(), 0);
        let within: Vec<&str> = table.within(&[el("Na"), el("Cl"), el("O")]).map(|row| row.id).collect();
        assert_eq!(within, ["x-1", "mp-22862"]);
        let entries = table.entries_within(&[el("Na"), el("Cl")]).unwrap();
        assert_eq!(entries[0].composition.to_string(), "Na4Cl4");
        assert!((entries[0].energy + 26.4).abs() < 1e-12);
        assert_eq!(table.rows().nth(1).unwrap().space_group, None);
    }

    #[test]
    fn errors_name_the_line() {
        let read = |from: &str, to: &str| {
            ReferenceTable::from_bytes(TEXT.replacen(from, to, 1).as_bytes(), "x").unwrap_err().to_string()
        };
        assert_eq!(
            read("225,2,-3.40116", "231,2,-3.40116"),
            "x, line 12: found '231', expected a space group from 1 to 230, or nothing"
        );
        assert!(read("-5.98512", "low").contains("line 10: found 'low', expected an energy"));
        assert!(read("MgO", "Xx").contains("a reduced formula"));
        assert!(read("MgO", "ZrO2").contains("sorted"));
        assert!(read("energies 1", "energies 9").contains("line 1"));
        assert!(read("# date", "# when").contains("known key"));
        assert!(read(",2,-5", ",-5").contains("five cells"));
        assert!(read("count: 3", "count: 4").contains("found 3 rows, expected 4 rows"));
        assert!(ReferenceTable::from_bytes(&[0x1f, 0x8b, 8, 0], "x").is_err());
        assert!(ReferenceTable::from_bytes(b"", "x").is_err());
    }

    #[test]
    fn tables_under_pressure_hold_enthalpies() {
        let text = TEXT
            .replace("# count", "# pressure: 2.5 GPa\n# count")
            .replace("atoms,energy_per_atom", "atoms,enthalpy_per_atom");
        let read = |text: &str| ReferenceTable::from_bytes(text.as_bytes(), "x");
        let table = read(&text).unwrap();
        assert_eq!((table.header().pressure, table.len()), (2.5, 3));
        assert_eq!(table.header().quantity(), "enthalpies at 2.5 GPa");
        assert!(
            table.reference().starts_with("test 1 on two structures, enthalpies at 2.5 GPa, 3 rows, sha")
        );
        assert_eq!(read(TEXT).unwrap().header().quantity(), "energies");
        // The column and the header have to say the same.
        let unlike = read(&text.replace("enthalpy_per_atom", "energy_per_atom")).unwrap_err().to_string();
        assert!(unlike.contains("line 10") && unlike.contains("atoms,enthalpy_per_atom'"), "{unlike}");
        let unlike = read(&text.replace("# pressure: 2.5 GPa\n", "")).unwrap_err().to_string();
        assert!(unlike.contains("line 9") && unlike.contains("atoms,energy_per_atom'"), "{unlike}");
        for bad in ["0 GPa", "-1 GPa", "inf GPa", "20", "20 kbar"] {
            let error = read(&text.replace("2.5 GPa", bad)).unwrap_err().to_string();
            assert!(error.contains("line 8") && error.contains("expected a pressure above 0"), "{error}");
        }
    }

    #[test]
    fn shipped_table_is_well_formed() {
        for potential in ReferenceTable::shipped_models() {
            let table = ReferenceTable::shipped_for(potential).unwrap();
            assert!(table.header().model.starts_with(potential));
            assert!(table.rows().all(|row| row.entry().is_ok()));
            assert!(!table.header().licence.is_empty());
        }
    }
}

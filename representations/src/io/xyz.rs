//! XYZ: the number of atoms, a comment line, one line for each atom; frame after frame. Crystals use
//! the same frames with a lattice in the comment (extended XYZ).

use std::io::BufRead;

use serde_json::{Map, Value, json};

use crate::element::Element;
use crate::molecule::Molecule;

use super::build;
use super::error::{Fault, Place, Problem, RecordError};
use super::extxyz;
use super::record::{Origin, id_from};

/// A molecule with what its file says about it.
#[derive(Clone, Debug, PartialEq)]
pub struct MoleculeRecord {
    /// Id: the key `id` of the comment line, otherwise the file name without endings, followed by
    /// `#` and a number when the file holds several frames.
    pub id: String,
    /// The atoms.
    pub molecule: Molecule,
    /// The comment line as it is.
    pub comment: String,
    /// The file, with the member of an archive after a colon.
    pub source: String,
}

/// All frames of an XYZ text; `source` names it in messages, `id` is used where a frame has none.
///
/// ```
/// let text = "2\nid=co charge=0\nC 0 0 0\nO 0 0 1.13\n";
/// let records = druse_representations::io::read_xyz_text(text, "text", "x");
/// assert_eq!(records[0].as_ref().unwrap().id, "co");
/// ```
pub fn read_xyz_text(text: &str, source: &str, id: &str) -> Vec<Result<MoleculeRecord, RecordError>> {
    let origin = Origin { file: source.to_owned(), stem: id.to_owned() };
    let mut records = Vec::new();
    read(&mut text.as_bytes(), &origin, &mut |record| records.push(record));
    records
}

/// Molecules as XYZ frames with 8 decimals; a line break in a comment becomes a blank.
pub fn write_xyz_text<'a>(frames: impl IntoIterator<Item = (&'a Molecule, &'a str)>) -> String {
    let mut text = String::new();
    for (molecule, comment) in frames {
        text += &format!("{}\n{}\n", molecule.len(), comment.replace(['\n', '\r'], " "));
        for (element, [x, y, z]) in molecule.elements.iter().zip(&molecule.positions) {
            text += &format!("{element:<2} {x:14.8} {y:14.8} {z:14.8}\n");
        }
    }
    text
}

/// Reads molecule after molecule.
pub(super) fn read(
    reader: &mut dyn BufRead,
    origin: &Origin,
    emit: &mut dyn FnMut(Result<MoleculeRecord, RecordError>),
) {
    frames(reader, origin, &mut |entry, frame| emit(frame.and_then(|frame| one(frame, entry, origin))));
}

fn one(frame: Frame, entry: Option<usize>, origin: &Origin) -> Result<MoleculeRecord, RecordError> {
    let mut info = extxyz::pairs(&frame.comment);
    let id = id_from(&mut info).unwrap_or_else(|| origin.id(entry));
    let atoms = atoms(&frame, &info).and_then(|atoms| match atoms.is_empty() {
        true => Err(Fault::at(frame.line, Problem::Empty)),
        false => Ok(atoms),
    });
    match atoms {
        Ok(atoms) => {
            let (elements, positions) = atoms.into_iter().unzip();
            let molecule = Molecule { elements, positions };
            Ok(MoleculeRecord { id, molecule, comment: frame.comment, source: origin.file.clone() })
        }
        Err(fault) => {
            let place = Place { entry, line: Some(frame.line), ..Place::default() };
            Err(RecordError { id, ..origin.fail(place, fault) })
        }
    }
}

/// Lines of a stream, with one line of look-ahead for its end.
struct Lines<'a> {
    reader: &'a mut dyn BufRead,
    number: usize,
}

impl Lines<'_> {
    fn next(&mut self) -> std::io::Result<Option<String>> {
        let mut bytes = Vec::new();
        if self.reader.read_until(b'\n', &mut bytes)? == 0 {
            return Ok(None);
        }
        self.number += 1;
        Ok(Some(String::from_utf8_lossy(&bytes).trim_end_matches(['\n', '\r']).to_owned()))
    }

    /// The next line that is not blank.
    fn next_filled(&mut self) -> std::io::Result<Option<String>> {
        while let Some(line) = self.next()? {
            if !line.trim().is_empty() {
                return Ok(Some(line));
            }
        }
        Ok(None)
    }
}

/// A frame as text.
pub(super) struct Frame {
    /// Line of the number of atoms.
    pub(super) line: usize,
    pub(super) comment: String,
    pub(super) atoms: Vec<String>,
}

/// Reads frame after frame. Each is handed over with its number (from 1), or `None` for the number
/// when it is the only one; an error ends the reading.
pub(super) fn frames(
    reader: &mut dyn BufRead,
    origin: &Origin,
    each: &mut dyn FnMut(Option<usize>, Result<Frame, RecordError>),
) {
    let mut lines = Lines { reader, number: 0 };
    let mut waiting: Option<Frame> = None;
    for entry in 1.. {
        let next = frame(&mut lines);
        let more = !matches!(next, Ok(None));
        if let Some(frame) = waiting.take() {
            each((entry > 2 || more).then_some(entry - 1), Ok(frame));
        }
        match next {
            Ok(Some(frame)) => waiting = Some(frame),
            Ok(None) if entry == 1 => {
                each(None, Err(origin.fail(Place::default(), Problem::Empty)));
                return;
            }
            Ok(None) => return,
            Err(fault) => {
                let entry = (entry > 1).then_some(entry);
                each(entry, Err(origin.fail(Place { entry, ..Place::default() }, fault)));
                return;
            }
        }
    }
}

fn frame(lines: &mut Lines) -> Result<Option<Frame>, Fault> {
    let io = |error: std::io::Error| Problem::Input(error.to_string());
    let Some(first) = lines.next_filled().map_err(io)? else { return Ok(None) };
    let line = lines.number;
    let count: usize = first.trim().trim_start_matches('\u{feff}').parse().map_err(|_| {
        let (what, found) = ("first line of a frame".to_owned(), first.trim().chars().take(40).collect());
        Fault::at(line, Problem::Unexpected { what, found, expected: "the number of atoms".into() })
    })?;
    let missing = |number: usize, what: &str| {
        let expected = format!("the {count} atoms announced in line {line}");
        Fault::at(number, Problem::Missing { what: what.to_owned(), expected })
    };
    let comment = lines.next().map_err(io)?.ok_or_else(|| missing(lines.number, "further line"))?;
    let mut atoms = Vec::new();
    while atoms.len() < count {
        atoms.push(lines.next().map_err(io)?.ok_or_else(|| missing(lines.number, "further line"))?);
    }
    Ok(Some(Frame { line, comment, atoms }))
}

/// The atoms of a frame, their columns as the key `Properties` says.
pub(super) fn atoms(frame: &Frame, info: &Map<String, Value>) -> Result<Vec<(Element, [f64; 3])>, Fault> {
    let columns = columns(info).map_err(|problem| Fault::at(frame.line + 1, problem))?;
    let mut atoms = Vec::with_capacity(frame.atoms.len());
    for (index, atom) in frame.atoms.iter().enumerate() {
        let line = frame.line + 2 + index;
        let words: Vec<&str> = atom.split_whitespace().collect();
        let (Some(who), Some(place)) =
            (words.get(columns.species), words.get(columns.position..columns.position + 3))
        else {
            let expected = format!("at least {}", columns.species.max(columns.position + 2) + 1);
            return Err(Fault::at(
                line,
                Problem::Count { what: "columns".into(), found: words.len(), expected },
            ));
        };
        let mut position = [0.0; 3];
        for (target, word) in position.iter_mut().zip(place) {
            *target = word.parse().ok().filter(|x: &f64| x.is_finite()).ok_or_else(|| {
                let what = format!("coordinate of atom {}", index + 1);
                Fault::at(line, Problem::NotANumber { what, found: (*word).to_owned() })
            })?;
        }
        let element = match columns.by_number {
            true => who.parse().ok().and_then(Element::from_atomic_number),
            false => build::element(who).ok(),
        };
        let element = element.ok_or_else(|| {
            let problem = crate::element::UnknownElement((*who).to_owned());
            Fault::at(line, Problem::UnknownElement { site: (index + 1).to_string(), problem })
        })?;
        atoms.push((element, position));
    }
    Ok(atoms)
}

/// Where the words of an atom line are.
struct Columns {
    species: usize,
    by_number: bool,
    position: usize,
}

/// Columns that belong together.
struct Group<'a> {
    name: &'a str,
    /// How many; 0 where the text does not say.
    width: usize,
    /// The first one, from 0.
    first: usize,
}

fn layout_text(info: &Map<String, Value>) -> &str {
    match info.get("Properties") {
        None => "species:S:1:pos:R:3",
        Some(value) => value.as_str().unwrap_or_default(),
    }
}

/// The groups of columns that the key `Properties` lists.
fn layout(text: &str) -> Vec<Group<'_>> {
    let parts: Vec<&str> = text.split(':').collect();
    let mut first = 0;
    let mut groups = Vec::new();
    for part in parts.chunks(3) {
        let width = part.get(2).and_then(|width| width.parse::<u16>().ok()).map_or(0, usize::from);
        groups.push(Group { name: part[0], width, first });
        first += width;
    }
    groups
}

/// The numbers of a group of columns, a row or, of a single column, a number for each atom. `None` where there is no such group, and where
/// something in it is no finite number.
pub(super) fn column(frame: &Frame, info: &Map<String, Value>, name: &str, width: usize) -> Option<Value> {
    let group =
        layout(layout_text(info)).into_iter().find(|group| group.name == name && group.width == width)?;
    let numbers = |atom: &String| -> Option<Vec<f64>> {
        let words = atom.split_whitespace().skip(group.first).take(width);
        let numbers = words.map(|word| word.parse().ok().filter(|x: &f64| x.is_finite()));
        numbers.collect::<Option<Vec<f64>>>().filter(|numbers| numbers.len() == width)
    };
    let rows: Vec<Vec<f64>> = frame.atoms.iter().map(numbers).collect::<Option<_>>()?;
    Some(if width == 1 { json!(rows.concat()) } else { json!(rows) })
}

/// Columns by the key `Properties`, for instance `species:S:1:pos:R:3:forces:R:3`.
fn columns(info: &Map<String, Value>) -> Result<Columns, Problem> {
    let text = layout_text(info);
    let (mut species, mut numbers, mut position) = (None, None, None);
    for Group { name, width, first } in layout(text) {
        match (name.to_ascii_lowercase().as_str(), width) {
            ("species" | "element" | "symbols", 1) => species = Some(first),
            ("z" | "numbers" | "atomic_numbers", 1) => numbers = Some(first),
            ("pos" | "positions", 3) => position = Some(first),
            _ => (),
        }
    }
    match (species.or(numbers), position) {
        (Some(who), Some(position)) => Ok(Columns { species: who, by_number: species.is_none(), position }),
        _ => Err(Problem::Unexpected {
            what: "Properties".into(),
            found: text.chars().take(80).collect(),
            expected: "columns species:S:1 and pos:R:3".into(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_with_and_without_comment() {
        let text = "1\n\nPd 0 0 1e-3\n\n2\nligand | charge: -1 | conn atom: [[0]]\nO 0 0 0\nH 0.9 0 -0.5 7\n";
        let records = read_xyz_text(text, "f.xyz", "f");
        let first = records[0].as_ref().unwrap();
        assert_eq!((first.id.as_str(), first.comment.as_str()), ("f#1", ""));
        assert_eq!(first.molecule.positions, [[0.0, 0.0, 1e-3]]);
        let second = records[1].as_ref().unwrap();
        assert_eq!(second.comment, "ligand | charge: -1 | conn atom: [[0]]");
        assert_eq!(second.molecule.positions[1], [0.9, 0.0, -0.5]);
    }

    #[test]
    fn errors_name_the_line() {
        let error = |text: &str| {
            let last = read_xyz_text(text, "f.xyz", "f").pop().unwrap();
            last.unwrap_err().to_string()
        };
        assert_eq!(
            error("1\n\nQq 0 0 0\n"),
            "f.xyz, line 3: site 1: unknown element 'Qq': expected a symbol such as Na or Fe"
        );
        assert!(error("2\n\nC 0 0 0\nO 0 x 0\n").contains("line 4: coordinate of atom 2 is 'x'"));
        assert!(error("1\n\nC 0 0\n").contains("line 3: 3 columns; expected at least 4"));
        assert!(error("1\n\nC 0 0 inf\n").contains("line 3"));
        assert!(error("3\n\nC 0 0 0\n").contains("the 3 atoms announced in line 1"));
        assert!(error("1\n\nC 0 0 0\nzwei\n").contains("structure 2, line 4"));
        assert!(error("0\n\n").contains("empty"));
        assert!(error("").contains("empty"));
    }

    #[test]
    fn a_molecule_is_read_as_it_was_written() {
        let molecule = Molecule {
            elements: vec![Element::from_symbol("Pt").unwrap(), Element::from_symbol("H").unwrap()],
            positions: vec![[0.125, -12.5, 3.0], [1e-8, 100.0, -0.5]],
        };
        let text = write_xyz_text([(&molecule, "id=a\nb"), (&molecule, "")]);
        let records = read_xyz_text(&text, "f", "f");
        assert_eq!(records[0].as_ref().unwrap().id, "a");
        assert_eq!(records[1].as_ref().unwrap().id, "f#2");
        assert!(records.iter().all(|record| record.as_ref().unwrap().molecule == molecule));
    }
}

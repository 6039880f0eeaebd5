//! POSCAR and CONTCAR files of VASP 4 to 6.
//!
//! ```text
//! comment
//! scale            one factor, three factors, or minus the cell volume (Å^3)
//! ax ay az         rows are vectors
//! bx by bz
//! cx cy cz
//! Na Cl            VASP 5 and later; VASP 4 has none, then the comment or the atom lines tell
//! 4 4
//! Selective dynamics   (optional)
//! Direct               or Cartesian
//! x y z [T T T] [Na]
//! ```
//! Several structures may follow each other. Velocities are skipped.

use nalgebra::Vector3;
use serde_json::Map;

use crate::crystal::Crystal;
use crate::element::Element;

use super::build;
use super::error::{Fault, Place, Problem, WriteError};
use super::record::{Emit, Origin, Record};

/// Comments that `druse` writes start so.
const ID_MARK: &str = "id=";

/// Lines with a position.
struct Lines<'a> {
    lines: Vec<&'a str>,
    next: usize,
}

impl<'a> Lines<'a> {
    fn take(&mut self, expected: &str) -> Result<&'a str, Fault> {
        let line = self.lines.get(self.next).copied().ok_or_else(|| {
            Fault::at(self.next, Problem::Missing { what: "further line".into(), expected: expected.into() })
        })?;
        self.next += 1;
        Ok(line)
    }

    fn fault(&self, what: &str, found: &str, expected: &str) -> Fault {
        let (what, found, expected) = (what.to_owned(), found.trim().to_owned(), expected.to_owned());
        Fault::at(self.next, Problem::Unexpected { what, found, expected })
    }

    fn vector(&mut self, what: &str) -> Result<[f64; 3], Fault> {
        let line = self.take(what)?;
        floats(line, 3)
            .and_then(|numbers| numbers.try_into().ok())
            .ok_or_else(|| self.fault(what, line, "three finite numbers"))
    }
}

/// The first `count` words as finite numbers.
fn floats(line: &str, count: usize) -> Option<Vec<f64>> {
    let numbers: Vec<f64> = line
        .split_whitespace()
        .take(count)
        .map(|word| word.replace(['d', 'D'], "e").parse().ok().filter(|x: &f64| x.is_finite()))
        .collect::<Option<_>>()?;
    (numbers.len() == count).then_some(numbers)
}

/// Reads all structures of a text.
pub(crate) fn read(text: &str, origin: &Origin, emit: &mut Emit) {
    let mut lines = Lines { lines: text.lines().collect(), next: 0 };
    let mut found = Vec::new();
    loop {
        let start = lines.next;
        let result = structure(&mut lines);
        let broken = result.is_err();
        found.push((start, result));
        if broken || !skip_to_next(&mut lines) {
            break;
        }
    }
    let several = found.len() > 1;
    for (index, (start, result)) in found.into_iter().enumerate() {
        let entry = several.then_some(index + 1);
        let own = lines.lines.get(start).and_then(|comment| comment.trim().strip_prefix(ID_MARK));
        let id = own.map_or_else(|| origin.id(entry), str::to_owned);
        emit(origin.finish(
            id,
            Place { entry, ..Place::default() },
            result.map(|crystal| (crystal, Map::new())),
        ));
    }
}

/// Whether a further structure follows; velocities before it are skipped.
fn skip_to_next(lines: &mut Lines) -> bool {
    let number_of = |line: &str| line.split_whitespace().count();
    for start in lines.next..lines.lines.len() {
        let window = &lines.lines[start..];
        let [_, scale, a, b, c, ..] = window else { return false };
        if number_of(scale) == 1
            && floats(scale, 1).is_some()
            && [a, b, c].iter().all(|row| number_of(row) == 3 && floats(row, 3).is_some())
        {
            lines.next = start;
            return true;
        }
    }
    false
}

fn structure(lines: &mut Lines) -> Result<Crystal, Fault> {
    let comment = lines.take("a comment")?;
    let scale_line = lines.take("the scale factor")?;
    let scales: Vec<f64> = scale_line.split_whitespace().map_while(|word| word.parse().ok()).collect();
    let mut rows = [[0.0; 3]; 3];
    let scale_at = lines.next;
    for row in &mut rows {
        *row = lines.vector("lattice vector")?;
    }
    let bad_scale = |found: &str| {
        let expected = "a factor, three positive factors or minus the cell volume".to_owned();
        let found = found.trim().to_owned();
        Fault::at(scale_at, Problem::Unexpected { what: "scale".into(), found, expected })
    };
    if scales.iter().any(|x| !x.is_finite() || *x == 0.0) {
        return Err(bad_scale(scale_line));
    }
    let unscaled = build::lattice_from_rows(rows).map_err(|problem| Fault::at(scale_at + 1, problem))?;
    let factors = match scales[..] {
        [x] if x > 0.0 => [x; 3],
        [x] => [(-x / unscaled.volume()).cbrt(); 3],
        [x, y, z] if x > 0.0 && y > 0.0 && z > 0.0 => [x, y, z],
        _ => return Err(bad_scale(scale_line)),
    };
    for row in &mut rows {
        for (x, factor) in row.iter_mut().zip(factors) {
            *x *= factor;
        }
    }
    let lattice = build::lattice_from_rows(rows).map_err(|problem| Fault::at(scale_at + 1, problem))?;

    let (symbols, counts) = species(lines, comment)?;
    let atoms: usize = counts.iter().try_fold(0usize, |sum, &n| sum.checked_add(n)).unwrap_or(usize::MAX);
    let mut mode = lines.take("'Selective dynamics', 'Direct' or 'Cartesian'")?.trim_start();
    if mode.starts_with(['S', 's']) {
        mode = lines.take("'Direct' or 'Cartesian'")?.trim_start();
    }
    let cartesian = match mode.chars().next() {
        Some('C' | 'c' | 'K' | 'k') => true,
        Some('D' | 'd') => false,
        _ => return Err(lines.fault("coordinate mode", mode, "'Direct' or 'Cartesian'")),
    };
    let mut elements =
        symbols.iter().flatten().zip(&counts).flat_map(|(&element, &n)| std::iter::repeat_n(element, n));
    let mut sites = Vec::new();
    for index in 0..atoms {
        let line = lines.take("coordinates of an atom")?;
        let numbers = floats(line, 3)
            .and_then(|numbers| <[f64; 3]>::try_from(numbers).ok())
            .ok_or_else(|| lines.fault("coordinates", line, "three finite numbers"))?;
        let frac = if cartesian {
            let position = Vector3::from_fn(|i, _| numbers[i] * factors[i]);
            lattice.to_fractional(&position).unwrap_or_default()
        } else {
            Vector3::from(numbers)
        };
        let element = elements.next().or_else(|| trailing_element(line)).ok_or_else(|| {
            let what = format!("element of atom {}", index + 1);
            let expected = "symbols above the counts, in the comment or behind the coordinates";
            Fault::at(lines.next, Problem::Missing { what, expected: expected.into() })
        })?;
        let label = || (index + 1).to_string();
        let site = build::site(&label, [(element, 1.0)], frac.into());
        sites.extend(site.map_err(|problem| Fault::at(lines.next, problem))?);
    }
    Ok(build::crystal(lattice, sites)?)
}

/// Elements (VASP 5, or VASP 4 with symbols in the comment) and counts.
fn species(lines: &mut Lines, comment: &str) -> Result<(Option<Vec<Element>>, Vec<usize>), Fault> {
    let line = lines.take("symbols or counts")?;
    let counts = |line: &str| -> Option<Vec<usize>> {
        let words = line.split(['!', '#']).next().unwrap_or(line).split_whitespace();
        words.map(|word| word.parse().ok()).collect::<Option<Vec<_>>>().filter(|counts| !counts.is_empty())
    };
    if let Some(counts) = counts(line) {
        let symbols: Option<Vec<Element>> = comment
            .split_whitespace()
            .map(|word| word.trim_end_matches(|c: char| c.is_ascii_digit()))
            .map(|word| Element::from_symbol(word).filter(|element| element.symbol() == word))
            .collect();
        return Ok((symbols.filter(|symbols| symbols.len() == counts.len()), counts));
    }
    let mut symbols = Vec::new();
    for word in line.split_whitespace() {
        // Names of potentials: Fe_pv, and Fe_pv/4d8a.. since VASP 6.
        let symbol = word.split(['_', '/', '.']).next().unwrap_or(word);
        symbols.push(build::element(symbol).map_err(|problem| {
            Fault::at(lines.next, Problem::UnknownElement { site: "line of symbols".into(), problem })
        })?);
    }
    let line = lines.take("counts")?;
    let counts = counts(line).ok_or_else(|| lines.fault("counts", line, "whole numbers"))?;
    if counts.len() != symbols.len() {
        let expected = format!("{}, the number of symbols", symbols.len());
        return Err(Fault::at(
            lines.next,
            Problem::Count { what: "counts".into(), found: counts.len(), expected },
        ));
    }
    Ok((Some(symbols), counts))
}

/// The element behind the coordinates and flags of an atom line.
fn trailing_element(line: &str) -> Option<Element> {
    line.split_whitespace()
        .skip(3)
        .filter(|word| !matches!(*word, "T" | "F" | "t" | "f" | "#" | "!"))
        .find_map(|word| build::element(word.trim_start_matches(['#', '!'])).ok())
}

/// Structures one after the other, in the order of their sites.
pub(crate) fn write(records: &[Record]) -> Result<String, WriteError> {
    let mut text = String::new();
    for record in records {
        let elements = record.crystal.elements().map_err(|disordered| WriteError::Disordered {
            id: record.id.clone(),
            site: disordered.site + 1,
            format: "POSCAR",
        })?;
        let mut runs: Vec<(Element, usize)> = Vec::new();
        for &element in &elements {
            match runs.last_mut() {
                Some((last, count)) if *last == element => *count += 1,
                _ => runs.push((element, 1)),
            }
        }
        text += &format!("{ID_MARK}{}\n1.0\n", record.id.replace(['\n', '\r'], " "));
        for [x, y, z] in record.crystal.lattice.rows() {
            text += &format!("  {x:.17} {y:.17} {z:.17}\n");
        }
        let join = |words: Vec<String>| words.join(" ") + "\n";
        text += &join(runs.iter().map(|(element, _)| element.to_string()).collect());
        text += &join(runs.iter().map(|(_, count)| count.to_string()).collect());
        text += "Direct\n";
        for (site, element) in record.crystal.sites.iter().zip(&elements) {
            text += &format!("  {:.17} {:.17} {:.17} {element}\n", site.frac.x, site.frac.y, site.frac.z);
        }
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records(text: &str) -> Vec<Result<Record, super::super::RecordError>> {
        let origin = Origin { file: "POSCAR".into(), stem: "POSCAR".into() };
        let mut records = Vec::new();
        read(text, &origin, &mut |record| records.push(record));
        records
    }

    fn crystal(text: &str) -> Crystal {
        records(text).remove(0).unwrap().crystal
    }

    #[test]
    fn vasp_5_selective_cartesian_volume() {
        let text = "rock salt\n-64\n1 0 0\n0 1 0\n0 0 1\nNa_pv Cl/5a\n1 1\nSelective dynamics\nCartesian\n\
            0 0 0 T T F\n0.5 0.5 0.5 F F F\n\n0 0 0\n0 0 0\n";
        let salt = crystal(text);
        assert!((salt.lattice.volume() - 64.0).abs() < 1e-9);
        assert!((salt.sites[1].frac - Vector3::repeat(0.5)).norm() < 1e-12);
        assert_eq!(salt.composition().reduced_formula(), "NaCl");
        assert_eq!(records(text).len(), 1);
    }

    #[test]
    fn vasp_4_takes_symbols_from_comment_or_atoms() {
        assert_eq!(
            crystal("Na1 Cl1\n2.0\n2 0 0\n0 2 0\n0 0 2\n1 1\nDirect\n0 0 0\n.5 .5 .5\n").elements().unwrap()
                [1]
            .symbol(),
            "Cl"
        );
        let by_atoms = crystal("x\n1 1 2\n4 0 0\n0 4 0\n0 0 2\n1 1\nD\n0 0 0 T T T Na\n.5 .5 .5 F F F Cl\n");
        assert_eq!(by_atoms.composition().reduced_formula(), "NaCl");
        assert!((by_atoms.lattice.volume() - 64.0).abs() < 1e-9);
    }

    #[test]
    fn errors_name_line_found_and_expected() {
        let head = "c\n1\n4 0 0\n0 4 0\n0 0 4\n";
        for (text, expected) in [
            (
                format!("{head}Na\n1\nDirect\n0 0\n"),
                "POSCAR, line 9: coordinates is '0 0'; expected three finite numbers",
            ),
            (format!("{head}Na\n1\nDirect\n0 0 nan\n"), "POSCAR, line 9: coordinates is '0 0 nan'"),
            (
                format!("{head}Na\n2\nDirect\n0 0 0\n"),
                "POSCAR, line 9: no further line; expected coordinates",
            ),
            (
                format!("{head}Xx\n1\nDirect\n0 0 0\n"),
                "POSCAR, line 6: site line of symbols: unknown element 'Xx'",
            ),
            (format!("{head}1\nDirect\n0 0 0\n"), "POSCAR, line 8: no element of atom 1"),
            (format!("{head}Na\n0\nDirect\n"), "POSCAR: the structure is empty"),
            (format!("{head}Na Cl\n1\nDirect\n"), "POSCAR, line 7: 1 counts; expected 2"),
            ("c\n0\n1 0 0\n0 1 0\n0 0 1\n".into(), "POSCAR, line 2: scale is '0'"),
            ("c\n1\n1 0 0\n0 1 0\n1 1 0\nNa\n".into(), "POSCAR, line 3: impossible lattice"),
        ] {
            let message = records(&text).remove(0).unwrap_err().to_string();
            assert!(message.starts_with(expected), "{message}");
        }
    }
}

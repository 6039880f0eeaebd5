//! Extended XYZ: frames whose second line holds `key=value` pairs, among them `Lattice` and
//! `Properties` (format of libAtoms and ASE). Plain XYZ has no lattice and is refused.
//!
//! Energy, forces, stress and magnetic moments are where ASE has them ([`calculated`](super::calculated)): forces and moments in columns,
//! the stress in eV/Å^3. Other columns are left out.

use std::io::BufRead;

use serde_json::{Map, Value, json};

use crate::crystal::Crystal;

use super::build;
use super::calculated::{FORCES, MAGMOMS, STRESS, forces, magmoms, stress_for_ase, stress_of_ase};
use super::error::{Fault, Place, Problem, WriteError};
use super::record::{Emit, Origin, Record, id_from};
use super::xyz::{self, Frame};

/// Reads frame after frame.
pub(crate) fn read(reader: &mut dyn BufRead, origin: &Origin, emit: &mut Emit) {
    xyz::frames(reader, origin, &mut |entry, frame| match frame {
        Ok(frame) => one(&frame, entry, origin, emit),
        Err(error) => emit(Err(error)),
    });
}

fn one(frame: &Frame, entry: Option<usize>, origin: &Origin, emit: &mut Emit) {
    let mut info = pairs(&frame.comment);
    let id = id_from(&mut info).unwrap_or_else(|| origin.id(entry));
    let columns = [(FORCES, 3), (MAGMOMS, 1)].map(|(name, width)| {
        let column = xyz::column(frame, &info, name, width)?;
        Some((name.to_owned(), column))
    });
    let columns = columns.into_iter().flatten();
    let result = crystal(frame, &info).map(|crystal| {
        for key in ["Lattice", "Properties"] {
            info.shift_remove(key);
        }
        if info.get("pbc") == Some(&json!([true, true, true])) {
            info.shift_remove("pbc");
        }
        if let Some(stress) = info.get(STRESS).and_then(stress) {
            info.insert(STRESS.to_owned(), stress);
        }
        info.extend(columns);
        (crystal, info)
    });
    emit(origin.finish(id, Place { entry, line: Some(frame.line), ..Place::default() }, result));
}

fn crystal(frame: &Frame, info: &Map<String, Value>) -> Result<Crystal, Fault> {
    let header = frame.line + 1;
    let Some(lattice) = info.get("Lattice") else {
        let expected = "Lattice=\"ax ay az bx by bz cx cy cz\" in the second line of the frame \
            (plain XYZ has none and cannot describe a crystal)";
        return Err(Fault::at(
            header,
            Problem::Missing { what: "lattice".into(), expected: expected.into() },
        ));
    };
    let numbers: [f64; 9] =
        super::values::numbers(lattice, || "Lattice".into()).map_err(|problem| Fault::at(header, problem))?;
    let rows = std::array::from_fn(|i| std::array::from_fn(|j| numbers[3 * i + j]));
    let lattice = build::lattice_from_rows(rows).map_err(|problem| Fault::at(header, problem))?;
    let mut sites = Vec::with_capacity(frame.atoms.len());
    for (index, (element, position)) in xyz::atoms(frame, info)?.into_iter().enumerate() {
        let frac = lattice.to_fractional(&position.into()).unwrap_or_default();
        let label = || (index + 1).to_string();
        let site = build::site(&label, [(element, 1.0)], frac.into());
        sites.extend(site.map_err(|problem| Fault::at(header + 1 + index, problem))?);
    }
    Ok(build::crystal(lattice, sites)?)
}

/// The stress (GPa) of a list of numbers in eV/Å^3.
fn stress(value: &Value) -> Option<Value> {
    let numbers: Vec<f64> = value.as_array()?.iter().map(Value::as_f64).collect::<Option<_>>()?;
    stress_of_ase(&numbers)
}

/// The `key=value` pairs of a comment line.
pub(super) fn pairs(comment: &str) -> Map<String, Value> {
    let mut info = Map::new();
    let mut rest = comment.trim();
    while !rest.is_empty() {
        let end = rest.find(|c: char| c == '=' || c.is_whitespace()).unwrap_or(rest.len());
        let key = rest[..end].trim_matches(['"', '\'']);
        rest = rest[end..].trim_start();
        let value = match rest.strip_prefix('=') {
            Some(after) => {
                let (value, after) = value(after.trim_start());
                rest = after.trim_start();
                value
            }
            // A key alone is a flag.
            None => Value::Bool(true),
        };
        if !key.is_empty() {
            let canonical =
                ["Lattice", "Properties", "pbc"].into_iter().find(|known| known.eq_ignore_ascii_case(key));
            info.insert(canonical.unwrap_or(key).to_owned(), value);
        }
    }
    info
}

/// The value that a text starts with, and the text behind it.
fn value(text: &str) -> (Value, &str) {
    let close = match text.chars().next() {
        Some('"') => Some('"'),
        Some('\'') => Some('\''),
        Some('{') => Some('}'),
        Some('[') => Some(']'),
        _ => None,
    };
    let Some(close) = close else {
        let end = text.find(char::is_whitespace).unwrap_or(text.len());
        return (scalar_or_list(&text[..end]), &text[end..]);
    };
    let open = text.chars().next().unwrap_or_default();
    let (mut inner, mut depth, mut escaped) = (String::new(), 1, false);
    for (at, c) in text.char_indices().skip(1) {
        if escaped {
            inner.push(if c == 'n' { '\n' } else { c });
            escaped = false;
        } else if c == '\\' && open == close {
            escaped = true;
        } else if c == close && depth == 1 {
            let after = &text[at + c.len_utf8()..];
            return (scalar_or_list(&inner), after);
        } else {
            depth += i32::from(c == open && open != close) - i32::from(c == close);
            inner.push(c);
        }
    }
    (Value::String(inner), "")
}

/// Mark of a value that is written as JSON (as ASE does).
const JSON_MARK: &str = "_JSON ";

fn scalar_or_list(text: &str) -> Value {
    if let Some(json) = text.strip_prefix(JSON_MARK)
        && let Ok(value) = serde_json::from_str(json)
    {
        return value;
    }
    let words: Vec<&str> = text.split([' ', ',', '\t']).filter(|word| !word.is_empty()).collect();
    let scalars: Option<Vec<Value>> = words.iter().map(|word| scalar(word)).collect();
    match scalars {
        Some(mut scalars) if scalars.len() == 1 => scalars.remove(0),
        Some(scalars) if scalars.len() > 1 => Value::Array(scalars),
        _ => Value::String(text.to_owned()),
    }
}

fn scalar(word: &str) -> Option<Value> {
    match word {
        "T" | "True" | "true" => return Some(Value::Bool(true)),
        "F" | "False" | "false" => return Some(Value::Bool(false)),
        _ => (),
    }
    if let Ok(whole) = word.parse::<i64>() {
        return Some(json!(whole));
    }
    word.parse::<f64>().ok().filter(|x| x.is_finite()).map(|x| json!(x))
}

/// One frame per record.
pub(crate) fn write(records: &[Record]) -> Result<String, WriteError> {
    let mut text = String::new();
    for record in records {
        let crystal = &record.crystal;
        let elements = crystal.elements().map_err(|disordered| WriteError::Disordered {
            id: record.id.clone(),
            site: disordered.site + 1,
            format: "extXYZ",
        })?;
        let lattice: Vec<String> =
            crystal.lattice.rows().iter().flatten().map(|x| format!("{x:.17}")).collect();
        text +=
            &format!("{}\nLattice=\"{}\" Properties=species:S:1:pos:R:3", elements.len(), lattice.join(" "));
        let forces = forces(&record.properties, elements.len());
        let moments = magmoms(&record.properties, elements.len());
        text += if forces.is_some() { ":forces:R:3" } else { "" };
        text += if moments.is_some() { ":magmoms:R:1" } else { "" };
        text += &pair("id", &json!(record.id));
        for (key, value) in &record.properties {
            match key.as_str() {
                "id" | "Lattice" | "Properties" => {}
                FORCES if forces.is_some() => {}
                MAGMOMS if moments.is_some() => {}
                STRESS => text += &stress_pair(&record.properties).unwrap_or_else(|| pair(key, value)),
                _ => text += &pair(key, value),
            }
        }
        if !record.properties.contains_key("pbc") {
            text += " pbc=\"T T T\"";
        }
        text.push('\n');
        for (index, (element, position)) in elements.iter().zip(crystal.cartesian()).enumerate() {
            text += &format!("{element:<2} {:.17} {:.17} {:.17}", position.x, position.y, position.z);
            let force = forces.iter().flat_map(|rows| rows[index]);
            let numbers = force.chain(moments.iter().map(|moments| moments[index]));
            text.extend(numbers.map(|number| format!(" {number:?}")));
            text.push('\n');
        }
    }
    Ok(text)
}

/// The stress as ASE has it: nine numbers in eV/Å^3, column after column.
fn stress_pair(properties: &Map<String, Value>) -> Option<String> {
    let tensor = stress_for_ase(properties)?;
    let numbers: Vec<String> = (0..9).map(|n| format!("{:?}", tensor[n % 3][n / 3])).collect();
    Some(format!(" {STRESS}=\"{}\"", numbers.join(" ")))
}

/// ` key=value` such that reading gives the value back.
fn pair(key: &str, value: &Value) -> String {
    let key: String =
        key.chars().map(|c| if c.is_whitespace() || "=\"'".contains(c) { '_' } else { c }).collect();
    let plain = match value {
        Value::Bool(true) => "T".to_owned(),
        Value::Bool(false) => "F".to_owned(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.clone(),
        _ => String::new(),
    };
    let escape = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    if scalar_or_list(&plain) == *value {
        let bare =
            !plain.is_empty() && plain.chars().all(|c| c.is_ascii_alphanumeric() || ".-+_:/".contains(c));
        return if bare { format!(" {key}={plain}") } else { format!(" {key}=\"{}\"", escape(&plain)) };
    }
    format!(" {key}=\"{}\"", escape(&format!("{JSON_MARK}{value}")))
}

#[cfg(test)]
mod tests {
    use nalgebra::Vector3;

    use super::*;

    fn records(text: &str) -> Vec<Result<Record, super::super::RecordError>> {
        let origin = Origin { file: "f.xyz".into(), stem: "f".into() };
        let mut records = Vec::new();
        read(&mut text.as_bytes(), &origin, &mut |record| records.push(record));
        records
    }

    #[test]
    fn frames_with_info() {
        let text = "2\nProperties=species:S:1:forces:R:3:pos:R:3 energy=-1.5 pbc='T T T' name=\"rock salt\" \
            Lattice=\"4 0 0 0 4 0 0 0 4\" stress={1 2 3} flag\nNa 9 9 9 0 0 0\nCl 9 9 9 2 2 2\n\
            1\nLattice=\"4 0 0 0 4 0 0 0 4\" Properties=Z:I:1:pos:R:3\n84 0 0 0\n\n";
        let records = records(text);
        let first = records[0].as_ref().unwrap();
        assert_eq!(first.id, "f#1");
        assert!((first.crystal.sites[1].frac - Vector3::repeat(0.5)).norm() < 1e-12);
        assert_eq!(
            Value::Object(first.properties.clone()),
            json!({
                "energy": -1.5, "name": "rock salt", "stress": [1, 2, 3], "flag": true,
                "forces": [[9.0, 9.0, 9.0], [9.0, 9.0, 9.0]],
            })
        );
        assert_eq!(records[1].as_ref().unwrap().crystal.sites[0].occupants[0].element.symbol(), "Po");
    }

    #[test]
    fn values_survive() {
        for value in [
            json!("12"),
            json!("a \"b\" \\ c\nd"),
            json!(""),
            json!("T"),
            json!([1, "x"]),
            json!({"a": null}),
            json!(1e-300),
            json!(3),
            json!(2.0),
            json!("_JSON 1"),
        ] {
            let info = pairs(&pair("k", &value));
            assert_eq!(info["k"], value, "{}", pair("k", &value));
        }
    }

    #[test]
    fn errors_name_the_line() {
        for (text, expected) in [
            ("1\nplain\nNa 0 0 0\n", "f.xyz, line 2: no lattice; expected Lattice="),
            ("x\n", "f.xyz, line 1: first line of a frame is 'x'; expected the number of atoms"),
            (
                "2\nLattice=\"4 0 0 0 4 0 0 0 4\"\nNa 0 0 0\n",
                "f.xyz, line 3: no further line; expected the 2 atoms",
            ),
            ("1\nLattice=\"4 0 0 0 4 0 0 0 4\"\nNa 0 0\n", "f.xyz, line 3: 3 columns; expected at least 4"),
            (
                "1\nLattice=\"4 0 0 0 4 0 0 0 4\"\nNa 0 0 inf\n",
                "f.xyz, line 3: coordinate of atom 1 is 'inf'",
            ),
            ("1\nLattice=\"4 0 0 0 4 0 0 0 4\"\nX 0 0 0\n", "f.xyz, line 3: site 1: unknown element 'X'"),
            ("1\nLattice=\"4 0 0 8 0 0 0 0 4\"\nNa 0 0 0\n", "f.xyz, line 2: impossible lattice"),
            ("0\nLattice=\"4 0 0 0 4 0 0 0 4\"\n", "f.xyz, line 1: the structure is empty"),
            ("", "f.xyz: the structure is empty"),
        ] {
            let message = records(text).remove(0).unwrap_err().to_string();
            assert!(message.starts_with(expected), "{message}");
        }
    }
}

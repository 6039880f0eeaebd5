//! JSON documents: pymatgen structures and computed entries, OPTIMADE responses, lists and tables
//! of these.

use serde_json::{Map, Value};

use crate::crystal::Crystal;

use super::error::{Fault, Place, Problem};
use super::record::{Emit, Origin, id_from};
use super::{cif, entries, jsonl, optimade, pymatgen};

/// Parses JSON; where that fails, once more with the `NaN` and `Infinity` that Python writes read
/// as `null`.
pub(crate) fn parse(text: &str) -> Result<Value, serde_json::Error> {
    serde_json::from_str(text)
        .or_else(|error| serde_json::from_str(&without_nan(text)).map_err(|_: serde_json::Error| error))
}

fn without_nan(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    let (mut in_string, mut escaped) = (false, false);
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let word =
            ["NaN", "-Infinity", "Infinity"].into_iter().find(|word| !in_string && rest.starts_with(word));
        let length = if let Some(word) = word {
            result.push_str("null");
            word.len()
        } else {
            (in_string, escaped) = match c {
                '"' if !escaped => (!in_string, false),
                '\\' => (in_string, !escaped),
                _ => (in_string, false),
            };
            result.push(c);
            c.len_utf8()
        };
        rest = &rest[length..];
    }
    result
}

/// Reads a whole document.
pub(crate) fn read(text: &str, origin: &Origin, emit: &mut Emit) {
    match parse(text) {
        Ok(document) => document_of(document, origin, emit),
        // A file of JSON lines with the wrong ending.
        Err(_) if text.lines().next().is_some_and(|line| parse(line).is_ok_and(|v| v.is_object())) => {
            jsonl::read(&mut text.as_bytes(), origin, emit);
        }
        Err(error) => {
            let problem = Problem::Syntax { format: "JSON", reason: error.to_string() };
            emit(Err(origin.fail(Place::default(), problem)));
        }
    }
}

fn document_of(document: Value, origin: &Origin, emit: &mut Emit) {
    match document {
        Value::Array(items) => {
            let single = items.len() == 1;
            for (index, item) in items.into_iter().enumerate() {
                one(item, None, (!single).then_some(index + 1), origin, emit);
            }
        }
        Value::Object(mut object) => {
            if !is_structure(&object)
                && matches!(object.get("data"), Some(Value::Array(_) | Value::Object(_)))
            {
                let data = object.remove("data").unwrap_or_default();
                return document_of(data, origin, emit);
            }
            let table = !is_structure(&object)
                && object.values().any(|value| value.as_object().is_some_and(is_structure));
            if table {
                for (index, (key, item)) in object.into_iter().enumerate() {
                    one(item, Some(key), Some(index + 1), origin, emit);
                }
            } else {
                one(Value::Object(object), None, None, origin, emit);
            }
        }
        other => one(other, None, None, origin, emit),
    }
}

fn one(item: Value, key: Option<String>, entry: Option<usize>, origin: &Origin, emit: &mut Emit) {
    let place = Place { entry, ..Place::default() };
    let (id, result) = match item {
        Value::Object(mut object) => {
            let own = id_from(&mut object);
            (own, structure(object))
        }
        other => (None, Err(unrecognised(&other).into())),
    };
    let id = id.or(key).unwrap_or_else(|| origin.id(entry));
    emit(origin.finish(id, place, result));
}

/// Whether an object is a structure in some form.
fn is_structure(object: &Map<String, Value>) -> bool {
    is_foreign(object) || (object.contains_key("species") && object.contains_key("frac"))
}

/// Whether an object is a structure in a form other than that of JSON lines.
pub(crate) fn is_foreign(object: &Map<String, Value>) -> bool {
    pymatgen::is_structure(object)
        || optimade::is_structure(object)
        || object.get("structure").is_some_and(Value::is_object)
        || object.get("cif").is_some_and(Value::is_string)
}

/// The structure in an object; all other keys are properties.
pub(crate) fn structure(mut object: Map<String, Value>) -> Result<(Crystal, Map<String, Value>), Fault> {
    if pymatgen::is_structure(&object) {
        return pymatgen::structure(object);
    }
    if optimade::is_structure(&object) {
        return optimade::structure(object);
    }
    if object.contains_key("species") && object.contains_key("frac") {
        let line: jsonl::Line = serde_json::from_value(Value::Object(object))
            .map_err(|error| Problem::Syntax { format: "JSON structure", reason: error.to_string() })?;
        return line.into_crystal();
    }
    if let Some(Value::Object(inner)) = object.get_mut("structure") {
        let (crystal, more) = structure(std::mem::take(inner))?;
        object.shift_remove("structure");
        if entries::is_entry(&object) {
            object = entries::properties(object);
        }
        return Ok((crystal, pymatgen::outer_properties(object, more)));
    }
    if let Some(Value::String(text)) = object.get("cif") {
        let (crystal, more) = cif::first(text)?;
        object.shift_remove("cif");
        return Ok((crystal, pymatgen::outer_properties(object, more)));
    }
    Err(unrecognised(&Value::Object(object)).into())
}

/// The crystal in a JSON value of any form that is read from files.
///
/// # Errors
/// When the value is no structure, or an impossible one.
pub(crate) fn crystal(value: Value) -> Result<Crystal, Problem> {
    match value {
        Value::Object(object) => structure(object).map(|(crystal, _)| crystal).map_err(|fault| fault.problem),
        other => Err(unrecognised(&other)),
    }
}

fn unrecognised(value: &Value) -> Problem {
    let found = match value {
        Value::Object(object) => {
            let keys: Vec<&str> = object.keys().take(8).map(String::as_str).collect();
            format!("an object with the keys {}", keys.join(", "))
        }
        other => other.to_string().chars().take(40).collect(),
    };
    Problem::Unexpected {
        what: "JSON value".into(),
        found,
        expected: "a pymatgen structure (lattice, sites), an entry with a structure, an OPTIMADE structure \
            (attributes.lattice_vectors, ..) or lattice, species and frac"
            .into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn python_numbers_become_null() {
        let value = parse(r#"{"a": NaN, "b": [-Infinity, 1], "c": "NaN \" Infinity"}"#).unwrap();
        assert_eq!(value, serde_json::json!({"a": null, "b": [null, 1], "c": "NaN \" Infinity"}));
        assert!(parse("{\"a\": nan}").is_err());
    }
}

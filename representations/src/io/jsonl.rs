//! JSON lines: one structure per line.
//!
//! ```text
//! {"id": "x", "lattice": [[..],[..],[..]], "species": ["Na", {"K": 0.5, "Rb": 0.5}], "frac": [[..], ..], ..}
//! ```
//! `cell` = [a, b, c, alpha, beta, gamma] (Å, degrees) may stand for `lattice` (rows are vectors,
//! Å). All other keys are properties. Lines that hold a pymatgen or OPTIMADE object are read too.

use std::fmt;
use std::io::BufRead;

use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::{Map, Value, json};

use crate::crystal::{Crystal, Site};
use crate::element::Element;

use super::build;
use super::error::{Fault, Place, Problem};
use super::record::{Emit, Origin, Record, id_from};

/// One line in the format above.
#[derive(Default)]
pub(crate) struct Line {
    lattice: Option<[[f64; 3]; 3]>,
    cell: Option<[f64; 6]>,
    species: Option<Vec<Species>>,
    frac: Option<Vec<[f64; 3]>>,
    properties: Map<String, Value>,
}

enum Species {
    Name(String),
    Shares(Vec<(String, f64)>),
}

impl<'de> Deserialize<'de> for Line {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Keys;
        impl<'de> Visitor<'de> for Keys {
            type Value = Line;
            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("an object with lattice or cell, species and frac")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Line, A::Error> {
                let mut line = Line::default();
                while let Some(key) = map.next_key::<String>()? {
                    match key.as_str() {
                        "lattice" => line.lattice = Some(map.next_value()?),
                        "cell" => line.cell = Some(map.next_value()?),
                        "species" => line.species = Some(map.next_value()?),
                        "frac" => line.frac = Some(map.next_value()?),
                        _ => {
                            let value = map.next_value()?;
                            line.properties.insert(key, value);
                        }
                    }
                }
                Ok(line)
            }
        }
        deserializer.deserialize_map(Keys)
    }
}

impl<'de> Deserialize<'de> for Species {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Species;
            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("an element symbol or an object of element shares")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Species, E> {
                Ok(Species::Name(text.to_owned()))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Species, A::Error> {
                let mut shares = Vec::new();
                while let Some(share) = map.next_entry()? {
                    shares.push(share);
                }
                Ok(Species::Shares(shares))
            }
        }
        deserializer.deserialize_any(Either)
    }
}

impl Line {
    /// The crystal and the remaining keys.
    pub(crate) fn into_crystal(self) -> Result<(Crystal, Map<String, Value>), Fault> {
        let missing = |what: &str, expected: &str| Problem::Missing {
            what: what.to_owned(),
            expected: expected.to_owned(),
        };
        let lattice = match (self.lattice, self.cell) {
            (Some(rows), _) => build::lattice_from_rows(rows)?,
            (None, Some(cell)) => build::lattice_from_parameters(cell)?,
            (None, None) => {
                return Err(
                    missing("lattice", "'lattice' (3 rows) or 'cell' (a, b, c, alpha, beta, gamma)").into()
                );
            }
        };
        let species = self.species.ok_or_else(|| missing("species", "'species', one per site"))?;
        let frac = self.frac.ok_or_else(|| missing("coordinates", "'frac', three numbers per site"))?;
        if species.len() != frac.len() {
            let expected = format!("{}, the number of rows of 'frac'", frac.len());
            return Err(Problem::Count { what: "species".into(), found: species.len(), expected }.into());
        }
        let mut sites = Vec::with_capacity(frac.len());
        for (index, (who, x)) in species.iter().zip(&frac).enumerate() {
            let label = || (index + 1).to_string();
            let shares = shares(who, &label)?;
            sites.extend(build::site(&label, shares, *x)?);
        }
        Ok((build::crystal(lattice, sites)?, self.properties))
    }
}

fn shares(species: &Species, label: &dyn Fn() -> String) -> Result<Vec<(Element, f64)>, Problem> {
    let element = |text: &str| {
        build::element(text).map_err(|problem| Problem::UnknownElement { site: label(), problem })
    };
    match species {
        Species::Name(text) => Ok(vec![(element(text)?, 1.0)]),
        Species::Shares(shares) => shares.iter().map(|(text, x)| Ok((element(text)?, *x))).collect(),
    }
}

/// Reads line after line.
pub(crate) fn read(reader: &mut dyn BufRead, origin: &Origin, emit: &mut Emit) {
    let mut bytes = Vec::new();
    for number in 1.. {
        bytes.clear();
        match reader.read_until(b'\n', &mut bytes) {
            Ok(0) => return,
            Ok(_) => (),
            Err(error) => {
                let place = Place { line: Some(number), ..Place::default() };
                emit(Err(origin.fail(place, Problem::Input(error.to_string()))));
                return;
            }
        }
        let line = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes).trim_ascii();
        if line.is_empty() {
            continue;
        }
        let (id, result) = read_line(line);
        let id = id.unwrap_or_else(|| origin.id(Some(number)));
        emit(origin.finish(id, Place { line: Some(number), ..Place::default() }, result));
    }
}

type Read = Result<(Crystal, Map<String, Value>), Fault>;

fn read_line(bytes: &[u8]) -> (Option<String>, Read) {
    match serde_json::from_slice::<Line>(bytes) {
        Ok(mut line) if line.frac.is_some() || line.species.is_some() => {
            let id = id_from(&mut line.properties);
            (id, line.into_crystal())
        }
        strict => {
            let reason = match &strict {
                Ok(_) => "neither 'species' nor 'frac'".to_owned(),
                Err(error) => error.to_string(),
            };
            let syntax = || Problem::Syntax { format: "JSON line", reason };
            match super::json::parse(&String::from_utf8_lossy(bytes)) {
                Ok(Value::Object(mut object)) => {
                    let id = id_from(&mut object);
                    if super::json::is_foreign(&object) {
                        (id, super::json::structure(object))
                    } else {
                        (id, Err(syntax().into()))
                    }
                }
                _ => (None, Err(syntax().into())),
            }
        }
    }
}

/// Keys that a property cannot have here.
const OWN_KEYS: [&str; 5] = ["id", "lattice", "cell", "species", "frac"];

/// One line per record.
pub(crate) fn write(records: &[Record]) -> String {
    records.iter().map(|record| object(record).to_string() + "\n").collect()
}

fn object(record: &Record) -> Value {
    let mut object = Map::new();
    object.insert("id".into(), json!(record.id));
    object.extend(crystal_object(&record.crystal));
    for (key, value) in &record.properties {
        if !OWN_KEYS.contains(&key.as_str()) {
            object.insert(key.clone(), value.clone());
        }
    }
    Value::Object(object)
}

/// `lattice`, `species` and `frac` of a crystal.
pub(crate) fn crystal_object(crystal: &Crystal) -> Map<String, Value> {
    let species = |site: &Site| {
        if site.is_ordered() {
            return json!(site.occupants[0].element.symbol());
        }
        let shares = site.occupants.iter().map(|o| (o.element.symbol().to_owned(), json!(o.occupancy)));
        Value::Object(shares.collect())
    };
    let frac: Vec<[f64; 3]> = crystal.sites.iter().map(|site| site.frac.into()).collect();
    Map::from_iter([
        ("lattice".to_owned(), json!(crystal.lattice.rows())),
        ("species".to_owned(), crystal.sites.iter().map(species).collect()),
        ("frac".to_owned(), json!(frac)),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<Result<Record, super::super::RecordError>> {
        let origin = Origin { file: "x.jsonl".into(), stem: "x".into() };
        let mut records = Vec::new();
        read(&mut text.as_bytes(), &origin, &mut |record| records.push(record));
        records
    }

    #[test]
    fn lattice_or_cell_and_shares() {
        let text = r#"{"id":"a","cell":[3,4,5,90,90,90],"species":["Na+",{"K":0.5,"Rb":0.25}],"frac":[[0,0,0],[0.5,0.5,1.5]],"e":1.5}

{"lattice":[[3,0,0],[0,4,0],[0,0,5]],"species":["D"],"frac":[[0,0,0]]}"#;
        let records = lines(text);
        let first = records[0].as_ref().unwrap();
        assert_eq!(first.id, "a");
        assert_eq!(first.properties, json!({"e": 1.5}).as_object().unwrap().clone());
        assert_eq!(first.crystal.sites[1].occupants.len(), 2);
        assert_eq!(first.crystal.sites[1].frac.z, 1.5);
        assert_eq!(records[1].as_ref().unwrap().id, "x#3");
        assert_eq!(records[1].as_ref().unwrap().crystal.sites[0].occupants[0].element.symbol(), "H");
    }

    #[test]
    fn errors_name_the_line_and_the_reason() {
        let text = r#"{"id":"a","cell":[3,4,5,90,90,90],"species":["Xx"],"frac":[[0,0,0]]}
{"id":"b","cell":[3,4,5,90,90,90],"species":["Na","Na"],"frac":[[0,0,0]]}
{"id":"c","cell":[3,4,5,90,90,180],"species":["Na"],"frac":[[0,0,0]]}
{"id":"d","cell":[3,4,5,90,90,90],"species":["Na"],"frac":[[0,0,"a"]]}
{"id":"e"}
{"id":"f","species":["Na"],"frac":[[0,0,0]]}
{"id":"g","cell":[3,4,5,90,90,90],"species":[],"frac":[]}
not json"#;
        let messages: Vec<String> = lines(text).into_iter().map(|r| r.unwrap_err().to_string()).collect();
        let expected = [
            "x.jsonl, line 1: site 1: unknown element 'Xx'",
            "x.jsonl, line 2: 2 species; expected 1",
            "x.jsonl, line 3: impossible cell",
            "x.jsonl, line 4: broken JSON line: invalid type: string \"a\"",
            "x.jsonl, line 5: broken JSON line: neither",
            "x.jsonl, line 6: no lattice; expected 'lattice'",
            "x.jsonl, line 7: the structure is empty",
            "x.jsonl, line 8: broken JSON line: ",
        ];
        for (message, expected) in messages.iter().zip(expected) {
            assert!(message.starts_with(expected), "{message}");
        }
    }
}

//! From records to a database.

use std::collections::BTreeMap;

use rusqlite::{Connection, Transaction, params};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::packed::{floats, pack};
use super::tables::{STATEMENTS, is_pair};
use super::{ID, VERSION};
use crate::element::Element;
use crate::io::calculated::{ENERGY, FORCES, MAGMOMS, STRESS, energy, forces, magmoms, six, stress_for_ase};
use crate::io::error::WriteError;
use crate::io::record::Record;

/// One row for each record. Times are 0 (the year 2000 in this format) and unique ids follow from the records, so that the same
/// records give the same bytes.
pub(in crate::io) fn write(records: &[Record]) -> Result<Vec<u8>, WriteError> {
    let failed = |error: rusqlite::Error| WriteError::Database(error.to_string());
    let mut connection = Connection::open_in_memory().map_err(failed)?;
    connection.execute_batch(STATEMENTS).map_err(failed)?;
    let transaction = connection.transaction().map_err(failed)?;
    let version = ("version", VERSION.to_string());
    transaction.execute("INSERT INTO information VALUES (?1, ?2)", version).map_err(failed)?;
    for (number, record) in (1_i64..).zip(records) {
        let elements = record.crystal.elements().map_err(|disordered| WriteError::Disordered {
            id: record.id.clone(),
            site: disordered.site + 1,
            format: "an ASE database",
        })?;
        add(&transaction, number, record, &elements).map_err(failed)?;
    }
    transaction.commit().map_err(failed)?;
    Ok(connection.serialize("main").map_err(failed)?.to_vec())
}

fn add(into: &Transaction, number: i64, record: &Record, elements: &[Element]) -> rusqlite::Result<()> {
    let (crystal, told) = (&record.crystal, &record.properties);
    let Sorted { pairs, data } = sorted(record, elements.len());
    let atomic_numbers: Vec<i32> =
        elements.iter().map(|element| i32::from(element.atomic_number())).collect();
    let positions: Vec<[f64; 3]> = crystal.cartesian().into_iter().map(Into::into).collect();
    let rows = crystal.lattice.rows();
    let forces = forces(told, elements.len());
    let stress = stress_for_ase(told).map(six);
    let length = |row: &[f64; 3]| row.iter().map(|x| x * x).sum::<f64>().sqrt();
    let largest = |sizes: &mut dyn Iterator<Item = f64>| sizes.fold(0.0, f64::max);
    let calculator = told.get("calculator").and_then(Value::as_str);
    let mut hash = Sha256::new();
    hash.update(number.to_le_bytes());
    hash.update(&record.id);
    hash.update(floats(rows.as_flattened().iter().chain(positions.as_flattened())));
    let unique: String = hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    into.execute(
        "INSERT INTO systems VALUES (?1, ?2, 0.0, 0.0, 'druse', ?3, ?4, ?5, ?6, NULL, NULL, NULL, NULL, NULL, NULL, ?7, ?8, \
         ?9, ?10, ?11, ?12, NULL, ?13, ?14, NULL, ?15, ?16, ?17, ?18, ?19, ?20, ?21, 0.0)",
        params![
            number,
            unique,
            atomic_numbers.iter().flat_map(|z| z.to_le_bytes()).collect::<Vec<u8>>(),
            floats(positions.as_flattened()),
            floats(rows.as_flattened()),
            periodic(told),
            calculator,
            calculator.map(|_| "{}"),
            energy(told),
            told.get("free_energy").and_then(Value::as_f64),
            forces.as_ref().map(|rows| floats(rows.as_flattened())),
            stress.as_ref().map(floats),
            magmoms(told, elements.len()).as_ref().map(floats),
            told.get("magmom").and_then(Value::as_f64),
            json!(pairs).to_string(),
            pack(&data),
            elements.len() as i64,
            forces.as_ref().map(|rows| largest(&mut rows.iter().map(length))),
            stress.as_ref().map(|six| largest(&mut six.iter().map(|x| x.abs()))),
            crystal.lattice.volume(),
            crystal.composition().mass(),
        ],
    )?;
    let mut counts: BTreeMap<u8, i64> = BTreeMap::new();
    for element in elements {
        *counts.entry(element.atomic_number()).or_default() += 1;
    }
    for (atomic_number, count) in counts {
        into.execute("INSERT INTO species VALUES (?1, ?2, ?3)", (atomic_number, count, number))?;
    }
    for (key, value) in &pairs {
        into.execute("INSERT INTO keys VALUES (?1, ?2)", (key, number))?;
        let as_number = value.as_bool().map(|yes| f64::from(u8::from(yes))).or(value.as_f64());
        match (as_number, value.as_str()) {
            (Some(value), _) => {
                into.execute("INSERT INTO number_key_values VALUES (?1, ?2, ?3)", (key, value, number))?
            }
            (None, text) => {
                into.execute("INSERT INTO text_key_values VALUES (?1, ?2, ?3)", (key, text, number))?
            }
        };
    }
    Ok(())
}

/// Properties without columns of their own.
struct Sorted {
    pairs: Map<String, Value>,
    data: Map<String, Value>,
}

fn sorted(record: &Record, atoms: usize) -> Sorted {
    let mut sorted = Sorted { pairs: Map::new(), data: Map::new() };
    let told = &record.properties;
    let mut put = |key: &str, value: &Value| {
        let side = if is_pair(key, value) { &mut sorted.pairs } else { &mut sorted.data };
        side.insert(key.to_owned(), value.clone());
    };
    put(ID, &json!(record.id));
    for (key, value) in told {
        let has_column = match key.as_str() {
            ENERGY | "free_energy" | "magmom" => value.is_number(),
            FORCES => forces(told, atoms).is_some(),
            STRESS => stress_for_ase(told).is_some(),
            MAGMOMS => magmoms(told, atoms).is_some(),
            "calculator" => value.is_string(),
            "pbc" => directions(value).is_some(),
            key => key == ID,
        };
        if !has_column {
            put(key, value);
        }
    }
    sorted
}

/// Directions in which the structure is periodic, one bit each; all where nothing is said.
fn periodic(told: &Map<String, Value>) -> i64 {
    let bits = told.get("pbc").and_then(directions).unwrap_or([true; 3]);
    bits.into_iter().zip([1, 2, 4]).map(|(is, bit)| if is { bit } else { 0 }).sum()
}

fn directions(value: &Value) -> Option<[bool; 3]> {
    let [a, b, c] = value.as_array()?.as_slice() else { return None };
    Some([a.as_bool()?, b.as_bool()?, c.as_bool()?])
}

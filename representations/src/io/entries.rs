//! Computed entries of pymatgen: structures with an energy, as `ComputedStructureEntry.as_dict` writes them.

use serde_json::{Map, Value, json};

use super::calculated::{ENERGY, energy};
use super::error::WriteError;
use super::pymatgen::{outer_properties, structure_dictionary};
use super::record::Record;

/// What was added to the computed energy (eV).
const CORRECTION: &str = "correction";
/// The parts of the correction.
const ADJUSTMENTS: &str = "energy_adjustments";
/// Settings of the computation.
const PARAMETERS: &str = "parameters";
/// A place that all versions of pymatgen know.
const MODULE: &str = "pymatgen.entries.computed_entries";

/// Whether an object with a structure is an entry.
pub(super) fn is_entry(object: &Map<String, Value>) -> bool {
    object.get("@class").and_then(Value::as_str) == Some("ComputedStructureEntry")
}

/// The properties of an entry without its structure: its `data`, the energy with the correction as pymatgen's `entry.energy`, the
/// correction where there is one, and settings.
pub(super) fn properties(mut object: Map<String, Value>) -> Map<String, Value> {
    let correction = object.get(CORRECTION).and_then(Value::as_f64).unwrap_or_default();
    // The structure tells it.
    object.shift_remove("composition");
    if correction == 0.0 {
        object.shift_remove(CORRECTION);
        object.shift_remove(ADJUSTMENTS);
    } else if let Some(energy) = energy(&object) {
        object.insert(ENERGY.to_owned(), json!(energy + correction));
    }
    if object.get(PARAMETERS).and_then(Value::as_object).is_some_and(Map::is_empty) {
        object.shift_remove(PARAMETERS);
    }
    match object.shift_remove("data") {
        Some(Value::Object(data)) => outer_properties(object, data),
        _ => outer_properties(object, Map::new()),
    }
}

/// A list of entries; what is neither energy, correction nor settings is `data`.
///
/// # Errors
/// When a record has no energy.
pub(super) fn write(records: &[Record]) -> Result<String, WriteError> {
    let list: Vec<Value> = records.iter().map(entry).collect::<Result<_, _>>()?;
    Ok(Value::Array(list).to_string() + "\n")
}

fn entry(record: &Record) -> Result<Value, WriteError> {
    let told = &record.properties;
    let energy = energy(told).ok_or_else(|| WriteError::NoEnergy { id: record.id.clone() })?;
    let correction = told.get(CORRECTION).and_then(Value::as_f64).unwrap_or_default();
    let adjustments = match told.get(ADJUSTMENTS) {
        Some(parts) if parts.is_array() => parts.clone(),
        _ if correction == 0.0 => json!([]),
        _ => json!([{ "@module": MODULE, "@class": "ManualEnergyAdjustment", "value": correction }]),
    };
    let composition: Map<String, Value> = record
        .crystal
        .composition()
        .iter()
        .map(|(element, amount)| (element.symbol().to_owned(), json!(amount)))
        .collect();
    let own = |key: &str| ["entry_id", ENERGY, CORRECTION, ADJUSTMENTS, PARAMETERS].contains(&key);
    let data: Map<String, Value> =
        told.iter().filter(|(key, _)| !own(key)).map(|(key, value)| (key.clone(), value.clone())).collect();
    Ok(json!({
        "@module": MODULE,
        "@class": "ComputedStructureEntry",
        "energy": energy - correction,
        "composition": composition,
        "entry_id": record.id,
        CORRECTION: correction,
        ADJUSTMENTS: adjustments,
        PARAMETERS: told.get(PARAMETERS).filter(|settings| settings.is_object()).cloned().unwrap_or_else(|| json!({})),
        "data": data,
        "structure": structure_dictionary(&record.crystal),
    }))
}

//! Answers of an OPTIMADE API, as a file: structures with the attributes that the specification (1.2) asks for, and their other
//! properties with the prefix `_druse_`.

use serde_json::{Map, Value, json};

use super::{FURTHER, PREFIX, STANDARD};
use crate::crystal::{Crystal, FULL_OCCUPANCY_TOLERANCE, Site};
use crate::element::Element;
use crate::io::record::Record;

/// One document with all structures.
pub(in crate::io) fn write(records: &[Record]) -> String {
    let data: Vec<Value> = records.iter().map(resource).collect();
    let meta = json!({
        "query": { "representation": "/structures" },
        "api_version": "1.2.0",
        "more_data_available": false,
        "data_returned": data.len(),
        "provider": { "name": "druse", "description": "structures written by druse", "prefix": "druse" },
    });
    json!({ "data": data, "meta": meta }).to_string() + "\n"
}

fn resource(record: &Record) -> Value {
    let mut attributes = structure(&record.crystal);
    let mut further = Map::new();
    for (key, value) in &record.properties {
        match name(key) {
            Some(name) => drop(attributes.insert(name, value.clone())),
            None if STANDARD.contains(&key.as_str()) => {}
            None => drop(further.insert(key.clone(), value.clone())),
        }
    }
    if !further.is_empty() {
        attributes.insert(FURTHER.to_owned(), json!(further));
    }
    json!({ "type": "structures", "id": record.id, "attributes": attributes })
}

/// The name that a property has in an answer: with our prefix unless it has one. `None` where the specification allows no such name, and
/// for what the structure itself tells.
fn name(key: &str) -> Option<String> {
    let allowed = key.chars().all(|c| c == '_' || c.is_ascii_lowercase() || c.is_ascii_digit());
    match key.strip_prefix('_') {
        _ if !allowed || key.is_empty() || STANDARD.contains(&key) || key.starts_with(PREFIX) => None,
        Some(_) => Some(key.to_owned()),
        None => Some(format!("{PREFIX}{key}")),
    }
}

/// The attributes that tell the structure.
fn structure(crystal: &Crystal) -> Map<String, Value> {
    let composition = crystal.composition();
    let mut elements: Vec<Element> = composition.elements().collect();
    elements.sort_unstable_by_key(|element| element.symbol());
    let symbols: Vec<&str> = elements.iter().map(|element| element.symbol()).collect();
    let ratios: Vec<f64> = elements.iter().map(|&element| composition.fraction(element)).collect();
    let names: Vec<String> = crystal.sites.iter().map(species_name).collect();
    let mut species: Vec<(&String, &Site)> = names.iter().zip(&crystal.sites).collect();
    species.sort_by_key(|&(name, _)| name);
    species.dedup_by_key(|&mut (name, _)| name);
    let disordered = crystal.sites.iter().any(|site| !site.is_ordered());
    let positions: Vec<[f64; 3]> = crystal.cartesian().into_iter().map(Into::into).collect();
    let amounts = composition.reduced().integer_amounts();
    let reduced = amounts.as_ref().map(|amounts| {
        let of = |&element: &Element| (element.symbol().to_owned(), amounts[&element]);
        formula(elements.iter().map(of))
    });
    let anonymous = amounts.as_ref().map(|amounts| {
        let mut amounts: Vec<u64> = amounts.values().copied().collect();
        amounts.sort_unstable_by(|a, b| b.cmp(a));
        formula(amounts.into_iter().enumerate().map(|(place, amount)| (letters(place), amount)))
    });
    let attributes = json!({
        "elements": symbols,
        "nelements": symbols.len(),
        "elements_ratios": ratios,
        "chemical_formula_descriptive": composition.to_string(),
        "chemical_formula_reduced": reduced,
        "chemical_formula_anonymous": anonymous,
        "dimension_types": [1, 1, 1],
        "nperiodic_dimensions": 3,
        "lattice_vectors": crystal.lattice.rows(),
        "cartesian_site_positions": positions,
        "nsites": crystal.sites.len(),
        "species": species.into_iter().map(|(name, site)| self::species(name, site)).collect::<Vec<_>>(),
        "species_at_sites": names,
        "structure_features": if disordered { vec!["disorder"] } else { vec![] },
        "last_modified": null,
        "immutable_id": null,
    });
    match attributes {
        Value::Object(attributes) => attributes,
        _ => Map::new(),
    }
}

/// Symbols with their amounts, of which 1 is left out.
fn formula(parts: impl Iterator<Item = (String, u64)>) -> String {
    parts.map(|(symbol, amount)| if amount == 1 { symbol } else { format!("{symbol}{amount}") }).collect()
}

/// `A` to `Z`, then `Aa`, `Ba` and so on.
fn letters(place: usize) -> String {
    let letter = |n: usize, first: u8| char::from(first + (n % 26) as u8);
    let mut text = letter(place, b'A').to_string();
    if place >= 26 {
        text.push(letter(place / 26 - 1, b'a'));
    }
    text
}

/// The symbol for a full site of one element, a text of all shares for others.
fn species_name(site: &Site) -> String {
    if site.is_ordered() {
        return site.occupants[0].element.symbol().to_owned();
    }
    let shares = site.occupants.iter().map(|one| format!("{}{}", one.element.symbol(), one.occupancy));
    shares.collect::<Vec<_>>().join(" ")
}

fn species(name: &str, site: &Site) -> Value {
    let mut symbols: Vec<&str> = site.occupants.iter().map(|one| one.element.symbol()).collect();
    let mut shares: Vec<f64> = site.occupants.iter().map(|one| one.occupancy).collect();
    let empty = 1.0 - shares.iter().sum::<f64>();
    if empty > FULL_OCCUPANCY_TOLERANCE {
        symbols.push("vacancy");
        shares.push(empty);
    }
    json!({ "name": name, "chemical_symbols": symbols, "concentration": shares })
}

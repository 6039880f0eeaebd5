//! The tables, and what ASE allows as a key-value pair.

use serde_json::Value;

use crate::element::Element;

/// As ASE 3.29 makes them; the order of columns is part of the format.
pub(super) const STATEMENTS: &str = "
CREATE TABLE systems (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    unique_id TEXT UNIQUE,
    ctime REAL,
    mtime REAL,
    username TEXT,
    numbers BLOB,
    positions BLOB,
    cell BLOB,
    pbc INTEGER,
    initial_magmoms BLOB,
    initial_charges BLOB,
    masses BLOB,
    tags BLOB,
    momenta BLOB,
    constraints TEXT,
    calculator TEXT,
    calculator_parameters TEXT,
    energy REAL,
    free_energy REAL,
    forces BLOB,
    stress BLOB,
    dipole BLOB,
    magmoms BLOB,
    magmom REAL,
    charges BLOB,
    key_value_pairs TEXT,
    data BLOB,
    natoms INTEGER,
    fmax REAL,
    smax REAL,
    volume REAL,
    mass REAL,
    charge REAL);
CREATE TABLE species (Z INTEGER, n INTEGER, id INTEGER, FOREIGN KEY (id) REFERENCES systems(id));
CREATE TABLE keys (key TEXT, id INTEGER, FOREIGN KEY (id) REFERENCES systems(id));
CREATE TABLE text_key_values (key TEXT, value TEXT, id INTEGER, FOREIGN KEY (id) REFERENCES systems(id));
CREATE TABLE number_key_values (key TEXT, value REAL, id INTEGER, FOREIGN KEY (id) REFERENCES systems(id));
CREATE TABLE information (name TEXT, value TEXT);
CREATE INDEX unique_id_index ON systems(unique_id);
CREATE INDEX ctime_index ON systems(ctime);
CREATE INDEX username_index ON systems(username);
CREATE INDEX calculator_index ON systems(calculator);
CREATE INDEX species_index ON species(Z);
CREATE INDEX key_index ON keys(key);
CREATE INDEX text_index ON text_key_values(key);
CREATE INDEX number_index ON number_key_values(key);
";

/// Names that ASE keeps for itself, among them columns and attributes of its rows, which a pair would hide behind.
#[rustfmt::skip]
const RESERVED: [&str; 47] = [
    "X", "age", "born_effective_charges", "calculator", "calculator_parameters", "cell", "charge", "charges",
    "constrained_forces", "constraints", "count_atoms", "ctime", "data", "dielectric_tensor", "dipole", "energies",
    "energy", "external_tables", "fmax", "forces", "formula", "free_energy", "get", "id", "initial_charges",
    "initial_magmoms", "key_value_pairs", "magmom", "magmoms", "mass", "masses", "momenta", "mtime", "natoms",
    "numbers", "pbc", "polarization", "positions", "smax", "stress", "stresses", "symbols", "tags", "toatoms",
    "unique_id", "user", "volume",
];

/// Whether a key and a value can be a key-value pair.
pub(super) fn is_pair(key: &str, value: &Value) -> bool {
    let word = key.starts_with(|c: char| c == '_' || c.is_ascii_alphabetic())
        && key.chars().all(|c| c == '_' || c.is_ascii_alphanumeric());
    let free = word && !RESERVED.contains(&key) && key != "username" && Element::from_symbol(key).is_none();
    free && match value {
        Value::Bool(_) | Value::Number(_) => true,
        Value::String(text) => is_plain_text(text),
        _ => false,
    }
}

/// Whether Python reads no number and no truth value in a text, as ASE asks for.
fn is_plain_text(text: &str) -> bool {
    let bare = text.trim().replace('_', "");
    let other_digits = bare.chars().any(|c| c.is_numeric() && !c.is_ascii());
    !other_digits && bare.parse::<f64>().is_err() && !["True", "False"].contains(&text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn pairs_are_what_ase_allows() {
        for (key, value) in
            [("e_hull", json!(0.1)), ("_x1", json!(true)), ("verdict", json!("new")), ("note", json!(""))]
        {
            assert!(is_pair(key, &value), "{key}");
        }
        for (key, value) in [
            ("energy", json!(1)),
            ("Fe", json!(1)),
            ("volume", json!(1)),
            ("a b", json!(1)),
            ("1a", json!(1)),
            ("", json!(1)),
            ("ok", json!("12")),
            ("ok", json!(" 1_0e3 ")),
            ("ok", json!("nan")),
            ("ok", json!("-Infinity")),
            ("ok", json!("True")),
            ("ok", json!("１２")),
            ("ok", json!(null)),
            ("ok", json!([1])),
        ] {
            assert!(!is_pair(key, &value), "{key} {value}");
        }
    }
}

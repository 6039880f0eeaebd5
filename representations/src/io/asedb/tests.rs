use rusqlite::Connection;
use serde_json::json;

use super::*;
use crate::crystal::Crystal;
use crate::io::error::RecordError;
use crate::io::record::{Origin, Record};
use crate::lattice::Lattice;

fn salt() -> Record {
    let atoms = [("Na", [0.0; 3]), ("Cl", [0.5, 0.5, 0.4])].map(|(symbol, x)| (symbol.parse().unwrap(), x));
    let properties = json!({
        "energy": -6.5, "forces": [[0.1, 0.0, -0.2], [-0.1, 0.0, 0.2]], "magmoms": [0.0, 1.5],
        "energy_above_hull": 0.02, "verdict": "new", "converged": true, "nearest": null, "note": "12", "further": [1, 2],
    });
    Record {
        id: "7-NaCl".into(),
        crystal: Crystal::ordered(
            Lattice::from_rows([[5.0, 0.0, 0.1], [0.0, 5.5, 0.0], [0.3, 0.0, 6.0]]),
            atoms,
        ),
        properties: properties.as_object().unwrap().clone(),
        source: String::new(),
    }
}

fn records(bytes: &[u8]) -> Vec<Result<Record, RecordError>> {
    let origin = Origin { file: "x.db".into(), stem: "x".into() };
    let mut records = Vec::new();
    read(bytes, &origin, &mut |record| records.push(record));
    records
}

fn message(bytes: &[u8]) -> String {
    records(bytes).remove(0).unwrap_err().to_string()
}

/// A database after some statements.
fn changed(statements: &str) -> Vec<u8> {
    let bytes = write(&[salt(), salt()]).unwrap();
    let mut connection = Connection::open_in_memory().unwrap();
    connection.deserialize_read_exact("main", bytes.as_slice(), bytes.len(), false).unwrap();
    // As in the SQLite of Python; the one bundled here has them on.
    connection.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
    connection.execute_batch(statements).unwrap();
    connection.serialize("main").unwrap().to_vec()
}

#[test]
fn rows_are_where_ase_looks_for_them() {
    let bytes = write(&[salt(), salt()]).unwrap();
    assert_eq!(bytes, write(&[salt(), salt()]).unwrap());
    let mut connection = Connection::open_in_memory().unwrap();
    connection.deserialize_read_exact("main", bytes.as_slice(), bytes.len(), true).unwrap();
    let number = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, f64>(0)).unwrap();
    assert_eq!(number("SELECT natoms FROM systems WHERE id = 2"), 2.0);
    assert_eq!(number("SELECT pbc FROM systems WHERE id = 1"), 7.0);
    assert!((number("SELECT fmax FROM systems WHERE id = 1") - 0.05_f64.sqrt()).abs() < 1e-15);
    assert!((number("SELECT mass FROM systems WHERE id = 1") - 58.44).abs() < 0.01);
    assert_eq!(number("SELECT n FROM species WHERE Z = 17 AND id = 1"), 1.0);
    assert_eq!(number("SELECT value FROM number_key_values WHERE key = 'converged' AND id = 1"), 1.0);
    assert_eq!(number("SELECT count(*) FROM keys WHERE id = 1"), 4.0);
    let verdict = "SELECT value FROM text_key_values WHERE key = 'verdict' AND id = 2";
    assert_eq!(connection.query_row(verdict, [], |row| row.get::<_, String>(0)).unwrap(), "new");
    let back = records(&bytes).remove(1).unwrap();
    assert_eq!((back.id.as_str(), &back.properties), ("7-NaCl", &salt().properties));
}

#[test]
fn rows_without_an_id_of_ours_are_counted_as_ase_does() {
    let bytes = changed(
        "UPDATE systems SET key_value_pairs = '{}', data = NULL, pbc = 3; DELETE FROM systems WHERE id = 1",
    );
    let only = records(&bytes).remove(0).unwrap();
    assert_eq!((only.id.as_str(), &only.properties["pbc"]), ("x", &json!([true, true, false])));
    let bytes = changed("UPDATE systems SET key_value_pairs = '{\"material_id\": \"mp-3\"}' WHERE id = 2");
    assert_eq!(records(&bytes).remove(1).unwrap().id, "mp-3");
    let bytes = changed("UPDATE systems SET key_value_pairs = '{}', data = 'null'");
    assert_eq!(records(&bytes).remove(1).unwrap().id, "x#2");
}

#[test]
fn damage_and_foreign_files_are_told() {
    for (statements, expected) in [
        (
            "UPDATE information SET value = 4",
            "x.db: broken ASE database: its tables have version 4; expected 5 to 9",
        ),
        (
            "DROP TABLE species; DROP TABLE systems",
            "x.db: broken ASE database: it has no tables of ASE; expected",
        ),
        ("DELETE FROM systems", "x.db: the structure is empty"),
        (
            "UPDATE systems SET numbers = x'00'",
            "x.db, structure 1: broken ASE database: the column numbers has 1 bytes",
        ),
        (
            "UPDATE systems SET numbers = x'ff00000001000000'",
            "x.db, structure 1: atomic number of site 1 is '255'",
        ),
        ("UPDATE systems SET positions = x''", "x.db, structure 1: 0 positions; expected 2"),
        ("UPDATE systems SET cell = zeroblob(72)", "x.db, structure 1: impossible lattice"),
        ("UPDATE systems SET cell = NULL", "x.db, structure 1: 0 vectors of the cell; expected 3"),
        ("UPDATE systems SET numbers = x'', positions = x''", "x.db, structure 1: the structure is empty"),
        (
            "UPDATE systems SET data = x'00'",
            "x.db, structure 1: broken ASE database: the column data cannot be",
        ),
        (
            "UPDATE systems SET key_value_pairs = '[1'",
            "x.db, structure 1: broken ASE database: the column key_value",
        ),
    ] {
        let found = message(&changed(statements));
        assert!(found.starts_with(expected), "{statements}: {found}");
    }
    assert!(message(b"no database").contains("it is no SQLite file"));
    let mut short = write(&[salt()]).unwrap();
    short.truncate(5000);
    assert!(message(&short).starts_with("x.db"), "{}", message(&short));
}

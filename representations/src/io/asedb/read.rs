//! From rows of the table `systems` to records.

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};
use serde_json::{Map, Value, json};

use super::packed::{unpack, unpack_floats, unpack_integers, unpack_text};
use super::{ID, OLDEST, VERSION};
use crate::crystal::Crystal;
use crate::element::Element;
use crate::io::build;
use crate::io::calculated::{ENERGY, FORCES, MAGMOMS, STRESS, stress_of_ase};
use crate::io::error::{Fault, Place, Problem};
use crate::io::json::parse;
use crate::io::record::{Emit, Origin, id_from};

/// First bytes of every SQLite file.
const MAGIC: &[u8] = b"SQLite format 3\0";

/// Reads row after row, by the numbers that ASE gave them.
pub(in crate::io) fn read(bytes: &[u8], origin: &Origin, emit: &mut Emit) {
    let read = open(bytes).and_then(|connection| rows(&connection, origin, emit));
    if let Err(problem) = read {
        emit(Err(origin.fail(Place::default(), problem)));
    }
}

fn broken(reason: impl ToString) -> Problem {
    Problem::Syntax { format: "ASE database", reason: reason.to_string() }
}

/// Opens a database in memory; refuses what ASE did not write.
fn open(bytes: &[u8]) -> Result<Connection, Problem> {
    let expected = "a SQLite file with the table 'systems', as ase.db.connect makes";
    if !bytes.starts_with(MAGIC) {
        return Err(broken(format!("it is no SQLite file; expected {expected}")));
    }
    let mut connection = Connection::open_in_memory().map_err(broken)?;
    connection.deserialize_read_exact("main", bytes, bytes.len(), true).map_err(broken)?;
    // Nothing in a stranger's file is to be run.
    connection.execute_batch("PRAGMA trusted_schema = OFF").map_err(broken)?;
    let tables =
        "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name IN ('systems', 'information')";
    match connection.query_row(tables, [], |row| row.get(0)).map_err(broken)? {
        2_i64 => {}
        _ => return Err(broken(format!("it has no tables of ASE; expected {expected}"))),
    }
    let version = "SELECT CAST(value AS INTEGER) FROM information WHERE name = 'version'";
    match connection.query_row(version, [], |row| row.get::<_, i64>(0)).map_err(broken)? {
        version if (OLDEST..=VERSION).contains(&version) => Ok(connection),
        version => Err(broken(format!(
            "its tables have version {version}; expected {OLDEST} to {VERSION} (python -m ase.db.convert makes old ones new)"
        ))),
    }
}

fn rows(connection: &Connection, origin: &Origin, emit: &mut Emit) -> Result<(), Problem> {
    let count: i64 =
        connection.query_row("SELECT count(*) FROM systems", [], |row| row.get(0)).map_err(broken)?;
    if count == 0 {
        return Err(Problem::Empty);
    }
    let mut statement = connection.prepare("SELECT * FROM systems ORDER BY id").map_err(broken)?;
    let mut rows = statement.query([]).map_err(broken)?;
    while let Some(row) = rows.next().map_err(broken)? {
        let number: i64 = row.get("id").map_err(broken)?;
        let entry = if count == 1 { None } else { usize::try_from(number).ok() };
        let read = properties(row);
        let (id, result) = match read {
            Ok((id, properties)) => {
                (id, crystal(row).and_then(|crystal| Ok((crystal, calculated(row, properties)?))))
            }
            Err(problem) => (None, Err(problem)),
        };
        let id = id.unwrap_or_else(|| origin.id(entry));
        emit(origin.finish(id, Place { entry, ..Place::default() }, result.map_err(Fault::from)));
    }
    Ok(())
}

fn crystal(row: &Row) -> Result<Crystal, Problem> {
    let rows: [[f64; 3]; 3] = triples(row, "cell")?.try_into().map_err(|rows: Vec<_>| Problem::Count {
        what: "vectors of the cell".into(),
        found: rows.len(),
        expected: "3".into(),
    })?;
    let lattice = build::lattice_from_rows(rows)?;
    let numbers = blob(row, "numbers", unpack_integers)?.unwrap_or_default();
    let positions = triples(row, "positions")?;
    if positions.len() != numbers.len() {
        let expected = format!("{}, the number of atomic numbers", numbers.len());
        return Err(Problem::Count { what: "positions".into(), found: positions.len(), expected });
    }
    let mut sites = Vec::with_capacity(numbers.len());
    for (index, (&number, &position)) in numbers.iter().zip(&positions).enumerate() {
        let label = || (index + 1).to_string();
        let element = u8::try_from(number).ok().and_then(Element::from_atomic_number);
        let element = element.ok_or_else(|| Problem::Unexpected {
            what: format!("atomic number of site {}", index + 1),
            found: number.to_string(),
            expected: format!("1 to {}", Element::MAX_ATOMIC_NUMBER),
        })?;
        let frac = lattice.to_fractional(&position.into()).unwrap_or_default();
        sites.extend(build::site(&label, [(element, 1.0)], frac.into())?);
    }
    build::crystal(lattice, sites)
}

/// The id, where there is one, and key-value pairs and data.
fn properties(row: &Row) -> Result<(Option<String>, Map<String, Value>), Problem> {
    let pairs: Option<String> = row.get("key_value_pairs").map_err(broken)?;
    let unreadable = |what: &str| broken(format!("the column {what} cannot be decoded"));
    let mut all = match pairs.as_deref().map(parse) {
        None => Map::new(),
        Some(Ok(Value::Object(pairs))) => pairs,
        Some(_) => return Err(unreadable("key_value_pairs")),
    };
    let data = match row.get_ref("data").map_err(broken)? {
        ValueRef::Null => None,
        ValueRef::Blob(bytes) => Some(unpack(bytes)),
        ValueRef::Text(text) => Some(std::str::from_utf8(text).ok().and_then(unpack_text)),
        _ => Some(None),
    };
    match data {
        None | Some(Some(Value::Null)) => {}
        Some(Some(Value::Object(data))) => data.into_iter().for_each(|(key, value)| {
            all.entry(key).or_insert(value);
        }),
        Some(_) => return Err(unreadable("data")),
    }
    let id = match all.shift_remove(ID) {
        Some(Value::String(id)) => Some(id),
        _ => id_from(&mut all),
    };
    Ok((id, all))
}

/// What was computed, before all other properties.
fn calculated(row: &Row, others: Map<String, Value>) -> Result<Map<String, Value>, Problem> {
    let mut all = Map::new();
    for name in [ENERGY, "free_energy", "magmom"] {
        let value: Option<f64> = row.get(name).map_err(broken)?;
        all.extend(value.map(|value| (name.to_owned(), json!(value))));
    }
    if let Some(bytes) = blob(row, FORCES, |bytes| Some(bytes.to_vec()))?
        && !bytes.is_empty()
    {
        all.insert(FORCES.to_owned(), json!(triples(row, FORCES)?));
    }
    let stress = blob(row, STRESS, unpack_floats)?.and_then(|numbers| stress_of_ase(&numbers));
    all.extend(stress.map(|stress| (STRESS.to_owned(), stress)));
    let moments = blob(row, MAGMOMS, unpack_floats)?.map(|moments| (MAGMOMS.to_owned(), json!(moments)));
    all.extend(moments);
    let calculator: Option<String> = row.get("calculator").map_err(broken)?;
    all.extend(calculator.map(|name| ("calculator".to_owned(), json!(name))));
    // Three bits, one for each direction.
    let periodic: i64 = row.get::<_, Option<i64>>("pbc").map_err(broken)?.unwrap_or(7);
    if periodic & 7 != 7 {
        all.insert("pbc".to_owned(), json!([1, 2, 4].map(|bit| periodic & bit != 0)));
    }
    for (key, value) in others {
        all.entry(key).or_insert(value);
    }
    Ok(all)
}

/// What a column holds as bytes; `None` where it is empty.
fn blob<T>(row: &Row, name: &str, unpack: impl Fn(&[u8]) -> Option<T>) -> Result<Option<T>, Problem> {
    match row.get_ref(name).map_err(broken)? {
        ValueRef::Null => Ok(None),
        ValueRef::Blob(bytes) => {
            let wrong =
                || broken(format!("the column {name} has {} bytes, which are no whole numbers", bytes.len()));
            unpack(bytes).map(Some).ok_or_else(wrong)
        }
        other => Err(broken(format!("the column {name} holds {}, expected bytes", other.data_type()))),
    }
}

/// Rows of three numbers.
fn triples(row: &Row, name: &str) -> Result<Vec<[f64; 3]>, Problem> {
    let numbers = blob(row, name, unpack_floats)?.unwrap_or_default();
    match numbers.as_chunks::<3>() {
        (rows, []) => Ok(rows.to_vec()),
        _ => Err(broken(format!("the column {name} has {} numbers, expected three a row", numbers.len()))),
    }
}
